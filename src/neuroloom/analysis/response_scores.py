"""The score table of held-out responses: how well each arm ranks pairs and sizes their effect."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped
from scipy import stats

from neuroloom.analysis import scores
from neuroloom.analysis.coverage import ensemble_half_width
from neuroloom.analysis.evaluation import HeldOutPredictions, Prediction
from neuroloom.errors import InputError
from neuroloom.recording import Recording

__all__ = [
    "COLUMNS",
    "GAIN",
    "POOLED",
    "STRATA",
    "STRATA_MEAN",
    "Pairs",
    "beats",
    "score_responses",
    "scored_pairs",
]

COLUMNS = ["arm", "split", "measure", "unit", "value", "low", "high", "n"]
GAIN = "auroc_gain"  # of the default over this arm, on the same resamples
POOLED = "held-out stimulated, pooled"
STRATA_MEAN = "held-out stimulated, mean over trial counts"
STRATA = {
    "held-out stimulated, 1-3 trials": (1, 3),
    "held-out stimulated, 4-7 trials": (4, 7),
    "held-out stimulated, 8 or more trials": (8, np.iinfo(np.int64).max),
}


@dataclass(frozen=True)
class Pairs:
    """The (stimulated, responder) pairs that are scored, in one axis.

    Attributes:
        where: Which entries of the recording these are.
        detected: Whether q is below the threshold.
        measured: Mean response, in the unit of the recording.
        n_trials: Number of observations of each pair.
        group: Resampling unit: the stimulated neuron with its homologs.
    """

    where: Bool[np.ndarray, "trial time neuron"]
    detected: Bool[np.ndarray, " pair"]
    measured: Float[np.ndarray, " pair"]
    n_trials: Int[np.ndarray, " pair"]
    group: Shaped[np.ndarray, " pair"]


def scored_pairs(
    recording: Recording,
    held_out: Bool[np.ndarray, "trial time neuron"],
    group: Shaped[np.ndarray, " trial"],
    *,
    q_below: float = 0.05,
) -> Pairs:
    """The pairs that were held out, measured, and have a q value.

    Args:
        recording: Of kind `response`, with annotation `q` and numbers of observations.
        held_out: Entries held out in any fold.
        group: Resampling unit of each trial (stimulated neuron).
        q_below: A response is detected below this q value.

    Raises:
        InputError: If there are no q values or counts, or not both classes.
    """
    if "q" not in recording.annotations or recording.n_observations is None:
        raise InputError(
            "A response recording must have the annotation `q` and numbers of observations to be "
            f"scored for detection; its annotations are {sorted(recording.annotations)}. Add both "
            "to the file (see `neuroloom.recording.write_npz`)."
        )
    q = recording.annotations["q"]
    where = held_out & np.isfinite(q) & recording.observed
    detected = q[where] < q_below
    if detected.all() or not detected.any():
        raise InputError(
            f"Both detected and undetected responses must occur; {detected.sum()} of "
            f"{detected.size} held-out pairs have q < {q_below}. Hold out more stimulated neurons."
        )
    groups = np.broadcast_to(np.asarray(group)[:, None, None], where.shape)[where]
    return Pairs(
        where, detected, recording.activity[where], recording.n_observations[where], groups
    )


def score_responses(
    arms: Mapping[str, HeldOutPredictions],
    pairs: Mapping[str, Pairs],
    *,
    unit: str,
    n_resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a measurement: arm, split, measure, unit, value, low, high, n.

    Args:
        arms: Held-out predictions, by arm.
        pairs: What to score for each arm (its target may be another recording).
        unit: Unit of the effect.
        n_resamples: Resamples of stimulated neurons for the 95 % interval of an arm of one draw. An
            arm of several draws (null wirings) has the interval into which a further draw falls.
        rng: Randomness of the resamples.
    """
    weights = {}
    for chosen in pairs.values():
        if id(chosen) not in weights:
            weights[id(chosen)] = scores.group_resamples(
                chosen.group, n_resamples=n_resamples, rng=rng
            )
    rows = []
    for name, arm in arms.items():
        chosen = pairs[name]
        measured = [
            _measure(draw, chosen, weights[id(chosen)] if len(arm.draws) == 1 else None, unit)
            for draw in arm.draws
        ]
        for place, (split, measure, its_unit, n) in enumerate(measured[0]):
            if len(arm.draws) == 1:
                value, resampled = measured[0][split, measure, its_unit, n]
                low, high = scores.interval(resampled)
            else:
                values = np.array([list(m.values())[place][0] for m in measured])
                value, n = values.mean(), len(values)
                half = ensemble_half_width(values[None])[0]
                low, high = value - half, value + half
            rows.append([name, split, measure, its_unit, value, low, high, n])
    rows += _gains(arms, pairs, weights)
    return pd.DataFrame(rows, columns=COLUMNS)


