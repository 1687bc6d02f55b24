"""A sum over pieces of the data, and its gradient, in the memory of one piece.

Differentiating a sum keeps what every piece computed; here each piece gives its value and its
gradient at once, so that its activations stay in cache. On several devices each takes a part of the
pieces, where the ambient mesh asks for it (`trials_over_devices`; `fit` sets it for one member).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import AxisType, PartitionSpec
from jaxtyping import Array, Float, PyTree

from neuroloom.networks.recurrence import TRIAL_AXIS

__all__ = ["n_devices", "summed"]

Term = Callable[[Any, Any], Float[Array, ""]]


def summed(model: PyTree, pieces: PyTree, term: Term) -> Float[Array, ""]:
    """The sum of `term(model, piece)`, differentiable once, in reverse mode, by the model.

    Args:
        model: Any module.
        pieces: Arrays with a leading axis over pieces; a multiple of `n_devices()`.
        term: Pure.
    """
    return _summed(model, pieces, term)


@eqx.filter_custom_vjp
def _summed(model: PyTree, pieces: PyTree, term: Term) -> Array:
    def sum_of(model: PyTree, part: PyTree) -> Array:
        def add(total: Array, piece: PyTree) -> tuple[Array, None]:
            return total + term(model, piece), None

        return jax.lax.scan(add, _zero(part), part)[0]

    return _spread(sum_of, model, pieces)


@_summed.def_fwd
def _forward(perturbed: PyTree, model: PyTree, pieces: PyTree, term: Term) -> tuple[Array, PyTree]:
    def sum_of(model: PyTree, part: PyTree) -> tuple[Array, PyTree]:
        moved, still = eqx.partition(model, perturbed)

        def add(total: tuple[Array, PyTree], piece: PyTree) -> tuple[tuple[Array, PyTree], None]:
            found = jax.value_and_grad(lambda m: term(eqx.combine(m, still), piece))(moved)
            return jax.tree.map(jnp.add, total, found), None

        zero = (_zero(part), jax.tree.map(jnp.zeros_like, moved))
        return jax.lax.scan(add, zero, part)[0]

    return _spread(sum_of, model, pieces)


@_summed.def_bwd
def _backward(
    gradient: PyTree, cotangent: Array, perturbed: PyTree, model: PyTree, pieces: PyTree, term: Term
) -> PyTree:
    del perturbed, model, pieces, term
    return jax.tree.map(lambda g: cotangent * g, gradient)


def n_devices() -> int:
    """Over how many devices the ambient mesh asks pieces to be spread."""
    mesh = jax.sharding.get_abstract_mesh()
    if TRIAL_AXIS not in mesh.axis_names:
        return 1
    kind = dict(zip(mesh.axis_names, mesh.axis_types, strict=True))[TRIAL_AXIS]
    return 1 if kind is AxisType.Manual else mesh.shape[TRIAL_AXIS]


def _zero(pieces: PyTree) -> Array:
    return jnp.zeros((), jax.tree.leaves(pieces)[0].dtype)


def _spread(sum_of: Callable[[PyTree, PyTree], PyTree], model: PyTree, pieces: PyTree) -> PyTree:
    """The sum over all pieces, each device taking some of them."""
    if n_devices() == 1:
        return sum_of(model, pieces)
    arrays, form = eqx.partition(model, eqx.is_array)
    spread = jax.shard_map(
        lambda arrays, part: jax.lax.psum(sum_of(eqx.combine(arrays, form), part), TRIAL_AXIS),
        in_specs=(PartitionSpec(), PartitionSpec(TRIAL_AXIS)),
        out_specs=PartitionSpec(),
        axis_names={TRIAL_AXIS},
        check_vma=False,
    )
    return spread(arrays, pieces)
