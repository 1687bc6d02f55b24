"""NetCDF 4 files, as `Recording.to_xarray` lays them out."""

from __future__ import annotations

from pathlib import Path

from neuroloom.disk import speaking_of, written_whole
from neuroloom.recording.files import check_hdf5, require_format
from neuroloom.recording.labelled import from_xarray, stated, storable
from neuroloom.recording.recording import Recording

__all__ = ["read_netcdf", "write_netcdf"]


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
    require_format(path, "netcdf")
    import h5py
    import xarray as xr

    with speaking_of(path, TypeError):
        with h5py.File(path) as file:
            check_hdf5(path, file)
        # Times stay numbers: seconds, or an error below.
        with xr.open_dataset(
            path, engine="h5netcdf", decode_times=False, decode_timedelta=False
        ) as lazy:
            dataset = lazy.load()
    dataset = stated(dataset, path, kind, dt)
    return from_xarray(dataset, resample=resample)


def write_netcdf(path: Path, recording: Recording) -> None:
    """Writes everything in the recording; `read_netcdf` gives it back without loss.

    Raises:
        InputError: If a name or text cannot stand in such a file, or it cannot be written.
    """
    dataset = storable(recording)
    compressed = {
        name: {"zlib": True} for name, v in dataset.data_vars.items() if v.dtype.kind in "fi"
    }
    with written_whole(path) as beside:
        dataset.to_netcdf(beside, engine="h5netcdf", encoding=compressed)
