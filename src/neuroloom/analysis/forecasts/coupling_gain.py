"""Coupling gain: how much better a forecast is for being told about other neurons."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from neuroloom.analysis import scores
from neuroloom.analysis.forecasts.measures import ACTIVITY, Scoring
from neuroloom.analysis.forecasts.next_step import COLUMNS, head, scored_entries
from neuroloom.analysis.forecasts.resampling import AbstractResampling, OverBlocks, block_length
from neuroloom.analysis.forecasts.sums import add_up

__all__ = ["coupling_gain", "gain_blocks"]

Activity = Float[np.ndarray, "trial time neuron"]


def coupling_gain(
    coupled: Activity,
    uncoupled: Activity,
    measured: Activity,
    *,
    rng: np.random.Generator,
    scoring: Scoring = ACTIVITY,
    resampling: AbstractResampling | None = None,
    n_resamples: int = 1000,
    last: Activity | None = None,
    arm: str = "coupling gain",
    split: str = "held-out time",
    unit: str = "",
) -> pd.DataFrame:
    """Score of the coupled forecast less that of its control: one row a measure.

    Both are scored on the entries that both predict, and on the same resamples (paired). More is
    better, but for `mse` and `nll`, where a gain is below 0.

    Args:
        coupled: Forecast of the model with coupling.
        uncoupled: That of its control: the same model with A = 0, *fitted again*, or with the
            population shifted in time. Setting A to 0 in a fitted model is no control.
        measured: What happened.
        rng: Randomness of the resamples.
        scoring: `ACTIVITY` or `SPIKES`.
        resampling: Default: `OverBlocks` of the length that `gain_blocks` finds.
        n_resamples: How many.
        last: As in `forecast_scores`.
        arm: Name in the table.
        split: What was held out, in words.
        unit: Of the activity.

    Returns:
        Columns as in `forecast_scores`; `low` and `high` hold 95 % of the resampled gains.
    """
    arms = {"coupled": coupled, "uncoupled": uncoupled}
    entries = dict(scored_entries(arms, measured, scoring, last))
    if resampling is None:
        resampling = OverBlocks(gain_blocks(coupled, uncoupled, measured))
    drawn = resampling.draw(measured.shape, n_resamples=n_resamples, rng=rng)
    once = [add_up(its) for its in entries.values()]
    again = once if drawn.entry is None else [add_up(e, drawn.entry) for e in entries.values()]
    n = int((once[0]["n"] > 0).sum())
    rows = []
    for measure in scoring.measures:
        value = float(measure.reduced(once[0])[0] - measure.reduced(once[1])[0])
        with_it, without = (measure.reduced(sums, drawn.neuron) for sums in again)
        low, high = scores.interval(with_it - without)
        rows.append([arm, split, *head(measure, unit), value, low, high, n])
    return pd.DataFrame(rows, columns=COLUMNS)


def gain_blocks(coupled: Activity, uncoupled: Activity, measured: Activity) -> int:
    """Length of blocks for a paired difference, in samples: `block_length` of squared errors.

    The series is the difference of the squared errors, averaged over neurons.
    """
    known = np.isfinite(coupled) & np.isfinite(uncoupled) & np.isfinite(measured)
    difference = np.where(known, (coupled - measured) ** 2 - (uncoupled - measured) ** 2, 0.0)
    n = known.sum(axis=2)
    return block_length(np.where(n > 0, difference.sum(axis=2) / np.maximum(n, 1), np.nan))
