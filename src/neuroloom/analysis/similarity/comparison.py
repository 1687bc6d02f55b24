"""A similarity beside what unrelated populations would give, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from neuroloom.analysis.similarity.nulls import AbstractNull
from neuroloom.errors import InputError

__all__ = ["Measure", "Similarity", "compare_populations", "observed_samples"]

Measure = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True, eq=False)
class Similarity:
    """How alike two populations are.

    Attributes:
        value: Of the measure, in its unit.
        low: Lower end of the 95 % interval over blocks of time.
        high: Its upper end.
        null: The measure for each draw of the null.
        n_samples: Moments at which every neuron of both was observed.
        n_blocks: Blocks of time from which the interval is.
    """

    value: float
    low: float
    high: float
    null: Float[np.ndarray, " draw"]
    n_samples: int
    n_blocks: int

    @property
    def chance(self) -> float:
        """Median of the null, in the unit of the measure."""
        return float(np.median(self.null))

    @property
    def share_as_high(self) -> float:
        """Share of null draws at least as high, the value itself counted as one: a p value."""
        return float((1 + (self.null >= self.value).sum()) / (1 + self.null.size))

    def __str__(self) -> str:
        """Value, interval and null in a line."""
        bound = np.quantile(self.null, 0.95)
        return (
            f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}], null {self.chance:.3f} "
            f"(95 % below {bound:.3f}), p = {self.share_as_high:.3g}"
        )


def compare_populations(
    a: Float[np.ndarray, "trial time neuron"],
    b: Float[np.ndarray, "other_trial other_time other"],
    measure: Measure,
    *,
    null: AbstractNull,
    block: int,
    n_null: int = 200,
    n_draws: int = 200,
    rng: np.random.Generator,
) -> Similarity:
    r"""How alike two populations are at the same moments, with null and interval.

    The interval is that of half-samples: the measure on a random half of all blocks of time, many
    times; its spread around its own median is that of the whole. A bootstrap would draw moments
    twice, and two copies of a moment are perfectly alike, which alone raises a kernel alignment.

    Args:
        a: Activity in any unit; NaN where not observed. A moment counts when all of both are.
        b: Of another population at the same moments, such as a network that was shown the same.
        measure: `procrustes_similarity`, `linear_cka`, `rbf_cka` or any function of two arrays
            (sample, neuron); higher is more alike.
        null: `ShiftedInTime(least)` for time series, `Shuffled()` for other samples.
        block: Steps in a block, longer than what activity remembers.
        n_null: Draws of the null.
        n_draws: Half-samples.
        rng: For both.

    Raises:
        InputError: If trials or steps differ, there are fewer than 4 blocks, no draw is asked for,
            or as the measure and the null do.

    Example:
        >>> from neuroloom.analysis.similarity import Shuffled, linear_cka
        >>> rng = np.random.default_rng(0)
        >>> a = rng.normal(size=(1, 400, 5))
        >>> alike = compare_populations(a, a @ rng.normal(size=(5, 8)), linear_cka,
        ...     null=Shuffled(), block=10, n_null=99, rng=rng)
        >>> alike.value > 0.5, alike.share_as_high
        (True, 0.01)

    Source:
        Half-samples: Politis and Romano, Ann. Stat. 22 (1994), subsampling; at half the sample the
        spread needs no other scale.
    """
    if a.shape[:2] != b.shape[:2]:
        raise InputError(
            f"`a` and `b` must have the same trials and steps; got {a.shape[:2]} and "
            f"{b.shape[:2]}. Run the network on the inputs of the recording."
        )
    if block < 1 or n_null < 1 or n_draws < 2:
        raise InputError(
            "`block` and `n_null` must be at least 1 and `n_draws` at least 2; got "
            f"{block}, {n_null} and {n_draws}. Use 200 draws each."
        )
    n_trials, n_steps = a.shape[:2]
    value = measure(*observed_samples(a, b))
    seen = _seen(a, b)
    blocks = _blocks(seen, block)
    if len(blocks) < 4:
        raise InputError(
            f"There must be at least 4 blocks of {block} steps with observed moments; got "
            f"{len(blocks)}. Use shorter blocks or longer recordings."
        )
    flat_a, flat_b = a.reshape(-1, a.shape[2]), b.reshape(-1, b.shape[2])
    halves = np.empty(n_draws)
    for draw in range(n_draws):
        chosen = rng.choice(len(blocks), len(blocks) // 2, replace=False)
        samples = np.concatenate([blocks[n] for n in chosen])
        halves[draw] = measure(flat_a[samples], flat_b[samples])
    low, middle, high = np.quantile(halves, [0.025, 0.5, 0.975])
    others = np.empty(n_null)
    for draw in range(n_null):
        order = null.order(n_trials, n_steps, rng=rng)
        moved = np.take_along_axis(b, order[:, :, None], axis=1)
        others[draw] = measure(*observed_samples(a, moved))
    return Similarity(
        value, value + low - middle, value + high - middle, others, int(seen.sum()), len(blocks)
    )


def observed_samples(
    a: Float[np.ndarray, "trial time neuron"], b: Float[np.ndarray, "trial time other"]
) -> tuple[Float[np.ndarray, "sample neuron"], Float[np.ndarray, "sample other"]]:
    """Moments at which all of both were observed, trials one after the other."""
    seen = _seen(a, b)
    return a[seen], b[seen]


def _seen(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(a).all(axis=2) & np.isfinite(b).all(axis=2))


def _blocks(seen: np.ndarray, block: int) -> list[Int[np.ndarray, " sample"]]:
    """Places of observed moments, by block of a trial; none crosses the end of a trial."""
    n_trials, n_steps = seen.shape
    place = np.arange(n_trials * n_steps).reshape(n_trials, n_steps)
    pieces = [
        place[trial, start : start + block][seen[trial, start : start + block]]
        for trial in range(n_trials)
        for start in range(0, n_steps, block)
    ]
    return [piece for piece in pieces if piece.size]
