"""Foretold against measured, a dot a case, where the sign is what counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from neuroloom.report.figures.panels import axes_in_a_row
from neuroloom.report.theme import BAND, GROUP_COLORS, MUTED, house_style, label

__all__ = ["PairPanel", "pair_panels"]


@dataclass(frozen=True)
class PairPanel:
    """Axes of dots.

    Attributes:
        title: What foretold them.
        points: Measured and foretold value of each case.
        unit: Of both.
    """

    title: str
    points: Float[np.ndarray, "case 2"]
    unit: str

    @property
    def n_right(self) -> int:
        """Cases whose sign is foretold."""
        return int((self.points[:, 0] * self.points[:, 1] > 0).sum())


@house_style()
def pair_panels(panels: Sequence[PairPanel]) -> Axes:
    """A panel in a row for each; the first axes.

    Args:
        panels: At least one.
    """
    all_axes = axes_in_a_row(len(panels), (0.75, 0.6, 0.1, 0.55), 3.1, 3.35)
    for panel, ax in zip(panels, all_axes, strict=True):
        x_end, y_end = 1.12 * np.maximum(np.abs(panel.points).max(axis=0), 1e-9)
        for sign in (-1, 1):
            ax.add_patch(Rectangle((0, 0), sign * x_end, sign * y_end, color=BAND, lw=0, zorder=0))
        ax.axhline(0, color=MUTED, lw=0.8)
        ax.axvline(0, color=MUTED, lw=0.8)
        ax.plot(*panel.points.T, "o", color=GROUP_COLORS["default"], ms=5, mew=0, alpha=0.75)
        ax.set(xlim=(-x_end, x_end), ylim=(-y_end, y_end))
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_locator(MaxNLocator(5))
        right = f"{panel.n_right} of {len(panel.points)} signs right"
        ax.set_title(f"{label(panel.title, 36)}\n{right}", fontsize=8.8)
        ax.set_xlabel(f"measured ({panel.unit})")
        ax.set_ylabel(f"foretold ({panel.unit})")
    return all_axes[0]
