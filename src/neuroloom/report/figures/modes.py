"""What training leaves of an error along each mode, against the mode's stiffness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from neuroloom.report.figures.panels import axes_in_a_row
from neuroloom.report.theme import GROUP_COLORS, MUTED, house_style, label

__all__ = ["LEAST", "ModeErrors", "mode_panels", "parts"]

_N_PARTS = 10
LEAST = 1e-5
"""What is left of a mode below this is drawn here, as a triangle: nothing is left of it."""


@dataclass(frozen=True)
class ModeErrors:
    """Modes of a network.

    Attributes:
        title: Of the network.
        stiffness: Eigenvalue of each mode, above 0, in the unit of activity squared.
        left: Part of the squared error that is left, above 0.
    """

    title: str
    stiffness: Float[np.ndarray, " mode"]
    left: Float[np.ndarray, " mode"]


def parts(modes: ModeErrors) -> Float[np.ndarray, "part 2"]:
    """Median stiffness and median of what is left, in equally large parts of rising stiffness."""
    order = np.argsort(modes.stiffness, kind="stable")
    pieces = np.array_split(order, min(_N_PARTS, len(order)))
    return np.array(
        [(np.median(modes.stiffness[p]), np.median(modes.left[p])) for p in pieces if len(p)]
    )


@house_style()
def mode_panels(networks: Sequence[ModeErrors]) -> Axes:
    """A panel a network; the first axes.

    Args:
        networks: At least one.
    """
    all_axes = axes_in_a_row(len(networks), (0.85, 0.6, 0.2, 0.35), 4.25, 3.6)
    color = GROUP_COLORS["default"]
    for modes, ax in zip(networks, all_axes, strict=True):
        ax.axhline(1, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        alpha = float(np.clip(40 / len(modes.left) ** 0.75, 0.08, 0.5))
        gone = modes.left < LEAST
        ax.plot(
            modes.stiffness[~gone], modes.left[~gone], "o", color=color, ms=2.8, mew=0, alpha=alpha
        )
        floor = np.full(int(gone.sum()), LEAST)
        ax.plot(modes.stiffness[gone], floor, "v", color=color, ms=4, mew=0, alpha=0.7)
        x, y = parts(modes).T
        ax.plot(x, np.maximum(y, LEAST), "o-", color=GROUP_COLORS["null"], ms=4.5, lw=1.5)
        ax.set(xscale="log", yscale="log")
        for axis in (ax.xaxis, ax.yaxis):
            # Written out: the powers of ten of the default formatter need mathematical text.
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
        ax.set_title(label(modes.title, 52))
        ax.set_xlabel("eigenvalue of the Gauss-Newton matrix (activity²)")
        ax.set_ylabel("squared error left, of the initial")
        ax.grid()
    return all_axes[0]
