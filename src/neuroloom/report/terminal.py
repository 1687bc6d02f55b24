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
from neuroloom.report.contents import read_about, read_plan, read_scores
from neuroloom.report.study_contents import read_study
from neuroloom.report.tables import score_table
from neuroloom.report.wording import brief, interval_text, verdict_text
from neuroloom.studies.framework import Study
from neuroloom.studies.framework.session_files import time_text
from neuroloom.studies.inspection import Inspection

__all__ = [
    "print_datasets",
    "print_followers",
    "print_inspection",
    "print_rows",
    "print_scores",
    "print_studies",
    "print_study",
    "print_study_run",
]

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


def print_inspection(found: Inspection, *, console: Console | None = None) -> None:
    """Facts and audit; for a connectome also its statistics beside null wirings."""
    console = _console(console)
    notes = found.statistics.notes if found.statistics is not None else ()
    about = [("licence", found.licence), ("citation", found.citation)]
    rows = [*found.rows, *(row for row in about if row[1])]
    rows += [("audit", line) for line in found.audit] + [("note", line) for line in notes]
    print_rows(found.title, rows, console=console)
    if found.statistics is None or not len(found.statistics.nulls.table):
        return
    compared = found.statistics.nulls.table.to_dict("records")
    compared = [row for row in compared if row["how"] != "kept"]
    order = list(dict.fromkeys(row["statistic"] for row in compared))
    compared.sort(key=lambda row: order.index(row["statistic"]))
    n_draws = max((row["n_draws"] for row in compared), default=0)
    how = f"{n_draws} draws each" if n_draws else "not drawn: expected"
    table = Table(title=f"against null wirings, {how}", title_justify="left")
    table.add_column("statistic", overflow="fold")
    table.add_column("null wiring", overflow="fold")
    for name in ("real", "null (95 % of draws)", "z"):
        table.add_column(name, justify="right", overflow="fold")
    last = ""
    for row in compared:
        new = row["statistic"] != last
        last = row["statistic"]
        spread = f" ({brief(row['low'])}–{brief(row['high'])})"
        table.add_row(
            escape(row["statistic"]) if new else "",
            escape(row["null"]),
            brief(row["value"]) if new else "",
            brief(row["mean"]) + (spread if np.isfinite(row["low"]) else ""),
            f"{row['z']:+.{1 if abs(row['z']) < 100 else 0}f}" if np.isfinite(row["z"]) else "",
        )
    console.print(table)


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
    if plan := read_plan(run):
        names = ", ".join(row.neuron for row in plan)
        console.print(f"record next: {escape(names)}", style="bold", soft_wrap=True)
    for sentence in about.get("methods", []):
        console.print(f"  - {escape(sentence)}", style="dim")
    console.print(f"scores: {escape(str(run / 'scores.csv'))}", soft_wrap=True)
    console.print(f"report: {escape(str(report))}", soft_wrap=True)


def print_study_run(run: Path, report: Path, *, console: Console | None = None) -> None:
    """The scorecard of a study's run, what it says, and the path of its report."""
    console = _console(console)
    contents = read_study(run, read_about(run))
    console.print(escape(str(contents.about["name"])), style="italic")
    for claim in contents.claims:
        if claim.verdict == "not tested":
            why = verdict_text(claim.verdict, claim.reason)
            console.print(escape(f"{claim.id}: {why}"), style="dim")
            continue
        style = {"pass": "green", "fail": "red"}[claim.verdict]
        console.print(
            f"[{style}]{claim.verdict}[/{style}]  [bold]{escape(claim.id)}[/bold]: "
            f"{escape(claim.claim)}"
        )
        within = interval_text(claim.low, claim.high)
        measured = f"{claim.measure}: {brief(claim.value)}" + (f" {within}" if within else "")
        _print_rows([("measured", measured), ("criterion", claim.criterion)], console)
    console.print(escape(str(contents.about["question"])), style="bold")
    console.print(escape(str(contents.about["answer"])))
    for line in contents.about["broken"]:
        console.print(f"  - broken: {escape(line)}", style="red")
    console.print(f"scores: {escape(str(run / 'scores.csv'))}", soft_wrap=True)
    console.print(f"report: {escape(str(report))}", soft_wrap=True)


