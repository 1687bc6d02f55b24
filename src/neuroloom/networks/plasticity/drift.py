"""Weights that wander around what they were."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.plasticity.rule import AbstractPlasticity, WeightTrajectory, checked_time

__all__ = ["OrnsteinUhlenbeckDrift"]


class OrnsteinUhlenbeckDrift(AbstractPlasticity):
    r"""Each weight drifts, and is drawn back to its first value.

    $$dw = -\frac{w - w_0}{\tau}\,dt + \sigma\,dB, \qquad
    w(t + h) = w_0 + (w(t) - w_0)\,e^{-h/\tau}
    + \sigma \sqrt{\tfrac{\tau}{2} (1 - e^{-2h/\tau})}\;\xi$$

    The step is exact, so that the distribution does not depend on which times are asked for. In the
    long run a weight is sigma sqrt(tau / 2) from its first value (SD).

    Attributes:
        tau: Time constant, in seconds.
        sigma: In the unit of the weights per square root of a second.

    Source:
        Uhlenbeck and Ornstein, Phys. Rev. 36:823 (1930). The authors' code holds a diffusion whose
        noise has SD dt, not sqrt(dt); it is not used there, and not here.
    """

    tau: float = eqx.field(converter=float, static=True)
    sigma: float = eqx.field(converter=float, static=True)

    def __check_init__(self) -> None:
        if not (0 < self.tau < np.inf and 0 <= self.sigma < np.inf):
            raise InputError(
                "`tau` must be finite and above 0 seconds and `sigma` finite and at least 0; got "
                f"{self.tau} and {self.sigma}. For a final SD of s, take sigma = s sqrt(2 / tau)."
            )

    @property
    def keeps_places(self) -> bool:
        """Yes."""
        return True

    def __call__(
        self,
        weight: Float[Array, "*shape"],
        present: Bool[Array, "*shape"],
        time: Float[np.ndarray, " time"],
        *,
        key: PRNGKeyArray,
        allowed: Bool[Array, "*shape"] | None = None,
    ) -> WeightTrajectory:
        """Weights at the given times."""
        time = checked_time(time)
        passed = jnp.asarray(np.diff(time, prepend=0.0), weight.dtype)
        keys = jax.random.split(key, time.size)
        keep = jnp.exp(-passed / self.tau)
        spread = self.sigma * jnp.sqrt(-self.tau / 2 * jnp.expm1(-2 * passed / self.tau))
        weights = jnp.where(present[None], weight[None] + _walk(weight, keep, spread, keys), 0)
        return WeightTrajectory(
            jnp.asarray(time), weights, jnp.broadcast_to(present[None], weights.shape)
        )


@jax.jit
def _walk(weight: Array, keep: Array, spread: Array, keys: Array) -> Array:
    """How far weights are from their first values, after each step; compiled once a shape."""

    def step(away: Array, now: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        own_key, part, sd = now
        away = away * part + sd * jax.random.normal(own_key, weight.shape, weight.dtype)
        return away, away

    return jax.lax.scan(step, jnp.zeros_like(weight), (keys, keep, spread))[1]
