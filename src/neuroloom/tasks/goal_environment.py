"""The arena with a goal as an environment of Gymnasium, for learners from elsewhere."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from neuroloom.errors import InputError
from neuroloom.tasks.goal_arena import MOVES, GoalArena

__all__ = ["goal_environment"]


def goal_environment(task: GoalArena) -> Any:
    """A `gymnasium.Env` with the moves, walls and rewards of the task.

    An observation is the position in m, x then y; an action is 0 to 7, a move of `MOVES`; the
    reward is 1 at the goal, where an episode terminates, and 0 elsewhere; after `step_limit` moves
    it is truncated. `reset(options={"position": (x, y)})` starts there and not at a random position
    of the lattice; `reset(options={"goal": (x, y)})` moves the goal, from then on.

    Args:
        task: The arena, its goal and its numbers.

    Raises:
        InputError: If Gymnasium is not installed, an option is unknown or a start is outside.

    Source:
        Towers et al., Gymnasium, arXiv 2407.17032 (2024): its interface. The task is ours.
    """
    try:
        gymnasium = import_module("gymnasium")
    except ImportError as error:
        raise InputError(
            "`gymnasium` must be installed for its environments; it is not. Install "
            "`neuroloom[control]`; `GoalArena` itself does not need it."
        ) from error

    class GoalEnvironment(gymnasium.Env):
        metadata = {"render_modes": []}  # noqa: RUF012  Gymnasium's own form

        def __init__(self) -> None:
            self.task = task
            low, high = task.arena.bounds
            self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float64)
            self.action_space = gymnasium.spaces.Discrete(len(MOVES))
            self._position = task.positions[0]
            self._n_moves = 0

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[np.ndarray, dict[str, Any]]:
            super().reset(seed=seed)
            chosen = dict(options or {})
            goal, start = chosen.pop("goal", None), chosen.pop("position", None)
            if chosen:
                raise InputError(
                    f"`options` must be `goal` or `position`; got {sorted(chosen)}. Leave it out."
                )
            if goal is not None:
                self.task = self.task.with_goal(np.asarray(goal, float))
            if start is None:
                free = np.flatnonzero(np.isfinite(self.task.shortest()) & ~self.task.at_goal)
                start = self.task.positions[self.np_random.choice(free)]
            elif not self.task.arena.contains(np.asarray(start, float)):
                raise InputError(
                    f"`position` must be inside the arena; {list(start)} m is not. Take one of "
                    "`task.positions`."
                )
            self._position, self._n_moves = np.array(start, float), 0
            return self._position.copy(), self._known()

        def step(
            self, action: int | np.integer
        ) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
            self._position = self.task.moved(self._position, np.asarray(int(action)))
            self._n_moves += 1
            reached = bool(self.task.reached(self._position))
            over = self._n_moves >= self.task.step_limit and not reached
            return self._position.copy(), float(reached), reached, over, self._known()

        def _known(self) -> dict[str, Any]:
            return {"goal": self.task.goal.copy()}

    return GoalEnvironment()
