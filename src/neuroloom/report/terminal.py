"""What the command line prints: tables, and where the report lies."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neuroloom.datasets import DatasetInfo
from neuroloom.recording import Recording
from neuroloom.report.contents import read_scores
from neuroloom.report.tables import score_table

__all__ = ["print_datasets", "print_followers", "print_rows", "print_scores"]

_N_COLUMNS = 6
_ARM_NAMES = {"default": "default", "null": "{text}", "other": "{text}"}


def print_rows(
    title: str, rows: Sequence[tuple[str, str]], *, console: Console | None = None
) -> None:
    """A table of two columns, name and value."""
    table = Table(title=escape(title), show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(escape(name), escape(value))
    _console(console).print(table)


def print_scores(run: Path, report: Path, *, console: Console | None = None) -> None:
    """The score table of a run, its answer, and the path of its report."""
    console = _console(console)
    about = json.loads((run / "config.json").read_text(encoding="utf-8"))
    scores = score_table(read_scores(run))
    shown = min(len(scores.columns), _N_COLUMNS)
    table = Table(title=escape(about["name"]), title_justify="left")
    for place, column in enumerate(scores.columns[:shown]):
        # The group stands in the arm's name in `scores.csv`; here it would take too much room.
        if place != 1:
            justify = "right" if column.numeric else "left"
            table.add_column(escape(column.title), justify=justify, overflow="fold")
    for arm, _, *cells in scores.rows:
        texts = [escape(cell.text) for cell in cells[: shown - 2]]
        if texts and cells[0].note:
            texts[0] += f" [dim]{escape(cells[0].note)}[/dim]"
        name = _ARM_NAMES.get(arm.group, "{group}: {text}").format(group=arm.group, text=arm.text)
        style = "bold" if arm.group == "default" else None
        table.add_row(escape(name), *texts, style=style)
    console.print(table)
    console.print(escape(about["question"]), style="bold")
    console.print(escape(about["answer"]))
    for sentence in about.get("methods", []):
        console.print(f"  - {escape(sentence)}", style="dim")
    console.print(f"scores: {escape(str(run / 'scores.csv'))}", soft_wrap=True)
    console.print(f"report: {escape(str(report))}", soft_wrap=True)


def print_datasets(known: Sequence[DatasetInfo], *, console: Console | None = None) -> None:
    """Datasets by name, whether they are here, licence, citation and size."""
    console = _console(console)
    table = Table(show_lines=True)
    table.add_column("name", no_wrap=True)
    for column in ("what", "here", "size", "licence", "citation"):
        table.add_column(column, overflow="fold")
    for dataset in known:
        table.add_row(
            escape(dataset.name),
            dataset.noun,
            "yes" if dataset.present else escape(f"no: {dataset.where}"),
            escape(dataset.size),
            escape(dataset.licence),
            escape(dataset.citation),
        )
    console.print(table)


def print_followers(
    activity: Recording, stimulated: Sequence[str], *, top: int, console: Console | None = None
) -> None:
    """The neurons whose activity changes most after a push, largest first, and how it was made."""
    console = _console(console)
    change = activity.activity[0] - activity.activity[0, 0]
    peak = np.take_along_axis(change, np.abs(change).argmax(0)[None], axis=0)[0]
    when = activity.time[np.abs(change).argmax(0)]
    names = activity.neuron_id.astype(str)
    followers = np.flatnonzero(~np.isin(names, list(stimulated)))
    order = followers[np.argsort(-np.abs(peak[followers]), kind="stable")][:top]
    table = Table(title=f"who follows {escape(', '.join(stimulated))}", title_justify="left")
    table.add_column("neuron")
    unit = f" ({activity.unit})" if activity.unit else ""
    table.add_column(escape(f"peak change of {activity.kind}{unit}"), justify="right")
    table.add_column("at (s)", justify="right")
    for i in order:
        table.add_row(escape(str(names[i])), f"{peak[i]:+.3g}", f"{when[i]:.2f}")
    console.print(table)
    for sentence in activity.audit:
        console.print(f"  - {escape(sentence)}", style="dim")


def _console(console: Console | None) -> Console:
    return console or Console(highlight=False)
