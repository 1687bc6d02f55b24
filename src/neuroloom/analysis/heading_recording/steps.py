"""The steps of a recording that count: heading known, neurons observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.analysis.decoding.running import Running
from neuroloom.analysis.heading_recording.heading import heading_of
from neuroloom.analysis.heading_recording.settings import HeadingSettings
from neuroloom.errors import InputError
from neuroloom.recording import Recording

__all__ = ["HeadingSteps", "heading_steps"]


@dataclass(frozen=True, eq=False)
class HeadingSteps:
    """Steps with a known heading at which every kept neuron was observed, trial after trial.

    Attributes:
        activity: In the unit of the recording.
        heading: In rad, [0, 2 pi).
        place: Of each step in (trial, time), laid flat.
        kept: Which neurons of the recording.
        running: The same steps in the form that decoding cuts into folds.
        audit: What was left out, a sentence each.
    """

    activity: Float[np.ndarray, "time neuron"]
    heading: Float[np.ndarray, " time"]
    place: Int[np.ndarray, " time"]
    kept: Bool[np.ndarray, " all_neuron"]
    running: Running
    audit: tuple[str, ...]


def heading_steps(recording: Recording, settings: HeadingSettings) -> HeadingSteps:
    """What of a recording can be decoded.

    Args:
        recording: Rates, calcium or spike counts with the heading in its behavior.
        settings: Numbers.

    Raises:
        InputError: As `heading_of`, or if no neuron or too few steps are left.
    """
    heading = heading_of(recording, settings.heading, degrees=settings.degrees)
    dt = float(recording.dt or np.nan)
    known = np.isfinite(heading)
    if not known.any():
        raise InputError(
            f"`{settings.heading}` must be known at some step; it is NaN throughout. Check the "
            "clock of the behavior."
        )
    inside = recording.activity[known]
    observed = np.isfinite(inside)
    varies = np.array([np.ptp(one[seen]) > 0 if seen.any() else False
                       for one, seen in zip(inside.T, observed.T, strict=True)], bool)  # fmt: skip
    kept = (observed.mean(axis=0) >= settings.least_observed) & varies
    if not kept.any():
        raise InputError(
            f"Some neuron must vary and be observed in {settings.least_observed:.0%} of the steps "
            f"with a heading; none of {kept.size} does. Lower `least_observed`."
        )
    used = known & np.isfinite(recording.activity[:, :, kept]).all(axis=2)
    place = np.flatnonzero(used.ravel())
    if place.size < 10 * settings.n_folds:
        raise InputError(
            f"There must be 10 steps a fold with heading and activity; got {place.size} for "
            f"{settings.n_folds} folds. Use fewer folds or a longer recording."
        )
    trial, step = np.nonzero(used)
    n_gap = int(np.ceil(settings.gap / dt))
    clock = trial * (recording.n_steps + n_gap + 1) + step
    activity, angle = recording.activity[used][:, kept], heading[used]
    running = Running(
        counts=activity,
        position=angle[:, None],
        clock=clock,
        time=recording.time[step],
        starts=np.diff(clock, prepend=-2) > 1,
        dt=dt,
    )
    audit = (
        f"{place.size:,} of {used.size:,} steps of {dt:g} s have a heading and all kept neurons",
        f"{kept.sum()} of {kept.size} neurons vary and are observed in "
        f"{settings.least_observed:.0%} of the steps with a heading",
    )
    return HeadingSteps(activity, angle, place, kept, running, audit)
