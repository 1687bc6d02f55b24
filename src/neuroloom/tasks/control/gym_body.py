"""Bodies of Gymnasium, many side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask, check_starts
from neuroloom.tasks.control.physics import Body, Moved, PhysicsRun, load_model

__all__ = ["GymBody", "GymTask"]


class GymBody(Enum):
    """Which body."""

    HALF_CHEETAH = "HalfCheetah-v5"
    HOPPER = "Hopper-v5"
    ANT = "Ant-v5"


class _Numbers(NamedTuple):
    """What Gymnasium sets for a body.

    Attributes:
        file: The model, of Gymnasium's own.
        frame_skip: Physics steps of a control step.
        dt: Of a control step, in s.
        sizes: Of positions, velocities, observations and actions.
        noise: Of starts.
        normal: Whether velocities start from a normal distribution, not a uniform one.
        cost: Of squared actions.
    """

    file: str
    frame_skip: int
    dt: float
    sizes: tuple[int, int, int, int]
    noise: float
    normal: bool
    cost: float


NUMBERS = {
    GymBody.HALF_CHEETAH: _Numbers("half_cheetah.xml", 5, 0.05, (9, 9, 17, 6), 0.1, True, 0.1),
    GymBody.HOPPER: _Numbers("hopper.xml", 4, 0.008, (6, 6, 11, 3), 5e-3, False, 1e-3),
    GymBody.ANT: _Numbers("ant.xml", 5, 0.05, (15, 14, 105, 8), 0.1, True, 0.5),
}
CONTACT_COST = 5e-4


@dataclass(frozen=True)
class GymTask(ControlTask):
    """HalfCheetah-v5, Hopper-v5 or Ant-v5, number for number, by Gymnasium's own models.

    Bodies touch the ground, so each episode is stepped in physics data of its own. Hopper and Ant
    end where they fall. None of them has joints along a trunk: `joint_angles` is empty.

    Attributes:
        body: Which.
        n_steps: Control steps of an episode, at the most.

    Raises:
        InputError: If `n_steps` is below 1.

    Source:
        Towers et al., Gymnasium, arXiv 2407.17032 (2024), MIT: models, rewards and constants.
    """

    body: GymBody
    n_steps: int = 1000

    def __post_init__(self) -> None:
        """Refuses episodes without steps."""
        if self.n_steps < 1:
            raise InputError(
                f"`n_steps` must be at least 1; got {self.n_steps}. Leave it out for Gymnasium's."
            )

    @property
    def name(self) -> str:
        """Gymnasium's."""
        return self.body.value

    @property
    def n_observations(self) -> int:
        """Positions without the place, velocities; of Ant contact forces, too."""
        return NUMBERS[self.body].sizes[2]

    @property
    def n_actions(self) -> int:
        """Torques, -1 to 1."""
        return NUMBERS[self.body].sizes[3]

    @property
    def dt(self) -> float:
        """Of a control step, in s."""
        return NUMBERS[self.body].dt

    @property
    def joint_angles(self) -> tuple[int, ...]:
        """None along a trunk."""
        return ()

    def draw_starts(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "episode state"]:
        """Near the model's own posture and nearly at rest.

        Args:
            rng: Randomness.
            n: Episodes.

        Raises:
            InputError: If Gymnasium or MuJoCo is not installed.
        """
        numbers = NUMBERS[self.body]
        n_positions, n_velocities = numbers.sizes[:2]
        noise = numbers.noise
        starts = np.zeros((n, n_positions + n_velocities))
        starts[:, :n_positions] = _first_positions(self.body)
        starts[:, :n_positions] += rng.uniform(-noise, noise, (n, n_positions))
        velocities = rng.normal if numbers.normal else rng.uniform
        low, high = (0, noise) if numbers.normal else (-noise, noise)
        starts[:, n_positions:] = velocities(low, high, (n, n_velocities))
        return starts

    def begin(
        self, starts: Float[np.ndarray, "episode state"], *, n_threads: int = 1
    ) -> PhysicsRun:
        """Bodies side by side.

        Args:
            starts: Positions, then velocities.
            n_threads: Threads of the physics.

        Raises:
            InputError: If starts are of another body, or MuJoCo or Gymnasium is not installed.
        """
        numbers = NUMBERS[self.body]
        starts = check_starts(starts, sum(numbers.sizes[:2]), self.name)
        parts: dict[GymBody, Callable[[_Numbers], dict[str, Any]]] = {
            GymBody.HALF_CHEETAH: _half_cheetah,
            GymBody.HOPPER: _hopper,
            GymBody.ANT: _ant,
        }
        body = Body(
            _model_text(numbers.file),
            numbers.frame_skip,
            contacts=True,
            **parts[self.body](numbers),
        )
        return PhysicsRun(body, self.name, starts, n_threads=n_threads)


