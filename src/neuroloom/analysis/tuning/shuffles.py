"""Ways to take a variable from one moment and give it to another, keeping its course in time."""

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["AbstractShuffle", "TimeShift", "TrialExchange", "default_shuffle"]


class AbstractShuffle(abc.ABC):
    """A variable as it could have been if it had nothing to do with the rates."""

    @abc.abstractmethod
    def __call__(
        self, values: Float[np.ndarray, "trial time"], *, rng: np.random.Generator
    ) -> Float[np.ndarray, "trial time"]:
        """The same values, elsewhere."""


@dataclass(frozen=True)
class TrialExchange(AbstractShuffle):
    """Every trial gets the variable of another trial, step for step. No trial keeps its own."""

    def __call__(
        self, values: Float[np.ndarray, "trial time"], *, rng: np.random.Generator
    ) -> Float[np.ndarray, "trial time"]:
        """The variable, in one random cycle through all trials.

        Raises:
            InputError: If there is one trial only.
        """
        if len(values) < 2:
            raise InputError(
                f"Trials can be exchanged only among two or more; got {len(values)}. Use "
                "`TimeShift` on a single trial."
            )
        order = rng.permutation(len(values))
        given = np.empty(len(values), np.int64)
        given[order] = np.roll(order, 1)
        return values[given]


@dataclass(frozen=True)
class TimeShift(AbstractShuffle):
    """Every trial gets its own variable of another time, as if the trial were a circle.

    Attributes:
        least_part: Every shift is at least this part of a trial, either way; below one half.
    """

    least_part: float = 0.1

    def __post_init__(self):
        if not 0 < self.least_part < 0.5:
            raise InputError(
                f"`least_part` must be above 0 and below 0.5; got {self.least_part}. It is a part "
                "of the length of a trial."
            )

    def __call__(
        self, values: Float[np.ndarray, "trial time"], *, rng: np.random.Generator
    ) -> Float[np.ndarray, "trial time"]:
        """The variable, each trial rolled by its own random shift.

        Raises:
            InputError: If trials are too short to shift.
        """
        n_trials, n_steps = values.shape
        least = max(1, int(np.ceil(self.least_part * n_steps)))
        if n_steps - least < least:
            raise InputError(
                f"Trials must have two steps or more to be shifted; got {n_steps}. Use "
                "`TrialExchange` on many short trials."
            )
        shift = rng.integers(least, n_steps - least + 1, size=(n_trials, 1))
        return np.take_along_axis(values, (np.arange(n_steps) - shift) % n_steps, axis=1)


def default_shuffle(n_trials: int) -> AbstractShuffle:
    """`TrialExchange` from five trials on, else `TimeShift`: few trials have few exchanges."""
    return TrialExchange() if n_trials >= 5 else TimeShift()
