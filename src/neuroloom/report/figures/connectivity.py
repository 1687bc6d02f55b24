"""Who drives whom: a matrix of weights, the surest connections as arrows, factors and horizons."""

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.stats import beta

from neuroloom.analysis.edges import CalibrationTable
from neuroloom.report.figures.matrices import DIVERGING, add_colorbar, matrix_axes, name_axes
from neuroloom.report.theme import (
    GROUP_COLORS,
    INK,
    MUTED,
    house_style,
    label,
    new_axes,
    new_figure,
)

__all__ = [
    "alike_order",
    "color_limit",
    "connectivity_matrix",
    "factor_sensitivity",
    "surest_graph",
    "twin_calibration",
]

Matrix = Float[np.ndarray, "post pre"]
NAMED = 120  # neurons whose names fit beside a matrix
MOST_ARROWS = 40
LEVEL_NAMES = 24  # neurons whose names fit level around a ring; more are written outwards


def alike_order(weight: Matrix, group: Int[np.ndarray, " pre"]) -> Int[np.ndarray, " neuron"]:
    """Positions of neurons, those of one group together, and within it those that drive alike.

    Args:
        weight: W[post, pre].
        group: Class of each neuron.
    """
    order = []
    for one in np.unique(group):
        mine = np.flatnonzero(group == one)
        if len(mine) > 2:
            sent = weight[:, mine].T
            if np.ptp(sent, axis=1).any():
                mine = mine[leaves_list(linkage(sent, "average"))]
        order += mine.tolist()
    return np.array(order, dtype=int)


def color_limit(weight: Matrix) -> float:
    """Where the colors of a matrix end: 98 % of what is not 0 is smaller; 1 for nothing."""
    size = np.abs(weight[weight != 0])
    return float(np.quantile(size, 0.98)) if size.size else 1.0


@house_style()
def connectivity_matrix(
    weight: Matrix, names: Shaped[np.ndarray, " neuron"], unit: str, ax: Axes | None = None
) -> Axes:
    """Weights from the neurons along the bottom to those down the side.

    Args:
        weight: Posterior mean effects, in the order in which they are drawn.
        names: Of the neurons, in that order.
        unit: Of an effect.
        ax: Axes to draw on.
    """
    n = len(names)
    few = n <= NAMED
    ax = ax or (
        matrix_axes(n, n) if few else new_axes(box=(0.6, 1.5, 0.2, 0.3), width=6.4, height=7.1)
    )
    limit = color_limit(weight)
    shown = np.where(np.eye(n, dtype=bool), np.nan, weight)
    image = ax.imshow(
        np.ma.masked_invalid(shown),
        cmap=DIVERGING,
        norm=Normalize(-limit, limit),
        aspect="auto",
        interpolation="none",
    )
    if few:
        name_axes(ax, names, names, "driven", "drives")
    else:
        ax.set_xlabel(f"drives ({n} neurons)")
        ax.set_ylabel("driven")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
    add_colorbar(ax, image, f"effect ({unit})" if unit else "effect")
    return ax


