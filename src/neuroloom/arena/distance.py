"""How unlike a known arena another one looks from inside."""

import numpy as np
from scipy.spatial.distance import cdist

from neuroloom.arena.arena import Arena
from neuroloom.arena.rays import boundary_distance

__all__ = ["arena_distance"]


def arena_distance(training: Arena, other: Arena, *, step: float = 0.1, n_rays: int = 60) -> float:
    r"""How unlike the other arena is to what was seen in the training arena, in m.

    $$D = \frac{1}{|X'|} \sum_{x' \in X'} \min_{x \in X}
    \sqrt{\frac{1}{A} \sum_a \left( r'(x', a) - r(x, a) \right)^2}$$

    The lengths of its rays are what a boundary-vector cell knows of a position. Each position of
    the other arena is compared with the most similar one of the training arena; D is the mean over
    the other arena. It is 0 for the training arena, wherever that stands, and it is not symmetric:
    a part of the training arena may be new, but what looks like a part of it is not. Bearings
    count, as they do for the cells: a turned arena is another one. Nothing below about a fifth of
    `step` should be read as a difference, since positions are a grid.

    Args:
        training: What was seen.
        other: What is new.
        step: Of both grids, in m.
        n_rays: Rays of a full turn.

    Source:
        Ours.
    """
    angle = 2 * np.pi * np.arange(n_rays) / n_rays
    seen, new = (boundary_distance(a, a.grid(step), angle) for a in (training, other))
    nearest = [cdist(part, seen).min(axis=1) for part in np.array_split(new, 1 + len(new) // 256)]
    return float(np.concatenate(nearest).mean() / np.sqrt(n_rays))
