"""Small workbooks, .xlsx and old .xls: every sheet as rows of text, with bounds on all of it."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from neuroloom.connectome.columns import Table
from neuroloom.disk import first_bytes
from neuroloom.errors import InputError

__all__ = ["is_workbook", "read_workbook", "sheet_table"]

XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
MOST_BYTES = 2**26  # that a new workbook may unpack to
MOST_OLD_BYTES = 2**24  # of an old one, which is not packed; the worm's largest has 518 kB
MOST_TAGS = 2**21  # in all XML of a new workbook; each may become an object
MOST_ROWS, MOST_COLUMNS, MOST_SHEETS = 50_000, 64, 64  # the worm's largest sheet has 6,418 rows
NAME, FILLER = 0x18, 0xFFFF  # kinds of BIFF records; no record is of the second
BROKEN = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RuntimeError,
    SyntaxError,  # XML that does not parse
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
Sheets = Mapping[str, list[list[str]]]


def is_workbook(path: Path) -> bool:
    """Whether the file begins as an .xls or a zip archive does; False where there is no file."""
    try:
        return first_bytes(path, 8).startswith((XLS, ZIP))
    except InputError:
        return False


def read_workbook(path: Path, *, n_rows: int | None = None) -> Sheets:
    """The rows of each sheet, every cell as text, blank cells empty.

    Whole numbers are written without a point. Formulas are refused in an .xlsx, and read as the
    value that was saved with them in an .xls. No macro, link or defined name is looked at.

    Args:
        path: The workbook.
        n_rows: How many rows of each are enough, for a look at the headers; None for all.

    Raises:
        InputError: If the file is broken, no workbook, or too large.
    """
    enough = MOST_ROWS + 1 if n_rows is None else n_rows  # one more, to see that there are more
    with _speaking_of(path):
        if first_bytes(path, 8).startswith(XLS):
            return _old(path, enough)
        return _new(path, enough)


def sheet_table(path: Path, title: str, rows: list[list[str]]) -> Table:
    """The sheet as a table under the names in its first row; blank rows are left out.

    Raises:
        InputError: If a column repeats, or a cell stands under no name.
    """
    header = [cell.strip() for cell in rows[0]] if rows else []
    while header and not header[-1]:
        header.pop()
    label = f"the sheet `{title}` of {path}"
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"Each column must occur once; `{repeated[0]}` occurs {header.count(repeated[0])} "
            f"times in {label} ({len(repeated)} names repeat). Rename or remove those columns."
        )
    number = [n for n, row in enumerate(rows) if n and any(cell.strip() for cell in row)]
    for n in number:
        beyond = [cell for cell in rows[n][len(header) :] if cell.strip()]
        if beyond:
            raise InputError(
                f"Every cell must stand under a name in row 1; {label} has {beyond[0]!r:.80} in "
                f"row {n + 1}, beyond the {len(header)} names. Name its column, or blank the cell."
            )
    columns = {}
    for k, name in enumerate(header):
        cells = [rows[n][k] if k < len(rows[n]) else "" for n in number]
        columns[name] = pa.array(cells, pa.large_string())
    return Table(label, columns, lambda row: f"row {number[row] + 1}", untyped=True)


def _new(path: Path, n_rows: int) -> Sheets:
    from openpyxl import load_workbook

    # A file object, because openpyxl refuses a path by its extension.
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        _check_archive(archive)
        with warnings.catch_warnings():
            # Of parts that openpyxl does not know, such as print settings; none has a value.
            warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
            workbook = load_workbook(file, read_only=True, data_only=False)
            try:
                sheets = workbook.worksheets
                _check("sheets", len(sheets), MOST_SHEETS)
                return {
                    sheet.title: _bounded(
                        sheet.iter_rows(
                            max_row=n_rows,
                            max_col=MOST_COLUMNS + 1,
                            values_only=True,
                        )
                    )
                    for sheet in sheets
                }
            finally:
                workbook.close()


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Refuses what unpacks to too much, has too many tags, or defines words of its own in XML.

    Such words can grow without bound when they are used, and no workbook needs them.
    """
    members = archive.infolist()
    _check("bytes unpacked", sum(member.file_size for member in members), MOST_BYTES)
    n_tags = 0
    for member in members:
        if not member.filename.endswith((".xml", ".rels")):
            continue
        with archive.open(member) as file:
            end = b""
            while piece := file.read(2**20):
                piece = piece.replace(b"\x00", b"")  # every other byte in UTF-16
                n_tags += piece.count(b"<")
                _check("tags", n_tags, MOST_TAGS)
                end = end[-32:] + piece
                if b"<!DOCTYPE" in end or b"<!ENTITY" in end:
                    raise InputError(
                        "A workbook must not define its own XML; "
                        f"`{member.filename}` has a DOCTYPE. Save it again with a spreadsheet."
                    )


