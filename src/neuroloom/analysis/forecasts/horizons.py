"""Scores of free-running rollouts against how far ahead they look."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from neuroloom.analysis.forecasts.measures import ACTIVITY, Scoring
from neuroloom.analysis.forecasts.next_step import common_entries, forecast_scores
from neuroloom.analysis.forecasts.resampling import AbstractResampling
from neuroloom.analysis.forecasts.sums import Predicted
from neuroloom.errors import InputError

__all__ = ["horizon_scores"]

Rollout = Float[np.ndarray, "origin step neuron"]


def horizon_scores(
    forecasts: Mapping[str, Predicted],
    measured: Rollout,
    last: Float[np.ndarray, "_ _"],
    *,
    rng: np.random.Generator,
    scoring: Scoring = ACTIVITY,
    resampling: AbstractResampling | None = None,
    n_resamples: int = 200,
    split: str = "held-out time",
    unit: str = "",
) -> pd.DataFrame:
    """`forecast_scores` at every step of a rollout, over all origins.

    Args:
        forecasts: By arm: what a model said of the `step` samples after each origin, having seen
            only what came up to it. Step 0 is the next sample.
        measured: What happened.
        last: The frame at the origin: what copying the last frame says at every step.
        rng: Randomness of the resamples; the same at every step.
        scoring: `ACTIVITY` or `SPIKES`.
        resampling: As in `forecast_scores`; `OverBlocks(length)` counts origins, in their order.
        n_resamples: How many.
        split: What was held out, in words.
        unit: Of the activity.

    Returns:
        Column `horizon` (samples ahead, 1 for the next), then those of `forecast_scores`. Steps at
        which no origin is scored are left out.

    Raises:
        InputError: If `last` is not one frame an origin.
    """
    if last.shape != (measured.shape[0], measured.shape[2]):
        raise InputError(
            f"`last` must be one frame an origin, {(measured.shape[0], measured.shape[2])}; got "
            f"{last.shape}. Take the samples at the origins."
        )
    common = common_entries(forecasts, measured)
    seed = rng.integers(2**63)
    tables = []
    for step in range(measured.shape[1]):
        if not common[:, step].any():
            continue
        table = forecast_scores(
            {arm: _origins_as_time(rollout[:, step]) for arm, rollout in forecasts.items()},
            _origins_as_time(measured[:, step]),
            rng=np.random.default_rng(seed),
            scoring=scoring,
            resampling=resampling,
            n_resamples=n_resamples,
            last=_origins_as_time(last),
            split=split,
            unit=unit,
        )
        table.insert(0, "horizon", step + 1)
        tables.append(table)
    if not tables:
        raise InputError(
            "Rollouts must be scored at one step at least; none is both predicted and observed. "
            "Start at origins after the first lags, with samples after them."
        )
    return pd.concat(tables, ignore_index=True)


def _origins_as_time(frames: Float[np.ndarray, "origin neuron"]) -> np.ndarray:
    return frames[None]
