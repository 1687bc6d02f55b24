"""Which neurons are predicted well and which are not, by name."""

import math
from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes

from neuroloom.report.records import NeuronScore
from neuroloom.report.theme import (
    BAND,
    GROUP_COLORS,
    INK,
    MUTED,
    house_style,
    label,
    new_axes,
)
from neuroloom.report.wording import CHANCE, measure_name, number

__all__ = ["neuron_scores", "with_enough_data"]


def with_enough_data(rows: Iterable[NeuronScore]) -> list[NeuronScore]:
    """The rows whose n is at least half of the median n; best first.

    A neuron with a handful of pairs is best or worst by luck.
    """
    rows = [row for row in rows if math.isfinite(row.value)]
    counts = [row.n for row in rows if math.isfinite(row.n)]
    least = float(np.median(counts)) / 2 if counts else 0.0
    enough = [row for row in rows if not row.n < least]
    return sorted(enough, key=lambda row: -row.value)


@house_style()
def neuron_scores(
    rows: Iterable[NeuronScore], *, n_named: int = 10, ax: Axes | None = None
) -> Axes:
    """Every neuron as a small line on top; the best and the worst below, with names.

    Args:
        rows: Scores of one role and one measure.
        n_named: How many best and how many worst neurons get a name.
        ax: Axes to draw on.
    """
    rows = with_enough_data(rows)
    few = len(rows) <= 2 * n_named
    shown = rows if few else rows[:n_named] + rows[-n_named:]
    gap = [0.8 * (not few and place >= n_named) for place in range(len(shown))]
    named = [(place + 1.6 + gap[place], row) for place, row in enumerate(shown)]
    bottom = named[-1][0] + 0.8
    ax = ax or new_axes(box=(1.1, 0.55, 0.95, 0.15), width=4.7, height=0.75 + 0.19 * (bottom + 1))
    measure, values = rows[0].measure, [row.value for row in rows]
    color = GROUP_COLORS["default"]
    middle = float(np.median(values))
    ax.axvline(middle, color=color, lw=0.7, alpha=0.55)
    if measure in CHANCE:
        ax.axvline(CHANCE[measure], color=MUTED, lw=0.8, ls=(0, (4, 3)))
    ax.plot(values, np.zeros(len(values)), "|", color=color, ms=11, mew=0.8, alpha=0.6)
    ax.annotate(
        f"median\n{number(middle)}",
        (1.02, 0),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=8.4,
        color=MUTED,
    )
    for y, row in named:
        ax.hlines(y, middle, row.value, color=BAND, lw=2.4, zorder=1)
        ax.plot(row.value, y, "o", color=color, ms=4.5)
        count = "" if math.isnan(row.n) else f", n {int(row.n):,}"
        ax.annotate(
            f"{number(row.value, 2)}{count}",
            (1.02, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7.8,
            color=INK,
        )
    ticks = [0.0, *(y for y, _ in named)]
    names = [f"all {len(rows)}", *(label(row.neuron, 14) for _, row in named)]
    ax.set_yticks(ticks, names, fontsize=8.4)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(bottom, -0.8)
    ax.grid(axis="x")
    ax.set_xlabel(label(measure_name(measure), 50))
    return ax
