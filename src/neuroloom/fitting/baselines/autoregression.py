"""Forecasts from a neuron's own past and something that all neurons share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.baselines.constant import mean_of
from neuroloom.fitting.baselines.forecast import Activity, Behavior, check_lags
from neuroloom.fitting.baselines.regression import block_moments, lags_of, regress
from neuroloom.fitting.coupling.drive import check_alike

__all__ = ["Autoregression", "PopulationMean"]


@dataclass(frozen=True)
class Autoregression:
    r"""Every neuron from its own past, and from that of behavior where it is given: no coupling.

    $$\hat x_{t} = c + \sum_{l=1}^{p} a_l x_{t-l} + \sum_{l=1}^{p} h_l \cdot b_{t-l}$$

    Ridge regression, one a neuron; `fitting.coupling.Ridge` with A off its diagonal set to 0 and
    fitted again.

    Attributes:
        n_lags: p, steps of the past.
        penalty: As in `Ridge`; None chooses it on blocks of the training data, one for all.
    """

    n_lags: int = 5
    penalty: float | None = None

    def __post_init__(self) -> None:
        check_lags(self.n_lags)

    def fit(self, activity: Activity, behavior: Behavior = None) -> _OwnPast:
        """Fit to the frames whose own past, and that of behavior, is observed.

        Raises:
            InputError: If a neuron was hardly observed, or trials are too short.
        """
        return _fit(activity, behavior, self.n_lags, self.penalty, with_population=False)


@dataclass(frozen=True)
class PopulationMean:
    """Every neuron from its own past and that of the population's mean: coupling of rank 1 at most.

    The mean is over the neurons observed in a frame, each in its SDs about its training mean. It
    has no idea who is connected to whom.

    Attributes:
        n_lags: Steps of the past.
        penalty: As in `Autoregression`.
    """

    n_lags: int = 5
    penalty: float | None = None

    def __post_init__(self) -> None:
        check_lags(self.n_lags)

    def fit(self, activity: Activity, behavior: Behavior = None) -> _OwnPast:
        """Fit to the frames whose own past, and that of behavior, is observed.

        Raises:
            InputError: If a neuron was hardly observed, or trials are too short.
        """
        return _fit(activity, behavior, self.n_lags, self.penalty, with_population=True)


@dataclass(frozen=True, eq=False)
class _OwnPast:
    """Coefficients are ordered: own lags, lags of the population's mean, of each channel."""

    coefficient: Float[np.ndarray, "neuron predictor"]
    intercept: Float[np.ndarray, " neuron"]
    center: Float[np.ndarray, " neuron"]
    sd: Float[np.ndarray, " neuron"]
    behavior_center: Float[np.ndarray, " channel"]
    n_lags: int
    with_population: bool
    chosen: dict[str, float]

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        n, n_channels, p = len(self.center), len(self.behavior_center), self.n_lags
        check_alike(activity, behavior, n_neurons=n, n_channels=n_channels)
        out = np.full(activity.shape, np.nan)
        if activity.shape[1] <= p:
            return out
        moved = activity - self.center
        a = self.coefficient
        found = np.einsum("rnl,nl->rn", lags_of(moved, p), a[:, :p]) + self.intercept
        for source in _shared(moved, self.sd, behavior, self.behavior_center, self.with_population):
            a = a[:, p:]
            found += lags_of(source, p)[:, 0] @ a[:, :p].T
        out[:, p:] = found.reshape(len(activity), -1, n) + self.center
        return out


def _fit(
    activity: Activity,
    behavior: Behavior,
    n_lags: int,
    penalty: float | None,
    *,
    with_population: bool,
) -> _OwnPast:
    if activity.shape[1] <= n_lags:
        raise InputError(
            f"Trials must be longer than the {n_lags} lags; they have {activity.shape[1]} steps. "
            "Use fewer lags."
        )
    center = mean_of(activity)
    moved = activity - center
    sd = np.sqrt(mean_of(moved**2))
    behavior_center = np.zeros(0)
    if behavior is not None and behavior.shape[2]:
        if behavior.shape[:2] != activity.shape[:2]:
            raise InputError(
                "`behavior` must have the trials and steps of `activity`, "
                f"{activity.shape[:2]}; got {behavior.shape[:2]}. Put both on one clock."
            )
        behavior_center = mean_of(behavior)
    shared = [
        lags_of(source, n_lags)[:, 0]
        for source in _shared(moved, sd, behavior, behavior_center, with_population)
    ]

    def design(neuron: int) -> tuple[np.ndarray, np.ndarray]:
        own = lags_of(moved[:, :, neuron : neuron + 1], n_lags)[:, 0]
        return np.concatenate([own, *shared], axis=1), moved[:, n_lags:, neuron].reshape(-1)

    found = regress(block_moments(design, activity.shape[2]), penalty)
    return _OwnPast(
        found.coefficient,
        found.intercept,
        center,
        sd,
        behavior_center,
        n_lags,
        with_population,
        {"ridge penalty": found.penalty},
    )


def _shared(
    moved: Activity,
    sd: Float[np.ndarray, " neuron"],
    behavior: Behavior,
    behavior_center: Float[np.ndarray, " channel"],
    with_population: bool,
) -> list[Float[np.ndarray, "trial time 1"]]:
    """What all neurons are predicted from, one column at a time."""
    sources = []
    if with_population:
        scaled = moved / np.where(sd > 0, sd, 1.0)
        known = np.isfinite(scaled)
        n = known.sum(axis=2, keepdims=True)
        total = np.where(known, scaled, 0.0).sum(axis=2, keepdims=True)
        sources.append(np.where(n > 0, total / np.maximum(n, 1), np.nan))
    if behavior is not None:
        sources += [
            behavior[:, :, k : k + 1] - behavior_center[k] for k in range(behavior.shape[2])
        ]
    return sources
