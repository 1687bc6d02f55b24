"""What moves estimates and is no connection: common drive, and detours through unseen neurons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neuroloom.fitting.coupling.edge_pairs import Pairs

__all__ = ["common_drive", "detours", "robust_common_drive"]


def detours(
    pairs: Pairs,
    q: np.ndarray,
    of: tuple[np.ndarray, ...],
    x: np.ndarray,
    summed: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """What pairs of two classes share, drawn to 0 by a prior as wide as one estimate's noise."""
    _, mean, variance, _ = of
    absent = np.where(pairs.between, 1 - q, 0.0) / pairs.variance
    present = np.where(pairs.between, q, 0.0) / (variance + pairs.variance)
    prior = 1 / np.median(pairs.variance[pairs.between])
    return summed(absent * x + present * (x - mean)) / (summed(absent + present) + prior)


def common_drive(pairs: Pairs, q: np.ndarray, of: tuple[np.ndarray, ...]) -> np.ndarray:
    """Common drive along the factors, given how likely each connection is."""
    if not pairs.direction.shape[1]:
        return np.zeros_like(pairs.estimate)
    _, mean, variance, detour = of
    absent = np.where(pairs.between, 1 - q, 0.0) / pairs.variance
    present = np.where(pairs.between, q, 0.0) / (variance + pairs.variance)
    weight = absent + present
    x = pairs.estimate - detour
    target = absent * x + present * (x - mean)
    return _projected(pairs.direction, weight, target)


def robust_common_drive(pairs: Pairs) -> np.ndarray:
    """Common drive where connections are few: they are the outliers of a robust regression."""
    if not pairs.direction.shape[1]:
        return np.zeros_like(pairs.estimate)
    base = np.where(pairs.between, 1 / pairs.variance, 0.0)
    common = np.zeros_like(pairs.estimate)
    for n in range(20):
        left = (pairs.estimate - common) ** 2 / pairs.variance
        weight = base if n == 0 else base / (1 + left / 4) ** 1.5
        common = _projected(pairs.direction, weight, weight * pairs.estimate)
    return common


def _projected(direction: np.ndarray, weight: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weighted regression of every column on the directions; `target` holds weight times value."""
    gram = np.einsum("ik,ij,il->jkl", direction, weight, direction, optimize=True)
    side = (direction.T @ target).T
    gram = gram + 1e-9 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(gram.shape[1])
    return direction @ np.linalg.solve(gram, side[:, :, None])[:, :, 0].T
