"""How many environment steps a threshold takes, where some runs never reach it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from neuroloom.analysis.learning.curves import require_curve
from neuroloom.errors import InputError

__all__ = ["Reached", "StepsTaken", "steps_taken", "steps_to"]


class Reached(NamedTuple):
    """When a run reached a threshold.

    Attributes:
        steps: Environment steps at the first probe there; where it never was, those of the last.
        reached: Whether it was ever there. If not, the run is censored: it needs more than `steps`.
    """

    steps: float
    reached: bool


class StepsTaken(NamedTuple):
    """Steps to a threshold over seeds, censored runs counted as what they are.

    Attributes:
        median: Median steps; infinite where fewer than half of the runs got there in time.
        low: Low end of its interval.
        high: High end of its interval; infinite where it cannot be bounded.
        n_reached: Runs that reached the threshold.
        n: All runs.
        level: Nominal coverage of the interval.
    """

    median: float
    low: float
    high: float
    n_reached: int
    n: int
    level: float = 0.95


def steps_to(
    steps: Num[np.ndarray, " probe"], returns: Float[np.ndarray, " probe"], threshold: float
) -> Reached:
    """Environment steps at the first probe with a return of at least `threshold`.

    It is not interpolated between probes: a run is not there before a probe says so.

    Args:
        steps: Environment steps spent at each probe, ascending.
        returns: What the policy returned then.
        threshold: What must be reached, in returns.

    Raises:
        InputError: If the curve is not one.
    """
    require_curve(steps, returns)
    there = np.flatnonzero(returns >= threshold)
    if there.size:
        return Reached(float(steps[there[0]]), True)
    return Reached(float(steps[-1]), False)


def steps_taken(
    runs: Sequence[Reached],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 2_000,
) -> StepsTaken:
    """Median steps to the threshold by Kaplan and Meier, with a bootstrap interval over runs.

    A run that never reached it counts as not yet there at its last step; leaving it out would make
    an arm that fails often look fast.

    Args:
        runs: One a seed, at least 2.
        rng: Randomness.
        level: Nominal coverage; few seeds make it too narrow.
        n_resamples: How many resamples.

    Raises:
        InputError: If there are fewer than 2 runs.

    Source:
        Kaplan and Meier, J. Am. Stat. Assoc. 53:457 (1958).
    """
    if len(runs) < 2:
        raise InputError(
            f"Steps to a threshold must come from at least 2 runs; got {len(runs)}. Run more seeds."
        )
    steps = np.array([run.steps for run in runs])
    reached = np.array([run.reached for run in runs])
    drawn = rng.integers(len(runs), size=(n_resamples, len(runs)))
    medians = np.sort([_median(steps[one], reached[one]) for one in drawn])
    low, high = (
        float(medians[round(q * (n_resamples - 1))]) for q in ((1 - level) / 2, (1 + level) / 2)
    )
    return StepsTaken(_median(steps, reached), low, high, int(reached.sum()), len(runs), level)


def _median(steps: np.ndarray, reached: np.ndarray) -> float:
    """First time at which the Kaplan-Meier estimate of not being there is at most a half."""
    left = 1.0
    for time in np.unique(steps[reached]):
        at_risk = int((steps >= time).sum())
        left *= 1 - int((steps[reached] == time).sum()) / at_risk
        if left <= 0.5 + 1e-12:
            return float(time)
    return float("inf")
