"""Which noise the recommended estimator assumes."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.count_estimates import CountEstimates
from neuroloom.fitting.coupling.estimates import AbstractEstimates, Known
from neuroloom.fitting.coupling.lagged import LaggedFrames
from neuroloom.fitting.coupling.linear_estimates import (
    LAGS,
    LinearEstimates,
    check_frames,
    choose_lags,
    choose_past,
    enough,
)

__all__ = ["AbstractLikelihood", "GaussianLikelihood", "PoissonLikelihood", "likelihood_of"]

SMALL = 5.0  # spikes per bin, above which counts are about as good as Gaussian

Activity = Float[np.ndarray, "trial time neuron"]
Behavior = Float[np.ndarray, "_ _ channel"]


@dataclass(frozen=True)
class AbstractLikelihood(abc.ABC):
    """How activity scatters about its forecast."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """In one word."""

    @abc.abstractmethod
    def choose_lags(
        self, activity: Activity, behavior: Behavior | None, *, least: int = 1
    ) -> tuple[int, dict[int, float]]:
        """Steps of the past, at least `least`, and the held-out error of each number tried."""

    def choose_past(
        self, activity: Activity, behavior: Behavior | None, *, least: int = 1
    ) -> tuple[int, dict[int, float], float]:
        """As `choose_lags`, and the decay of a slow sensor that is undone first; 0 for none."""
        return *self.choose_lags(activity, behavior, least=least), 0.0

    @abc.abstractmethod
    def estimates(
        self,
        activity: Activity,
        n_lags: int,
        behavior: Behavior | None,
        known: Known,
        *,
        n_factors: int | None = None,
        n_blocks: int = 50,
    ) -> AbstractEstimates:
        """Estimates of all connections; factors are counted where their number is None."""


@dataclass(frozen=True)
class GaussianLikelihood(AbstractLikelihood):
    """Noise of one variance per neuron: least squares, connections read one step back."""

    @property
    def name(self) -> str:
        """Gaussian."""
        return "Gaussian"

    def choose_lags(
        self, activity: Activity, behavior: Behavior | None, *, least: int = 1
    ) -> tuple[int, dict[int, float]]:
        """The fewest that predict held-out blocks as well as any, within one standard error."""
        return choose_lags(activity, behavior, least=least)

    def choose_past(
        self, activity: Activity, behavior: Behavior | None, *, least: int = 1
    ) -> tuple[int, dict[int, float], float]:
        """Both at once, by held-out blocks."""
        return choose_past(activity, behavior, least=least)

    def estimates(
        self,
        activity: Activity,
        n_lags: int,
        behavior: Behavior | None,
        known: Known,
        *,
        n_factors: int | None = None,
        n_blocks: int = 50,
    ) -> LinearEstimates:
        """Least squares.

        Raises:
            InputError: As `LaggedFrames`, or if there are fewer frames than twice the predictors.
        """
        check_frames(LaggedFrames(activity, n_lags, behavior))
        return LinearEstimates.of(
            activity, n_lags, behavior, known, n_factors=n_factors, n_blocks=n_blocks
        )


@dataclass(frozen=True)
class PoissonLikelihood(AbstractLikelihood):
    """Spike counts whose mean is the exponential of the drive; see `EdgePosterior`."""

    @property
    def name(self) -> str:
        """Poisson."""
        return "Poisson"

    def choose_lags(
        self, activity: Activity, behavior: Behavior | None, *, least: int = 1
    ) -> tuple[int, dict[int, float]]:
        """As many as there are frames for, up to five: their shape is one for all connections."""
        tried = [n for n in LAGS if n < activity.shape[1]]
        fits = [n for n in tried if n == 1 or enough(LaggedFrames(activity, n, behavior))]
        return max(fits, default=least), {}

    def estimates(
        self,
        activity: Activity,
        n_lags: int,
        behavior: Behavior | None,
        known: Known,
        *,
        n_factors: int | None = None,
        n_blocks: int = 50,
    ) -> CountEstimates:
        """Poisson regressions.

        Raises:
            InputError: As `GaussianLikelihood`, or if activity is no counts.
        """
        observed = activity[np.isfinite(activity)]
        wrong = (observed < 0) | (observed != np.round(observed))
        if wrong.any():
            raise InputError(
                f"A Poisson likelihood needs whole numbers, at least 0; {wrong.sum()} are not. "
                "Give counts by bin, or use `GaussianLikelihood()`."
            )
        check_frames(LaggedFrames(activity, n_lags, behavior))
        return CountEstimates.of(
            activity, n_lags, behavior, known, n_factors=n_factors, n_blocks=n_blocks
        )


def likelihood_of(activity: Activity) -> AbstractLikelihood:
    """Poisson for whole numbers, at least 0, of which no neuron has above 5 a bin; else Gaussian.

    Args:
        activity: NaN where not observed.
    """
    known = np.isfinite(activity)
    counts = np.where(known, activity, 0.0)
    whole = (counts >= 0).all() and (counts == np.round(counts)).all()
    mean = counts.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
    return PoissonLikelihood() if whole and (mean <= SMALL).all() else GaussianLikelihood()
