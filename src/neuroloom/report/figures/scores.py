"""How well every arm does: one dot and one interval an arm, in groups."""

import math
import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from neuroloom.report.records import Score
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, label, new_axes
from neuroloom.report.wording import (
    CHANCE,
    GROUP_NAMES,
    Headline,
    measure_name,
    number,
    plain_name,
)

__all__ = ["MARKERS", "arm_scores", "strata_scores"]

# A group is told by its marker too, not by color alone.
MARKERS = {
    "default": "o",
    "variant": "v",
    "null": "D",
    "baseline": "s",
    "ceiling": "^",
    "transfer": "P",
    "other": "X",
}
_ROW = 0.21


@house_style()
def arm_scores(head: Headline, ax: Axes | None = None) -> Axes:
    """Every arm's value and 95 % interval of the first measure, grouped, best on top of its group.

    Args:
        head: From `wording.headline`.
        ax: Axes to draw on; new ones of a fitting height by default.
    """
    lines: list[tuple[float, str, Score | None]] = []
    y = 0.0
    for group, title in GROUP_NAMES.items():
        rows = head.ranked(group)
        if rows and group != "default":
            lines.append((y, title, None))
            y += 1
        for row in rows:
            # A name of two lines needs more room.
            more = 0.45 * _wrapped(row.arm).count("\n")
            lines.append((y + more, row.arm, row))
            y += 1 + 2 * more
        y += 0.35 if rows else 0
    if ax is None:
        height = y * _ROW + 0.9
        ax = new_axes(box=(2.3, 0.55, 0.5, 0.3), width=4.9, height=height)
    left, right = _limits(head)
    if head.measure in CHANCE and left <= CHANCE[head.measure] <= right:
        ax.axvline(CHANCE[head.measure], color=MUTED, lw=0.8, ls=(0, (4, 3)))
        ax.annotate(
            "chance",
            (CHANCE[head.measure], 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            color=MUTED,
            fontsize=8.4,
        )
    ax.axvline(head.own.value, color=GROUP_COLORS["default"], lw=0.7, alpha=0.55)
    labels = []
    for y, text, row in lines:
        labels.append("" if row is None else _wrapped(text))
        if row is None:
            ax.annotate(
                text,
                (-0.02, y),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="center",
                fontsize=8.4,
                fontweight="bold",
                color=MUTED,
            )
        else:
            _dot(ax, y, row, (left, right))
    ax.set_yticks([y for y, _, _ in lines], labels, fontsize=8.4, linespacing=0.95)
    for tick, (_, _, row) in zip(ax.get_yticklabels(), lines, strict=True):
        if row is not None and row.arm == "default":
            tick.set_fontweight("bold")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(left, right)
    ax.set_ylim(max(y for y, _, _ in lines) + 0.7, -0.8)
    ax.grid(axis="x")
    better = "larger is better" if head.sign > 0 else "smaller is better"
    ax.set_xlabel(label(f"{measure_name(head.measure)} ({better})", 60))
    return ax


def _wrapped(arm: str) -> str:
    return textwrap.fill(label(plain_name(arm), 90), 34)


def _dot(ax: Axes, y: float, row: Score, limits: tuple[float, float]) -> None:
    color = GROUP_COLORS[row.group]
    at = min(max(row.value, limits[0]), limits[1])
    if row.has_interval:
        ax.hlines(y, *np.clip([row.low, row.high], *limits), color=color, lw=1.4)
    outside = "<" if row.value < at else ">"
    marker = MARKERS[row.group] if at == row.value else outside
    own = row.arm == "default"
    ax.plot(at, y, marker, color=color, ms=6 if own else 4.2, clip_on=False)
    ax.annotate(
        number(row.value),
        (1.02, y),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=8.4,
        color=INK,
        fontweight="bold" if own else "normal",
    )


def _limits(head: Headline) -> tuple[float, float]:
    ends = [end for row in head.rows for end in (row.value, row.low, row.high)]
    ends = [end for end in ends if math.isfinite(end)]
    if head.measure in CHANCE:
        ends.append(CHANCE[head.measure])
    low, high = min(ends), max(ends)
    if head.measure == "identity_r2":
        low = max(low, -1.0)
    pad = 0.04 * (high - low) or 0.1
    return low - pad, high + pad


@house_style()
def strata_scores(rows: Mapping[str, list[Score]], ax: Axes | None = None) -> Axes:
    """The default and its best controls in each stratum, such as numbers of trials.

    Args:
        rows: Scores of one measure, by what a reader calls the stratum; the same order of arms in
            each.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.65, 0.6, 1.5, 0.15), width=4.9, height=3.1)
    strata = list(rows)
    arms = list(dict.fromkeys(row.arm for part in rows.values() for row in part))
    ends = []
    for place, arm in enumerate(arms):
        shift = (place - (len(arms) - 1) / 2) * 0.09
        mine = [
            (x + shift, next((row for row in part if row.arm == arm), None))
            for x, part in enumerate(rows.values())
        ]
        mine = [(x, row) for x, row in mine if row is not None]
        last = mine[-1][1]
        color = GROUP_COLORS[last.group]
        line = [row.value for _, row in mine]
        ax.plot([x for x, _ in mine], line, color=color, lw=1.2, marker=MARKERS[last.group], ms=4.5)
        for x, row in mine:
            if row.has_interval:
                ax.vlines(x, row.low, row.high, color=color, lw=1.2)
        ends.append((last.value, textwrap.fill(label(plain_name(arm), 60), 22), color))
    _direct_labels(ax, ends)
    measure = rows[strata[0]][0].measure
    if measure in CHANCE:
        ax.axhline(CHANCE[measure], color=MUTED, lw=0.8, ls=(0, (4, 3)))
    ax.set_xticks(range(len(strata)), [label(s, 20) for s in strata])
    ax.set_xlim(-0.4, len(strata) - 0.6)
    ax.set_xlabel("trials behind a pair")
    ax.set_ylabel(label(measure_name(measure), 40))
    ax.grid(axis="y")
    return ax


def _direct_labels(ax: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Names at the right of the axes, as near to their lines as they can be without touching."""
    if not ends:
        return
    low, high = ax.get_ylim()
    ends = sorted(ends)
    height = float(ax.get_position().height * ax.get_figure(root=True).get_size_inches()[1])  # pyright: ignore[reportOptionalMemberAccess]
    inch = (high - low) / height
    sizes = [0.14 * (text.count("\n") + 1) * inch + 0.04 * inch for _, text, _ in ends]
    places = [value for value, _, _ in ends]
    for i in range(1, len(places)):
        least = places[i - 1] + (sizes[i - 1] + sizes[i]) / 2
        places[i] = max(places[i], least)
    for y, (_, text, color) in zip(places, ends, strict=True):
        ax.annotate(
            text,
            (1.02, y),
            xycoords=("axes fraction", "data"),
            va="center",
            color=color,
            fontsize=8.4,
            linespacing=0.95,
            annotation_clip=False,
        )
    ax.set_ylim(low, high)
