"""What every reader needs of a file: that it is there, what it is, and that it is not a bomb."""

from __future__ import annotations

import bz2
import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroloom import disk
from neuroloom.disk import first_bytes, speaking_of
from neuroloom.errors import InputError
from neuroloom.recording.hdf5_guard import require_survivable

if TYPE_CHECKING:
    import h5py

__all__ = [
    "check_expansion",
    "check_hdf5",
    "is_hdf5",
    "json_list",
    "recognize",
    "require_format",
    "unpacked",
    "walk_hdf5",
]

HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
A_TEXT = 256  # bytes that a text or a reference may take in memory
USER_BLOCK = 512  # bytes before the HDF5 signature in a MATLAB 7.3 file
ALWAYS_FINE = 2**30  # bytes that any file may unpack to: of numbers, more than of tables
FOREIGN = {
    b"CDF": "a NetCDF 3 file. Save it again as NetCDF 4: `dataset.to_netcdf(path)`.",
    b"\x93NUMPY": "a single .npy array, without ids and times. Save an .npz with both.",
    b"PAR1": "a Parquet table. Save it as CSV, one column a neuron.",
    b"\x80": "probably a pickle, which can run code and is never opened. Save it as .npz.",
    b"\xff\xfe": "text in UTF-16. Save it as UTF-8.",
    b"\xfe\xff": "text in UTF-16. Save it as UTF-8.",
    b"%PDF": "a PDF.",
}
FORMATS = "NPZ, CSV, NetCDF 4, NWB, Zarr, MATLAB, or JSON or HDF5 of WormWideWeb"
STORE = ("zarr.json", ".zgroup", ".zmetadata", ".zarray")  # what lies on top of a Zarr store
WORM = ("trace_array", "trace_original", "trace_array_F20")  # on top of WormWideWeb's flat HDF5


def is_hdf5(path: Path) -> bool:
    """Whether the HDF5 signature is at its start, or after the user block of a MATLAB 7.3 file."""
    head = first_bytes(path, USER_BLOCK + len(HDF5))
    return head.startswith(HDF5) or (head.startswith(b"MATLAB 7.3") and head[USER_BLOCK:] == HDF5)


def recognize(path: Path) -> str:
    """`npz`, `csv`, `netcdf`, `nwb`, `zarr`, `matlab` or `wormwideweb`, by content, not by name.

    Raises:
        InputError: If it is none of these; says what it is, where that can be told.
    """
    if path.is_dir():
        if any((path / name).is_file() for name in STORE):
            return "zarr"
        raise InputError(
            f"A folder must be a Zarr store to be a recording; {path} holds none of "
            f"{', '.join(STORE)}. Check the path."
        )
    head = first_bytes(path)
    if head.startswith((b"\x1f\x8b", b"BZh")):
        with speaking_of(path), (gzip if head[:1] == b"\x1f" else bz2).open(path) as file:
            head = file.read(4096)
        if not head:
            raise InputError(
                f"A recording must hold data; {path} unpacks to nothing. Copy or export it again."
            )
        if head.startswith((HDF5, ZIP[0], b"MATLAB")):
            raise InputError(
                f"What is packed with gzip or bzip2 must be text; {path} holds a binary file. "
                "Unpack it with `gunzip` or `bunzip2` first."
            )
    if head.startswith(ZIP):
        with speaking_of(path), zipfile.ZipFile(path) as archive:
            return "zarr" if set(STORE) & set(archive.namelist()) else "npz"
    if is_hdf5(path):
        require_survivable(path)
        return "matlab" if head.startswith(b"MATLAB") else _kind_of_hdf5(path)
    if head.startswith(b"MATLAB"):
        return "matlab"
    for magic, what in FOREIGN.items():
        if head.startswith(magic):
            raise InputError(f"A recording must be {FORMATS}; {path} looks like {what}")
    if b"\x00" in head:
        raise InputError(
            f"A recording must be {FORMATS}; {path} begins with {head[:8]!r}, which is none of "
            "them and no text. Convert it, or pass `format=`."
        )
    return "wormwideweb" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else "csv"


def _kind_of_hdf5(path: Path) -> str:
    import h5py

    with speaking_of(path, TypeError), h5py.File(path) as file:
        if "nwb_version" in file.attrs:
            return "nwb"
        if "activity" not in file and ("gcamp" in file or any(name in file for name in WORM)):
            return "wormwideweb"
        return "netcdf"


