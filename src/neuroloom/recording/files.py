"""What every reader needs of a file: that it is there, what it is, and that it is not a bomb."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroloom.errors import InputError

if TYPE_CHECKING:
    import h5py

__all__ = ["check_expansion", "check_hdf5", "first_bytes", "json_list", "recognize", "speaking_of"]

HDF5 = b"\x89HDF\r\n\x1a\n"
ALWAYS_FINE = 2**30  # bytes that any file may unpack to
MOST_TIMES = 200  # beyond that, how many times its own size
FOREIGN = {
    b"CDF": "a NetCDF 3 file. Save it again as NetCDF 4: `dataset.to_netcdf(path)`.",
    b"\x93NUMPY": "a single .npy array, without ids and times. Save an .npz with both.",
    b"MATLAB": "a MATLAB file. Load it with SciPy and save what you need as .npz.",
    b"PAR1": "a Parquet table. Save it as CSV, one column a neuron.",
    b"\x80": "probably a pickle, which can run code and is never opened. Save it as .npz.",
    b"\xff\xfe": "text in UTF-16. Save it as UTF-8.",
    b"\xfe\xff": "text in UTF-16. Save it as UTF-8.",
    b"%PDF": "a PDF.",
}


def first_bytes(path: Path, n: int = 4096) -> bytes:
    """The beginning of the file.

    Raises:
        InputError: If it is missing, no plain file, not readable, or empty.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise InputError(
            f"A recording must be a file; {path} is {what}. Check the path"
            f"{' (a zarr folder must be saved as NetCDF)' if path.is_dir() else ''}."
        )
    with speaking_of(path), path.open("rb") as file:
        head = file.read(n)
    if not head:
        raise InputError(
            f"A recording must hold data; {path} is empty (0 bytes). Copy or export it again."
        )
    return head


def recognize(path: Path) -> str:
    """`npz`, `csv`, `netcdf` or `nwb`, by content and not by name.

    Raises:
        InputError: If it is none of these; says what it is, where that can be told.
    """
    head = first_bytes(path)
    if head.startswith(b"\x1f\x8b"):
        with speaking_of(path), gzip.open(path) as file:
            head = file.read(4096)
        if not head:
            raise InputError(
                f"A recording must hold data; {path} unpacks to nothing. Copy or export it again."
            )
        if head.startswith((HDF5, b"PK\x03\x04")):
            raise InputError(
                f"Only text may be packed with gzip; {path} holds a binary file inside. Unpack it "
                "with `gunzip` first."
            )
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    if head.startswith(HDF5):
        import h5py

        with speaking_of(path), h5py.File(path) as file:
            return "nwb" if "nwb_version" in file.attrs else "netcdf"
    for magic, what in FOREIGN.items():
        if head.startswith(magic):
            raise InputError(
                f"A recording must be NPZ, CSV, NetCDF 4 or NWB; {path} looks like {what}"
            )
    if b"\x00" in head:
        raise InputError(
            f"A recording must be NPZ, CSV, NetCDF 4 or NWB; {path} begins with "
            f"{head[:8]!r}, which is none of them and no text. Convert it, or pass `format=`."
        )
    return "csv"


@contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Turns what broken files raise into one `InputError` with the file's name."""
    try:
        yield
    except InputError:
        raise
    except (
        OSError,
        EOFError,
        KeyError,
        ValueError,
        RuntimeError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no more data"
        raise InputError(
            f"{path} must be a whole and readable file; reading it stopped with: "
            f"{type(error).__name__}, {reason[:200]}. Copy or export it again, and check that the "
            "transfer finished."
        ) from error


def check_expansion(path: Path, n_bytes: int, what: str) -> None:
    """Refuses data that would unpack to more than 1 GiB and 200 times the file.

    Raises:
        InputError: If they would.
    """
    size = path.stat().st_size
    if n_bytes > max(ALWAYS_FINE, MOST_TIMES * size):
        raise InputError(
            f"A recording must unpack to less than {MOST_TIMES} times its file, or to 1 GiB; "
            f"{what} in {path} would take {n_bytes:,} bytes, from {size:,}. If the file is meant "
            "to be so, save it again without compression, or in parts."
        )


def check_hdf5(path: Path, file: h5py.File) -> None:
    """Refuses an HDF5 file that holds more numbers than its size allows.

    Raises:
        InputError: If it does.
    """
    import h5py

    def visit(name: str | bytes, item: object) -> None:  # bytes where the name is damaged
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            n = int(np.prod([int(n) for n in item.shape], dtype=object)) if item.shape else 1
            check_expansion(path, n * item.dtype.itemsize, f"`{name!s}`")

    file.visititems(visit)


def json_list(text: str) -> tuple[str, ...]:
    """The sentences in a JSON list, or the text itself as the only one."""
    try:
        sentences = json.loads(text)
    except json.JSONDecodeError:
        sentences = [text] if text else []
    return tuple(map(str, sentences)) if isinstance(sentences, list) else (str(text),)
