"""What every reader of connectomes needs of a file: what it is, and that it is no bomb."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuroloom.errors import InputError

__all__ = ["check_expansion", "first_bytes", "recognize", "speaking_of", "text_of"]

GZIP = b"\x1f\x8b"
ALWAYS_FINE = 2**26  # bytes that any file may unpack to
MOST_TIMES = 200  # beyond that, how many times its own size
WHAT_IS_READ = "an edge list (CSV, TSV, Parquet or Feather) or the Cook 2019 workbook"
FOREIGN = {
    b"\x89HDF\r\n\x1a\n": "HDF5 (NWB, NetCDF 4 or MATLAB 7.3). If it is a recording, read it with "
    "`read_recording`; if it holds wiring, export that as an edge list.",
    b"CDF": "NetCDF 3. If it holds wiring, export that as an edge list.",
    b"\x93NUMPY": "a single .npy array, without ids. Save an edge list with the ids of both ends.",
    b"MATLAB": "a MATLAB file. Load it with SciPy and save the connections as an edge list.",
    b"\x80": "a pickle, which can run code and is never opened. Save it as an edge list.",
    b"%PDF": "a PDF. Ask for the table behind it.",
    b"\xd0\xcf\x11\xe0": "an old .xls workbook. Save the sheet as CSV.",
    b"\xff\xfe": "text in UTF-16. Save it as UTF-8.",
    b"\xfe\xff": "text in UTF-16. Save it as UTF-8.",
    b"FEA1": "Feather version 1. Save it again as version 2: `pandas.DataFrame.to_feather`.",
    b"SQLite format 3": "an SQLite database. Export the table of connections as CSV.",
    b"\x28\xb5\x2f\xfd": "packed with zstd. Unpack it first, or pack it with gzip.",
    b"BZh": "packed with bzip2. Unpack it first, or pack it with gzip.",
    b"\xfd7zXZ": "packed with xz. Unpack it first, or pack it with gzip.",
    b"\x89PNG": "a picture. Ask for the table behind it.",
    b"<": "XML or HTML (GraphML, NeuroML, a web page). Export the connections as an edge list.",
    b"{": "JSON. Export the connections as an edge list.",
    b"[": "JSON. Export the connections as an edge list.",
}


def first_bytes(path: Path, n: int = 4096) -> bytes:
    """The beginning of the file.

    Raises:
        InputError: If it is missing, no plain file, not readable, or empty.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise InputError(f"A connectome must be a file; {path} is {what}. Check the path.")
    with speaking_of(path), path.open("rb") as file:
        head = file.read(n)
    if not head:
        raise InputError(
            f"A table must hold data; {path} is empty (0 bytes). Copy or export it again."
        )
    return head


def recognize(path: Path) -> str:
    """`text`, `parquet`, `feather` or `zip`, by content and not by name.

    Raises:
        InputError: If it is none of these; says what it is, where that can be told.
    """
    head = first_bytes(path)
    if head.startswith(GZIP):
        with speaking_of(path), gzip.open(path) as file:
            head = file.read(4096)
        if not head:
            raise InputError(
                f"A table must hold data; {path} unpacks to nothing. Copy or export it again."
            )
        if head.startswith((b"PAR1", b"ARROW1", b"PK\x03\x04", GZIP)):
            raise InputError(
                f"Only text may be packed with gzip; {path} holds a binary file inside. Unpack it "
                "with `gunzip` first."
            )
    for magic, kind in {b"PAR1": "parquet", b"ARROW1": "feather", b"PK": "zip"}.items():
        if head.startswith(magic) and (kind != "zip" or head[2:4] in (b"\x03\x04", b"\x05\x06")):
            return kind
    for magic, what in FOREIGN.items():
        if (head.lstrip() if magic in (b"<", b"{", b"[") else head).startswith(magic):
            raise InputError(f"A connectome must be {WHAT_IS_READ}; {path} looks like {what}")
    if b"\x00" in head:
        raise InputError(
            f"A connectome must be {WHAT_IS_READ}; {path} begins with {head[:8]!r}, which is none "
            "of them and no text. Export the connections as CSV in UTF-8."
        )
    return "text"


def text_of(path: Path) -> bytes:
    """The bytes of a text file in UTF-8, unpacked if packed, without a mark of byte order.

    Raises:
        InputError: If it is cut off, unpacks to too much, or is not UTF-8.
    """
    with speaking_of(path):
        if first_bytes(path).startswith(GZIP):
            with gzip.open(path) as file:
                data = file.read(max(ALWAYS_FINE, MOST_TIMES * path.stat().st_size) + 1)
            check_expansion(path, len(data))
        else:
            data = path.read_bytes()
    if b"\x00" in data:
        raise InputError(
            f"A text table must hold no NUL bytes; {path} has {data.count(0):,}, the first in line "
            f"{_line(data, data.index(0))}. Copy it again, or export it as UTF-8."
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"A text table must be in UTF-8; {path} has the byte {data[error.start]:#04x} in line "
            f"{_line(data, error.start)}. Save it as UTF-8."
        ) from error
    return data.removeprefix(b"\xef\xbb\xbf")


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def check_expansion(path: Path, n_bytes: int) -> None:
    """Refuses data that would unpack to more than 64 MiB and 200 times the file.

    Raises:
        InputError: If they would.
    """
    size = path.stat().st_size
    if n_bytes > max(ALWAYS_FINE, MOST_TIMES * size):
        raise InputError(
            f"A table must unpack to less than {MOST_TIMES} times its file, or to 64 MiB; {path} "
            f"would take {n_bytes:,} bytes or more, from {size:,}. If it is meant to be so, save "
            "it again without compression, or in parts."
        )


@contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Turns what broken files raise into one `InputError` with the file's name.

    pyarrow's errors are among these: they derive from ValueError, OSError, TypeError and so on.
    """
    try:
        yield
    except InputError:
        raise
    except (
        OSError,
        EOFError,
        LookupError,
        ValueError,
        TypeError,
        MemoryError,
        RuntimeError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        lines = str(error).strip().splitlines() or ["no more data"]
        raise InputError(
            f"{path} must be a whole and readable file; reading it stopped with: "
            f"{type(error).__name__}, {lines[0][:200]}. Copy or export it again, and check that "
            "the transfer finished."
        ) from error
