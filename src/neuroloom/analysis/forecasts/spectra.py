"""Does a free-running rollout move at the right pace and size, whatever its phase?"""

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import signal

from neuroloom.analysis import scores
from neuroloom.analysis.forecasts.resampling import OverNeurons
from neuroloom.errors import InputError

__all__ = ["spectrum_error", "spectrum_scores"]

Activity = Float[np.ndarray, "trial time neuron"]
Rollout = Float[np.ndarray, "_ _ neuron"]  # trials and length may differ from the measured
REDUCTION = "mean over neurons"
LEAST_RATIO = 1e-6


def spectrum_error(
    rollout: Rollout, measured: Activity, *, window: int
) -> Float[np.ndarray, " neuron"]:
    r"""Hellinger distance of the normalized power spectra of each neuron, 0 (same) to 1 (disjoint).

    $$H_i = \sqrt{1 - \sum_f \sqrt{\hat p_i(f)\, \hat q_i(f)}}, \quad
    \sum_{f > 0} \hat p_i(f) = 1$$

    Spectra are Welch's (Hann window, half overlapping, mean of each segment removed), averaged over
    trials. Scale-free: read it beside the ratio of variances of `spectrum_scores`.

    Args:
        rollout: Long rollouts, after the start has been forgotten. Any number of trials.
        measured: Activity of the same neurons at the same rate. No NaN in either.
        window: Samples of a segment; it sets the resolution in frequency. Both need as many.

    Returns:
        1 where only one of both is constant (a rollout that has come to rest); 0 where both are.

    Raises:
        InputError: If something is NaN or shorter than the window.

    Source:
        Mikhaeil, Monfared and Durstewitz, NeurIPS 35 (2022), use a Hellinger distance of smoothed
        spectra; ours are smoothed by Welch's average instead of a Gaussian filter.
    """
    p, q = (_spectrum(x, window, name) for name, x in _named(rollout, measured))
    with np.errstate(invalid="ignore", divide="ignore"):
        overlap = np.sqrt(p / p.sum(axis=0) * (q / q.sum(axis=0))).sum(axis=0)
    distance = np.sqrt(np.clip(1 - overlap, 0.0, 1.0))
    still = (p.sum(axis=0) == 0), (q.sum(axis=0) == 0)
    return np.where(still[0] & still[1], 0.0, np.where(still[0] | still[1], 1.0, distance))


def spectrum_scores(
    rollout: Rollout,
    measured: Activity,
    *,
    window: int,
    rng: np.random.Generator,
    n_resamples: int = 1000,
) -> pd.DataFrame:
    """Spectrum error and size of fluctuations, means over neurons with intervals over neurons.

    Args:
        rollout: As in `spectrum_error`.
        measured: As in `spectrum_error`.
        window: As in `spectrum_error`.
        rng: Randomness of the resamples.
        n_resamples: How many.

    Returns:
        Columns `measure`, `reduction`, `unit`, `value`, `low`, `high`, `n`; rows `spectrum_error`
        and `log10_variance_ratio` (rollout over measured; 0 is right, 1 is ten times too much; a
        ratio below 1e-6 counts as that). Neurons whose measured activity is constant have none.
    """
    error = spectrum_error(rollout, measured, window=window)
    power, truth = (_variance(x) for x in (rollout, measured))
    log_ratio = np.full(power.shape, np.nan)
    moving = truth > 0
    log_ratio[moving] = np.log10(np.maximum(power[moving] / truth[moving], LEAST_RATIO))
    weight = OverNeurons().draw(measured.shape, n_resamples=n_resamples, rng=rng).neuron
    rows = []
    for name, values in (("spectrum_error", error), ("log10_variance_ratio", log_ratio)):
        known = np.isfinite(values)
        value, low, high = np.nan, np.nan, np.nan
        if known.any() and weight is not None:
            value = float(values[known].mean())
            total = (weight * known).sum(axis=1)
            mean = (weight * np.where(known, values, 0.0)).sum(axis=1) / np.maximum(total, 1)
            low, high = scores.interval(np.where(total > 0, mean, np.nan))
        rows.append([name, REDUCTION, "", value, low, high, int(known.sum())])
    return pd.DataFrame(rows, columns=["measure", "reduction", "unit", "value", "low", "high", "n"])


def _named(rollout: Rollout, measured: Activity) -> list[tuple[str, Rollout]]:
    return [("rollout", rollout), ("measured", measured)]


def _variance(activity: Rollout) -> Float[np.ndarray, " neuron"]:
    return activity.var(axis=1).mean(axis=0)


def _spectrum(activity: Rollout, window: int, name: str) -> Float[np.ndarray, "frequency neuron"]:
    if not np.isfinite(activity).all():
        raise InputError(
            f"`{name}` must be finite for a spectrum; {(~np.isfinite(activity)).sum()} of "
            f"{activity.size} samples are not. Take a stretch without gaps; leave diverged "
            "rollouts out, and say so."
        )
    if not 4 <= window <= activity.shape[1]:
        raise InputError(
            f"`window` must be 4 to {activity.shape[1]} samples, the length of `{name}`; got "
            f"{window}. Take longer stretches or a shorter window."
        )
    centered = activity - activity.mean(axis=1, keepdims=True)
    small = np.abs(centered).max(axis=(0, 1)) <= 1e-9 * np.abs(activity).max(axis=(0, 1))
    power = signal.welch(np.where(small, 0.0, centered), nperseg=window, axis=1)[1]
    return power.mean(axis=0)[1:]
