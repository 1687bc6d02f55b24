"""Fit an ensemble of wired networks to the observed neurons, and let it predict all others."""

from dataclasses import dataclass
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuroloom.analysis.evaluation import Prediction
from neuroloom.errors import InputError, SimulationError
from neuroloom.fitting import Fit, fit
from neuroloom.networks import AbstractActivation, Linear, Softplus
from neuroloom.recording import Recording, align
from neuroloom.studies.activity.choices import Groups, SignedWiring
from neuroloom.studies.activity.model import (
    LEARNING_RATE,
    ActivityModel,
    activity_loss,
    optimizer,
    start_member,
)

__all__ = ["Ensemble", "Run", "activation_for", "cut_windows", "driven_neurons"]

WINDOW_STEPS = 100
LEAST_WINDOWS = 10
MOST_WINDOWS = 100
BATCH = 8
VALIDATION = 0.2
PATIENCE = 4
CHECK_EVERY = 25
CLIP_NORM = 2.0
NEGATIVE_POWER = 0.05


@dataclass(frozen=True)
class Ensemble:
    """How networks are set up and fitted; the same for every wiring.

    Attributes:
        groups: Neurons that share parameters.
        n_members: Size of the ensemble.
        n_steps: Optimizer steps at most.
        learning_rate: Of Adam, at its start.
    """

    groups: Groups
    n_members: int
    n_steps: int
    learning_rate: float = LEARNING_RATE

    def fit(
        self,
        wiring: SignedWiring,
        training: Recording,
        *,
        rng: np.random.Generator,
        checkpoint: Path | None = None,
    ) -> Fit:
        """Fit to windows of the training part, each member on its own Bayesian bootstrap of them.

        A fifth of the windows, drawn anew for each member, decides when it stops.

        Args:
            wiring: Connectome and what to do with unknown signs.
            training: Held-out neurons and unseen time are NaN.
            rng: Randomness.
            checkpoint: File to resume from.

        Raises:
            SimulationError: If every member diverged.
        """
        model = self.model(wiring, training)
        activity, inputs = cut_windows(training, rng)
        n_windows = len(activity)
        dtype = model.bias.common.dtype
        ensemble = fit(
            model,
            (jnp.asarray(activity / float(model.size), dtype), jnp.asarray(inputs, dtype)),
            activity_loss,
            trainable=ActivityModel.trainable,
            initialize=start_member,
            optimizer=optimizer(self.n_steps, self.learning_rate),
            n_members=self.n_members,
            n_steps=self.n_steps,
            batch_size=min(BATCH, n_windows),
            validation=VALIDATION,
            patience=PATIENCE,
            clip_norm=CLIP_NORM,
            bootstrap=np.arange(n_windows),
            check_every=CHECK_EVERY,
            checkpoint=checkpoint,
            key=jax.random.key(int(rng.integers(2**31))),
            progress=False,
        )
        if not ensemble.finished:
            raise KeyboardInterrupt
        return ensemble

    def model(self, wiring: SignedWiring, training: Recording) -> ActivityModel:
        """The network before training, in units of the typical size of the training activity."""
        seen = training.activity[training.observed]
        size = float(np.sqrt(np.mean(seen**2))) or 1.0
        return ActivityModel.from_connectome(
            wiring.connectome,
            self.groups.member,
            activation=activation_for(training),
            unknown_sign=wiring.unknown,
            driven=driven_neurons(training)[0],
            dt=training.dt or 1.0,
            size=size,
            importance=importance_of(training, size),
        )

    def untrained(
        self, wiring: SignedWiring, training: Recording, *, rng: np.random.Generator
    ) -> list[ActivityModel]:
        """Starting points of members."""
        model = self.model(wiring, training)
        keys = jax.random.split(jax.random.key(int(rng.integers(2**31))), self.n_members)
        return [start_member(model, key) for key in keys]


class Run(eqx.Module):
    """A model's prediction of a recording, as a function of the model."""

    activity: Float[Array, "trial time neuron"]
    inputs: Float[Array, "trial time channel"]
    adjoint: bool = eqx.field(static=True, default=True)

    @classmethod
    def of(cls, model: ActivityModel, visible: Recording, *, adjoint: bool = True) -> "Run":
        """The recording in the model's unit and precision."""
        dtype = model.bias.common.dtype
        return cls(
            jnp.asarray(visible.activity / float(model.size), dtype),
            jnp.asarray(channels(visible), dtype),
            adjoint,
        )

    def __call__(self, model: ActivityModel) -> Float[Array, "trial time neuron"]:
        """Predicted activity in the unit of the recording."""
        return model.size * model(self.activity, self.inputs, adjoint=self.adjoint)


