"""The layouts in which WormWideWeb has published a worm, each turned into the same plain parts.

Two generations of JSON (flat, and in groups), the processed HDF5 file of a session (in groups) and
its flat twin. The website's own reader fixes what JSON means: traces are neuron by time, labels are
keyed by the row of the trace, counted from 1. HDF5 files were written column first, so Python sees
them time by neuron. Frames are counted from 1 everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom.disk import speaking_of
from neuroloom.errors import InputError
from neuroloom.recording.files import check_hdf5, is_hdf5, unpacked

__all__ = ["TRACES", "Worm", "worm_in"]

MOST_JSON = 2**28  # bytes of text; a session takes 5 to 40 MB
TRACES = {
    "original": ("trace_original", "trace_array_original"),
    "zscored": ("trace_array",),
    "F20": ("trace_array_F20", "traces_array_F_F20"),
}
BEHAVIOR = {
    "velocity": "velocity_mm_per_s",
    "head_curvature": "head_curvature_rad",
    "head_angle": "head_curvature_rad",
    "pumping": "pumping",
    "angular_velocity": "angular_velocity_rad_per_s",
    "body_curvature": "body_curvature_rad",
    "worm_curvature": "body_curvature_rad",
}


@dataclass(frozen=True)
class Worm:
    """What a file holds, before anything is decided.

    Attributes:
        traces: (time, neuron) of the one trace that was asked for.
        timestamps: Of the frames, in seconds.
        timestep: What the file states as interval, in seconds.
        behavior: One value a frame.
        reversals: Start and stop of each, as the file has them.
        events: Name to frames, counted from 1.
        labels: Row, counted from 1, to what is said of that neuron.
        name: The session.
        n_ranges: How many ranges of frames the file lists.
        audit: What was not read, and what was turned.
    """

    traces: np.ndarray
    timestamps: np.ndarray | None
    timestep: float | None
    behavior: Mapping[str, np.ndarray]
    reversals: np.ndarray | None
    events: Mapping[str, np.ndarray]
    labels: Mapping[int, Mapping[str, Any]]
    name: str
    n_ranges: int = 1
    audit: tuple[str, ...] = field(default=())


def worm_in(path: Path, trace: str) -> Worm:
    """The parts of a file, whichever layout it has.

    Raises:
        InputError: If it is broken, too large, of none of the layouts, or lacks this trace.
    """
    if trace not in TRACES:
        raise InputError(
            f"`trace` must be one of {', '.join(TRACES)}; got `{trace}`. `original` is not "
            "normalized; `zscored` used the mean and SD of the whole session."
        )
    if is_hdf5(path):
        import h5py

        with speaking_of(path, TypeError), h5py.File(path) as file:
            check_hdf5(path, file)
            return _worm(path, _flattened(file), trace, time_first=True)
    document = _document(path)
    with speaking_of(path):
        return _worm(path, _flattened(document), trace, time_first=False)


def _document(path: Path) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            again = next(name for name in names if names.count(name) > 1)
            raise InputError(
                f"A key of JSON must occur once; `{again[:60]}` occurs {names.count(again)} times "
                f"in {path}. Download the file again."
            )
        return found

    data = unpacked(path, MOST_JSON)
    with speaking_of(path):  # also where brackets nest too deep
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=once)
    if not isinstance(document, dict):
        raise InputError(
            f"JSON of WormWideWeb must be one object with `trace_array` or `gcamp`; {path} is a "
            f"{type(document).__name__}. Download the file of one session."
        )
    return document


def _flattened(found: Any) -> dict[str, Any]:
    """One level: `timing/timestamp_confocal` and `timestamp_confocal` become the same name."""
    flat: dict[str, Any] = {}
    for name in found:
        inner = found[name]
        if name in ("timing", "behavior", "gcamp", "metadata", "encoding") and hasattr(
            inner, "keys"
        ):
            flat |= {f"{key}": inner[key] for key in inner}
        else:
            flat[name] = inner
    renamed = {"label": "labeled", "uid": "uid", "n_neuron": "num_neurons", "event": "events"}
    return {renamed.get(name, name): value for name, value in flat.items()}


def _worm(path: Path, parts: dict[str, Any], trace: str, *, time_first: bool) -> Worm:
    have = {kind: n for kind, names in TRACES.items() for n in names if n in parts}
    if not have:
        raise InputError(
            f"A file of WormWideWeb must hold a trace ({', '.join(sum(TRACES.values(), ()))}); "
            f"{path} holds {', '.join(list(parts)[:12]) or 'nothing'}. Download the file of one "
            "session."
        )
    if trace not in have:
        raise InputError(
            f"The file must hold the trace that is asked for, `{trace}`; {path} holds "
            f"{', '.join(have)}. Call `read_wormwideweb(path, trace={next(iter(have))!r})`."
        )
    read = {have[trace]}

    def take(name: str, n_axes: int) -> np.ndarray | None:
        read.add(name)
        return _numbers(path, name, parts[name], n_axes) if parts.get(name) is not None else None

    traces = _numbers(path, have[trace], parts[have[trace]], 2)
    timestamps = take("timestamp_confocal", 1)
    seconds = _timestep(take)
    behavior = {
        ours: values
        for theirs, ours in BEHAVIOR.items()
        if theirs in parts and (values := take(theirs, 1)) is not None and values.size
    }
    vector = take("reversal_vec", 1)
    reversals = take("reversal_events", 2) if vector is None else None
    if vector is not None:
        behavior["reversal"] = vector
        read.add("reversal_events")
    n_frames, how = _n_frames(path, timestamps, behavior, take)
    traces, turned = _time_by_neuron(path, traces, n_frames, how, time_first)
    stated = take("num_neurons", 0)
    if stated is not None and int(stated) != traces.shape[1]:
        raise InputError(
            f"There must be one trace a neuron; {path} states {int(stated)} neurons and holds "
            f"{traces.shape[1]} traces. Download it again."
        )
    for name, values in behavior.items():
        if len(values) != n_frames:
            raise InputError(
                f"Behavior must have one value a frame, {n_frames}; `{name}` of {path} has "
                f"{len(values)}. Download it again."
            )
    read |= {"labeled", "neuropal_label", "events", "ranges", "idx_splits", "uid", "dataset_type"}
    read |= {"stim_begin_confocal"}
    ranges = parts.get("idx_splits", parts.get("ranges"))
    left = sorted(set(map(str, parts)) - read)
    return Worm(
        traces=traces,
        timestamps=timestamps,
        timestep=seconds,
        behavior=behavior,
        reversals=reversals,
        events=_events(path, parts),
        labels=_labels(path, parts, traces.shape[1]),
        name=_plain(parts.get("uid")) or path.name.split(".")[0],
        n_ranges=1 if ranges is None else _length(ranges, time_first),
        audit=(*turned, *([f"did not read {', '.join(left)}"] if left else [])),
    )


def _timestep(take: Callable[[str, int], np.ndarray | None]) -> float | None:
    minutes, seconds = take("avg_timestep", 0), take("mean_timestep", 0)
    if seconds is not None:
        return float(seconds)
    return None if minutes is None else 60 * float(minutes)


def _n_frames(
    path: Path,
    timestamps: np.ndarray | None,
    behavior: Mapping[str, np.ndarray],
    take: Callable[[str, int], np.ndarray | None],
) -> tuple[int, str]:
    stated = take("max_t", 0)
    if timestamps is not None:
        return len(timestamps), "timestamps"
    if stated is not None:
        return int(stated), "frames (`max_t`)"
    if behavior:
        return len(next(iter(behavior.values()))), "values of behavior"
    raise InputError(
        f"A session must say how many frames it has; {path} has no `timestamp_confocal`, no "
        "`max_t` and no behavior. Download it again."
    )


def _time_by_neuron(
    path: Path, traces: np.ndarray, n_frames: int, how: str, time_first: bool
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Turned as the layout says; the other way round only if the numbers of frames demand it."""
    plain = traces if time_first else traces.T
    if plain.shape[0] == n_frames:
        return plain, ()
    if plain.shape[1] == n_frames:
        return plain.T, (
            f"took the traces as {'neuron by time' if time_first else 'time by neuron'}, unlike "
            f"the published layout, because only that axis has {n_frames:,} {how}",
        )
    raise InputError(
        f"A trace must have one value a frame; {path} has {n_frames} {how} and traces of shape "
        f"{traces.shape}. Download it again."
    )


