"""Sample times: is the clock even, and if not, how to make it so."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Real

from neuroloom.errors import InputError

__all__ = ["EVEN_TO", "checked_time", "resample", "step_of"]

EVEN_TO = 0.01  # of a step: how far an evenly sampled time stamp may lie from its place


def checked_time(time: Real[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """The sample times, in seconds, once they are known to be finite and rising.

    Raises:
        InputError: If one is not a number, not finite, or not later than the one before.
    """
    time = np.asarray(time)
    if time.dtype.kind not in "iuf" or time.ndim != 1:
        raise InputError(
            f"Sample times must be numbers of seconds, one a sample; got {time.dtype} of shape "
            f"{time.shape}. Convert dates to seconds since the first sample."
        )
    time = time.astype(np.float64)
    missing = ~np.isfinite(time)
    if missing.any():
        raise InputError(
            f"Sample times must be finite; sample {np.flatnonzero(missing)[0]} is at "
            f"{time[missing][0]} s ({missing.sum()} such of {time.size}). Remove those samples or "
            "fill in their times; they cannot be placed otherwise."
        )
    back = np.flatnonzero(np.diff(time) <= 0)
    if back.size:
        at = back[0] + 1
        raise InputError(
            f"Sample times must rise; sample {at} at {time[at]} s follows {time[at - 1]} s "
            f"({back.size} such). Sort the samples, drop repeated ones, or split the trials."
        )
    return time


def step_of(time: Real[np.ndarray, " time"], *, stated: float | None = None) -> float:
    """The sampling interval of an even clock, in seconds.

    Even means that no sample lies more than 1 % of a step from its place on the straight line
    between the first and the last sample.

    Args:
        time: In seconds.
        stated: The interval that the file states, in seconds, if it does; must agree.

    Raises:
        InputError: If the times do not rise, are not even, are too few, or contradict `stated`.

    Example:
        >>> step_of(np.array([1.0, 1.5, 2.0]))
        0.5
    """
    time = checked_time(time)
    if time.size < 2:
        if stated is None:
            raise InputError(
                f"The sampling interval must be known; {time.size} sample time does not give it. "
                "State `dt` in seconds, or use `kind='response'` for one number a trial."
            )
        return stated
    found = float(time[-1] - time[0]) / (time.size - 1)
    dt = found if stated is None else stated
    line = time[0] + dt * np.arange(time.size)
    off = np.abs(time - line) / found
    if stated is not None and abs(stated - found) * (time.size - 1) > EVEN_TO * found:
        raise InputError(
            f"`dt` must agree with the sample times; it is {stated} s and they are {found:.6g} s "
            "apart. Remove one of the two."
        )
    if off.max() > EVEN_TO:
        gaps = np.diff(time)
        raise InputError(
            f"Samples must be evenly spaced; intervals run from {gaps.min():.6g} to "
            f"{gaps.max():.6g} s, and sample {int(off.argmax())} lies {off.max():.2g} steps off. "
            f"Read with `resample={float(np.median(gaps)):.4g}` to interpolate onto an even clock, "
            "which the audit then states."
        )
    return dt


def resample(
    time: Float[np.ndarray, " time"], values: Float[np.ndarray, "time ..."], dt: float
) -> tuple[Float[np.ndarray, " step"], Float[np.ndarray, "step ..."], str]:
    """Values on an even clock from the first sample on, and the sentence for the audit.

    Linear interpolation between the two samples around each new time. Where either of them is NaN
    (not observed), the new value is NaN, except exactly on a sample that was observed. Nothing is
    filtered: a `dt` above twice the sampling interval aliases.

    Args:
        time: Rising, in seconds.
        values: One row a sample time.
        dt: The new interval, in seconds. Above 0.

    Raises:
        InputError: If `dt` is not above 0, or makes an absurd number of samples.
    """
    time = checked_time(time)
    if not (np.isfinite(dt) and dt > 0):
        raise InputError(
            f"`resample` must be a number of seconds above 0; got {dt}. Give the new sampling "
            "interval, for example the median one."
        )
    n_steps = int(min(np.floor((time[-1] - time[0]) / dt * (1 + 1e-12)) + 1, 2**62))
    if n_steps > max(100 * time.size, 10_000):
        raise InputError(
            f"`resample` must not blow a recording up; {dt} s would make {n_steps:,} samples of "
            f"{time.size:,}. Give an interval near the median one, "
            f"{float(np.median(np.diff(time))) if time.size > 1 else dt:.4g} s."
        )
    new = np.minimum(time[0] + dt * np.arange(n_steps), time[-1])
    right = np.clip(np.searchsorted(time, new, side="left"), 1, max(time.size - 1, 1))
    right = np.minimum(right, time.size - 1)
    left = np.maximum(right - 1, 0)
    span = np.where(right > left, time[right] - time[left], 1.0)
    share = ((new - time[left]) / span).reshape(-1, *[1] * (values.ndim - 1))
    result = np.where(
        share == 0,
        values[left],
        np.where(share == 1, values[right], (1 - share) * values[left] + share * values[right]),
    )
    gaps = np.diff(time) if time.size > 1 else np.array([dt])
    sentence = (
        f"resampled {time.size:,} samples, {gaps.min():.6g} to {gaps.max():.6g} s apart, to "
        f"{n_steps:,} samples {dt:g} s apart by linear interpolation from {time[0]:g} s on"
    )
    return new, result, sentence
