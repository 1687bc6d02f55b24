"""Figures of goal-directed use: learning curves, the arena with its goals and paths, values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, new_axes, new_figure
from neuroloom.studies.functional_connectome.goals.arms import LEARNERS, PHASES, WALK
from neuroloom.studies.functional_connectome.goals.codes import ONE_HOT, PREDICTED, SHUFFLED, TRUE

__all__ = ["goal_pictures"]

STYLES = {
    TRUE: (GROUP_COLORS["default"], "-"),
    PREDICTED: (GROUP_COLORS["variant"], "-"),
    SHUFFLED: (GROUP_COLORS["null"], "-"),
    "boundary cells": (GROUP_COLORS["transfer"], "-"),
    "raw position": (MUTED, "--"),
    ONE_HOT: (GROUP_COLORS["ceiling"], "-"),
    WALK: (INK, ":"),
}


def goal_pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Learning curves, and the first world; none where the arm was not run."""
    found = []
    if any(row.arm == "goals" and row.measure == "ratio" for row in contents.scores):
        found.append(
            Picture(
                "goals-learning",
                "Finding a goal, and a goal that has moved",
                "Moves to the goal over the fewest possible, means of five episodes, against "
                "episodes; bands are 95 % intervals over worlds. Left of the line the first goal, "
                "right of it the moved one. An episode without success counts with its limit. This "
                "is an extension of the paper, not a reproduction.",
                _draw_curves(contents),
                wide=True,
                full=True,
            )
        )
    for _, arrays in contents.arrays("goals"):
        found.append(
            Picture(
                "goals-values",
                "What positions are worth after the goal has moved",
                "Value of the best move from each position by successor features, over its largest "
                "in the arena, in the first world; the lines go on to the neighbor that is worth "
                "most, from two starts, until the goal or where they have been. Open ring: the "
                "first goal; filled: the moved one.",
                _draw_values(arrays),
                wide=True,
                full=True,
            )
        )
        break
    return tuple(found)


@house_style()
def _draw_curves(contents: StudyContents) -> Axes:
    figure = new_figure(9.6, 3.9)
    wide = 2.75
    for n, learner in enumerate(LEARNERS):
        left = 0.6 + n * (wide + 0.2)
        ax = new_axes(figure, (left, 1.0, 9.6 - left - wide, 0.35))
        offset = 0.0
        for phase in PHASES:
            last = offset
            for code, (color, style) in STYLES.items():
                at = {"learner": learner, "phase": phase}
                points = contents.line("episode", "goals", code, "ratio", **at)
                if not len(points):
                    continue
                x, value, low, high = points.T
                x = x + offset + 2.5
                ax.plot(x, value, color=color, ls=style, lw=1.2)
                ax.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
                last = max(last, x[-1] + 2.5)
            offset = last
            if phase == PHASES[0]:
                ax.axvline(offset, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        ax.set(yscale="log", ylim=(0.9, 60), xlim=(0, offset or 1), title=learner)
        ax.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        ax.minorticks_off()
        ax.set_xlabel("episode")
        ax.grid()
        if n == 0:
            ax.set_ylabel("moves / fewest possible")
        else:
            ax.tick_params(labelleft=False)
    handles = [Line2D([], [], color=c, ls=s, label=name) for name, (c, s) in STYLES.items()]
    figure.legend(handles=handles, loc="lower center", ncol=4)
    return figure.axes[0]


@house_style()
def _draw_values(arrays: Mapping[str, Any]) -> Axes:
    names = [str(name) for name in arrays["codes"]]
    shown = [name for name in (TRUE, PREDICTED, SHUFFLED, ONE_HOT) if name in names]
    figure = new_figure(10.3, 3.0)
    positions, goals = arrays["positions"], arrays["goals"]
    low = arrays["walls"].reshape(-1, 2).min(axis=0)
    high = arrays["walls"].reshape(-1, 2).max(axis=0)
    starts = [int(np.linalg.norm(positions - at, axis=1).argmin()) for at in (low, high)]
    for n, name in enumerate(shown):
        left = 0.55 + n * 2.25
        ax = new_axes(figure, (left, 0.55, 10.3 - left - 2.1, 0.35))
        value = arrays["value"][names.index(name)]
        x, y = (np.unique(np.round(positions[:, i], 4)) for i in (0, 1))
        picture = np.full((len(y), len(x)), np.nan)
        column, row = (
            np.searchsorted(axis, np.round(positions[:, i], 4)) for i, axis in enumerate((x, y))
        )
        picture[row, column] = value / max(float(np.abs(value).max()), 1e-12)
        half = (x[1] - x[0]) / 2
        extent = (x[0] - half, x[-1] + half, y[0] - half, y[-1] + half)
        ax.imshow(picture, origin="lower", extent=extent, cmap="viridis", vmin=0, vmax=1)
        ax.add_collection(LineCollection(list(arrays["walls"]), colors=INK, linewidths=1.6))
        for start in starts:
            path = positions[_followed(start, value, arrays)]
            ax.plot(*path.T, color=GROUP_COLORS["null"], lw=1.4)
            ax.plot(*path[0], "s", color=GROUP_COLORS["null"], ms=3)
        ax.plot(*goals[0], "o", mfc="none", mec="white", ms=7)
        ax.plot(*goals[1], "o", color="white", ms=7)
        ax.set(aspect="equal", title=name, xlabel="x (m)")
        ax.set_xticks([0.0, 0.5])  # the last one would run into the next picture
        if n == 0:
            ax.set_ylabel("y (m)")
        else:
            ax.tick_params(labelleft=False)
    side = figure.add_axes((0.935, 0.2, 0.01, 0.65))
    figure.colorbar(ScalarMappable(Normalize(0, 1), "viridis"), cax=side)
    side.set_ylabel("value / largest")

    return figure.axes[0]


def _followed(start: int, value: np.ndarray, arrays: Mapping[str, Any]) -> Sequence[int]:
    """Positions along the neighbors of largest value, until the goal or where it has been."""
    path = [start]
    while not arrays["at_goal"][1][path[-1]]:
        ends = arrays["transitions"][path[-1]]
        end = int(ends[value[ends].argmax()])
        if end in path:
            break
        path.append(end)
    return path
