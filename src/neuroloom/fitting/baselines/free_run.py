"""Rollouts: a forecast fed with itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.baselines.forecast import AbstractForecast, Activity, Behavior

__all__ = ["Rollouts", "free_run"]

Steps = Float[np.ndarray, "origin step neuron"]


class Rollouts(NamedTuple):
    """What was forecast after each origin, and what happened: what `horizon_scores` takes.

    Origins run trial by trial.

    Attributes:
        predicted: NaN where the past before the origin was not observed.
        measured: NaN beyond the end of the trial.
        last: Frames at the origins.
    """

    predicted: Steps
    measured: Steps
    last: Float[np.ndarray, "origin neuron"]


def free_run(
    forecast: AbstractForecast,
    activity: Activity,
    behavior: Behavior = None,
    *,
    origins: Sequence[int],
    n_steps: int,
    draw: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Rollouts:
    """Forecasts of the steps after each origin that see the activity up to it, and then themselves.

    Behavior after an origin is not known then: it stays as it was at the origin.

    Args:
        forecast: Of any method but `TrialMean`, which needs whole trials.
        activity: Held-out data.
        behavior: On the same clock.
        origins: Last observed steps, the same in every trial.
        n_steps: How far ahead.
        draw: What is fed back instead of a forecast, such as spikes drawn from rates; the forecast
            itself is returned.

    Raises:
        InputError: If an origin leaves too little past.
    """
    p = max(forecast.n_lags, 1)
    at = np.array([int(one) for one in origins])
    if at.size == 0 or at.min() < p - 1 or at.max() >= activity.shape[1] - 1 or n_steps < 1:
        raise InputError(
            f"Origins must be {p - 1} to {activity.shape[1] - 2}, and `n_steps` at least 1; got "
            f"{at.tolist()[:5]} and {n_steps}. The {p} steps up to an origin start a rollout."
        )
    n_neurons = activity.shape[2]
    past = at[:, None] + np.arange(1 - p, 1)
    window = _windows(activity, past)
    cue = None if behavior is None else _windows(behavior, past)
    predicted = np.empty((len(window), n_steps, n_neurons))
    for step in range(n_steps):
        blank = np.zeros((len(window), 1, n_neurons))
        known = None if cue is None else np.concatenate([cue, cue[:, -1:]], axis=1)
        now = forecast.predict(np.concatenate([window, blank], axis=1), known)[:, -1]
        predicted[:, step] = now
        following = now if draw is None else draw(now)
        window = np.concatenate([window[:, 1:], following[:, None]], axis=1)
        cue = known if known is None else known[:, 1:]
    after = at[:, None] + np.arange(1, n_steps + 1)
    inside = after < activity.shape[1]
    measured = _windows(activity, np.where(inside, after, 0))
    measured[~np.tile(inside, (len(activity), 1))] = np.nan
    return Rollouts(predicted, measured, _windows(activity, at[:, None])[:, 0])


def _windows(source: np.ndarray, places: np.ndarray) -> Float[np.ndarray, "origin step column"]:
    return source[:, places].reshape(-1, places.shape[1], source.shape[2]).astype(float)
