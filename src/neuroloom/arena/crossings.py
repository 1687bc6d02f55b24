"""Whether straight walls cross one another, and how far points are from them."""

import numpy as np
from jaxtyping import Float

__all__ = ["crossing_walls", "distance_to_walls"]


def crossing_walls(walls: Float[np.ndarray, "wall 2 2"], *, closed: bool) -> tuple[int, int] | None:
    """The first two walls that share a point, or nothing.

    Args:
        walls: Both ends of each, in m.
        closed: Whether each wall starts where the one before ends: neighbors then may share that
            corner, and nothing else.
    """
    n = len(walls)
    for first in range(n):
        for second in range(first + 1, n):
            if closed and second == first + 1:
                shared = folds_back(walls[first], walls[second])
            elif closed and first == 0 and second == n - 1:
                shared = folds_back(walls[second], walls[first])
            else:
                shared = meet(walls[first], walls[second])
            if shared:
                return first, second
    return None


def distance_to_walls(
    walls: Float[np.ndarray, "wall 2 2"], position: Float[np.ndarray, "*batch 2"]
) -> Float[np.ndarray, "*batch"]:
    """Distance from each position to the nearest point of any wall, in m.

    Args:
        walls: Both ends of each, in m. At least one.
        position: In m.
    """
    start, way = walls[:, 0], walls[:, 1] - walls[:, 0]
    from_start = position[..., None, :] - start
    along = np.clip((from_start * way).sum(-1) / (way * way).sum(-1), 0, 1)
    return np.linalg.norm(from_start - along[..., None] * way, axis=-1).min(axis=-1)


def cross(a: np.ndarray, b: np.ndarray) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def folds_back(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether a wall goes back along the one that it continues."""
    a, b = first[1] - first[0], second[1] - second[0]
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return abs(cross(a, b)) < 1e-12 and float(a @ b) < 0


def meet(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two walls have a point in common."""
    ends = np.concatenate([first, second])
    if np.any(distance_to_walls(first[None], second) < 1e-9) or np.any(
        distance_to_walls(second[None], first) < 1e-9
    ):
        return True
    a, b, c, d = ends
    return (cross(b - a, c - a) > 0) != (cross(b - a, d - a) > 0) and (cross(d - c, a - c) > 0) != (
        cross(d - c, b - c) > 0
    )
