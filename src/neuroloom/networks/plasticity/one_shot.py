"""Noise on the weights at one moment: the published plasticity."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.plasticity.rule import AbstractPlasticity, WeightTrajectory, checked_time

__all__ = ["OneShotNoise"]


class OneShotNoise(AbstractPlasticity):
    r"""Each weight, with a probability, gets Gaussian noise once.

    $$w \leftarrow w + \sigma\,\xi\,b, \qquad \xi \sim N(0, 1),
    \quad b \sim \mathrm{Bernoulli}(\alpha)$$

    Attributes:
        sigma: SD of the noise, in the unit of the weights.
        alpha: Probability of each weight.
        at: When, in seconds; weights at this time are still the old ones.

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), code.
    """

    sigma: float = eqx.field(converter=float, static=True)
    alpha: float = eqx.field(converter=float, static=True, default=1.0)
    at: float = eqx.field(converter=float, static=True, default=0.0)

    def __check_init__(self) -> None:
        if not (0 <= self.sigma < np.inf and 0 <= self.alpha <= 1):
            raise InputError(
                "`sigma` must be finite and at least 0 and `alpha` a probability; got "
                f"{self.sigma} and {self.alpha}. As published: exp(-7) to exp(4), and 1."
            )

    @property
    def keeps_places(self) -> bool:
        """Yes."""
        return True

    def applied(
        self,
        weight: Float[Array, "*shape"],
        present: Bool[Array, "*shape"],
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "*shape"]:
        """The weights afterwards."""
        noise_key, chosen_key = jax.random.split(key)
        noise = self.sigma * jax.random.normal(noise_key, weight.shape, weight.dtype)
        chosen = jax.random.bernoulli(chosen_key, self.alpha, weight.shape)
        return jnp.where(present, weight + jnp.where(chosen, noise, 0), 0)

    def __call__(
        self,
        weight: Float[Array, "*shape"],
        present: Bool[Array, "*shape"],
        time: Float[np.ndarray, " time"],
        *,
        key: PRNGKeyArray,
        allowed: Bool[Array, "*shape"] | None = None,
    ) -> WeightTrajectory:
        """Weights at the given times: the old ones up to `at`, then the new ones."""
        time = checked_time(time)
        before = jnp.where(present, weight, 0)
        after = self.applied(weight, present, key=key)
        later = jnp.asarray(time > self.at).reshape(-1, *(1,) * weight.ndim)
        weights = jnp.where(later, after[None], before[None])
        return WeightTrajectory(
            jnp.asarray(time), weights, jnp.broadcast_to(present[None], weights.shape)
        )
