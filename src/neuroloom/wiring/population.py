"""A sparse wiring operator for populations: one graph, other weights in every member.

`SparseWiring` takes one member after the other. Where many members have small graphs, as in an
evolutionary search, that is slow: here members lie side by side in memory and one pass over the
connections serves them all.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir
from jaxtyping import Array, Float, Int

from neuroloom.wiring.compiled import target, why_not
from neuroloom.wiring.sparse import as_ends
from neuroloom.wiring.wiring import AbstractWiring

__all__ = ["PopulationWiring"]


class PopulationWiring(AbstractWiring):
    """Sums over connections; under `vmap` over weights, members are the fastest axis.

    Derivatives are those of a gather and a segment sum: right, and no faster than these. Train by
    gradients with `SparseWiring`.

    Attributes:
        pre: Where each connection starts.
        post: Where each connection ends.
        n_neurons: Number of nodes.
        order: From places in the order of `post` to the caller's.
        start: Connections of neuron i are start[i] to start[i + 1], in that order.
        far: Where each of them starts.
        row: Where each of them ends.
    """

    pre: Int[Array, " connection"]
    post: Int[Array, " connection"]
    n_neurons: int = eqx.field(static=True)
    order: Int[Array, " connection"]
    start: Int[Array, " neuron_and_end"]
    far: Int[Array, " connection"]
    row: Int[Array, " connection"]

    @classmethod
    def from_ends(
        cls,
        pre: Int[np.ndarray, " connection"],
        post: Int[np.ndarray, " connection"],
        n_neurons: int,
    ) -> "PopulationWiring":
        """Sort once, outside JAX.

        Args:
            pre: Where each connection starts, 0 to n_neurons - 1.
            post: Where each connection ends.
            n_neurons: Number of nodes.
        """
        order = np.lexsort((pre, post))
        start = np.concatenate([[0], np.cumsum(np.bincount(post, minlength=n_neurons))])
        return cls(
            pre=as_ends(pre),
            post=as_ends(post),
            n_neurons=n_neurons,
            order=as_ends(order),
            start=as_ends(start),
            far=as_ends(np.asarray(pre)[order]),
            row=as_ends(np.asarray(post)[order]),
        )

    @property
    def sums_over_steps(self) -> bool:
        """Gradients keep one number a connection and step."""
        return False

    def describe(self) -> str:
        """Whether the compiled kernel is used in this process, and if not, why."""
        reason = why_not()
        how = "a compiled kernel" if reason is None else f"gather and segment sum: {reason}"
        return f"{self.pre.size:,} connections, members side by side, by {how}"

    def prepare(self, weight: Float[Array, " connection"]) -> Array:
        """The weights in the order of `post`."""
        return weight[self.order]

    def apply(self, prepared: Array, rates: Float[Array, "*batch neuron"]) -> Array:
        """One pass over the connections for all members."""
        dtype = jnp.result_type(prepared, rates)
        flat = rates.reshape(math.prod(rates.shape[:-1]), self.n_neurons).astype(dtype)
        weight = prepared.astype(dtype)
        if rates.ndim == 1:
            return _spread(weight, flat[0], self.start, self.far, self.row)
        received = jax.vmap(lambda r: _spread(weight, r, self.start, self.far, self.row))(flat)
        return received.reshape(rates.shape)


_primitive = Primitive("neuroloom_spread")


@jax.custom_jvp
def _spread(weight: Array, rates: Array, start: Array, far: Array, row: Array) -> Array:
    return _primitive.bind(weight[:, None], rates[:, None], start, far, row)[:, 0]


@_spread.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    weight, rates, start, far, row = primals
    d_weight, d_rates = tangents[:2]
    n = start.shape[0] - 1
    change = _sum(d_weight * rates[far], row, n) + _sum(weight * d_rates[far], row, n)
    return _spread(weight, rates, start, far, row), change


def _sum(sent: Array, row: Array, n: int) -> Array:
    return jax.ops.segment_sum(sent, row, num_segments=n, indices_are_sorted=True)


@_primitive.def_abstract_eval
def _(weights: Any, rates: Any, start: Any, far: Any, row: Any) -> Any:
    del weights, far, row
    return rates.update(shape=(start.shape[0] - 1, rates.shape[1]))


def _batch(arguments: tuple, axes: tuple) -> tuple:
    """The batch axis becomes lanes: the last axis, behind those that are there."""
    weights, rates, *graph = arguments
    n = next(a.shape[x] for a, x in zip(arguments, axes, strict=True) if x is not None)
    if any(axis is not None for axis in axes[2:]):
        moving = [
            jnp.moveaxis(a, x, 0) for a, x in zip(arguments, axes, strict=True) if x is not None
        ]

        def single(entry: list) -> Array:
            here = iter(entry)
            return _primitive.bind(
                *(a if x is None else next(here) for a, x in zip(arguments, axes, strict=True))
            )

        return jax.lax.map(single, moving), 0

    wide = [_lanes(weights, axes[0], n), _lanes(rates, axes[1], n)]
    received = _primitive.bind(*wide, *graph)
    shape = list(rates.shape)
    if axes[1] is not None:
        shape.pop(axes[1])
    return received.reshape(received.shape[0], shape[1], n), 2


def _lanes(array: Array, axis: int | None, n: int) -> Array:
    if axis is None:
        array = jnp.broadcast_to(array[..., None], (*array.shape, n))
    else:
        array = jnp.moveaxis(array, axis, -1)
    return array.reshape(array.shape[0], array.shape[1] * n)


def _portable(weights: Array, rates: Array, start: Array, far: Array, row: Array) -> Array:
    return _sum(weights * rates[far], row, start.shape[0] - 1)


_otherwise = mlir.lower_fun(_portable, multiple_results=False)


def _lower(context: Any, weights: Any, rates: Any, start: Any, far: Any, row: Any) -> Any:
    name = target("spread", np.dtype(context.avals_in[1].dtype))
    if name is None:
        return _otherwise(context, weights, rates, start, far, row)
    context = context.replace(avals_in=context.avals_in[:4])
    return jax.ffi.ffi_lowering(name)(context, weights, rates, start, far)


batching.primitive_batchers[_primitive] = _batch
mlir.register_lowering(_primitive, _otherwise)
mlir.register_lowering(_primitive, _lower, platform="cpu")
_primitive.def_impl(jax.jit(_primitive.bind))
