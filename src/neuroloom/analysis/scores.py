"""How good is a prediction? Scale-free and scale-bound measures, with resampled intervals.

All measures take arrays of one axis, ignore nothing (mask before calling) and accept `weight`, one
row a resample, so that an interval over stimulated neurons costs one sort and not one a resample.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int, Num, Shaped

from neuroloom.errors import InputError

__all__ = [
    "auroc",
    "average_precision",
    "correlation",
    "group_resamples",
    "identity_r2",
    "interval",
    "mean_squared_error",
    "weighted_mean",
]

Weights = Num[np.ndarray, "resample pair"]
Measure = Callable[[np.ndarray, np.ndarray, Weights], Float[np.ndarray, " resample"]]


def auroc(
    score: Num[np.ndarray, " pair"],
    label: Bool[np.ndarray, " pair"],
    weight: Weights | None = None,
) -> Float[np.ndarray, " resample"]:
    r"""Area under the ROC curve, 0 to 1; ties count one half. 0.5 is chance.

    $$\mathrm{AUROC} = P(s_+ > s_-) + \tfrac12 P(s_+ = s_-)$$

    Args:
        score: Larger means more likely positive. Any scale.
        label: Which pairs are positive.
        weight: One row a resample: how often each pair was drawn. Default: every pair once.

    Returns:
        One value a resample (one in all without `weight`); NaN where a resample has one class only.

    Example:
        >>> auroc(np.array([1.0, 2.0, 3.0]), np.array([False, True, True]))
        array([1.])

    Source:
        Hanley and McNeil, Radiology 143:29 (1982). Equal to scikit-learn's `roc_auc_score`, tested.
    """
    positive, negative = _class_weights(score, label, weight)
    below = np.cumsum(negative, axis=1) - negative
    with np.errstate(invalid="ignore", divide="ignore"):
        return (positive * (below + 0.5 * negative)).sum(1) / (positive.sum(1) * negative.sum(1))


def average_precision(
    score: Num[np.ndarray, " pair"],
    label: Bool[np.ndarray, " pair"],
    weight: Weights | None = None,
) -> Float[np.ndarray, " resample"]:
    r"""Area under the precision-recall curve, 0 to 1. Chance is the prevalence.

    $$\mathrm{AP} = \sum_k (R_k - R_{k-1})\, P_k$$

    Args:
        score: Larger means more likely positive.
        label: Which pairs are positive.
        weight: One row a resample, as in `auroc`.

    Returns:
        One value a resample; NaN where a resample has no positive pair.

    Source:
        Equal to scikit-learn's `average_precision_score`, tested.
    """
    positive, negative = (w[:, ::-1] for w in _class_weights(score, label, weight))
    hits, alarms = np.cumsum(positive, axis=1), np.cumsum(negative, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(hits + alarms > 0, hits / (hits + alarms), 0.0)
        return (positive * precision).sum(1) / positive.sum(1)


def correlation(
    predicted: Num[np.ndarray, " pair"],
    measured: Num[np.ndarray, " pair"],
    weight: Weights | None = None,
) -> Float[np.ndarray, " resample"]:
    """Pearson correlation, -1 to 1. Blind to scale and offset; read it beside the squared error.

    Args:
        predicted: Any unit.
        measured: Any unit.
        weight: One row a resample, as in `auroc`.

    Returns:
        One value a resample; NaN where one side is constant.
    """
    w = _unit_weights(predicted, weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        w = w / w.sum(1, keepdims=True)
        x, y = (v[None, :] - (w @ v)[:, None] for v in (predicted, measured))
        return (w * x * y).sum(1) / np.sqrt((w * x**2).sum(1) * (w * y**2).sum(1))


def mean_squared_error(
    predicted: Num[np.ndarray, " pair"],
    measured: Num[np.ndarray, " pair"],
    weight: Weights | None = None,
) -> Float[np.ndarray, " resample"]:
    """Mean squared difference, in the square of the measured unit."""
    w = _unit_weights(predicted, weight)
    return (w @ (predicted - measured) ** 2) / w.sum(1)


def weighted_mean(
    predicted: Num[np.ndarray, " pair"],
    measured: Shaped[np.ndarray, " pair"],
    weight: Weights | None = None,
) -> Float[np.ndarray, " resample"]:
    """Mean of the measured, whatever was predicted: the prevalence, where they are labels."""
    w = _unit_weights(predicted, weight)
    return (w @ measured) / w.sum(1)


def identity_r2(
    predicted: Num[np.ndarray, " pair"],
    measured: Num[np.ndarray, " pair"],
    weight: Weights | None = None,
) -> Float[np.ndarray, " resample"]:
    """1 - squared error / variance of the measured, about the line predicted = measured. At most 1.

    Nothing is fitted in between: a prediction of the right shape and wrong size can be far below 0.
    """
    w = _unit_weights(predicted, weight)
    mean = (w @ measured) / w.sum(1)
    spread = (w * (measured[None, :] - mean[:, None]) ** 2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (w @ (predicted - measured) ** 2) / spread


def group_resamples(
    group: Shaped[np.ndarray, " pair"], *, n_resamples: int, rng: np.random.Generator
) -> Int[np.ndarray, "resample pair"]:
    """How often each pair is drawn when whole groups are drawn with replacement.

    Pairs that share a stimulated neuron are not independent, so an interval resamples stimulated
    neurons (with their homologs), not pairs.

    Args:
        group: The group of each pair.
        n_resamples: How many resamples.
        rng: Randomness.

    Source:
        Cluster bootstrap; Davison and Hinkley, Bootstrap Methods (1997), section 3.8.
    """
    names, member = np.unique(group, return_inverse=True)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_resamples)
    return drawn[:, member]


def interval(values: Float[np.ndarray, " resample"], level: float = 0.95) -> tuple[float, float]:
    """Low and high end of the central interval of resampled values, NaN left out."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _unit_weights(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    if values.size == 0:
        raise InputError(
            "A score must be taken over at least one pair; got none. Check the mask: is anything "
            "both held out and measured?"
        )
    return np.ones((1, len(values))) if weight is None else weight.astype(np.float64)


def _class_weights(
    score: np.ndarray, label: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of positives and of negatives at each distinct score, ascending."""
    if not np.isfinite(score).all():
        raise InputError(
            f"Scores must be finite; {(~np.isfinite(score)).sum()} of {score.size} are not. A "
            "diverged member must be left out before scoring."
        )
    w = _unit_weights(score, weight)
    order = np.argsort(score, kind="stable")
    start = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    positive = np.where(label[order], w[:, order], 0.0)
    negative = w[:, order] - positive
    return np.add.reduceat(positive, start, axis=1), np.add.reduceat(negative, start, axis=1)
