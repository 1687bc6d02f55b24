"""Scores against a number such as how many neurons were recorded."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from neuroloom.report.theme import GROUP_COLORS, house_style, label, new_axes

__all__ = ["Line", "lines_along"]

_COLORS = tuple(GROUP_COLORS[g] for g in ("default", "null", "ceiling", "transfer", "variant"))
_MARKERS = "osD^vP"


@dataclass(frozen=True)
class Line:
    """A line of a figure.

    Attributes:
        name: For the legend.
        arm: Lines of one arm have one color.
        points: Coordinate, value, low and high of each point; low and high may be NaN.
    """

    name: str
    arm: str
    points: Float[np.ndarray, "point 4"]


@house_style()
def lines_along(
    lines: Sequence[Line],
    coordinate: str,
    measure: str,
    ax: Axes | None = None,
) -> Axes:
    """Value with interval against a coordinate, an arm a color, a line of an arm a marker.

    An axis is logarithmic where its values are positive and span more than a factor of 20.

    Args:
        lines: At least one, each of at least one point.
        coordinate: What is along the bottom, with its unit.
        measure: What is up the side, with its unit.
        ax: Axes to draw on; new ones with room for the legend below by default.
    """
    names = [textwrap.fill(label(line.name, 70), 44) for line in lines]
    below = 0.55 + 0.17 * sum(name.count("\n") + 1 for name in names)
    ax = ax or new_axes(box=(0.85, below, 0.25, 0.2), width=4.7, height=3.0 + below)
    arms = list(dict.fromkeys(line.arm for line in lines))
    n_before = dict.fromkeys(arms, 0)
    for line, name in zip(lines, names, strict=True):
        x, value, low, high = line.points.T
        color = _COLORS[arms.index(line.arm) % len(_COLORS)]
        marker = _MARKERS[n_before[line.arm] % len(_MARKERS)]
        style = ("-", "--", ":", "-.")[n_before[line.arm] % 4]
        n_before[line.arm] += 1
        ax.plot(x, value, color=color, marker=marker, ms=4.5, lw=1.3, ls=style, label=name)
        known = np.isfinite(low) & np.isfinite(high)
        ax.vlines(x[known], low[known], high[known], color=color, lw=1.1, alpha=0.7)
    everything = np.concatenate([line.points for line in lines])
    values = everything[:, 1:]
    _scale(ax, "x", everything[:, 0], everything[:, 0])
    _scale(ax, "y", everything[:, 1], values[np.isfinite(values)])
    _ticks(ax, np.unique(everything[:, 0]))
    ax.set_xlabel(label(coordinate, 60))
    ax.set_ylabel(label(measure, 45))
    ax.grid()
    inches = float(ax.get_position().height * ax.get_figure(root=True).get_size_inches()[1])  # pyright: ignore[reportOptionalMemberAccess]
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.46 / inches),
        borderaxespad=0,
        handlelength=2.6,
    )
    return ax


def _scale(
    ax: Axes, side: str, values: Float[np.ndarray, " v"], ends: Float[np.ndarray, " e"]
) -> None:
    """Logarithmic where that helps; an interval that reaches below 0 is cut at the axis."""
    if values.min() <= 0 or values.max() / values.min() <= 20:
        return
    ax.set(**{f"{side}scale": "log"})
    axis = ax.xaxis if side == "x" else ax.yaxis
    if side == "y":
        low = ends[ends > 0].min()
        ax.set_ylim(max(low, values.min() / 10) / 1.5, ends.max() * 1.5)
    # Written out: the powers of ten of the default formatter need mathematical text.
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _ticks(ax: Axes, x: Float[np.ndarray, " x"]) -> None:
    """At what was measured, where it has room."""
    where = np.log(x) if ax.get_xscale() == "log" else x
    kept = [0]
    for i in range(1, len(x)):
        if where[i] - where[kept[-1]] > 0.07 * (where[-1] - where[0]):
            kept.append(i)
    ax.set_xticks(x[kept], [f"{value:g}" for value in x[kept]])
    ax.xaxis.set_minor_locator(NullLocator())
