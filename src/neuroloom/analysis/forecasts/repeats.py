"""PSTH: the part of activity that comes back whenever the same is done."""

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.analysis.forecasts.next_step import neuron_scores
from neuroloom.errors import InputError

__all__ = ["condition_means", "psth_r2"]

Activity = Float[np.ndarray, "trial time neuron"]


def condition_means(
    activity: Activity, condition: Shaped[np.ndarray, " _"]
) -> Float[np.ndarray, "condition time neuron"]:
    """Mean over the trials of each condition, in the order of their sorted names; NaN is left out.

    Raises:
        InputError: If there is not one label a trial.
    """
    if len(condition) != len(activity):
        raise InputError(
            f"`condition` must be one label a trial; got {len(condition)} for {len(activity)} "
            "trials. Take the trial column of the recording."
        )
    place = np.unique(condition, return_inverse=True)[1]
    out = np.full((place.max() + 1, *activity.shape[1:]), np.nan)
    for one in range(len(out)):
        its = activity[place == one]
        n = np.isfinite(its).sum(axis=0)
        total = np.where(np.isfinite(its), its, 0.0).sum(axis=0)
        out[one] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return out


def psth_r2(
    predicted: Activity, measured: Activity, condition: Shaped[np.ndarray, " _"]
) -> Float[np.ndarray, " neuron"]:
    """Identity R2 of the condition means of each neuron, over conditions and times; at most 1.

    Args:
        predicted: Rates, single trials; NaN is left out, with what was measured there.
        measured: Spikes or activity in the same trials. Noise of a mean of few trials counts as
            error: smooth before, or read it against the same score of half of the trials.
        condition: What was done in each trial.

    Returns:
        NaN for a neuron whose means do not vary. The benchmark's number is the mean over neurons.

    Source:
        Pei et al., Neural Latents Benchmark '21 (2021): `r2_score` of condition means. Constant
        neurons count 0 or 1 there; here they are left out.
    """
    known = np.isfinite(predicted) & np.isfinite(measured)
    means = (condition_means(np.where(known, x, np.nan), condition) for x in (predicted, measured))
    return neuron_scores(*means)["identity_r2"].to_numpy()