def beats(own: float, null_high: float, gain_low: float) -> bool:
    """Whether the default beats a null by more than chance, the one rule of answer and report.

    It must lie above where a further draw of the null would fall, and its paired gain over the
    null, over resamples of stimulated neurons, must lie above 0.

    Args:
        own: The default's score.
        null_high: Upper end of the interval of the null's draws.
        gain_low: Lower end of the paired gain.

    Example:
        >>> beats(0.76, 0.71, 0.03), beats(0.76, 0.77, 0.01), beats(0.76, 0.75, -0.01)
        (True, False, False)
    """
    return own > null_high and gain_low > 0


def _gains(
    arms: Mapping[str, HeldOutPredictions],
    pairs: Mapping[str, Pairs],
    weights: Mapping[int, np.ndarray],
) -> list[list[object]]:
    """Pooled AUROC of the default minus that of each arm on the same pairs, resampled together.

    An arm of several draws enters with the mean over its draws.
    """
    shared = pairs.get("default")
    if shared is None or arms["default"].draws[0].probability is None:
        return []
    every = np.ones((1, len(shared.detected)))

    def area(arm: HeldOutPredictions, weight: np.ndarray) -> np.ndarray:
        chances = [draw.probability for draw in arm.draws]
        areas = [
            scores.auroc(chance[shared.where], shared.detected, weight)
            for chance in chances
            if chance is not None
        ]
        return np.mean(areas, axis=0)

    own, resampled = (area(arms["default"], w) for w in (every, weights[id(shared)]))
    rows: list[list[object]] = []
    for name, arm in arms.items():
        if name == "default" or pairs[name] is not shared or arm.draws[0].probability is None:
            continue
        value = float((own - area(arm, every))[0])
        low, high = scores.interval(resampled - area(arm, weights[id(shared)]))
        rows.append([name, POOLED, GAIN, "", value, low, high, len(shared.detected)])
    return rows


_Key = tuple[str, str, str, int]


def _measure(
    prediction: Prediction, pairs: Pairs, weight: np.ndarray | None, unit: str
) -> dict[_Key, tuple[float, np.ndarray]]:
    """Value and resampled values of every measure in every split."""
    effect = prediction.effect.mean(-1)[pairs.where]
    chance = prediction.probability
    found: dict[_Key, tuple[float, np.ndarray]] = {}
    strata: dict[str, list[tuple[float, np.ndarray]]] = {}
    splits = {POOLED: np.ones(len(effect), bool)} | {
        split: (pairs.n_trials >= low) & (pairs.n_trials <= high)
        for split, (low, high) in STRATA.items()
    }
    for split, inside in splits.items():
        if not inside.any():
            continue
        both = 0 < pairs.detected[inside].sum() < inside.sum()
        drawn = None if weight is None else weight[:, inside]
        measures: list[tuple[str, str, scores.Measure, np.ndarray, np.ndarray]] = []
        if chance is not None and both:
            p = chance[pairs.where][inside]
            measures += [
                ("auroc", "", scores.auroc, p, pairs.detected[inside]),
                ("auprc", "", scores.average_precision, p, pairs.detected[inside]),
                ("prevalence", "", scores.weighted_mean, p, pairs.detected[inside]),
            ]
            if split == POOLED and prediction.calibrated:
                truth = pairs.detected[inside].astype(float)
                measures.append(("brier", "", scores.mean_squared_error, p, truth))
        if np.isfinite(effect).all():
            x, y = effect[inside], pairs.measured[inside]
            measures.append(("correlation", "", scores.correlation, x, y))
            ranks = stats.rankdata(x), stats.rankdata(y)
            measures.append(("rank_correlation", "", scores.correlation, *ranks))
            if split == POOLED:
                measures += [
                    ("mse", f"({unit})^2", scores.mean_squared_error, x, y),
                    ("identity_r2", "", scores.identity_r2, x, y),
                ]
        for measure, its_unit, function, x, y in measures:
            value = float(function(x, y, np.ones((1, len(x))))[0])
            resampled = np.array([value]) if drawn is None else function(x, y, drawn)
            found[split, measure, its_unit, int(inside.sum())] = (value, resampled)
            if split != POOLED:
                strata.setdefault(measure, []).append((value, resampled))
    for measure, parts in strata.items():
        if len(parts) == len(STRATA):
            values, resampled = zip(*parts, strict=True)
            found[STRATA_MEAN, measure, "", len(effect)] = (
                float(np.mean(values)),
                np.mean(resampled, axis=0),
            )
    return found
