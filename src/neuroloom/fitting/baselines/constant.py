"""Forecasts without a parameter to speak of: the mean, the last frame, the mean over trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.baselines.forecast import Activity, Behavior
from neuroloom.fitting.coupling.drive import check_alike

__all__ = ["Mean", "Persistence", "TrialMean"]


@dataclass(frozen=True)
class Mean:
    """Every neuron stays at its mean over the training data."""

    def fit(self, activity: Activity, behavior: Behavior = None) -> _Level:
        """Behavior is not used.

        Raises:
            InputError: If a neuron was never observed.
        """
        del behavior
        return _Level(mean_of(activity))


@dataclass(frozen=True)
class Persistence:
    """Every neuron stays where it was one step before."""

    def fit(self, activity: Activity, behavior: Behavior = None) -> _LastFrame:
        """There is nothing to fit."""
        del behavior
        return _LastFrame(activity.shape[2])


@dataclass(frozen=True)
class TrialMean:
    """Every neuron does what it did on average at the same step of the training trials.

    For trials that repeat one thing, aligned; of several conditions, fit one of these to each. A
    step that was never observed gets the mean of the neuron.
    """

    def fit(self, activity: Activity, behavior: Behavior = None) -> _Course:
        """Behavior is not used.

        Raises:
            InputError: If there is one trial only, or a neuron was never observed.
        """
        del behavior
        if len(activity) < 2:
            raise InputError(
                f"A mean over trials must be of at least 2; got {len(activity)}. Take `Mean()` "
                "for a recording without repeats."
            )
        level, known = mean_of(activity), np.isfinite(activity)
        n = known.sum(axis=0)
        total = np.where(known, activity, 0.0).sum(axis=0)
        return _Course(np.where(n > 0, total / np.maximum(n, 1), level))


@dataclass(frozen=True, eq=False)
class _Level:
    level: Float[np.ndarray, " neuron"]

    @property
    def n_lags(self) -> int:
        return 0

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        del behavior
        check_alike(activity, None, n_neurons=len(self.level), n_channels=0)
        return np.broadcast_to(self.level, activity.shape).copy()


@dataclass(frozen=True)
class _LastFrame:
    n_neurons: int

    @property
    def n_lags(self) -> int:
        return 1

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        del behavior
        check_alike(activity, None, n_neurons=self.n_neurons, n_channels=0)
        out = np.full(activity.shape, np.nan)
        out[:, 1:] = activity[:, :-1]
        return out


@dataclass(frozen=True, eq=False)
class _Course:
    course: Float[np.ndarray, "time neuron"]

    @property
    def n_lags(self) -> int:
        return 0

    def predict(
        self, activity: Float[np.ndarray, "_ _ _"], behavior: Behavior = None
    ) -> Float[np.ndarray, "_ _ _"]:
        del behavior
        check_alike(activity, None, n_neurons=self.course.shape[1], n_channels=0)
        if activity.shape[1] != len(self.course):
            raise InputError(
                f"Trials must have the {len(self.course)} steps of the training trials to have "
                f"their mean; got {activity.shape[1]}. Align all trials alike."
            )
        return np.broadcast_to(self.course, activity.shape).copy()


def mean_of(activity: Activity) -> Float[np.ndarray, " neuron"]:
    """Mean of each neuron over what was observed, in the unit of activity.

    Raises:
        InputError: If a neuron was never observed.
    """
    known = np.isfinite(activity)
    n = known.sum(axis=(0, 1))
    if (n == 0).any():
        raise InputError(
            f"Every neuron must be observed in training; {(n == 0).sum()} of {n.size} never are, "
            f"the first at place {np.flatnonzero(n == 0)[0]}. Leave them out."
        )
    return np.where(known, activity, 0.0).sum(axis=(0, 1)) / n