def require_format(path: Path, *wanted: str) -> None:
    """Refuses a file of another format than the reader's, and names the reader to use.

    Raises:
        InputError: If `recognize` says another one.
    """
    found = recognize(path)
    if found not in wanted:
        raise InputError(
            f"This reader must be given a file of {' or '.join(wanted)}; {path} looks like {found}."
            f" Use `read_{found}`, or `read_recording` to have it recognized."
        )


def check_expansion(path: Path, n_bytes: int, what: str, *, size: int | None = None) -> None:
    """`neuroloom.disk.check_expansion`, with 1 GiB that is always fine.

    Raises:
        InputError: If it would take more.
    """
    disk.check_expansion(path, n_bytes, what, size=size, always_fine=ALWAYS_FINE)


def check_hdf5(path: Path, file: h5py.File) -> None:
    """Refuses an HDF5 file that holds more numbers than its size allows, or leads out of itself.

    Raises:
        InputError: If all its datasets together, or a chunk of one, are too large, or a dataset or
            a link points to another file.
    """
    import h5py

    total = 0
    for name, item in walk_hdf5(path, file):
        if not isinstance(item, h5py.Dataset) or item.shape is None:
            continue
        if item.external or item.is_virtual:
            raise InputError(
                f"A recording must be one file; `{name}` of {path} keeps its numbers in another. "
                "Save them into the file itself."
            )
        n, in_chunk = (
            int(np.prod([int(n) for n in sizes], dtype=object)) if sizes else 1
            for sizes in (item.shape, item.chunks)
        )
        total += n * (A_TEXT if item.dtype.kind == "O" else item.dtype.itemsize)
        check_expansion(path, total, f"`{name}` and what comes before it")
        check_expansion(path, in_chunk * item.dtype.itemsize, f"a chunk of `{name}`")


def walk_hdf5(path: Path, file: h5py.File) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Every group and dataset once, by its first path; soft links are not followed.

    Raises:
        InputError: If a link leads to another file, or there are more objects than a file of this
            size can hold.
    """
    import h5py

    open_groups: list[tuple[str, h5py.Group]] = [("", file)]
    seen = {_address(file["/"])}
    most = 1000 + path.stat().st_size // 16  # an object has a header of at least 16 bytes
    while open_groups:
        above, group = open_groups.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise InputError(
                    f"A recording must be one file; `{above}{name}` of {path} is a link to "
                    "another. Save what it leads to into the file itself."
                )
            if not isinstance(link, h5py.HardLink):
                continue
            item = group[name]
            if not isinstance(item, h5py.Group | h5py.Dataset):
                continue
            address = _address(item)
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > most:
                raise InputError(
                    f"An HDF5 file must hold fewer objects than bytes; {path} lists more than "
                    f"{most:,}. It is damaged: copy it again."
                )
            yield f"{above}{name}", item
            if isinstance(item, h5py.Group):
                open_groups.append((f"{above}{name}/", item))


def _address(item: h5py.Group | h5py.Dataset | h5py.Datatype) -> int:
    from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]

    return h5o.get_info(item.id).addr


def unpacked(path: Path, limit: int) -> bytes:
    """All bytes of a file, out of gzip or bzip2 if it is packed.

    Raises:
        InputError: If they are more than `limit`, or more than `check_expansion` allows.
    """
    head = first_bytes(path)
    with speaking_of(path):
        if head.startswith((b"\x1f\x8b", b"BZh")):
            with (gzip if head[:1] == b"\x1f" else bz2).open(path) as file:
                data = file.read(limit + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(
            f"Text must be at most {limit:,} bytes to be read at once; {path} holds more. Save it "
            "in a binary format, such as HDF5, NetCDF or NPZ."
        )
    check_expansion(path, len(data), "the text")
    return data


def json_list(text: str) -> tuple[str, ...]:
    """The sentences in a JSON list, or the text itself as the only one."""
    try:
        sentences = json.loads(text)
    except json.JSONDecodeError:
        sentences = [text] if text else []
    return tuple(map(str, sentences)) if isinstance(sentences, list) else (str(text),)
