"""Scores against a number such as how many neurons were recorded."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from neuroloom.report.theme import GROUP_COLORS, house_style, label, new_axes

__all__ = ["Level", "Line", "legend_room", "lines_along"]

_GROUPS = ("default", "null", "ceiling", "transfer", "variant", "baseline")
_MARKERS = "osD^vP"
_FAR = 100.0  # times the highest point: a level above is named and not drawn, a bar is cut there
_DASHES = ((0, (5, 3)), (0, (1, 1.2)), (0, (6, 2, 1, 2)))


@dataclass(frozen=True)
class Line:
    """A line of a figure.

    Attributes:
        name: For the legend.
        arm: Lines of one arm have one color.
        points: Coordinate, value, low and high of each point; low and high may be NaN.
        group: Whose color it has, of `GROUP_COLORS`; by default the next color of the figure.
    """

    name: str
    arm: str
    points: Float[np.ndarray, "point 4"]
    group: str = ""


@dataclass(frozen=True)
class Level:
    """What lines are held against all along, such as a ceiling: dashed, with a band.

    Attributes:
        name: For the legend.
        value: Where it is.
        low: Lower end of the band; NaN for none.
        high: Upper end.
        group: Whose color it has, of `GROUP_COLORS`.
    """

    name: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    group: str = "other"


def legend_room(names: Sequence[str]) -> tuple[list[str], float]:
    """Names as a legend below the axes has them, and the inches that it and the axis need."""
    wrapped = [textwrap.fill(label(name, 80), 44) for name in names]
    return wrapped, 0.55 + 0.17 * sum(name.count("\n") + 1 for name in wrapped)


@house_style()
def lines_along(
    lines: Sequence[Line],
    coordinate: str,
    measure: str,
    ax: Axes | None = None,
    *,
    levels: Sequence[Level] = (),
    factor: float = 20.0,
) -> Axes:
    """Value with interval against a coordinate, an arm a color, a line of an arm a marker.

    An axis is logarithmic where its values are positive and span more than `factor`. Intervals
    that reach more than a hundred times above the highest value are cut at the end of the axis.

    Args:
        lines: At least one, each of at least one point.
        coordinate: What is along the bottom, with its unit.
        measure: What is up the side, with its unit.
        ax: Axes to draw on; new ones with room for the legend below by default.
        levels: What the lines are held against.
        factor: From which span on an axis is logarithmic.
    """
    highest = max(float(np.nanmax(line.points[:, 1])) for line in lines)
    top = _FAR * highest if highest > 0 else np.inf
    far = [f" ({lv.value:.3g}, far above)" if lv.value > top else "" for lv in levels]
    ends = [f"{level.name}{words}" for level, words in zip(levels, far, strict=True)]
    names, below = legend_room([*(line.name for line in lines), *ends])
    ax = ax or new_axes(box=(0.85, below, 0.25, 0.2), width=4.7, height=3.0 + below)
    arms = list(dict.fromkeys(line.arm for line in lines))
    n_before = dict.fromkeys(arms, 0)
    used = {line.group for line in lines}
    free = [GROUP_COLORS[group] for group in _GROUPS if group not in used]
    for line, name in zip(lines, names[: len(lines)], strict=True):
        x, value, low, high = line.points.T
        place = arms.index(line.arm)
        color = GROUP_COLORS[line.group] if line.group else free[place % len(free)]
        marker = _MARKERS[(place + n_before[line.arm]) % len(_MARKERS)]
        style = ("-", "--", ":", "-.")[n_before[line.arm] % 4]
        n_before[line.arm] += 1
        ax.plot(x, value, color=color, marker=marker, ms=4.5, lw=1.3, ls=style, label=name)
        known = np.isfinite(low) & np.isfinite(high)
        reach = np.minimum(high[known], 2 * top)  # beyond the end of the axis
        ax.vlines(x[known], low[known], reach, color=color, lw=1.1, alpha=0.7)
    across = _draw_levels(ax, levels, names[len(lines) :], top)
    everything = np.concatenate([line.points for line in lines])
    values = np.concatenate([everything[:, 1:], across])
    values = np.where(values > top, np.nan, values)
    _scale(ax, "x", everything[:, 0], everything[:, 0], factor)
    _scale(ax, "y", values[:, 0], values[np.isfinite(values)], factor)
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


def _draw_levels(
    ax: Axes, levels: Sequence[Level], names: Sequence[str], top: float
) -> Float[np.ndarray, "level 3"]:
    """Value, low and high of those drawn; NaN for the end of a band that leaves the axes."""
    shown = []
    for place, (level, name) in enumerate(zip(levels, names, strict=True)):
        color, dashes = GROUP_COLORS[level.group], _DASHES[place % len(_DASHES)]
        if level.value > top:
            ax.plot([], [], color=color, lw=1.2, ls=dashes, label=name)
            continue
        ax.axhline(level.value, color=color, lw=1.2, ls=dashes, label=name)
        shown.append((level.value, level.low, level.high if level.high <= top else np.nan))
        if level.high > level.low:
            before = ax.get_ylim()
            ax.axhspan(level.low, level.high, color=color, lw=0, alpha=0.1)
            if level.high > top:
                ax.set_ylim(min(before[0], level.low), before[1])
    return np.array(shown, float).reshape(-1, 3)


def _scale(
    ax: Axes,
    side: str,
    values: Float[np.ndarray, " v"],
    ends: Float[np.ndarray, " e"],
    factor: float,
) -> None:
    """Logarithmic where that helps; an interval that reaches below 0 is cut at the axis."""
    if values.min() <= 0 or values.max() / values.min() <= factor:
        return
    ax.set(**{f"{side}scale": "log"})
    axis = ax.xaxis if side == "x" else ax.yaxis
    if side == "y":
        low = ends[ends > 0].min()
        ax.set_ylim(max(low, values.min() / 10) / 1.5, ends.max() * 1.5)
    if values.max() / values.min() < 100:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    # Written out: the powers of ten of the default formatter need mathematical text.
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _ticks(ax: Axes, x: Float[np.ndarray, " x"]) -> None:
    """At what was measured, where it has room; the longer the numbers, the more they need."""
    where = np.log(x) if ax.get_xscale() == "log" else x
    names = [f"{v:g}" if v == round(v) else f"{v:.3g}" for v in x]
    room = max(0.07, 0.025 * max(map(len, names))) * (where[-1] - where[0])
    kept = [0]
    for i in range(1, len(x)):
        if where[i] - where[kept[-1]] > room:
            kept.append(i)
    ax.set_xticks(x[kept], [names[i] for i in kept])
    ax.xaxis.set_minor_locator(NullLocator())
