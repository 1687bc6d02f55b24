"""Trials of an NWB file: rows of a table of intervals, and a recording cut by them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neuroloom.errors import InputError, nearest
from neuroloom.recording.nwb.values import numbers, text_of
from neuroloom.recording.recording import Recording

__all__ = ["Windows", "cut", "windows_of"]

MOST_ENTRIES = 2**28


@dataclass(frozen=True)
class Windows:
    """When each trial was.

    Attributes:
        start: First moment, in seconds.
        stop: Last moment, in seconds.
        columns: One entry a trial, for `Recording.trials`.
        audit: What was read and what was not.
    """

    start: np.ndarray
    stop: np.ndarray
    columns: dict[str, np.ndarray]
    audit: tuple[str, ...]


def windows_of(path: Path, file, table: str) -> Windows:
    """The rows of `intervals/<table>`, and those of its columns that hold one plain value a row.

    Raises:
        InputError: If there is no such table, it is empty, or a row ends before it starts.
    """
    have = list(file["intervals"]) if "intervals" in file else []
    if table not in have:
        raise InputError(
            f"`trials` must name a table of intervals; {path} has {', '.join(have) or 'none'} and "
            f"not `{table}`. {nearest(table, [*have, '-'])}"
        )
    group = file["intervals"][table]
    start, stop = numbers(path, group, "start_time"), numbers(path, group, "stop_time")
    if start.shape != stop.shape or start.size == 0 or not (stop > start).all():
        wrong = np.flatnonzero(stop <= start) if start.shape == stop.shape else []
        raise InputError(
            f"Each trial must end after it starts; {group.name} of {path} has {start.size} starts "
            f"and {stop.size} ends, and {len(wrong)} rows that do not"
            f"{f' (the first is row {wrong[0]})' if len(wrong) else ''}. Correct the table."
        )
    columns, left = {}, []
    for name in group:
        values = _column(group, name, start.size)
        if values is not None and name != "id":
            columns[name] = values
        elif name != "id":
            left.append(name)
    audit = f"cut {start.size:,} trials out of intervals/{table}"
    if left:
        audit += f"; did not read its columns {', '.join(left)}, which are not one value a trial"
    return Windows(start, stop, columns, (audit,))


def _column(group, name: str, n: int) -> np.ndarray | None:
    import h5py

    item = group[name]
    if name.endswith("_index") and name.removesuffix("_index") in group:
        return None
    if not isinstance(item, h5py.Dataset) or item.shape != (n,) or f"{name}_index" in group:
        return None
    if h5py.check_ref_dtype(item.dtype) is not None:
        return None
    values = np.asarray(item)
    if h5py.check_string_dtype(item.dtype) is not None:
        return np.array([text_of(value) for value in values.tolist()], str)
    if values.dtype.kind in "f" and np.isinf(values).any():
        return None
    return values if values.dtype.kind in "biuf" else None


def cut(recording: Recording, windows: Windows) -> Recording:
    """The samples of each trial, from the first at or after its start to the last before its stop.

    Trials are aligned at their start, which becomes time 0; the first sample of a trial lies up to
    one `dt` after it. Shorter trials, and samples that were not recorded, are NaN.

    Args:
        recording: A single trial.
        windows: When each trial was.

    Raises:
        InputError: If the trials would take too much room, or none holds a sample.
    """
    dt = recording.dt or 1.0
    first = np.ceil((windows.start - recording.start) / dt - 1e-9)
    last = np.ceil((windows.stop - recording.start) / dt - 1e-9)  # one past the last sample
    n_steps = int(min((last - first).max(), 2**62))
    n_trials = len(first)
    if n_steps * n_trials * recording.n_neurons > MOST_ENTRIES:
        raise InputError(
            f"Trials must fit into {MOST_ENTRIES:,} entries; {n_trials:,} trials of up to "
            f"{n_steps:,} samples of {recording.n_neurons} neurons do not. Cut the table of trials."
        )
    step = first[:, None] + np.arange(n_steps)
    inside = (step < last[:, None]) & (step >= 0) & (step < recording.n_steps)
    if not inside.any():
        raise InputError(
            f"A trial must hold a sample; the recording runs from {recording.time[0]:g} to "
            f"{recording.time[-1]:g} s and the trials from {windows.start.min():g} to "
            f"{windows.stop.max():g} s. Check that both use one clock."
        )
    at = np.where(inside, step, 0).astype(np.int64)

    def taken(values: np.ndarray) -> np.ndarray:
        return np.where(
            inside.reshape(inside.shape + (1,) * (values.ndim - 2)), values[0][at], np.nan
        )

    empty = int((~inside).sum())
    return replace(
        recording,
        activity=taken(recording.activity),
        behavior={name: taken(values) for name, values in recording.behavior.items()},
        start=0.0,
        trials=windows.columns,
        audit=(
            *recording.audit,
            *windows.audit,
            f"aligned {n_trials:,} trials at their start: the first sample at or after it, up to "
            f"{dt:g} s late; {empty:,} of {inside.size:,} samples are NaN, because a trial is "
            "shorter than the longest or was not recorded",
        ),
    )
