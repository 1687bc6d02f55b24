"""What a forecast did at every entry, in terms that add up: any resample is then a product."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Num
from scipy.special import gammaln, xlogy

from neuroloom.errors import InputError

__all__ = [
    "LEAST_RATE",
    "Entries",
    "Sums",
    "activity_entries",
    "add_up",
    "spike_entries",
]

Activity = Float[np.ndarray, "trial time neuron"]
Predicted = Float[np.ndarray, "_ _ _"]  # its shape is checked against what was measured
Entries = Mapping[str, Float[np.ndarray, "entry neuron"]]
Sums = Mapping[str, Float[np.ndarray, "resample neuron"]]

LEAST_RATE = 1e-9  # spikes per bin; stands for 0 in a logarithm
ROWS = 200  # resamples added up at once
CONSTANT = 1e-9  # of the largest value: a spread below it is rounding


def activity_entries(predicted: Predicted, measured: Activity, last: Activity) -> Entries:
    """Count, values, products and squared errors of each entry, for continuous activity.

    Args:
        predicted: Any unit. NaN where nothing was predicted (the first lags); not scored there.
        measured: The same unit. NaN where not observed; not scored there.
        last: The frame that copying the last one would predict. NaN: the entry is left out of
            the skill, on both sides.

    Raises:
        InputError: If shapes differ or a prediction is infinite.
    """
    scored = _scored(predicted, measured)
    p, m = _centered(predicted, scored), _centered(measured, scored)
    error = np.where(scored, predicted - measured, 0.0) ** 2
    copied = scored & np.isfinite(last)
    copy_error = np.where(copied, last - measured, 0.0) ** 2
    entries = {
        "n": scored.astype(np.float64),
        "predicted": p,
        "measured": m,
        "predicted_squared": p * p,
        "measured_squared": m * m,
        "product": p * m,
        "error": error,
        "error_copied": np.where(copied, error, 0.0),
        "copy_error": copy_error,
    }
    return {name: _flat(values) for name, values in entries.items()}


def spike_entries(predicted: Predicted, measured: Activity, last: Activity) -> Entries:
    r"""Count, spikes and negative log likelihood of each entry, for spike counts.

    $$\mathrm{NLL} = \mu - n \log \mu + \log n!$$

    Args:
        predicted: Rates mu, in spikes per bin, at least 0; 0 counts as 1e-9. NaN is not scored.
        measured: Spikes n of each bin, at least 0. NaN is not scored.
        last: Not used; there so that both kinds of entries are made alike.

    Raises:
        InputError: If shapes differ, a rate is infinite or negative, or a count is no whole number.
    """
    del last
    scored = _scored(predicted, measured)
    if (predicted[scored] < 0).any():
        raise InputError(
            f"Rates must be at least 0 spikes per bin; {(predicted[scored] < 0).sum()} are "
            "negative. Score what comes after the link function."
        )
    n = np.where(scored, measured, 0.0)
    if (n < 0).any() or (n != np.round(n)).any():
        raise InputError(
            f"Spikes must be whole numbers, at least 0; {((n < 0) | (n != np.round(n))).sum()} are "
            "not. Score counts by bin, neither smoothed nor divided by the width of a bin."
        )
    rate = np.where(scored, predicted, 1.0)
    rate = np.where(rate == 0, LEAST_RATE, rate)
    log_factorial = gammaln(n + 1)
    nll = np.where(scored, rate - xlogy(n, rate) + log_factorial, 0.0)
    entries = {
        "n": scored.astype(np.float64),
        "spikes": n,
        "log_factorial": log_factorial,
        "saturated": n - xlogy(n, n) + log_factorial,
        "nll": nll,
    }
    return {name: _flat(values) for name, values in entries.items()}


def add_up(entries: Entries, weight: Num[np.ndarray, "resample entry"] | None = None) -> Sums:
    """Weighted sums over entries, one row a resample; one row in all without `weight`."""
    if weight is None:
        return {name: values.sum(axis=0, keepdims=True) for name, values in entries.items()}
    sums = {name: np.empty((len(weight), v.shape[1])) for name, v in entries.items()}
    for at in range(0, len(weight), ROWS):
        rows = slice(at, at + ROWS)
        w = weight[rows].astype(np.float64)
        for name, values in entries.items():
            sums[name][rows] = w @ values
    return sums


def _scored(predicted: Predicted, measured: Activity) -> Bool[np.ndarray, "trial time neuron"]:
    if predicted.shape != measured.shape:
        raise InputError(
            f"A forecast must have the shape of what was measured, {measured.shape}; got "
            f"{predicted.shape}. Put NaN where nothing was predicted."
        )
    scored = ~np.isnan(predicted) & np.isfinite(measured)
    bad = np.isinf(predicted) & scored
    if bad.any():
        raise InputError(
            f"Predictions must be finite where they are scored; {bad.sum()} are infinite. Leave a "
            "diverged model out before scoring, and say so."
        )
    if not scored.any():
        raise InputError(
            "A score must be taken over at least one entry; none is both predicted and observed. "
            "Check the lags of the forecast against the length of the trials."
        )
    return scored


def _centered(values: Activity, scored: Bool[np.ndarray, "trial time neuron"]) -> Activity:
    """Less the mean of each neuron over scored entries, 0 elsewhere; exactly 0 if constant."""
    known = np.where(scored, values, 0.0)
    mean = known.sum(axis=(0, 1)) / np.maximum(scored.sum(axis=(0, 1)), 1)
    centered = np.where(scored, values - mean, 0.0)
    varies = np.abs(centered).max(axis=(0, 1)) > CONSTANT * np.abs(known).max(axis=(0, 1))
    return centered * varies


def _flat(values: np.ndarray) -> Float[np.ndarray, "entry neuron"]:
    return values.reshape(-1, values.shape[-1])
