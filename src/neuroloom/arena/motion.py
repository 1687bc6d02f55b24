"""What every rule of motion does: it puts walkers at a start, and moves all of them by a step."""

from __future__ import annotations

import abc
from dataclasses import fields
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.arena.barriers import Barriers
from neuroloom.errors import InputError

__all__ = ["AbstractMotion", "State", "check_motion"]

Row = Float[Array, "1 walker"]


class State(NamedTuple):
    """Every walker at one time, each quantity one row.

    Attributes:
        x: m.
        y: m.
        velocity_x: What drives the next step, m/s; not always the step that was taken.
        velocity_y: m/s.
        rotation: Rotational velocity, rad/s; 0 where the motion has none.
        head_x: Cosine of the head direction.
        head_y: Sine of the head direction.
        free: Whether the step that led here met no wall.
    """

    x: Row
    y: Row
    velocity_x: Row
    velocity_y: Row
    rotation: Row
    head_x: Row
    head_y: Row
    free: Bool[Array, "1 walker"]


class AbstractMotion(abc.ABC):
    """A rule that moves all walkers by one step."""

    @abc.abstractmethod
    def begin(self, x: Row, y: Row, key: PRNGKeyArray) -> State:
        """Every walker at time 0.

        Args:
            x: m.
            y: m.
            key: Draws what is random.
        """

    @abc.abstractmethod
    def step(self, state: State, barriers: Barriers, key: PRNGKeyArray, dt: float) -> State:
        """Every walker one step later.

        Args:
            state: Before the step.
            barriers: Walls that no step may cross.
            key: Draws what is random.
            dt: Length of the step, s.
        """


def check_motion(motion: AbstractMotion, *, above_0: tuple[str, ...]) -> None:
    """Nothing, if every number of a motion is finite and at least 0, and these are above 0.

    Args:
        motion: A dataclass.
        above_0: Names of fields that must not be 0.

    Raises:
        InputError: If one is not; names it.
    """
    for each in fields(motion):  # pyright: ignore[reportArgumentType]
        value = getattr(motion, each.name)
        low = "above 0" if each.name in above_0 else "at least 0"
        if not (np.isfinite(value) and (value > 0 or (value == 0 and each.name not in above_0))):
            raise InputError(
                f"`{each.name}` must be finite and {low}; got {value}. Leave it out for its "
                "default."
            )
