"""Which neurons send alike and which receive alike: classes found from noisy estimates."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from sklearn.cluster import KMeans

__all__ = ["classes_from", "starting_classes"]


def starting_classes(
    z: Float[np.ndarray, "neuron other"], n: int, rng: np.random.Generator
) -> Int[np.ndarray, " neuron"]:
    """Classes of neurons by how far their estimates stray above and below 0, by k-means.

    Args:
        z: Estimates over their standard errors, one row a neuron; NaN where there is none.
        n: Number of classes.
        rng: Where k-means starts.
    """
    if n == 1:
        return np.zeros(len(z), int)
    up = np.nanmean(np.maximum(z, 0) ** 2, axis=1)
    down = np.nanmean(np.minimum(z, 0) ** 2, axis=1)
    features = np.log(np.stack([up, down], axis=1) + 0.1)
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return KMeans(n, n_init="auto", random_state=int(rng.integers(2**31))).fit_predict(features)


def classes_from(
    log_likelihood: Float[np.ndarray, "group neuron"], before: Int[np.ndarray, " neuron"]
) -> Int[np.ndarray, " neuron"]:
    """The likeliest class of each neuron, classes weighted by their size so far."""
    n_classes, n = log_likelihood.shape
    share = (np.bincount(before, minlength=n_classes) + 1.0) / (n + n_classes)
    return np.argmax(log_likelihood + np.log(share)[:, None], axis=0)
