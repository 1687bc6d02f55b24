"""The real wiring against wirings that keep less of it."""

import textwrap

from matplotlib.axes import Axes

from neuroloom.report.records import Score
from neuroloom.report.theme import BAND, GROUP_COLORS, INK, house_style, label, new_axes
from neuroloom.report.wording import measure_name, number, plain_name

__all__ = ["null_comparison"]


@house_style()
def null_comparison(own: Score, nulls: list[Score], ax: Axes | None = None) -> Axes:
    """The default's value and interval as a line and a band; each null's mean and interval.

    Args:
        own: The default's score.
        nulls: Those of the null wirings, in the same split and measure.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(1.8, 0.58, 0.6, 0.3), width=4.9, height=1.03 + 0.42 * len(nulls))
    color = GROUP_COLORS["null"]
    if own.has_interval:
        ax.axvspan(own.low, own.high, color=BAND, lw=0)
    ax.axvline(own.value, color=GROUP_COLORS["default"], lw=1.8)
    ax.annotate(
        f"real wiring {number(own.value)}",
        (own.value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        fontsize=8.8,
        fontweight="bold",
        color=GROUP_COLORS["default"],
    )
    for y, row in enumerate(nulls):
        if row.has_interval:
            ax.hlines(y, row.low, row.high, color=color, lw=4, alpha=0.55)
            ax.plot([row.low, row.high], [y, y], "|", color=color, ms=9, mew=1.4)
        ax.plot(row.value, y, "D", color=color, ms=5)
        ax.annotate(
            f"{row.value - own.value:+.3f}".replace("-", "−"),
            (1.03, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.8,
            color=INK,
        )
    names = [plain_name(row.arm).removeprefix("null wiring: ") for row in nulls]
    ax.set_yticks(range(len(nulls)), [textwrap.fill(label(name, 60), 25) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(nulls) - 0.4, -0.6)
    ax.margins(x=0.08)
    ax.grid(axis="x")
    unit = f" ({own.unit})" if own.unit else ""
    ax.set_xlabel(label(f"{measure_name(own.measure)}{unit}", 60))
    return ax