def _labels(path: Path, parts: dict[str, Any], n: int) -> dict[int, Mapping[str, Any]]:
    """What is said of each row; rows are counted from 1."""
    if parts.get("neuropal_label") is not None:
        names = [_plain(name) for name in np.asarray(parts["neuropal_label"]).ravel().tolist()]
        if len(names) != n:
            raise InputError(
                f"`neuropal_label` must hold one text a neuron, {n}; {path} has {len(names)}. "
                "Download it again."
            )
        return {
            row: {"label": name} for row, name in enumerate(names, 1) if name not in ("", "missing")
        }
    labeled = parts.get("labeled")
    if labeled is None or (isinstance(labeled, list) and not labeled):
        return {}
    if not isinstance(labeled, dict):
        raise InputError(
            f"Labels must be an object, from row to label; {path} has a "
            f"{type(labeled).__name__}. Download it again."
        )
    found: dict[int, Mapping[str, Any]] = {}
    for key, said in labeled.items():
        said: Any = said[0] if isinstance(said, list) and len(said) == 1 else said
        name = said.get("label") if isinstance(said, dict) else None
        if not (isinstance(name, str) and name.strip() and key.isdecimal() and len(key) < 10):
            raise InputError(
                f"Each label must lead from a row, counted from 1, to an object with `label`; "
                f"{path} has {key[:40]!r}: {str(said)[:60]}. Download it again, or pass "
                "`labels=False`."
            )
        found[int(key)] = said
    outside = sorted(row for row in found if not 1 <= row <= n)
    if outside:
        raise InputError(
            f"Labels must be keyed by the row of the trace, 1 to {n}; {path} has {outside[0]} "
            f"({len(outside)} of {len(found)} beyond). Those keys number segmented regions, not "
            "traces, so no label can be placed: pass `labels=False`."
        )
    return found


