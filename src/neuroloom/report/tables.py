"""The tables of the page: scores by arm, every measurement, neurons, and what made the run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuroloom.report.records import GROUPS, NeuronScore, Score
from neuroloom.report.wording import (
    GROUP_NAMES,
    interval_text,
    measure_name,
    number,
    plain_name,
)

__all__ = [
    "Cell",
    "Column",
    "Table",
    "data_table",
    "every_measurement",
    "neuron_table",
    "score_table",
    "settings_table",
    "short_split",
]

_N_COLUMNS = 7
_FIRST = (
    ("held-out stimulated, pooled", "auroc"),
    ("held-out stimulated, mean over trial counts", "auroc"),
    ("held-out stimulated, pooled", "auprc"),
    ("held-out stimulated, pooled", "correlation"),
    ("held-out stimulated, pooled", "identity_r2"),
    ("held-out stimulated, pooled", "brier"),
    ("held-out stimulated, homologs may be in training, pooled", "auroc"),
    ("held-out neurons", "correlation"),
    ("held-out neurons", "identity_r2"),
    ("held-out neurons", "mse"),
    ("observed neurons", "correlation"),
    ("observed neurons", "identity_r2"),
)


@dataclass(frozen=True)
class Column:
    """Head of a column; numbers sort as numbers, the largest first."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: What is read.
        sort: By what it is sorted: a number, or the text itself. NaN goes last.
        note: A smaller second line.
        group: Group of the arm, for its color.
    """

    text: str
    sort: float | str = ""
    note: str = ""
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table with one head.

    Attributes:
        name: Unique on the page.
        caption: What its rows are.
        columns: From left to right.
        rows: Cells in the order of the columns.
        sortable: Whether a click on a head sorts it.
        folded: Whether it is closed until the reader opens it.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sortable: bool = True
    folded: bool = False


def short_split(split: str) -> str:
    """The split without what all splits of a run share.

    Example:
        >>> short_split("held-out stimulated, pooled"), short_split("held-out neurons")
        ('pooled', 'held-out neurons')
    """
    return split.removeprefix("held-out stimulated, ")


def score_table(scores: Sequence[Score]) -> Table:
    """One row an arm, group by group; the measures that matter most."""
    known = {
        (row.arm, row.split, row.measure): row for row in scores[::-1] if row.value == row.value
    }
    present = dict.fromkeys((row.split, row.measure) for row in scores if row.value == row.value)
    pairs = [pair for pair in _FIRST if pair in present]
    pairs = (pairs or [pair for pair in present if pair[1] != "prevalence"])[:_N_COLUMNS]
    units = {(row.split, row.measure): row.unit for row in known.values()}
    rows = []
    groups = {row.arm: row.group for row in scores}
    for arm, group in sorted(groups.items(), key=lambda item: GROUPS.index(item[1])):
        cells = [_score_cell(known.get((arm, *pair))) for pair in pairs]
        if any(cell.text for cell in cells):
            name = plain_name(arm)
            title = GROUP_NAMES[group]
            rows.append((Cell(name, name, group=group), Cell(title, title), *cells))
    columns = [Column("arm"), Column("group")]
    columns += [
        Column(f"{measure_name(pair[1])}{_in_unit(units[pair])}, {short_split(pair[0])}", True)
        for pair in pairs
    ]
    return Table(
        "scores",
        "One row an arm. Below each value its 95 % interval (for a null wiring of several draws, "
        "where a further draw falls). Click a head to sort.",
        tuple(columns),
        tuple(rows),
    )


def _in_unit(unit: str) -> str:
    return f" in {unit.replace('^2', '²')}" if unit else ""


def _score_cell(row: Score | None) -> Cell:
    if row is None:
        return Cell("", float("nan"))
    return Cell(number(row.value), row.value, interval_text(row.low, row.high))


def every_measurement(scores: Sequence[Score]) -> Table:
    """`scores.csv` as it is, for reading."""
    columns = (
        Column("arm"),
        Column("split"),
        Column("measure"),
        Column("value", True),
        Column("95 % interval"),
        Column("n", True),
    )
    rows = tuple(
        (
            Cell(plain_name(row.arm), plain_name(row.arm), group=row.group),
            Cell(row.split, row.split),
            Cell(f"{measure_name(row.measure)}{_in_unit(row.unit)}", row.measure),
            Cell(number(row.value), row.value),
            Cell(interval_text(row.low, row.high)),
            Cell(_count(row.n), row.n),
        )
        for row in scores
    )
    caption = (
        f"All {len(rows)} measurements. n counts what was scored or, for an arm of several draws, "
        "the draws."
    )
    return Table("measurements", caption, columns, rows, folded=True)


def neuron_table(neurons: Sequence[NeuronScore]) -> Table:
    """One row a neuron and role, one column a measure, with what it was counted on."""
    measures = list(dict.fromkeys(row.measure for row in neurons))
    columns = [Column("neuron"), Column("role")]
    columns += [Column(measure_name(measure), True) for measure in measures]
    columns.append(Column("n", True))
    by_key: dict[tuple[str, str], dict[str, NeuronScore]] = {}
    for row in neurons:
        by_key.setdefault((row.neuron, row.role), {})[row.measure] = row
    rows = []
    for (neuron, role), found in by_key.items():
        counts = {row.n for row in found.values() if row.n == row.n}
        cells = [_neuron_cell(found.get(measure), len(counts) > 1) for measure in measures]
        n = max(counts, default=float("nan"))
        rows.append((Cell(neuron, neuron), Cell(role, role), *cells, Cell(_count(n), n)))
    caption = f"All {len(rows)} rows of neuron and role. n counts the entries behind a value."
    return Table("neurons", caption, tuple(columns), tuple(rows))


def _neuron_cell(row: NeuronScore | None, with_count: bool) -> Cell:
    if row is None:
        return Cell("", float("nan"))
    return Cell(number(row.value), row.value, f"n {_count(row.n)}" if with_count else "")


def data_table(data: list[Any]) -> Table:
    """What was read: name, checksum and licence."""
    columns = (Column("data"), Column("licence"), Column("checksum (SHA-256)"))
    rows = []
    for one in data:
        one = one if isinstance(one, dict) else {"name": str(one)}
        texts = [str(one.get(key) or "not stated") for key in ("name", "licence", "checksum")]
        rows.append(tuple(Cell(text, text) for text in texts))
    return Table("data", "What this run read.", columns, tuple(rows), sortable=False)


def settings_table(name: str, caption: str, settings: Mapping[str, Any]) -> Table:
    """Names and values, in the order of the file."""
    rows = tuple((Cell(str(key)), Cell(_as_text(value))) for key, value in settings.items())
    return Table(name, caption, (Column("name"), Column("value")), rows, sortable=False)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _count(n: float) -> str:
    return f"{n:,.0f}" if n == n else ""
