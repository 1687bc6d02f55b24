"""From state to rate: one object an activation, so that its shape can be a parameter."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuroloom.networks.parameters import Shared

__all__ = [
    "AbstractActivation",
    "Linear",
    "Relu",
    "Retanh",
    "SharedSoftplus",
    "Softplus",
    "Tanh",
]


class AbstractActivation(eqx.Module):
    """A function of the state, applied neuron by neuron. Dimensionless."""

    @abc.abstractmethod
    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""

    @abc.abstractmethod
    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """The rate at state x and its derivative there, made together and therefore cheap.

        It agrees with `__call__` and its automatic derivative to a few units of rounding; a
        hand-written gradient calls it, and does not differentiate it.
        """


class Softplus(AbstractActivation):
    r"""A smooth threshold: $$\phi(x) = \log(1 + e^{s x}) / s$$.

    Attributes:
        smoothness: s, dimensionless, above 0. Large s approaches relu. May be trained.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), where s is written beta.
    """

    smoothness: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=1.0)

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x; does not overflow."""
        return jax.nn.softplus(self.smoothness * x) / self.smoothness

    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """The rate and its slope from one exponential."""
        return _softplus_with_slope(x, self.smoothness)


class SharedSoftplus(AbstractActivation):
    r"""A threshold of trained smoothness, by group: $$\phi_i(x) = \log(1 + e^{s_i x}) / s_i$$.

    Attributes:
        smoothness: s of every neuron, cell type or of all, dimensionless; an `Exponential()`
            constraint keeps it above 0 while it is trained.

    Source:
        As `Softplus`; that s is free by group is ours.
    """

    smoothness: Shared

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x; does not overflow."""
        smoothness = self._row(x)
        return jax.nn.softplus(smoothness * x) / smoothness

    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """The rate and its slope from one exponential."""
        return _softplus_with_slope(x, self._row(x))

    def _row(self, x: Array) -> Array:
        each = self.smoothness.expand()
        return each.reshape((1,) * (x.ndim - 1) + each.shape)


class Relu(AbstractActivation):
    r"""A threshold: $$\phi(x) = \max(x, 0)$$."""

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""
        return jax.nn.relu(x)

    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """Slope 1 above 0, and 0 elsewhere."""
        return jax.nn.relu(x), (x > 0).astype(x.dtype)


class Tanh(AbstractActivation):
    r"""Saturating and odd: $$\phi(x) = \tanh(x)$$."""

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""
        return jnp.tanh(x)

    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """Slope 1 - tanh^2."""
        rate = jnp.tanh(x)
        return rate, 1 - rate**2


class Retanh(AbstractActivation):
    r"""Saturating above a threshold: $$\phi(x) = \max(\tanh(x), 0)$$.

    Source:
        Cueva et al., ICLR 2020.
    """

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x."""
        return jax.nn.relu(jnp.tanh(x))

    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """Slope 1 - tanh^2 above 0, and 0 elsewhere."""
        rate = jnp.tanh(x)
        return jax.nn.relu(rate), jnp.where(x > 0, 1 - rate**2, 0)


class Linear(AbstractActivation):
    r"""A linear network, whose rates are deviations and may be negative: $$\phi(x) = x$$."""

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The state itself."""
        return x

    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """Slope 1."""
        return x, jnp.ones_like(x)


def _softplus_with_slope(x: Array, smoothness: Array) -> tuple[Array, Array]:
    z = smoothness * x
    small = jnp.exp(-jnp.abs(z))
    rate = (jnp.maximum(z, 0) + _log_of_one_plus(small)) / smoothness
    return rate, jnp.where(z < 0, small, 1) / (1 + small)


def _log_of_one_plus(small: Array) -> Array:
    """log(1 + e) for e in [0, 1], to 2e-8 of its value: 2 atanh(e / (2 + e)) by its series.

    In 64 bits the series would be too short, and the library's function is used.
    """
    if small.dtype != jnp.float32:
        return jnp.log1p(small)
    ratio = small / (2 + small)
    square = ratio * ratio
    series = 1 / 13
    for odd in (11, 9, 7, 5, 3, 1):
        series = 1 / odd + square * series
    return 2 * ratio * series
