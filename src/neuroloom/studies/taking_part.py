"""What of a recording takes part in a connectivity: neurons, behavior, and how far back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording
from neuroloom.studies.held_out_part import Part

__all__ = ["SLOW_LAGS", "chosen_behavior", "kept_neurons", "least_lags"]

SLOW_LAGS = 2
"""Steps of the past that a slow sensor needs at the least."""


def kept_neurons(
    recording: Recording, least: float, training: Part
) -> tuple[Bool[np.ndarray, " neuron"], list[str]]:
    """Neurons observed often enough that vary in what is learned from; a sentence on the others.

    Args:
        recording: Of all neurons.
        least: Share of frames in which a neuron must be observed.
        training: What forecasts learn from.

    Raises:
        InputError: If fewer than two are left.
    """
    lasts = recording.observed.any(axis=2)  # a trial shorter than others ends in nothing
    seen = (
        recording.observed[lasts].mean(axis=0)
        if lasts.any()
        else np.zeros(recording.activity.shape[2])
    )
    learned = recording.activity[training]
    varies = np.nanmax(learned, axis=(0, 1), initial=-np.inf) > np.nanmin(
        learned, axis=(0, 1), initial=np.inf
    )
    kept = (seen >= least) & varies
    if kept.sum() < 2:
        raise InputError(
            f"At least 2 neurons must be observed in {least:.0%} of the frames, and vary; "
            f"{kept.sum()} of {kept.size} are. Lower `--least-observed`, or choose a part of the "
            "recording in which more are."
        )
    notes = []
    for out, why in (
        (seen < least, f"observed in fewer than {least:.0%} of the frames"),
        ((seen >= least) & ~varies, "constant in the frames that forecasts learn from"),
    ):
        if out.any():
            first = ", ".join(str(i) for i in recording.neuron_id[out][:3].tolist())
            notes.append(
                f"{out.sum():,} of {out.size:,} neurons are {why} and left out, such as {first}"
            )
    return kept, notes


def chosen_behavior(
    recording: Recording, names: Sequence[str], training: Part
) -> Float[np.ndarray, "trial time channel"] | None:
    """The named variables of the recording; None without names.

    Args:
        recording: With behavior.
        names: Of variables.
        training: What forecasts learn from; each variable must vary there.

    Raises:
        InputError: If a name is unknown or given twice, or a variable does not vary.
    """
    for name in names:
        if name not in recording.behavior:
            others = list(recording.behavior)
            way_out = nearest(name, others) if others else "Leave it out."
            raise InputError(
                f"`behavior` must name variables of the recording; `{name}` is none of its "
                f"{len(others)}. {way_out}"
            )
        known = recording.behavior[name][training]
        known = known[np.isfinite(known)]
        if not known.size or known.min() == known.max():
            raise InputError(
                f"`behavior` must vary where forecasts learn; `{name}` is "
                f"{'constant' if known.size else 'never observed'} there. Leave it out."
            )
    if len(set(names)) < len(names):
        raise InputError(
            f"`behavior` must name each variable once; got {', '.join(names)}. Leave out what "
            "repeats."
        )
    if not names:
        return None
    return np.stack([recording.behavior[name] for name in names], axis=2)


def least_lags(
    kind: str, activity: np.ndarray, cue: np.ndarray | None, training: Part
) -> Literal[1, 2]:
    """Two for calcium, where frames allow it: with one, coupling does what the sensor does.

    Args:
        kind: Of the recording.
        activity: Of the neurons that take part.
        cue: Behavior, if any.
        training: What forecasts learn from.
    """
    if kind != "calcium" or activity.shape[1] <= SLOW_LAGS:
        return 1
    learned = activity[training]
    if learned.shape[1] <= SLOW_LAGS:
        return 1
    seen = np.asarray(np.isfinite(learned).all(axis=2))
    if cue is not None:
        seen = np.asarray(seen & np.isfinite(cue[training]).all(axis=2))
    n_predictors = SLOW_LAGS * (activity.shape[2] + (0 if cue is None else cue.shape[2]))
    whole = seen[:, 2:] & seen[:, 1:-1] & seen[:, :-2]
    return 2 if whole.sum() >= 2 * n_predictors else 1
