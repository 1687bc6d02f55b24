"""What foretells P-EN1 without wiring: regressions on E-PG, and P-EN1 a step ago."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from neuroloom.studies.constrained_networks.heading.config import HeadingConfig
from neuroloom.studies.constrained_networks.heading.data import FlyData
from neuroloom.studies.constrained_networks.heading.rois import RoiMap

__all__ = ["fit_ridge", "previous_step", "with_turning", "without_turning"]

Features = Callable[[FlyData, HeadingConfig], Float[np.ndarray, "trial time feature"]]


def without_turning(fly: FlyData, config: HeadingConfig) -> Float[np.ndarray, "trial time feature"]:
    """E-PG of all regions."""
    del config
    return fly.epg


def with_turning(fly: FlyData, config: HeadingConfig) -> Float[np.ndarray, "trial time feature"]:
    """E-PG, E-PG times turns one way, E-PG times turns the other, and both turns."""
    turn = np.tanh(fly.turning / config.turn_scale)[..., None]
    one_way, other_way = np.maximum(turn, 0), np.maximum(-turn, 0)
    parts = [fly.epg, fly.epg * one_way, fly.epg * other_way, one_way, other_way]
    return np.concatenate(parts, axis=-1)


def fit_ridge(
    flies: Sequence[FlyData], features: Features, rois: RoiMap, config: HeadingConfig
) -> Callable[[FlyData], Float[np.ndarray, "trial time roi"]]:
    """A ridge regression of each P-EN1 region on what `features` makes of a fly.

    Args:
        flies: To train on.
        features: Their means in each fly are removed; standardized over training flies.
        rois: The regions.
        config: Its penalty is the number of samples over 1,000, times `ridge`.

    Returns:
        P-EN1 of a fly, about their mean.
    """

    def centered(fly: FlyData) -> Float[np.ndarray, "sample feature"]:
        x = features(fly, config)
        return (x - x.mean(axis=(0, 1))).reshape(-1, x.shape[-1])

    x = np.concatenate([centered(fly) for fly in flies])
    y = np.concatenate([fly.pen1.reshape(-1, fly.pen1.shape[-1]) for fly in flies])
    sd = x.std(axis=0)
    x = x / sd
    penalty = config.ridge * len(x) / 1_000 * np.eye(x.shape[1])
    weight = np.linalg.solve(x.T @ x + penalty, x.T @ y[:, rois.pen1_rois])

    def predict(fly: FlyData) -> Float[np.ndarray, "trial time roi"]:
        return (centered(fly) / sd @ weight).reshape(*fly.pen1.shape[:2], -1)

    return predict


def previous_step(fly: FlyData, rois: RoiMap) -> Float[np.ndarray, "trial time roi"]:
    """P-EN1 themselves, one step before: not a rival, because it sees what is asked for."""
    seen = fly.pen1[..., rois.pen1_rois]
    return np.concatenate([seen[:, :1], seen[:, :-1]], axis=1)
