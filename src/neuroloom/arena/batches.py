"""Arrays of a few sizes only, because a compiled program is good for one size."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["in_batches", "padded_walls"]

MOST = 2048
LEAST = 16


def padded_walls(walls: Float[np.ndarray, "wall 2 2"]) -> Float[Array, "more 2 2"]:
    """The walls, with walls of no length added until their number is a multiple of eight.

    Args:
        walls: Both ends of each in m.
    """
    return jnp.asarray(np.pad(walls, ((0, -len(walls) % 8), (0, 0), (0, 0))))


def in_batches(
    run: Callable[[Array], Array], position: Float[np.ndarray, "*batch 2"], n: int
) -> Float[np.ndarray, "*batch n"]:
    """What a compiled function gives for each position, called with a few sizes only.

    Sizes are powers of two from 16 to 2,048; what is added to reach one is cut off again.

    Args:
        run: From positions of shape (position, 2) to values of shape (position, n).
        position: In m.
        n: How many values a position has.
    """
    flat = np.asarray(position).reshape(-1, 2)
    found = [np.zeros((0, n), jnp.result_type(float))]
    for first in range(0, len(flat), MOST):
        piece = flat[first : first + MOST]
        size = max(LEAST, 1 << (len(piece) - 1).bit_length())
        filled = np.pad(piece, ((0, size - len(piece)), (0, 0)))
        found.append(np.asarray(run(jnp.asarray(filled)))[: len(piece)])
    whole = found[1] if len(found) == 2 else np.concatenate(found)
    return whole.reshape(*np.shape(position)[:-1], n)
