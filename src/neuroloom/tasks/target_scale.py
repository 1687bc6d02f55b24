"""Targets in SD from their mean, by statistics of training trials; and as published."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError

__all__ = ["TargetScale", "standardized_by_itself", "target_scale", "with_output_noise"]


class TargetScale(NamedTuple):
    """Mean and SD of each output over training trials and bins.

    Attributes:
        mean: In the unit of the outputs.
        sd: Likewise; 0 for an output that never changed, whose scaled targets are 0.
    """

    mean: Float[Array, " output"]
    sd: Float[Array, " output"]

    def scale(
        self, targets: Float[Array, "trial time output"]
    ) -> Float[Array, "trial time output"]:
        """Targets in SD from the training mean, whatever split they are of."""
        centred = targets - self.mean[None, None, :]
        sd = jnp.where(self.sd > 0, self.sd, 1)[None, None, :]
        return jnp.where(self.sd[None, None, :] > 0, centred / sd, 0)

    def restore(
        self, scaled: Float[Array, "trial time output"]
    ) -> Float[Array, "trial time output"]:
        """Targets in their own unit."""
        return self.mean[None, None, :] + self.sd[None, None, :] * scaled


def target_scale(training: Float[Array, "trial time output"]) -> TargetScale:
    """Mean and SD of each output over training trials and bins, and nothing else.

    A spread that is only rounding (1e-6 of the mean) counts as none.

    Args:
        training: Targets of training trials only; finite.

    Raises:
        InputError: If there are fewer than two samples, or one is not finite.
    """
    if training.shape[0] * training.shape[1] < 2:
        raise InputError(
            "`training` must have at least 2 samples of every output; got "
            f"{training.shape[0] * training.shape[1]}. Give more trials or bins."
        )
    bad = int((~jnp.isfinite(training)).sum())
    if bad:
        raise InputError(
            f"`training` must be finite; {bad} of {training.size} targets are not. Scale the "
            "circuit so that its rates stay bounded."
        )
    mean, sd = training.mean((0, 1)), training.std((0, 1), ddof=1)
    return TargetScale(mean, jnp.where(sd > 1e-6 * jnp.abs(mean), sd, 0))


def standardized_by_itself(
    targets: Float[Array, "trial time output"],
) -> Float[Array, "trial time output"]:
    """Each bin of each output in SD over the trials of this very split; not finite becomes 0.

    As published, and a defect: a test set that is normalized by itself is not held out. It is here
    to compare with, and `target_scale` is what to use.

    Args:
        targets: Of one split.

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), code.
    """
    centred = targets - targets.mean(0, keepdims=True)
    sd = jnp.sqrt((centred**2).sum(0, keepdims=True) / max(targets.shape[0] - 1, 1))
    return jnp.where(sd > 0, centred / jnp.where(sd > 0, sd, 1), 0)


def with_output_noise(
    targets: Float[Array, "trial time output"], sd: float = 0.01, *, key: PRNGKeyArray
) -> Float[Array, "trial time output"]:
    """Targets with independent Gaussian noise, in their unit; published after standardizing.

    Args:
        targets: Any.
        sd: Of the noise, in the unit of the targets; at least 0.
        key: Randomness.

    Raises:
        InputError: If `sd` is below 0.
    """
    if not sd >= 0:
        raise InputError(f"`sd` must be at least 0; got {sd}. Use 0.01, as published.")
    return targets + sd * jax.random.normal(key, targets.shape, targets.dtype)
