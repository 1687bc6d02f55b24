"""Fit forecasters of one or more sessions, and carry a fitted decoder over to new ones."""

from collections.abc import Callable, Sequence
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.fitting.fit import fit
from neuroloom.fitting.forecasting.fitted import FittedForecasters
from neuroloom.fitting.forecasting.loss import ForecastLoss
from neuroloom.fitting.forecasting.proximal import forecaster_optimizer
from neuroloom.fitting.forecasting.segments import Segments, cut, lay_out, reference
from neuroloom.fitting.forecasting.session import Session
from neuroloom.fitting.forecasting.training import Training
from neuroloom.networks.forecasting import (
    AbstractDecoder,
    AbstractStructure,
    Blueprint,
    Poisson,
    Reference,
    Scaling,
    SessionForecasters,
    SoftPrior,
)

__all__ = ["decoder_and_circuits", "fit_forecasters", "transfer"]


def fit_forecasters(
    sessions: Sequence[Session],
    blueprint: Blueprint = Blueprint(),  # noqa: B008
    *,
    training: Training = Training(),  # noqa: B008
    key: PRNGKeyArray,
    n_members: int = 8,
    checkpoint: Path | None = None,
    progress: bool = True,
    on_check: Callable[[str], None] | None = None,
) -> FittedForecasters:
    """Fit an ensemble: one decoder for all sessions, a connectivity and embeddings for each.

    Every neuron is put in SD from its mean over the training frames: neither the part set aside
    for early stopping nor anything that is not in `sessions` has a say.

    Args:
        sessions: One or more, of one or more animals, of any numbers of neurons; the same channels
            of behavior.
        blueprint: What a forecaster is made of.
        training: How it is trained.
        key: All randomness.
        n_members: Size of the ensemble.
        checkpoint: File to resume from and to write at every check.
        progress: Whether to show a progress bar.
        on_check: Called at every check with a note on the loss.

    Raises:
        InputError: If sessions do not go together, are too short, or are no counts for `Poisson`.
        SimulationError: If every member diverged.
    """
    return _fit(
        sessions,
        blueprint,
        [None] * n_members,
        training,
        key,
        checkpoint=checkpoint,
        progress=progress,
        on_check=on_check,
    )


def transfer(
    fitted: FittedForecasters,
    sessions: Sequence[Session],
    *,
    training: Training = Training(),  # noqa: B008
    key: PRNGKeyArray,
    checkpoint: Path | None = None,
    progress: bool = True,
    on_check: Callable[[str], None] | None = None,
) -> FittedForecasters:
    """Fit new sessions with the decoder of each member frozen, bit for bit.

    Connectivity, embeddings and linear paths of the new neurons are trained, nothing else.

    Args:
        fitted: Where the decoders come from; its members are the new ones.
        sessions: New ones, with the channels of behavior of those before.
        training: As in `fit_forecasters`.
        key: All randomness.
        checkpoint: File to resume from and to write at every check.
        progress: Whether to show a progress bar.
        on_check: Called at every check with a note on the loss.

    Raises:
        InputError: As `fit_forecasters`, or if there are other channels of behavior.
        SimulationError: If every member diverged.
    """
    known, found = fitted.network.circuits[0].n_channels, sessions[0].n_channels
    if known != found:
        raise InputError(
            f"A new session must have the {known} channels of behavior that the decoder knows; it "
            f"has {found}. Give the same ones in the same order."
        )
    decoders = [fitted.fit.member(i).decoder for i in range(fitted.n_members)]
    return _fit(
        sessions,
        fitted.blueprint,
        decoders,
        training,
        key,
        checkpoint=checkpoint,
        progress=progress,
        on_check=on_check,
    )


def decoder_and_circuits(network: SessionForecasters) -> tuple:
    """What `fit_forecasters` and `transfer` change, for `Fit.load`."""
    return (network.decoder, *_circuits(network))


def _circuits(network: SessionForecasters) -> tuple:
    return tuple(leaf for circuit in network.circuits for leaf in circuit.trained())


