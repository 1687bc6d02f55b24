"""Is an edge probability of 0.7 right in 70 of 100 pairs?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError

__all__ = ["CalibrationTable", "calibration_table"]


@dataclass(frozen=True, eq=False)
class CalibrationTable:
    """What probabilities said and what was there, by bins of equal width.

    Attributes:
        low: Lower end of each bin of probability.
        high: Upper end; it belongs to the next bin, but 1 to the last.
        n_pairs: Pairs in each bin.
        mean_probability: Their mean probability; NaN in an empty bin.
        observed: Share of them that are edges; NaN in an empty bin.
    """

    low: Float[np.ndarray, " bin"]
    high: Float[np.ndarray, " bin"]
    n_pairs: Int[np.ndarray, " bin"]
    mean_probability: Float[np.ndarray, " bin"]
    observed: Float[np.ndarray, " bin"]

    @property
    def gap(self) -> Float[np.ndarray, " bin"]:
        """Mean probability less the share observed: above 0 where too sure."""
        return self.mean_probability - self.observed

    @property
    def expected_error(self) -> float:
        """Expected calibration error, 0 to 1: |gap|, averaged over pairs."""
        filled = self.n_pairs > 0
        return float(np.average(np.abs(self.gap[filled]), weights=self.n_pairs[filled]))

    def largest_gap(self, *, at_least: int = 200) -> float:
        """The largest |gap| among bins of so many pairs, 0 to 1; NaN if there is no such bin."""
        enough = self.n_pairs >= max(at_least, 1)
        return float(np.abs(self.gap[enough]).max()) if enough.any() else float("nan")


def calibration_table(
    probability: Float[np.ndarray, " pair"], edge: Bool[np.ndarray, " pair"], *, n_bins: int = 10
) -> CalibrationTable:
    """Edge probabilities against edges, in bins of equal width: 0 to 0.1, ..., 0.9 to 1.

    Args:
        probability: That each pair is an edge, 0 to 1.
        edge: Which pairs are.
        n_bins: How many bins.

    Raises:
        InputError: If a probability is not one.

    Example:
        >>> table = calibration_table(np.array([0.05, 0.05, 0.95]), np.array([False, True, True]))
        >>> table.n_pairs[[0, 9]], round(table.expected_error, 3)
        (array([2, 1]), 0.317)

    Source:
        Guo et al., On calibration of modern neural networks, ICML (2017), eq. 3, for one class.
    """
    wrong = ~((probability >= 0) & (probability <= 1))
    if wrong.any():
        raise InputError(
            f"`probability` must be between 0 and 1; {int(wrong.sum())} of {wrong.size} are not, "
            f"the first is {probability[wrong][0]}. Give edge probabilities, not weights."
        )
    at = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    n_pairs = np.bincount(at, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(at, probability, n_bins) / n_pairs
        observed = np.bincount(at, edge, n_bins) / n_pairs
    ends = np.linspace(0, 1, n_bins + 1)
    return CalibrationTable(ends[:-1], ends[1:], n_pairs, mean, observed)
