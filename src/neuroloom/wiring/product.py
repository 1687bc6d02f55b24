"""The product with a sparse matrix as JAX operations, with every derivative, for every device.

Two operations that are each other's derivatives. `product` sums weight x rate over the connections
of a neuron; `sampled` multiplies, for each connection, what stands at its two ends. On a CPU both
are one call of a compiled kernel; elsewhere, or without numba, a gather and a segment sum.

Connections are kept in two orders, one for each side: by `post` (side 0) for the product, by `pre`
(side 1) for its transpose. `pair` lays weights out in both, so that no loop over time permutes
them. A gradient of a pair stands in its first row, in the order of side 0; the second row is 0.
"""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float, Int

from neuroloom.wiring.compiled import target

__all__ = ["Side", "pair", "product"]


class Side(NamedTuple):
    """Connections sorted by one of their ends.

    Attributes:
        start: Connections of neuron i are start[i] to start[i + 1].
        far: The neuron at the other end of each.
        across: Its place in the order of the other side.
    """

    start: Int[Array, " neuron_and_end"]
    far: Int[Array, " connection"]
    across: Int[Array, " connection"]


def pair(
    weight: Float[Array, "*member connection"],
    orders: Int[Array, "2 connection"],
    rank: Int[Array, " connection"],
    *,
    compiled: bool = True,
) -> Float[Array, "*member 2 connection"]:
    """Weights in the order of both sides.

    Args:
        weight: In the order of the caller.
        orders: From places of side 0, and of side 1, to the caller's.
        rank: The inverse of the first.
        compiled: Whether to use the compiled kernel where there is one.
    """
    *members, n_connections = weight.shape
    flat = weight.reshape(math.prod(members), n_connections)
    both = _pair.bind(flat, orders, rank, compiled=compiled)
    return both.reshape(*members, 2, n_connections)


def product(
    weights: Float[Array, "member 2 connection"],
    rates: Float[Array, "member neuron lane"],
    sides: tuple[Side, Side],
    *,
    compiled: bool = True,
) -> Float[Array, "member neuron lane"]:
    """What each neuron receives, for every member and lane.

    Args:
        weights: From `pair`.
        rates: What each neuron sends; the lanes of a neuron (trials, say) lie side by side.
        sides: Connections by `post`, and by `pre`.
        compiled: Whether to use the compiled kernel where there is one.
    """
    return _product.bind(weights, rates, *sides[0], *sides[1], side=0, compiled=compiled)


_pair = Primitive("neuroloom_pair")
_product = Primitive("neuroloom_product")
_sampled = Primitive("neuroloom_sampled")


# Shapes ---------------------------------------------------------------------------------------


@_pair.def_abstract_eval
def _(weight: Any, orders: Any, rank: Any, compiled: bool) -> Any:
    del orders, rank, compiled
    return weight.update(shape=(weight.shape[0], 2, weight.shape[1]))


@_product.def_abstract_eval
def _(weights: Any, rates: Any, *sides: Any, side: int, compiled: bool) -> Any:
    del weights, compiled
    n_rows = sides[3 * side].shape[0] - 1
    return rates.update(shape=(rates.shape[0], n_rows, rates.shape[2]))


@_sampled.def_abstract_eval
def _(received: Any, rates: Any, *sides: Any, side: int, compiled: bool) -> Any:
    del received, compiled
    return rates.update(shape=(rates.shape[0], sides[3 * side + 1].shape[0]))


# Derivatives ----------------------------------------------------------------------------------


def _bilinear_jvp(
    primitive: Primitive, primals: tuple, tangents: tuple, **options: Any
) -> tuple[Array, Any]:
    (one, other, *sides), (d_one, d_other, *_) = primals, tangents
    value = primitive.bind(one, other, *sides, **options)
    change: Any = ad.Zero(jax.typeof(value))
    if not isinstance(d_one, ad.Zero):
        change = ad.add_tangents(change, primitive.bind(d_one, other, *sides, **options))
    if not isinstance(d_other, ad.Zero):
        change = ad.add_tangents(change, primitive.bind(one, d_other, *sides, **options))
    return value, change


def _permuted(numbers: Array, place: Array) -> Array:
    return numbers.at[:, place].get(mode="promise_in_bounds", unique_indices=True)