def _fit(
    sessions: Sequence[Session],
    blueprint: Blueprint,
    decoders: list,
    training: Training,
    key: PRNGKeyArray,
    *,
    checkpoint: Path | None,
    progress: bool,
    on_check: Callable[[str], None] | None,
) -> FittedForecasters:
    _check(sessions, blueprint)
    n_context = blueprint.n_context
    cuts = [
        cut(s, n_context=n_context, n_frames=training.n_frames, validation=training.validation)
        for s in sessions
    ]
    scalings = [
        Scaling.learned(s.activity, s.behavior, c.training)
        for s, c in zip(sessions, cuts, strict=True)
    ]
    trials, aside = lay_out(
        sessions,
        cuts,
        scalings,
        blueprint.likelihood,
        n_context=n_context,
        n_frames=training.n_frames,
    )
    structures = [s.structure for s in sessions]
    references = [
        reference(s, c, scaling, n_context=n_context, n_runs=blueprint.n_reference)
        for s, c, scaling in zip(sessions, cuts, scalings, strict=True)
    ]
    drawn, fitted = jax.random.split(key)
    starts = [
        _draw(blueprint, scalings, structures, references, k, decoder)
        for k, decoder in zip(jax.random.split(drawn, len(decoders)), decoders, strict=True)
    ]
    frozen = decoders[0] is not None
    limits = _limits(trials, training.l1)
    result = fit(
        starts[0],
        trials,
        ForecastLoss(training.data_share, training.factor_penalty),
        trainable=_circuits if frozen else decoder_and_circuits,
        own=(lambda network: network.decoder) if frozen else None,
        starts=starts,
        key=fitted,
        optimizer=forecaster_optimizer(
            learning_rate=training.learning_rate,
            connectivity_rate=training.connectivity_rate,
            n_steps=training.n_steps,
            limits=limits,
            costs=[s.cost() if isinstance(s, SoftPrior) else None for s in structures],
        ),
        n_steps=training.n_steps,
        batch_size=min(training.batch_size, len(trials[0].target)),
        validation_trials=aside if training.validation > 0 else None,
        patience=training.patience if training.validation > 0 else None,
        clip_norm=training.clip_norm,
        check_every=training.check_every,
        checkpoint=checkpoint,
        progress=progress,
        on_check=on_check,
    )
    return FittedForecasters(result, blueprint, tuple(s.name for s in sessions))


@eqx.filter_jit
def _draw(
    blueprint: Blueprint,
    scalings: list[Scaling],
    structures: list[AbstractStructure],
    references: list[Reference],
    key: PRNGKeyArray,
    decoder: AbstractDecoder | None,
) -> SessionForecasters:
    """A member's starting point, drawn in one compiled program."""
    return blueprint.draw(scalings, structures, references, key=key, decoder=decoder)


def _limits(trials: Sequence[Segments], l1: float) -> list[float]:
    """The penalty of each session in units of the loss, a mean over all entries of all sessions.

    Each post neuron of a session then pays as in a lasso of its own, whose loss is a mean over its
    n frames and whose penalty is l1 / sqrt(n).
    """
    n_entries = [int((~np.isnan(part.target)).sum()) for part in trials]
    n_frames = [n / part.target.shape[2] for n, part in zip(n_entries, trials, strict=True)]
    return [l1 * n**0.5 / sum(n_entries) for n in n_frames]


def _check(sessions: Sequence[Session], blueprint: Blueprint) -> None:
    if not sessions:
        raise InputError("`sessions` must hold at least one session; it is empty. Give one.")
    channels = {s.n_channels for s in sessions}
    if len(channels) > 1:
        raise InputError(
            "Sessions that share a decoder must have the same channels of behavior; they have "
            f"{sorted(channels)}. Leave out what is not in all of them."
        )
    if not isinstance(blueprint.likelihood, Poisson):
        return
    for number, session in enumerate(sessions):
        seen = session.activity[~np.isnan(session.activity)]
        bad = seen[(seen < 0) | (seen != np.round(seen))]
        if bad.size:
            raise InputError(
                f"Activity under `Poisson` must be whole numbers, at least 0; session {number} "
                f"holds {bad[0]} ({bad.size} such). Give spikes per frame, or use `Gaussian()`."
            )
