"""Means over seeds with bootstrap intervals that are honest for few seeds."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from neuroloom.errors import InputError

__all__ = ["Interval", "interval_of", "mean_interval", "require_seeds"]


class Interval(NamedTuple):
    """A mean over seeds and where it may lie.

    Attributes:
        mean: The estimate.
        low: Low end.
        high: High end.
        n: Seeds that it rests on.
        level: How often such intervals hold the truth, nominally.
    """

    mean: float
    low: float
    high: float
    n: int
    level: float = 0.95

    @property
    def above_zero(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low > 0

    @property
    def below_zero(self) -> bool:
        """Whether the whole interval is below 0."""
        return self.high < 0


def mean_interval(
    values: Float[np.ndarray, " seed"],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 10_000,
) -> Interval:
    r"""Mean over seeds and its bootstrap interval, in the unit of the values.

    Quantiles of resampled means, at $\Phi(-\sqrt{n/(n-1)}\, t_{\alpha/2, n-1})$ in place of
    $\alpha/2$, because plain quantiles are too narrow for few seeds. Measured at 95 %: of
    intervals from 3, 5, 10 and 20 normal values 76, 91, 95 and 95 % cover (plain: 76, 83, 91, 93),
    of exponential ones 70, 86, 90 and 92 %.

    Args:
        values: One a seed; at least 2, finite.
        rng: Randomness.
        level: Nominal coverage, between 0 and 1.
        n_resamples: How many resamples.

    Raises:
        InputError: If there are fewer than 2 seeds, a value is not finite, or the level is not
            between 0 and 1.

    Source:
        Hesterberg, Am. Stat. 69:371 (2015), expanded percentile interval.
    """
    require_seeds("values", values)
    n = values.size
    bootstrapped = np.empty(n_resamples)
    block = max(1, 2_000_000 // n)
    for start in range(0, n_resamples, block):
        drawn = rng.integers(n, size=(min(block, n_resamples - start), n))
        bootstrapped[start : start + len(drawn)] = values[drawn].mean(1)
    return interval_of(bootstrapped, float(values.mean()), n, level)


def interval_of(
    bootstrapped: Float[np.ndarray, " resample"], estimate: float, n: int, level: float
) -> Interval:
    """The interval that bootstrapped estimates of `n` seeds give; see `mean_interval`.

    Args:
        bootstrapped: The estimate of each resample.
        estimate: The estimate itself.
        n: How many seeds were drawn from.
        level: Nominal coverage, between 0 and 1.

    Raises:
        InputError: If the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(
            f"`level` must lie between 0 and 1; got {level}. Use 0.95 for an interval of 95 %."
        )
    reach = np.sqrt(n / (n - 1)) * stats.t.ppf((1 + level) / 2, n - 1)
    tail = float(stats.norm.cdf(-reach))
    low, high = np.quantile(bootstrapped, [tail, 1 - tail])
    return Interval(estimate, float(low), float(high), n, level)


def require_seeds(name: str, values: np.ndarray) -> None:
    """Refuses fewer than two seeds, and values that are not finite.

    Raises:
        InputError: In both cases.
    """
    if values.shape[0] < 2:
        raise InputError(
            f"`{name}` must hold at least 2 seeds; got {values.shape[0]}. One run has no spread: "
            "run more seeds."
        )
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise InputError(
            f"`{name}` must be finite; {int(wrong.sum())} of {wrong.size} are not, the first of "
            f"seed {int(np.argwhere(wrong)[0][0])}. A run that failed must be counted with the "
            "return that it reached, not left out."
        )
