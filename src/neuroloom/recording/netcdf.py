"""NetCDF 4 files, as `Recording.to_xarray` lays them out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.checks import agreed
from neuroloom.recording.files import check_hdf5, first_bytes, recognize, speaking_of
from neuroloom.recording.labelled import from_xarray
from neuroloom.recording.recording import Recording

__all__ = ["read_netcdf", "write_netcdf"]

SECONDS = ("", "s", "sec", "second", "seconds")


def read_netcdf(
    path: Path,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
) -> Recording:
    """The recording in a NetCDF 4 file; see `neuroloom.recording.labelled.from_xarray`.

    Args:
        path: The file.
        kind: What the activity is, if the file does not say; see `ACTIVITY_KINDS`.
        dt: Sampling interval, in seconds, if the file does not say.
        resample: New interval, in seconds, onto which uneven samples are interpolated.

    Raises:
        InputError: If the file is broken or of another format, would unpack to an absurd size, or
            its variables do not make a recording.
    """
    path = Path(path)
    first_bytes(path)
    found = recognize(path)
    if found != "netcdf":
        raise InputError(
            f"A NetCDF recording must be an HDF5 file with the variable `activity`; {path} looks "
            f"like {found}. Use `read_{found}`, or `read_recording` to have it recognized."
        )
    import h5py
    import xarray as xr

    with speaking_of(path):
        with h5py.File(path) as file:
            check_hdf5(path, file)
        # Times stay numbers: seconds, or an error below.
        with xr.open_dataset(
            path, engine="h5netcdf", decode_times=False, decode_timedelta=False
        ) as lazy:
            dataset = lazy.load()
    if "time" in dataset.variables:
        unit = str(dataset["time"].attrs.get("units", ""))
        if unit not in SECONDS:
            raise InputError(
                f"`time` must be in seconds; {path} says `{unit}`. Convert it, and set "
                "`units` to `s`."
            )
    stated_kind, stated_dt = dataset.attrs.get("kind"), dataset.attrs.get("dt")
    kind = agreed("kind", None if stated_kind is None else str(stated_kind), kind)
    if kind is not None:
        dataset.attrs["kind"] = kind
    if dt is not None:
        numeric = isinstance(stated_dt, int | float | np.number)
        dataset.attrs["dt"] = agreed("dt", float(stated_dt) if numeric else None, float(dt))
    return from_xarray(dataset, resample=resample)


def write_netcdf(path: Path, recording: Recording) -> None:
    """Writes everything in the recording; `read_netcdf` gives it back without loss."""
    dataset = recording.to_xarray()
    compressed = {
        name: {"zlib": True} for name, v in dataset.data_vars.items() if v.dtype.kind in "fi"
    }
    dataset.to_netcdf(Path(path), engine="h5netcdf", encoding=compressed)