def _events(path: Path, parts: dict[str, Any]) -> dict[str, np.ndarray]:
    events = parts.get("events")
    found = dict(events) if isinstance(events, dict) else {}
    if parts.get("stim_begin_confocal") is not None:
        found["stim"] = np.asarray(parts["stim_begin_confocal"]).ravel()
    return {
        str(name): _numbers(path, f"event {name}", np.atleast_1d(frames), 1)
        for name, frames in found.items()
    }


def _length(ranges: Any, time_first: bool) -> int:
    shape = np.shape(ranges) if not isinstance(ranges, list | dict) else (len(ranges),)
    return int(shape[-1] if time_first and len(shape) == 2 else shape[0]) if shape else 1


def _plain(value: Any) -> str:
    if hasattr(value, "shape"):
        value = value[()]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _numbers(path: Path, name: str, values: Any, n_axes: int) -> np.ndarray:
    """As float64; null is NaN, and nothing else is turned into a number."""
    if hasattr(values, "keys"):
        raise InputError(
            f"`{name}` must be numbers; {path} has a group with {', '.join(list(values)[:6])} "
            "there. Download it again."
        )
    with speaking_of(path):
        array = np.asarray(values)  # rows of unequal length raise
    if array.dtype == object:
        odd = [v for v in array.ravel().tolist() if not (v is None or type(v) in (int, float))]
        array = array.astype(np.float64) if not odd else array
    if array.size == 0:
        array = array.reshape((0,) * n_axes)
    if array.dtype.kind not in "iufb" or (array.dtype.kind == "b" and n_axes == 0):
        raise InputError(
            f"`{name}` must be numbers; {path} has {array.dtype} there. Download it again."
        )
    if array.ndim != n_axes:
        raise InputError(
            f"`{name}` must have {n_axes} axes; in {path} its shape is {array.shape}. Download it "
            "again."
        )
    return array.astype(np.float64)
