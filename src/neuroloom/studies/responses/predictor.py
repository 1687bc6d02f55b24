"""The default: a connectome-constrained network, fitted to what was detected."""

from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.special import expit

from neuroloom.analysis.evaluation import AbstractFitted, AbstractPredictor, Prediction
from neuroloom.connectome import Connectome
from neuroloom.fitting import Fit, fit
from neuroloom.recording import Recording, homolog_groups
from neuroloom.studies.responses.features import (
    log_trials,
    responder_statistics,
    robust_responses,
    weighted_least_squares,
)
from neuroloom.studies.responses.model import (
    N_STEPS,
    ResponseModel,
    jax_key,
    optimizer,
    response_loss,
    start_member,
)

__all__ = ["NetworkPredictor", "UntrainedNetwork", "stimulated_positions"]


@dataclass(frozen=True)
class NetworkPredictor(AbstractPredictor):
    """An ensemble of `ResponseModel`s, each on its own Bayesian bootstrap of stimulated neurons.

    Attributes:
        n_members: Size of the ensemble.
        q_below: A response is detected below this q value.
        learn_unknown_signs: Learn one sign a sender where it is 0.
        n_steps: Optimizer steps.
    """

    n_members: int = 3
    q_below: float = 0.05
    learn_unknown_signs: bool = False
    n_steps: int = N_STEPS

    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> "FittedNetwork":
        """Fit to the pairs that are not hidden."""
        groups = homolog_groups(connectome.neuron_id)
        model = ResponseModel.from_connectome(
            connectome, groups, learn_unknown_signs=self.learn_unknown_signs
        )
        stimulated = stimulated_positions(connectome, training)
        q = training.annotations["q"][:, 0]
        known = np.isfinite(q) & training.observed[:, 0]
        detected = np.where(known, q < self.q_below, np.nan)
        typical = float(log_trials(training)[known].mean())
        trials = (
            jnp.asarray(stimulated.astype(np.int32)),
            jnp.asarray(log_trials(training), model.head.trials.dtype),
            jnp.asarray(detected, model.head.trials.dtype),
        )
        ensemble = fit(
            model,
            trials,
            response_loss,
            trainable=ResponseModel.trainable,
            initialize=start_member,
            optimizer=optimizer(self.n_steps),
            n_steps=self.n_steps,
            check_every=self.n_steps,
            n_members=self.n_members,
            bootstrap=groups[stimulated],
            key=jax_key(rng),
            progress=False,
        )
        if not ensemble.finished:
            raise KeyboardInterrupt
        chance = _chances(ensemble, stimulated, np.full(detected.shape, typical))
        responder = responder_statistics(training, groups[stimulated], q_below=self.q_below).mean
        effect = EffectFit.from_training(chance, training, responder)
        return FittedNetwork(ensemble, connectome, effect, chance)


class EffectFit(NamedTuple):
    """Predicted effect: linear in the chance of detection and in the responder's mean.

    The chance is that at a typical number of trials, the mean is over other stimulated neurons'
    trials, and the effect is in the unit of the recording.

    Attributes:
        coefficient: Of 1, responder mean and chance, for each member.
        responder: The responder's mean, for every trial.
    """

    coefficient: Float[np.ndarray, "member 3"]
    responder: Float[np.ndarray, "trial neuron"]

    @classmethod
    def from_training(
        cls,
        chance: Float[np.ndarray, "member trial neuron"],
        training: Recording,
        responder: Float[np.ndarray, "trial neuron"],
    ) -> "EffectFit":
        """Least squares, weighted by number of trials, on responses without their outliers."""
        response, weight = robust_responses(training)
        coefficient = [
            weighted_least_squares(_design(responder, member), response, weight)
            for member in chance
        ]
        return cls(np.array(coefficient), responder)

    def __call__(
        self, chance: Float[np.ndarray, "member trial neuron"]
    ) -> Float[np.ndarray, "trial neuron member"]:
        """Predicted effects of every trial, in the unit of the recording."""
        members = [
            _design(self.responder, member) @ c
            for member, c in zip(chance, self.coefficient, strict=True)
        ]
        return np.stack(members, axis=-1)


@dataclass(frozen=True, eq=False)
class FittedNetwork(AbstractFitted):
    """A fitted ensemble.

    Attributes:
        ensemble: The members.
        connectome: Its wiring.
        effect: From chance to the unit of the recording.
        chance: Of detection at a typical number of trials, by member.
    """

    ensemble: Fit
    connectome: Connectome
    effect: EffectFit
    chance: Float[np.ndarray, "member trial neuron"]

    def predict(self, target: Recording) -> Prediction:
        """Probability of detection at the target's number of trials, or at a typical one."""
        stimulated = stimulated_positions(self.connectome, target)
        chance = self.chance
        if target.n_observations is not None:
            chance = _chances(self.ensemble, stimulated, log_trials(target))
        return Prediction(
            self.effect(self.chance)[:, None], chance.mean(axis=0)[:, None], self.ensemble.notes
        )


@dataclass(frozen=True)
class UntrainedNetwork(AbstractPredictor):
    """The same network before training: pairs ranked by the size of the effect alone.

    Attributes:
        n_members: Starting points.
    """

    n_members: int = 3

    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> "Ranked":
        """Nothing is fitted."""
        model = ResponseModel.from_connectome(
            connectome, homolog_groups(connectome.neuron_id), learn_unknown_signs=True
        )
        pushed = jnp.asarray(stimulated_positions(connectome, training).astype(np.int32))
        members = [start_member(model, jax_key(rng)) for _ in range(self.n_members)]
        effects = [np.abs(np.asarray(m.network.steady_response(pushed))) for m in members]
        return Ranked(np.mean(effects, axis=0)[:, None])


@dataclass(frozen=True, eq=False)
class Ranked(AbstractFitted):
    """A score that ranks pairs, without unit; optionally an effect.

    Attributes:
        score: Larger means more likely.
        effect: In the unit of the recording, or None.
    """

    score: Float[np.ndarray, "trial 1 neuron"]
    effect: Float[np.ndarray, "trial 1 neuron"] | None = None

    def predict(self, target: Recording) -> Prediction:
        """The score, whatever the target."""
        blank = np.full(self.score.shape, np.nan) if self.effect is None else self.effect
        return Prediction(blank[..., None], self.score, calibrated=False)


class _Logit(eqx.Module):
    """Log odds of detection at these numbers of trials, by a `ResponseModel`."""

    stimulated: Int[Array, " trial"]
    log_trials: Float[Array, "trial neuron"]

    def __call__(self, model: ResponseModel) -> Float[Array, "trial neuron"]:
        return model.logit(self.stimulated, self.log_trials)


def stimulated_positions(connectome: Connectome, recording: Recording) -> Int[np.ndarray, " trial"]:
    """Where the stimulated neuron of each trial stands in the connectome."""
    return connectome.positions(recording.column("stimulated"))


def _design(mean: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return np.stack([np.ones_like(chance), mean, chance], axis=-1)


def _chances(
    ensemble: Fit, stimulated: np.ndarray, log_counts: np.ndarray
) -> Float[np.ndarray, "member trial neuron"]:
    dtype = ensemble.network.head.trials.dtype
    question = _Logit(jnp.asarray(stimulated.astype(np.int32)), jnp.asarray(log_counts, dtype))
    return expit(np.asarray(ensemble.apply(question), np.float64))
