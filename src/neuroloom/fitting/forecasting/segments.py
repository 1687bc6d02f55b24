"""Sessions cut into short runs of frames; the last of them are set aside for early stopping."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuroloom.errors import InputError
from neuroloom.fitting.forecasting.session import Session
from neuroloom.networks.forecasting import AbstractLikelihood, Reference, Scaling

__all__ = ["Cut", "Segments", "cut", "lay_out", "reference"]


class Segments(NamedTuple):
    """Runs of frames, each with the frames before it that its first forecast needs.

    Attributes:
        activity: In SD, from `n_context` frames before the first target; NaN where not observed.
        behavior: Likewise.
        target: What is forecast, as the likelihood wants it; NaN where nothing is scored.
    """

    activity: Float[np.ndarray, "segment frame neuron"]
    behavior: Float[np.ndarray, "segment frame channel"]
    target: Float[np.ndarray, "segment step neuron"]


class Cut(NamedTuple):
    """Where the segments of a session begin, and which are for training.

    Attributes:
        trial: Of each segment.
        first: Frame of its first target.
        training: Frames that may be learned from: all before the first target set aside.
        n_training: Segments for training; the others come after them in time.
    """

    trial: np.ndarray
    first: np.ndarray
    training: Bool[np.ndarray, "trial time"]
    n_training: int


def cut(session: Session, *, n_context: int, n_frames: int, validation: float) -> Cut:
    """Cut a session, in the order of its trials and frames.

    Args:
        session: What was recorded.
        n_context: Frames that a forecast needs before it.
        n_frames: Targets of a segment; the last of a trial may have fewer.
        validation: Part of the segments to set aside, from the end.

    Raises:
        InputError: If trials are too short, or nothing is left to train on or to set aside.
    """
    n_trials, n_time, _ = session.activity.shape
    starts = np.arange(n_context, n_time, n_frames)
    n = n_trials * len(starts)
    n_aside = max(1, round(validation * n)) if validation > 0 else 0
    if n - n_aside < 1:
        raise InputError(
            f"Trials must be long enough to cut, with more than {n_context} frames, and give a "
            f"segment to train on beside {n_aside} set aside; {session} gives {n} segments of "
            f"{n_frames} frames. Use shorter segments, a shorter window or more data."
        )
    trial, first = np.repeat(np.arange(n_trials), len(starts)), np.tile(starts, n_trials)
    training = np.ones((n_trials, n_time), bool)
    if n_aside:
        at = (trial[n - n_aside], first[n - n_aside])
        training[at[0], at[1] :] = False
        training[at[0] + 1 :] = False
    return Cut(trial, first, training, n - n_aside)


def lay_out(
    sessions: Sequence[Session],
    cuts: Sequence[Cut],
    scalings: Sequence[Scaling],
    likelihood: AbstractLikelihood,
    *,
    n_context: int,
    n_frames: int,
) -> tuple[tuple[Segments, ...], tuple[Segments, ...]]:
    """Segments of each session to train on, and those set aside.

    A session with fewer segments than another is filled up with segments without a target.
    """
    parts = []
    for aside in (False, True):
        numbers = [np.arange(len(c.trial)) for c in cuts]
        chosen = [
            n[c.n_training :] if aside else n[: c.n_training]
            for n, c in zip(numbers, cuts, strict=True)
        ]
        most = max(map(len, chosen))
        parts.append(
            tuple(
                _segments(session, c, scaling, likelihood, which, most, n_context, n_frames)
                for session, c, scaling, which in zip(sessions, cuts, scalings, chosen, strict=True)
            )
        )
    return parts[0], parts[1]


def reference(
    session: Session, where: Cut, scaling: Scaling, *, n_context: int, n_runs: int
) -> Reference:
    """Runs of frames at equal distances through what may be learned from.

    Args:
        session: What was recorded.
        where: How it was cut.
        scaling: Its means and SDs.
        n_context: Frames of a run.
        n_runs: How many; a short session gives some of them more than once.
    """
    trial, last = np.nonzero(where.training[:, n_context - 1 :])
    chosen = np.linspace(0, len(trial) - 1, n_runs).round().astype(int)
    at = (trial[chosen, None], last[chosen, None] + np.arange(n_context)[None])
    activity = scaling.standardize(jnp.asarray(session.activity[at]))
    behavior = scaling.standardize_behavior(jnp.asarray(session.behavior[at]))
    return Reference(jnp.nan_to_num(activity), jnp.nan_to_num(behavior))


def _segments(
    session: Session,
    where: Cut,
    scaling: Scaling,
    likelihood: AbstractLikelihood,
    chosen: np.ndarray,
    n_segments: int,
    n_context: int,
    n_frames: int,
) -> Segments:
    """The chosen segments, then empty ones."""
    frame = where.first[chosen, None] + np.arange(-n_context, n_frames)[None]
    trial = where.trial[chosen, None]
    beyond = frame >= session.activity.shape[1]
    at = (trial, np.where(beyond, 0, frame))

    def filled(values: Array) -> np.ndarray:
        taken = np.array(values)[at]
        taken[beyond] = np.nan
        empty = np.full((n_segments - len(taken), *taken.shape[1:]), np.nan, taken.dtype)
        return np.concatenate([taken, empty])

    measured = jnp.asarray(session.activity)
    scaled = filled(scaling.standardize(measured))
    behavior = filled(scaling.standardize_behavior(jnp.asarray(session.behavior)))
    target = filled(likelihood.target(measured, scaling))
    return Segments(scaled[:, :-1], behavior[:, :-1], target[:, n_context:])
