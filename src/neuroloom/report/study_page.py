"""The page of a study's run: question and scorecard first, then figures, scores, provenance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuroloom.report.html import render
from neuroloom.report.layout import Fact, Section
from neuroloom.report.provenance import citations, provenance_section
from neuroloom.report.studies import gallery_of
from neuroloom.report.study_contents import ClaimRow, StudyContents, read_study
from neuroloom.report.tables import Cell, Column, Table
from neuroloom.report.wording import brief, interval_text, measure_name, number
from neuroloom.report.writing import write_figure, write_page

__all__ = ["write_study"]

_GROUPS = {"pass": "ceiling", "fail": "null", "not tested": "baseline"}  # green, orange, gray


def write_study(run: Path, about: Mapping[str, Any]) -> Path:
    """Write `report.html` and `figures/` of a study's run; see `write_report`.

    Args:
        run: The folder; its run may have been stopped or have broken.
        about: Its `config.json`.

    Raises:
        StudyError: If a file of the run is missing or broken, or the page cannot be written.
    """
    contents = read_study(run, about)
    sections = tuple(part for part in _sections(contents) if not part.empty)
    drawings = {p.name: write_figure(run, p) for part in sections for p in part.pictures}
    html = render(
        "study.html.j2", about=about, facts=_facts(contents), sections=sections, drawings=drawings
    )
    return write_page(run, html)


def _facts(contents: StudyContents) -> tuple[Fact, ...]:
    verdicts = [claim.verdict for claim in contents.claims]
    arms = contents.about["arms"]
    done, of = (sum(arm[n] for arm in arms if arm["asked"]) for n in ("n_done", "n_cells"))
    claims = [
        Fact(f"claims that {words}", str(verdicts.count(word)), group=_GROUPS[word])
        for word, words in (("pass", "pass"), ("fail", "fail"), ("not tested", "are not tested"))
        if contents.claims
    ]
    return (*claims, Fact("cells", f"{done:,} of {of:,}", "computed and kept"))


def _sections(contents: StudyContents) -> tuple[Section, ...]:
    about = contents.about
    claims = (_claims_table(contents.claims),) if contents.claims else ()
    scores = (_scores_table(contents),) if contents.scores else ()
    return (
        Section(
            "claims",
            "Claims",
            "Each criterion was fixed before its result was seen. A claim that fails is a result; "
            "one that was not tested is none.",
            tables=claims,
        ),
        Section(
            "figures",
            "Figures",
            "Drawn from the same numbers as the tables below.",
            pictures=gallery_of(about["name"])(contents),
        ),
        Section(
            "arms",
            "Arms and their controls",
            "What was done, what it must be held against, and how far it came.",
            tables=(_arms_table(about["arms"]),),
        ),
        Section(
            "scores",
            "Scores",
            "Means over repeats, each with its 95 % interval (Student's t over the n repeats) "
            "below. Every single value is in measurements.csv.",
            tables=scores,
        ),
        Section(
            "methods",
            "Methods",
            "What was done, with its sizes.",
            sentences=tuple(map(str, about["methods"])),
        ),
        Section(
            "audit",
            "Audit",
            "What was kept, left out, tried again or lost. Nothing is repaired in silence.",
            sentences=tuple(map(str, about["audit"])),
        ),
        provenance_section(about),
        Section(
            "citations",
            "Citations",
            "Please cite these with any use of the results.",
            sentences=citations(about),
        ),
    )


def _claims_table(claims: tuple[ClaimRow, ...]) -> Table:
    rows = []
    for claim in claims:
        tested = claim.verdict != "not tested"
        within = interval_text(claim.low, claim.high)
        notes = [f"95 % interval {within}" if within else "", claim.reason if tested else ""]
        measured = f"{claim.measure}: {brief(claim.value)}" if tested else claim.measure
        rows.append(
            (
                Cell(
                    claim.verdict,
                    note="" if tested else claim.reason,
                    group=_GROUPS.get(claim.verdict, ""),
                ),
                Cell(f"{claim.id}: {claim.claim}", note=claim.source),
                Cell(measured, note="; ".join(filter(None, notes))),
                Cell(claim.criterion),
                Cell(claim.control),
            )
        )
    columns = ("verdict", "claim", "measured", "criterion", "control")
    return Table(
        "claims",
        "The scorecard.",
        tuple(Column(name) for name in columns),
        tuple(rows),
        sortable=False,
    )


def _arms_table(arms: list[Mapping[str, Any]]) -> Table:
    rows = []
    for arm in arms:
        took = f"{arm['seconds']:,.0f} s of computing" if arm["n_done"] else ""
        rows.append(
            (
                Cell(arm["name"], note=arm["lacking"]),
                Cell(arm["sentence"]),
                Cell(arm["control"]),
                Cell(f"{arm['n_done']} of {arm['n_cells']}", note=took),
            )
        )
    columns = (Column("arm"), Column("what is done"), Column("control"), Column("cells", True))
    return Table("arms", "In the order in which they run.", columns, tuple(rows), sortable=False)


def _scores_table(contents: StudyContents) -> Table:
    names = list(dict.fromkeys(name for row in contents.scores for name in row.at))
    columns = [Column("arm"), Column("split"), Column("measure")]
    texts = {n: any(isinstance(row.at.get(n), str) for row in contents.scores) for n in names}
    columns += [Column(name.replace("_", " "), not texts[name]) for name in names]
    columns += [Column("value", True), Column("n", True)]
    rows = []
    for row in contents.scores:
        unit = f" ({row.unit.replace('^2', '²')})" if row.unit else ""
        cells = [Cell(row.arm, row.arm), Cell(row.split, row.split)]
        cells.append(Cell(f"{measure_name(row.measure)}{unit}", row.measure))
        for name in names:
            value = row.at.get(name, "" if texts[name] else float("nan"))
            text = value if isinstance(value, str) else f"{value:g}".replace("nan", "")
            cells.append(Cell(text, value))
        cells.append(Cell(number(row.value), row.value, interval_text(row.low, row.high)))
        cells.append(Cell(f"{row.n:,.0f}", row.n))
        rows.append(tuple(cells))
    caption = f"{len(rows)} scores. Click a head to sort."
    return Table("scores", caption, tuple(columns), tuple(rows))
