"""The page of a recording plan: one self-contained HTML file."""

from pathlib import Path

import numpy as np

from neuroloom.analysis.plan import Plan
from neuroloom.report.figures.recording_plan import error_against_number
from neuroloom.report.html import write_answer_page
from neuroloom.report.layout import Fact, Picture, Section
from neuroloom.report.tables import Cell, Column, Table
from neuroloom.report.wording import brief

__all__ = ["plan_answer", "write_plan"]


def write_plan(plan: Plan, page: Path, *, name: str) -> Path:
    """Write the page of a plan; it needs no network and no other file.

    Args:
        plan: From `neuroloom.plan`.
        page: Where it goes; an earlier file is replaced.
        name: Of the connectome.

    Returns:
        Path of the page.

    Raises:
        StudyError: If the page cannot be written.
    """
    return write_answer_page(
        "plan.html.j2",
        page,
        name=name,
        answer=plan_answer(plan),
        facts=_facts(plan),
        sections=_sections(plan),
    )


def plan_answer(plan: Plan) -> str:
    """The plan in two sentences, with the figures it is to be held against."""
    first, last = _ends(plan)
    chosen = ", ".join(str(one) for one in plan.chosen[:_NAMED].tolist())
    more = f" and {len(plan.chosen) - _NAMED} more" if len(plan.chosen) > _NAMED else ""
    alike = "as many neurons" if plan.as_many else "the same budget"
    return (
        f"Record {chosen}{more} next. The expected RMS error of unrecorded neurons falls from "
        f"{brief(first['greedy'])} to {brief(last['greedy'])}; with {alike} at random to "
        f"{brief(last['random_median'])} ({brief(last['random_low'])} to "
        f"{brief(last['random_high'])}), with the worst to {brief(last['worst'])}."
    )


def _ends(plan: Plan) -> tuple[dict[str, float], dict[str, float]]:
    """Expected RMS errors before the first recording and after the last."""
    lines = [
        {str(name): float(value) for name, value in row.items()}
        for row in (plan.curves() ** 0.5).to_dict("records")
    ]
    return lines[0], lines[-1]


def _facts(plan: Plan) -> tuple[Fact, ...]:
    roles = plan.table["role"].tolist()
    last = _ends(plan)[1]
    return (
        Fact("planned", str(len(plan.chosen)), f"of {roles.count('free') + len(plan.chosen):,}"),
        Fact("recorded already", f"{roles.count('recorded'):,}"),
        Fact("error, plan", brief(last["greedy"]), "expected RMS, unrecorded", "default"),
        Fact("error, random", brief(last["random_median"]), "median of random orders"),
        Fact("error, worst", brief(last["worst"]), "", "null"),
    )


def _sections(plan: Plan) -> list[Section]:
    picture = Picture(
        "plan",
        "Expected error against number recorded",
        "RMS error expected of wanted neurons that are not recorded. Every order starts from the "
        "same knowledge; the mean is over fewer neurons with each that is recorded."
        + ("" if plan.as_many else " Where a budget is used up, a line goes on as it is."),
        error_against_number(plan),
    )
    return [
        Section(
            "order",
            "What to record next",
            "Greedy: each neuron is the one that lowers the expected squared error of all neurons "
            "most, given those before it. These errors are expected by the model, not measured.",
            pictures=(picture,),
            tables=(_order_table(plan), _neuron_table(plan)),
        ),
        Section(
            "model",
            "What was assumed",
            "The plan knows no activity but this model's. Another prior, input or sign rule may "
            "give another order.",
            sentences=plan.notes,
        ),
    ]


def _order_table(plan: Plan) -> Table:
    table = plan.table.set_index("rank")
    rows = []
    for step, neuron in enumerate(plan.chosen.tolist(), start=1):
        left = float(np.sqrt(plan.greedy.unrecorded_error[step]))
        cost = float(table.loc[step, "cost"])  # pyright: ignore[reportArgumentType]
        gain = float(plan.greedy.gain[step - 1])
        rows.append(
            (
                Cell(str(step), float(step)),
                Cell(str(neuron), str(neuron)),
                Cell(brief(gain), gain),
                Cell(brief(left), left),
                Cell(brief(cost), cost),
            )
        )
    columns = (
        Column("rank", True),
        Column("neuron"),
        Column("gain", True),
        Column("error then", True),
        Column("cost", True),
    )
    caption = (
        "Gain: by how much it lowers the summed expected squared error of all wanted neurons. "
        "Error then: expected RMS of those not recorded."
    )
    return Table("order", caption, columns, tuple(rows))


def _neuron_table(plan: Plan) -> Table:
    columns = (
        Column("neuron"),
        Column("role"),
        *(Column(name, True) for name in ("error before", "error after", "gain alone")),
    )
    rows = tuple(
        (
            Cell(str(row["neuron"]), str(row["neuron"])),
            Cell(row["role"], row["role"]),
            *(
                Cell(brief(row[name]), float(row[name]))
                for name in ("error_before", "error_after", "gain_alone")
            ),
        )
        for row in plan.table.nlargest(_MOST_ROWS, "error_after").to_dict("records")
    )
    caption = f"Expected RMS error of {len(rows):,} nodes, before and after the plan."
    if len(rows) < len(plan.table):
        caption += f" The largest of {len(plan.table):,}."
    return Table("neurons", caption, columns, rows, folded=True)


_MOST_ROWS = 1_000
_NAMED = 10  # in the answer; the tables name all
