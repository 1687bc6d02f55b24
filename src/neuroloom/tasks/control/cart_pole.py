"""A pole to keep upright on a cart, without any physics engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask, Running, check_starts

__all__ = ["CartPole"]

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, TAU = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
FARTHEST, STEEPEST = 2.4, 12 * np.pi / 180


@dataclass(frozen=True)
class CartPole(ControlTask):
    """Keep a pole within 12 degrees and its cart within 2.4 m: reward 1 a step.

    An action above 0 pushes the cart to the right with 10 N, any other to the left. Seen are place
    (m), speed, angle (rad) and its speed.

    Attributes:
        n_steps: Control steps of an episode, at the most.

    Raises:
        InputError: If `n_steps` is below 1.

    Source:
        Barto, Sutton and Anderson, IEEE Trans. SMC 13:834 (1983); constants and integration of
        CartPole-v1 of Gymnasium (MIT).
    """

    n_steps: int = 500

    def __post_init__(self) -> None:
        """Refuses episodes without steps."""
        if self.n_steps < 1:
            raise InputError(
                f"`n_steps` must be at least 1; got {self.n_steps}. Leave it out for 500."
            )

    @property
    def name(self) -> str:
        """As Gymnasium calls it, without its version."""
        return "cart-pole"

    @property
    def n_observations(self) -> int:
        """Place, speed, angle and its speed."""
        return 4

    @property
    def n_actions(self) -> int:
        """A push."""
        return 1

    @property
    def dt(self) -> float:
        """Of a control step, in s."""
        return TAU

    @property
    def joint_angles(self) -> tuple[int, ...]:
        """There is no chain of joints."""
        return ()

    def draw_starts(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "episode 4"]:
        """Nearly upright and nearly at rest.

        Args:
            rng: Randomness.
            n: Episodes.
        """
        return rng.uniform(-0.05, 0.05, (n, 4))

    def begin(self, starts: Float[np.ndarray, "episode 4"], *, n_threads: int = 1) -> Running:
        """Poles side by side.

        Args:
            starts: Place, speed, angle and its speed.
            n_threads: Not used.

        Raises:
            InputError: If starts are of something else.
        """
        del n_threads
        return _Poles(check_starts(starts, 4, self.name))


class _Poles(Running):
    def __init__(self, starts: np.ndarray) -> None:
        self._state = np.array(starts, float)
        self.alive = np.ones(len(starts), bool)
        self.observation = self._state.astype(np.float32)

    def _step(self, action: Float[np.ndarray, "episode action"]) -> Float[np.ndarray, " episode"]:
        speed, angle, turning = self._state[:, 1:].T
        force = np.where(action[:, 0] > 0, FORCE, -FORCE)
        total, moment = CART + POLE, POLE * HALF_LENGTH
        pushed = (force + moment * turning**2 * np.sin(angle)) / total
        faster = (GRAVITY * np.sin(angle) - np.cos(angle) * pushed) / (
            HALF_LENGTH * (4 / 3 - POLE * np.cos(angle) ** 2 / total)
        )
        ahead = pushed - moment * faster * np.cos(angle) / total
        change = np.stack([speed, ahead, turning, faster], axis=1)
        self._state = self._state + TAU * np.where(self.alive[:, None], change, 0.0)
        inside = (np.abs(self._state[:, 0]) <= FARTHEST) & (np.abs(self._state[:, 2]) <= STEEPEST)
        self.alive = self.alive & inside
        self.observation = self._state.astype(np.float32)
        return np.ones(len(self._state))

    def state(self) -> Float[np.ndarray, "episode state"]:
        """Place, speed, angle and its speed."""
        return self._state.copy()
