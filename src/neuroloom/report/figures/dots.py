"""Every repeat as a dot, a row for each thing that was measured; panels share their rows."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from neuroloom.report.theme import (
    GROUP_COLORS,
    INK,
    MUTED,
    house_style,
    label,
    new_axes,
    new_figure,
)
from neuroloom.report.wording import number

__all__ = ["DotPanel", "Dots", "dot_panels"]

_ROW, _WRAPPED, _NAMES, _WIDTH = 0.24, 0.31, 2.75, 3.1
_MARKERS = "osD^v"
_CLOSEST = 1e-6  # 1 - R2 below which nothing is told apart


@dataclass(frozen=True)
class Dots:
    """The repeats of one measurement.

    Attributes:
        name: Of its row; those of the same name share it.
        values: One a repeat; at least one, all finite.
        group: Whose color they have, of `GROUP_COLORS`.
        series: For the legend, where a row has several.
        low: Lower end of an interval, drawn as a line; NaN for none.
        high: Upper end.
    """

    name: str
    values: Float[np.ndarray, " repeat"]
    group: str = "default"
    series: str = ""
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True)
class DotPanel:
    """Axes of rows of dots.

    Attributes:
        title: What its dots have in common.
        measure: What is along the bottom, with its unit.
        dots: At least one.
        scale: `r2` spreads values near 1 and squeezes those far below 0.
        chance: Where a line is drawn, such as at what knows nothing; NaN for none.
    """

    title: str
    measure: str
    dots: tuple[Dots, ...]
    scale: Literal["linear", "log", "r2"] = "linear"
    chance: float = float("nan")


@house_style()
def dot_panels(panels: Sequence[DotPanel]) -> Axes:
    """Panels in a row with the names of the rows on the left; a bar and a number are the median.

    Args:
        panels: At least one.
    """
    names = list(dict.fromkeys(dots.name for panel in panels for dots in panel.dots))
    series = list(dict.fromkeys(d.series for panel in panels for d in panel.dots if d.series))
    rows = [textwrap.fill(label(name, 84), 44) for name in names]
    inches = (_WRAPPED if any("\n" in row for row in rows) else _ROW) * (len(names) + 0.6)
    below = 0.55 + 0.17 * len(series)
    height = below + 0.35 + inches
    figure = new_figure(_NAMES + _WIDTH * len(panels), height)
    all_axes = []
    for i, panel in enumerate(panels):
        right = (len(panels) - 1 - i) * _WIDTH + 0.6
        ax = new_axes(figure, (_NAMES + i * _WIDTH, below, right, 0.35))
        all_axes.append(ax)
        _draw(ax, panel, names, series)
        if i == 0:
            _add_series(ax, panels, series)
        ax.set_yticks(range(len(names)), [""] * len(names))
        ax.set_title(label(panel.title, 44))
    all_axes[0].set_yticks(range(len(names)), rows, fontsize=8.2, linespacing=0.92)
    if series:
        all_axes[0].legend(
            loc="upper left", bbox_to_anchor=(-0.02, -0.46 / inches), borderaxespad=0
        )
    return all_axes[0]


def _draw(ax: Axes, panel: DotPanel, names: list[str], series: list[str]) -> None:
    if np.isfinite(panel.chance):
        ax.axvline(float(_place(panel, panel.chance)), color=MUTED, lw=0.9, ls=(0, (4, 3)))
    many = len(series) > 1
    for dots in panel.dots:
        shift = series.index(dots.series) - (len(series) - 1) / 2 if dots.series and many else 0.0
        y = names.index(dots.name) + shift * 0.6 / max(len(series), 2)
        marker = _MARKERS[series.index(dots.series) % len(_MARKERS)] if dots.series else "o"
        color, at = GROUP_COLORS[dots.group], _place(panel, dots.values)
        alpha = 0.55 if len(at) > 1 else 1.0
        ax.plot(at, np.full(len(at), y), marker, color=color, ms=3.8, mew=0, alpha=alpha)
        ends = _place(panel, np.array([dots.low, dots.high]))
        if np.isfinite(ends).all():
            ax.hlines(y, *ends, color=color, lw=1.4)
        middle = float(np.median(dots.values))
        if len(at) > 1:
            ax.plot(float(_place(panel, middle)), y, "|", color=color, ms=9, mew=2.2)
        if not (dots.series and many):
            ax.annotate(
                number(middle),
                (1.02, y),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8.2,
                color=INK,
            )
    ax.set_ylim(len(names) - 0.4, -0.7)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.margins(x=0.06)
    _axis(ax, panel)
    ax.set_xlabel(label(panel.measure, 56))


def _add_series(ax: Axes, panels: Sequence[DotPanel], series: list[str]) -> None:
    """What the legend needs."""
    groups = {dots.series: dots.group for panel in panels for dots in panel.dots}
    for place, name in enumerate(series):
        marker, color = _MARKERS[place % len(_MARKERS)], GROUP_COLORS[groups[name]]
        ax.plot([], [], marker, color=color, ms=4.5, label=label(name, 60))


def _place(panel: DotPanel, value: float | np.ndarray) -> np.ndarray:
    if panel.scale != "r2":
        return np.asarray(value)
    return np.asarray(-np.log10(np.maximum(1 - np.asarray(value), _CLOSEST)))


def _r2_text(k: int) -> str:
    """R2 at k nines, short where it is far below 0."""
    value = 1 - 10.0**-k
    return f"−1e{-k}" if k < -3 else f"{value:.6g}".replace("-", "−")


def _axis(ax: Axes, panel: DotPanel) -> None:
    values = np.concatenate([dots.values for dots in panel.dots])
    if panel.scale == "log" and values.min() > 0 and values.max() > 2 * values.min():
        ax.set_xscale("log")
        decades = np.log10(values.max() / values.min())
        if decades < 2:
            ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 1 else (1, 3)))
        # Written out: the powers of ten of the default formatter need mathematical text.
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    if panel.scale == "r2":
        low, high = ax.get_xlim()
        ticks = np.arange(np.ceil(low), np.floor(high) + 1)
        ticks = ticks[ticks % max(1, math.ceil(len(ticks) / 4)) == 0]
        ax.set_xticks(ticks, [_r2_text(int(k)) for k in ticks])
