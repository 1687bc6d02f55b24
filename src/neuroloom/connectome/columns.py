"""Columns of tables as people export them, and their cells, exactly."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes the functions of `compute` when it is imported; pyright cannot see them.)

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from neuroloom.connectome.column_names import plain_name
from neuroloom.connectome.connectome import KINDS
from neuroloom.errors import InputError

__all__ = [
    "Table",
    "as_text",
    "column_of",
    "counts_of",
    "ids_of",
    "is_id",
    "is_whole",
    "kinds_of",
    "plain_array",
    "signs_of",
    "values_of",
    "words_of",
]

KIND_WORDS = {
    **{kind: place for place, kind in enumerate(KINDS)},
    **dict.fromkeys(("chem", "chemical synapse"), 0),
    **dict.fromkeys(
        ("gap", "gap jn", "gap junction", "gapjunction", "gap_junction", "gj", "ej"), 1
    ),
    **dict.fromkeys(("nmj", "neuromuscular junction"), 2),
}
SIGN_WORDS = {
    **dict.fromkeys(("1", "+1", "1.0", "+", "excitatory"), 1),
    **dict.fromkeys(("-1", "-1.0", "-", "inhibitory"), -1),
    **dict.fromkeys(("0", "0.0", "-0.0", "", "unknown"), 0),
}
MISSING = (
    "",
    "nan",
    "NaN",
    "NAN",
    "NA",
    "na",
    "N/A",
    "n/a",
    "<NA>",
    "None",
    "none",
    "NULL",
    "null",
)
WHOLE = r"^(0|-?[1-9][0-9]{0,18})$"
FLOAT_ID = r"^[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+\.?[0-9]*[eE][+-]?[0-9]+)$"
CONTROL = r"[\x00-\x1f\x7f]"
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
PLAIN_NUMBER = r"^-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"  # no zero padding


@dataclass(frozen=True)
class Table:
    """Columns of one length, and how to speak of them.

    Attributes:
        label: What it is called in an error: a file, or `the connections`.
        columns: Each column by its name in the table.
        place: How to name a row, counted from 0: `line 3`.
        untyped: Whether every cell is text that may mean a number.
        types: What the file says its text means: `text`, `int64`, `float64` or `bool`.
        stated: What else the file says of itself: `count_unit`, `name`, `audit`.
        left_out: Columns of the file that were not asked for.
    """

    label: str
    columns: Mapping[str, pa.Array]
    place: Callable[[int], str]
    untyped: bool = False
    types: Mapping[str, str] = field(default_factory=dict)
    stated: Mapping[str, object] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.columns.values()), ()))

    def refuse(self, column: str, bad: np.ndarray, rule: str, instruction: str) -> None:
        """Raises an error about the rows that are bad, if any is."""
        if not bad.any():
            return
        row = int(np.flatnonzero(bad)[0])
        value = self.columns[column][row].as_py()
        shown = f"{value!r:.80}" if value is not None else "nothing"
        raise InputError(
            f"{rule}; {self.label} has {shown} in {self.place(row)}, column `{column}` "
            f"({int(bad.sum()):,} such of {bad.size:,}). {instruction}"
        )


def column_of(table: Table, names: tuple[str, ...], *, first_wins: bool = False) -> str | None:
    """The column of the table that has one of these names; the first name before all others.

    Raises:
        InputError: If several have, none of them the first, and `first_wins` is not set.
    """
    found = [c for name in names for c in table.columns if plain_name(c) == plain_name(name)]
    if not found:
        return None
    if names[0] in table.columns:
        return names[0]
    if len(found) > 1 and not first_wins:
        raise InputError(
            f"One column must give `{names[0]}`; {table.label} has {', '.join(found)}. Rename the "
            f"right one to `{names[0]}`, or remove the others."
        )
    return found[0]


def ids_of(table: Table, column: str) -> tuple[pa.Array, int]:
    """The ids as int64 or text without spaces around, and how many had such spaces.

    Raises:
        InputError: If an id is missing, a float, or on several lines.
    """
    values = _decoded(table.columns[column])
    if not len(values):
        return pa.array([], pa.int64()), 0
    given = "Every neuron id must be given"
    fill = "Fill it in, or remove the row."
    table.refuse(column, _null(values), given, fill)
    if pa.types.is_integer(values.type):
        return _cast(table, column, values, pa.int64()), 0
    if not _is_text(values.type):
        why = (
            "a float cannot hold 18 digits, and blank cells turn whole numbers into floats"
            if pa.types.is_floating(values.type)
            else "they name no neuron"
        )
        raise InputError(
            f"Neuron ids must be whole numbers or text; column `{column}` of {table.label} has "
            f"{values.type} ({len(values):,} rows): {why}. Export and read the ids as int64 or "
            "text (pandas: `dtype=str`)."
        )
    plain = pc.utf8_trim_whitespace(values)
    n_stripped = pc.sum(pc.not_equal(plain, values)).as_py()
    absent = pc.is_in(plain, value_set=pa.array(MISSING, plain.type))
    table.refuse(column, _mask(absent), given, fill)
    table.refuse(
        column,
        _matches(plain, FLOAT_ID),
        "Neuron ids must be whole numbers or names",
        "It went through a float and may have lost digits: export the ids as text.",
    )
    table.refuse(
        column,
        _matches(plain, CONTROL),
        "A neuron id must be plain text on one line",
        "Check the quotes of the file.",
    )
    return plain, n_stripped


def as_text(values: pa.Array) -> pa.Array:
    """Codes and whole numbers written out."""
    if pa.types.is_dictionary(values.type):
        return values.dictionary_decode()
    return values.cast(pa.large_string()) if pa.types.is_integer(values.type) else values


def words_of(table: Table, column: str) -> tuple[list[str], np.ndarray]:
    """The distinct words of a column, blank where a cell is missing, and the place of each cell.

    Raises:
        InputError: If its cells are lists.
    """
    values = table.columns[column]
    if pa.types.is_nested(values.type):
        raise InputError(
            f"Each cell of column `{column}` must hold one word; {table.label} has {values.type}. "
            "Write one word a row, or rename the column if it means something else."
        )
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode(null_encoding="encode")
    words = ["" if v is None else str(v) for v in values.dictionary.to_pylist()]
    if pa.types.is_floating(values.type.value_type):  # a gap in a column of numbers
        words = ["" if word == "nan" else word for word in words]
    return words, values.indices.to_numpy(zero_copy_only=False)


def is_whole(ids: pa.Array) -> np.ndarray:
    """Which of these texts are whole numbers as Python would write them: no zero padding."""
    return _matches(ids, WHOLE)


def is_id(ids: np.ndarray) -> np.ndarray:
    """Which of these texts are ids that every table gives back as they are."""
    plain = pa.array(ids.tolist(), pa.large_string())
    stripped = pc.equal(pc.utf8_trim_whitespace(plain), plain)
    absent = pc.is_in(plain, value_set=pa.array(MISSING, plain.type))
    odd = _mask(absent) | _matches(plain, FLOAT_ID) | _matches(plain, CONTROL)
    return _mask(stripped) & ~odd


def plain_array(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array, text as large strings, codes of categories written out."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
        if isinstance(values, pa.ChunkedArray):
            values = pa.concat_arrays(values.chunks)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    view = pa.types.is_string_view(values.type)
    text = view or pa.types.is_string(values.type) or pa.types.is_null(values.type)
    return values.cast(pa.large_string()) if text else values


def counts_of(table: Table, column: str) -> np.ndarray:
    """Counts as int64, or as float64 where one is written with a point.

    Raises:
        InputError: If one is missing, no number, not finite or negative.
    """
    values = _decoded(table.columns[column])
    rule = "Each connection must have a count of at least 0"
    todo = "Correct the cell, or remove the row."
    table.refuse(column, _null(values), rule, todo)
    if not len(values):
        return np.zeros(0, np.int64)
    if _is_text(values.type):
        plain = pc.utf8_trim_whitespace(values)
        table.refuse(column, ~_matches(plain, NUMBER), rule, todo)
        whole = _matches(plain, r"^\+?[0-9]{1,18}$").all()
        plain = pc.utf8_ltrim(plain, characters="+")
        values = _cast(table, column, plain, pa.int64() if whole else pa.float64())
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise InputError(
            f"{rule}; column `{column}` of {table.label} has {values.type}. Export it as numbers."
        )
    count = values.to_numpy(zero_copy_only=False)
    bad = count < 0 if count.dtype.kind in "iu" else ~(np.isfinite(count) & (count >= 0))
    sign = "Correct the cell, or put the direction of the effect into a column `sign`."
    table.refuse(column, bad, rule, sign)
    return count


def kinds_of(table: Table, column: str) -> np.ndarray:
    """Places in `KINDS`.

    Raises:
        InputError: If a word is not known.
    """
    instruction = f"Write {', '.join(KINDS)}, or rename the column if it means something else."
    return _by_word(
        table, column, KIND_WORDS, "Each connection must be of a known kind", instruction
    )


def signs_of(table: Table, column: str) -> np.ndarray:
    """+1, -1, and 0 where the cell is 0 or blank.

    Raises:
        InputError: If a cell says anything else.
    """
    instruction = "Write the direction of the effect only, and sizes into the count."
    return _by_word(table, column, SIGN_WORDS, "A sign must be +1, 0 or -1", instruction)


def values_of(table: Table, column: str) -> np.ndarray:
    """A further column, as int64, float64, bool or text.

    A missing number is NaN and a missing text is empty. Whole numbers with gaps become floats where
    that is exact, and stay text where it is not. Cells of a text file are numbers only if all are,
    none of them zero-padded.

    Raises:
        InputError: If the cells are not what the file says they are.
    """
    values, stated = _decoded(table.columns[column]), table.types.get(column)
    if table.untyped:
        values = as_text(values)
    if table.untyped and stated != "text":
        return _from_text(table, column, values, stated)
    kind = values.type
    gaps = _null(values).any()
    if pa.types.is_boolean(kind) and not gaps:
        return values.to_numpy(zero_copy_only=False)
    if pa.types.is_integer(kind) and not gaps and not (pa.types.is_uint64(kind)):
        return values.to_numpy(zero_copy_only=False).astype(np.int64)
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and _fits_float(values)):
        return _cast(table, column, values, pa.float64()).to_numpy(zero_copy_only=False)
    if not _is_text(kind):
        values = _cast(table, column, values, pa.large_string())
    return np.array(values.fill_null("").to_pylist(), dtype=str)


def _from_text(table: Table, column: str, values: pa.Array, stated: str | None) -> np.ndarray:
    blank = _mask(pc.is_in(pc.utf8_lower(values), value_set=pa.array(["", "nan"], values.type)))
    whole = _matches(values, WHOLE)
    if stated == "bool":
        known = pa.array(["True", "False"], values.type)
        right = _mask(pc.is_in(values, value_set=known))
        table.refuse(
            column, ~right, "The cells must be True or False, as the file says", "Correct it."
        )
        return _mask(pc.equal(values, "True"))
    if stated == "int64":
        bad = ~whole
        table.refuse(
            column, bad, "The cells must be whole numbers, as the file says", "Correct it."
        )
    if stated == "int64" or (len(values) and stated is None and whole.all() and _fits(values)):
        return _cast(table, column, values, pa.int64()).to_numpy(zero_copy_only=False)
    number = _matches(values, PLAIN_NUMBER) | _mask(
        pc.is_in(values, value_set=pa.array(["inf", "-inf"], values.type))
    )
    if stated == "float64":
        bad = ~(number | blank)
        table.refuse(column, bad, "The cells must be numbers, as the file says", "Correct it.")
    large = whole & _matches(values, r"[0-9]{16}")  # may be ids: a float could not hold them
    if stated == "float64" or ((number | blank).all() and number.any() and not large.any()):
        cells = pc.if_else(pa.array(blank), pa.scalar("nan", values.type), values)
        return _cast(table, column, cells, pa.float64()).to_numpy(zero_copy_only=False)
    return np.array(values.to_pylist(), dtype=str)


def _by_word(
    table: Table, column: str, known: Mapping[str, int], rule: str, instruction: str
) -> np.ndarray:
    words, place = words_of(table, column)
    meaning = np.array([known.get(word.strip().lower(), -128) for word in words], np.int16)
    found = meaning[place] if len(words) else meaning
    table.refuse(column, found == -128, rule, instruction)
    return found.astype(np.int8)


def _decoded(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_large_string(kind)


def _null(values: pa.Array) -> np.ndarray:
    return _mask(pc.is_null(values, nan_is_null=pa.types.is_floating(values.type)))


def _mask(values: pa.Array) -> np.ndarray:
    return values.fill_null(False).to_numpy(zero_copy_only=False).astype(bool)


def _matches(values: pa.Array, pattern: str) -> np.ndarray:
    return _mask(pc.match_substring_regex(values, pattern))


def _fits(whole: pa.Array) -> bool:
    try:
        whole.cast(pa.int64())
    except pa.ArrowInvalid:  # 19 digits, beyond 2^63
        return False
    return True


def _fits_float(values: pa.Array) -> bool:
    least, most = (pc.min_max(values)[side].as_py() for side in ("min", "max"))
    return least is None or (least > -(2**53) and most < 2**53)


def _cast(table: Table, column: str, values: pa.Array, kind: pa.DataType) -> pa.Array:
    try:
        return values.cast(kind)
    except pa.ArrowException as error:
        raise InputError(
            f"Column `{column}` of {table.label} must be readable as {kind}; it is {values.type}: "
            f"{str(error).splitlines()[0][:120]}. Export it as plain numbers or text."
        ) from error
