"""Bins of the variable that neurons may be tuned to: around a circle, or along a line."""

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from neuroloom.errors import InputError

__all__ = ["AbstractBins", "CircularBins", "LinearBins", "ProductBins"]


class AbstractBins(abc.ABC):
    """Where a value falls: one of `n_bins` bins, or none."""

    @property
    @abc.abstractmethod
    def n_bins(self) -> int:
        """How many bins there are."""

    @property
    @abc.abstractmethod
    def center(self) -> Float[np.ndarray, "bin *variable"]:
        """Center of each bin, in the unit of the variable."""

    @abc.abstractmethod
    def index(self, values: Float[np.ndarray, "*sample"]) -> Int[np.ndarray, "*place"]:
        """Bin of each value; -1 for NaN and for values outside of all bins."""


@dataclass(frozen=True)
class CircularBins(AbstractBins):
    """Equal bins around a circle, the first from 0 on.

    Attributes:
        n: How many.
        period: Once around, in the unit of the variable: 2 pi for rad, 360 for deg, 24 for hours.

    Example:
        >>> CircularBins(4, period=360.0).index(np.array([[10.0, 350.0, -10.0, np.nan]]))
        array([[ 0,  3,  3, -1]])
    """

    n: int
    period: float = 2 * np.pi

    def __post_init__(self):
        if self.n < 1 or not self.period > 0:
            raise InputError(
                f"A circle must have at least one bin and a period above 0; got {self.n} bins and "
                f"a period of {self.period}. 360 bins of 2 pi are degrees."
            )

    @property
    def n_bins(self) -> int:
        """How many bins there are."""
        return self.n

    @property
    def center(self) -> Float[np.ndarray, " bin"]:
        """Center of each bin, in the unit of the variable."""
        return self.period * (np.arange(self.n) + 0.5) / self.n

    def index(self, values: Float[np.ndarray, "*sample"]) -> Int[np.ndarray, "*sample"]:
        """Bin of each value, any number of times around; -1 for NaN."""
        known = np.isfinite(values)
        turns = np.where(known, values, 0.0) / self.period
        place = np.floor((turns % 1.0) * self.n).astype(np.int64) % self.n
        return np.where(known, place, -1)


@dataclass(frozen=True)
class LinearBins(AbstractBins):
    """Equal bins along a line; the last one holds its upper end.

    Attributes:
        low: Where the first begins, in the unit of the variable.
        high: Where the last ends.
        n: How many.

    Example:
        >>> LinearBins(0.0, 1.0, 4).index(np.array([[0.0, 0.3, 1.0, 1.1]]))
        array([[ 0,  1,  3, -1]])
    """

    low: float
    high: float
    n: int

    def __post_init__(self):
        if self.n < 1 or not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise InputError(
                "Bins along a line must be at least one, from a lower to a higher finite value; "
                f"got {self.n} from {self.low} to {self.high}. Exchange the ends, or look for NaN."
            )

    @property
    def n_bins(self) -> int:
        """How many bins there are."""
        return self.n

    @property
    def center(self) -> Float[np.ndarray, " bin"]:
        """Center of each bin, in the unit of the variable."""
        return self.low + (self.high - self.low) * (np.arange(self.n) + 0.5) / self.n

    def index(self, values: Float[np.ndarray, "*sample"]) -> Int[np.ndarray, "*sample"]:
        """Bin of each value; -1 for NaN and outside."""
        inside = (values >= self.low) & (values <= self.high)  # NaN compares false
        part = np.where(inside, (values - self.low) / (self.high - self.low), 0.0)
        place = np.minimum(np.floor(part * self.n).astype(np.int64), self.n - 1)
        return np.where(inside, place, -1)


@dataclass(frozen=True)
class ProductBins(AbstractBins):
    """Every pair of a bin of one variable and a bin of another, the second running fastest.

    Attributes:
        first: Of values[..., 0].
        second: Of values[..., 1].
    """

    first: CircularBins | LinearBins
    second: CircularBins | LinearBins

    @property
    def n_bins(self) -> int:
        """How many pairs there are."""
        return self.first.n_bins * self.second.n_bins

    @property
    def center(self) -> Float[np.ndarray, "bin 2"]:
        """Both centers of each pair."""
        pairs = np.meshgrid(self.first.center, self.second.center, indexing="ij")
        return np.stack([pair.ravel() for pair in pairs], axis=1)

    def index(self, values: Float[np.ndarray, "*sample 2"]) -> Int[np.ndarray, "*sample"]:
        """Pair of each value; -1 where either variable is in no bin."""
        one, other = self.first.index(values[..., 0]), self.second.index(values[..., 1])
        return np.where((one < 0) | (other < 0), -1, one * self.second.n_bins + other)
