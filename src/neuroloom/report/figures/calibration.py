"""Does a prediction of a size, or of a chance, come true? All scored entries, in bins."""

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes

from neuroloom.report.heldout import binned
from neuroloom.report.theme import GROUP_COLORS, MUTED, house_style, label, new_axes

__all__ = ["effect_calibration", "probability_calibration"]


@house_style()
def effect_calibration(
    predicted: Float[np.ndarray, " pair"],
    measured: Float[np.ndarray, " pair"],
    unit: str,
    ax: Axes | None = None,
) -> Axes:
    """Mean measured against mean predicted effect in ten bins; on the dashed line they are equal.

    Args:
        predicted: Mean prediction of each scored entry.
        measured: What was measured.
        unit: Of both.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.2, 0.2), width=4.7, height=3.5)
    _bins(ax, predicted, measured)
    ends = np.array([*ax.get_xlim()])
    ax.plot(ends, ends, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1, label="predicted = measured")
    ax.legend(loc="upper left")
    ax.set_xlim(*ends)
    ax.set_xlabel(label(f"predicted effect ({unit})", 60))
    ax.set_ylabel(label(f"measured effect ({unit})", 50))
    return ax


@house_style()
def probability_calibration(
    probability: Float[np.ndarray, " pair"],
    detected: Bool[np.ndarray, " pair"],
    ax: Axes | None = None,
) -> Axes:
    """Share of detected responses against their predicted probability in ten bins.

    Args:
        probability: Predicted probability of detection.
        detected: Whether a response was detected.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.2, 0.2), width=4.7, height=3.5)
    _bins(ax, probability, detected.astype(float))
    top = max(ax.get_xlim()[1], ax.get_ylim()[1])
    ax.plot(
        [0, top],
        [0, top],
        color=MUTED,
        lw=0.8,
        ls=(0, (4, 3)),
        zorder=1,
        label="predicted = observed",
    )
    ax.legend(loc="upper left")
    ax.set(xlim=(0, None), ylim=(0, None))
    ax.set_xlabel("predicted probability that a response is detected")
    ax.set_ylabel("share in which it was detected")
    return ax


def _bins(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    parts = binned(x, 10)
    at = [float(x[part].mean()) for part in parts]
    mean = np.array([y[part].mean() for part in parts])
    error = np.array([2 * y[p].std(ddof=1) / np.sqrt(p.size) if p.size > 1 else 0 for p in parts])
    color = GROUP_COLORS["default"]
    ax.vlines(at, mean - error, mean + error, color=color, lw=1.4)
    ax.plot(at, mean, "o-", color=color, ms=4.5, lw=0.9)
    ax.grid()
