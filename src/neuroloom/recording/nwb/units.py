"""Sorted units as spike counts in bins of a stated width, in one trial or in many."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.checks import as_ids
from neuroloom.recording.nwb.trials import Windows
from neuroloom.recording.nwb.values import numbers, ragged
from neuroloom.recording.recording import Recording

__all__ = ["MOST_ENTRIES", "UNITS", "spike_counts"]

MOST_ENTRIES = 2**28  # bins times units: 2 GiB
UNITS = "units"
SLACK = 1e-9  # of a bin


def spike_counts(
    path: Path, file, dt: float | None, windows: Windows | None, audit: tuple[str, ...]
) -> Recording:
    """Spikes in bins of `dt`: over the epochs as a single trial, or in each window.

    In trials, only bins that end before the trial does are counted; the rest is NaN.

    Raises:
        InputError: If `dt` is missing, the file is damaged, or the counts take too much room.
    """
    if dt is None or not (np.isfinite(dt) and dt > 0):
        raise InputError(
            f"Spikes must be counted in bins of a stated width; {path} holds spike times and `dt` "
            f"is {dt}. Pass `dt=` in seconds, for example 0.02."
        )
    units = file[UNITS]
    times = numbers(path, units, "spike_times")
    unit = ragged(path, units, "spike_times_index", times.size)
    if "id" not in units:
        raise InputError(
            f"Units must have ids; {path} has {', '.join(units)}. Export the file again."
        )
    ids = as_ids(np.asarray(units["id"]))
    if unit.max(initial=-1) >= ids.size or len(units["spike_times_index"]) != ids.size:
        raise InputError(
            f"Each unit must have an id; {path} has {ids.size} ids and "
            f"{len(units['spike_times_index'])} spike trains. The file is damaged: export it again."
        )
    if windows is None:
        begin, end, why = _window(path, file, times)
        starts, ends = np.array([begin]), np.array([end])
        bins = np.maximum(np.ceil((ends - starts) / dt - SLACK), 1)
    else:
        starts, ends, why = windows.start, windows.stop, "each trial from its start"
        bins = np.floor((ends - starts) / dt + SLACK)
    if bins.min() < 1:
        raise InputError(
            f"A trial must hold at least one bin; the shortest of {path} takes "
            f"{(ends - starts).min():g} s and `dt` is {dt} s. Choose a narrower `dt`."
        )
    n_steps = int(min(bins.max(), 2**62))
    if n_steps * ids.size * len(starts) > MOST_ENTRIES:
        raise InputError(
            f"Spike counts must fit into {MOST_ENTRIES:,} entries; {len(starts):,} x {n_steps:,} "
            f"bins of {dt} s for {ids.size} units do not. Choose a wider `dt`."
        )
    counts = np.zeros((len(starts), n_steps, ids.size))
    order = np.argsort(times, kind="stable")
    times, unit = times[order], unit[order]
    n_counted = 0
    for trial, (begin, end, n) in enumerate(zip(starts, ends, bins, strict=True)):
        last = end if windows is None else begin + n * dt
        among = slice(*np.searchsorted(times, [begin - SLACK * dt, last + SLACK * dt]))
        step = np.floor((times[among] - begin) / dt + SLACK).astype(np.int64)
        if windows is None:  # closed: a spike at its very end belongs to the last bin
            step = np.where(step == n_steps, n_steps - 1, step)
        inside = (step >= 0) & (step < n)
        np.add.at(counts[trial], (step[inside], unit[among][inside]), 1.0)
        n_counted += int(inside.sum())
        counts[trial, int(n) :] = np.nan
    audit = (
        *audit,
        f"counted {n_counted:,} of {times.size:,} spikes in {n_steps:,} bins of {dt:g} s from "
        f"{starts[0]:g} s on ({why})",
    )
    if windows is not None:
        audit = (*audit, *windows.audit)
    if "obs_intervals" in units and "obs_intervals_index" in units:
        intervals = numbers(path, units, "obs_intervals", n_axes=2)
        whose = ragged(path, units, "obs_intervals_index", len(intervals))
        observed = np.stack(
            [_observed(intervals, whose, b + dt * np.arange(n_steps), dt, ids.size) for b in starts]
        )
        counts[~observed] = np.nan
        audit = (
            *audit,
            f"set {(~observed).sum():,} of {observed.size:,} bins to not observed, because they "
            "are not inside the obs_intervals of their unit",
        )
    return Recording(
        activity=counts,
        neuron_id=ids,
        kind="spike_count",
        dt=dt,
        start=float(starts[0]) if windows is None else 0.0,
        unit="spikes per bin",
        name=path.stem,
        trials={} if windows is None else windows.columns,
        audit=audit,
    )


def _window(path: Path, file, times: np.ndarray) -> tuple[float, float, str]:
    """First and last moment in seconds, and why these."""
    epochs = file.get("intervals/epochs")
    if epochs is not None and "start_time" in epochs and len(epochs["start_time"]):
        begin = numbers(path, epochs, "start_time").min()
        end = numbers(path, epochs, "stop_time").max()
        if end > begin:
            return float(begin), float(end), "first to last epoch"
    if times.size == 0:
        raise InputError(
            f"Units must have a spike or the file an epoch; {path} has neither, so its duration is "
            "not known. Leave this file out."
        )
    return float(times.min()), float(times.max()), "first to last spike, as there are no epochs"


def _observed(
    intervals: np.ndarray, whose: np.ndarray, begin: np.ndarray, dt: float, n_units: int
) -> np.ndarray:
    if intervals.size and (intervals.shape[1] != 2 or whose.max() >= n_units):
        raise InputError(
            f"`obs_intervals` must hold a start and a stop of a unit in each row; its shape is "
            f"{intervals.shape}, for {n_units} units. Export the file again."
        )
    observed = np.zeros((begin.size, n_units), bool)
    slack = SLACK * dt
    for (first, last), n in zip(intervals, whose, strict=True):
        observed[(begin >= first - slack) & (begin + dt <= last + slack), n] = True
    return observed
