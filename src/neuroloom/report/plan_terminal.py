"""What `neuroloom plan` prints."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neuroloom.analysis.plan import Plan
from neuroloom.report.plan_page import plan_answer
from neuroloom.report.wording import brief

__all__ = ["print_plan"]


def print_plan(plan: Plan, *, console: Console | None = None) -> None:
    """The order with the error that is expected after each, beside random and worst orders.

    Args:
        plan: From `neuroloom.plan`.
        console: Where to print.
    """
    console = console or Console(highlight=False, emoji=False)  # `Tm4:-1:0` is a name
    table = Table(title="which neurons to record next", title_justify="left")
    table.add_column("rank", justify="right")
    table.add_column("neuron", overflow="fold")
    for name in ("plan", "random (5–95 %)", "worst"):
        table.add_column(f"error, {name}", justify="right", overflow="fold")
    lines = plan.curves() ** 0.5
    names = ["", *(str(one) for one in plan.chosen.tolist())]
    for step, row in enumerate(lines.to_dict("records")):
        spread = f" ({brief(row['random_low'])}–{brief(row['random_high'])})"
        table.add_row(
            str(step) if step else "",
            escape(names[step]) if step < len(names) else "",
            brief(row["greedy"]),
            brief(row["random_median"]) + (spread if step else ""),
            brief(row["worst"]),
        )
    console.print(table)
    console.print(escape(plan_answer(plan)), style="bold")
    for sentence in plan.notes:
        console.print(f"  - {escape(sentence)}", style="dim")
