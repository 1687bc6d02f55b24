"""What of a run's predictions is scored: the entries that were held out and measured."""

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

__all__ = ["binned", "ensemble_mean", "ensemble_spread", "held_out_entries", "over_time"]

Entries = Float[np.ndarray, "trial time neuron"]


def held_out_entries(predictions: xr.Dataset) -> Bool[np.ndarray, "trial time neuron"]:
    """Entries that were held out, measured and predicted.

    A file without `held_out` says that every predicted entry was held out.
    """
    known = np.isfinite(_values(predictions, "measured")) & np.isfinite(ensemble_mean(predictions))
    return known & (predictions["held_out"].to_numpy() > 0) if "held_out" in predictions else known


def ensemble_mean(predictions: xr.Dataset) -> Entries:
    """Mean over the members that are finite; NaN where none is. In the unit of the effect."""
    members = _values(predictions, "predicted")
    known = np.isfinite(members)
    total = np.where(known, members, 0.0).sum(-1)
    return np.where(known.any(-1), total / np.maximum(known.sum(-1), 1), np.nan)


def ensemble_spread(predictions: xr.Dataset) -> Entries:
    """Standard deviation over members; NaN where fewer than two are finite."""
    members = _values(predictions, "predicted")
    known = np.isfinite(members)
    count = known.sum(-1)
    apart = np.where(known, members - ensemble_mean(predictions)[..., None], 0.0)
    return np.where(count > 1, np.sqrt((apart**2).sum(-1) / np.maximum(count - 1, 1)), np.nan)


def over_time(values: Entries) -> Float[np.ndarray, "trial neuron"]:
    """Mean over the times that are finite; NaN where none is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(1)
    return np.where(known.any(1), total / np.maximum(known.sum(1), 1), np.nan)


def binned(by: Float[np.ndarray, " pair"], n_bins: int) -> list[np.ndarray]:
    """Positions of the entries in bins of nearly equal size, from small to large `by`.

    Equal values stay together, so there may be fewer bins.

    Example:
        >>> [part.tolist() for part in binned(np.array([3.0, 1.0, 2.0, 1.0]), 2)]
        [[1, 3], [2, 0]]
    """
    if by.size == 0:
        return []
    order = np.argsort(by, kind="stable")
    sorted_by = by[order]
    cuts = np.linspace(0, by.size, n_bins + 1).round().astype(int)[1:-1]
    cuts = np.unique(np.searchsorted(sorted_by, sorted_by[cuts], side="left"))
    return [part for part in np.split(order, cuts) if part.size]


def _values(predictions: xr.Dataset, name: str) -> np.ndarray:
    return predictions[name].to_numpy().astype(float)
