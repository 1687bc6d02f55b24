"""What coupling and behavior add up to in every frame, from the frames before it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["check_alike", "drive_of"]


def drive_of(
    activity: Float[np.ndarray, "trial time neuron"],
    behavior: Float[np.ndarray, "_ _ channel"] | None,
    *,
    weight: Float[np.ndarray, "lag post pre"],
    behavior_weight: Float[np.ndarray, "lag post channel"],
    intercept: Float[np.ndarray, " post"],
) -> Float[np.ndarray, "trial time neuron"]:
    """Intercept plus all weights times the past; NaN where the past is not known.

    Args:
        activity: Of the neurons of the fit.
        behavior: Of its channels, if there were any.
        weight: In units of the drive per unit of `pre`.
        behavior_weight: In units of the drive per unit of each channel.
        intercept: In the unit of the drive.

    Raises:
        InputError: If neurons or channels are not those of the fit, by number.
    """
    n_channels = behavior_weight.shape[2]
    check_alike(activity, behavior, n_neurons=len(intercept), n_channels=n_channels)
    out = np.full(activity.shape, np.nan)
    n, n_lags = activity.shape[1], len(weight)
    if n <= n_lags:
        return out
    out[:, n_lags:] = intercept
    for lag in range(1, n_lags + 1):
        rows = slice(n_lags - lag, n - lag)
        out[:, n_lags:] += activity[:, rows] @ weight[lag - 1].T
        if behavior is not None and n_channels:
            out[:, n_lags:] += behavior[:, rows] @ behavior_weight[lag - 1].T
    return out


def check_alike(
    activity: Float[np.ndarray, "_ _ _"],
    behavior: Float[np.ndarray, "_ _ _"] | None,
    *,
    n_neurons: int,
    n_channels: int,
) -> None:
    """Refuse to forecast other neurons or channels than those of the fit.

    Raises:
        InputError: If their numbers differ.
    """
    given = 0 if behavior is None else behavior.shape[2]
    if activity.shape[2] != n_neurons or given != n_channels:
        raise InputError(
            f"A forecast must be of the {n_neurons} neurons and {n_channels} channels of behavior "
            f"of the fit; got {activity.shape[2]} and {given}. Give the same, in the same order."
        )