def _transpose_product(
    cotangent: Any, weights: Any, rates: Any, *sides: Any, side: int, **options: Any
) -> list[Any]:
    result: list[Any] = [None] * (2 + len(sides))
    if isinstance(cotangent, ad.Zero):
        return result
    if ad.is_undefined_primal(rates):
        result[1] = _product.bind(weights, cotangent, *sides, side=1 - side, **options)
        return result
    gradient = _sampled.bind(cotangent, rates, *sides, side=side, **options)
    first = gradient if side == 0 else _permuted(gradient, sides[2])
    result[0] = jnp.stack([first, jnp.zeros_like(first)], 1)
    return result


def _transpose_sampled(
    cotangent: Any, received: Any, rates: Any, *sides: Any, side: int, **options: Any
) -> list[Any]:
    result: list[Any] = [None] * (2 + len(sides))
    if isinstance(cotangent, ad.Zero):
        return result
    moved = _permuted(cotangent, sides[3 * (1 - side) + 2])
    weights = jnp.stack([cotangent, moved] if side == 0 else [moved, cotangent], 1)
    if ad.is_undefined_primal(received):
        result[0] = _product.bind(weights, rates, *sides, side=side, **options)
    else:
        result[1] = _product.bind(weights, received, *sides, side=1 - side, **options)
    return result


def _transpose_pair(
    cotangent: Any, weight: Any, orders: Any, rank: Any, *, compiled: bool
) -> list[Any]:
    del weight, orders, compiled
    if isinstance(cotangent, ad.Zero):
        return [None, None, None]
    return [_permuted(cotangent[:, 0], rank), None, None]


def _pair_jvp(primals: tuple, tangents: tuple, **options: Any) -> tuple:
    value = _pair.bind(*primals, **options)
    if isinstance(tangents[0], ad.Zero):
        return value, ad.Zero(jax.typeof(value))
    return value, _pair.bind(tangents[0], *primals[1:], **options)


for _primitive in (_product, _sampled):
    ad.primitive_jvps[_primitive] = functools.partial(_bilinear_jvp, _primitive)
ad.primitive_jvps[_pair] = _pair_jvp
ad.primitive_transposes[_product] = _transpose_product
ad.primitive_transposes[_sampled] = _transpose_sampled
ad.primitive_transposes[_pair] = _transpose_pair


# Batches --------------------------------------------------------------------------------------


def _front(array: Array, axis: int | None, n: int) -> Array:
    """The batch axis merged into the members', which comes first."""
    if axis is None:
        array, axis = jnp.broadcast_to(array, (n, *array.shape)), 0
    return _merged(jnp.moveaxis(array, axis, 0), 0)


def _merged(array: Array, axis: int) -> Array:
    """An axis merged with the one behind it."""
    shape = array.shape
    return array.reshape(*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])


