"""Any task seen through noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask, Running

__all__ = ["Noisy"]


@dataclass(frozen=True)
class Noisy(ControlTask):
    """The same task with Gaussian noise on all that is seen, anew at each step.

    Attributes:
        task: The task.
        sd: SD of the noise, in the unit of each observation.
        seed: Of the noise; policies meet the same.

    Raises:
        InputError: If the SD is below 0.
    """

    task: ControlTask
    sd: float
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses an SD that is none."""
        if not self.sd >= 0:
            raise InputError(f"`sd` must be at least 0; got {self.sd}. 0 is the task itself.")

    @property
    def name(self) -> str:
        """With the noise."""
        return f"{self.task.name}, noise of {self.sd:g} on what is seen"

    @property
    def n_observations(self) -> int:
        """Of the task."""
        return self.task.n_observations

    @property
    def n_actions(self) -> int:
        """Of the task."""
        return self.task.n_actions

    @property
    def n_steps(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Of the task."""
        return self.task.n_steps

    @property
    def dt(self) -> float:
        """Of the task."""
        return self.task.dt

    @property
    def joint_angles(self) -> tuple[int, ...]:
        """Of the task."""
        return self.task.joint_angles

    def draw_starts(self, rng: np.random.Generator, n: int) -> Shaped[np.ndarray, "episode start"]:
        """Of the task.

        Args:
            rng: Randomness.
            n: Episodes.
        """
        return self.task.draw_starts(rng, n)

    def begin(self, starts: Shaped[np.ndarray, "episode start"], *, n_threads: int = 1) -> Running:
        """Episodes of the task, seen through noise.

        Args:
            starts: From `draw_starts`.
            n_threads: Threads of the physics.

        Raises:
            InputError: As the task.
        """
        return _Noisy(self.task.begin(starts, n_threads=n_threads), self.sd, self.seed)


class _Noisy(Running):
    def __init__(self, inner: Running, sd: float, seed: int) -> None:
        self._inner, self._sd = inner, sd
        self._rng = np.random.default_rng(seed)
        self._see()

    def _see(self) -> None:
        seen = self._inner.observation
        noise = self._rng.normal(0, self._sd, seen.shape[1:])
        self.observation = (seen + noise).astype(seen.dtype)
        self.alive = self._inner.alive

    def _step(self, action: Float[np.ndarray, "episode action"]) -> Float[np.ndarray, " episode"]:
        reward = self._inner.step(action)
        self._see()
        return reward

    def state(self) -> Float[np.ndarray, "episode state"]:
        """Of the body."""
        return self._inner.state()

    def close(self) -> None:
        """Stops threads, if there are any."""
        self._inner.close()
