"""Penalties and lags chosen on blocks of the training data, never on what is scored later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments

__all__ = ["N_FOLDS", "best_on_blocks", "relative_error", "squared_error"]

N_FOLDS = 4
"""Blocks of time, each left out once, on which a penalty is chosen."""
LEAST_VARIANCE = 1e-9
"""Of held-out frames, as a share of that in the others: below it, it is rounding."""


def relative_error(
    coefficient: Float[np.ndarray, "predictor neuron"],
    training: LaggedMoments,
    held_out: LaggedMoments,
) -> float:
    r"""Mean squared error on held-out frames over their variance, mean over neurons.

    $$\frac1N \sum_i \frac{\langle (x_i - c_i - a_i^\top z)^2 \rangle}{\mathrm{var}(x_i)}$$

    Only moments are needed. 1 is the error of the held-out mean. A neuron that is silent, or
    constant, in the held-out frames cannot be scored there and is left out; 1 where all are.
    """
    error = squared_error(coefficient, training, held_out)
    variance = np.diag(held_out.now)
    varies = variance > LEAST_VARIANCE * np.diag(training.now)
    return float(np.mean(error[varies] / variance[varies])) if varies.any() else 1.0


def squared_error(
    coefficient: Float[np.ndarray, "predictor neuron"],
    training: LaggedMoments,
    held_out: LaggedMoments,
) -> Float[np.ndarray, " neuron"]:
    """Mean squared error of each neuron on held-out frames, in the square of its unit."""
    offset = held_out.now_mean - training.now_mean
    offset = offset - (held_out.past_mean - training.past_mean) @ coefficient
    error = np.diag(held_out.now) - 2 * (coefficient * held_out.cross).sum(0)
    return error + (coefficient * (held_out.past @ coefficient)).sum(0) + offset**2


def best_on_blocks(
    frames: LaggedFrames,
    candidates: Sequence[float],
    path: Callable[[LaggedMoments, Sequence[float]], Sequence[np.ndarray]],
) -> tuple[float, Float[np.ndarray, " value"]]:
    """The candidate whose coefficients predict blocks that they were not fitted to best.

    Args:
        frames: Training data.
        candidates: Numbers to choose among.
        path: Coefficients for each of them, from moments.

    Returns:
        The best candidate, and the error of each (`relative_error`, mean over blocks).
    """
    n = min(N_FOLDS, frames.n_frames)
    errors = np.zeros(len(candidates))
    for training, held_out in frames.folds(n):
        fitted = path(training, candidates)
        errors += [relative_error(one, training, held_out) for one in fitted]
    return float(candidates[int(np.argmin(errors))]), errors / n
