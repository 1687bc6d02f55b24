"""A sparse wiring operator: cost grows with connections, not with neurons squared."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuroloom.errors import InputError
from neuroloom.wiring.compiled import why_not
from neuroloom.wiring.product import Side, pair, product
from neuroloom.wiring.wiring import AbstractWiring

__all__ = ["SparseWiring", "as_ends"]


class SparseWiring(AbstractWiring):
    """Sums over the connections of each neuron; on a CPU by a compiled kernel.

    Attributes:
        pre: Where each connection starts.
        post: Where each connection ends.
        n_neurons: Number of nodes.
        orders: From places in the order of `post`, and of `pre`, to the caller's.
        rank: The inverse of the first.
        by_post: Connections sorted by `post`, for the product.
        by_pre: Connections sorted by `pre`, for the product with the transpose.
        compiled: Whether to use the compiled kernel where there is one.
    """

    pre: Int[Array, " connection"]
    post: Int[Array, " connection"]
    n_neurons: int = eqx.field(static=True)
    orders: Int[Array, "2 connection"]
    rank: Int[Array, " connection"]
    by_post: Side
    by_pre: Side
    compiled: bool = eqx.field(static=True)

    @classmethod
    def from_ends(
        cls,
        pre: Int[np.ndarray, " connection"],
        post: Int[np.ndarray, " connection"],
        n_neurons: int,
        *,
        compiled: bool = True,
    ) -> "SparseWiring":
        """Sort once in both orders, outside JAX.

        Args:
            pre: Where each connection starts, 0 to n_neurons - 1.
            post: Where each connection ends.
            n_neurons: Number of nodes.
            compiled: Whether to use the compiled kernel where there is one.

        Raises:
            InputError: If there are 2^31 connections or more.
        """
        if len(pre) > np.iinfo(np.int32).max:
            raise InputError(
                f"A sparse wiring must have fewer than 2^31 connections; got {len(pre):,}. Merge "
                "parallel connections or take a part of the connectome."
            )
        pre, post = (np.asarray(end, dtype=np.int32) for end in (pre, post))
        order = np.lexsort((pre, post))
        across = np.argsort(pre[order], kind="stable")  # within one `pre`, still by `post`
        by_post = Side(
            as_ends(_starts(post, n_neurons)), as_ends(pre[order]), as_ends(_inverse(across))
        )
        by_pre = Side(
            as_ends(_starts(pre, n_neurons)), as_ends(post[order][across]), as_ends(across)
        )
        return cls(
            pre=as_ends(pre),
            post=as_ends(post),
            n_neurons=n_neurons,
            orders=as_ends(np.stack([order, order[across]])),
            rank=as_ends(_inverse(order)),
            by_post=by_post,
            by_pre=by_pre,
            compiled=compiled,
        )

    @property
    def sums_over_steps(self) -> bool:
        """The kernel keeps one number a connection, the segment sum one for each step too."""
        return self._why_not_compiled() is None

    def describe(self) -> str:
        """Whether the compiled kernel is used in this process, and if not, why."""
        reason = self._why_not_compiled()
        how = "a compiled kernel" if reason is None else f"gather and segment sum: {reason}"
        return f"{self.pre.size:,} connections, by {how}"

    def _why_not_compiled(self) -> str | None:
        if not self.compiled:
            return "no kernel was asked for"
        device = jax.default_backend()
        return why_not() if device == "cpu" else f"the kernel is for CPUs, the device is {device}"

    def prepare(self, weight: Float[Array, " connection"]) -> Array:
        """The weights in the order of `post` and in that of `pre`."""
        return pair(weight, self.orders, self.rank, compiled=self.compiled)

    def apply(self, prepared: Array, rates: Float[Array, "*batch neuron"]) -> Array:
        """One pass over the connections for all batch entries."""
        dtype = jnp.result_type(prepared, rates)
        lanes = rates.reshape(math.prod(rates.shape[:-1]), self.n_neurons).T
        received = product(
            prepared[None].astype(dtype),
            lanes[None].astype(dtype),
            (self.by_post, self.by_pre),
            compiled=self.compiled,
        )
        return received[0].T.reshape(rates.shape)


def as_ends(end: np.ndarray) -> Array:
    """Positions as JAX holds them."""
    return jnp.asarray(np.asarray(end, dtype=np.int32))


def _starts(end: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(end, minlength=n))])


def _inverse(order: np.ndarray) -> np.ndarray:
    inverse = np.empty(len(order), np.int32)
    inverse[order] = np.arange(len(order), dtype=np.int32)
    return inverse
