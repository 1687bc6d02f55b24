"""Whole-brain recordings of worms as WormWideWeb publishes them, in JSON or HDF5.

Source:
    wormwideweb.org and its public code: flavell-lab/CePNEM-web (flat JSON, with the units of
    behavior), flavell-lab/WormWideWeb and WormWideWebData.jl (JSON in groups), and the exporter of
    the HDF5 files. Atanas, Kim et al., Cell (2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.assemble import assemble
from neuroloom.recording.clock import checked_time
from neuroloom.recording.files import require_format
from neuroloom.recording.recording import Recording
from neuroloom.recording.stimulus import Stimulus
from neuroloom.recording.wormwideweb_layouts import Worm, worm_in

__all__ = ["KeepSurest", "read_wormwideweb"]

UNITS = {"original": "ratio", "zscored": "SD", "F20": "F/F20"}
GAP = 1.5  # median intervals: a longer one is a break between two stretches
TIMESTEP_TO = 0.05  # how far the stated interval may be off the timestamps


@dataclass(frozen=True)
class KeepSurest:
    """Of the neurons with one label, the one with the highest confidence keeps it."""


def read_wormwideweb(
    path: Path,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
    trace: str = "original",
    segment: int | None = None,
    labels: bool = True,
    on_duplicate: KeepSurest | None = None,
) -> Recording:
    """The session of one worm: calcium, its behavior, and events as stimuli.

    A neuron's id is its label; one without a label is `unlabelled-<row>`, rows counted from 1. A
    label that ends in `?` (side or type not settled) keeps its `?`, and if several neurons share
    it, each gets its row: `RIA?-17`. Confidences of labels are in the audit.

    Args:
        path: JSON (also gzip or bzip2) or HDF5.
        kind: `calcium` if None.
        dt: Checked against the timestamps, in seconds.
        resample: New interval, in seconds, onto which uneven samples are interpolated.
        trace: `original`, not normalized; `zscored`, by mean and SD of the whole session, so that a
            held-out stretch is not out of it; or `F20`, over the 20th percentile.
        segment: Which stretch between two breaks of the clock, 0 the first. None refuses a break.
        labels: False names every neuron by its row.
        on_duplicate: None refuses two neurons with one label.

    Raises:
        InputError: If the file is broken or of another layout, the clock breaks off, the stated
            interval contradicts the timestamps, or labels repeat.
    """
    path = Path(path)
    require_format(path, "wormwideweb")
    worm = worm_in(path, trace)
    ids, audit = _ids(path, worm, on_duplicate) if labels else _rows(worm)
    behavior, more = _with_reversals(worm)
    part, time, clock = _segment(path, worm, segment)
    stated = None if time is not None else worm.timestep
    if dt is not None and stated is not None and abs(dt / stated - 1) > TIMESTEP_TO:
        raise InputError(
            f"`dt` must agree with the file; it is {dt} s, and {path} states {stated:.4g} s. Leave "
            "`dt` out."
        )
    stimuli, placed = _stimuli(worm, part, time, stated)
    return assemble(
        activity=worm.traces[part][None],
        neuron_id=ids,
        kind=kind or "calcium",
        time=time,
        dt=stated if time is None else dt,
        resample_to=resample,
        behavior={name: values[part][None] for name, values in behavior.items()},
        stimuli=stimuli,
        unit=UNITS[trace],
        name=worm.name,
        audit=(
            f"read the trace `{trace}` in {UNITS[trace]}",
            *worm.audit,
            *audit,
            *more,
            *clock,
            *placed,
        ),
    )


def _rows(worm: Worm) -> tuple[np.ndarray, tuple[str, ...]]:
    n = worm.traces.shape[1]
    left = f", and left {len(worm.labels)} labels" if worm.labels else ""
    return np.array([f"unlabelled-{row}" for row in range(1, n + 1)]), (
        f"named all {n} neurons by their row{left}",
    )


def _ids(
    path: Path, worm: Worm, on_duplicate: KeepSurest | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    if not worm.labels:
        return _rows(worm)
    said = {row: str(label["label"]).strip() for row, label in worm.labels.items()}
    rows: dict[str, list[int]] = {}
    for row, name in sorted(said.items()):
        rows.setdefault(name, []).append(row)
    shared = {name: where for name, where in rows.items() if len(where) > 1}
    audit = []
    unsettled = [name for name in rows if "?" in name]
    for name in [name for name in shared if "?" in name]:
        said |= {row: f"{name}-{row}" for row in shared.pop(name)}
    if unsettled:
        audit.append(
            f"kept the `?` of {sum(len(rows[n]) for n in unsettled)} neurons whose label is not "
            f"settled ({', '.join(unsettled)}), with the row where neurons share it"
        )
    if shared and on_duplicate is None:
        name, where = next(iter(shared.items()))
        raise InputError(
            f"A label must belong to one neuron; {path} gives `{name}` to the rows "
            f"{', '.join(map(str, where))} ({len(shared)} labels repeat). Pass "
            "`on_duplicate=KeepSurest()`, or `labels=False`."
        )
    for name, where in shared.items():
        sure = {row: _confidence(worm.labels[row]) for row in where}
        best = max(sure.values(), key=lambda c: -np.inf if c is None else c)
        if best is None or list(sure.values()).count(best) != 1:
            raise InputError(
                f"One neuron must be surest of a shared label; for `{name}` in {path} the "
                f"confidences are {sure}. Pass `labels=False`, and name them yourself."
            )
        said |= {row: f"unlabelled-{row}" for row, c in sure.items() if c != best}
        audit.append(f"kept the label {name} for the surest of the rows {where}, by {best:g}")
    n = worm.traces.shape[1]
    ids = [said.get(row, f"unlabelled-{row}") for row in range(1, n + 1)]
    audit.append(
        f"named {len(worm.labels)} of {n} neurons by their label and the others by their row"
    )
    confidences = {ids[row - 1]: _confidence(label) for row, label in worm.labels.items()}
    known = {name: c for name, c in confidences.items() if c is not None}
    if known:
        listed = ", ".join(f"{name} {c:g}" for name, c in known.items())
        audit.append(f"confidence of the labels, as the file has it: {listed}")
    return np.array(ids), tuple(audit)


def _confidence(label: Mapping[str, Any]) -> float | None:
    value = label.get("confidence")
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if number else None  # pyright: ignore[reportArgumentType]


def _with_reversals(worm: Worm) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The behavior with a column `reversal`: 1 in frames of a reversal, 0 outside."""
    if worm.reversals is None:
        return dict(worm.behavior), ()
    n = len(worm.traces)
    for starts, stops in _readings(worm.reversals):
        later = np.append(starts[1:], n + 1)
        whole = (starts == np.round(starts)).all() and (stops == np.round(stops)).all()
        if whole and (starts >= 0).all() and (starts <= stops).all() and (stops <= later).all():
            frames = np.zeros(n)
            for start, stop in zip(starts.astype(int), stops.astype(int), strict=True):
                frames[start:stop] = 1
            return {**worm.behavior, "reversal": frames}, (
                f"wrote {len(starts)} reversals as the behavior `reversal`: 1 from the frame after "
                "the listed start to the listed stop, as the exporter counts them from 1",
            )
    return dict(worm.behavior), (
        f"did not read reversal_events: {worm.reversals.shape} numbers that are no starts and "
        "stops in order",
    )


