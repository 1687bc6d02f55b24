"""Codes of the positions of an arena with a goal, on which agents learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from neuroloom.arena import Arena, BoundaryCells, PlaceCells
from neuroloom.tasks import GoalArena

__all__ = ["ONE_HOT", "PREDICTED", "SHUFFLED", "TRUE", "goal_codes", "two_goals"]

TRUE, PREDICTED, SHUFFLED = "true place cells", "predicted place cells", "shuffled place cells"
BOUNDARY, RAW, ONE_HOT = "boundary cells", "raw position", "one-hot"

Code = Float[np.ndarray, "position feature"]


def two_goals(
    training: Arena,
    *,
    step: float,
    goal_radius: float,
    barrier: float,
    apart: int,
    step_limit: int,
    rng: np.random.Generator,
) -> tuple[GoalArena, GoalArena]:
    """The training arena with a barrier it did not have, and two goals far from each other.

    Args:
        training: In which the cells are at home.
        step: Of a move, as a part of its width.
        goal_radius: In moves.
        barrier: How far the barrier in the middle reaches up, as a part of the height.
        apart: Fewest moves between the goals.
        step_limit: Of an episode.
        rng: Draws the goals.
    """
    low, high = training.bounds
    middle, width = (low[0] + high[0]) / 2, float(high[0] - low[0])
    top = low[1] + barrier * (high[1] - low[1])
    arena = training.with_barriers(
        np.array([[[middle, low[1]], [middle, top]]]), name=f"{training.name} with a barrier"
    )
    length = step * width
    positions = arena.grid(length)
    numbers = {"step": length, "goal_radius": goal_radius * length, "step_limit": step_limit}
    while True:
        first, second = rng.choice(len(positions), 2, replace=False)
        task = GoalArena(arena, positions[first], **numbers)
        moves = task.shortest()[second]
        if apart <= moves < np.inf:
            return task, task.with_goal(positions[second])


def goal_codes(
    task: GoalArena,
    boundary: BoundaryCells,
    place: PlaceCells,
    predict: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
) -> Mapping[str, Code]:
    """Each code of each position, scaled to norm 1 there; what is silent stays silent.

    Args:
        task: Whose positions.
        boundary: The boundary cells, which see the barrier.
        place: The place cells.
        predict: A student: rates of place cells from those of boundary cells.
        rng: Permutes positions of the shuffled code.
    """
    n = len(task.positions)
    seen = boundary.rates(task.arena, task.positions)
    true = place.rates_given(seen)
    codes = {
        TRUE: true,
        PREDICTED: predict(seen),
        SHUFFLED: true[rng.permutation(n)],
        BOUNDARY: seen,
        RAW: np.concatenate([task.positions, np.ones((n, 1))], axis=1),
        ONE_HOT: np.eye(n),
    }
    return {name: _unit(np.asarray(code, float)) for name, code in codes.items()}


def _unit(code: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(code, axis=1, keepdims=True)
    return np.divide(code, norm, out=np.zeros_like(code), where=norm > 0)
