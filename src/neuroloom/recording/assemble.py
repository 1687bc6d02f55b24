"""The last step of every reader: put the parts of a file onto one even clock."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.checks import as_numbers
from neuroloom.recording.clock import checked_time, resample, step_of
from neuroloom.recording.recording import Recording

__all__ = ["assemble"]


def assemble(
    *,
    activity: np.ndarray,
    kind: str,
    time: np.ndarray | None,
    dt: float | None = None,
    start: float | None = None,
    resample_to: float | None = None,
    inputs: np.ndarray | None = None,
    behavior: Mapping[str, np.ndarray] | None = None,
    audit: tuple[str, ...] = (),
    **rest: object,
) -> Recording:
    """A recording from parts that share the sample times of a file.

    Args:
        activity: (trial, time, neuron).
        kind: One of `ACTIVITY_KINDS`.
        time: Sample times, in seconds, or None if only `dt` is known.
        dt: The interval that the file states, in seconds, if it does.
        start: Time of the first sample, in seconds, if the file states it.
        resample_to: New interval in seconds, or None to refuse an uneven clock.
        inputs: (trial, time, channel).
        behavior: Each (trial, time).
        audit: Sentences so far.
        rest: Other fields of `Recording`.

    Raises:
        InputError: If the clock is uneven and `resample_to` is None, or the parts do not fit.
    """
    behavior = dict(behavior or {})
    activity = as_numbers("activity", activity, n_axes=3)
    if kind == "response":
        if resample_to is not None:
            raise InputError(
                f"A `response` must not be resampled; got resample = {resample_to}, and it has no "
                "time. Leave `resample` out."
            )
        start = 0.0 if start is None and time is None else start
        first = float(np.asarray(time).ravel()[0]) if start is None else start  # pyright: ignore[reportArgumentType]
        dt = None
    elif time is None:
        if dt is None:
            raise InputError(
                "A recording must say when it was sampled; the file has neither sample times nor "
                "`dt`. Add one of them, in seconds, or pass `dt=`."
            )
        first = 0.0 if start is None else start
        if resample_to is not None:
            time = first + dt * np.arange(activity.shape[1])
    else:
        time = checked_time(time)
        if time.size != activity.shape[1]:
            raise InputError(
                f"There must be one time a sample; got {time.size} times and activity of shape "
                f"{activity.shape}. The axes are (trial, time, neuron): transpose if time is last."
            )
        first = float(time[0])
        if resample_to is None:
            dt = step_of(time, stated=dt)
        if start is not None and abs(start - first) > 1e-6 * max(abs(start), dt or 1.0):
            raise InputError(
                f"`start` must be the time of the first sample; it is {start} s and the times "
                f"begin at {first} s. Remove one of the two."
            )
    if resample_to is not None and time is not None and kind != "response":
        if (
            kind == "spike_count"
            or rest.get("n_observations") is not None
            or rest.get("annotations")
        ):
            raise InputError(
                "Counts and annotations must not be interpolated; the recording is of kind "
                f"`{kind}`, resample = {resample_to}. Bin spike times with another `dt`, or drop "
                "the counts first."
            )
        (activity, inputs, behavior), sentence = _on_new_clock(
            time, resample_to, activity, inputs, behavior
        )
        dt, audit = resample_to, (*audit, sentence)
    return Recording(
        activity=activity,
        kind=kind,
        dt=dt,
        start=first,
        inputs=inputs,
        behavior=behavior,
        audit=audit,
        **rest,  # pyright: ignore[reportArgumentType]
    )


def _on_new_clock(
    time: np.ndarray,
    dt: float,
    activity: np.ndarray,
    inputs: np.ndarray | None,
    behavior: dict[str, np.ndarray],
) -> tuple[tuple[np.ndarray, np.ndarray | None, dict[str, np.ndarray]], str]:
    sentences = []

    def on(name: str, values: np.ndarray) -> np.ndarray:
        values = as_numbers(name, values)
        if values.shape[:2] != activity.shape[:2]:
            raise InputError(
                f"`{name}` must have the trials and steps of `activity` {activity.shape[:2]}; its "
                f"shape is {values.shape}. Give it one value a sample."
            )
        _, new, sentence = resample(time, np.moveaxis(values, 1, 0), dt)
        sentences.append(sentence)
        return np.moveaxis(new, 0, 1)

    return (
        on("activity", activity),
        None if inputs is None else on("inputs", inputs),
        {name: on(f"behavior[{name!r}]", values) for name, values in behavior.items()},
    ), sentences[0]
