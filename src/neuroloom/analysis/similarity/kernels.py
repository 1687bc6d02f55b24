"""Centered kernel alignment: do the same moments look alike in both populations?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import pdist, squareform

from neuroloom.analysis.similarity.procrustes import centered_pair
from neuroloom.errors import InputError

__all__ = ["linear_cka", "rbf_cka"]

MOST_SAMPLES = 8_000  # two kernels of this size take 1 GB


class _Sums(NamedTuple):
    """What an alignment needs of two kernels, both with their diagonals set to 0."""

    product: float  # sum of K times L, entry by entry
    of_rows: float  # sum over rows of (row sum of K) times (row sum of L)
    totals: float  # (sum of K) times (sum of L)


def linear_cka(
    a: Float[np.ndarray, "sample neuron"],
    b: Float[np.ndarray, "other_sample other"],
    *,
    debiased: bool = True,
) -> float:
    r"""Alignment of the inner products of all pairs of samples, dimensionless.

    $$\frac{\mathrm{HSIC}(K, L)}{\sqrt{\mathrm{HSIC}(K, K)\,\mathrm{HSIC}(L, L)}}, \quad
    K = A A^\top, \quad L = B B^\top$$

    Rotation, shift and scale do not count. 1 for equal geometry. Without `debiased` it grows toward
    1 with the number of neurons even for unrelated populations; with it, these give 0 on average,
    and single values may be below 0. Takes memory for neurons squared, not for samples squared.

    Args:
        a: Activity in any unit, no NaN.
        b: Of another population at the same moments.
        debiased: By pairs of different samples alone; at least 4 samples.

    Raises:
        InputError: As `procrustes_similarity`, or if a population has no geometry to align with.

    Example:
        >>> a = np.random.default_rng(0).normal(size=(200, 50))
        >>> b = np.random.default_rng(1).normal(size=(200, 50))
        >>> round(linear_cka(a, b, debiased=False), 2), abs(linear_cka(a, b)) < 0.05
        (0.2, True)

    Source:
        Kornblith, Norouzi, Lee and Hinton, ICML 2019; without bias by the HSIC of Song, Smola,
        Gretton, Bedo and Borgwardt, JMLR 13 (2012), eq. 5, as Nguyen, Raghu and Kornblith, ICLR
        2021. Here in closed form from products of features.
    """
    a, b = centered_pair(a, b)
    if not debiased:
        cross = np.linalg.norm(b.T @ a) ** 2
        return float(cross / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)))
    return _aligned(len(a), _of_features(a, b), _of_features(a, a), _of_features(b, b))


def rbf_cka(
    a: Float[np.ndarray, "sample neuron"],
    b: Float[np.ndarray, "other_sample other"],
    *,
    width: float = 0.5,
    debiased: bool = True,
) -> float:
    r"""Alignment of Gaussian kernels of the distances of all pairs of samples, dimensionless.

    $$K_{st} = \exp\big(-\lVert a_s - a_t \rVert^2 / 2 (w\,\mathrm{median}\,d)^2\big)$$

    As `linear_cka`, and neighbors count more than what is far away: a bent manifold is like itself
    unbent. With a large width it is like the linear one.

    Args:
        a: Activity in any unit, no NaN.
        b: Of another population at the same moments.
        width: w, of the kernel as a fraction of the median distance of two samples.
        debiased: By pairs of different samples alone; at least 4 samples.

    Raises:
        InputError: As `linear_cka`, if there are more than 8,000 samples, or `width` is not above
            0.

    Source:
        Kornblith, Norouzi, Lee and Hinton, ICML 2019, who use widths of 0.2, 0.4 and 0.8.
    """
    if not width > 0:
        raise InputError(f"`width` must be above 0; got {width}. Use 0.5.")
    if len(a) > MOST_SAMPLES:
        raise InputError(
            f"`a` and `b` must have at most {MOST_SAMPLES:,} samples for a kernel of all pairs; "
            f"got {len(a):,}. Take every n-th, or use `linear_cka`."
        )
    a, b = centered_pair(a, b)
    k, m = (_gaussian(one, width) for one in (a, b))
    if not debiased:
        k, m = (_double_centered(one + np.eye(len(one))) for one in (k, m))
        return float((k * m).sum() / (np.linalg.norm(k) * np.linalg.norm(m)))
    return _aligned(len(a), _of_kernels(k, m), _of_kernels(k, k), _of_kernels(m, m))


def _aligned(n: int, ab: _Sums, aa: _Sums, bb: _Sums) -> float:
    """Debiased HSIC of two kernels over the root of those of each with itself."""
    if n < 4:
        raise InputError(
            f"A debiased alignment must have at least 4 samples; got {n}. Give more, or set "
            "`debiased=False`."
        )
    cross, own, other = (
        (s.product + s.totals / ((n - 1) * (n - 2)) - 2 * s.of_rows / (n - 2)) / (n * (n - 3))
        for s in (ab, aa, bb)
    )
    if not (own > 0 and other > 0):
        raise InputError(
            "Both populations must have pairs of samples that are more alike than others; one has "
            "none. Give more samples or neurons."
        )
    return float(cross / np.sqrt(own * other))


def _of_features(
    a: Float[np.ndarray, "sample neuron"], b: Float[np.ndarray, "sample other"]
) -> _Sums:
    """For kernels of inner products, which are never built."""
    square_a, square_b = (a**2).sum(axis=1), (b**2).sum(axis=1)
    row_a, row_b = a @ a.sum(axis=0) - square_a, b @ b.sum(axis=0) - square_b
    return _Sums(
        float(np.linalg.norm(b.T @ a) ** 2 - square_a @ square_b),
        float(row_a @ row_b),
        float(row_a.sum() * row_b.sum()),
    )


def _of_kernels(k: Float[np.ndarray, "sample sample"], m: Float[np.ndarray, "sample sample"]):
    row_k, row_m = k.sum(axis=0), m.sum(axis=0)
    return _Sums(float((k * m).sum()), float(row_k @ row_m), float(row_k.sum() * row_m.sum()))


def _gaussian(
    a: Float[np.ndarray, "sample neuron"], width: float
) -> Float[np.ndarray, "sample sample"]:
    """Kernel with 0 on the diagonal."""
    distance = pdist(a)
    scale = width * np.median(distance)
    if not scale > 0:
        raise InputError(
            "More than half of all pairs of samples must differ for a Gaussian kernel; they do "
            "not. Use `linear_cka`."
        )
    return squareform(np.exp(-0.5 * (distance / scale) ** 2))


def _double_centered(k: Float[np.ndarray, "sample sample"]) -> Float[np.ndarray, "sample sample"]:
    row = k.mean(axis=0)
    return k - row[:, None] - row[None, :] + row.mean()
