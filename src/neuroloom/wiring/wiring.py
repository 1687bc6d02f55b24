"""Wiring as an operator: y = W r, with W[post, pre], gradients in the rates and in the weights.

An operator knows who connects to whom; the weight of each connection is an argument, so that it can
be frozen, trained, or shared by groups of connections (`weight = group_weight[group]`). This is the
only place where a matrix is made.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

__all__ = ["AbstractWiring", "DenseWiring"]


class AbstractWiring(eqx.Module):
    r"""Who connects to whom, as a linear operator on rates.

    $$y_i = \sum_{e:\, \mathrm{post}(e) = i} w_e\, r_{\mathrm{pre}(e)}$$

    Attributes:
        pre: Where each connection starts.
        post: Where each connection ends.
        n_neurons: Number of nodes.
    """

    pre: eqx.AbstractVar[Int[Array, " connection"]]
    post: eqx.AbstractVar[Int[Array, " connection"]]
    n_neurons: eqx.AbstractVar[int]

    @property
    @abc.abstractmethod
    def sums_over_steps(self) -> bool:
        """Whether one gradient in the weights over all steps of a loop is cheap in memory."""

    @abc.abstractmethod
    def describe(self) -> str:
        """How products are computed here, and why, in one sentence."""

    @abc.abstractmethod
    def prepare(self, weight: Float[Array, " connection"]) -> Array:
        """What `apply` needs of the weights; make it once, outside a loop over time.

        Its gradient is meant to flow back through `prepare` only.
        """

    @abc.abstractmethod
    def apply(self, prepared: Array, rates: Float[Array, "*batch neuron"]) -> Array:
        """The input that each neuron receives, for any batch axes in front.

        Args:
            prepared: From `prepare`.
            rates: What each neuron sends.

        Returns:
            Float of shape (*batch, neuron), in the unit of weight times rate.
        """

    def __call__(
        self, weight: Float[Array, " connection"], rates: Float[Array, "*batch neuron"]
    ) -> Float[Array, "*batch neuron"]:
        """`apply` of `prepare`, for a single product."""
        return self.apply(self.prepare(weight), rates)

    def matrix(self, weight: Float[Array, " connection"]) -> Float[Array, "post pre"]:
        """The dense W[post, pre], for solvers. Parallel connections add."""
        empty = jnp.zeros((self.n_neurons, self.n_neurons), weight.dtype)
        return empty.at[self.post, self.pre].add(weight)


class DenseWiring(AbstractWiring):
    """A matrix product: for small or dense graphs."""

    pre: Int[Array, " connection"]
    post: Int[Array, " connection"]
    n_neurons: int = eqx.field(static=True)

    @property
    def sums_over_steps(self) -> bool:
        """One matrix product."""
        return True

    def describe(self) -> str:
        """How products are computed here."""
        return f"a matrix of {self.n_neurons:,} x {self.n_neurons:,}"

    def prepare(self, weight: Float[Array, " connection"]) -> Array:
        """W transposed, pre by post, so that batches stand in rows."""
        empty = jnp.zeros((self.n_neurons, self.n_neurons), weight.dtype)
        return empty.at[self.pre, self.post].add(weight)

    def apply(self, prepared: Array, rates: Float[Array, "*batch neuron"]) -> Array:
        """One product of all batch entries with the matrix."""
        return rates @ prepared
