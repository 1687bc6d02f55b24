"""Ridge regression drawn towards coefficients that are expected, not towards 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling.lagged import LaggedMoments

__all__ = ["toward_path"]


def toward_path(
    moments: LaggedMoments,
    expected: Float[np.ndarray, "predictor neuron"],
    penalties: Sequence[float],
) -> list[Float[np.ndarray, "predictor neuron"]]:
    r"""Coefficients for each penalty, dimensionless.

    $$\min_A \tfrac1n \sum_t \lVert x_t - A z_t \rVert^2 + \lambda \lVert (A - A_0) S \rVert^2,$$

    with S the SDs of the predictors. Without a penalty, least squares of smallest size.
    """
    sd = np.sqrt(np.maximum(np.diag(moments.past), 0.0))
    sd = np.where(sd > 0, sd, 1.0)
    value, vector = np.linalg.eigh(moments.past / np.outer(sd, sd))
    value = np.maximum(value, 0.0)
    left = moments.cross - moments.past @ expected
    projected = vector.T @ (left / sd[:, None])
    floor = np.finfo(float).eps * max(float(value[-1]), 1.0) * len(value)
    return [
        expected + vector @ (projected / np.maximum(value + one, floor)[:, None]) / sd[:, None]
        for one in penalties
    ]
