"""Space cut into equal bins: a square grid of an arena, or pieces of a track."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from neuroloom.errors import InputError

__all__ = ["SpatialBins"]


@dataclass(frozen=True)
class SpatialBins:
    """Bins of equal size in one or two dimensions, numbered with the last axis fastest.

    Attributes:
        low: Lower end of each axis, in the unit of positions.
        size: Side of a bin, in that unit.
        shape: How many bins along each axis, x first.

    Raises:
        InputError: If there are not one or two axes, or a size is not above 0.

    Example:
        >>> bins = SpatialBins((0.0, 0.0), 0.5, (2, 3))
        >>> bins.index(np.array([[0.1, 1.2], [9.0, 0.0]]))
        array([ 2, -1])
    """

    low: tuple[float, ...]
    size: float
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.low) not in (1, 2) or len(self.low) != len(self.shape):
            raise InputError(
                f"`low` and `shape` must name the same one or two axes; got {len(self.low)} and "
                f"{len(self.shape)}. Use one axis for a linear track, two for an arena."
            )
        if not (math.isfinite(self.size) and self.size > 0) or min(self.shape) < 1:
            raise InputError(
                f"`size` must be above 0 and every axis must have a bin; got {self.size} and "
                f"{self.shape}. Give the side of a bin in the unit of positions."
            )

    @staticmethod
    def covering(position: Float[np.ndarray, "time axis"], size: float) -> SpatialBins:
        """The bins that hold every finite position, from the lowest on.

        Args:
            position: NaN where not observed.
            size: Side of a bin.

        Raises:
            InputError: If no position is finite.
        """
        known = position[np.isfinite(position).all(axis=1)]
        if not len(known):
            raise InputError(
                "`position` must be finite somewhere; every row holds a NaN. Check which columns "
                "of behavior are the position."
            )
        low, high = known.min(axis=0), known.max(axis=0)
        # Half a bin on either side keeps the extremes away from an edge.
        n_bins = np.floor((high - low) / size).astype(int) + 1
        spare = (n_bins * size - (high - low)) / 2
        return SpatialBins(
            tuple(float(v) for v in low - spare), float(size), tuple(int(n) for n in n_bins)
        )

    @property
    def n_bins(self) -> int:
        """How many bins there are."""
        return math.prod(self.shape)

    @property
    def center(self) -> Float[np.ndarray, "bin axis"]:
        """Middle of every bin, in the unit of positions."""
        axes = [
            low + self.size * (np.arange(n) + 0.5)
            for low, n in zip(self.low, self.shape, strict=True)
        ]
        return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)

    def index(self, position: Float[np.ndarray, "time axis"]) -> Int[np.ndarray, " time"]:
        """Number of the bin of each position; -1 outside of all bins and where not observed.

        Raises:
            InputError: If positions have another number of axes.
        """
        if position.shape[1] != len(self.shape):
            raise InputError(
                f"`position` must have {len(self.shape)} columns, as the bins have axes; got "
                f"{position.shape[1]}. Build the bins from positions of the same kind."
            )
        with np.errstate(invalid="ignore"):
            step = np.floor((position - np.array(self.low)) / self.size)
            inside = np.all((step >= 0) & (step < np.array(self.shape)), axis=1)
        step = np.where(inside[:, None], step, 0).astype(int)
        return np.where(inside, np.ravel_multi_index(tuple(step.T), self.shape), -1)