def _split(array: Array, axis: int, n: int) -> Array:
    """The inverse of `_merged`, n entries in front."""
    shape = array.shape
    return array.reshape(*shape[:axis], n, shape[axis] // n, *shape[axis + 1 :])


def _one_by_one(primitive: Primitive, arguments: tuple, axes: tuple, **options: Any) -> tuple:
    """Another graph in every batch entry: a loop over them."""
    moving = [jnp.moveaxis(a, x, 0) for a, x in zip(arguments, axes, strict=True) if x is not None]

    def single(entry: list) -> Array:
        here = iter(entry)
        given = [a if x is None else next(here) for a, x in zip(arguments, axes, strict=True)]
        return primitive.bind(*given, **options)

    return jax.lax.map(single, moving), 0


def _size(arguments: tuple, axes: tuple) -> int:
    return next(a.shape[x] for a, x in zip(arguments, axes, strict=True) if x is not None)


def _batch_pair(arguments: tuple, axes: tuple, **options: Any) -> tuple:
    if any(axis is not None for axis in axes[1:]):
        return _one_by_one(_pair, arguments, axes, **options)
    n = _size(arguments, axes)
    both = _pair.bind(_front(arguments[0], axes[0], n), *arguments[1:], **options)
    return _split(both, 0, n), 0


def _batch_product(arguments: tuple, axes: tuple, **options: Any) -> tuple:
    weights, rates, *sides = arguments
    if any(axis is not None for axis in axes[2:]):
        return _one_by_one(_product, arguments, axes, **options)
    n = _size(arguments, axes)
    if axes[0] is None:  # shared weights: the batch becomes lanes
        wide = _merged(jnp.moveaxis(rates, axes[1], 2), 2)
        return _split(_product.bind(weights, wide, *sides, **options), 2, n), 2
    flat = _product.bind(_front(weights, axes[0], n), _front(rates, axes[1], n), *sides, **options)
    return _split(flat, 0, n), 0


def _batch_sampled(arguments: tuple, axes: tuple, **options: Any) -> tuple:
    if any(axis is not None for axis in axes[2:]):
        return _one_by_one(_sampled, arguments, axes, **options)
    received, rates, *sides = arguments
    n = _size(arguments, axes)
    flat = _sampled.bind(_front(received, axes[0], n), _front(rates, axes[1], n), *sides, **options)
    return _split(flat, 0, n), 0


batching.primitive_batchers[_pair] = _batch_pair
batching.primitive_batchers[_product] = _batch_product
batching.primitive_batchers[_sampled] = _batch_sampled


# Values ---------------------------------------------------------------------------------------


def _pair_value(weight: Array, orders: Array, rank: Array, *, compiled: bool) -> Array:
    del rank, compiled
    return weight.at[:, orders].get(mode="promise_in_bounds")


def _rows(sides: tuple, side: int) -> Array:
    """The row of each connection: the far end as seen from the other side."""
    return sides[3 * (1 - side) + 1][sides[3 * side + 2]]


def product_by_segment_sum(
    weights: Array, rates: Array, *sides: Array, side: int, compiled: bool = False
) -> Array:
    """The product wherever there is no compiled kernel."""
    del compiled
    rows, far = _rows(sides, side), sides[3 * side + 1]
    n_rows = sides[3 * side].shape[0] - 1

    def member(weight: Array, rates: Array) -> Array:
        sent = rates[far] * weight[:, None]
        return jax.ops.segment_sum(sent, rows, num_segments=n_rows, indices_are_sorted=True)

    return jax.vmap(member)(weights[:, side], rates)


def sampled_by_gather(
    received: Array, rates: Array, *sides: Array, side: int, compiled: bool = False
) -> Array:
    """The sampled product wherever there is no compiled kernel."""
    del compiled
    rows, far = _rows(sides, side), sides[3 * side + 1]
    return (received[:, rows] * rates[:, far]).sum(-1)


def _lower(kind: str, portable: Any) -> Any:
    """On a CPU the compiled handler, with the connections of one side only."""
    otherwise = mlir.lower_fun(portable, multiple_results=False)

    def lower(context: Any, one: Any, other: Any, *sides: Any, side: int, compiled: bool) -> Any:
        name = target(kind, np.dtype(context.avals_in[1].dtype)) if compiled else None
        if name is None:
            return otherwise(context, one, other, *sides, side=side)
        kept = slice(3 * side, 3 * side + 2)
        avals = context.avals_in
        context = context.replace(avals_in=[*avals[:2], *avals[2:][kept]])
        options = {"side": np.int32(side)} if kind == "product" else {}
        return jax.ffi.ffi_lowering(name)(context, one, other, *sides[kept], **options)

    return lower


for _primitive, _kind, _portable in (
    (_product, "product", product_by_segment_sum),
    (_sampled, "sampled", sampled_by_gather),
):
    mlir.register_lowering(_primitive, mlir.lower_fun(_portable, multiple_results=False))
    mlir.register_lowering(_primitive, _lower(_kind, _portable), platform="cpu")
    _primitive.def_impl(jax.jit(_primitive.bind, static_argnames=("side", "compiled")))


def _lower_pair(context: Any, weight: Any, orders: Any, rank: Any, *, compiled: bool) -> Any:
    """A call that XLA cannot merge with what makes the weights, to compute it at random places."""
    name = target("pair", np.dtype(context.avals_in[0].dtype)) if compiled else None
    if name is None:
        return _portable_pair(context, weight, orders, rank, compiled=compiled)
    context = context.replace(avals_in=context.avals_in[:2])
    return jax.ffi.ffi_lowering(name)(context, weight, orders)


_portable_pair = mlir.lower_fun(_pair_value, multiple_results=False)
mlir.register_lowering(_pair, _portable_pair)
mlir.register_lowering(_pair, _lower_pair, platform="cpu")
_pair.def_impl(jax.jit(_pair.bind, static_argnames="compiled"))
