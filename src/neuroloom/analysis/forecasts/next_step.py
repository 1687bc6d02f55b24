"""Tables of scores: several forecasts of the same activity, all on the same entries."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from neuroloom.analysis import scores
from neuroloom.analysis.forecasts.measures import ACTIVITY, Measure, Scoring
from neuroloom.analysis.forecasts.resampling import AbstractResampling, OverNeurons
from neuroloom.analysis.forecasts.sums import Entries, Predicted, add_up
from neuroloom.errors import InputError

__all__ = [
    "COLUMNS",
    "common_entries",
    "forecast_scores",
    "head",
    "last_frame",
    "neuron_scores",
    "scored_entries",
]

Activity = Float[np.ndarray, "trial time neuron"]
COLUMNS = ["arm", "split", "measure", "reduction", "unit", "value", "low", "high", "n"]


def forecast_scores(
    forecasts: Mapping[str, Predicted],
    measured: Activity,
    *,
    rng: np.random.Generator,
    scoring: Scoring = ACTIVITY,
    resampling: AbstractResampling | None = None,
    n_resamples: int = 1000,
    last: Activity | None = None,
    split: str = "held-out time",
    unit: str = "",
) -> pd.DataFrame:
    """One row an arm and measure, with its reduction and a 95 % interval.

    Only entries that every arm predicts are scored, so that no arm gains by being silent where it
    is hard. All arms see the same resamples.

    Args:
        forecasts: Predictions by arm, of any unit (the same); NaN where an arm says nothing.
        measured: What happened, held out from all of them; NaN where not observed.
        rng: Randomness of the resamples.
        scoring: `ACTIVITY` (r, mse, skill, identity R2) or `SPIKES` (counts, rates per bin).
        resampling: `OverNeurons()` by default, or `OverBlocks(length)`.
        n_resamples: How many.
        last: The frame that copying the last one would predict. Default: the sample before, within
            the trial.
        split: What was held out, in words.
        unit: Of the activity.

    Returns:
        Columns `COLUMNS`; `n` is the number of neurons with a scored entry.
    """
    entries = scored_entries(forecasts, measured, scoring, last)
    drawn = (resampling or OverNeurons()).draw(measured.shape, n_resamples=n_resamples, rng=rng)
    rows = []
    for arm, its in entries:
        sums = add_up(its)
        again = sums if drawn.entry is None else add_up(its, drawn.entry)
        n = int((sums["n"] > 0).sum())
        for measure in scoring.measures:
            value = float(measure.reduced(sums)[0])
            low, high = scores.interval(measure.reduced(again, drawn.neuron))
            rows.append([arm, split, *head(measure, unit), value, low, high, n])
    return pd.DataFrame(rows, columns=COLUMNS)


def neuron_scores(
    predicted: Predicted,
    measured: Activity,
    *,
    scoring: Scoring = ACTIVITY,
    last: Activity | None = None,
) -> pd.DataFrame:
    """One row a neuron: its place, `n` scored entries, and every measure before any reduction.

    NaN: the neuron cannot be scored (never observed, constant, no spike). A constant forecast of a
    neuron that varies has r = 0.
    """
    ((_, entries),) = scored_entries({"": predicted}, measured, scoring, last)
    sums = add_up(entries)
    table = {"neuron": np.arange(measured.shape[2]), "n": sums["n"][0].astype(int)}
    return pd.DataFrame(table | {m.name: m.by_neuron(sums)[0] for m in scoring.measures})


def common_entries(
    forecasts: Mapping[str, Predicted], measured: Activity
) -> Bool[np.ndarray, "trial time neuron"]:
    """Where every arm predicts and the activity was observed.

    Raises:
        InputError: If there is no arm, or an arm has another shape.
    """
    if not forecasts:
        raise InputError("A table of scores must have at least one arm; got none. Add a forecast.")
    common = np.isfinite(measured)
    for arm, predicted in forecasts.items():
        if predicted.shape != measured.shape:
            raise InputError(
                f"Every forecast must have the shape of what was measured, {measured.shape}; "
                f"{arm!r} has {predicted.shape}. Put NaN where an arm says nothing."
            )
        common = common & ~np.isnan(predicted)
    return common


def last_frame(measured: Activity) -> Activity:
    """The sample before each, within its trial; NaN at the first and where it was not observed."""
    last = np.full(measured.shape, np.nan)
    last[:, 1:] = measured[:, :-1]
    return last


def scored_entries(
    forecasts: Mapping[str, Predicted], measured: Activity, scoring: Scoring, last: Activity | None
) -> Iterator[tuple[str, Entries]]:
    """Each arm, and terms that add up, on the entries that all arms predict.

    One arm at a time: terms are nine arrays of the size of the activity.
    """
    common = common_entries(forecasts, measured)
    kept = np.where(common, measured, np.nan)
    frame = last_frame(measured) if last is None else last
    for arm, predicted in forecasts.items():
        yield arm, scoring.entries(predicted, kept, frame)


def head(measure: Measure, unit: str) -> list[str]:
    """Name, reduction and unit of a measure, as they stand in a table."""
    its_unit = measure.unit
    if its_unit == "squared":
        its_unit = f"({unit})^2" if unit else ""
    return [measure.name, measure.reduction, its_unit]
