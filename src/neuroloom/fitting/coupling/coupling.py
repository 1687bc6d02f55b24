"""What a closed form says of who drives whom: linear kernels between neurons, and a forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling.drive import drive_of
from neuroloom.fitting.coupling.lagged import LaggedMoments

__all__ = ["Coupling"]


@dataclass(frozen=True, eq=False)
class Coupling:
    r"""Linear coupling over a few steps of the past.

    $$\hat x_t = c + \sum_{l=1}^{p} A_l x_{t-l} + \sum_{l=1}^{p} C_l b_{t-l}$$

    Attributes:
        weight: A, in units of the neuron driven per unit of the neuron that drives it. The
            diagonal is a neuron's own past.
        behavior_weight: C, per unit of each channel.
        intercept: c, in the unit of activity.
        chosen: What the fit chose for itself, such as a penalty, by name.
    """

    weight: Float[np.ndarray, "lag post pre"]
    behavior_weight: Float[np.ndarray, "lag post channel"]
    intercept: Float[np.ndarray, " post"]
    chosen: dict[str, float]

    @property
    def n_lags(self) -> int:
        """Steps of the past that predict."""
        return len(self.weight)

    @property
    def connectivity(self) -> Float[np.ndarray, "post pre"]:
        """Coupling one step back, without the diagonal: what a directed connection would do."""
        found = self.weight[0].copy()
        np.fill_diagonal(found, 0.0)
        return found

    def predict(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Float[np.ndarray, "trial time neuron"]:
        """One-step forecasts: the entry at a step uses the steps before it and nothing else.

        Args:
            activity: Of the same neurons, in the same order and unit.
            behavior: Of the same channels, if there were any.

        Returns:
            NaN in the first `n_lags` steps of each trial, and where the past is not observed.

        Raises:
            InputError: If neurons or channels are not those of the fit, by number.
        """
        return drive_of(
            activity,
            behavior,
            weight=self.weight,
            behavior_weight=self.behavior_weight,
            intercept=self.intercept,
        )

    @staticmethod
    def of_coefficients(
        coefficient: Float[np.ndarray, "predictor neuron"],
        moments: LaggedMoments,
        chosen: dict[str, float],
    ) -> Coupling:
        """Coefficients in the order of the predictors of `moments`, as kernels."""
        n, p = moments.n_neurons, moments.n_lags
        n_channels = (len(coefficient) - n * p) // p
        return Coupling(
            weight=np.swapaxes(coefficient[: n * p].reshape(p, n, n), 1, 2).copy(),
            behavior_weight=np.swapaxes(
                coefficient[n * p :].reshape(p, n_channels, n), 1, 2
            ).copy(),
            intercept=moments.now_mean - moments.past_mean @ coefficient,
            chosen=chosen,
        )
