"""Panels side by side in one figure: lines against a number, each panel with its own legend."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from neuroloom.report.figures.along import Level, Line, legend_room, lines_along
from neuroloom.report.theme import house_style, label, new_axes, new_figure

__all__ = ["Panel", "axes_in_a_row", "line_panels"]

_WIDTH, _HEIGHT = 4.25, 2.7
_FACTOR = 4.0


@dataclass(frozen=True)
class Panel:
    """Axes of lines.

    Attributes:
        title: What its lines have in common.
        coordinate: What is along the bottom, with its unit.
        measure: What is up the side, with its unit. Panels of the same one have the same limits.
        lines: At least one.
        levels: What they are held against.
    """

    title: str
    coordinate: str
    measure: str
    lines: tuple[Line, ...]
    levels: tuple[Level, ...] = ()


@house_style()
def line_panels(panels: Sequence[Panel]) -> Axes:
    """All panels in a row; the first axes. Logarithmic where values span more than a factor of 4.

    Args:
        panels: At least one.
    """
    names = [[part.name for part in (*panel.lines, *panel.levels)] for panel in panels]
    below = max(legend_room(own)[1] for own in names)
    all_axes = axes_in_a_row(len(panels), (0.85, below, 0.2, 0.35), _WIDTH, _HEIGHT + below + 0.35)
    by_measure: dict[str, list[Axes]] = {}
    logarithmic = {
        panel.measure for panel in panels if _spans(_heights(panel)) and (_heights(panel) > 0).all()
    }
    for panel, ax in zip(panels, all_axes, strict=True):
        factor = 1.0 if panel.measure in logarithmic else _FACTOR
        lines_along(
            panel.lines, panel.coordinate, panel.measure, ax, levels=panel.levels, factor=factor
        )
        ax.set_title(label(panel.title, 52))
        by_measure.setdefault(panel.measure, []).append(ax)
    for alike in by_measure.values():
        if len({ax.get_yscale() for ax in alike}) == 1:
            ends = [ax.get_ylim() for ax in alike]
            for ax in alike:
                ax.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
    return all_axes[0]


def _heights(panel: Panel) -> Float[np.ndarray, " value"]:
    values = [line.points[:, 1] for line in panel.lines]
    return np.concatenate([*values, [level.value for level in panel.levels]])


def _spans(values: Float[np.ndarray, " value"]) -> bool:
    return bool(values.max() > _FACTOR * values.min())


def axes_in_a_row(
    n: int, box: tuple[float, float, float, float], width: float, height: float
) -> list[Axes]:
    """Axes of equal size, from left to right in one new figure.

    Args:
        n: How many.
        box: Left, bottom, right and top margins of each, in inches.
        width: Of each with its margins, in inches.
        height: Of the figure, in inches.
    """
    figure = new_figure(n * width, height)
    left, bottom, right, top = box
    return [
        new_axes(figure, (i * width + left, bottom, (n - 1 - i) * width + right, top))
        for i in range(n)
    ]
