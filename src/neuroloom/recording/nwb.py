"""NWB 2 files: spikes of sorted units, or fluorescence of regions of interest.

They are HDF5 files with fixed names, so they are read with h5py alone, which every installation
has; the tests hold this reader against files that pynwb writes. Columns of object references are
skipped; names of people (`general/experimenter`) are never read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroloom.errors import InputError, nearest
from neuroloom.recording.assemble import assemble
from neuroloom.recording.checks import as_ids
from neuroloom.recording.files import check_hdf5, first_bytes, recognize, speaking_of
from neuroloom.recording.recording import Recording

__all__ = ["read_nwb"]

MOST_ENTRIES = 2**28  # bins times units: 2 GiB
UNITS = "units"


def read_nwb(
    path: Path,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
    series: str | None = None,
) -> Recording:
    """The spikes or one fluorescence series of an NWB 2 file, as a single trial.

    Spikes of `units` become spike counts in bins of `dt`, from the first to the last epoch of
    `intervals/epochs`, or from the first to the last spike where there are no epochs. A bin that
    is not inside a unit's `obs_intervals`, where there are any, is NaN. A `RoiResponseSeries`
    becomes calcium, times its `conversion` plus its `offset`, on the clock of its `rate` or its
    `timestamps`; neuron ids are those of its table of regions.

    Args:
        path: The file.
        kind: `calcium` if None; say `rate` for a deconvolved series. Spikes are `spike_count`.
        dt: Bin width for spikes, in seconds; for a series it is checked against its clock.
        resample: New interval, in seconds, onto which uneven samples are interpolated.
        series: `units`, or name or path of the series; needed only where there are several.

    Raises:
        InputError: If the file is broken, holds neither, or holds several and `series` is None.
    """
    path = Path(path)
    first_bytes(path)
    found = recognize(path)
    if found != "nwb":
        raise InputError(
            f"An NWB file must be HDF5 with the attribute `nwb_version`; {path} looks like "
            f"{found}. Use `read_{found}`, or `read_recording` to have it recognized."
        )
    import h5py

    with speaking_of(path), h5py.File(path) as file:
        check_hdf5(path, file)
        chosen, audit = _chosen(path, file, series)
        if chosen == UNITS:
            return _spikes(path, file, kind, dt, resample, audit)
        return _series(path, file, chosen, kind or "calcium", dt, resample, audit)


def _chosen(path: Path, file, series: str | None) -> tuple[str, tuple[str, ...]]:
    import h5py

    found = []

    def visit(name: str | bytes, item: object) -> None:  # bytes where the name is damaged
        kind = item.attrs.get("neurodata_type") if isinstance(item, h5py.Group) else None
        if kind == "RoiResponseSeries" and isinstance(name, str):
            found.append(name)

    file.visititems(visit)
    if UNITS in file and "spike_times" in file[UNITS]:
        found.insert(0, UNITS)
    if not found:
        have = ", ".join(name for name in file if isinstance(file[name], h5py.Group) and file[name])
        raise InputError(
            f"An NWB recording must hold units with spikes or a RoiResponseSeries; {path} holds "
            f"neither (groups with content: {have or 'none'}). It may hold metadata only: read the "
            "file of the session that has the data."
        )
    if series is None and len(found) > 1:
        raise InputError(
            f"One recording must be chosen; {path} holds {len(found)}: {', '.join(found)}. Pass "
            f"`series=`, for example `read_nwb(path, series={found[0]!r})`."
        )
    matching = [
        name for name in found if series in (None, name, f"/{name}", name.rsplit("/", 1)[-1])
    ]
    if len(matching) != 1:
        raise InputError(
            f"`series` must name one of {', '.join(found)}; got `{series}` ({len(matching)} fit). "
            f"{nearest(str(series), found)}"
        )
    others = [name for name in found if name != matching[0]]
    audit = (f"read {matching[0]}",)
    if others:
        audit = (f"read {matching[0]} and not {', '.join(others)}",)
    return matching[0], audit


def _spikes(
    path: Path,
    file,
    kind: str | None,
    dt: float | None,
    resample: float | None,
    audit: tuple[str, ...],
) -> Recording:
    if kind not in (None, "spike_count") or resample is not None:
        raise InputError(
            f"Units must be read as spike counts in bins of `dt`; got kind `{kind}` and resample "
            f"{resample}. Leave both out and choose `dt`."
        )
    if dt is None or not (np.isfinite(dt) and dt > 0):
        raise InputError(
            f"Spikes must be counted in bins of a stated width; {path} holds spike times and `dt` "
            f"is {dt}. Pass `dt=` in seconds, for example 0.02."
        )
    units = file[UNITS]
    times = _numbers(path, units, "spike_times")
    unit = _ragged(path, units, "spike_times_index", times.size)
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
    begin, end, why = _window(path, file, times)
    n_steps = int(min(max(np.ceil((end - begin) / dt - 1e-9), 1), 2**62))
    if n_steps * ids.size > MOST_ENTRIES:
        raise InputError(
            f"Spike counts must fit into {MOST_ENTRIES:,} entries; {n_steps:,} bins of {dt} s for "
            f"{ids.size} units do not. Choose a wider `dt`."
        )
    step = np.floor((times - begin) / dt + 1e-9).astype(np.int64)
    # The window is closed: a spike at its very end belongs to the last bin.
    step = np.where((step == n_steps) & (times <= end + 1e-9 * dt), n_steps - 1, step)
    inside = (step >= 0) & (step < n_steps) & (times <= end + 1e-9 * dt)
    counts = np.zeros((n_steps, ids.size))
    np.add.at(counts, (step[inside], unit[inside]), 1.0)
    audit = (
        *audit,
        f"counted {inside.sum():,} of {times.size:,} spikes in {n_steps:,} bins of {dt:g} s from "
        f"{begin:g} s on ({why})",
    )
    if "obs_intervals" in units and "obs_intervals_index" in units:
        observed = _observed(path, units, begin + dt * np.arange(n_steps), dt, ids.size)
        counts[~observed] = np.nan
        audit = (
            *audit,
            f"set {(~observed).sum():,} of {observed.size:,} bins to not observed, because they "
            "are not inside the obs_intervals of their unit",
        )
    return Recording(
        activity=counts[None],
        neuron_id=ids,
        kind="spike_count",
        dt=dt,
        start=begin,
        unit="spikes per bin",
        name=path.stem,
        audit=audit,
    )


def _window(path: Path, file, times: np.ndarray) -> tuple[float, float, str]:
    """First and last moment in seconds, and why these."""
    epochs = file.get("intervals/epochs")
    if epochs is not None and "start_time" in epochs and len(epochs["start_time"]):
        begin = _numbers(path, epochs, "start_time").min()
        end = _numbers(path, epochs, "stop_time").max()
        if end > begin:
            return float(begin), float(end), "first to last epoch"
    if times.size == 0:
        raise InputError(
            f"Units must have a spike or the file an epoch; {path} has neither, so its duration is "
            "not known. Leave this file out."
        )
    return float(times.min()), float(times.max()), "first to last spike, as there are no epochs"


def _observed(path: Path, units, begin: np.ndarray, dt: float, n_units: int) -> np.ndarray:
    intervals = _numbers(path, units, "obs_intervals", n_axes=2)
    unit = _ragged(path, units, "obs_intervals_index", len(intervals))
    observed = np.zeros((begin.size, n_units), bool)
    slack = 1e-9 * dt
    for (first, last), n in zip(intervals, unit, strict=True):
        observed[(begin >= first - slack) & (begin + dt <= last + slack), n] = True
    return observed


def _series(
    path: Path,
    file,
    chosen: str,
    kind: str,
    dt: float | None,
    resample: float | None,
    audit: tuple[str, ...],
) -> Recording:
    group = file[chosen]
    data = _numbers(path, group, "data", n_axes=None, missing=True)
    data = data[:, None] if data.ndim == 1 else data
    attributes = group["data"].attrs
    data = data * float(attributes.get("conversion", 1.0)) + float(attributes.get("offset", 0.0))
    ids, how = _roi_ids(path, file, group, data.shape[-1])
    time, start = None, None
    if "timestamps" in group:
        time = _numbers(path, group, "timestamps", missing=True)
    elif "starting_time" in group:
        start = float(group["starting_time"][()])
        rate = float(group["starting_time"].attrs.get("rate", np.nan))
        if not (np.isfinite(rate) and rate > 0):
            raise InputError(
                f"`starting_time` must state a rate above 0 Hz; {path} says {rate} in {chosen}. "
                "Correct the file, or store timestamps."
            )
        if dt is not None and abs(dt * rate - 1) > 1e-6:
            raise InputError(
                f"`dt` must agree with the file; it is {dt} s and {chosen} is sampled at {rate} Hz "
                f"({1 / rate:.6g} s). Leave `dt` out, or use `resample={dt}`."
            )
        dt = 1 / rate
    if time is not None and len(time) != len(data):
        turned = data.ndim == 2 and data.shape[1] == len(time)
        raise InputError(
            f"A series must have one row a sample; {chosen} in {path} has {len(time)} timestamps "
            f"and data of shape {data.shape}. "
            f"{'Its axes are turned: transpose the data' if turned else 'Export it again'}."
        )
    unit = attributes.get("unit", "")
    unit = unit.decode() if isinstance(unit, bytes) else str(unit)
    return assemble(
        activity=data[None],
        neuron_id=ids,
        kind=kind,
        time=time,
        dt=dt,
        start=start,
        resample_to=resample,
        unit="" if unit in ("n.a.", "unknown") else unit,
        name=path.stem,
        audit=(*audit, how),
    )


def _roi_ids(path: Path, file, group, n: int) -> tuple[np.ndarray, str]:
    import h5py

    if "rois" not in group:
        raise InputError(
            f"A RoiResponseSeries must say which regions it holds; {group.name} in {path} has no "
            "`rois`. Add the table region with pynwb, or save the data as NPZ with ids."
        )
    rows = np.asarray(group["rois"]).astype(np.int64)
    table = group["rois"].attrs.get("table")
    table = file[table] if isinstance(table, h5py.Reference) and table else None
    if table is None or "id" not in table:
        raise InputError(
            f"The regions of {group.name} must lead to a table with ids; in {path} they do not. "
            "Export the file again with its plane segmentation."
        )
    ids = np.asarray(table["id"])
    if rows.shape != (n,) or (rows.size and (rows.min() < 0 or rows.max() >= ids.size)):
        raise InputError(
            f"Each column of {group.name} must have one region of its table ({ids.size} rows); "
            f"{path} has {n} columns and {rows.size} regions. Export the file again."
        )
    return as_ids(ids[rows]), f"took neuron ids from {table.name}"


def _numbers(
    path: Path, group, name: str, *, n_axes: int | None = 1, missing: bool = False
) -> np.ndarray:
    if name not in group:
        raise InputError(
            f"{group.name} must hold `{name}`; {path} has {', '.join(group) or 'nothing'} there. "
            "Export the file again."
        )
    values = np.asarray(group[name])
    wrong = values.dtype.kind not in "iuf" or (n_axes is not None and values.ndim != n_axes)
    if wrong or values.ndim not in (1, 2):
        raise InputError(
            f"`{group.name}/{name}` must be numbers, one a row; {path} has {values.dtype} of shape "
            f"{values.shape}. Export the file again."
        )
    values = values.astype(np.float64)
    bad = np.isinf(values) if missing else ~np.isfinite(values)
    if bad.any():
        raise InputError(
            f"`{group.name}/{name}` must be finite; {path} has {values[bad].ravel()[0]} "
            f"({bad.sum()} such of {values.size:,}). Remove those entries from the file."
        )
    return values


def _ragged(path: Path, group, name: str, n_values: int) -> np.ndarray:
    """To which row each value of a ragged column belongs; the index holds cumulative ends."""
    if name not in group:
        raise InputError(
            f"{group.name} must hold `{name}`; {path} has {', '.join(group)}. Export it again."
        )
    ends = np.asarray(group[name])
    ends = ends.astype(np.int64) if ends.dtype.kind in "iu" else np.array([-1])
    lengths = np.diff(ends, prepend=0)
    if (lengths < 0).any() or (ends[-1] if ends.size else 0) != n_values:
        raise InputError(
            f"`{group.name}/{name}` must rise to the number of values, {n_values:,}; {path} ends "
            f"at {ends[-1] if ends.size else 0:,}. The file is damaged: export it again."
        )
    return np.repeat(np.arange(ends.size), lengths)
