"""What `neuroloom connectivity` prints."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neuroloom.report.connectivity_page import connectivity_answer
from neuroloom.report.wording import brief, number
from neuroloom.studies.connectivity import Connectivity

__all__ = ["print_connectivity"]

N_ROWS = 10


def print_connectivity(found: Connectivity, *, console: Console | None = None) -> None:
    """The likeliest connections, forecasts beside baselines, and the answer in words.

    Args:
        found: From `neuroloom.connectivity`.
        console: Where to print.
    """
    console = console or Console(highlight=False, emoji=False)
    table = Table(title="the likeliest connections", title_justify="left")
    for name in ("from", "to"):
        table.add_column(name, overflow="fold")
    for name in ("probability", "weight", "if it exists (90 %)", "stability"):
        table.add_column(name, justify="right", overflow="fold")
    for row in found.table.head(N_ROWS).to_dict("records"):
        table.add_row(
            escape(str(row["pre"])),
            escape(str(row["post"])),
            brief(row["probability"]),
            brief(row["weight"]),
            f"{brief(row['low'])} to {brief(row['high'])}",
            "–" if row["stability"] != row["stability"] else brief(row["stability"]),
        )
    console.print(table)
    scores = Table(title="forecasts of the next step, held-out frames", title_justify="left")
    scores.add_column("forecast", overflow="fold")
    for name in ("r", "squared error", "skill"):
        scores.add_column(name, justify="right", overflow="fold")
    values = found.forecasts.scores.pivot(index="arm", columns="measure", values="value")
    counted = "bits_per_spike" in values
    if counted:
        scores.add_column("bits per spike", justify="right", overflow="fold")
    for arm in dict.fromkeys(found.forecasts.scores["arm"]):
        own = values.loc[arm]
        scores.add_row(
            escape(str(arm)),
            number(own["r"]),
            brief(float(own["mse"])),
            number(own["skill"]),
            *([number(own["bits_per_spike"])] if counted else []),
        )
    console.print(scores)
    console.print(escape(connectivity_answer(found)), style="bold")
    for sentence in found.notes:
        console.print(f"  - {escape(sentence)}", style="dim")
