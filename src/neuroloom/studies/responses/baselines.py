"""Simple predictors of responses, each of which the network must beat to be worth its trouble."""

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from neuroloom.analysis.evaluation import AbstractFitted, AbstractPredictor, Prediction
from neuroloom.connectome import Connectome
from neuroloom.recording import Recording, homolog_groups, homolog_of
from neuroloom.studies.responses.features import (
    contacts,
    log_trials,
    propagation,
    responder_statistics,
    robust_responses,
    weighted_least_squares,
    wiring_features,
)
from neuroloom.studies.responses.predictor import EffectFit, stimulated_positions

__all__ = [
    "AbstractScore",
    "BoostedTrees",
    "ContactCount",
    "HomologResponse",
    "LinearPropagation",
    "Logistic",
    "ResponderMean",
    "TrialCount",
    "homolog_responses",
]


class AbstractScore(AbstractPredictor):
    """Ranks pairs by one number; its effect is a straight line through it, fitted on training.

    Attributes:
        use_trials: Whether the score is multiplied by the number of trials of the target.
    """

    use_trials: bool = False

    @abc.abstractmethod
    def score(
        self, connectome: Connectome, training: Recording
    ) -> Float[np.ndarray, "trial neuron"]:
        """Larger means more likely detected, for every trial, held out or not."""

    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> "FittedScore":
        """The score, and a line from it to the response, weighted by number of trials."""
        del rng
        score = self.score(connectome, training)
        design = np.stack([np.ones_like(score), score], axis=-1)
        line = weighted_least_squares(design, *robust_responses(training))
        return FittedScore(score, design @ line, self.use_trials)


@dataclass(frozen=True, eq=False)
class FittedScore(AbstractFitted):
    """A score that ranks pairs, and an effect.

    Attributes:
        score: Of every pair.
        effect: Of every pair, in the unit of the recording.
        use_trials: Whether the score is multiplied by the number of trials of the target.
    """

    score: Float[np.ndarray, "trial neuron"]
    effect: Float[np.ndarray, "trial neuron"]
    use_trials: bool = False

    def predict(self, target: Recording) -> Prediction:
        """Score and effect of every pair, whatever the target."""
        score = self.score
        if self.use_trials and target.n_observations is not None:
            score = score * target.n_observations[:, 0]
        return Prediction(self.effect[:, None, :, None], score[:, None], calibrated=False)


@dataclass(frozen=True)
class ContactCount(AbstractScore):
    """Contacts from the stimulated neuron to the responder; gap junctions count both ways."""

    def score(
        self, connectome: Connectome, training: Recording
    ) -> Float[np.ndarray, "trial neuron"]:
        """Number of contacts."""
        return contacts(connectome)[stimulated_positions(connectome, training)]


@dataclass(frozen=True)
class LinearPropagation(AbstractScore):
    """How far a push travels in a linear network with the wiring's unsigned contacts.

    Attributes:
        gain: g, at least 0 and below 1.
    """

    gain: float

    def score(
        self, connectome: Connectome, training: Recording
    ) -> Float[np.ndarray, "trial neuron"]:
        """(I - g W)^-1, from the stimulated neuron to each responder."""
        return propagation(connectome, self.gain)[stimulated_positions(connectome, training)]


@dataclass(frozen=True)
class ResponderMean(AbstractScore):
    """How often this neuron responds to anything, over the training trials.

    Attributes:
        q_below: A response is detected below this q value.
        use_trials: Multiply by the number of trials of the pair.
    """

    q_below: float = 0.05
    use_trials: bool = False

    def score(
        self, connectome: Connectome, training: Recording
    ) -> Float[np.ndarray, "trial neuron"]:
        """Fraction of detected pairs of each responder."""
        group = homolog_groups(training.column("stimulated"))
        return responder_statistics(training, group, q_below=self.q_below).rate


@dataclass(frozen=True)
class TrialCount(AbstractScore):
    """The number of trials of the pair alone: what detection owes to the experiment."""

    use_trials: bool = True

    def score(
        self, connectome: Connectome, training: Recording
    ) -> Float[np.ndarray, "trial neuron"]:
        """1, to be multiplied by the number of trials."""
        return np.ones((training.n_trials, connectome.n_neurons))


@dataclass(frozen=True)
class HomologResponse(AbstractScore):
    """|Response| of the same responder when the stimulated neuron's homolog was stimulated.

    Where the homolog's response is hidden or was not measured, the responder's mean stands in.
    """

    q_below: float = 0.05

    def score(
        self, connectome: Connectome, training: Recording
    ) -> Float[np.ndarray, "trial neuron"]:
        """Mean |response|, in the unit of the recording."""
        stimulated = training.column("stimulated")
        size = responder_statistics(training, homolog_groups(stimulated), q_below=self.q_below).size
        return np.where(np.isnan(other := homolog_responses(training)), size, np.abs(other))


