"""One door for every format of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from neuroloom.recording.csv import read_csv
from neuroloom.recording.files import recognize
from neuroloom.recording.matlab import read_matlab
from neuroloom.recording.netcdf import read_netcdf
from neuroloom.recording.npz import read_npz
from neuroloom.recording.nwb import read_nwb
from neuroloom.recording.recording import Recording
from neuroloom.recording.wormwideweb import read_wormwideweb
from neuroloom.recording.zarr import read_zarr

__all__ = ["READERS", "Reader", "read_recording"]


@runtime_checkable
class Reader(Protocol):
    """What reads one format."""

    def __call__(
        self,
        path: Path,
        *,
        kind: str | None = None,
        dt: float | None = None,
        resample: float | None = None,
    ) -> Recording:
        """The recording in the file."""
        ...


READERS: dict[str, Reader] = {
    "npz": read_npz,
    "csv": read_csv,
    "netcdf": read_netcdf,
    "nwb": read_nwb,
    "zarr": read_zarr,
    "matlab": read_matlab,
    "wormwideweb": read_wormwideweb,
}


def read_recording(
    path: str | Path,
    *,
    format: Reader | None = None,  # noqa: A002
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
) -> Recording:
    """The recording in a file, whose format is recognized by content.

    For options of one format (other names of arrays, a choice among series, the layout of a MATLAB
    file), call its reader: `read_npz`, `read_csv`, `read_netcdf`, `read_nwb`, `read_zarr`,
    `read_matlab`, `read_wormwideweb`.

    Args:
        path: The file.
        format: The reader to use, such as `read_csv`; None to recognize it.
        kind: What the activity is, where the file does not say: `rate`, `calcium`, `spike_count`
            or `response`.
        dt: Seconds per step, where the file does not say; the bin width of spikes.
        resample: Seconds per step onto which unevenly timed samples are interpolated; the audit
            says how. None refuses an uneven clock.

    Raises:
        InputError: If the file is none of the formats, or not a sound one.
    """
    path = Path(path)
    reader = READERS[recognize(path)] if format is None else format
    return reader(path, kind=kind, dt=dt, resample=resample)