def _old(path: Path, n_rows: int) -> Sheets:
    from xlrd.biffh import XLRDError
    from xlrd.book import open_workbook_xls
    from xlrd.compdoc import CompDoc, CompDocError

    _check("bytes", path.stat().st_size, MOST_OLD_BYTES)
    quiet = io.StringIO()  # xlrd prints what it finds odd
    try:
        document = CompDoc(path.read_bytes(), logfile=quiet)
        for stream in ("Workbook", "Book"):
            memory, start, size = document.locate_named_stream(stream)
            if memory:
                break
        else:
            raise ValueError("it holds no stream `Workbook`")
        records = _without_names(bytes(memory[start : start + size]))
        book = open_workbook_xls(
            file_contents=records, logfile=quiet, on_demand=True, ragged_rows=True
        )
        _check("sheets", book.nsheets, MOST_SHEETS)
        sheets = {}
        for n, title in enumerate(book.sheet_names()):
            sheet = book.sheet_by_index(n)
            rows = (
                [_old_cell(cell.ctype, cell.value) for cell in sheet.row(k)]
                for k in range(min(sheet.nrows, n_rows))
            )
            sheets[title] = _bounded(rows)
            book.unload_sheet(n)
        return sheets
    except (XLRDError, CompDocError) as error:
        raise ValueError(str(error)) from error


def _without_names(records: bytes) -> bytes:
    """The records with defined names marked as no record at all.

    xlrd works out the formulas of names, and names made of names can double 40 times.
    """
    marked = bytearray(records)
    at = 0
    while at + 4 <= len(marked):
        kind, size = struct.unpack_from("<HH", marked, at)
        if kind == NAME:
            struct.pack_into("<H", marked, at, FILLER)
        at += 4 + size
    return bytes(marked)


def _old_cell(kind: int, value: object) -> object:
    from xlrd import XL_CELL_BOOLEAN, XL_CELL_ERROR

    if kind == XL_CELL_BOOLEAN:
        return bool(value)
    return "#ERROR" if kind == XL_CELL_ERROR else value


def _bounded(rows: Iterable[Iterable[object]]) -> list[list[str]]:
    found = []
    for row in rows:
        cells = list(row)
        while cells and cells[-1] in (None, ""):
            cells.pop()
        _check("columns", len(cells), MOST_COLUMNS)
        found.append([_text(value) for value in cells])
    _check("rows in a sheet", len(found), MOST_ROWS)  # blank ones too: below there may be others
    while found and not found[-1]:
        found.pop()
    return found


def _text(value: object) -> str:
    if isinstance(value, str):
        if value.startswith("="):
            raise InputError(
                f"A cell must hold a value; {value!r:.80} is a formula. Save the sheet with values "
                "(copy, then paste values only)."
            )
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return "" if value is None else str(value)


def _check(what: str, n: int, most: int) -> None:
    if n > most:
        raise InputError(
            f"A workbook must have at most {most:,} {what}; it has {n:,} or more. Save larger "
            "tables as CSV or Parquet."
        )


@contextmanager
def _speaking_of(path: Path) -> Iterator[None]:
    from openpyxl.utils.exceptions import CellCoordinatesException, InvalidFileException

    try:
        yield
    except InputError as error:
        text = str(error)
        raise InputError(text if str(path) in text else f"{path}: {text}") from error
    except (*BROKEN, CellCoordinatesException, InvalidFileException) as error:
        lines = str(error).strip().splitlines() or ["no more data"]
        raise InputError(
            f"{path} must be a complete workbook (.xlsx or .xls); reading it stopped with: "
            f"{type(error).__name__}, {lines[0][:200]}. Download or export it again."
        ) from error
