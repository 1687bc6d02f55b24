"""Sums of many neurons over the samples of each bin, in one pass over the data."""

import numpy as np
from jaxtyping import Float, Int, Num
from scipy import sparse

from neuroloom.errors import InputError

__all__ = ["sums_by_bin", "total_squares"]

N_VALUES = 1_000_000  # converted to 64 bits at once; about what stays in cache


def sums_by_bin(
    index: Int[np.ndarray, " sample"], n_bins: int, values: Num[np.ndarray, "sample neuron"]
) -> tuple[Float[np.ndarray, "bin neuron"], Float[np.ndarray, "bin neuron"]]:
    """Sum of the values in each bin, in their unit, and how many were observed.

    Rows are added in order to the row of their bin: a product with a sparse matrix of one 1 a
    column. Sums are in 64 bits whatever the values are.

    Args:
        index: Bin of each sample, 0 to `n_bins` - 1; below 0 where it is in none.
        n_bins: How many bins there are.
        values: NaN where not observed.

    Raises:
        InputError: If an index is too large or a value is infinite.

    Example:
        >>> sums, counts = sums_by_bin(np.array([0, 1, 1]), 2, np.array([[1.0], [2.0], [np.nan]]))
        >>> sums[:, 0], counts[:, 0]
        (array([1., 2.]), array([1., 1.]))
    """
    if index.max(initial=-1) >= n_bins:
        raise InputError(
            f"`index` must be below `n_bins` ({n_bins}); the largest is {index.max()}. Give -1 to "
            "samples outside of all bins."
        )
    n_neurons = values.shape[1]
    inside = index >= 0
    shared = np.bincount(index[inside], minlength=n_bins).astype(np.float64)
    sums = np.zeros((n_bins, n_neurons))
    missing = np.zeros((n_bins, n_neurons))
    n_rows = max(1, N_VALUES // max(1, n_neurons))
    for start in range(0, len(index), n_rows):
        rows = slice(start, start + n_rows)
        block = np.asarray(values[rows], dtype=np.float64)
        into = _adder(index[rows], inside[rows], n_bins)
        added = into @ block
        if not np.isfinite(added).all():
            unseen = np.isnan(block)
            missing += into @ unseen.astype(np.float64)
            added = into @ np.where(unseen, 0.0, block)
        sums += added
    if not np.isfinite(sums).all():
        raise InputError(
            "`values` must be finite, or NaN where not observed; some are infinite. Look for a "
            "network that diverged."
        )
    return sums, shared[:, None] - missing


def total_squares(values: Num[np.ndarray, "sample neuron"]) -> Float[np.ndarray, " neuron"]:
    """Sum of squares about the mean of each neuron; NaN where the values are constant.

    Args:
        values: NaN where not observed.
    """
    n_rows = max(1, N_VALUES // values.shape[1])
    first = np.nan_to_num(values[:n_rows]).mean(axis=0, dtype=np.float64)
    n, sum_one, sum_two = (np.zeros(values.shape[1]) for _ in range(3))
    for start in range(0, len(values), n_rows):
        block = values[start : start + n_rows].astype(np.float64) - first
        n += (~np.isnan(block)).sum(axis=0)
        sum_one += np.nansum(block, axis=0)
        sum_two += np.nansum(block**2, axis=0)
    total = sum_two - sum_one**2 / np.maximum(n, 1.0)
    return np.where(total > 1e-12 * (sum_two + n * first**2), total, np.nan)


def _adder(index: np.ndarray, inside: np.ndarray, n_bins: int) -> sparse.csc_array:
    starts = np.concatenate([[0], np.cumsum(inside)])
    ones = np.ones(int(starts[-1]))
    return sparse.csc_array((ones, index[inside], starts), shape=(n_bins, len(index)))
