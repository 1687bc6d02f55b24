"""What neurons share at one moment beyond their past: factors of the residual covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["Factors", "find_factors"]

MARGIN = 1.05
"""A factor must stand this far above the edge of what noise alone gives."""
LEAST_OWN = 0.05
"""Share of a residual that is at least the neuron's own."""


@dataclass(frozen=True, eq=False)
class Factors:
    """Common drive, as far as the residuals of a forecast show it.

    Attributes:
        spectrum: Eigenvalues of the correlation matrix of residuals, largest first.
        edge: The largest eigenvalue that independent noise of this size gives.
        loading: How strongly each factor moves each neuron, in the unit of activity for a factor
            of variance 1.
        own_variance: Residual variance that is the neuron's own.
    """

    spectrum: Float[np.ndarray, " neuron"]
    edge: float
    loading: Float[np.ndarray, "neuron factor"]
    own_variance: Float[np.ndarray, " neuron"]

    @property
    def n(self) -> int:
        """Number of factors."""
        return self.loading.shape[1]

    def directions(self) -> Float[np.ndarray, "neuron factor"]:
        """Orthonormal combinations of neurons that span the loadings."""
        return np.linalg.qr(self.loading)[0]


def find_factors(
    residual: Float[np.ndarray, "neuron neuron"], n_frames: float, *, n: int | None = None
) -> Factors:
    r"""Factors that stand above the Marchenko-Pastur edge, with each neuron's own variance.

    $$\#\{k : \lambda_k > 1.05\,(1 + \sqrt{N / n_{frames}})^2\}$$

    counts them, with lambda the eigenvalues of the correlation matrix. Loadings and own variances
    are those of principal factors: iterated until the communalities stand.

    Args:
        residual: Covariance of the residuals, in the square of the unit of activity.
        n_frames: Frames it was computed from.
        n: Number of factors; None counts them.

    Raises:
        InputError: If `n` is out of range.

    Source:
        Marchenko and Pastur, Math. USSR-Sbornik 1:457 (1967); the margin of 5 % is ours.
    """
    n_neurons = len(residual)
    if n is not None and not 0 <= n < n_neurons:
        raise InputError(
            f"The number of factors must be 0 to {n_neurons - 1}, below that of neurons; got {n}. "
            "Leave it out to count them."
        )
    variance = np.diag(residual)
    sd = np.sqrt(variance)
    spectrum = np.linalg.eigvalsh(residual / np.outer(sd, sd))[::-1]
    edge = float((1 + np.sqrt(n_neurons / n_frames)) ** 2)
    k = int((spectrum > MARGIN * edge).sum()) if n is None else n
    loading, own = np.zeros((n_neurons, 0)), variance.copy()
    for _ in range(100 if k else 0):
        scale = np.sqrt(own)
        value, vector = np.linalg.eigh(residual / np.outer(scale, scale))
        leading = np.sqrt(np.maximum(value[-k:] - 1, 0))
        loading = scale[:, None] * vector[:, -k:] * leading
        before, own = own, np.maximum(variance - (loading**2).sum(1), LEAST_OWN * variance)
        if np.abs(own - before).max() <= 1e-6 * variance.max():
            break
    return Factors(spectrum, edge, loading[:, ::-1], own)
