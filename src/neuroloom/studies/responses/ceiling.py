"""How well could anything do? What single trials say of their own repeatability."""

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from neuroloom.analysis import scores
from neuroloom.analysis.response_scores import COLUMNS, POOLED, STRATA, Pairs
from neuroloom.recording import Recording

__all__ = ["AGREEMENT", "HALVES", "half_means", "split_half_ceiling"]

HALVES = "ceiling: half of the trials, pairs with 2 or more"
AGREEMENT = "ceiling: repeatability of the mean (Spearman-Brown), pairs with 2 or more"


def half_means(
    single: Float[np.ndarray, " row"],
    pair: Int[np.ndarray, " row"],
    n_pairs: int,
    *,
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, " pair"], Float[np.ndarray, " pair"]]:
    """Means over two random halves of the trials of each pair.

    Halves differ by at most one trial. NaN for a pair of fewer than two.

    Args:
        single: Single responses.
        pair: Which pair each belongs to, 0 to n_pairs - 1.
        n_pairs: Number of pairs.
        rng: Randomness.

    Example:
        >>> one, other = half_means(
        ...     np.array([1.0, 3.0, 7.0]), np.array([0, 0, 1]), 2, rng=np.random.default_rng(0))
        >>> sorted([float(one[0]), float(other[0])]), bool(np.isnan(one[1]))
        ([1.0, 3.0], True)
    """
    order = np.lexsort((rng.random(single.size), pair))
    ordered = pair[order]
    start = np.flatnonzero(np.r_[True, np.diff(ordered) > 0]) if single.size else np.zeros(0, int)
    rank = np.arange(single.size) - np.repeat(start, np.diff(np.r_[start, single.size]))
    means = []
    for half in (0, 1):
        inside = rank % 2 == half
        n = np.bincount(ordered[inside], minlength=n_pairs)
        total = np.bincount(ordered[inside], single[order][inside], minlength=n_pairs)
        means.append(np.where(n > 0, total / np.maximum(n, 1), np.nan))
    both = np.isfinite(means[0]) & np.isfinite(means[1])
    return np.where(both, means[0], np.nan), np.where(both, means[1], np.nan)


def split_half_ceiling(
    recording: Recording,
    pairs: Pairs,
    single: Float[np.ndarray, " row"],
    entry: Int[np.ndarray, " row"],
    *,
    n_splits: int = 20,
    rng: np.random.Generator,
) -> pd.DataFrame:
    r"""Rows of the score table that say what repetition of the experiment itself would reach.

    The |mean| of one half of a pair's trials ranks pairs by detection (an optimistic ceiling: the
    detection was decided with these trials too), and correlates with the mean of the other half.
    The correlation that a perfect prediction could reach with the mean over all trials follows as

    $$\sqrt{2 r / (1 + r)}$$

    Args:
        recording: For the shape of the entries.
        pairs: What is scored.
        single: Single responses, in the unit of the recording.
        entry: Flat position of each in the recording's activity.
        n_splits: Random splits; the interval holds 95 % of them.
        rng: Randomness.

    Source:
        Spearman, Br. J. Psychol. 3:271 (1910); Brown, ibid. 296.
    """
    place = np.full(recording.activity.size, -1)
    place[np.flatnonzero(pairs.where.ravel())] = np.arange(len(pairs.detected))
    inside = place[entry] >= 0
    found: dict[tuple[str, str, str], list[float]] = {}
    sizes: dict[tuple[str, str, str], int] = {}
    bounds = {POOLED: (1, np.inf)} | STRATA
    for _ in range(n_splits):
        one, other = half_means(single[inside], place[entry][inside], len(pairs.detected), rng=rng)
        for split, (low, high) in bounds.items():
            use = np.isfinite(one) & (pairs.n_trials >= low) & (pairs.n_trials <= high)
            if use.sum() < 3 or len(np.unique(pairs.detected[use])) < 2:
                continue
            r = float(scores.correlation(one[use], other[use])[0])
            reached = np.sqrt(max(2 * r / (1 + r), 0.0)) if r > -1 else 0.0
            values = {
                (HALVES, split, "auroc"): scores.auroc(np.abs(one[use]), pairs.detected[use])[0],
                (HALVES, split, "auprc"): scores.average_precision(
                    np.abs(one[use]), pairs.detected[use]
                )[0],
                (HALVES, split, "correlation"): r,
                (AGREEMENT, split, "correlation"): reached,
            }
            for key, value in values.items():
                found.setdefault(key, []).append(float(value))
                sizes[key] = int(use.sum())
    rows = [
        [*key, "", float(np.mean(values)), *scores.interval(np.array(values)), sizes[key]]
        for key, values in found.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
