"""Tables of neurons: which column holds the ids, and what else they say of each neuron."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes the functions of `compute` when it is imported; pyright cannot see them.)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from neuroloom.connectome.column_names import NEURON_COLUMNS, NEURON_ID
from neuroloom.connectome.columns import Table, as_text, column_of, ids_of, is_whole, values_of
from neuroloom.errors import InputError

__all__ = ["annotate", "further", "id_column", "one_type", "unrepeated"]

PERSONAL = ("user_id", "user_name", "user_affiliation")  # people: never carried on


def id_column(table: Table) -> str | None:
    """The column that holds the ids of neurons, or None.

    One of `NEURON_ID`; else the first column, if its name ends in `_id` (harmonised tables name it
    after their dataset) or is blank (pandas writes an index so).
    """
    own = column_of(table, NEURON_ID, first_wins=True)
    first = next(iter(table.columns), "")
    return first if own is None and (first.endswith("_id") or first == "unnamed") else own


def further(table: Table, said: list[str]) -> dict[str, np.ndarray]:
    """Every other column, one entry a row; columns of other names are called as we call them."""
    own = str(id_column(table))
    rename = {}
    if own != "neuron_id":  # a table from elsewhere, with its own words
        for ours, names in NEURON_COLUMNS.items():
            theirs = column_of(table, names, first_wins=True)
            if theirs not in (None, own, ours):
                rename[theirs] = ours
                said.append(f"took `{theirs}` as {ours}")
    people = [name for name in table.columns if name in PERSONAL]
    if people:
        said.append(f"left out the columns {', '.join(people)}: they are about people")
    nested = [name for name, values in table.columns.items() if pa.types.is_nested(values.type)]
    if nested:
        said.append(f"left out the columns {', '.join(nested)}: their cells are lists")
    return {
        rename.get(name, name): values_of(table, name)
        for name in table.columns
        if name not in (own, *people, *nested)
    }


def annotate(
    columns: dict[str, np.ndarray], ids: np.ndarray, table: Table, said: list[str]
) -> None:
    """Adds to `columns` what a further table says of these neurons; it adds no neuron.

    Raises:
        InputError: If an id repeats, or is of another type than those of the neurons.
    """
    own = str(id_column(table))
    theirs, _ = ids_of(table, own)
    known = pa.array(ids.tolist(), pa.int64() if ids.dtype.kind == "i" else pa.large_string())
    ours = Table("the table of neurons", {"neuron_id": known}, str, untyped=True)
    known, theirs = one_type([(ours, "neuron_id"), (table, own)], [known, theirs], [])
    unrepeated(table, own, theirs)
    row = pc.index_in(known, value_set=theirs)
    n_told = len(row) - row.null_count
    others = len(theirs) - n_told
    said.append(
        f"{Path(table.label).name} says something of {n_told:,} of {len(ids):,} neurons"
        f"{f'; its {others:,} rows of other ids are left out' if others else ''}"
    )
    taken = {name: _taken(table, values, row) for name, values in table.columns.items()}
    found = further(replace(table, columns=taken), said)
    for name, values in found.items():
        if name not in columns:
            columns[name] = values
            continue
        differ = int((columns[name].astype(str) != values.astype(str)).sum())
        said.append(
            f"left out `{name}` of {Path(table.label).name}: an earlier table has it "
            f"({differ:,} of {len(ids):,} cells differ)"
        )


def _taken(table: Table, values: pa.Array, row: pa.Array) -> pa.Array:
    """The rows of the neurons, missing where there is none; text tables say so with a blank."""
    if table.untyped:
        return as_text(values).take(row).fill_null("")
    return values.take(row)


def one_type(
    tables: list[tuple[Table, str]], parts: list[pa.Array], said: list[str]
) -> list[pa.Array]:
    """All as int64 or all as text. A number that is text becomes a number only in a text file.

    Raises:
        InputError: If some ids are numbers and some are words.
    """
    whole = [
        np.ones(len(ids), bool) if pa.types.is_integer(ids.type) else is_whole(ids) for ids in parts
    ]
    may = [
        len(ids) == 0
        or pa.types.is_integer(ids.type)
        or (table.untyped and table.types.get(column) != "text")
        for (table, column), ids in zip(tables, parts, strict=True)
    ]
    if all(may) and all(w.all() for w in whole):
        try:
            return [ids.cast(pa.int64()) for ids in parts]
        except pa.ArrowInvalid:
            said.append("ids are text, because a number among them has more than 63 bits")
    if all(may):  # numbers as Python writes them are the text
        parts = [
            as_text(ids) if table.untyped else ids
            for (table, _), ids in zip(tables, parts, strict=True)
        ]
    numbers = [n for n, ids in enumerate(parts) if len(ids) and pa.types.is_integer(ids.type)]
    texts = [n for n, ids in enumerate(parts) if len(ids) and not pa.types.is_integer(ids.type)]
    if numbers and texts:
        (a, of_numbers), (b, of_text) = tables[numbers[0]], tables[texts[0]]
        raise InputError(
            f"Ids must be of one type in both tables and at both ends; `{of_numbers}` of "
            f"{a.label} has whole numbers, `{of_text}` of {b.label} has text such as "
            f"{parts[texts[0]][0].as_py()!r}. Convert both to int64 or both to text, without going "
            "through floats."
        )
    n_words, n_all = sum(int((~w).sum()) for w in whole), sum(len(ids) for ids in parts)
    if all(may) and 0 < n_words < n_all:
        word = next(
            ids[int(np.flatnonzero(~w)[0])].as_py()
            for ids, w in zip(parts, whole, strict=True)
            if not w.all()
        )
        said.append(
            f"ids are text, because {n_words:,} of {n_all:,} are no plain whole numbers, such as "
            f"{word!r}"
        )
    return [ids if len(ids) else pa.array([], pa.large_string()) for ids in parts]


def unrepeated(table: Table, column: str, ids: pa.Array) -> None:
    """Refuses a table in which a neuron has several rows.

    Raises:
        InputError: If one has; names it and its rows.
    """
    coded = ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    repeated = np.bincount(coded) > 1
    if repeated.any():
        rows = np.flatnonzero(coded == int(np.flatnonzero(repeated)[0]))
        where = ", ".join(table.place(int(row)) for row in rows[:3])
        raise InputError(
            f"Each neuron must have one row; {ids[int(rows[0])].as_py()!r} has {len(rows)} in "
            f"{table.label}, column `{column}` ({where}; {int(repeated.sum()):,} ids repeat). "
            "Remove the repeated rows."
        )
