"""Forecasts from the few directions in which the population moves most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.baselines.constant import mean_of
from neuroloom.fitting.baselines.forecast import Activity, Behavior, check_lags
from neuroloom.fitting.coupling import Coupling, Ridge
from neuroloom.fitting.coupling.drive import check_alike

__all__ = ["PrincipalComponents"]

VALIDATION = 0.2  # of the training time, its end, on which the number of components is chosen


@dataclass(frozen=True)
class PrincipalComponents:
    r"""An autoregression of the leading principal components, carried back to the neurons.

    $$s_t = V_k^\top (x_t - m) / \sigma, \qquad \hat x_t = m + \sigma V_k \hat s_t, \qquad
    \hat s_t = c + \sum_{l=1}^{p} B_l s_{t-l}$$

    What a neuron does by itself is not in it: it says how far a few shared signals go.

    Attributes:
        n_components: k; None chooses it on the last fifth of the training time.
        n_lags: p.
        penalty: That of the `Ridge` regression of the components; None chooses it likewise.
    """

    n_components: int | None = None
    n_lags: int = 2
    penalty: float | None = None

    def __post_init__(self) -> None:
        check_lags(self.n_lags)
        if self.n_components is not None and self.n_components < 1:
            raise InputError(
                f"`n_components` must be at least 1; got {self.n_components}. Leave it out to "
                "choose."
            )

    def fit(self, activity: Activity, behavior: Behavior = None) -> _FewDirections:
        """Fit to the frames in which all neurons are observed.

        Raises:
            InputError: If there are more components than neurons, or too few frames.
        """
        n_neurons = activity.shape[2]
        k = self.n_components
        if k is None:
            k = self._best(activity, behavior)
        if k > n_neurons:
            raise InputError(
                f"`n_components` must be at most the {n_neurons} neurons; got {k}. Leave it out to "
                "choose."
            )
        return self._fitted(activity, behavior, k)

    def _best(self, activity: Activity, behavior: Behavior) -> int:
        """By squared error over that of the mean on the end of the training time."""
        n_neurons = activity.shape[2]
        candidates = np.unique(np.round(np.geomspace(1, min(n_neurons, 50), 8))).astype(int)
        early, late = _end_of(activity)
        seen = None if behavior is None else np.where(early[..., None], behavior, np.nan)
        training = np.where(early[..., None], activity, np.nan)
        truth = np.where(late[..., None], activity, np.nan)
        variance = _mean_square(truth - mean_of(training))
        errors = []
        for k in candidates:
            predicted = self._fitted(training, seen, int(k)).predict(activity, behavior)
            square = _mean_square(predicted - truth)
            errors.append(np.mean(square[variance > 0] / variance[variance > 0]))
        return int(candidates[int(np.argmin(errors))])

    def _fitted(self, activity: Activity, behavior: Behavior, k: int) -> _FewDirections:
        center = mean_of(activity)
        sd = np.sqrt(mean_of((activity - center) ** 2))
        scaled = (activity - center) / np.where(sd > 0, sd, 1.0)
        whole = scaled[np.isfinite(scaled).all(axis=2)]
        if len(whole) <= k:
            raise InputError(
                f"Components must be fewer than the frames in which all neurons are observed; got "
                f"{k} and {len(whole)}. Leave out neurons that are seldom observed."
            )
        leading = np.linalg.eigh(whole.T @ whole / len(whole))[1][:, ::-1][:, :k]
        scores = scaled @ leading
        dynamics = Ridge(self.n_lags, self.penalty).fit(scores, behavior)
        chosen = {"components": float(k), **dynamics.chosen}
        return _FewDirections(leading, center, sd, dynamics, chosen)


@dataclass(frozen=True, eq=False)
class _FewDirections:
    leading: Float[np.ndarray, "neuron component"]
    center: Float[np.ndarray, " neuron"]
    sd: Float[np.ndarray, " neuron"]
    dynamics: Coupling
    chosen: dict[str, float]

    @property
    def n_lags(self) -> int:
        return self.dynamics.n_lags

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        n_channels = self.dynamics.behavior_weight.shape[2]
        check_alike(activity, behavior, n_neurons=len(self.center), n_channels=n_channels)
        scores = ((activity - self.center) / np.where(self.sd > 0, self.sd, 1.0)) @ self.leading
        return self.center + self.sd * (self.dynamics.predict(scores, behavior) @ self.leading.T)


def _mean_square(values: Activity) -> Float[np.ndarray, " neuron"]:
    known = np.isfinite(values)
    total = np.where(known, values, 0.0) ** 2
    return total.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)


def _end_of(activity: Activity) -> tuple[np.ndarray, np.ndarray]:
    """Frames before and in the last fifth, in the order of trial and time."""
    n_trials, n_steps, _ = activity.shape
    place = np.arange(n_trials * n_steps).reshape(n_trials, n_steps)
    late = place >= (1 - VALIDATION) * place.size
    return ~late, late
