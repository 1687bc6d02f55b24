"""What a coupled estimator is held against: itself, with the coupling made meaningless."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.baselines.forecast import (
    AbstractForecast,
    AbstractForecaster,
    Activity,
    Behavior,
)
from neuroloom.fitting.coupling.drive import check_alike

__all__ = ["AbstractCoupled", "Alone", "TimeShifted", "fit_alone", "fit_time_shifted", "shuffled"]


@runtime_checkable
class AbstractCoupled(AbstractForecast, Protocol):
    """A fitted thing, frozen, that predicts from its `weight`."""

    @property
    def weight(self) -> Float[np.ndarray, "lag post pre"]:
        """Coupling; the diagonal is a neuron's own past."""
        ...


AnyCoupled = TypeVar("AnyCoupled", bound=AbstractCoupled)


@dataclass(frozen=True, eq=False)
class Alone:
    """One forecast a neuron, each of which knows no other.

    Attributes:
        forecasts: Of one neuron each, in the order of neurons.
    """

    forecasts: tuple[AbstractForecast, ...]

    @property
    def n_lags(self) -> int:
        """Steps of the past that a forecast needs."""
        return max(one.n_lags for one in self.forecasts)

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        """One-step forecasts; NaN as in each."""
        if activity.shape[2] != len(self.forecasts):
            check_alike(activity, None, n_neurons=len(self.forecasts), n_channels=0)
        columns = [
            one.predict(activity[:, :, i : i + 1], behavior) for i, one in enumerate(self.forecasts)
        ]
        return np.concatenate(columns, axis=2)


@dataclass(frozen=True, eq=False)
class TimeShifted:
    """One forecast a neuron, each fitted to its own past and to that of the others too late.

    Attributes:
        forecasts: By the place of the neuron.
        delay: Steps by which the others are late.
        n_neurons: In the population.
    """

    forecasts: dict[int, AbstractForecast]
    delay: int
    n_neurons: int

    @property
    def n_lags(self) -> int:
        """Steps of the past that a forecast needs, the delay among them."""
        return self.delay + max(one.n_lags for one in self.forecasts.values())

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        """One-step forecasts; NaN for neurons that were not asked for in the fit."""
        if activity.shape[2] != self.n_neurons:
            check_alike(activity, None, n_neurons=self.n_neurons, n_channels=0)
        out = np.full(activity.shape, np.nan)
        late = None if behavior is None else behavior[:, self.delay :]
        for neuron, one in self.forecasts.items():
            seen = _others_late(activity, neuron, self.delay)
            if seen.shape[1] > one.n_lags:
                out[:, self.delay :, neuron] = one.predict(seen, late)[:, :, neuron]
        return out


def fit_alone(method: AbstractForecaster, activity: Activity, behavior: Behavior = None) -> Alone:
    """The same method with A = 0, fitted again: to each neuron as if it were the only one.

    Args:
        method: Any coupled estimator; penalties are chosen anew for each neuron.
        activity: Training data.
        behavior: On the same clock; every neuron sees all of it.
    """
    n = activity.shape[2]
    return Alone(tuple(method.fit(activity[:, :, i : i + 1], behavior) for i in range(n)))


def fit_time_shifted(
    method: AbstractForecaster,
    activity: Activity,
    behavior: Behavior = None,
    *,
    delay: int,
    neurons: Sequence[int] | None = None,
) -> TimeShifted:
    """The same method with the population at the wrong time, fitted again.

    For each neuron all others are `delay` steps late; its own past and behavior are not. What the
    population still tells then is what it tells at any time: slow drifts, not who drives whom. One
    fit a neuron: ask for some of many, and score the coupled model on the same.

    Args:
        method: Any coupled estimator.
        activity: Training data. The first `delay` steps of each trial are lost.
        behavior: On the same clock.
        delay: Steps; longer than the memory of the activity, shorter than a trial.
        neurons: Places of those to forecast; all by default.

    Raises:
        InputError: If the delay is not below the length of a trial, or a place is not there.
    """
    n = activity.shape[2]
    places = list(range(n)) if neurons is None else [int(i) for i in neurons]
    if not 1 <= delay < activity.shape[1] - 1:
        raise InputError(
            f"`delay` must be 1 to {activity.shape[1] - 2} steps, below the length of a trial; got "
            f"{delay}. Take one longer than the memory of the activity."
        )
    if not places or min(places) < 0 or max(places) >= n:
        raise InputError(
            f"`neurons` must be places of 0 to {n - 1}, at least one; got {places[:5]}. Leave it "
            "out for all."
        )
    late = None if behavior is None else behavior[:, delay:]
    fits = {i: method.fit(_others_late(activity, i, delay), late) for i in places}
    return TimeShifted(fits, delay, n)


def shuffled(found: AnyCoupled, *, rng: np.random.Generator) -> AnyCoupled:
    """The same coupling from wrong neurons: each keeps its inputs' weights, not where they start.

    Every neuron draws an order of the others for itself; all lags go together, and its own past
    stays. Not fitted again: it can be worse than no coupling at all, and says whether *who* matters
    once the weights are there.

    Args:
        found: A frozen dataclass with `weight` (lag, post, pre), from which it predicts.
        rng: The orders.
    """
    weight = found.weight.copy()
    n = weight.shape[1]
    for post in range(n):
        others = np.delete(np.arange(n), post)
        weight[:, post, others] = found.weight[:, post, rng.permutation(others)]
    return dataclasses.replace(found, weight=weight)  # pyright: ignore[reportArgumentType]


def _others_late(activity: Activity, neuron: int, delay: int) -> Float[np.ndarray, "_ _ _"]:
    seen = activity[:, : activity.shape[1] - delay].copy()
    seen[:, :, neuron] = activity[:, delay:, neuron]
    return seen
