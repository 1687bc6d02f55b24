"""What is measured, given what the model says: a Gaussian around it, or Poisson counts."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.forecasting.scaling import Scaling

__all__ = [
    "AbstractLikelihood",
    "AbstractLink",
    "ExpLink",
    "Gaussian",
    "Poisson",
    "SoftplusLink",
]

FEWEST = 1e-3  # counts per step that a neuron without a spike is taken to expect at the start


class AbstractLikelihood(eqx.Module):
    """From eta, the linear predictor, to what is measured. What goes in is in SD under each."""

    @abc.abstractmethod
    def expected(
        self, eta: Float[Array, "*batch neuron"], scaling: Scaling
    ) -> Float[Array, "*batch neuron"]:
        """Expected activity, in its own unit."""

    @abc.abstractmethod
    def loss(
        self, eta: Float[Array, "*entry"], target: Float[Array, "*entry"]
    ) -> Float[Array, "*entry"]:
        """Negative log likelihood of each entry, in nats, up to what the data alone add.

        Args:
            eta: Linear predictor.
            target: What `target` makes of the activity.
        """

    @abc.abstractmethod
    def target(
        self, activity: Float[Array, "*batch neuron"], scaling: Scaling
    ) -> Float[Array, "*batch neuron"]:
        """Activity in its own unit as `loss` wants it; NaN stays."""

    @abc.abstractmethod
    def bias(self, scaling: Scaling) -> Float[Array, " neuron"]:
        """The eta at which the expected activity is the mean of training."""

    @abc.abstractmethod
    def unit(self, scaling: Scaling) -> Float[Array, " neuron"]:
        """One unit of eta, in the unit of the activity where the two are proportional."""

    @abc.abstractmethod
    def sample(
        self, eta: Float[Array, "*batch neuron"], scaling: Scaling, key: PRNGKeyArray
    ) -> Float[Array, "*batch neuron"]:
        """Activity drawn around what is expected, in its own unit.

        Raises:
            InputError: If the likelihood says nothing of its noise.
        """


class Gaussian(AbstractLikelihood):
    """Noise of 1 SD of each neuron: half the squared error, in SD^2."""

    def expected(
        self, eta: Float[Array, "*batch neuron"], scaling: Scaling
    ) -> Float[Array, "*batch neuron"]:
        """The mean + SD eta."""
        return scaling.restore(eta)

    def loss(
        self, eta: Float[Array, "*entry"], target: Float[Array, "*entry"]
    ) -> Float[Array, "*entry"]:
        """(eta - target)^2 / 2."""
        return 0.5 * (eta - target) ** 2

    def target(
        self, activity: Float[Array, "*batch neuron"], scaling: Scaling
    ) -> Float[Array, "*batch neuron"]:
        """In SD from the mean."""
        return scaling.standardize(activity)

    def bias(self, scaling: Scaling) -> Float[Array, " neuron"]:
        """0."""
        return jnp.zeros_like(scaling.mean)

    def unit(self, scaling: Scaling) -> Float[Array, " neuron"]:
        """The SD."""
        return scaling.sd

    def sample(
        self, eta: Float[Array, "*batch neuron"], scaling: Scaling, key: PRNGKeyArray
    ) -> Float[Array, "*batch neuron"]:
        """Refused: squared error does not say how large the noise is."""
        raise InputError(
            "A sample must come from a likelihood that knows its noise; `Gaussian` is squared "
            "error and knows a mean. Leave the key out for the mean, or fit counts with "
            "`Poisson()`."
        )


class AbstractLink(eqx.Module):
    """From eta to a rate, in counts per step."""

    @abc.abstractmethod
    def rate(self, eta: Float[Array, "*entry"]) -> Float[Array, "*entry"]:
        """Counts per step at eta."""

    @abc.abstractmethod
    def log_rate(self, eta: Float[Array, "*entry"]) -> Float[Array, "*entry"]:
        """Its logarithm, finite at every finite eta."""

    @abc.abstractmethod
    def eta(self, rate: Float[Array, " neuron"]) -> Float[Array, " neuron"]:
        """The eta at a rate above 0."""


class ExpLink(AbstractLink):
    """exp: currents multiply; a large one can make a rollout explode."""

    def rate(self, eta: Float[Array, "*entry"]) -> Float[Array, "*entry"]:
        """exp(eta)."""
        return jnp.exp(eta)

    def log_rate(self, eta: Float[Array, "*entry"]) -> Float[Array, "*entry"]:
        """Itself."""
        return eta

    def eta(self, rate: Float[Array, " neuron"]) -> Float[Array, " neuron"]:
        """log(rate)."""
        return jnp.log(rate)


class SoftplusLink(AbstractLink):
    """log(1 + exp): currents add where a neuron fires, and never make a rate negative."""

    def rate(self, eta: Float[Array, "*entry"]) -> Float[Array, "*entry"]:
        """log(1 + exp(eta))."""
        return jax.nn.softplus(eta)

    def log_rate(self, eta: Float[Array, "*entry"]) -> Float[Array, "*entry"]:
        """Below -15 it is eta itself, to 2e-7."""
        return jnp.where(eta < -15, eta, jnp.log(jax.nn.softplus(jnp.maximum(eta, -15))))

    def eta(self, rate: Float[Array, " neuron"]) -> Float[Array, " neuron"]:
        """log(exp(rate) - 1)."""
        return rate + jnp.log(-jnp.expm1(-rate))


class Poisson(AbstractLikelihood):
    """Spike counts around a rate.

    Attributes:
        link: From eta to counts per step.
    """

    link: AbstractLink = eqx.field(default_factory=SoftplusLink)

    def expected(
        self, eta: Float[Array, "*batch neuron"], scaling: Scaling
    ) -> Float[Array, "*batch neuron"]:
        """The rate, in counts per step."""
        return self.link.rate(eta)

    def loss(
        self, eta: Float[Array, "*entry"], target: Float[Array, "*entry"]
    ) -> Float[Array, "*entry"]:
        """The rate - count log(rate); the logarithm of the count's factorial is left out."""
        return self.link.rate(eta) - target * self.link.log_rate(eta)

    def target(
        self, activity: Float[Array, "*batch neuron"], scaling: Scaling
    ) -> Float[Array, "*batch neuron"]:
        """Counts, as they are."""
        return activity

    def bias(self, scaling: Scaling) -> Float[Array, " neuron"]:
        """That of the mean count, or of a thousandth of a spike where there was none."""
        return self.link.eta(jnp.maximum(scaling.mean, FEWEST))

    def unit(self, scaling: Scaling) -> Float[Array, " neuron"]:
        """1: eta keeps its own unit."""
        return jnp.ones_like(scaling.mean)

    def sample(
        self, eta: Float[Array, "*batch neuron"], scaling: Scaling, key: PRNGKeyArray
    ) -> Float[Array, "*batch neuron"]:
        """Counts."""
        return jax.random.poisson(key, self.link.rate(eta)).astype(eta.dtype)
