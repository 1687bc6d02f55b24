"""Calcium undone: what goes into a slow sensor, by its decay, which the recording itself tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["Decay", "fit_decay"]

N_LAGS = 5
"""Lags of the autocovariance beyond those that noise touches, from which a decay is read."""
SLOWEST = 0.999


@dataclass(frozen=True, eq=False)
class Decay:
    r"""How a sensor forgets, the same for all neurons.

    $$c_t = \sum_{k=1}^{p} \gamma_k c_{t-k} + x_t, \qquad y_t = c_t + \epsilon_t$$

    Attributes:
        coefficient: gamma, one a step back.
    """

    coefficient: Float[np.ndarray, " lag"]

    @property
    def order(self) -> int:
        """p: 1 for a decay, 2 for a rise and a decay."""
        return len(self.coefficient)

    @property
    def slowest(self) -> float:
        """Share that is left after a step, in the long run; from 0 to below 1."""
        companion = np.eye(self.order, k=-1)
        companion[0] = self.coefficient
        return float(np.abs(np.linalg.eigvals(companion)).max())

    def deconvolved(
        self, activity: Float[np.ndarray, "trial time neuron"]
    ) -> Float[np.ndarray, "trial time neuron"]:
        r"""What went in, in the unit of the activity: $y_t - \sum_k \gamma_k y_{t-k}$.

        Noise of the sensor stays, and is now shared by neighboring steps with opposite signs.

        Args:
            activity: What was measured.

        Returns:
            NaN in the first `order` steps of each trial, and where a step or one before is NaN.
        """
        out = np.full(activity.shape, np.nan)
        n = activity.shape[1]
        if n > self.order:
            out[:, self.order :] = (
                activity[:, self.order :] - self.expected(activity)[:, self.order :]
            )
        return out

    def expected(
        self, activity: Float[np.ndarray, "trial time neuron"]
    ) -> Float[np.ndarray, "trial time neuron"]:
        """What is left of the steps before; NaN in the first `order` steps of each trial."""
        out = np.full(activity.shape, np.nan)
        n = activity.shape[1]
        if n > self.order:
            out[:, self.order :] = sum(
                one * activity[:, self.order - k : n - k]
                for k, one in enumerate(self.coefficient, start=1)
            )
        return out


def fit_decay(activity: Float[np.ndarray, "trial time neuron"], *, order: int = 1) -> Decay:
    r"""The decay that all neurons share, from autocovariances which noise does not touch.

    $$R(l) = \sum_{k=1}^{p} \gamma_k R(l - k), \qquad l = p + 1, \dots, p + 5$$

    White noise is in R(0) alone, which none of these equations has. They are solved together by
    least squares, every neuron's R over its own R(1). What goes in is taken to be forgotten within
    `order` steps: slow drive or coupling that lasts is taken for a slow sensor.

    Args:
        activity: What was measured; NaN where nothing was.
        order: 1 for an instant rise, 2 for a rise and a decay.

    Raises:
        InputError: If the order is another, trials are too short, or nothing decays.

    Source:
        Extended Yule-Walker equations; with an estimate of the noise in R(0) in their place:
        Friedrich, Zhou and Paninski, PLoS Comput. Biol. 13:e1005423 (2017).
    """
    if order not in (1, 2):
        raise InputError(f"`order` must be 1 or 2; got {order}. Use 1 for an instant rise.")
    most = order + N_LAGS
    if activity.shape[1] <= most:
        raise InputError(
            f"A decay is read from {most + 1} steps of a trial at least; there are "
            f"{activity.shape[1]}. Record longer trials."
        )
    covariance = _autocovariance(activity, most)
    usable = covariance[1] > 0
    if not usable.any():
        raise InputError(
            "At least one neuron must resemble its own last step; none does. What is not slow "
            "needs no deconvolution: leave it out."
        )
    scaled = covariance[:, usable] / covariance[1, usable]
    target = scaled[order + 1 :].ravel()
    past = np.stack([scaled[order + 1 - k : most + 1 - k].ravel() for k in range(1, order + 1)])
    coefficient = np.linalg.lstsq(past.T, target, rcond=None)[0]
    found = Decay(coefficient)
    if found.slowest <= 0:
        raise InputError(
            "Activity must decay; nothing of a step is left in the next. Leave deconvolution out."
        )
    if found.slowest > SLOWEST:  # a slow drift: roots are drawn in, all alike
        shrinkage = SLOWEST / found.slowest
        found = Decay(coefficient * shrinkage ** np.arange(1, order + 1))
    return found


def _autocovariance(activity: np.ndarray, most: int) -> Float[np.ndarray, "lag neuron"]:
    """Of each neuron at 0 to `most` steps, over the pairs of steps that are observed."""
    seen = np.isfinite(activity)
    n = np.maximum(seen.sum(axis=(0, 1)), 1)
    moved = np.where(seen, activity - np.where(seen, activity, 0.0).sum(axis=(0, 1)) / n, 0.0)
    found = []
    steps = activity.shape[1]
    for lag in range(most + 1):
        both = (seen[:, lag:] & seen[:, : steps - lag]).sum(axis=(0, 1))
        product = (moved[:, lag:] * moved[:, : steps - lag]).sum(axis=(0, 1))
        found.append(product / np.maximum(both, 1))
    return np.array(found)
