"""NLinear and DLinear: one linear map of a neuron's own window, shared by all neurons."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.baselines.constant import mean_of
from neuroloom.fitting.baselines.forecast import Activity, Behavior, check_lags
from neuroloom.fitting.baselines.regression import block_moments, lags_of, regress
from neuroloom.fitting.coupling.drive import check_alike

__all__ = ["DLinear", "NLinear"]

Window = Float[np.ndarray, "row lag"]


@dataclass(frozen=True)
class _AbstractWindowMap(abc.ABC):
    n_lags: int = 20
    penalty: float | None = None

    def __post_init__(self) -> None:
        check_lags(self.n_lags, least=2)

    @abc.abstractmethod
    def features(self, window: Window) -> tuple[Float[np.ndarray, "row feature"], np.ndarray]:
        """Predictors of a window (newest first), and what is added to the forecast."""

    def fit(self, activity: Activity, behavior: Behavior = None) -> _SharedMap:
        """Fit to the frames whose own past is observed. Behavior is not used.

        Raises:
            InputError: If a neuron was hardly observed, or trials are too short.
        """
        del behavior
        if activity.shape[1] <= self.n_lags:
            raise InputError(
                f"Trials must be longer than the {self.n_lags} lags; they have "
                f"{activity.shape[1]} steps. Use fewer lags."
            )
        center = mean_of(activity)
        sd = np.sqrt(mean_of((activity - center) ** 2))
        scaled = (activity - center) / np.where(sd > 0, sd, 1.0)

        def design(neuron: int) -> tuple[np.ndarray, np.ndarray]:
            one = scaled[:, :, neuron : neuron + 1]
            predictors, offset = self.features(lags_of(one, self.n_lags)[:, 0])
            return predictors, one[:, self.n_lags :].reshape(-1) - offset

        moments = block_moments(design, activity.shape[2]).sum(axis=1, keepdims=True)
        found = regress(moments, self.penalty)
        chosen = {"ridge penalty": found.penalty}
        return _SharedMap(self, found.coefficient[0], float(found.intercept[0]), center, sd, chosen)


@dataclass(frozen=True)
class NLinear(_AbstractWindowMap):
    r"""The last value, and a linear map of how the window differs from it.

    $$\hat x_t = x_{t-1} + c + \sum_{l=2}^{L} a_l (x_{t-l} - x_{t-1})$$

    in SDs of each neuron about its training mean; a and c are shared by all neurons.

    Attributes:
        n_lags: L.
        penalty: Ridge penalty; None chooses it on blocks of the training data.

    Source:
        Zeng, Chen, Zhang and Xu, Are transformers effective for time series forecasting?, AAAI
        (2023). Fitted here in closed form, with a ridge penalty instead of early stopping, to one
        step ahead.
    """

    def features(self, window: Window) -> tuple[Float[np.ndarray, "row feature"], np.ndarray]:
        """Differences from the newest, and the newest."""
        newest = window[:, 0]
        return window[:, 1:] - newest[:, None], newest


@dataclass(frozen=True)
class DLinear(_AbstractWindowMap):
    r"""A linear map of a moving average of the window, and one of what is left of it.

    $$\hat x_t = c + a \cdot m + h \cdot (w - m), \quad w = (x_{t-1}, \dots, x_{t-L})$$

    with m the centered mean of w over 25 samples, its ends repeated beyond it; shared as in
    `NLinear`. The two maps span those of w alone: only the penalty tells them apart.

    Attributes:
        n_lags: L.
        penalty: Ridge penalty; None chooses it on blocks of the training data.

    Source:
        As `NLinear`, with the same departures.
    """

    def features(self, window: Window) -> tuple[Float[np.ndarray, "row feature"], np.ndarray]:
        """Trend and remainder; nothing is added."""
        trend = window @ _moving_average(window.shape[1]).T
        return np.concatenate([trend, window - trend], axis=1), np.zeros(len(window))


@dataclass(frozen=True, eq=False)
class _SharedMap:
    method: _AbstractWindowMap
    coefficient: Float[np.ndarray, " feature"]
    intercept: float
    center: Float[np.ndarray, " neuron"]
    sd: Float[np.ndarray, " neuron"]
    chosen: dict[str, float]

    @property
    def n_lags(self) -> int:
        return self.method.n_lags

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        del behavior
        check_alike(activity, None, n_neurons=len(self.center), n_channels=0)
        out = np.full(activity.shape, np.nan)
        if activity.shape[1] <= self.n_lags:
            return out
        scaled = (activity - self.center) / np.where(self.sd > 0, self.sd, 1.0)
        for neuron in range(len(self.center)):
            window = lags_of(scaled[:, :, neuron : neuron + 1], self.n_lags)[:, 0]
            predictors, offset = self.method.features(window)
            found = predictors @ self.coefficient + self.intercept + offset
            out[:, self.n_lags :, neuron] = found.reshape(len(activity), -1)
        return self.center + self.sd * out


def _moving_average(n: int, width: int = 25) -> Float[np.ndarray, "lag lag"]:
    """Rows average over `width` places about each, with the first and last place repeated."""
    places = np.arange(n)[:, None] + np.arange(width) - width // 2
    out = np.zeros((n, n))
    np.add.at(out, (np.arange(n)[:, None], np.clip(places, 0, n - 1)), 1 / width)
    return out
