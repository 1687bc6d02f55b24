"""Wiring as an operator: y = W r, with W[post, pre], gradients in the rates and in the weights.

An operator knows who connects to whom; the weight of each connection is an argument, so that it can
be frozen, trained, or shared by groups of connections (`weight = group_weight[group]`). This is the
only place where a matrix is made.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuroloom.errors import InputError

__all__ = ["AbstractWiring", "DenseWiring", "SparseWiring", "choose_wiring"]

# Measured on 2 cores with benchmarks/wiring_crossover.py; the table is in docs/performance.md. Up
# to 1,000 neurons both take less than a millisecond and a matrix has the cheaper weight gradient;
# above, the segment sum wins below 3 % of all pairs. A matrix of 30,000 neurons takes 3.6 GB.
DENSE_UP_TO = 1_000
DENSE_ABOVE_DENSITY = 0.03
DENSE_AT_MOST = 30_000


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

    @abc.abstractmethod
    def prepare(self, weight: Float[Array, " connection"]) -> Array:
        """What `apply` needs of the weights; make it once, outside a loop over time."""

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

    def prepare(self, weight: Float[Array, " connection"]) -> Array:
        """W transposed, pre by post, so that batches stand in rows."""
        empty = jnp.zeros((self.n_neurons, self.n_neurons), weight.dtype)
        return empty.at[self.pre, self.post].add(weight)

    def apply(self, prepared: Array, rates: Float[Array, "*batch neuron"]) -> Array:
        """One product of all batch entries with the matrix."""
        return rates @ prepared


class SparseWiring(AbstractWiring):
    """A gather and a sorted segment sum: cost grows with connections, not with neurons squared.

    Connections are kept sorted by `post`; `order` takes a weight in the caller's order to ours.
    """

    pre: Int[Array, " connection"]
    post: Int[Array, " connection"]
    n_neurons: int = eqx.field(static=True)
    order: Int[Array, " connection"]

    @classmethod
    def from_ends(
        cls, pre: Int[np.ndarray, " connection"], post: Int[np.ndarray, " connection"], n: int
    ) -> "SparseWiring":
        """Sort once, outside JAX."""
        order = np.argsort(post, kind="stable").astype(np.int32)
        return cls(_ends(pre), _ends(post), n, jnp.asarray(order))

    def prepare(self, weight: Float[Array, " connection"]) -> Array:
        """The weights in the order of `post`."""
        return weight[self.order]

    def apply(self, prepared: Array, rates: Float[Array, "*batch neuron"]) -> Array:
        """Gather what each connection carries, and sum by the neuron where it ends."""
        batch = rates.shape[:-1]
        sent = rates.reshape(-1, self.n_neurons).T[self.pre[self.order]] * prepared[:, None]
        received = jax.ops.segment_sum(
            sent, self.post[self.order], num_segments=self.n_neurons, indices_are_sorted=True
        )
        return received.T.reshape(*batch, self.n_neurons)


def choose_wiring(
    pre: Int[np.ndarray, " connection"], post: Int[np.ndarray, " connection"], n_neurons: int
) -> AbstractWiring:
    """The operator that is fastest here for a graph of this size and density.

    Dense up to 1,000 neurons; then, up to 30,000, where connections are more than 3 % of all pairs;
    else sparse.

    Args:
        pre: Where each connection starts, 0 to n_neurons - 1.
        post: Where each connection ends.
        n_neurons: Number of nodes.

    Raises:
        InputError: If an end is outside 0 to n_neurons - 1.
    """
    for name, end in (("pre", pre), ("post", post)):
        outside = (end < 0) | (end >= n_neurons)
        if outside.any():
            raise InputError(
                f"`{name}` must be positions of neurons, 0 to {n_neurons - 1}; got "
                f"{end[outside][0]} ({outside.sum()} such). Take them from a `Connectome`."
            )
    filled = len(pre) > DENSE_ABOVE_DENSITY * n_neurons**2
    if n_neurons <= DENSE_UP_TO or (filled and n_neurons <= DENSE_AT_MOST):
        return DenseWiring(_ends(pre), _ends(post), n_neurons)
    return SparseWiring.from_ends(pre, post, n_neurons)


def _ends(end: np.ndarray) -> Array:
    return jnp.asarray(np.asarray(end, dtype=np.int32))
