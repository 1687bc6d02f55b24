"""Text tables: a header, the separator found in it, and cells that stay text."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from neuroloom.connectome.columns import Table, as_text, is_whole, plain_array
from neuroloom.connectome.files import LONGEST_CELL, text_blocks
from neuroloom.disk import speaking_of
from neuroloom.errors import InputError

__all__ = ["SEPARATORS", "STATED", "columns_of_text", "read_text_table"]

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", " ": "space"}
STATED = ("count_unit", "name", "audit", "types")  # lines `# name: value` on top, each value JSON
FEW_WORDS = 10_000  # in a block: fewer are kept as codes


def read_text_table(
    path: Path, needed: Callable[[Table], object], *, wanted: Callable[[str], bool] = bool
) -> Table:
    """The table in a text file, gzipped or not, with every cell as text.

    A file of several blocks is parsed a block at a time, and columns are kept small on the way:
    as int64 where every cell is a whole number as Python writes it, and as codes of words where
    few words repeat. Both give back the very text, so the table means the same.

    Args:
        path: The file. Lines `# name: value` on top may state what `write_csv` writes there.
        needed: Raises an `InputError` for a header without the columns that it needs. Of comma,
            tab, semicolon and space, the separator is the one that gives these, and most columns;
            space only if no other gives several.
        wanted: Of a column's name, whether its cells are wanted; the others are in `left_out`.

    Raises:
        InputError: If the file is broken, no separator gives the columns, a column repeats, or a
            row has another number of cells than the header.
    """
    with closing(text_blocks(path)) as blocks:
        body, stated, n_above = _top(path, next(blocks))
        line, _, body = body.partition(b"\n")
        separator, header = _header(path, line.decode().rstrip("\r"), needed)
        names = [name for name in header if wanted(name)]
        parts: dict[str, list[pa.Array]] = {name: [] for name in names}
        starts, first_line, n_rows = [], n_above + 2, 0
        following = next(blocks, None)
        whole = following is None
        while True:
            _check_quotes(path, body)
            body = _even(body, separator)
            columns = _columns(path, body, separator, header, names, first_line)
            for name, values in columns.items():
                parts[name].append(values if whole else _compact(values))
            starts.append((n_rows, first_line))
            n_rows += len(next(iter(columns.values()), ()))
            first_line += body.count(b"\n")
            if following is None:
                break
            body, following = following, next(blocks, None)
    types = stated.pop("types", {})
    if not isinstance(types, dict):
        raise InputError(
            f"The line `# types:` must map columns to types; {path} says {types!r:.80}. Correct "
            "or remove it."
        )
    return Table(
        str(path),
        {name: _joined(arrays) for name, arrays in parts.items()},
        partial(_line_of_row, path, separator, n_above + 1, starts),
        untyped=True,
        types=types,
        stated=stated,
        left_out=tuple(name for name in header if name not in parts),
    )


def columns_of_text(path: Path) -> list[str]:
    """The names in the header of a text table; of the separators the one that gives most.

    Raises:
        InputError: If there is no header.
    """
    with closing(text_blocks(path, size=2**20)) as blocks:
        body, _, _ = _top(path, next(blocks))
    line = body.partition(b"\n")[0].decode().rstrip("\r")
    return _header(path, line, lambda _: None)[1]


def _check_quotes(path: Path, body: bytes) -> None:
    n_quotes = body.count(b'"')
    if n_quotes % 2:
        raise InputError(
            f"Every quote must be closed; {path} has {n_quotes:,} quote marks below its header, an "
            "odd number. Check whether the file was cut off, and double the quotes inside cells."
        )


def _even(body: bytes, separator: str) -> bytes:
    """Rows whose cells one space separates, where spaces do."""
    if separator == " " and b'"' not in body:
        return b"\n".join(b" ".join(row.split()) for row in body.split(b"\n"))
    return body


def _compact(values: pa.Array) -> pa.Array:
    if is_whole(values).all():
        try:
            return values.cast(pa.int64())
        except pa.ArrowInvalid:  # 19 digits, beyond 2^63
            return values
    coded = values.dictionary_encode()
    return coded if len(coded.dictionary) < FEW_WORDS else values


def _joined(arrays: list[pa.Array]) -> pa.Array:
    if len({array.type for array in arrays}) > 1:  # numbers as Python writes them are the text
        arrays = [as_text(array) for array in arrays]
    joined = pa.chunked_array(arrays)
    coded = pa.types.is_dictionary(joined.type)
    return joined.unify_dictionaries().combine_chunks() if coded else plain_array(joined)


def _top(path: Path, data: bytes) -> tuple[bytes, dict, int]:
    """What is below the lines that begin with #, what these state, and how many they are."""
    data = _even_ends(data)
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
    if line.count('"') % 2:
        raise InputError(
            f"Every quote must be closed; the header of {path} has an odd number of quote marks: "
            f"{line[:80]!r}. Close it, and keep names on one line."
        )
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
        raise errors[_likeliest({mark: n for mark, (n, _) in errors.items()})][1]
    separator = _likeliest({mark: len(names) for mark, names in fitting.items()})
    header = fitting[separator]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"Each column must occur once; `{repeated[0]}` occurs {header.count(repeated[0])} "
            f"times in {path} ({len(repeated)} names repeat). Rename or remove those columns."
        )
    return separator, header


def _likeliest(n_columns: Mapping[str, int]) -> str:
    """The separator that gives most columns; a space only if no other gives several.

    Names may hold spaces, as in `Root ID,Predicted NT type`.
    """
    others = {mark: n for mark, n in n_columns.items() if mark != " " and n > 1}
    found = others or n_columns
    return max(found, key=lambda mark: found[mark])


def _columns(
    path: Path,
    body: bytes,
    separator: str,
    header: list[str],
    names: list[str],
    first_line: int,
) -> dict[str, pa.Array]:
    text = pa.large_string()
    if not body.strip():
        return {name: pa.array([], text) for name in names}
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(
                column_names=header, block_size=max(2**20, min(len(body) + 1, 2**30))
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, text),
                include_columns=names,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException as error:
        _explain_ragged(path, body, separator, header, first_line)
        with speaking_of(path):
            raise ValueError(str(error)) from error
    return {name: plain_array(table.column(name)) for name in names}


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


def _line_of_row(
    path: Path, separator: str, n_above: int, starts: list[tuple[int, int]], row: int
) -> str:
    """The line of a row, counted from 0; reads the file again, as far as that."""
    at = max(n for n, (first_row, _) in enumerate(starts) if first_row <= row)
    with closing(text_blocks(path)) as blocks:
        body = next(islice(blocks, at, None))
    if at == 0:
        body = _even_ends(body)
        for _ in range(n_above):
            body = body.partition(b"\n")[2]
    first_row, first_line = starts[at]
    for n, (line, _) in enumerate(_rows(body, separator, first_line)):
        if first_row + n == row:
            return f"line {line}"
    return f"row {row + 1}"


def _even_ends(data: bytes) -> bytes:
    return data if b"\n" in data else data.replace(b"\r", b"\n")  # line ends of old
