"""How far two distributions are apart, class by class, with intervals over cells."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from neuroloom.errors import InputError

__all__ = ["kolmogorov_smirnov", "mean_distance", "rank_among", "resampled_distance", "wasserstein"]

Groups = dict[str, np.ndarray]
Distance = Callable[[np.ndarray, np.ndarray], float]


def wasserstein(one: Float[np.ndarray, " cell"], other: Float[np.ndarray, " other"]) -> float:
    """Mean way that one distribution must be moved to be the other, in the unit of the values."""
    return float(stats.wasserstein_distance(one, other))


def kolmogorov_smirnov(
    one: Float[np.ndarray, " cell"], other: Float[np.ndarray, " other"]
) -> float:
    """Largest difference between the two cumulative distributions, 0 to 1."""
    result: Any = stats.ks_2samp(one, other)
    return float(result.statistic)


def mean_distance(one: Groups, other: Groups, distance: Distance) -> float:
    """Mean over classes, each counting the same however many cells it has.

    Args:
        one: Values of the cells of each class.
        other: The same classes.
        distance: Such as `wasserstein`.

    Raises:
        InputError: If the classes differ or one of them is empty.

    Example:
        >>> mean_distance({"a": np.zeros(9)}, {"a": np.full(5, 2.0)}, wasserstein)
        2.0
    """
    if one.keys() != other.keys() or not all(v.size for g in (one, other) for v in g.values()):
        sizes = [{name: values.size for name, values in g.items()} for g in (one, other)]
        raise InputError(
            "Both sides must have the same classes, with a cell in each; got cells per class "
            f"{sizes[0]} and {sizes[1]}. Leave out a class that one side lacks."
        )
    return float(np.mean([distance(one[name], other[name]) for name in one]))


def resampled_distance(
    one: Groups,
    other: Groups,
    distance: Distance,
    *,
    rng: np.random.Generator,
    n_resamples: int,
) -> tuple[float, float]:
    """Interval (95 %) of `mean_distance` over draws of the cells of both sides, with replacement.

    Draws are a little farther apart than the samples they come from, so that the interval leans
    upward.

    Args:
        one: Values of the cells of each class.
        other: The same classes.
        distance: Such as `wasserstein`.
        rng: Randomness.
        n_resamples: Draws.
    """

    def drawn(groups: Groups) -> Groups:
        return {name: rng.choice(values, values.size) for name, values in groups.items()}

    found = [mean_distance(drawn(one), drawn(other), distance) for _ in range(n_resamples)]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def rank_among(value: float, draws: Float[np.ndarray, " draw"]) -> float:
    """How often a draw is as small: (1 + draws at or below the value) / (1 + draws).

    A one-sided permutation p value; 19 draws are the fewest that can reach 0.05.

    Example:
        >>> rank_among(0.1, np.linspace(0.2, 0.9, 19))
        0.05

    Source:
        Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9:39 (2010).
    """
    return float((1 + (draws <= value).sum()) / (1 + len(draws)))
