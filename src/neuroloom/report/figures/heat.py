"""Activity of many regions over time as heat maps one below the other, on one clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from neuroloom.report.figures.matrices import DIVERGING
from neuroloom.report.theme import house_style, label, new_axes, new_figure

__all__ = ["HeatMap", "heat_maps"]

_ROW, _GAP = 0.1, 0.42


@dataclass(frozen=True)
class HeatMap:
    """One population.

    Attributes:
        title: Whose activity it is.
        values: About their mean; NaN is drawn as nothing.
        regions: A name a column of `values`, drawn from top to bottom.
    """

    title: str
    values: Float[np.ndarray, "time region"]
    regions: tuple[str, ...]


@house_style()
def heat_maps(time: Float[np.ndarray, " time"], maps: Sequence[HeatMap], unit: str) -> Axes:
    """All maps with one scale of colors, white at 0; the first axes.

    Args:
        time: In seconds.
        maps: From top to bottom.
        unit: Of all of them.
    """
    heights = [max(_ROW * len(one.regions), 1.0) for one in maps]
    width, below, above = 7.4, 0.6, 0.3
    height = below + above + sum(heights) + _GAP * (len(maps) - 1)
    figure = new_figure(width, height)
    values = np.concatenate([one.values[np.isfinite(one.values)] for one in maps])
    limit = float(np.quantile(np.abs(values), 0.99)) or 1.0
    all_axes: list[Axes] = []
    top = above
    for one, own in zip(maps, heights, strict=True):
        ax = new_axes(figure, (0.75, height - top - own, 1.1, top))
        top += own + _GAP
        image = ax.imshow(
            one.values.T,
            cmap=DIVERGING,
            norm=Normalize(-limit, limit),
            aspect="auto",
            interpolation="none",
            extent=(float(time[0]), float(time[-1]), len(one.regions) - 0.5, -0.5),
        )
        ax.set_title(label(one.title, 90))
        places = range(0, len(one.regions), max(1, len(one.regions) // 8))
        ax.set_yticks(places, [label(one.regions[i], 10) for i in places], fontsize=7.8)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        if one is not maps[-1]:
            ax.set_xticklabels([])
        all_axes.append(ax)
    all_axes[-1].set_xlabel("time (s)")
    bar = new_axes(figure, (width - 0.85, below, 0.75, above))
    figure.colorbar(image, cax=bar).outline.set_visible(False)  # pyright: ignore
    bar.tick_params(length=2, labelsize=7.8)
    bar.set_ylabel(label(unit, 40))
    return all_axes[0]
