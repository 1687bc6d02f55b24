"""Lags and a slow sensor, chosen together: coupling of what goes into it, as a forecast of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.deconvolution import Decay, fit_decay
from neuroloom.fitting.coupling.lagged import LaggedMoments

__all__ = ["input_moments", "input_weight", "of_measured", "sensor_of", "through_sensor", "undone"]


def sensor_of(activity: Float[np.ndarray, "trial time neuron"]) -> float:
    """What is left in the next step of what a sensor shows in one, by `fit_decay`; 0 for none.

    Args:
        activity: What was measured.
    """
    try:
        return max(float(fit_decay(activity).coefficient[0]), 0.0)
    except InputError:  # nothing of a step is left in the next, or trials are short
        return 0.0


def input_moments(measured: LaggedMoments, decay: float) -> LaggedMoments:
    r"""Moments of what goes in, $x_t = y_t - \gamma y_{t-1}$, from those of what is measured.

    Args:
        measured: With two lags or more, and no behavior: one lag fewer is left.
        decay: gamma.
    """
    n, n_lags = measured.n_neurons, measured.n_lags - 1
    undo = _undo(n, n_lags, decay)
    last = slice(0, n)
    now = measured.now - decay * (measured.cross[last] + measured.cross[last].T)
    cross = undo @ (measured.cross - decay * measured.past[:, last])
    return LaggedMoments(
        now=now + decay**2 * measured.past[last, last],
        past=undo @ measured.past @ undo.T,
        cross=cross,
        now_mean=measured.now_mean - decay * measured.past_mean[last],
        past_mean=undo @ measured.past_mean,
        n_frames=measured.n_frames,
        n_lags=n_lags,
    )


def of_measured(
    coefficient: Float[np.ndarray, "predictor neuron"], n_lags: int, decay: float
) -> Float[np.ndarray, "measured neuron"]:
    """Coefficients of what is measured, one lag more, that forecast as these of what goes in."""
    n = coefficient.shape[1]
    found = _undo(n, n_lags, decay).T @ coefficient
    found[:n] += decay * np.eye(n)
    return found


def through_sensor(coupling: Coupling, decay: float) -> Coupling:
    r"""A forecast of what goes in, as one of what is measured.

    $$y_t = \gamma y_{t-1} + c + \sum_l B_l (y_{t-l} - \gamma y_{t-l-1}) + \sum_l C_l b_{t-l}$$

    Args:
        coupling: B, C and c.
        decay: gamma.
    """
    last = np.zeros((1, *coupling.weight.shape[1:]))
    weight = np.concatenate([coupling.weight, last])
    weight[1:] -= decay * coupling.weight
    weight[0] += decay * np.eye(weight.shape[1])
    behavior = np.concatenate(
        [coupling.behavior_weight, np.zeros_like(coupling.behavior_weight[:1])]
    )
    chosen = {**coupling.chosen, "decay": decay}
    return replace(coupling, weight=weight, behavior_weight=behavior, chosen=chosen)


def input_weight(weight: Float[np.ndarray, "lag neuron"], decay: float) -> np.ndarray:
    """Of every neuron on itself, by lag of what goes in; one lag fewer than of what is measured."""
    found = [weight[0] - decay]
    for lag in range(1, len(weight) - 1):
        found.append(weight[lag] + decay * found[-1])
    return np.array(found)


def undone(
    activity: Float[np.ndarray, "trial time neuron"], decay: float
) -> Float[np.ndarray, "trial time neuron"]:
    """What goes in; activity itself where nothing is slow."""
    return Decay(np.array([decay])).deconvolved(activity) if decay else activity


def _undo(n: int, n_lags: int, decay: float) -> np.ndarray:
    shape = (n_lags, n_lags + 1)
    return np.kron(np.eye(*shape) - decay * np.eye(*shape, k=1), np.eye(n))