def predict_with_fit(ensemble: Fit, visible: Recording) -> Prediction:
    """What each member says of every neuron; held-out neurons are NaN in `visible`.

    A member whose prediction does not stay finite is left out too, by name.

    Raises:
        SimulationError: If none stays finite.
    """
    stacked = np.asarray(ensemble.apply(Run.of(ensemble.network, visible)), np.float64)
    kept = [i for i, status in enumerate(ensemble.status) if status != "diverged"]
    finite = np.isfinite(stacked).all(axis=(1, 2, 3))
    lost = tuple(
        f"member {kept[i]} diverged while predicting and was left out"
        for i in np.flatnonzero(~finite)
    )
    if not finite.any():
        raise SimulationError(
            f"At least one member must stay finite over the whole recording; all {len(kept)} that "
            "were fitted diverge. Give a smaller `--dt` or `--resample`, or another `--seed`."
        )
    return Prediction(np.moveaxis(stacked[finite], 0, -1), None, (*ensemble.notes, *lost))


def predict_untrained(models: list[ActivityModel], visible: Recording) -> Prediction:
    """The same for networks that were never fitted."""
    run = eqx.filter_jit(Run.of(models[0], visible))
    stacked = np.stack([np.asarray(run(model), np.float64) for model in models], axis=-1)
    finite = np.isfinite(stacked).all(axis=(0, 1, 2))
    return Prediction(stacked[..., finite])


def importance_of(training: Recording, size: float) -> Float[np.ndarray, " neuron"]:
    r"""What an error of each neuron costs: 1 / (its variance + the median one), in units of `size`.

    Plain squared error would leave the fit to the few neurons that vary most, and plain fractions
    of variance to the silent ones. 0 for neurons without training entries.
    """
    ever = training.observed.any(axis=(0, 1))
    variance = np.zeros(training.n_neurons)
    variance[ever] = np.nanvar(training.activity[:, :, ever], axis=(0, 1)) / size**2
    typical = float(np.median(variance[ever])) or 1.0
    return np.where(ever, 1 / (variance + typical), 0.0)


def activation_for(training: Recording) -> AbstractActivation:
    """Softplus, as rates are not negative; linear where activity is a deviation of either sign.

    Activity counts as signed when negative entries hold more than a twentieth of its sum of
    squares: noise around a resting dF/F of 0 does not make it so, a z-score does.
    """
    seen = training.activity[training.observed]
    if seen.size == 0 or not np.any(seen):
        raise InputError(
            "The training part must hold activity other than 0; it holds none. Hold out fewer "
            "neurons with `--held-out`, or check the recording with `neuroloom inspect`."
        )
    negative = float(np.sum(np.minimum(seen, 0) ** 2) / np.sum(seen**2))
    return Linear() if negative > NEGATIVE_POWER else Softplus()


def driven_neurons(recording: Recording) -> tuple[Int[np.ndarray, " channel"], tuple[int, ...]]:
    """The neuron that each input channel drives, and which channels those are: those named so."""
    if recording.inputs is None:
        return np.zeros(0, np.int64), ()
    names = np.array(recording.input_name)
    if recording.neuron_id.dtype.kind == "U" or all(n.isdigit() for n in recording.input_name):
        matched = align(names, recording.neuron_id)
        return matched.connectome, tuple(matched.recording.tolist())
    return np.zeros(0, np.int64), ()


def channels(recording: Recording) -> Float[np.ndarray, "trial time channel"]:
    """The input channels that drive a neuron; none is an axis of length 0."""
    chosen = driven_neurons(recording)[1]
    if recording.inputs is None:
        return np.zeros((*recording.activity.shape[:2], 0))
    return recording.inputs[:, :, list(chosen)]


def cut_windows(
    training: Recording, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "window time neuron"], Float[np.ndarray, "window time channel"]]:
    """Equal windows of the training part; `MOST_WINDOWS` drawn at random if there are more.

    They are `WINDOW_STEPS` long, or shorter where fewer than `LEAST_WINDOWS` would come of that.

    Args:
        training: NaN where a fit may not look. What it sees of a trial is one block of time.
        rng: Randomness of the draw.
    """
    seen = training.observed.any(axis=2)
    trial, time = np.nonzero(seen)
    used = np.unique(trial)
    first = {t: int(time[trial == t].min()) for t in used}
    last = {t: int(time[trial == t].max()) + 1 for t in used}
    total = sum(last[t] - first[t] for t in used)
    longest = max(last[t] - first[t] for t in used)
    length = int(min(WINDOW_STEPS, longest, max(total // LEAST_WINDOWS, WINDOW_STEPS // 5)))
    length = max(length, 2)
    starts = [(int(t), s) for t in used for s in range(first[t], last[t] - length + 1, length)]
    inputs = channels(training)
    if len(starts) > MOST_WINDOWS:
        drawn = np.sort(rng.choice(len(starts), MOST_WINDOWS, replace=False))
        starts = [starts[i] for i in drawn]
    activity = np.stack([training.activity[t, s : s + length] for t, s in starts])
    return activity, np.stack([inputs[t, s : s + length] for t, s in starts])