def _forward(moved: Moved, numbers: _Numbers) -> np.ndarray:
    """Speed along x less the cost of actions."""
    speed = (moved.after[:, 0] - moved.before[:, 0]) / numbers.dt
    return speed - numbers.cost * (moved.action**2).sum(1)


def _half_cheetah(numbers: _Numbers) -> dict[str, Any]:
    return {
        "observe": lambda state, extra: state[:, 1:],
        "reward": lambda moved: _forward(moved, numbers),
    }


def _hopper(numbers: _Numbers) -> dict[str, Any]:
    n = numbers.sizes[0]

    def healthy(state: np.ndarray) -> np.ndarray:
        inside = (np.abs(state[:, 2:]) < 100).all(1)
        return inside & (state[:, 1] > 0.7) & (np.abs(state[:, 2]) < 0.2)

    def observe(state: np.ndarray, extra: np.ndarray | None) -> np.ndarray:
        del extra
        return np.concatenate([state[:, 1:n], np.clip(state[:, n:], -10, 10)], axis=1)

    return {
        "observe": observe,
        "reward": lambda moved: _forward(moved, numbers) + healthy(moved.after),
        "healthy": healthy,
    }


def _ant(numbers: _Numbers) -> dict[str, Any]:
    """Contact forces are read; velocity is that of the torso as the last physics step saw it."""

    def healthy(state: np.ndarray) -> np.ndarray:
        return np.isfinite(state).all(1) & (state[:, 2] >= 0.2) & (state[:, 2] <= 1.0)

    def read(mujoco: Any, data: Any) -> np.ndarray:
        del mujoco
        return np.concatenate([data.body(1).xpos[:1], np.clip(data.cfrc_ext, -1, 1).ravel()])

    def observe(state: np.ndarray, extra: np.ndarray | None) -> np.ndarray:
        assert extra is not None
        return np.concatenate([state[:, 2:], extra[:, 1 + 6 :]], axis=1)

    def reward(moved: Moved) -> np.ndarray:
        assert moved.extra is not None
        before, after = moved.extra
        speed = (after[:, 0] - before[:, 0]) / numbers.dt
        cost = numbers.cost * (moved.action**2).sum(1)
        cost += CONTACT_COST * (after[:, 1:] ** 2).sum(1)
        return speed + healthy(moved.after) - cost

    return {"observe": observe, "reward": reward, "healthy": healthy, "read": read}


@lru_cache(maxsize=8)
def _model_text(file: str) -> str:
    try:
        module = import_module("gymnasium.envs.mujoco")
    except ImportError as error:
        raise InputError(
            "`gymnasium` must be installed for its bodies; it is not. Install "
            "`neuroloom[control]`, or take a `Swimmer`, whose model is our own."
        ) from error
    assert module.__file__ is not None
    return (Path(module.__file__).parent / "assets" / file).read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def _first_positions(body: GymBody) -> Float[np.ndarray, " position"]:
    return load_model(_model_text(NUMBERS[body].file), body.value).qpos0.copy()
