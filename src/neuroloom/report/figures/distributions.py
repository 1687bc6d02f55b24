"""Cumulative distributions of samples, panels side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from neuroloom.report.figures.along import legend_room
from neuroloom.report.figures.panels import axes_in_a_row
from neuroloom.report.theme import GROUP_COLORS, house_style, label

__all__ = ["CumulativePanel", "Sample", "cumulative_panels"]


@dataclass(frozen=True)
class Sample:
    """Values of one population.

    Attributes:
        name: For the legend.
        values: At least one, all finite.
        group: Whose color it has, of `GROUP_COLORS`.
        solid: Whether its line is solid, or dashed.
    """

    name: str
    values: Float[np.ndarray, " value"]
    group: str
    solid: bool = True


@dataclass(frozen=True)
class CumulativePanel:
    """Axes of samples.

    Attributes:
        title: What the samples have in common.
        quantity: What is along the bottom, with its unit.
        samples: At least one.
        counted: What a value is of, for the axis.
    """

    title: str
    quantity: str
    samples: tuple[Sample, ...]
    counted: str = "cells"


@house_style()
def cumulative_panels(panels: Sequence[CumulativePanel]) -> Axes:
    """A panel in a row for each; the first axes. The outer 1 % of all values is off the axes.

    Args:
        panels: At least one.
    """
    below = max(legend_room([s.name for s in panel.samples])[1] for panel in panels)
    height = 2.7 + below
    all_axes = axes_in_a_row(len(panels), (0.75, below, 0.2, 0.35), 4.25, height)
    for panel, ax in zip(panels, all_axes, strict=True):
        for sample in panel.samples:
            ax.ecdf(
                sample.values,
                color=GROUP_COLORS[sample.group],
                lw=1.5,
                ls="-" if sample.solid else (0, (4, 2)),
                label=label(sample.name, 60),
            )
        ends = [np.quantile(s.values, [0.005, 0.995]) for s in panel.samples]
        low, high = min(e[0] for e in ends), max(e[1] for e in ends)
        ax.set_xlim(low - 0.02 * (high - low) - 1e-9, high + 0.02 * (high - low) + 1e-9)
        ax.set_title(label(panel.title, 52))
        ax.set_xlabel(label(panel.quantity, 56))
        ax.set_ylabel(f"part of the {panel.counted} below")
        ax.grid()
        inches = height - below - 0.35
        ax.legend(
            loc="upper left",
            bbox_to_anchor=(-0.02, -0.46 / inches),
            borderaxespad=0,
            handlelength=2.6,
        )
    return all_axes[0]
