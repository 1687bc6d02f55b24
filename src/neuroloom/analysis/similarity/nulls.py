"""Which moments of the other population stand beside the first when both are unrelated."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from neuroloom.errors import InputError

__all__ = ["AbstractNull", "ShiftedInTime", "Shuffled"]


class AbstractNull(abc.ABC):
    """A way to draw an order of time that parts two populations."""

    @abc.abstractmethod
    def order(
        self, n_trials: int, n_steps: int, *, rng: np.random.Generator
    ) -> Int[np.ndarray, "trial time"]:
        """For each place, the step of the same trial that is put there."""


@dataclass(frozen=True)
class ShiftedInTime(AbstractNull):
    """Each trial of one population is rolled in time, each by its own draw.

    Both keep their geometry and their rhythm, and lose what they share. For time series.

    Attributes:
        least: Smallest shift in steps, either way round: more than behavior remembers.
    """

    least: int

    def order(
        self, n_trials: int, n_steps: int, *, rng: np.random.Generator
    ) -> Int[np.ndarray, "trial time"]:
        """Rolled steps.

        Raises:
            InputError: If a trial is too short for the least shift.
        """
        if not 1 <= self.least <= n_steps // 2:
            raise InputError(
                f"`least` must be 1 to half of the {n_steps} steps of a trial; got {self.least}. "
                "Use a smaller shift, or join trials."
            )
        shift = rng.integers(self.least, n_steps - self.least + 1, size=(n_trials, 1))
        return (np.arange(n_steps)[None, :] - shift) % n_steps


@dataclass(frozen=True)
class Shuffled(AbstractNull):
    """Steps of one population in any order: for samples that are not a time series.

    For time series it is too easy to beat, because neighbors in time are alike.
    """

    def order(
        self, n_trials: int, n_steps: int, *, rng: np.random.Generator
    ) -> Int[np.ndarray, "trial time"]:
        """A permutation for each trial."""
        steps = np.broadcast_to(np.arange(n_steps), (n_trials, n_steps))
        return rng.permuted(steps, axis=1)