def print_studies(studies: Sequence[Study], *, console: Console | None = None) -> None:
    """Studies by name: question, and presets with the time each is predicted to take."""
    console = _console(console)
    for study in studies:
        console.print(f"[bold]{escape(study.name)}[/bold]  {escape(study.question)}")
        table = Table(show_header=False, box=None, padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for name, config in study.presets.items():
            cells = study.cells(config)
            took = time_text(study.predicted_seconds(config, cells))
            table.add_row(f"  {escape(name)}", f"about {took} on two cores, {len(cells)} cells")
        console.print(table)


def print_study(study: Study, *, console: Console | None = None) -> None:
    """One study whole: presets, arms with their controls, claims with their criteria."""
    console = _console(console)
    print_studies([study], console=console)
    console.print("\narms", style="italic")
    for arm in study.arms:
        console.print(f"[bold]{escape(arm.name)}[/bold]: {escape(arm.sentence)}")
        _print_rows([("control", arm.control), ("needs", ", ".join(arm.needs))], console)
    if study.claims:
        console.print("\nclaims", style="italic")
    for claim in study.claims:
        console.print(f"[bold]{escape(claim.id)}[/bold]: {escape(claim.sentence)}")
        rows = [("source", claim.source), ("measured", claim.measure)]
        rows += [("criterion", claim.criterion), ("control", claim.control)]
        _print_rows([*rows, ("arms", ", ".join(claim.arms))], console)


def _print_rows(rows: Sequence[tuple[str, str]], console: Console) -> None:
    """Titles and what belongs to them, below a line of their own; empty ones are left out."""
    table = Table(show_header=False, box=None, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for title, text in rows:
        if title and text:
            table.add_row(f"  {title}", escape(text))
    if table.row_count:
        console.print(table)


def print_datasets(
    known: Sequence[DatasetInfo], *, every_member: bool = False, console: Console | None = None
) -> None:
    """Datasets by name: whether they are here, size, licence, citation, members.

    Args:
        known: In the order to print them; a dataset that is both nouns stands twice and is printed
            once.
        every_member: Print all members, not the first few.
        console: Where to print.
    """
    console = _console(console)
    by_name: dict[str, list[DatasetInfo]] = {}
    for dataset in known:
        by_name.setdefault(dataset.name, []).append(dataset)
    for name, same in by_name.items():
        first = same[0]
        state = "here" if first.present else "not here"
        nouns = " and ".join(dataset.noun for dataset in same)
        size = f", {_bytes(first.n_bytes)}" if first.n_bytes else ""
        console.print(f"[bold]{escape(name)}[/bold]  {nouns}, {state}{size}", soft_wrap=True)
        rows = [("holds", first.size), ("members", _members(first, every_member))]
        rows += [("licence", first.licence), ("cite", first.citation)]
        rows += [("to get it" if not first.present else "", first.where)]
        _print_rows(rows, console)
    n_here = sum(same[0].present for same in by_name.values())
    if len(by_name) > 1:
        console.print(f"{n_here} of {len(by_name)} datasets are here", highlight=False)


def _members(dataset: DatasetInfo, every_member: bool) -> str:
    if not dataset.members:
        return ""
    shown = dataset.members if every_member else dataset.members[:8]
    more = len(dataset.members) - len(shown)
    others = f" and {more} others (`neuroloom datasets {dataset.name}`)" if more else ""
    default = f"; alone it is {dataset.name}/{dataset.default}" if dataset.default else ""
    return f"{dataset.name}/ {', '.join(shown)}{others}{default}"


def _bytes(n: int) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{n / 1e3:.0f} kB"


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
    return console or Console(highlight=False, emoji=False)  # `Tm4:-1:0` is a name
