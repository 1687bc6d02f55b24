"""Control tasks as environments of Gymnasium, for learners from elsewhere."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask

__all__ = ["control_environment"]


def control_environment(task: ControlTask) -> Any:
    """A `gymnasium.Env` of one episode at a time, with the bodies and rewards of the task.

    Observations are those that policies see, in float32; actions are numbers from -1 to 1. An
    episode terminates where the task ends it (a fall), and is truncated after `task.n_steps`.
    `reset(options={"start": row})` starts from a row of `task.draw_starts`.

    Args:
        task: The body and its numbers.

    Raises:
        InputError: If Gymnasium is not installed, an option is unknown, or `step` comes before
            `reset`.

    Source:
        Towers et al., Gymnasium, arXiv 2407.17032 (2024): its interface. The task is ours.
    """
    try:
        gymnasium = import_module("gymnasium")
    except ImportError as error:
        raise InputError(
            "`gymnasium` must be installed for its environments; it is not. Install "
            "`neuroloom[control]`; control tasks themselves and `evolve` do not need it."
        ) from error

    class ControlEnvironment(gymnasium.Env):
        metadata = {"render_modes": []}  # noqa: RUF012  Gymnasium's own form

        def __init__(self) -> None:
            self.task = task
            spaces = gymnasium.spaces
            self.observation_space = spaces.Box(-np.inf, np.inf, (task.n_observations,), np.float32)
            self.action_space = spaces.Box(-1.0, 1.0, (task.n_actions,), np.float32)
            self._running: Any = None

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[np.ndarray, dict[str, Any]]:
            super().reset(seed=seed)
            chosen = dict(options or {})
            start = chosen.pop("start", None)
            if chosen:
                raise InputError(f"`options` must be `start`; got {sorted(chosen)}. Leave it out.")
            starts = task.draw_starts(self.np_random, 1) if start is None else np.array(start)[None]
            self.close()
            self._running = task.begin(starts)
            return self._seen(), {}

        def step(
            self, action: Float[np.ndarray, " action"]
        ) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
            if self._running is None:
                raise InputError("An episode must begin before it goes on; call `reset` first.")
            reward = self._running.step(np.asarray(action, np.float64)[None])
            ended = not bool(self._running.alive[0])
            over = self._running.n_done >= task.n_steps and not ended
            return self._seen(), float(reward[0]), ended, over, {}

        def close(self) -> None:
            if self._running is not None:
                self._running.close()
                self._running = None

        def _seen(self) -> np.ndarray:
            return self._running.observation[0].astype(np.float32)

    return ControlEnvironment()
