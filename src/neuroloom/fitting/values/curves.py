"""Measures of learning curves: how soon, and how far from the shortest way and a random walk."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Num

from neuroloom.errors import InputError

__all__ = ["episodes_to", "excess_area"]


def episodes_to(
    steps: Num[np.ndarray, "agent episode"],
    fewest: Num[np.ndarray, "agent episode"],
    *,
    within: float = 2.0,
    window: int = 5,
) -> Float[np.ndarray, " agent"]:
    """Episodes before the first `window` in a row that need, together, few enough moves.

    Args:
        steps: Moves of each episode.
        fewest: Moves of the shortest way from where it started.
        within: So many times the fewest is few enough; at least 1.
        window: Episodes that are added up; at least 1, no more than there are.

    Returns:
        0 for an agent that is good from the start, infinite for one that never is.

    Raises:
        InputError: If there are fewer episodes than the window has.
    """
    n_episodes = steps.shape[1]
    if not 1 <= window <= n_episodes:
        raise InputError(
            f"`window` must be from 1 to the {n_episodes} episodes there are; got {window}. Take "
            "fewer, or practice for longer."
        )
    moves, least = (
        np.lib.stride_tricks.sliding_window_view(part, window, axis=1).sum(axis=-1)
        for part in (steps, fewest)
    )
    good = moves <= within * least
    return np.where(good.any(axis=1), good.argmax(axis=1).astype(float), np.inf)


def excess_area(
    steps: Num[np.ndarray, "agent episode"],
    fewest: Num[np.ndarray, "agent episode"],
    of_walk: Num[np.ndarray, "agent episode"],
) -> Float[np.ndarray, " agent"]:
    r"""Area under the curve of moves, 0 for the shortest ways and 1 for a random walk; no unit.

    $$\sum_e (n_e - d_e) \Big/ \sum_e (w_e - d_e)$$

    Args:
        steps: n, moves of each episode.
        fewest: d, moves of the shortest way from where it started.
        of_walk: w, moves that a random walk takes from there on average, with the same limit;
            `expected_steps` gives it. More than the fewest.

    Returns:
        Above 1 for an agent that is slower than a random walk, as one that is stuck is.

    Raises:
        InputError: If a random walk is not slower than the shortest ways.
    """
    room = (of_walk - fewest).sum(axis=1)
    if not (room > 0).all():
        raise InputError(
            f"`of_walk` must be more than `fewest`; for {int((~(room > 0)).sum())} agents it is "
            "not. Start episodes away from the goal, and give expected moves of a random walk."
        )
    return (steps - fewest).sum(axis=1) / room