@house_style()
def surest_graph(
    table: pd.DataFrame,
    names: Shaped[np.ndarray, " neuron"],
    ax: Axes | None = None,
    *,
    least: float = 0.9,
) -> Axes:
    """The strongest connections among the sure ones, as arrows on a ring of neurons.

    Orange arrows excite and blue ones inhibit, as in the matrix; the thicker, the stronger.

    Args:
        table: Columns `pre`, `post`, `probability`, `effect`.
        names: Neurons on the ring, in this order; those without an arrow are left out.
        ax: Axes to draw on.
        least: Probability from which a connection is sure.
    """
    weight = table["effect"].to_numpy(float)
    sure = np.flatnonzero(table["probability"].to_numpy(float) >= least)
    sure = sure[np.argsort(-np.abs(weight[sure]), kind="stable")][:MOST_ARROWS]
    pre, post = table["pre"].tolist(), table["post"].tolist()
    taking_part = {pre[i] for i in sure} | {post[i] for i in sure}
    ring = [name for name in names.tolist() if name in taking_part]
    ax = ax or new_axes(box=(0.1, 0.1, 0.1, 0.1), width=6.4, height=6.4)
    angle = {name: 2 * np.pi * i / max(len(ring), 1) for i, name in enumerate(ring)}
    place = {name: (float(np.cos(at)), float(np.sin(at))) for name, at in angle.items()}
    most = float(np.abs(weight[sure]).max()) if len(sure) else 1.0
    for i in sure:
        ax.annotate(
            "",
            place[post[i]],
            place[pre[i]],
            arrowprops={
                "arrowstyle": "-|>",
                "color": "#c8500f" if weight[i] > 0 else GROUP_COLORS["default"],
                "lw": 0.5 + 2.2 * abs(weight[i]) / most,
                "shrinkA": 7,
                "shrinkB": 7,
                "connectionstyle": "arc3,rad=0.18",
                "mutation_scale": 8,
            },
        )
    radial = len(ring) > LEVEL_NAMES
    for name, (x, y) in place.items():
        ax.plot(x, y, "o", color=INK, ms=4)
        turn = float(np.degrees(angle[name]))
        near = 0.0 if radial else 0.05
        ax.annotate(
            label(str(name), 12),
            (1.07 * x, 1.07 * y),
            ha="left" if x > near else "right" if x < -near else "center",
            va="center",
            fontsize=8,
            color=INK,
            rotation=(turn if x >= 0 else turn - 180) if radial else 0.0,
            rotation_mode="anchor" if radial else "default",
        )
    ax.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


@house_style()
def factor_sensitivity(
    spectrum: Float[np.ndarray, " neuron"], edge: float, chosen: int, by_factors: pd.DataFrame
) -> Axes:
    """Eigenvalues of residuals beside the edge of noise, and how the answer would change.

    Args:
        spectrum: Eigenvalues, largest first.
        edge: The largest that noise gives.
        chosen: Factors that were chosen.
        by_factors: Columns `factors`, `correlation`, `connections`.
    """
    figure = new_figure(9.0, 3.4)
    left = new_axes(figure, (0.75, 0.6, 5.05, 0.3))
    right = new_axes(figure, (4.85, 0.6, 0.75, 0.3))
    n = min(len(spectrum), max(20, 2 * chosen))
    above = np.arange(n) < chosen
    x = np.arange(1, n + 1)
    color = GROUP_COLORS["default"]
    left.plot(x[above], spectrum[:n][above] / edge, "o", color=color, ms=4.5, label="common drive")
    left.plot(x[~above], spectrum[:n][~above] / edge, "o", color=MUTED, ms=3.5, label="noise")
    left.axhline(1.0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    left.set_xlabel("factor, largest first")
    left.set_ylabel("eigenvalue / edge of noise")
    left.legend(loc="upper right")
    right.plot(by_factors["factors"], by_factors["correlation"], "o-", color=color, ms=4, lw=1)
    right.axvline(chosen, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    lowest = float(np.nanmin(by_factors["correlation"].to_numpy(float), initial=0.0))
    right.set_ylim(lowest, 1.05)
    right.set_xlabel("factors taken out")
    right.set_ylabel("correlation with the answer")
    for ax in (left, right):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid()
    return left


@house_style()
def twin_calibration(table: CalibrationTable, ax: Axes | None = None) -> Axes:
    """Share of pairs that are connected against their probability, bin by bin.

    Args:
        table: Probabilities and connections that are known.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.75, 0.6, 0.3, 0.2), width=4.7, height=4.2)
    filled = table.n_pairs > 0
    x, y, n = table.mean_probability[filled], table.observed[filled], table.n_pairs[filled]
    color = GROUP_COLORS["default"]
    ax.plot([0, 1], [0, 1], color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
    low, high = beta.ppf([[0.025], [0.975]], n * y + 0.5, n * (1 - y) + 0.5)
    ax.vlines(x, np.where(y > 0, low, 0.0), np.where(y < 1, high, 1.0), color=color, lw=1.2)
    ax.plot(x, y, "o", color=color, ms=5)
    for at, value, count in zip(x, y, n, strict=True):
        ax.annotate(f"{count:,}", (at, value), (6, -3), textcoords="offset points", fontsize=7.8)
    ax.set(xlim=(-0.03, 1.12), ylim=(-0.03, 1.03))
    ax.set_xlabel("probability of a connection")
    ax.set_ylabel("share that is connected")
    ax.grid()
    return ax
