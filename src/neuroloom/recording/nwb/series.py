"""A `RoiResponseSeries` as calcium, with the ids of its table of regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.assemble import assemble
from neuroloom.recording.checks import as_ids
from neuroloom.recording.nwb.values import clock_of, scaled
from neuroloom.recording.recording import Recording

__all__ = ["series_recording"]


def series_recording(
    path: Path,
    file,
    chosen: str,
    kind: str,
    dt: float | None,
    resample: float | None,
    audit: tuple[str, ...],
) -> Recording:
    """The series at `chosen` as a single trial.

    Raises:
        InputError: If it has no clock, no regions, or another interval than `dt`.
    """
    group = file[chosen]
    data, unit = scaled(path, group)
    data = data[:, None] if data.ndim == 1 else data
    ids, how = _roi_ids(path, file, group, data.shape[-1])
    time, start, step = clock_of(path, group, len(data))
    if step is not None:
        if dt is not None and abs(dt / step - 1) > 1e-6:
            raise InputError(
                f"`dt` must agree with the file; it is {dt} s and {chosen} is sampled at "
                f"{1 / step:.6g} Hz ({step:.6g} s). Leave `dt` out, or use `resample={dt}`."
            )
        dt = step
    return assemble(
        activity=data[None],
        neuron_id=ids,
        kind=kind,
        time=time,
        dt=dt,
        start=start,
        resample_to=resample,
        unit=unit,
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
