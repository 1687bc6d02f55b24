"""What every reader of connectomes needs of a file: what it is, and that it is no bomb."""

import gzip
import io
from collections.abc import Generator
from pathlib import Path

from neuroloom.disk import check_expansion, first_bytes, speaking_of
from neuroloom.errors import InputError

__all__ = ["recognize", "text_blocks", "top_of"]

GZIP = b"\x1f\x8b"
BLOCK = 2**26  # bytes of text that are parsed at a time
LONGEST_CELL = 10_000_000
WHAT_IS_READ = (
    "an edge list (CSV, TSV, Parquet or Feather), GraphML, or a workbook of Cook 2019, Varshney "
    "2011 or Witvliet 2021"
)
KINDS_OF_FILES = {
    b"PAR1": "parquet",
    b"ARROW1": "feather",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\xd0\xcf\x11\xe0": "xls",
}
FOREIGN = {
    b"\x89HDF\r\n\x1a\n": "HDF5 (NWB, NetCDF 4 or MATLAB 7.3). If it is a recording, read it with "
    "`read_recording`; if it holds wiring, export that as an edge list.",
    b"CDF": "NetCDF 3. If it holds wiring, export that as an edge list.",
    b"\x93NUMPY": "a single .npy array, without ids. Save an edge list with the ids of both ends.",
    b"MATLAB": "a MATLAB file. Load it with SciPy and save the connections as an edge list.",
    b"\x80": "a pickle, which can run code and is never opened. Save it as an edge list.",
    b"%PDF": "a PDF. Ask for the table behind it.",
    b"\xff\xfe": "text in UTF-16. Save it as UTF-8.",
    b"\xfe\xff": "text in UTF-16. Save it as UTF-8.",
    b"FEA1": "Feather version 1. Save it again as version 2: `pandas.DataFrame.to_feather`.",
    b"SQLite format 3": "an SQLite database. Export the table of connections as CSV.",
    b"\x28\xb5\x2f\xfd": "packed with zstd. Unpack it first, or pack it with gzip.",
    b"BZh": "packed with bzip2. Unpack it first, or pack it with gzip.",
    b"\xfd7zXZ": "packed with xz. Unpack it first, or pack it with gzip.",
    b"\x89PNG": "a picture. Ask for the table behind it.",
    b"{": "JSON. Export the connections as an edge list.",
    b"[": "JSON. Export the connections as an edge list.",
}


def top_of(path: Path, n: int = 4096) -> bytes:
    """The beginning of the file, unpacked if it is packed with gzip.

    Raises:
        InputError: As `first_bytes`, or if the packing is broken.
    """
    head = first_bytes(path, n)
    if head.startswith(GZIP):
        with speaking_of(path), gzip.open(path) as file:
            head = file.read(n)
    return head


def recognize(path: Path) -> str:
    """`text`, `parquet`, `feather`, `zip`, `xls` or `xml`, by content and not by name.

    Raises:
        InputError: If it is none of these; says what it is, where that can be told.
    """
    head = top_of(path)
    if first_bytes(path).startswith(GZIP):
        if not head:
            raise InputError(
                f"A table must hold data; {path} unpacks to nothing. Copy or export it again."
            )
        if head.startswith((*KINDS_OF_FILES, GZIP)):
            raise InputError(
                f"What is packed with gzip must be text; {path} holds a binary file. Unpack "
                "it with `gunzip` first."
            )
    for magic, kind in KINDS_OF_FILES.items():
        if head.startswith(magic):
            return kind
    if head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lstrip().startswith(b"<"):
        return "xml"
    for magic, what in FOREIGN.items():
        if (head.lstrip() if magic in (b"<", b"{", b"[") else head).startswith(magic):
            raise InputError(f"A connectome must be {WHAT_IS_READ}; {path} looks like {what}")
    if b"\x00" in head:
        raise InputError(
            f"A connectome must be {WHAT_IS_READ}; {path} begins with {head[:8]!r}, which is none "
            "of them and no text. Export the connections as CSV in UTF-8."
        )
    return "text"


def text_blocks(path: Path, *, size: int | None = None) -> Generator[bytes, None, None]:
    """The bytes of a text file in UTF-8, unpacked if packed, without a mark of byte order.

    They come in blocks, each of which ends with a line, and not inside of quotes.

    Args:
        path: The file.
        size: Bytes in a block, about; None for 64 MiB.

    Raises:
        InputError: If the file is cut off, unpacks to too much, is not UTF-8, or a quote stays open
            for longer than the longest cell.
    """
    size = size or BLOCK
    n_lines, n_bytes, data = 0, 0, b""
    with speaking_of(path), _unpacked(path) as file:
        following = file.read(size).removeprefix(b"\xef\xbb\xbf")
        while True:
            data += following
            n_bytes += len(following)
            check_expansion(path, n_bytes)
            following = file.read(size)
            at = _last_line_end(data) + 1 if following else len(data)
            if not at and len(data) > 2 * size + LONGEST_CELL and b"\n" in data:
                raise InputError(
                    f"Every quote must be closed within {LONGEST_CELL:,} bytes; {path} has an open "
                    f"one below line {n_lines + 1:,}. Double the quotes inside cells."
                )
            if at or not following:
                block, data = data[:at], data[at:]
                _check_text(path, block, n_lines)
                n_lines += block.count(b"\n")
                yield block
            if not following:
                return


def _unpacked(path: Path) -> gzip.GzipFile | io.BufferedReader:
    packed = first_bytes(path).startswith(GZIP)
    return gzip.open(path) if packed else path.open("rb")


def _last_line_end(data: bytes) -> int:
    """Where the last line ends that is not inside of quotes; -1 if none does."""
    at = data.rfind(b"\n")
    n_quotes = data.count(b'"', 0, max(at, 0))
    while at >= 0 and n_quotes % 2:
        before = data.rfind(b"\n", 0, at)
        n_quotes -= data.count(b'"', max(before, 0), at)
        at = before
    return at


def _check_text(path: Path, block: bytes, n_above: int) -> None:
    if b"\x00" in block:
        raise InputError(
            f"A text table must hold no NUL bytes; {path} has {block.count(0):,}, the first in "
            f"line {n_above + _line(block, block.index(0))}. Copy it again, or export it as UTF-8."
        )
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"A text table must be in UTF-8; {path} has the byte {block[error.start]:#04x} in line "
            f"{n_above + _line(block, error.start)}. Save it as UTF-8."
        ) from error


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
