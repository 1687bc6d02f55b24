"""How much a neuron does by itself: the scale on which neurons of any unit can be compared."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling.estimates import least_squares
from neuroloom.fitting.coupling.factors import find_factors
from neuroloom.fitting.coupling.lagged import LaggedFrames

__all__ = ["own_scale"]

LEAST = 1e-6
"""Share of a neuron's SD that is its own at the least: copies of one trace have none."""


def own_scale(
    activity: Float[np.ndarray, "trial time neuron"],
    behavior: Float[np.ndarray, "_ _ channel"] | None = None,
) -> Float[np.ndarray, " neuron"]:
    """SD of what neither the last step nor common drive explains, in the unit of the activity.

    `EdgePosterior` draws connections of two classes from one distribution. Activity over this scale
    has weights that depend neither on units nor, in counts, on how often a neuron fires.

    Args:
        activity: What was measured; NaN where nothing was.
        behavior: On the same clock.

    Returns:
        Ones where there are fewer than two frames a predictor.

    Raises:
        InputError: As `LaggedFrames`.
    """
    frames = LaggedFrames(activity, 1, behavior)
    if frames.n_frames < 2 * frames.n_predictors:
        return np.ones(activity.shape[2])
    moments = frames.moments()
    residual = least_squares(moments)[1]
    least = LEAST**2 * np.diag(moments.now)
    residual[np.diag_indices_from(residual)] = np.maximum(np.diag(residual), least)
    return np.sqrt(find_factors(residual, moments.n_frames).own_variance)