def _readings(events: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Starts and stops, from pairs, from two rows, or from one column of starts and then stops."""
    if events.size == 0:
        return [(np.zeros(0), np.zeros(0))]
    found = []
    if events.shape[1] == 2:
        found.append((events[:, 0], events[:, 1]))
    if events.shape[0] == 2:
        found.append((events[0], events[1]))
    if events.shape[1] == 1 and len(events) % 2 == 0:
        found.append((events[: len(events) // 2, 0], events[len(events) // 2 :, 0]))
    return found


def _segment(
    path: Path, worm: Worm, segment: int | None
) -> tuple[slice, np.ndarray | None, tuple[str, ...]]:
    """Which frames, their times, and what to say of it."""
    time, n = worm.timestamps, len(worm.traces)
    if time is None:
        if worm.timestep is None:
            raise InputError(
                f"A session must have a clock; {path} has no `timestamp_confocal`, no "
                "`avg_timestep` and no `mean_timestep`. Download it again."
            )
        if worm.n_ranges > 1:
            raise InputError(
                f"A session of {worm.n_ranges} ranges must have timestamps, because there may be a "
                f"break between them; {path} has none. Download the newer file, with "
                "`timestamp_confocal`."
            )
        if segment not in (None, 0):
            raise InputError(f"`segment` must be 0 or None; got {segment}. {path} has one stretch.")
        return (
            slice(0, n),
            None,
            (f"took the frames as {worm.timestep:.6g} s apart, because there are no timestamps",),
        )
    steps = np.diff(checked_time(time))
    usual = float(np.median(steps)) if steps.size else np.nan
    breaks = np.flatnonzero(steps > GAP * usual) + 1 if steps.size else np.zeros(0, int)
    edges = [0, *breaks.tolist(), n]
    within = np.delete(steps, breaks - 1)
    if worm.timestep is not None and within.size:
        mean = float(within.mean())
        if not abs(worm.timestep / mean - 1) < TIMESTEP_TO:
            raise InputError(
                f"The stated interval must fit the timestamps; {path} states {worm.timestep:.4g} s "
                f"(`avg_timestep` is in minutes, `mean_timestep` in seconds) and its frames are "
                f"{mean:.4g} s apart. Correct the file: one of the two is in another unit."
            )
    if breaks.size and segment is None:
        listed = ", ".join(
            f"{i}: {b - a} frames from {time[a]:.6g} s" for i, (a, b) in enumerate(pairwise(edges))
        )
        raise InputError(
            f"A recording must run without a break; {path} has {breaks.size}, the longest of "
            f"{steps.max():.4g} s where frames are {usual:.4g} s apart. Nothing is interpolated "
            f"across it: call `read_wormwideweb(path, segment=...)` for each ({listed[:400]})."
        )
    chosen = 0 if segment is None else segment
    if not 0 <= chosen < len(edges) - 1:
        raise InputError(
            f"`segment` must be 0 to {len(edges) - 2}; got {segment}. {path} has {len(edges) - 1} "
            "stretches."
        )
    part = slice(edges[chosen], edges[chosen + 1])
    sentences = []
    if breaks.size:
        sentences.append(
            f"kept stretch {chosen} of {len(edges) - 1}, frames {part.start + 1:,} to "
            f"{part.stop:,} of {n:,}"
        )
    return part, time[part], tuple(sentences)


def _stimuli(
    worm: Worm, part: slice, time: np.ndarray | None, dt: float | None
) -> tuple[tuple[Stimulus, ...], tuple[str, ...]]:
    found, outside = [], 0
    for name, frames in worm.events.items():
        for frame in frames:
            place = int(frame) - 1 - part.start if np.isfinite(frame) else -1
            if not 0 <= place < part.stop - part.start:
                outside += 1
                continue
            moment = float(time[place]) if time is not None else place * (dt or 0.0)
            found.append(Stimulus(0, moment, name=name))
    sentences = []
    if found:
        sentences.append(f"placed {len(found)} events at their frames, counted from 1")
    if outside:
        sentences.append(f"left out {outside} events that lie outside the frames kept")
    return tuple(found), tuple(sentences)
