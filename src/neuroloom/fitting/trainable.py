"""Which leaves of a network a fit may change."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import PyTree

from neuroloom.errors import InputError

__all__ = ["trainable_mask"]


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
