"""Losses are pure functions; a NaN entry or one of weight 0 changes no value and no gradient."""

import jax.numpy as jnp
from jax import nn
from jaxtyping import Array, Float

__all__ = ["detection_loss", "squared_error"]


def squared_error(
    predicted: Float[Array, "*entry"],
    measured: Float[Array, "*entry"],
    weight: Float[Array, "*entry"],
) -> Float[Array, ""]:
    """Weighted mean of the squared difference over measured entries, in the unit squared.

    Args:
        predicted: Any unit.
        measured: The same unit; NaN where not measured.
        weight: How much each entry counts, at least 0.

    Returns:
        0 where nothing is measured.
    """
    known = ~jnp.isnan(measured) & (weight > 0)
    difference = jnp.where(known, predicted - jnp.where(known, measured, 0.0), 0.0)
    counted = jnp.where(known, weight, 0.0)
    return jnp.sum(counted * difference**2) / jnp.maximum(jnp.sum(counted), 1e-12)


def detection_loss(
    logit: Float[Array, "*entry"], detected: Float[Array, "*entry"], weight: Float[Array, "*entry"]
) -> Float[Array, ""]:
    r"""Weighted sum of the negative log likelihood of what was detected, in nats.

    $$-\sum_e w_e \left[ d_e \log p_e + (1 - d_e) \log (1 - p_e) \right], \qquad p = 1/(1+e^{-l})$$

    A sum, not a mean: beside it, the penalty on parameters is the negative log of their prior.

    Args:
        logit: l.
        detected: d, 1 or 0; NaN where not measured.
        weight: How much each entry counts, at least 0.
    """
    known = ~jnp.isnan(detected) & (weight > 0)
    truth = jnp.where(known, detected, 0.0)
    score = jnp.where(known, logit, 0.0)
    return jnp.sum(jnp.where(known, weight * (nn.softplus(score) - truth * score), 0.0))
