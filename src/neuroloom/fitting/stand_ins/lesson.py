"""What a circuit did, and which part of it each student sees."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Num

from neuroloom.errors import InputError

__all__ = ["Parts", "StandInLesson", "divide"]


class StandInLesson(NamedTuple):
    """Inputs of a circuit, and what it answered.

    Attributes:
        inputs: (trial, time, input), or (sample, input) where nothing remembers.
        outputs: Likewise, of the circuit; NaN where not observed.
    """

    inputs: Num[np.ndarray, "..."]
    outputs: Num[np.ndarray, "..."]

    def checked(self) -> "StandInLesson":
        """Itself.

        Raises:
            InputError: If inputs and outputs do not go together or inputs are not finite.
        """
        if self.inputs.shape[:-1] != self.outputs.shape[:-1] or len(self.inputs) == 0:
            raise InputError(
                "`inputs` and `outputs` of a lesson must have the same rows and steps, at least "
                f"one; got {self.inputs.shape} and {self.outputs.shape}. Cut both alike."
            )
        if not np.isfinite(self.inputs).all():
            bad = int((~np.isfinite(self.inputs)).sum())
            raise InputError(
                f"`inputs` must be finite; {bad} of {self.inputs.size} are not. Leave out the "
                "trials whose inputs are not known."
            )
        return self


class Parts(NamedTuple):
    """Which rows of a lesson a student trains on, and on which it stops.

    Attributes:
        training: Rows trained on.
        aside: Rows to stop on, never trained on, unless there is a single row in all.
    """

    training: Int[np.ndarray, "_"]
    aside: Int[np.ndarray, "_"]


def divide(
    rows: Sequence[Int[np.ndarray, "_"]], validation: float, rng: np.random.Generator
) -> list[Parts]:
    """The rows of each student, some of them drawn to stop on.

    Args:
        rows: Of each student.
        validation: Part of the rows that is set aside, at least one row; a student of a single row
            stops on that.
        rng: Randomness.
    """
    found = []
    for own in rows:
        mixed = rng.permutation(own)
        if validation == 0:
            found.append(Parts(np.sort(mixed), mixed[:0]))
            continue
        n_aside = max(1, round(validation * len(own)))
        training = mixed[n_aside:] if len(own) > 1 else mixed
        found.append(Parts(np.sort(training), np.sort(mixed[:n_aside])))
    return found
