"""What is done to neurons: something is added to their activity, or it is held at a level."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["Clamp", "Pulse", "silence"]

Frame = Float[np.ndarray, "trial neuron"]


@dataclass(frozen=True)
class Pulse:
    """A number added to the activity of neurons in one step or several.

    Attributes:
        neurons: Positions of the neurons.
        size: What is added in each step, in the unit of the activity.
        start: First step in which it is added, from 0.
        n_steps: In how many steps; None is a push that goes on.
    """

    neurons: tuple[int, ...]
    size: float = 1.0
    start: int = 0
    n_steps: int | None = 1

    def __post_init__(self) -> None:
        _check(self.neurons, self.size, self.start, self.n_steps)

    def applied(self, frame: Frame, step: int) -> Frame:
        """The frame of a step after it."""
        if not _during(self.start, self.n_steps, step):
            return frame
        out = frame.copy()
        out[:, list(self.neurons)] += self.size
        return out


@dataclass(frozen=True)
class Clamp:
    """The activity of neurons held at a level, whatever drives them.

    Attributes:
        neurons: Positions of the neurons.
        level: In the unit of the activity.
        start: First step, from 0.
        n_steps: For how many steps; None until the end.
    """

    neurons: tuple[int, ...]
    level: float
    start: int = 0
    n_steps: int | None = None

    def __post_init__(self) -> None:
        _check(self.neurons, self.level, self.start, self.n_steps)

    def applied(self, frame: Frame, step: int) -> Frame:
        """The frame of a step with these neurons at their level."""
        if not _during(self.start, self.n_steps, step):
            return frame
        out = frame.copy()
        out[:, list(self.neurons)] = self.level
        return out


def silence(neurons: tuple[int, ...], *, start: int = 0, n_steps: int | None = None) -> Clamp:
    """A clamp at an activity of 0.

    Only where 0 is no activity, as in rates and counts: of z-scores, clamp at what 0 became.

    Example:
        >>> silence((3,)).level
        0.0
    """
    return Clamp(neurons, 0.0, start, n_steps)


def _during(start: int, n_steps: int | None, step: int) -> bool:
    return step >= start and (n_steps is None or step < start + n_steps)


def _check(neurons: tuple[int, ...], value: float, start: int, n_steps: int | None) -> None:
    places = [operator.index(one) for one in neurons]
    if not places or min(places) < 0 or len(set(places)) < len(places):
        raise InputError(
            f"`neurons` must be one or more different positions, from 0; got {places}. Find them "
            "with `np.flatnonzero(recording.neuron_id == name)`."
        )
    if not np.isfinite(value) or start < 0 or (n_steps is not None and n_steps < 1):
        raise InputError(
            "A perturbation must have a finite size, start at step 0 or later and last at least 1 "
            f"step; got {value}, {start} and {n_steps}. Leave them out for the defaults."
        )
