"""From state to rate: one object an activation, so that its shape can be a parameter."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["AbstractActivation", "Linear", "Relu", "Retanh", "Softplus", "Tanh"]


class AbstractActivation(eqx.Module):
    """A function of the state, applied neuron by neuron. Dimensionless."""

    @abc.abstractmethod
    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""


class Softplus(AbstractActivation):
    r"""$$\phi(x) = \log(1 + e^{s x}) / s$$

    Attributes:
        smoothness: s, dimensionless, above 0. Large s approaches relu. May be trained.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), where s is written beta.
    """

    smoothness: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=1.0)

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x; does not overflow."""
        return jax.nn.softplus(self.smoothness * x) / self.smoothness


class Relu(AbstractActivation):
    """$$\\phi(x) = \\max(x, 0)$$"""

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""
        return jax.nn.relu(x)


class Tanh(AbstractActivation):
    """$$\\phi(x) = \\tanh(x)$$"""

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""
        return jnp.tanh(x)


class Retanh(AbstractActivation):
    """$$\\phi(x) = \\max(\\tanh(x), 0)$$

    Source:
        Cueva et al., ICLR 2020.
    """

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""
        return jax.nn.relu(jnp.tanh(x))


class Linear(AbstractActivation):
    """$$\\phi(x) = x$$: a linear network, whose rates are deviations and may be negative."""

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The state itself."""
        return x
