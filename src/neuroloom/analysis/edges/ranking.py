"""Scores of a ranking of pairs: are the edges on top, in the right order, with the right sign?"""

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from neuroloom.analysis.scores import correlation
from neuroloom.errors import InputError

__all__ = ["precision_at", "sign_accuracy", "spearman"]


def precision_at(
    score: Float[np.ndarray, " pair"], edge: Bool[np.ndarray, " pair"], k: int
) -> float:
    """Share of edges among the k pairs of largest score, 0 to 1. Chance is the prevalence.

    Where pairs tie for the last places, it is the mean over all ways of choosing among them: a
    sparse estimate that names fewer than k pairs guesses the rest.

    Args:
        score: Larger means more likely an edge.
        edge: Which pairs are edges.
        k: How many pairs, 1 to all; with k the number of edges, precision equals recall.

    Raises:
        InputError: If k is out of range.

    Example:
        >>> precision_at(np.array([3.0, 2.0, 1.0]), np.array([True, False, True]), 2)
        0.5
    """
    if not 1 <= k <= score.size:
        raise InputError(
            f"`k` must be 1 to the {score.size} pairs there are; got {k}. Take the number of pairs "
            "whose edges are looked at first."
        )
    last = np.sort(score)[-k]
    above, tied = score > last, score == last
    share = edge[tied].mean()
    return float((edge[above].sum() + (k - above.sum()) * share) / k)


def sign_accuracy(
    estimate: Float[np.ndarray, " pair"], truth: Float[np.ndarray, " pair"]
) -> tuple[float, float]:
    """Share of edges whose sign is right, 0 to 1: of all edges, and of those not estimated as 0.

    An estimate of exactly 0 has no sign and counts as wrong in the first. The second says how far
    to trust the signs that are given; NaN where none is.

    Args:
        estimate: Any unit.
        truth: Pairs of truth 0 are left out.

    Example:
        >>> sign_accuracy(np.array([0.2, -0.1, 0.0, 9.0]), np.array([1.0, 1.0, 1.0, 0.0]))
        (0.3333333333333333, 0.5)
    """
    edge = truth != 0
    right = np.sign(estimate[edge]) == np.sign(truth[edge])
    given = estimate[edge] != 0
    of_all = float(right.mean()) if edge.any() else float("nan")
    return of_all, float(right[given].mean()) if given.any() else float("nan")


def spearman(x: Float[np.ndarray, " pair"], y: Float[np.ndarray, " pair"]) -> float:
    """Spearman's rank correlation, -1 to 1; ties share their mean rank. NaN if one is constant.

    Source:
        Equal to SciPy's `spearmanr`, tested.
    """
    return float(correlation(stats.rankdata(x), stats.rankdata(y))[0])
