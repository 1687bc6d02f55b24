"""A controller: what it remembers, what it does, and the numbers that search acts on."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from neuroloom.errors import InputError

__all__ = ["AbstractPolicy", "flatten", "is_parameter", "n_parameters"]


class AbstractPolicy(eqx.Module):
    """From what is seen to what is done, step by step.

    Every JAX array of floating point is a parameter, which search acts on; fixed numbers are NumPy
    arrays. There is no batch axis inside: `jax.vmap` maps over members and episodes.

    Attributes:
        n_observations: Numbers it sees.
        n_actions: Numbers it gives.
    """

    n_observations: eqx.AbstractVar[int]
    n_actions: eqx.AbstractVar[int]

    @abc.abstractmethod
    def initial(self) -> PyTree[Array]:
        """What it remembers at the start of an episode."""

    @abc.abstractmethod
    def __call__(
        self, state: PyTree[Array], observation: Float[Array, " observation"]
    ) -> tuple[PyTree[Array], Float[Array, " action"]]:
        """What it remembers next, and its action.

        Args:
            state: What it remembers.
            observation: What it sees.
        """

    def prepare(self) -> AbstractPolicy:
        """The same policy with what every step needs of its parameters worked out, once."""
        return self

    def activity(self, state: PyTree[Array]) -> Float[Array, " cell"]:
        """What pictures show of a state: all of it, unless a subclass knows better.

        Args:
            state: What it remembers.
        """
        return ravel_pytree(jax.tree.map(lambda x: jnp.asarray(x, float), state))[0]


def is_parameter(leaf: Any) -> bool:
    """Whether search acts on a leaf of a policy.

    Args:
        leaf: Of the tree.
    """
    return isinstance(leaf, jax.Array) and bool(jnp.issubdtype(leaf.dtype, jnp.inexact))


def flatten(
    policy: AbstractPolicy,
) -> tuple[Float[np.ndarray, " parameter"], Callable[[Any], AbstractPolicy]]:
    """The parameters in a row, and the function that makes a policy of a row.

    Given rows (member, parameter) it makes a population: parameters with a leading axis of
    members, everything else as it is. Map over it with `eqx.filter_vmap` or `is_parameter`.

    Args:
        policy: Of which.

    Raises:
        InputError: If it has no parameter, or a row has another length.

    Example:
        >>> from neuroloom.networks.policies import LinearPolicy
        >>> vector, rebuild = flatten(LinearPolicy.zeros(3, 2))
        >>> vector.size, rebuild(np.ones((5, vector.size))).weight.shape
        (8, (5, 2, 3))
    """
    parameters, fixed = eqx.partition(policy, is_parameter)
    vector, unravel = ravel_pytree(parameters)
    if not vector.size:
        raise InputError(
            f"A policy must have a parameter for search to act on; {type(policy).__name__} has "
            "none. Its parameters are JAX arrays of floating point."
        )
    dtype = vector.dtype

    def rebuild(row: Any) -> AbstractPolicy:
        rows = jnp.asarray(row, dtype)
        if rows.shape[-1:] != (vector.size,) or rows.ndim > 2:
            raise InputError(
                f"A row must have {vector.size} parameters; the shape is {rows.shape}. Give one "
                "row, or (member, parameter)."
            )
        made = unravel(rows) if rows.ndim == 1 else jax.vmap(unravel)(rows)
        return eqx.combine(made, fixed)

    return np.asarray(vector, np.float64), rebuild


def n_parameters(policy: AbstractPolicy) -> int:
    """How many numbers search acts on.

    Args:
        policy: Of which.
    """
    return sum(leaf.size for leaf in jax.tree.leaves(policy) if is_parameter(leaf))
