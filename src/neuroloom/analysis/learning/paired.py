"""Differences between two arms that share their seeds, with several rewired nulls a seed or one."""

import enum

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.learning.interval import Interval, interval_of, mean_interval, require_seeds
from neuroloom.errors import InputError

__all__ = ["Draws", "nested_difference", "paired_difference"]


class Draws(enum.Enum):
    """What the draws (rewired wirings, say) of different seeds have in common."""

    OWN = "each seed has its own draws"
    SHARED = "all seeds share the draws: draw k is one wiring"


def paired_difference(
    a: Float[np.ndarray, " seed"],
    b: Float[np.ndarray, " same_seed"],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 10_000,
) -> Interval:
    """Mean of a - b over seeds and its bootstrap interval, in the unit of both.

    Seeds are drawn, and with a seed both of its values: what a seed does to both arms (starts,
    noise of the search) cancels.

    Args:
        a: One value a seed.
        b: Of the same seeds, in the same order.
        rng: Randomness.
        level: Nominal coverage.
        n_resamples: How many resamples.

    Raises:
        InputError: If there are fewer than 2 seeds, other numbers of them, or values not finite.

    Source:
        Interval of `mean_interval` on the differences.
    """
    _require_pairs(a, b)
    return mean_interval(a - b, rng=rng, level=level, n_resamples=n_resamples)


def nested_difference(
    a: Float[np.ndarray, "seed draw"],
    b: Float[np.ndarray, "same_seed another_draw"],
    *,
    rng: np.random.Generator,
    draws: Draws = Draws.OWN,
    level: float = 0.95,
    n_resamples: int = 10_000,
) -> Interval:
    """Mean of a - b where an arm has several draws a seed, such as several rewired wirings.

    With draws of their own, seeds are drawn and each brings all its draws: seeds are what is
    independent, and their means already hold the spread of draws. (To draw again within seeds would
    count that spread twice.) Draws that all seeds share are drawn too, beside the seeds: three
    wirings trained from ten seeds are three wirings, not thirty. Measured at 95 % with 10 seeds and
    shared draws that spread as much as seeds or ten times as much: 88 and 66 % of intervals from
    two draws cover, 96 and 84 % from three, 94 to 99 % from five or more. With own draws, 94 to
    96 % do.

    Args:
        a: Seeds in rows, draws in columns; one column where there is but one.
        b: Of the same seeds, in the same order; as many draws as it has.
        rng: Randomness.
        draws: Whether seeds share draws.
        level: Nominal coverage.
        n_resamples: How many resamples.

    Raises:
        InputError: If there are fewer than 2 seeds, other numbers of them, or values not finite.

    Source:
        Davison and Hinkley, Bootstrap Methods (1997), section 3.8, and Owen, Ann. Appl. Stat.
        1:386 (2007) for two crossed factors; interval of `mean_interval`, in the crossed case by
        the smaller of both numbers.
    """
    _require_pairs(a, b)
    if draws is Draws.OWN:
        return mean_interval(a.mean(1) - b.mean(1), rng=rng, level=level, n_resamples=n_resamples)
    n = a.shape[0]
    seeds = _weights(n, n_resamples, rng)
    resampled = _crossed(a, seeds, rng) - _crossed(b, seeds, rng)
    n_least = min([n, *(x.shape[1] for x in (a, b) if x.shape[1] > 1)])
    return interval_of(resampled, float(a.mean() - b.mean()), n_least, level)._replace(n=n)


def _crossed(
    values: np.ndarray, seeds: Float[np.ndarray, "resample seed"], rng: np.random.Generator
) -> Float[np.ndarray, " resample"]:
    columns = _weights(values.shape[1], len(seeds), rng)
    return np.einsum("rs,sd,rd->r", seeds, values, columns, optimize=True)


def _weights(n: int, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n


def _require_pairs(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape[0] != b.shape[0]:
        raise InputError(
            f"Both arms must have the same seeds; got {a.shape[0]} and {b.shape[0]}. Pair them by "
            "seed, and leave out seeds that only one arm ran."
        )
    if 0 in (a.size, b.size):
        raise InputError(
            "Both arms must have at least one draw a seed; one has none. Train one wiring a seed."
        )
    require_seeds("a", a)
    require_seeds("b", b)
