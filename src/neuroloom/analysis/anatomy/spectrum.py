"""Eigenvalues of a weight matrix, and which of its modes know of preferred directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from neuroloom.errors import InputError

__all__ = ["WeightSpectrum", "harmonic_share", "weight_spectrum"]


@dataclass(frozen=True, eq=False)
class WeightSpectrum:
    """Eigenvalues and right eigenvectors, by falling real part.

    Attributes:
        eigenvalue: In the unit of the matrix.
        vector: One column each, of length 1.
    """

    eigenvalue: Complex[np.ndarray, " mode"]
    vector: Complex[np.ndarray, "neuron mode"]

    @property
    def radius(self) -> float:
        """Largest |eigenvalue|."""
        return float(np.abs(self.eigenvalue).max(initial=0.0))

    @property
    def n_growing(self) -> int:
        """Modes of W that outrun the leak of a linear network: real part above 1."""
        return int((np.real(self.eigenvalue) > 1).sum())


def weight_spectrum(weight: Float[np.ndarray, "post pre"]) -> WeightSpectrum:
    r"""All eigenvalues of W, as they stand, or of any Jacobian.

    $$W v_k = \lambda_k v_k$$

    Args:
        weight: W[post, pre]. A linear network of these weights grows along modes of a real part
            above 1; a Jacobian (of `find_fixed_points`, per second) along those above 0.

    Raises:
        InputError: If the matrix is not square or not finite.

    Example:
        >>> rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
        >>> weight_spectrum(rotation).eigenvalue.round(6).tolist()
        [1j, -1j]
    """
    if weight.shape[0] != weight.shape[1] or not np.isfinite(weight).all():
        raise InputError(
            f"`weight` must be square and finite; got {weight.shape} with "
            f"{int((~np.isfinite(weight)).sum())} entries that are not. Give W[post, pre]."
        )
    value, vector = np.linalg.eig(weight.astype(np.float64))
    order = np.lexsort((-np.imag(value), -np.round(np.real(value), 12)))
    return WeightSpectrum(value[order].astype(complex), vector[:, order].astype(complex))


def harmonic_share(
    vector: Complex[np.ndarray, "neuron mode"],
    preferred: Float[np.ndarray, " neuron"],
    *,
    harmonic: int = 1,
) -> Float[np.ndarray, " mode"]:
    """Part of each mode that is a cosine of preferred directions, 0 to 1.

    The share of its squared length, over neurons that have a preferred direction, which lies in the
    span of cos(k preferred) and sin(k preferred). A ring has two leading modes with a share of
    nearly 1 at k = 1: its bump. Random modes have about 2 / neurons.

    Args:
        vector: Modes in columns.
        preferred: In rad; NaN where a neuron has none, which leaves it out.
        harmonic: k, at least 1.

    Raises:
        InputError: If k is below 1 or fewer than 3 neurons have a preferred direction.
    """
    tuned = np.isfinite(preferred)
    if harmonic < 1 or tuned.sum() < 3:
        raise InputError(
            f"`harmonic` must be at least 1, over at least 3 preferred directions; got {harmonic} "
            f"and {int(tuned.sum())}. 1 is the bump."
        )
    angle = harmonic * preferred[tuned]
    basis, size, _ = np.linalg.svd(np.stack([np.cos(angle), np.sin(angle)], 1), full_matrices=False)
    basis = basis[:, size > 1e-9 * size[0]]
    inside = vector[tuned]
    length = (np.abs(inside) ** 2).sum(axis=0)
    share = (np.abs(basis.T @ inside) ** 2).sum(axis=0) / np.where(length > 0, length, 1.0)
    return np.where(length > 1e-24, share, 0.0)
