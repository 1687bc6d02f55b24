"""How well held-out and observed neurons are predicted over time, neuron by neuron."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from neuroloom.analysis import scores
from neuroloom.errors import InputError
from neuroloom.recording import Recording

__all__ = [
    "COLUMNS",
    "HELD_OUT",
    "HELD_OUT_UNSEEN",
    "OBSERVED",
    "identification",
    "score_activity",
    "score_neurons",
]

COLUMNS = ["arm", "split", "measure", "unit", "value", "low", "high", "n"]
HELD_OUT = "held-out neurons"
HELD_OUT_UNSEEN = "held-out neurons, unseen time"
OBSERVED = "observed neurons"

MEASURES = ("correlation", "mse", "identity_r2", "identity_r2_median")
DECISIVE = "identity_r2_median"
EXPLAINED = 0.1  # median R2 of observed neurons below which nothing is explained

Activity = Float[np.ndarray, "trial time neuron"]


def score_neurons(
    predicted: Activity, recording: Recording, scored: Bool[np.ndarray, "trial time neuron"]
) -> pd.DataFrame:
    """Correlation, squared error and variance of each neuron over the scored entries.

    Args:
        predicted: In the unit of the recording. NaN is refused where an entry is scored.
        recording: What was measured.
        scored: Which entries count; those not observed never do.

    Returns:
        One row a neuron with three scored entries or more: `neuron` (position), `correlation`
        (0 where the prediction is constant: it says nothing), `mse`, `variance`, `n`.

    Raises:
        InputError: If a scored prediction is not finite.
    """
    scored = scored & recording.observed
    bad = ~np.isfinite(predicted[scored])
    if bad.any():
        raise InputError(
            f"Predictions must be finite where they are scored; {bad.sum()} are not. Leave "
            "diverged members out before scoring."
        )
    rows = []
    for neuron in range(recording.n_neurons):
        use = scored[:, :, neuron]
        if use.sum() < 3:
            continue
        x, y = predicted[:, :, neuron][use], recording.activity[:, :, neuron][use]
        r = float(scores.correlation(x, y)[0]) if x.std() > 1e-12 and y.std() > 0 else 0.0
        rows.append((neuron, r, float(((x - y) ** 2).mean()), float(y.var()), int(use.sum())))
    return pd.DataFrame(rows, columns=["neuron", "correlation", "mse", "variance", "n"])


def score_activity(
    arms: Mapping[str, Sequence[Activity]],
    recording: Recording,
    scored: Mapping[str, Bool[np.ndarray, "trial time neuron"]],
    *,
    n_resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a measurement: arm, split, measure, unit, value, low, high, n.

    `identity_r2` is 1 - squared error / variance, both summed over neurons: the few that vary most
    decide it; `identity_r2_median` is the median over neurons, the typical one. The interval of an
    arm of one draw resamples neurons; that of several (null wirings) holds 95 % of the draws.

    Args:
        arms: Predictions by arm, one array a draw.
        recording: What was measured.
        scored: For each split, which entries count.
        n_resamples: Resamples of neurons.
        rng: Randomness of the resamples.
    """
    unit = f"({recording.unit or recording.kind})^2"
    rows = []
    for split, entries in scored.items():
        weight = None
        for name, draws in arms.items():
            tables = [score_neurons(draw, recording, entries) for draw in draws]
            n = len(tables[0])
            if n == 0:
                continue
            if weight is None:
                weight = scores.group_resamples(np.arange(n), n_resamples=n_resamples, rng=rng)
            for measure in MEASURES:
                its_unit = unit if measure == "mse" else ""
                values = np.array([_pooled(t, measure, np.ones((1, n)))[0] for t in tables])
                spread = values if len(draws) > 1 else _pooled(tables[0], measure, weight)
                low, high = scores.interval(spread)
                count = len(draws) if len(draws) > 1 else n
                rows.append([name, split, measure, its_unit, values.mean(), low, high, count])
    return pd.DataFrame(rows, columns=COLUMNS)


def identification(table: pd.DataFrame, *, above: float) -> tuple[str, str]:
    """Whether the fit says what the held-out neurons do: a word and a sentence.

    *identified*: the median held-out neuron reaches at least `above` of the identity-line R2 of the
    median observed one, and beats every baseline and the upper end of every null wiring's spread.
    *not identified*: the observed neurons are explained (a median of at least 0.1) and one of these
    fails. *not explained*: not even the observed ones.

    Args:
        table: From `score_activity`, with arm `default`.
        above: Fraction of the observed R2 that held-out neurons must reach.
    """
    reached: dict[str, dict[str, float]] = {HELD_OUT: {}, OBSERVED: {}}
    for row in table.to_dict("records"):
        if row["measure"] == DECISIVE and row["split"] in reached:
            end = "high" if row["arm"].startswith("null: ") else "value"
            reached[row["split"]][row["arm"]] = float(row[end])
    observed, held_out = reached[OBSERVED]["default"], reached[HELD_OUT]["default"]
    controls = {
        arm: value
        for arm, value in reached[HELD_OUT].items()
        if arm.startswith(("null: ", "baseline: "))
    }
    best = max(controls, key=controls.__getitem__, default=None)
    figures = (
        f"the median identity-line R2 is {observed:.3f} on observed and {held_out:.3f} on "
        "held-out neurons"
        + ("" if best is None else f" (best control, {best}: {controls[best]:.3f})")
    )
    if observed < EXPLAINED:
        return (
            "not explained",
            f"Not explained: the fit misses even the observed neurons; {figures}.",
        )
    if held_out < above * observed:
        return "not identified", (
            "Not identified: the fit explains the observed neurons and misses the held-out ones; "
            f"{figures}."
        )
    if best is not None and held_out <= controls[best]:
        return "not identified", (
            "Not identified by the wiring: a control says as much of the held-out neurons; "
            f"{figures}."
        )
    return (
        "identified",
        f"Identified: what is known of the observed neurons carries over; {figures}.",
    )


def _pooled(
    table: pd.DataFrame, measure: str, weight: np.ndarray
) -> Float[np.ndarray, " resample"]:
    """A measure over neurons, one value a row of `weight`: how often each neuron was drawn."""
    variance, mse = table["variance"].to_numpy(), table["mse"].to_numpy()
    if measure == "identity_r2":
        size = table["n"].to_numpy()
        return 1 - weight @ (mse * size) / np.maximum(weight @ (variance * size), 1e-300)
    if measure == "identity_r2_median":
        r2 = 1 - mse / np.maximum(variance, 1e-300)
        return np.array([np.median(np.repeat(r2, row)) for row in weight.astype(int)])
    return (weight @ table[measure].to_numpy()) / weight.sum(1)
