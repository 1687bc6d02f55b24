"""What every rule of spontaneous plasticity gives: weights and places of synapses over time."""

import abc
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError

__all__ = ["AbstractPlasticity", "WeightTrajectory", "checked_time", "equivalent_sigma"]


class WeightTrajectory(NamedTuple):
    """Weights over time, whatever axes they have.

    Attributes:
        time: Since the weights were what they were, in seconds.
        weight: At each time; 0 where no synapse is present.
        present: Where a synapse is present at each time.
    """

    time: Float[Array, " time"]
    weight: Float[Array, "time *shape"]
    present: Bool[Array, "time *shape"]


class AbstractPlasticity(eqx.Module):
    """Weights that change by themselves, whatever the activity. A pure function of a key."""

    @property
    @abc.abstractmethod
    def keeps_places(self) -> bool:
        """Whether synapses stay where they are, so that weights alone describe the change."""

    @abc.abstractmethod
    def __call__(
        self,
        weight: Float[Array, "*shape"],
        present: Bool[Array, "*shape"],
        time: Float[np.ndarray, " time"],
        *,
        key: PRNGKeyArray,
        allowed: Bool[Array, "*shape"] | None = None,
    ) -> WeightTrajectory:
        """Weights at the given times; those that are not present stay 0.

        Args:
            weight: At time 0.
            present: Where synapses are; `weight != 0` as published.
            time: Increasing, at least 0, in seconds.
            key: Randomness.
            allowed: Where synapses may grow, for rules that grow some. Default anywhere.
        """


def checked_time(time: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Times of a trajectory, in seconds.

    Raises:
        InputError: If they do not increase from at least 0.
    """
    if time.size == 0 or not (
        np.isfinite(time).all() and time[0] >= 0 and (np.diff(time) > 0).all()
    ):
        raise InputError(
            "`time` must hold increasing finite times of at least 0 seconds; got "
            f"{time[:5].tolist()}. Sort them, and count from when the weights were measured."
        )
    return time


def equivalent_sigma(
    weight: Float[Array, "time *shape"],
    start: Float[Array, "*shape"],
    present: Bool[Array, "*shape"],
) -> Float[Array, " time"]:
    r"""Size of a change as that of Gaussian noise on every weight, in SD of the weights.

    $$\sigma(t) = \frac{1}{\mathrm{SD}(w(0))}
    \sqrt{\frac{1}{n} \sum_{ij} (w_{ij}(t) - w_{ij}(0))^2}$$

    n synapses are present at first, and the sum goes over all places, so that a synapse that went
    counts with its weight, and one that grew with its own. One-shot noise of sigma on all weights
    N(0, 1) has equivalent sigma sigma, up to chance.

    Args:
        weight: At each time; 0 where no synapse is present.
        start: At first.
        present: Where synapses were at first; at least two of different weight.

    Raises:
        InputError: If weights had no spread at first.
    """
    n = int(present.sum())
    spread = float(jnp.std(start[present])) if n else 0.0
    if not spread > 0:
        raise InputError(
            "Weights must differ from each other to have an SD; "
            f"{n} synapses were present at first, of SD {spread}. Give more synapses."
        )
    change = weight - jnp.where(present, start, 0)[None]
    return jnp.sqrt((change**2).reshape(weight.shape[0], -1).sum(1) / n) / spread
