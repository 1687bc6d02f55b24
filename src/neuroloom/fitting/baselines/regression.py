r"""Ridge regressions, one a neuron, of few predictors each; the penalty is chosen for all together.

$$\min_a \tfrac1n \sum_t (x_t - c - a^\top z_t)^2 + \lambda \lVert a S \rVert^2$$

with S the SDs of the predictors, as in `fitting.coupling.Ridge`. Lambda is that which predicts
blocks of the training data best that were left out of the fit.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.validation import N_FOLDS

__all__ = ["GRID", "Regressions", "block_moments", "lags_of", "regress"]

GRID = tuple(10.0 ** np.arange(-6, 1.1, 0.5))
Activity = Float[np.ndarray, "trial time neuron"]
Moments = Float[np.ndarray, "fold neuron term term"]


class Regressions(NamedTuple):
    """One regression a neuron.

    Attributes:
        coefficient: a of each neuron.
        intercept: c of each neuron.
        penalty: lambda, of all.
    """

    coefficient: Float[np.ndarray, "neuron predictor"]
    intercept: Float[np.ndarray, " neuron"]
    penalty: float


def lags_of(
    source: Float[np.ndarray, "trial time column"], n_lags: int
) -> Float[np.ndarray, "row column lag"]:
    """What each column was 1, 2, ... steps before every step from `n_lags` on, trial by trial."""
    windows = np.lib.stride_tricks.sliding_window_view(source[:, :-1], n_lags, axis=1)
    return windows[..., ::-1].reshape(-1, source.shape[2], n_lags)


def block_moments(
    design: Callable[[int], tuple[np.ndarray, np.ndarray]], n_neurons: int
) -> Moments:
    """Sums of products of (1, predictors, target), by block of time and neuron.

    Args:
        design: Predictors (row, predictor) and target (row) of a neuron; every row of the training
            data in their order. Rows with a NaN do not count.
        n_neurons: How many.

    Raises:
        InputError: If a neuron has no row left in a block.
    """
    out = []
    for neuron in range(n_neurons):
        z, x = design(neuron)
        terms = np.column_stack([np.ones(len(x)), z, x])
        known = np.asarray(np.isfinite(terms).all(axis=1))
        edges = np.arange(N_FOLDS + 1) * len(x) // N_FOLDS
        parts = [terms[a:b][known[a:b]] for a, b in pairwise(edges)]
        if min(len(part) for part in parts) == 0:
            raise InputError(
                f"Every quarter of the training data must hold a frame whose past is observed; "
                f"that of the neuron at place {neuron} does not. Leave the neuron out, or use "
                "fewer lags."
            )
        out.append([part.T @ part for part in parts])
    return np.swapaxes(np.array(out), 0, 1)


def regress(moments: Moments, penalty: float | None) -> Regressions:
    """Regressions on all blocks, with the penalty given or chosen.

    Args:
        moments: As from `block_moments`; neurons that share coefficients have theirs added up.
        penalty: lambda; None for the best of `GRID` on blocks left out in turn, by squared error
            over variance, mean over neurons.
    """
    total = moments.sum(axis=0)
    chosen = _best(moments) if penalty is None else penalty
    ((coefficient, intercept),) = _path(total, (chosen,))
    return Regressions(coefficient, intercept, chosen)


def _best(moments: Moments) -> float:
    total = moments.sum(axis=0)
    errors = np.zeros(len(GRID))
    for left_out in moments:
        errors += [_error(left_out, *one) for one in _path(total - left_out, GRID)]
    return GRID[int(np.argmin(errors))]


def _path(
    total: Float[np.ndarray, "neuron term term"], penalties: tuple[float, ...]
) -> list[tuple[np.ndarray, np.ndarray]]:
    mean, covariance = _centered(total)
    sd = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2)[:, :-1], 0.0))
    sd = np.where(sd > 0, sd, 1.0)
    value, vector = np.linalg.eigh(covariance[:, :-1, :-1] / (sd[:, :, None] * sd[:, None]))
    value = np.maximum(value, 0.0)
    projected = np.einsum("nij,ni->nj", vector, covariance[:, :-1, -1] / sd)
    floor = np.finfo(float).eps * value.shape[1] * np.maximum(value[:, -1:], 1.0)
    found = []
    for penalty in penalties:
        shrunk = projected / np.maximum(value + penalty, floor)
        a = np.einsum("nij,nj->ni", vector, shrunk) / sd
        found.append((a, mean[:, -1] - (a * mean[:, :-1]).sum(axis=1)))
    return found


def _centered(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances of predictors and, last, the target."""
    n = total[:, 0, 0]
    mean = total[:, 0, 1:] / n[:, None]
    square = total[:, 1:, 1:] / n[:, None, None]
    return mean, square - mean[:, :, None] * mean[:, None]


def _error(held_out: np.ndarray, coefficient: np.ndarray, intercept: np.ndarray) -> float:
    """Squared error over variance, mean over neurons that vary."""
    residual = np.column_stack([-intercept, -coefficient, np.ones(len(intercept))])
    n = held_out[:, 0, 0]
    error = np.einsum("ni,nij,nj->n", residual, held_out, residual) / n
    variance = held_out[:, -1, -1] / n - (held_out[:, 0, -1] / n) ** 2
    varies = variance > 0
    return float(np.mean(error[varies] / variance[varies])) if varies.any() else 0.0
