"""How much of a circuit a student explains, how soon, and with how much data."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Num

from neuroloom.errors import InputError

__all__ = ["Explained", "epochs_to", "explained", "needed_for"]


class Explained(NamedTuple):
    """What was explained of each output.

    Attributes:
        fve: Fraction of variance explained against predicting the training mean, at most 1; NaN for
            a dead output.
        dead: Outputs that never change in the held-out data: nothing is there to explain.
    """

    fve: Float[np.ndarray, " output"]
    dead: Bool[np.ndarray, " output"]

    @property
    def mean(self) -> float:
        """Mean over outputs that are not dead; NaN if all are."""
        return float(self.fve[~self.dead].mean()) if (~self.dead).any() else float("nan")

    @property
    def median(self) -> float:
        """Median over outputs that are not dead: one that hardly ever changes cannot rule it."""
        return float(np.median(self.fve[~self.dead])) if (~self.dead).any() else float("nan")

    @property
    def n_dead(self) -> int:
        """How many outputs are dead; to be reported beside the mean."""
        return int(self.dead.sum())


def explained(
    predicted: Num[np.ndarray, "..."],
    measured: Num[np.ndarray, "*row output"],
    training_mean: Float[np.ndarray, " output"],
) -> Explained:
    r"""Fraction of variance explained of each output, held out, against the training mean.

    $$1 - \frac{\sum_t (\hat y_t - y_t)^2}{\sum_t (\bar y_\mathrm{train} - y_t)^2}$$

    Args:
        predicted: Any unit.
        measured: The same unit; NaN is left out.
        training_mean: Of each output, over the data that the student was trained on.

    Raises:
        InputError: If shapes differ.
    """
    if predicted.shape != measured.shape:
        raise InputError(
            f"A prediction must have the shape of what was measured, {measured.shape}; got "
            f"{predicted.shape}. Show the student the held-out inputs."
        )
    n_outputs = measured.shape[-1]
    p, m = (np.asarray(v, np.float64).reshape(-1, n_outputs) for v in (predicted, measured))
    known = np.isfinite(m)
    m = np.where(known, m, 0.0)
    error = (np.where(known, p - m, 0.0) ** 2).sum(0)
    off = (np.where(known, training_mean[None] - m, 0.0) ** 2).sum(0)
    low = np.where(known, m, np.inf).min(0)
    high = np.where(known, m, -np.inf).max(0)
    dead = ~(high - low > 1e-9 * np.maximum(np.abs(high), np.abs(low)))
    return Explained(np.where(dead, np.nan, 1 - error / np.where(dead, 1.0, off)), dead)


def needed_for(
    amount: Num[np.ndarray, " point"], score: Float[np.ndarray, " point"], *, part: float = 0.9
) -> float:
    """The least amount of data from which on the score stays at a part of its asymptote.

    The asymptote is the score at the largest amount. Between points the score is taken to run
    straight in the logarithm of the amount.

    Args:
        amount: Rising, above 0.
        score: Larger is better, such as a fraction of variance explained.
        part: Of the asymptote, 0 to 1.

    Returns:
        The first amount if the score is there from the start; NaN if the asymptote is not above 0.

    Raises:
        InputError: If amounts do not rise.
    """
    if (np.diff(amount) <= 0).any() or amount[0] <= 0:
        raise InputError(
            f"`amount` must rise from above 0; got {np.asarray(amount).tolist()[:6]}. "
            "Sort the curve by amount."
        )
    wanted = part * score[-1]
    if not score[-1] > 0:
        return float("nan")
    below = np.flatnonzero(~(score >= wanted))
    if below.size == 0:
        return float(amount[0])
    i = int(below[-1])
    x, y = np.log(amount[i : i + 2]), score[i : i + 2]
    return float(np.exp(x[0] + (wanted - y[0]) / (y[1] - y[0]) * (x[1] - x[0])))


def epochs_to(
    error: Float[np.ndarray, "epoch member"], criterion: float
) -> Float[np.ndarray, " member"]:
    """Epochs until each student's error is first at most the criterion; inf if it never is.

    Args:
        error: Row 0 before training, row n after n epochs; in the unit of the criterion.
        criterion: Set before looking at the curves.
    """
    there = error <= criterion
    return np.where(there.any(0), there.argmax(0), np.inf).astype(np.float64)
