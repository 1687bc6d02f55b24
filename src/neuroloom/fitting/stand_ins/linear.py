"""The linear student, in closed form."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from neuroloom.errors import InputError
from neuroloom.fitting.baselines.regression import block_moments, regress
from neuroloom.fitting.stand_ins.lesson import StandInLesson
from neuroloom.networks.stand_ins import LinearStandIn, StandInScaling

__all__ = ["fit_linear"]


def fit_linear(
    lesson: StandInLesson,
    *,
    rows: Int[np.ndarray, " row"] | None = None,
    penalty: float | None = None,
) -> LinearStandIn:
    """The best linear map from inputs to outputs at the same step; the control of every student.

    Args:
        lesson: What the circuit did; NaN outputs are left out.
        rows: Which rows it may see; default all. At least 4 vectors, a quarter of them each.
        penalty: Of the ridge, on standardized inputs; None for the one that predicts quarters of
            the rows best that were left out.

    Returns:
        A linear student. An output that never changed is answered by its mean.

    Raises:
        InputError: If the lesson does not go together or holds fewer than 4 vectors.
    """
    lesson = StandInLesson(*map(np.asarray, lesson)).checked()
    inputs, outputs = (v if rows is None else v[rows] for v in lesson)
    scaling = StandInScaling.learned(inputs, outputs)
    u, y = (
        (v.reshape(-1, v.shape[-1]) - np.asarray(mean)) / np.asarray(sd)
        for v, mean, sd in (
            (inputs, scaling.input_mean, scaling.input_sd),
            (outputs, scaling.output_mean, scaling.output_sd),
        )
    )
    if len(u) < 4:
        raise InputError(
            f"A linear student must see at least 4 vectors; got {len(u)}. Show it more rows."
        )
    found = regress(block_moments(lambda i: (u, y[:, i]), y.shape[1]), penalty)
    return LinearStandIn(
        weight=jnp.asarray(found.coefficient, float),
        bias=jnp.asarray(found.intercept, float),
        scaling=scaling,
    )
