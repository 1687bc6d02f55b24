"""What a controller is asked to do: many episodes side by side, one call a control step."""

from __future__ import annotations

import abc

import numpy as np
from jaxtyping import Bool, Float, Shaped

from neuroloom.errors import InputError

__all__ = ["ControlTask", "Running"]


class Running(abc.ABC):
    """Episodes that go on side by side. It changes as it steps: make one for each use.

    Attributes:
        observation: What each policy sees now.
        alive: Whether an episode still goes on; rewards of those that ended are 0.
        n_done: Control steps so far.
    """

    observation: Float[np.ndarray, "episode observation"]
    alive: Bool[np.ndarray, " episode"]
    n_done: int = 0

    def step(self, action: Float[np.ndarray, "episode action"]) -> Float[np.ndarray, " episode"]:
        """Rewards of one control step, which all episodes take.

        Args:
            action: One row an episode; cut to the range that the body takes.
        """
        was_alive = self.alive.copy()
        reward = self._step(np.asarray(action, np.float64))
        self.n_done += 1
        return np.where(was_alive, reward, 0.0)

    @abc.abstractmethod
    def _step(self, action: Float[np.ndarray, "episode action"]) -> Float[np.ndarray, " episode"]:
        """Rewards; sets `observation` and `alive`."""

    @abc.abstractmethod
    def state(self) -> Float[np.ndarray, "episode state"]:
        """What pictures are drawn from: positions, then velocities, where there is a body."""

    def close(self) -> None:  # noqa: B027  most have no threads to stop
        """Stops threads, if there are any."""


class ControlTask(abc.ABC):
    """A body, or something else to control, with its reward.

    Subclasses are frozen dataclasses.

    Attributes:
        n_steps: Control steps of an episode, at the most.
    """

    n_steps: int

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """As tables call it."""

    @property
    @abc.abstractmethod
    def n_observations(self) -> int:
        """Numbers a policy sees."""

    @property
    @abc.abstractmethod
    def n_actions(self) -> int:
        """Numbers it gives."""

    @property
    @abc.abstractmethod
    def dt(self) -> float:
        """Length of a control step, in s; 1 where steps have no length."""

    @property
    @abc.abstractmethod
    def joint_angles(self) -> tuple[int, ...]:
        """Places of joint angles (rad, head to tail) in the observation."""

    @abc.abstractmethod
    def draw_starts(self, rng: np.random.Generator, n: int) -> Shaped[np.ndarray, "episode start"]:
        """Where episodes begin, a row each. The same `rng` gives the same.

        Args:
            rng: Randomness.
            n: Episodes.
        """

    @abc.abstractmethod
    def begin(self, starts: Shaped[np.ndarray, "episode start"], *, n_threads: int = 1) -> Running:
        """Episodes from these starts, side by side.

        Args:
            starts: From `draw_starts`; a row may be repeated, so that policies meet the same.
            n_threads: Threads of the physics.
        """


def check_starts(starts: np.ndarray, width: int, name: str) -> np.ndarray:
    """The starts, if they are of this task.

    Args:
        starts: To check.
        width: Numbers of each.
        name: Of the task.

    Raises:
        InputError: If they are not.
    """
    if starts.ndim != 2 or starts.shape[1] != width or not len(starts):
        raise InputError(
            f"`starts` must have {width} numbers an episode for {name}, of at least one episode; "
            f"their shape is {starts.shape}. Draw them with this task's `draw_starts`."
        )
    return starts
