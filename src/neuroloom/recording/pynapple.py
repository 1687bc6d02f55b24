"""pynapple objects: `TsdFrame` and `TsGroup`, and back. Needs pynapple, of the extra `nwb`.

Only public attributes are used, and pynapple is imported only to make objects, so reading one
never needs another version than the one that made it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.clock import step_of
from neuroloom.recording.recording import Recording

__all__ = ["from_pynapple", "to_pynapple"]

MOST_ENTRIES = 2**28
SLACK = 1e-9  # of a step


def from_pynapple(
    data: Any,
    *,
    kind: str | None = None,
    dt: float | None = None,
    trials: bool = False,
    unit: str = "",
) -> Recording:
    """The recording in a `TsdFrame` (time by neuron) or a `TsGroup` (spike times).

    Columns, or keys, are the neuron ids. Between the epochs of `time_support` nothing was observed:
    those steps are NaN, on one clock from the first epoch to the last. With `trials`, each epoch
    becomes a trial instead, aligned at its start and padded with NaN.

    Args:
        data: A `TsdFrame` or a `TsGroup`.
        kind: What a frame holds; a group becomes `spike_count`.
        dt: Interval of a frame, in seconds, if its times do not give it; bin width of a group.
        trials: Whether epochs become trials.
        unit: Unit of a frame.

    Raises:
        InputError: If it is another object, its times are uneven within an epoch, or `dt` is
            missing for spikes.
    """
    what = type(data).__name__
    if what == "TsGroup":
        return _from_group(data, kind, dt, trials)
    if what != "TsdFrame":
        raise InputError(
            "A pynapple object must be a TsdFrame (one column a neuron) or a TsGroup (spike times) "
            f"to be a recording; got {what}. Take the columns or units of a TsdTensor, Tsd or Ts "
            "first."
        )
    if kind is None:
        raise InputError(
            "A recording must say what its activity is; a TsdFrame does not. Pass `kind=`: `rate`, "
            "`calcium` or `spike_count`."
        )
    time, values = np.asarray(data.index, float), np.asarray(data.values)
    start, end = _epochs(data)
    if time.size == 0 or values.ndim != 2:
        raise InputError(
            f"A TsdFrame must hold samples; its shape is {values.shape}. Check the restriction "
            "that made it."
        )
    rows = [np.flatnonzero((time >= a) & (time <= b)) for a, b in zip(start, end, strict=True)]
    rows = [r for r in rows if r.size]
    longest = max(rows, key=len)
    step = step_of(time[longest], stated=dt)
    for r in rows:
        step_of(time[r], stated=step)
    if trials:
        n_steps = max(len(r) for r in rows)
        activity = np.full((len(rows), n_steps, values.shape[1]), np.nan)
        for trial, r in enumerate(rows):
            activity[trial, : len(r)] = values[r]
        first, columns = 0.0, {"start_time": time[[r[0] for r in rows]]}
        how = "each epoch of time_support is a trial from its first sample on, padded with NaN"
    else:
        first, columns = float(time[0]), {}
        place = np.round((time - first) / step).astype(np.int64)
        off = np.abs((time - first) / step - place)
        if off.max() > 0.01:
            raise InputError(
                f"All epochs must lie on one clock to be one trial; sample {int(off.argmax())} at "
                f"{time[off.argmax()]:g} s is {off.max():.2g} steps off. Pass `trials=True`."
            )
        _bounded(float(place[-1] + 1) * values.shape[1])
        activity = np.full((1, int(place[-1]) + 1, values.shape[1]), np.nan)
        activity[0, place] = values
        n_gap = activity.shape[1] - place.size
        how = (
            f"{n_gap:,} of {activity.shape[1]:,} steps are NaN, between the epochs of time_support"
        )
    return Recording(
        activity=activity,
        neuron_id=_ids(list(data.columns)),
        kind=kind,
        dt=step,
        start=first,
        trials=columns,
        unit=unit,
        audit=(f"took a TsdFrame of {values.shape[0]:,} samples", how),
    )


def _from_group(data: Any, kind: str | None, dt: float | None, trials: bool) -> Recording:
    if kind not in (None, "spike_count"):
        raise InputError(
            f"A TsGroup must be read as spike counts; got kind `{kind}`. Leave `kind` out."
        )
    if dt is None or not (np.isfinite(dt) and dt > 0):
        raise InputError(
            f"Spikes must be counted in bins of a stated width; `dt` is {dt}. Pass `dt=` in "
            "seconds, for example 0.02."
        )
    start, end = _epochs(data)
    keys = list(data.keys())
    spikes = [np.asarray(data[key].index, float) for key in keys]
    if trials:
        bins = np.floor((end - start) / dt + SLACK)
        if bins.size == 0 or bins.min() < 1:
            raise InputError(
                f"Each epoch must hold at least one bin of `dt` = {dt} s; the shortest takes "
                f"{(end - start).min(initial=np.inf):g} s. Choose a narrower `dt`."
            )
        _bounded(float(bins.max()) * len(keys) * len(start))
        counts = np.full((len(start), int(bins.max()), len(keys)), np.nan)
        for trial, (first, n) in enumerate(zip(start.tolist(), map(int, bins), strict=True)):
            for place, times in enumerate(spikes):
                counts[trial, :n, place] = _counted(times, first, dt, n)
        first, columns = 0.0, {"start_time": start, "stop_time": end}
        how = "each epoch of time_support is a trial; whole bins only, the rest is NaN"
    else:
        first, columns = float(start[0]), {}
        n = int(min(max(np.ceil((end[-1] - first) / dt - SLACK), 1), 2**62))
        _bounded(float(n) * len(keys))
        counts = np.stack([_counted(t, first, dt, n, float(end[-1])) for t in spikes], -1)[None]
        left = first + dt * np.arange(n)
        right = np.minimum(left + dt, end[-1])
        slack = SLACK * dt
        seen = np.zeros(n, bool)
        for a, b in zip(start, end, strict=True):
            seen |= (left >= a - slack) & (right <= b + slack)
        counts[0, ~seen] = np.nan
        how = (
            f"{int((~seen).sum()):,} of {n:,} bins are NaN, because they are not inside one epoch "
            "of time_support"
        )
    n_counted = int(np.nansum(counts))
    return Recording(
        activity=counts,
        neuron_id=_ids(keys),
        kind="spike_count",
        dt=dt,
        start=first,
        trials=columns,
        unit="spikes per bin",
        audit=(
            f"counted {n_counted:,} of {sum(map(len, spikes)):,} spikes of a TsGroup in bins of "
            f"{dt:g} s",
            how,
        ),
    )


def _counted(
    times: np.ndarray, first: float, dt: float, n: int, end: float | None = None
) -> np.ndarray:
    step = np.floor((times - first) / dt + SLACK).astype(np.int64)
    if end is not None:  # closed: a spike at the very end belongs to the last bin
        step = np.where((step == n) & (times <= end + SLACK * dt), n - 1, step)
    return np.bincount(step[(step >= 0) & (step < n)], minlength=n).astype(np.float64)


def _epochs(data: Any) -> tuple[np.ndarray, np.ndarray]:
    support = data.time_support
    start, end = np.asarray(support.start, float), np.asarray(support.end, float)
    if start.size == 0:
        raise InputError(
            "A pynapple object must have an epoch in `time_support`; it has none. Set it with "
            "`restrict` or when making the object."
        )
    return start, end


def _bounded(n_entries: float) -> None:
    if n_entries > MOST_ENTRIES:
        raise InputError(
            f"A recording must fit into {MOST_ENTRIES:,} entries; this one takes {n_entries:,.0f}. "
            "Choose a wider `dt`, restrict it, or pass `trials=True`."
        )


def _ids(names: list[Any]) -> np.ndarray:
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in names)
    if whole or all(isinstance(n, str) for n in names):
        return np.array(names, np.int64 if whole else str)
    odd = next(n for n in names if not isinstance(n, int | np.integer | str))
    raise InputError(
        f"Columns and keys must be whole numbers or text to be neuron ids; got {odd!r}. Rename "
        "them first."
    )


def to_pynapple(recording: Recording) -> Any:
    """The activity of a single trial as a `TsdFrame`, one column a neuron, NaN where not observed.

    What a TsdFrame cannot hold (behavior, stimuli, inputs, counts of observations) is refused.
    Spike counts stay counts, because the times of the spikes are gone.

    Raises:
        InputError: If there are several trials, no clock, or more than activity.
    """
    more = [
        name
        for name in ("inputs", "stimuli", "behavior", "n_observations", "annotations", "trials")
        if (held := getattr(recording, name)) is not None
        and (isinstance(held, np.ndarray) or bool(held))
    ]
    if recording.n_trials > 1 or recording.dt is None or more:
        raise InputError(
            "A recording must be one trial over time, with nothing but activity, to be a TsdFrame; "
            f"got {recording.n_trials} trials, kind `{recording.kind}`"
            f"{' and ' + ', '.join(more) if more else ''}. Select one trial, and drop the rest "
            "with `dataclasses.replace`."
        )
    pynapple = _pynapple()
    return pynapple.TsdFrame(
        t=recording.time,
        d=np.array(recording.activity[0]),
        columns=recording.neuron_id.tolist(),
    )


def _pynapple() -> Any:
    try:
        import pynapple
    except ImportError as error:
        raise InputError(
            "A TsdFrame must be made with the package `pynapple`; it is not installed. Install the "
            "extra: `pip install 'neuroloom[nwb]'`."
        ) from error
    return pynapple
