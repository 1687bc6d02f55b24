"""Is the model less sure where it is wrong, and do its intervals hold what they promise?"""

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from neuroloom.report.heldout import binned
from neuroloom.report.theme import (
    BAND,
    GROUP_COLORS,
    MUTED,
    house_style,
    label,
    new_axes,
)
from neuroloom.report.wording import number

__all__ = ["coverage_by_observations", "spread_and_error"]

_STRATA = ((1, 1, "1"), (2, 3, "2–3"), (4, 7, "4–7"), (8, 15, "8–15"), (16, None, "16 or more"))


@house_style()
def spread_and_error(
    spread: Float[np.ndarray, " pair"],
    error: Float[np.ndarray, " pair"],
    unit: str,
    ax: Axes | None = None,
) -> Axes:
    """Size of the error against the ensemble's spread, in ten bins of equal size.

    Args:
        spread: Standard deviation over members, of each scored entry.
        error: Size of mean prediction minus measurement.
        unit: Of both.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.2, 0.2), width=4.7, height=3.5)
    positive = (spread > 0) & (error > 0)
    spread, error = spread[positive], error[positive]
    parts = binned(spread, 10)
    x = np.array([np.median(spread[part]) for part in parts])
    low, middle, high = np.array([np.quantile(error[part], [0.25, 0.5, 0.75]) for part in parts]).T
    color = GROUP_COLORS["default"]
    ax.fill_between(x, low, high, color=BAND, lw=0, label="middle half of the errors")
    ax.plot(x, middle, "o-", color=color, ms=4.5, lw=1.2, label="median error")
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, ends, color=MUTED, lw=0.8, ls=(0, (4, 3)), label="error = spread")
    ax.set(xscale="log", yscale="log")
    for axis in (ax.xaxis, ax.yaxis):
        # Written out: the powers of ten of the default formatter need mathematical text.
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(_minor(*axis.get_view_interval()))
    ax.set_xlabel(label(f"spread over ensemble members, SD ({unit})", 60))
    ax.set_ylabel(label(f"size of the error ({unit})", 50))
    ax.grid()
    ax.legend(loc="best", handlelength=1.8)
    return ax


def _minor(low: float, high: float) -> FuncFormatter | NullFormatter:
    """Ticks at 2 and 5 get numbers where there are too few powers of ten to read a scale."""
    if low <= 0 or high / low > 30:
        return NullFormatter()
    return FuncFormatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in ("2", "5") else "")


@house_style()
def coverage_by_observations(
    inside: Bool[np.ndarray, " pair"],
    n_observations: Int[np.ndarray, " pair"],
    nominal: float,
    ax: Axes | None = None,
) -> Axes:
    """Share of measurements inside their interval, by the number of observations behind them.

    Args:
        inside: Whether each scored measurement lies inside its interval.
        n_observations: Observations behind each, at least 1.
        nominal: What the interval promises, 0 to 1.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.2, 0.2), width=4.7, height=3.5)
    labels, shares, errors = [], [], []
    for low, high, name in _STRATA:
        use = (n_observations >= low) & (n_observations <= (high or n_observations.max(initial=1)))
        if use.any():
            share = float(inside[use].mean())
            labels.append(f"{name}\n({use.sum():,})")
            shares.append(100 * share)
            errors.append(200 * np.sqrt(share * (1 - share) / use.sum()))
    x, y, error = np.arange(len(labels)), np.array(shares), np.array(errors)
    ax.axhline(100 * nominal, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    ax.annotate(
        f"nominal {number(100 * nominal, 0)} %",
        (0.995, 100 * nominal),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        color=MUTED,
        fontsize=8.4,
    )
    color = GROUP_COLORS["default"]
    ax.vlines(x, (y - error).clip(0), (y + error).clip(max=100), color=color, lw=1.4)
    ax.plot(x, y, "o", color=color, ms=5)
    ax.set_xticks(x, labels)
    ax.set_xlim(-0.5, len(labels) - 0.5)
    low = min(100 * nominal, float((y - error).min(initial=100)))
    ax.set_ylim(max(0, low - 0.4 * (104 - low)), 101.5)
    ax.set_xlabel("observations behind a pair (number of pairs)")
    ax.set_ylabel("inside the interval (%)")
    ax.grid(axis="y")
    return ax
