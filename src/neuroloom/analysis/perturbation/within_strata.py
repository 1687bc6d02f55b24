"""Does a score beat another where trials are as many, or only because trials differ?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.analysis import scores
from neuroloom.analysis.response_scores import STRATA, Pairs
from neuroloom.errors import InputError

__all__ = ["StrataGain", "gain_within_strata"]


class StrataGain(NamedTuple):
    """One score's gain over another in detecting responses, without what trial counts give away.

    Attributes:
        value: Mean over strata of the difference in the measure.
        low: Lower end of its 95 % interval over resamples of stimulated neurons.
        high: Upper end.
        by_stratum: The difference in each stratum that has detected and undetected pairs.
    """

    value: float
    low: float
    high: float
    by_stratum: dict[str, float]


def gain_within_strata(
    score: Float[np.ndarray, " pair"],
    others: Sequence[Float[np.ndarray, " pair"]],
    pairs: Pairs,
    *,
    measure: scores.Measure = scores.auroc,
    n_resamples: int = 200,
    rng: np.random.Generator,
) -> StrataGain:
    """Gain of one score over others within strata of trial counts, on the same resamples.

    Detection is likelier where there are more trials: over all pairs, the number of trials alone
    ranks them. Within pairs of like numbers it has little to say.

    Args:
        score: Larger means that a response is likelier.
        others: What it is held against, such as the number of trials; of several, such as draws
            of a null wiring, the mean of their measures.
        pairs: What is scored, from `scored_pairs`.
        measure: Of `neuroloom.analysis.scores`: `auroc` or `average_precision`.
        n_resamples: Resamples of stimulated neurons with their homologs.
        rng: Randomness.

    Raises:
        InputError: If no stratum has detected and undetected pairs.
    """
    weight = scores.group_resamples(pairs.group, n_resamples=n_resamples, rng=rng)
    every = np.ones((1, len(pairs.detected)))
    values, resampled = {}, []
    for name, (low, high) in STRATA.items():
        inside = (pairs.n_trials >= low) & (pairs.n_trials <= high)
        detected = pairs.detected[inside]
        if not 0 < detected.sum() < detected.size:
            continue  # nothing to rank

        def gain(drawn: np.ndarray, inside=inside, detected=detected) -> np.ndarray:
            own, *theirs = (
                measure(one[inside], detected, drawn[:, inside]) for one in (score, *others)
            )
            return own - np.mean(theirs, axis=0)

        values[name] = float(gain(every)[0])
        resampled.append(gain(weight))
    if not values:
        raise InputError(
            "A stratum of trial counts must hold detected and undetected pairs; none does, with "
            f"{int(pairs.detected.sum())} of {pairs.detected.size} pairs detected. Pool more "
            "recordings."
        )
    mean = np.mean(resampled, axis=0)
    ends = scores.interval(mean[np.isfinite(mean)])
    return StrataGain(float(np.mean(list(values.values()))), *ends, values)
