"""How alike are two firing-rate maps?"""

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter

from neuroloom.errors import InputError

__all__ = ["global_ssim", "map_correlation", "map_r2", "windowed_ssim"]

K1, K2 = 0.01, 0.03
Maps = Float[np.ndarray, "cell point"]
Predicted = Float[np.ndarray, "_ _"]  # its shape is checked against the true one
Scores = Float[np.ndarray, " cell"]


def map_correlation(predicted: Predicted, true: Maps) -> Scores:
    """Pearson correlation of each cell's two maps over points; NaN where the true one is flat.

    Args:
        predicted: Rates at places inside the arena, in Hz.
        true: The same places.

    Returns:
        0 where only the predicted map is flat: it says nothing about where.

    Raises:
        InputError: If shapes differ or a value is not finite.
    """
    p, t = _centered(predicted, true)
    spread = np.sqrt((p**2).sum(1) * (t**2).sum(1))
    r = np.where(spread > 0, (p * t).sum(1) / np.where(spread > 0, spread, 1.0), 0.0)
    return np.where((t**2).sum(1) > 0, r, np.nan)


def map_r2(predicted: Predicted, true: Maps) -> Scores:
    """1 - squared error / variance of the true map, of each cell; NaN where that one is flat.

    Args:
        predicted: Rates at places inside the arena, in Hz.
        true: The same places.

    Raises:
        InputError: If shapes differ or a value is not finite.
    """
    _, t = _centered(predicted, true)
    spread = (t**2).sum(1)
    error = ((predicted - true) ** 2).sum(1)
    return np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1.0), np.nan)


def global_ssim(predicted: Predicted, true: Maps, *, span: float | None = None) -> Scores:
    r"""Structural similarity of each cell's maps with one window over everything.

    $$\frac{(2 \mu_p \mu_t + c_1)(2 \sigma_{pt} + c_2)}
    {(\mu_p^2 + \mu_t^2 + c_1)(\sigma_p^2 + \sigma_t^2 + c_2)}, \quad c_i = (k_i L)^2$$

    Near 1 for two maps that are silent almost everywhere; read `windowed_ssim` beside it.

    Args:
        predicted: Rates at places inside the arena, in Hz.
        true: The same places.
        span: L, in Hz, the same for all cells; None for the larger of the two maxima of each cell,
            as published.

    Raises:
        InputError: If shapes differ or a value is not finite.

    Source:
        Wang et al., IEEE Trans. Image Process. 13:600 (2004), k1 .01, k2 .03; the single window and
        L are of the code of Liu, Mavor-Parker and Barry (2022). Variances are over n, not n - 1.
    """
    p, t = _centered(predicted, true)
    largest = np.maximum(predicted.max(1), true.max(1)) if span is None else np.float64(span)
    return _ssim(
        (predicted.mean(1), true.mean(1)),
        ((p**2).mean(1), (t**2).mean(1), (p * t).mean(1)),
        np.broadcast_to(largest, len(p)),
    )


def windowed_ssim(
    predicted: Float[np.ndarray, "cell row column"],
    true: Float[np.ndarray, "cell row column"],
    inside: Bool[np.ndarray, "row column"],
    *,
    width: float = 1.5,
    span: float | None = None,
) -> Scores:
    """Mean structural similarity over Gaussian windows around every bin inside the arena.

    Args:
        predicted: Rates on a grid, in Hz. Any value outside the arena.
        true: The same bins.
        inside: Which bins are in the arena; windows see these alone.
        width: SD of the window, in bins.
        span: L, in Hz; None for the larger of the two maxima of each cell.

    Raises:
        InputError: If shapes differ, a value inside is not finite, or nothing is inside.

    Source:
        Wang et al. (2004). The window is normalized by what of it is inside the arena: ours.
    """
    if not inside.any():
        raise InputError("At least one bin must be `inside` the arena; none is. Check the grid.")
    _centered(predicted[:, inside], true[:, inside])
    weight = gaussian_filter(inside.astype(np.float64), width, mode="constant")
    weight = np.where(inside, weight, 1.0)

    def local(values: np.ndarray) -> np.ndarray:
        known = np.where(inside[None], values, 0.0)
        return gaussian_filter(known, (0, width, width), mode="constant") / weight[None]

    largest = np.maximum(predicted[:, inside].max(1), true[:, inside].max(1))
    largest = largest if span is None else np.full(len(largest), span)
    mean_p, mean_t = local(predicted), local(true)
    products = ((predicted, predicted), (true, true), (predicted, true))
    means = ((mean_p, mean_p), (mean_t, mean_t), (mean_p, mean_t))
    moments = [local(a * b) - m * n for (a, b), (m, n) in zip(products, means, strict=True)]
    moments[:2] = [np.maximum(m, 0.0) for m in moments[:2]]
    each = _ssim((mean_p, mean_t), tuple(moments), largest[:, None, None])
    return each[:, inside].mean(1)


def _ssim(means: tuple, moments: tuple, span: np.ndarray) -> np.ndarray:
    (p, t), (variance_p, variance_t, covariance) = means, moments
    c1, c2 = (K1 * span) ** 2, (K2 * span) ** 2
    above = (2 * p * t + c1) * (2 * covariance + c2)
    below = (p**2 + t**2 + c1) * (variance_p + variance_t + c2)
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), 1.0)


def _centered(predicted: Predicted, true: Maps) -> tuple[Maps, Maps]:
    if predicted.shape != true.shape or predicted.shape[1] == 0:
        raise InputError(
            f"Maps must have the same cells and points, at least one; got {predicted.shape} and "
            f"{true.shape}. Evaluate both on one grid."
        )
    bad = ~(np.isfinite(predicted) & np.isfinite(true))
    if bad.any():
        raise InputError(
            f"Maps must be finite inside the arena; {bad.sum()} of {bad.size} values are not. Take "
            "points inside alone."
        )
    return _off_mean(predicted), _off_mean(true)


def _off_mean(maps: Maps) -> Maps:
    """Less its mean; exactly 0 if flat."""
    off = maps - maps.mean(1, keepdims=True)
    varies = np.abs(off).max(1) > 1e-9 * np.abs(maps).max(1)
    return off * varies[:, None]
