"""Text tables: a header, the separator found in it, and cells that stay text."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from neuroloom.connectome.columns import Table, plain_array
from neuroloom.connectome.files import speaking_of, text_of
from neuroloom.errors import InputError

__all__ = ["SEPARATORS", "STATED", "read_text_table"]

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", " ": "space"}
STATED = ("count_unit", "name", "audit", "types")  # lines `# name: value` on top, each value JSON
LONGEST_CELL = 10_000_000


def read_text_table(path: Path, needed: Callable[[Table], object]) -> Table:
    """The table in a text file, gzipped or not, with every cell as text.

    Args:
        path: The file. Lines `# name: value` on top may state what `write_csv` writes there.
        needed: Raises an `InputError` for a header without the columns that it needs. Of comma,
            tab, semicolon and space, the separator is the one that gives these, and most columns.

    Raises:
        InputError: If the file is broken, no separator gives the columns, a column repeats, or a
            row has another number of cells than the header.
    """
    body, stated, n_above = _top(path, text_of(path))
    line, _, body = body.partition(b"\n")
    header_text = line.decode().rstrip("\r")
    separator, header = _header(path, header_text, needed)
    if separator == " " and b'"' not in body:
        body = b"\n".join(b" ".join(row.split()) for row in body.splitlines())
    n_quotes = body.count(b'"')
    if n_quotes % 2:
        raise InputError(
            f"Every quote must be closed; {path} has {n_quotes:,} quote marks below its header, an "
            "odd number. Check whether the file was cut off, and double the quotes inside cells."
        )
    columns = _columns(path, body, separator, header, n_above + 2)
    types = stated.pop("types", {})
    if not isinstance(types, dict):
        raise InputError(
            f"The line `# types:` must map columns to types; {path} says {types!r:.80}. Correct "
            "or remove it."
        )
    place = partial(_line_of, body, separator, n_above + 2)
    return Table(str(path), columns, place, untyped=True, types=types, stated=stated)


def _top(path: Path, data: bytes) -> tuple[bytes, dict, int]:
    """What is below the lines that begin with #, what these state, and how many they are."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # line ends of old
    stated, n_above = {}, 0
    while data.startswith(b"#"):
        line, _, data = data.partition(b"\n")
        n_above += 1
        name, _, value = line.decode().lstrip("# ").partition(":")
        if name.strip() in STATED:
            try:
                stated[name.strip()] = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise InputError(
                    f"The line `# {name.strip()}:` must hold JSON; {path} has "
                    f"{value.strip()!r:.80} in line {n_above}. Put text in double quotes, or "
                    "remove the line."
                ) from error
    while data[:1] in (b"\n", b"\r"):
        data, n_above = data.removeprefix(b"\r").removeprefix(b"\n"), n_above + 1
    if not data.strip():
        raise InputError(
            f"A table must have a header; {path} holds nothing but blank and # lines ({n_above}). "
            "Export it again with its header."
        )
    return data, stated, n_above


def _header(path: Path, line: str, needed: Callable[[Table], object]) -> tuple[str, list[str]]:
    fitting, errors = {}, {}
    for mark in SEPARATORS:
        try:
            cells = next(csv.reader([line], delimiter=mark, strict=True), [])
        except csv.Error:
            cells = line.split(mark)
        if mark == " ":
            cells = line.split()
        names = [cell.strip() or "unnamed" for cell in cells]
        trial = Table(str(path), dict.fromkeys(names, pa.array([], pa.large_string())), str)
        try:
            needed(trial)
        except InputError as error:
            errors[mark] = (len(names), error)
        else:
            fitting[mark] = names
    if not fitting:
        raise max(errors.values(), key=lambda found: found[0])[1]
    separator = max(fitting, key=lambda mark: len(fitting[mark]))
    header = fitting[separator]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"Each column must occur once; `{repeated[0]}` occurs {header.count(repeated[0])} "
            f"times in {path} ({len(repeated)} names repeat). Rename or remove those columns."
        )
    return separator, header


def _columns(
    path: Path, body: bytes, separator: str, header: list[str], first_line: int
) -> dict[str, pa.Array]:
    text = pa.large_string()
    if not body.strip():
        return {name: pa.array([], text) for name in header}
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(
                column_names=header, block_size=max(2**20, min(len(body) + 1, 2**30))
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, text), strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        _explain_ragged(path, body, separator, header, first_line)
        with speaking_of(path):
            raise ValueError(str(error)) from error
    return {name: plain_array(table.column(name)) for name in header}


def _explain_ragged(
    path: Path, body: bytes, separator: str, header: list[str], first_line: int
) -> None:
    for line, row in _rows(body, separator, first_line):
        if len(row) != len(header):
            raise InputError(
                f"Each row must have as many cells as the header, {len(header)}; line {line} of "
                f"{path} has {len(row)}. Check the separator ({SEPARATORS[separator]}) and "
                "whether the file was cut off."
            )


def _rows(body: bytes, separator: str, first_line: int) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(body.decode(), newline=""), delimiter=separator)
    before = 0
    for row in reader:
        if row:
            yield first_line + before, row
        before = reader.line_num


def _line_of(body: bytes, separator: str, first_line: int, row: int) -> str:
    for at, (line, _) in enumerate(_rows(body, separator, first_line)):
        if at == row:
            return f"line {line}"
    return f"row {row + 1}"
