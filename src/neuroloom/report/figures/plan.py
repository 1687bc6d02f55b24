"""What a recording of further neurons is expected to tell of all others."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from neuroloom.report.records import PlannedNeuron
from neuroloom.report.theme import BAND, GROUP_COLORS, MUTED, house_style, label, new_axes

__all__ = ["plan_curve"]


@house_style()
def plan_curve(rows: Sequence[PlannedNeuron], unit: str, ax: Axes | None = None) -> Axes:
    """Expected error of unrecorded neurons against the number recorded, by the plan and without.

    Args:
        rows: The planned neurons, in their order.
        unit: Of the error.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.3, 0.2), width=4.7, height=3.8)
    n = np.arange(len(rows) + 1)
    lines = {
        name: np.array([rows[0].error_before, *(getattr(row, name) for row in rows)])
        for name in ("error_after", "random_after", "random_low", "random_high", "worst_after")
    }
    ax.fill_between(
        n, lines["random_low"], lines["random_high"], color=BAND, lw=0, label="random, 90 %"
    )
    ax.plot(n, lines["random_after"], color=MUTED, lw=1.2, ls=(0, (4, 3)), label="random, median")
    ax.plot(n, lines["worst_after"], "s-", color=GROUP_COLORS["null"], ms=4, lw=1.0, label="worst")
    ax.plot(n, lines["error_after"], "o-", color=GROUP_COLORS["default"], ms=5, label="this plan")
    for row, at, error in zip(rows, n[1:], lines["error_after"][1:], strict=True):
        ax.annotate(
            label(row.neuron, 20),
            (at, error),
            xytext=(0, -9),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7.4,
            color=GROUP_COLORS["default"],
        )
    ax.set_xlim(-0.2, len(rows) + 0.5)
    ax.set_ylim(0, None)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("further neurons recorded")
    ax.set_ylabel(label(f"expected error of unrecorded neurons ({unit})", 60))
    ax.grid()
    ax.legend(loc="best", handlelength=1.8)
    return ax
