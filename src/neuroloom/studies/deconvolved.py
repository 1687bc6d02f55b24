"""A second estimate of connections, from what goes into a slow sensor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling import Decay, EdgePosterior, Edges, fit_decay, own_scale

__all__ = ["DECONVOLVED", "Deconvolved", "DeconvolvedForecast", "deconvolved", "fit_deconvolved"]

DECONVOLVED = "edge posterior, deconvolved"

Activity = Float[np.ndarray, "trial time neuron"]
Behavior = Float[np.ndarray, "_ _ channel"] | None


@dataclass(frozen=True, eq=False)
class Deconvolved:
    """What deconvolved activity says, beside what the activity itself says.

    Attributes:
        decay: Of the sensor, as estimated.
        edges: Connections from deconvolved activity, each neuron on its own `scale`.
        scale: In the unit of activity.
        correlation: Of the effects of both estimates, off the diagonal; NaN where one has none.
    """

    decay: Decay
    edges: Edges
    scale: Float[np.ndarray, " neuron"]
    correlation: float


@dataclass(frozen=True, eq=False)
class DeconvolvedForecast:
    """A forecast of deconvolved activity, as one of the activity: what is left, and what goes in.

    Attributes:
        decay: Of the sensor.
        edges: From training data, deconvolved, each neuron on its own `scale`.
        scale: In the unit of activity.
    """

    decay: Decay
    edges: Edges
    scale: Float[np.ndarray, " neuron"]

    @property
    def n_lags(self) -> int:
        """Steps of the past that a forecast needs."""
        return self.edges.n_lags + self.decay.order

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        """One-step forecasts, in the unit of the activity."""
        into = self.decay.deconvolved(activity) / self.scale
        return self.decay.expected(activity) + self.edges.predict(into, behavior) * self.scale


def fit_deconvolved(
    activity: Activity,
    behavior: Behavior,
    method: EdgePosterior,
    order: int,
    rng: np.random.Generator,
) -> DeconvolvedForecast:
    """Decay and connections from the same activity.

    Args:
        activity: To learn from.
        behavior: On the same clock.
        method: Of the connections.
        order: Of the decay, 1 or 2.
        rng: Randomness.

    Raises:
        InputError: As `fit_decay` and `EdgePosterior.fit`.
    """
    decay = fit_decay(activity, order=order)
    into = decay.deconvolved(activity)
    scale = own_scale(into, behavior)
    method = replace(method, decay=0.0)
    return DeconvolvedForecast(decay, method.fit(into / scale, behavior, rng=rng), scale)


def deconvolved(
    beside: Edges,
    activity: Activity,
    behavior: Behavior,
    method: EdgePosterior,
    order: int,
    rng: np.random.Generator,
) -> Deconvolved:
    """Connections from deconvolved activity, held against those from the activity.

    Args:
        beside: Connections from the activity itself.
        activity: All frames.
        behavior: On the same clock.
        method: Of the connections.
        order: Of the decay, 1 or 2.
        rng: Randomness.

    Raises:
        InputError: As `fit_deconvolved`.
    """
    found = fit_deconvolved(activity, behavior, method, order, rng)
    off = ~np.eye(activity.shape[2], dtype=bool)
    both = np.stack([one.connectivity[off] for one in (beside, found.edges)])
    flat = (both.std(axis=1) == 0).any()
    correlation = float("nan") if flat else float(np.corrcoef(both)[0, 1])
    return Deconvolved(found.decay, found.edges, found.scale, correlation)
