"""Where an animal was and where its spikes say it was: coordinates over time, or the plane."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from neuroloom.report.theme import (
    COLORS,
    GROUP_COLORS,
    INK,
    house_style,
    label,
    new_axes,
    new_figure,
)

__all__ = ["decoded_path", "decoded_plane"]

_LANE, _MARGIN, _BETWEEN = 1.15, (0.95, 0.55, 0.3, 0.4), 0.18


@house_style()
def decoded_path(
    time: Float[np.ndarray, " time"],
    true: Float[np.ndarray, "time axis"],
    decoded: Float[np.ndarray, "time axis"],
    entropy: Float[np.ndarray, " time"],
    *,
    unit: str,
    names: Sequence[str] = ("x", "y"),
) -> Axes:
    """Each coordinate over time, true (line) and decoded (dots), and the entropy; the first axes.

    Steps are drawn one after the other; a gap in time breaks the line.

    Args:
        time: In seconds.
        true: In `unit`; NaN where not known.
        decoded: In `unit`.
        entropy: Of the posterior, in bits.
        unit: Of positions, such as `m` or `pixel`.
        names: Of the coordinates.
    """
    left, below, right, above = _MARGIN
    n_lanes = true.shape[1] + 1
    height = below + above + n_lanes * _LANE + (n_lanes - 1) * _BETWEEN
    figure = new_figure(7.6, height)
    all_axes: list[Axes] = []
    for n in range(n_lanes):
        top = above + n * (_LANE + _BETWEEN)
        all_axes.append(new_axes(figure, (left, height - top - _LANE, right, top)))
    broken = _broken(time)
    for n, ax in enumerate(all_axes[:-1]):
        ax.plot(
            np.insert(time, broken, np.nan),
            np.insert(true[:, n], broken, np.nan),
            color=INK,
            lw=1.1,
            label="true",
        )
        ax.plot(
            time, decoded[:, n], ".", ms=2.6, color=GROUP_COLORS["default"], label="decoded", mew=0
        )
        ax.set_ylabel(f"{label(names[n], 12)} ({label(unit, 12)})")
    last = all_axes[-1]
    last.plot(
        np.insert(time, broken, np.nan),
        np.insert(entropy, broken, np.nan),
        color=COLORS["muted"][0],
        lw=0.9,
    )
    last.set_ylabel("entropy (bit)")
    last.set_ylim(bottom=0)
    last.set_xlabel("time (s)")
    for ax in all_axes:
        if time.size > 1:
            ax.set_xlim(time[0], time[-1])
        if ax is not last:
            ax.set_xticklabels([])
    all_axes[0].legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, markerscale=3
    )
    return all_axes[0]


@house_style()
def decoded_plane(
    true: Float[np.ndarray, "time 2"],
    decoded: Float[np.ndarray, "time 2"],
    *,
    unit: str,
    walls: Float[np.ndarray, "wall 2 2"] | None = None,
    starts: np.ndarray | None = None,
    ax: Axes | None = None,
) -> Axes:
    """True (dark) and decoded (blue) path in the plane, with the walls, one scale on both axes.

    Args:
        true: In `unit`.
        decoded: In `unit`.
        unit: Of positions, such as `m` or `pixel`.
        walls: Ends of each wall.
        starts: Steps where a new line begins.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(width=4.6, height=4.4)
    if walls is not None:
        ax.add_collection(LineCollection(list(walls), colors=COLORS["muted"][0], linewidths=2.2))
    broken = np.flatnonzero(starts)[1:] if starts is not None else np.array([], int)
    for path, color, name, width in (
        (decoded, GROUP_COLORS["default"], "decoded", 0.7),
        (true, INK, "true", 1.2),
    ):
        x, y = (np.insert(path[:, n], broken, np.nan) for n in (0, 1))
        ax.plot(x, y, color=color, lw=width, label=name)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel(f"x ({label(unit, 12)})")
    ax.set_ylabel(f"y ({label(unit, 12)})")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    return ax


def _broken(time: Float[np.ndarray, " time"]) -> np.ndarray:
    """Places before which the clock skips more than twice its usual step, or runs back."""
    step = np.diff(time)
    if not step.size:
        return np.array([], int)
    usual = float(np.median(np.abs(step)))
    return np.flatnonzero((step > 2 * usual) | (step < 0)) + 1
