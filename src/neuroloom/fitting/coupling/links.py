"""From the sum of inputs to a rate: links under which the Poisson likelihood is convex."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["AbstractLink", "Exponential", "Softplus"]

Drive = Float[np.ndarray, "*entry"]
LEAST = 1e-300  # spikes per bin, so that its logarithm is finite


@dataclass(frozen=True)
class AbstractLink(abc.ABC):
    """A rate, in spikes per bin, as a rising function of the drive."""

    @abc.abstractmethod
    def rate(self, drive: Drive) -> Drive:
        """Above 0; infinite where the drive is out of range."""

    @abc.abstractmethod
    def slope(self, drive: Drive, rate: Drive) -> Drive:
        """Derivative of the rate; the rate is given because it is known."""

    @abc.abstractmethod
    def inverse(self, rate: Drive) -> Drive:
        """The drive of a rate above 0."""


@dataclass(frozen=True)
class Exponential(AbstractLink):
    """exp(drive): inputs multiply rates, and a weight is a change of the log rate."""

    def rate(self, drive: Drive) -> Drive:
        """Its exponential."""
        with np.errstate(over="ignore"):
            return np.maximum(np.exp(drive), LEAST)

    def slope(self, drive: Drive, rate: Drive) -> Drive:
        """The rate itself."""
        del drive
        return rate

    def inverse(self, rate: Drive) -> Drive:
        """Its logarithm."""
        return np.log(rate)


@dataclass(frozen=True)
class Softplus(AbstractLink):
    """log(1 + exp(drive)): inputs add where rates are high, so that activity does not explode."""

    def rate(self, drive: Drive) -> Drive:
        """Near 0 far below 0, near the drive far above."""
        return np.maximum(np.logaddexp(0.0, drive), LEAST)

    def slope(self, drive: Drive, rate: Drive) -> Drive:
        """The logistic function of the drive."""
        del drive
        return -np.expm1(-rate)

    def inverse(self, rate: Drive) -> Drive:
        """log(exp(rate) - 1)."""
        return rate + np.log(-np.expm1(-rate))
