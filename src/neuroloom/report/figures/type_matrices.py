"""Matrices between types (or neurons): contacts, and effective connectivity."""

import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from neuroloom.report.figures.matrices import (
    DIVERGING,
    SEQUENTIAL,
    add_colorbar,
    matrix_axes,
    name_axes,
)
from neuroloom.report.theme import ABSENT, house_style

__all__ = ["contact_matrix", "effective_matrix"]

Names = Shaped[np.ndarray, " type"]


@house_style()
def contact_matrix(
    contacts: Float[np.ndarray, "post pre"], names: Names, unit: str, ax: Axes | None = None
) -> Axes:
    """Contacts from the types along the bottom to those down the side, on a logarithmic scale.

    Args:
        contacts: 0 where there is none; drawn in gray.
        names: Of rows and columns.
        unit: Of a contact.
        ax: Axes to draw on.
    """
    ax = ax or matrix_axes(len(names), len(names))
    there = contacts[contacts > 0]
    low, high = (float(there.min()), float(there.max())) if there.size else (1.0, 10.0)
    image = ax.imshow(
        np.ma.masked_less_equal(contacts, 0),
        cmap=SEQUENTIAL,
        norm=LogNorm(low, max(high, 10 * low)),
        aspect="auto",
        interpolation="none",
    )
    ax.set_facecolor(ABSENT)
    name_axes(ax, names, names, "receives", "sends")
    bar = add_colorbar(ax, image, f"contacts ({unit})")
    ticks = 10.0 ** np.arange(np.ceil(np.log10(low)), np.floor(np.log10(max(high, 10 * low))) + 1)
    bar.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    bar.minorticks_off()
    return ax


@house_style()
def effective_matrix(
    share: Float[np.ndarray, "target source"],
    targets: Names,
    sources: Names,
    scale: str,
    *,
    signed: bool,
    ax: Axes | None = None,
) -> Axes:
    """What reaches the types (or neurons) down the side from those along the bottom.

    Args:
        share: Of the input; at least 0 unless signed.
        targets: Names of the rows.
        sources: Names of the columns.
        scale: What the colors mean.
        signed: Colors on both sides of 0.
        ax: Axes to draw on.
    """
    ax = ax or matrix_axes(len(targets), len(sources))
    limit = 100 * float(np.abs(share).max(initial=0.0)) or 1.0
    image = ax.imshow(
        100 * share,
        cmap=DIVERGING if signed else SEQUENTIAL,
        norm=Normalize(-limit if signed else 0, limit),
        aspect="auto",
        interpolation="none",
    )
    name_axes(ax, targets, sources, "receives", "sends")
    add_colorbar(ax, image, scale)
    return ax
