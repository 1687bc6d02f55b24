"""Position from features directly, by a regression that knows no rate maps."""

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neuroloom.errors import InputError

__all__ = ["decode_regression", "nearest_neighbors", "ridge"]


def ridge() -> RidgeCV:
    """Ridge regression; the penalty, of 1e-3 to 1e3, is chosen on training data."""
    return RidgeCV(alphas=np.logspace(-3, 3, 13))


def nearest_neighbors(n_neighbors: int = 5) -> KNeighborsRegressor:
    """Mean position of the training samples with the nearest features, by inverse distance."""
    return KNeighborsRegressor(n_neighbors, weights="distance")


def decode_regression(
    features: Float[np.ndarray, "sample feature"],
    position: Float[np.ndarray, "sample axis"],
    new_features: Float[np.ndarray, "time new_feature"],
    regressor: BaseEstimator,
) -> Float[np.ndarray, "time axis"]:
    """Positions for new features, in the unit of the training positions.

    Features are scaled by mean and standard deviation of the training samples. NaN where a new
    feature is NaN.

    Args:
        features: For training, such as rates of boundary cells at grid positions.
        position: Where they were taken.
        new_features: To decode.
        regressor: `ridge()`, `nearest_neighbors()`, or any of scikit-learn.

    Raises:
        InputError: If a training sample is not finite, or features are of another number.
    """
    if features.shape[1] != new_features.shape[1]:
        raise InputError(
            f"`new_features` must have the {features.shape[1]} features of training; got "
            f"{new_features.shape[1]}. Evaluate the same cells."
        )
    bad = ~(np.isfinite(features).all(axis=1) & np.isfinite(position).all(axis=1))
    if bad.any():
        raise InputError(
            f"`features` and `position` must be finite for training; {bad.sum()} samples are not. "
            "Leave those samples out."
        )
    model = make_pipeline(StandardScaler(), regressor).fit(features, position)
    known = np.isfinite(new_features).all(axis=1)
    decoded = np.full((len(new_features), position.shape[1]), np.nan)
    if known.any():
        decoded[known] = model.predict(new_features[known]).reshape(-1, position.shape[1])
    return decoded
