"""Whether straight walls cross one another, and how far points are from them."""

import numpy as np
from jaxtyping import Float

__all__ = ["crossing_walls", "distance_to_walls"]

TOUCHING = 1e-9  # m


def crossing_walls(walls: Float[np.ndarray, "wall 2 2"]) -> tuple[int, int] | None:
    """The first two walls around an outline that share a point they should not, or nothing.

    Neighbors share the corner where one starts and the other ends, and nothing else.

    Args:
        walls: Both ends of each, in m. Each starts where the one before ends, the first where the
            last does.
    """
    last = len(walls) - 1
    for first in range(last):
        others = walls[first + 1 :]
        shared = meet(walls[first], others)
        shared[0] = folds_back(walls[first], others[0])
        if first == 0:
            shared[-1] = folds_back(others[-1], walls[0])
        if shared.any():
            return first, first + 1 + int(np.argmax(shared))
    return None


def distance_to_walls(
    walls: Float[np.ndarray, "*many 2 2"], position: Float[np.ndarray, "*some 2"]
) -> Float[np.ndarray, "*both"]:
    """Distance from positions to walls, in m, pair by pair as far as their axes are the same.

    Args:
        walls: Both ends of each, in m.
        position: In m. Its leading axes go with those of `walls` by NumPy's rules.
    """
    start, way = walls[..., 0, :], walls[..., 1, :] - walls[..., 0, :]
    from_start = position - start
    along = np.clip((from_start * way).sum(-1) / (way * way).sum(-1), 0, 1)
    return np.asarray(np.linalg.norm(from_start - along[..., None] * way, axis=-1))


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Above 0 where b is to the left of a."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def folds_back(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether a wall goes back along the one that it continues."""
    a, b = first[1] - first[0], second[1] - second[0]
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return bool(abs(cross(a, b)) < 1e-12 and a @ b < 0)


def meet(wall: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the others have a point in common with the wall."""
    (a, b), c, d = wall, others[:, 0], others[:, 1]
    touching = np.zeros(len(others), dtype=bool)
    for end in (a, b):
        touching |= distance_to_walls(others, end) <= TOUCHING
    for end in (c, d):
        touching |= distance_to_walls(wall, end) <= TOUCHING
    apart = (cross(b - a, c - a) > 0) != (cross(b - a, d - a) > 0)
    return touching | (apart & ((cross(d - c, a - c) > 0) != (cross(d - c, b - c) > 0)))
