"""What every forecaster is: a frozen method, fitted to a thing that predicts one step ahead.

The estimators of `fitting.coupling` are such methods too; nothing needs to inherit from these.
"""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["AbstractForecast", "AbstractForecaster", "check_lags"]

Activity = Float[np.ndarray, "trial time neuron"]
Behavior = Float[np.ndarray, "_ _ channel"] | None


@runtime_checkable
class AbstractForecast(Protocol):
    """Something fitted that predicts."""

    @property
    def n_lags(self) -> int:
        """Steps of the past that a forecast needs."""
        ...

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        """The entry at a step uses the steps before it and nothing else.

        NaN in the first `n_lags` steps of each trial, and where the past that is needed was not
        observed.
        """
        ...


@runtime_checkable
class AbstractForecaster(Protocol):
    """A method, with all its numbers, that has seen no data yet."""

    def fit(self, activity: Activity, behavior: Behavior = None) -> AbstractForecast:
        """Fit to training data; penalties are chosen within it."""
        ...


def check_lags(n_lags: int, least: int = 1) -> None:
    """Refuse lags below the least.

    Raises:
        InputError: If they are.
    """
    if n_lags < least:
        raise InputError(
            f"`n_lags` must be at least {least}; got {n_lags}. One step back is `n_lags=1`."
        )
