"""Mean and SD of every neuron and channel, learned from the training frames and nothing else."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuroloom.errors import InputError

__all__ = ["Scaling"]


class Scaling(eqx.Module):
    """From the unit of a recording to SD from the mean, and back. A fit never changes it.

    Attributes:
        mean: Of each neuron, in the unit of its activity.
        sd: Likewise; 1 for a neuron that never changed.
        behavior_mean: Of each channel of behavior, in its unit.
        behavior_sd: Likewise.
    """

    mean: Float[Array, " neuron"]
    sd: Float[Array, " neuron"]
    behavior_mean: Float[Array, " channel"]
    behavior_sd: Float[Array, " channel"]

    @classmethod
    def learned(
        cls,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "trial time channel"],
        training: Bool[np.ndarray, "trial time"],
    ) -> "Scaling":
        """Mean and SD over the training frames, without what was not observed.

        Args:
            activity: NaN where not observed.
            behavior: Likewise.
            training: Which frames may be learned from.

        Raises:
            InputError: If a neuron or a channel is not observed in two training frames.
        """
        mean, sd = _moments("Neuron", activity[training])
        behavior_mean, behavior_sd = _moments("Channel of behavior", behavior[training])
        return cls(*map(jnp.asarray, (mean, sd, behavior_mean, behavior_sd)))

    def standardize(self, activity: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """Activity in SD from the mean; NaN stays."""
        return (activity - _row(self.mean, activity)) / _row(self.sd, activity)

    def restore(self, scaled: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """Activity in its own unit."""
        return _row(self.mean, scaled) + _row(self.sd, scaled) * scaled

    def standardize_behavior(
        self, behavior: Float[Array, "*batch channel"]
    ) -> Float[Array, "*batch channel"]:
        """Behavior in SD from the mean; NaN stays."""
        return (behavior - _row(self.behavior_mean, behavior)) / _row(self.behavior_sd, behavior)


def _row(values: Array, like: Array) -> Array:
    return values.reshape((1,) * (like.ndim - 1) + values.shape)


def _moments(what: str, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n_seen = (~np.isnan(frames)).sum(axis=0)
    if (n_seen < 2).any():
        first = int(np.flatnonzero(n_seen < 2)[0])
        raise InputError(
            f"{what} {first} must be observed in at least 2 training frames; it is in "
            f"{n_seen[first]} of {len(frames)} ({(n_seen < 2).sum()} such). Leave it out."
        )
    mean, sd = np.nanmean(frames, axis=0), np.nanstd(frames, axis=0)
    return mean, np.where(sd > 0, sd, 1.0)
