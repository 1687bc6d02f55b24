"""What was computed, as a file in the format that the name asks for."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from neuroloom.errors import InputError
from neuroloom.recording import Recording, write_netcdf, write_npz, write_nwb, write_zarr

__all__ = ["ENDINGS", "require_ending", "save_computed"]

ENDINGS = {".nc": write_netcdf, ".npz": write_npz, ".nwb": write_nwb, ".zarr": write_zarr}


def require_ending(path: Path, option: str = "--out") -> None:
    """Refuses a name that does not say a format, before anything is computed for it.

    Args:
        path: The file.
        option: What the user gave it as.

    Raises:
        InputError: If the name ends in none of `ENDINGS`, or the folder around it is missing.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InputError(
            f"`{option}` must end in one of {', '.join(ENDINGS)}, which says the format; got "
            f"`{path.name}`. Write, for example, `{path.stem or 'rates'}.nc`."
        )
    if not path.parent.is_dir():
        raise InputError(
            f"`{option}` must be in a folder that exists; {path.parent} does not. Make it, or "
            "choose another."
        )


def save_computed(path: Path, recording: Recording) -> None:
    """Writes a simulation or predictions as NetCDF, NPZ, NWB or Zarr, by the ending of the name.

    An NWB file must tell of a session, and these have none: its description says so, its time
    0 is when the file was written, and its identifier is drawn.

    Args:
        path: The file; for Zarr a folder.
        recording: What was computed.

    Raises:
        InputError: If the name ends in none of `ENDINGS`, the file cannot be written, or the
            package that writes it is not installed.
    """
    require_ending(path)
    writer = ENDINGS[path.suffix.lower()]
    if writer is not write_nwb:
        writer(path, recording)
        return
    write_nwb(
        path,
        recording,
        session_description=(
            f"No experiment: {recording.name or 'activity'}, made by neuroloom. Time 0 is when "
            "this file was written."
        ),
        identifier=f"neuroloom-{uuid.uuid4()}",
        session_start_time=datetime.now(UTC),
    )
