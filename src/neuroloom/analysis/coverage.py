"""Intervals around predictions, and how often they hold what they promise."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy import stats

from neuroloom.errors import InputError

__all__ = ["achieved_coverage", "conformal_half_width", "ensemble_half_width"]


def conformal_half_width(
    error: Float[np.ndarray, " pair"],
    n_observations: Int[np.ndarray, " pair"],
    fold: Shaped[np.ndarray, " pair"],
    *,
    level: float = 0.95,
) -> Float[np.ndarray, " pair"]:
    r"""Half width of an interval for each held-out entry, from the errors of the other folds.

    $$h_i = \hat q \, / \sqrt{n_i}, \qquad
    \hat q = \text{the } \lceil (m + 1)\,\ell \rceil \text{-th smallest of } |e_k| \sqrt{n_k}$$

    over the m entries k outside the fold of i: a mean of few observations is less certain. The
    error of an entry never enters its own interval.

    Args:
        error: Predicted minus measured, of held-out entries.
        n_observations: Observations behind each measured entry, at least 1.
        fold: Fold in which each entry was held out; at least two.
        level: Nominal coverage, between 0 and 1.

    Returns:
        In the unit of `error`; infinite where the other folds have too few entries for the level.

    Raises:
        InputError: If there is one fold only, or an entry without observations.

    Source:
        Split conformal prediction; Vovk, Gammerman and Shafer, Algorithmic Learning in a Random
        World (2005); over folds as cross-conformal. Ours scales by the number of observations.
        Exact for exchangeable entries; pairs of one stimulated neuron are not, so print the
        achieved coverage beside the nominal.
    """
    if len(np.unique(fold)) < 2:
        raise InputError(
            "Conformal intervals must have at least two folds; got one. Hold out in folds."
        )
    if (n_observations < 1).any():
        raise InputError(
            f"Every entry must have at least one observation; {(n_observations < 1).sum()} have "
            "none. Leave them out."
        )
    scale = np.sqrt(n_observations)
    half = np.empty(len(error))
    for one in np.unique(fold):
        inside = fold == one
        other = np.sort(np.abs(error[~inside]) * scale[~inside])
        rank = int(np.ceil((len(other) + 1) * level))
        half[inside] = (other[rank - 1] if rank <= len(other) else np.inf) / scale[inside]
    return half


def ensemble_half_width(
    predicted: Float[np.ndarray, "pair member"], *, level: float = 0.95
) -> Float[np.ndarray, " pair"]:
    r"""Half width of the interval that a further member falls into, from the spread over members.

    $$h = t_{m-1,\,(1+\ell)/2}\; s \sqrt{1 + 1/m}$$

    Corrected for the size of the ensemble: with three members, +-2 SD would hold 77 %, not 95 %. It
    knows nothing of measurement noise or of what all members get wrong.

    Args:
        predicted: Predictions of at least two members.
        level: Nominal coverage of a further member.
    """
    n_members = predicted.shape[1]
    if n_members < 2:
        raise InputError(
            f"A spread must be taken over at least two members; got {n_members}. Fit more members."
        )
    quantile = stats.t.ppf((1 + level) / 2, n_members - 1)
    return quantile * predicted.std(axis=1, ddof=1) * np.sqrt(1 + 1 / n_members)


def achieved_coverage(
    error: Float[np.ndarray, " pair"], half_width: Float[np.ndarray, " pair"]
) -> float:
    """Fraction of entries whose error is within the half width.

    Example:
        >>> achieved_coverage(np.array([0.1, -0.5]), np.array([0.2, 0.2]))
        0.5
    """
    inside: Bool[np.ndarray, " pair"] = np.abs(error) <= half_width
    return float(inside.mean())
