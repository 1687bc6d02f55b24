"""Which leaves of a network a fit may change, and which differ between its members."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from neuroloom.errors import InputError

__all__ = ["check_alike", "member_masks", "stack", "trainable_mask"]


def trainable_mask(network: eqx.Module, trainable: Callable[[Any], Any]) -> PyTree:
    """True for every floating array that `trainable` picks.

    Raises:
        InputError: If it picks none.
    """
    floating = jax.tree.map(eqx.is_inexact_array, network)
    nothing = jax.tree.map(lambda _: False, network)
    mask = eqx.tree_at(trainable, nothing, replace=trainable(floating))
    if not any(jax.tree.leaves(mask)):
        raise InputError(
            "`trainable` must pick at least one floating array of the network; it picks none. Pass "
            "something like `lambda n: (n.gain, n.bias)`."
        )
    return mask


def member_masks(
    network: eqx.Module, trainable: Callable[[Any], Any], own: Callable[[Any], Any] | None
) -> tuple[PyTree, PyTree]:
    """True for every array that `trainable` picks, and for every one that `own` picks beside it.

    Raises:
        InputError: If `trainable` picks none, or both pick the same.
    """
    mask = trainable_mask(network, trainable)
    nothing = jax.tree.map(lambda _: False, network)
    if own is None:
        return mask, nothing
    different = eqx.tree_at(own, nothing, replace=own(jax.tree.map(eqx.is_array, network)))
    both = [a and b for a, b in zip(*map(jax.tree.leaves, (mask, different)), strict=True)]
    if any(both):
        raise InputError(
            f"`own` must pick arrays that are not trained; {sum(both)} of its arrays are trained "
            "as well. A trained array differs between members anyway: leave it out of `own`."
        )
    return mask, different


def stack(networks: Sequence[eqx.Module], mask: PyTree) -> PyTree:
    """The picked arrays of all networks, with a leading member axis.

    Raises:
        InputError: If one network's arrays have other shapes than the first one's.
    """
    picked = [eqx.filter(network, mask) for network in networks]
    shapes = [[leaf.shape for leaf in jax.tree.leaves(one)] for one in picked]
    for i, found in enumerate(shapes):
        if found != shapes[0]:
            raise InputError(
                f"Every member must start from arrays of the same shapes, {shapes[0]}; member {i} "
                f"has {found}. Build them all from one network."
            )
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *picked)


def check_alike(
    networks: Sequence[eqx.Module],
    *,
    trainable: Callable[[Any], Any],
    own: Callable[[Any], Any] | None = None,
) -> None:
    """Refuses networks that differ in an array of which one program has one copy, the first one's.

    Raises:
        InputError: If an array that neither `trainable` nor `own` picks differs between them.
    """
    either = jax.tree.map(operator.or_, *member_masks(networks[0], trainable, own))
    first, *others = (
        jax.tree_util.tree_leaves_with_path(eqx.filter(network, either, inverse=True))
        for network in networks
    )
    for i, other in enumerate(others, start=1):
        for (path, one), (_, its) in zip(first, other, strict=True):
            if its is one or not eqx.is_array(one) or np.array_equal(one, its):
                continue
            raise InputError(
                "Members of one program must differ in nothing but what is trained or their own; "
                f"`{jax.tree_util.keystr(path).lstrip('.')}` of member {i} is another one than "
                "that of member 0. Train it, or fit them in calls of their own."
            )
