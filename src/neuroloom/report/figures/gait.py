"""How a chain of links moves: its postures along its way, and what drives it over time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from neuroloom.report.figures.matrices import DIVERGING, add_colorbar
from neuroloom.report.theme import (
    BAND,
    GROUP_COLORS,
    INK,
    house_style,
    label,
    new_axes,
    new_figure,
)

__all__ = ["Gait", "chain_points", "gaits"]

_WIDTH, _LEFT = 9.4, 0.75
_POSTURE, _DRIVE = 1.35, 1.05
_N_POSTURES = 8


@dataclass(frozen=True)
class Gait:
    """One controller at work.

    Attributes:
        title: Whose gait it is.
        points: Ends of the links, in m.
        drive: Dorsal less ventral, from head to tail.
        dt: Length of a step, in s.
        driven: What `drive` is of, for the axis: segments or joints.
    """

    title: str
    points: Float[np.ndarray, "time end 2"]
    drive: Float[np.ndarray, "time place"]
    dt: float
    driven: str


def chain_points(
    state: Float[np.ndarray, "time state"], n_links: int
) -> Float[np.ndarray, "time end 2"]:
    """Ends of the links of a swimmer, head first, in m.

    Args:
        state: x, y and angle of the first link, angles of the hinges, then velocities.
        n_links: Of 1 m each.
    """
    angle = np.cumsum(state[:, 2 : 2 + n_links], axis=1)
    along = np.stack([np.cos(angle), np.sin(angle)], axis=2)
    # The first link reaches from 1.5 to .5 m ahead of the point whose place is x, y.
    head = state[:, None, :2] + 1.5 * along[:, :1]
    return np.concatenate([head, head - np.cumsum(along, axis=1)], axis=1)


@house_style()
def gaits(shown: Sequence[Gait], *, measure: str) -> Axes:
    """Postures and drive of each controller, one below the other; the last axes.

    Args:
        shown: At least one.
        measure: What the colors of the drive mean.
    """
    each = _POSTURE + _DRIVE + 0.85
    height = each * len(shown) + 0.95
    figure = new_figure(_WIDTH, height)
    largest = max(float(np.abs(gait.drive).max(initial=0)) for gait in shown) or 1.0
    scale = Normalize(-largest, largest)
    below = None
    for row, gait in enumerate(shown):
        top = each * row + 0.32
        above = new_axes(figure, (_LEFT, height - top - _POSTURE, 0.2, top))
        _draw_postures(above, gait)
        lower = top + _POSTURE + 0.28
        below = new_axes(figure, (_LEFT, height - lower - _DRIVE, 0.2, lower))
        n = len(gait.drive)
        below.imshow(
            gait.drive.T,
            cmap=DIVERGING,
            norm=scale,
            aspect="auto",
            interpolation="none",
            extent=(0, n * gait.dt, gait.drive.shape[1] + 0.5, 0.5),
        )
        below.set_ylabel(label(gait.driven, 20))
        below.set_yticks(range(1, gait.drive.shape[1] + 1))
        below.tick_params(length=0)
        if row == len(shown) - 1:
            below.set_xlabel("time (s)")
    assert below is not None
    add_colorbar(below, below.images[0], measure)
    return below


def _draw_postures(ax: Axes, gait: Gait) -> None:
    n = len(gait.points)
    middle = gait.points.mean(axis=1)
    ax.plot(middle[:, 0], middle[:, 1], color=BAND, lw=3, solid_capstyle="round")
    for step in np.linspace(0, n - 1, _N_POSTURES).astype(int):
        x, y = gait.points[step].T
        ax.plot(x, y, color=GROUP_COLORS["default"], lw=2.0, solid_joinstyle="round")
        ax.plot(x[0], y[0], "o", color=INK, ms=3.5)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_title(label(gait.title, 90))
    ax.set_ylabel("x, y (m)")
