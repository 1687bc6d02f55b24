"""A measure over two coordinates as colors, panels side by side with one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from neuroloom.report.figures.matrices import SEQUENTIAL, add_colorbar
from neuroloom.report.figures.panels import axes_in_a_row
from neuroloom.report.theme import ABSENT, house_style, label

__all__ = ["Surface", "surfaces"]

_WIDTH, _HEIGHT = 3.9, 4.0


@dataclass(frozen=True)
class Surface:
    """One panel.

    Attributes:
        title: What is measured there.
        values: NaN where it was not.
    """

    title: str
    values: Float[np.ndarray, "up along"]


@house_style()
def surfaces(
    panels: Sequence[Surface],
    *,
    along: Sequence[int | float],
    up: Sequence[int | float],
    coordinate: str,
    side: str,
    measure: str,
) -> Axes:
    """All panels in a row with one scale of colors; the first axes.

    Args:
        panels: At least one.
        along: Values of the coordinate along the bottom; cells are drawn equally wide.
        up: Values of that up the side, likewise.
        coordinate: What is along the bottom, with its unit.
        side: What is up the side, with its unit.
        measure: What the colors mean, with its unit.
    """
    axes = axes_in_a_row(len(panels), (0.75, 1.55, 0.15, 0.35), _WIDTH, _HEIGHT)
    finite = np.concatenate([one.values[np.isfinite(one.values)] for one in panels])
    scale = Normalize(float(finite.min()), float(finite.max()))
    for ax, panel in zip(axes, panels, strict=True):
        ax.imshow(
            np.ma.masked_invalid(panel.values),
            cmap=SEQUENTIAL,
            norm=scale,
            aspect="auto",
            interpolation="none",
            origin="lower",
        )
        ax.set_facecolor(ABSENT)
        ax.set_title(label(panel.title, 40))
        ax.set_xticks(range(len(along)), [f"{value:g}" for value in along])
        ax.set_yticks(range(len(up)), [f"{value:g}" for value in up])
        ax.set_xlabel(label(coordinate, 44))
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    axes[0].set_ylabel(label(side, 44))
    add_colorbar(axes[0], axes[0].images[0], measure)
    return axes[0]
