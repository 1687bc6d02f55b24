"""Expected error of what is not recorded, against how many neurons are recorded in addition."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from neuroloom.analysis.plan import Plan
from neuroloom.report.theme import BAND, GROUP_COLORS, MUTED, house_style, new_axes

__all__ = ["error_against_number"]


@house_style()
def error_against_number(plan: Plan, ax: Axes | None = None) -> Axes:
    """RMS error expected of unrecorded neurons: the plan, random orders and the worst one.

    Args:
        plan: From `plan_recordings`.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.2, 0.2), width=5.6, height=3.8)
    lines = plan.curves() ** 0.5
    n = plan.curves()["n"].to_numpy()
    ax.fill_between(
        n, lines["random_low"], lines["random_high"], color=BAND, lw=0, label="random, 5 to 95 %"
    )
    ax.plot(n, lines["random_median"], color=MUTED, lw=1.2, ls="--", label="random, median")
    ax.plot(n, lines["worst"], "v-", color=GROUP_COLORS["null"], ms=4, lw=1.2, label="worst")
    ax.plot(n, lines["greedy"], "o-", color=GROUP_COLORS["default"], ms=4.5, lw=1.6, label="plan")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(bottom=0)
    ax.set_xlabel("neurons recorded in addition")
    ax.set_ylabel("expected RMS error of unrecorded\nneurons, in the unit of activity")
    ax.grid()
    ax.legend(loc="best", handlelength=1.8)
    return ax
