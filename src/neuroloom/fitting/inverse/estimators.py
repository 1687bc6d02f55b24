r"""Which moments of the residual are trusted to vanish: one object an estimator.

Each is a generalized method of moments, $\sum_t z_t (y_t - x_t^\top q) = h - S q$, weighted by
the inverse of $\sum_t z_t z_t^\top$: z are the instruments; S and h are what noise of known size
puts into z beside x and y.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neuroloom.errors import InputError
from neuroloom.fitting.inverse.targets import AbstractTarget, FiniteDifference

__all__ = ["AbstractEstimator", "Instruments", "LeastSquares", "Moments", "NoiseCorrected"]


class Moments(NamedTuple):
    """What an estimator comes down to.

    Attributes:
        lag: How many steps before its row further instruments lie; 0 for none.
        own: Whether the regressors themselves are instruments.
        noise_variance: Variance of the noise of observation that is corrected for.
        ridge: Relative to the sum of squares of each (standardized) regressor.
    """

    lag: int = 0
    own: bool = True
    noise_variance: float = 0.0
    ridge: float = 1e-13


@dataclass(frozen=True)
class AbstractEstimator(abc.ABC):
    """An estimator of one neuron's coefficients."""

    @property
    @abc.abstractmethod
    def moments(self) -> Moments:
        """What it comes down to."""

    @property
    @abc.abstractmethod
    def sentence(self) -> str:
        """What it is, for the audit."""

    def check(self, target: AbstractTarget) -> None:
        """Refuse a target that it is not made for.

        Raises:
            InputError: In `NoiseCorrected`, for all but forward differences.
        """
        del target


@dataclass(frozen=True)
class LeastSquares(AbstractEstimator):
    """Ridge regression; with Gaussian noise in the state alone it is maximum likelihood.

    Attributes:
        ridge: As in `Moments`. The default decides only between coefficients that data cannot
            tell apart.
    """

    ridge: float = 1e-13

    def __post_init__(self) -> None:
        if not 0 <= self.ridge < float("inf"):
            raise InputError(
                f"`ridge` must be finite and at least 0; got {self.ridge}. Take 1e-13 for next to "
                "none."
            )

    @property
    def moments(self) -> Moments:
        """The regressors are their own instruments."""
        return Moments(ridge=self.ridge)

    @property
    def sentence(self) -> str:
        """What it is."""
        return f"estimator: least squares, ridge {self.ridge:g} of each standardized regressor"


@dataclass(frozen=True)
class Instruments(AbstractEstimator):
    """Two-stage least squares: regressors of `lag` steps before are the instruments.

    Noise of observation, drawn anew at every step, is in none of them. Its level need not be
    known; the price is variance. Known inputs are their own instruments.

    Attributes:
        lag: Steps back, at least 1.
    """

    lag: int = 1

    def __post_init__(self) -> None:
        _check_lag(self.lag)

    @property
    def moments(self) -> Moments:
        """Lagged regressors alone."""
        return Moments(lag=self.lag, own=False)

    @property
    def sentence(self) -> str:
        """What it is."""
        return f"estimator: two-stage least squares, regressors of {self.lag} step(s) before"


@dataclass(frozen=True)
class NoiseCorrected(AbstractEstimator):
    """Errors in variables of known size: their moments are taken off, and lags are used as well.

    The noise of v_t is in the regressors (v_t, and rates by their slope) and in the difference
    (v_{t+1} - v_t) / dt. Exact for a linear activation, to first order in the noise for others.

    Attributes:
        noise_sd: SD of the noise of observation, in units of the state; see
            `observation_noise_sd`.
        lag: Steps back of further instruments, at least 1.
    """

    noise_sd: float
    lag: int = 1

    def __post_init__(self) -> None:
        _check_lag(self.lag)
        if not 0 <= self.noise_sd < float("inf"):
            raise InputError(
                f"`noise_sd` must be finite and at least 0; got {self.noise_sd}. Estimate it with "
                "`observation_noise_sd`."
            )

    def check(self, target: AbstractTarget) -> None:
        """Refuse what is not a forward difference."""
        if not isinstance(target, FiniteDifference):
            raise InputError(
                "`NoiseCorrected` must go with `FiniteDifference()`; got "
                f"`{type(target).__name__}`. Take `Instruments()` for other targets."
            )

    @property
    def moments(self) -> Moments:
        """Own regressors, corrected, and lagged ones."""
        return Moments(lag=self.lag, noise_variance=self.noise_sd**2)

    @property
    def sentence(self) -> str:
        """What it is."""
        return (
            f"estimator: moments corrected for noise of observation of SD {self.noise_sd:g}, with "
            f"regressors of {self.lag} step(s) before as further instruments"
        )


def _check_lag(lag: int) -> None:
    if isinstance(lag, bool) or not isinstance(lag, int | np.integer) or lag < 1:
        raise InputError(
            f"`lag` must be a whole number of steps, at least 1; got {lag!r}. One step is enough "
            "where noise is drawn anew at every step."
        )
