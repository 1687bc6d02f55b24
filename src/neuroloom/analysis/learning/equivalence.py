"""Whether two arms are as good as each other: not seeing a difference is not enough."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.learning.interval import Interval
from neuroloom.analysis.learning.paired import paired_difference
from neuroloom.errors import InputError

__all__ = ["Equivalence", "equivalence"]


class Equivalence(NamedTuple):
    """Whether a difference is shown to be smaller than what matters.

    Attributes:
        difference: Mean of a - b, with the interval that two one-sided tests of 5 % use (90 %).
        margin: What matters, in the same unit.
    """

    difference: Interval
    margin: float

    @property
    def equivalent(self) -> bool:
        """Whether the whole interval lies within the margin."""
        return -self.margin < self.difference.low and self.difference.high < self.margin

    @property
    def different(self) -> bool:
        """Whether the whole interval lies outside the margin."""
        return self.difference.low > self.margin or self.difference.high < -self.margin


def equivalence(
    a: Float[np.ndarray, " seed"],
    b: Float[np.ndarray, " same_seed"],
    *,
    margin: float,
    rng: np.random.Generator,
    n_resamples: int = 10_000,
) -> Equivalence:
    """Whether a and b differ by less than a margin; undecided where the interval crosses it.

    The margin must be chosen before the data are seen.

    Args:
        a: One value a seed.
        b: Of the same seeds, in the same order.
        margin: The largest difference that does not matter; above 0.
        rng: Randomness.
        n_resamples: How many resamples.

    Raises:
        InputError: If the margin is not above 0, or the arms are not pairs.

    Source:
        Schuirmann, J. Pharmacokinet. Biopharm. 15:657 (1987), two one-sided tests; here by the
        interval of `paired_difference`.
    """
    if not margin > 0:
        raise InputError(
            f"`margin` must be above 0; got {margin}. State the largest difference that does not "
            "matter, such as a tenth of the better arm's return."
        )
    return Equivalence(paired_difference(a, b, rng=rng, level=0.9, n_resamples=n_resamples), margin)