@dataclass(frozen=True)
class Logistic(AbstractPredictor):
    """Logistic regression on what is known of a pair: responder, trial count, and the wiring.

    Attributes:
        q_below: A response is detected below this q value.
        wiring: Whether features of the wiring are used.
    """

    q_below: float = 0.05
    wiring: bool = True

    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> "FittedClassifier":
        """Fit on the pairs that are not hidden."""
        del rng
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
        return fit_classifier(model, connectome, training, self.q_below, self.wiring)


@dataclass(frozen=True)
class BoostedTrees(AbstractPredictor):
    """Gradient-boosted trees on the same features.

    Attributes:
        q_below: A response is detected below this q value.
        wiring: Whether features of the wiring are used.

    Source:
        scikit-learn, HistGradientBoostingClassifier; the best of five settings on fold draws 1 and
        2 of the worm's atlas, so that the network meets the trees at their best.
    """

    q_below: float = 0.05
    wiring: bool = True

    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> "FittedClassifier":
        """Fit on the pairs that are not hidden."""
        model = HistGradientBoostingClassifier(
            max_iter=200,
            learning_rate=0.03,
            max_depth=2,
            min_samples_leaf=200,
            l2_regularization=10.0,
            random_state=int(rng.integers(2**31)),
        )
        return fit_classifier(model, connectome, training, self.q_below, self.wiring)


@dataclass(frozen=True, eq=False)
class FittedClassifier(AbstractFitted):
    """A fitted classifier of pairs.

    Attributes:
        model: Any scikit-learn classifier.
        features: Of every pair, without the number of trials.
        typical_log_trials: Used where the number of trials is not to be known.
        effect: In the unit of the recording.
    """

    model: Pipeline | HistGradientBoostingClassifier
    features: Float[np.ndarray, "trial neuron feature"]
    typical_log_trials: float
    effect: Float[np.ndarray, "trial neuron"]

    def predict(self, target: Recording) -> Prediction:
        """Probability of detection at the target's number of trials."""
        trials = np.full(self.features.shape[:2], self.typical_log_trials)
        if target.n_observations is not None:
            trials = log_trials(target)
        chance = _chance(self.model, self.features, trials)
        return Prediction(self.effect[:, None, :, None], chance[:, None])


def fit_classifier(
    model: Pipeline | HistGradientBoostingClassifier,
    connectome: Connectome,
    training: Recording,
    q_below: float,
    wiring: bool,
) -> FittedClassifier:
    """Fit any classifier to the pairs of the training recording."""
    group = homolog_groups(training.column("stimulated"))
    known = responder_statistics(training, group, q_below=q_below)
    features = np.stack([known.rate, known.size, known.n], axis=-1)
    if wiring:
        stimulated = stimulated_positions(connectome, training)
        features = np.concatenate([features, wiring_features(connectome, stimulated)], axis=-1)
    trials = log_trials(training)
    q = training.annotations["q"][:, 0]
    seen = np.isfinite(q) & training.observed[:, 0]
    design = np.concatenate([features, trials[..., None]], axis=-1)[seen]
    model.fit(design, q[seen] < q_below)
    typical = float(trials[seen].mean())
    chance = _chance(model, features, np.full(trials.shape, typical))[None]
    effect = EffectFit.from_training(chance, training, known.mean)(chance)[..., 0]
    return FittedClassifier(model, features, typical, effect)


def _chance(
    model: Pipeline | HistGradientBoostingClassifier, features: np.ndarray, trials: np.ndarray
) -> Float[np.ndarray, "trial neuron"]:
    design = np.concatenate([features, trials[..., None]], axis=-1)
    flat = design.reshape(-1, design.shape[-1])
    return model.predict_proba(flat)[:, 1].reshape(trials.shape)


def homolog_responses(recording: Recording) -> Float[np.ndarray, "trial neuron"]:
    """Response of each neuron when the homolog of each trial's stimulated neuron was stimulated.

    NaN where there is no such trial, or it is hidden. With several, their mean.
    """
    stimulated: Shaped[np.ndarray, " trial"] = recording.column("stimulated")
    partner = homolog_of(np.unique(stimulated))
    partner_of = dict(zip(np.unique(stimulated).tolist(), partner.tolist(), strict=True))
    response = recording.activity[:, 0]
    out = np.full(response.shape, np.nan)
    for trial, name in enumerate(stimulated.tolist()):
        rows = response[stimulated == partner_of[name]] if partner_of[name] else response[:0]
        known = np.isfinite(rows)
        n = known.sum(0)
        total = np.where(known, rows, 0.0).sum(0)
        out[trial] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return out
