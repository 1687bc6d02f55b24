"""A fitted model run freely, with neurons perturbed on the way: any model that steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.perturbation.interventions import Clamp, Pulse
from neuroloom.errors import InputError
from neuroloom.fitting.baselines import AbstractForecast

__all__ = ["AbstractDynamics", "FromForecast", "perturbed", "response"]

History = Float[np.ndarray, "trial time neuron"]
Past = Float[np.ndarray, "trial lag neuron"]
Frame = Float[np.ndarray, "trial neuron"]


@runtime_checkable
class AbstractDynamics(Protocol):
    """Something fitted that goes on from a history, one frame after another.

    What it remembers between frames is its own: the last frames, or the state of a recurrent
    decoder.
    """

    def start(self, history: History) -> tuple[Any, Frame]:
        """Its memory after a history, and the frame that it expects next."""
        ...

    def step(self, memory: Any, frame: Frame) -> tuple[Any, Frame]:
        """Its memory after one more frame, and the frame that it expects then."""
        ...


@dataclass(frozen=True)
class FromForecast:
    """A one-step forecast, such as a `Coupling`, run on its own forecasts.

    Attributes:
        forecast: What was fitted.
        behavior: Where behavior stays meanwhile, a number a channel; empty without.
    """

    forecast: AbstractForecast
    behavior: tuple[float, ...] = ()

    def start(self, history: History) -> tuple[Past, Frame]:
        """The last frames that a forecast needs, and the first forecast.

        Raises:
            InputError: If the history is too short, or not observed to its end.
        """
        n_lags = max(self.forecast.n_lags, 1)
        past = history[:, -n_lags:].astype(float)
        if past.shape[1] < n_lags or not np.isfinite(past).all():
            raise InputError(
                f"`history` must end with {n_lags} observed steps; got {history.shape[1]} steps, "
                f"{int((~np.isfinite(past)).sum())} of the last values not observed. Give a longer "
                "one, or one of another time."
            )
        return past, self._next(past)

    def step(self, memory: Past, frame: Frame) -> tuple[Past, Frame]:
        """One frame later."""
        past = np.concatenate([memory[:, 1:], frame[:, None]], axis=1)
        return past, self._next(past)

    def _next(self, past: Past) -> Frame:
        window = np.concatenate([past, np.zeros_like(past[:, :1])], axis=1)
        cue = None
        if self.behavior:
            shape = (*window.shape[:2], len(self.behavior))
            cue = np.broadcast_to(np.array(self.behavior, float), shape)
        return self.forecast.predict(window, cue)[:, -1]


def perturbed(
    dynamics: AbstractDynamics,
    perturbations: Sequence[Pulse | Clamp],
    history: History,
    n_steps: int,
) -> Float[np.ndarray, "trial step neuron"]:
    """Activity in the unit of the model, in the steps after a history, as it would be then.

    A step is what the model expects, changed by the perturbations in their order; the model hears
    the changed frame.

    Args:
        dynamics: What goes on.
        perturbations: What is done to it; none of them is a free rollout.
        history: What was before.
        n_steps: How many steps, at least 1.

    Raises:
        InputError: If there is no step, or a perturbed neuron is not in the history.
    """
    beyond = [n for one in perturbations for n in one.neurons if n >= history.shape[2]]
    if n_steps < 1 or beyond:
        raise InputError(
            f"A rollout must have at least 1 step and perturb neurons 0 to {history.shape[2] - 1}; "
            f"got {n_steps} steps and neurons {beyond} beyond. Positions count from 0."
        )
    memory, expected = dynamics.start(history)
    frames = []
    for step in range(n_steps):
        if frames:
            memory, expected = dynamics.step(memory, frames[-1])
        frame = np.asarray(expected, float)
        for one in perturbations:
            frame = one.applied(frame, step)
        frames.append(frame)
    return np.stack(frames, axis=1)


def response(
    dynamics: AbstractDynamics,
    perturbations: Sequence[Pulse | Clamp],
    history: History,
    n_steps: int,
) -> Float[np.ndarray, "step post"]:
    """What perturbations change, in the unit of the model: perturbed less unperturbed rollout.

    The mean over the trials of the history. Of a linear model the response to pulses does not
    depend on the history, and that to several is the sum of those to each.

    Args:
        dynamics: What goes on.
        perturbations: What is done to it.
        history: What was before; several trials for a model that is not linear.
        n_steps: How many steps.

    Raises:
        InputError: As `perturbed`.

    Example:
        >>> from neuroloom.fitting.coupling import Coupling
        >>> a_drives_b = Coupling(np.array([[[0.0, 0.0], [0.5, 0.0]]]), np.zeros((1, 2, 0)),
        ...     np.zeros(2), {})
        >>> response(FromForecast(a_drives_b), [Pulse((0,))], np.zeros((1, 1, 2)), 3).tolist()
        [[1.0, 0.0], [0.0, 0.5], [0.0, 0.0]]
    """
    with_them, without = (
        perturbed(dynamics, given, history, n_steps) for given in (perturbations, ())
    )
    return (with_them - without).mean(axis=0)
