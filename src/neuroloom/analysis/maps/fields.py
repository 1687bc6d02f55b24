"""Where does a cell fire, and how much does that say about place?"""

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["center_error", "field_centers", "spatial_information"]


def field_centers(
    maps: Float[np.ndarray, "cell point"],
    position: Float[np.ndarray, "point 2"],
    *,
    threshold: float = 0.5,
) -> Float[np.ndarray, "cell 2"]:
    """Where each cell's field has its center, in the unit of the positions.

    The mean position, weighted by rate, over points where the rate is at least a part of the
    maximum. A cell of several fields has its center between them.

    Args:
        maps: Rates in Hz.
        position: Of each point.
        threshold: Part of the maximum that counts as field, 0 to 1.

    Returns:
        NaN for a silent cell.
    """
    peak = maps.max(1, keepdims=True)
    rate = np.where((maps >= threshold * peak) & (peak > 0), maps, 0.0)
    total = rate.sum(1, keepdims=True)
    return np.where(total > 0, rate @ position / np.where(total > 0, total, 1.0), np.nan)


def center_error(
    predicted: Float[np.ndarray, "cell point"],
    true: Float[np.ndarray, "cell point"],
    position: Float[np.ndarray, "point 2"],
) -> Float[np.ndarray, " cell"]:
    """Distance between the centers of the predicted and the true field, in the unit of positions.

    Args:
        predicted: Rates in Hz.
        true: Likewise.
        position: Of each point.

    Returns:
        NaN where either cell is silent; count these beside it.
    """
    apart = field_centers(predicted, position) - field_centers(true, position)
    return np.sqrt((apart**2).sum(1))


def spatial_information(
    maps: Float[np.ndarray, "cell point"], occupancy: Float[np.ndarray, " point"] | None = None
) -> Float[np.ndarray, " cell"]:
    r"""Bits per spike that a spike of each cell says about place.

    $$I = \sum_x p_x \frac{r_x}{\bar r} \log_2 \frac{r_x}{\bar r}$$

    Args:
        maps: Rates r in Hz, at least 0.
        occupancy: Time at each point, in any unit; default the same everywhere.

    Returns:
        At least 0; NaN for a silent cell.

    Raises:
        InputError: If a rate is negative.

    Source:
        Skaggs et al., NIPS 5:1030 (1993).
    """
    if (maps < 0).any():
        raise InputError(
            f"Rates must be at least 0; {(maps < 0).sum()} are negative. Cut predicted maps off at "
            "0 before asking what they say about place."
        )
    p = np.ones(maps.shape[1]) if occupancy is None else occupancy
    p = p / p.sum()
    mean = maps @ p
    ratio = maps / np.where(mean > 0, mean, 1.0)[:, None]
    bits = ratio * np.log2(np.where(ratio > 0, ratio, 1.0))
    return np.where(mean > 0, bits @ p, np.nan)
