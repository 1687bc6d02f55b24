"""What stands for dv/dt, and what it is regressed on: one object a choice."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["AbstractTarget", "CleanDerivative", "FiniteDifference", "MultiStep", "Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """The regression of all neurons before columns are picked; rows never cross trials.

    Attributes:
        target: What stands for dv/dt, per second times the unit of the state.
        state: v, as it is regressed on.
        rate: What each neuron sends, likewise.
        inputs: Known inputs, likewise.
        slope: Derivative of the rate at each single state, for corrections.
        lagged_state: v `lag` steps before the row begins; no column if no lag was asked for.
        lagged_rate: The same of the rate.
        n_steps: Steps that a row spans; residuals of rows less far apart go together.
        clean: Whether the target is free of the noise in `state`.
    """

    target: Float[np.ndarray, "time neuron"]
    state: Float[np.ndarray, "time neuron"]
    rate: Float[np.ndarray, "time neuron"]
    inputs: Float[np.ndarray, "time neuron"]
    slope: Float[np.ndarray, "time neuron"]
    lagged_state: Float[np.ndarray, "time lagged"]
    lagged_rate: Float[np.ndarray, "time lagged"]
    n_steps: int
    clean: bool


@dataclass(frozen=True)
class AbstractTarget(abc.ABC):
    """How dv/dt is had from activity."""

    @abc.abstractmethod
    def of(
        self, states: np.ndarray, steps: slice, trial: int, dt: float, columns: np.ndarray
    ) -> np.ndarray:
        """The target of the rows of one trial.

        Args:
            states: States of the trial, one more than steps.
            steps: Steps that rows may begin at.
            trial: Which trial it is.
            dt: Step, in seconds.
            columns: Places in the connectome of the neurons in `states`.
        """

    @property
    @abc.abstractmethod
    def n_steps(self) -> int:
        """How many steps a row spans."""

    def check(self, inputs: np.ndarray) -> None:
        """Refuse inputs that it does not fit.

        Raises:
            InputError: In `CleanDerivative`, where the shapes differ.
        """
        del inputs

    @property
    @abc.abstractmethod
    def sentence(self) -> str:
        """What it is, for the audit."""


@dataclass(frozen=True, eq=False)
class CleanDerivative(AbstractTarget):
    """The derivative itself, as only a simulator knows it: without the noise of the step.

    Attributes:
        dvdt: dv/dt at the begin of every step, in the shape of the inputs; per second.
    """

    dvdt: Float[np.ndarray, "*trial time neuron"]

    def check(self, inputs: np.ndarray) -> None:
        """Refuse a derivative of another shape, or that is not finite."""
        bad = int((~np.isfinite(self.dvdt)).sum())
        if self.dvdt.shape != inputs.shape or bad:
            raise InputError(
                f"`dvdt` must be finite and have the shape of the inputs, {inputs.shape}; it has "
                f"{self.dvdt.shape}, and {bad:,} values are not finite. Give the derivative at "
                "the begin of every step."
            )

    def of(
        self, states: np.ndarray, steps: slice, trial: int, dt: float, columns: np.ndarray
    ) -> np.ndarray:
        """The derivative as given."""
        del states, dt
        dvdt = self.dvdt.reshape(-1, *self.dvdt.shape[-2:])
        return dvdt[trial][steps, columns]

    @property
    def n_steps(self) -> int:
        """One."""
        return 1

    @property
    def sentence(self) -> str:
        """What it is."""
        return "target: the noise-free derivative, which no recording has"


@dataclass(frozen=True)
class FiniteDifference(AbstractTarget):
    r"""$(v_{t+1} - v_t) / \Delta t$: all that a recording has.

    Under noise in the state it is unbiased, and with Gaussian noise least squares on it is maximum
    likelihood; its noise is that of a step divided by dt. Under noise of observation v_t stands on
    both sides, and least squares is biased: see `NoiseCorrected`.
    """

    def of(
        self, states: np.ndarray, steps: slice, trial: int, dt: float, columns: np.ndarray
    ) -> np.ndarray:
        """Differences of neighbors."""
        del trial, columns
        return (np.diff(states, axis=0) / dt)[steps]

    @property
    def n_steps(self) -> int:
        """One."""
        return 1

    @property
    def sentence(self) -> str:
        """What it is."""
        return "target: forward differences"


@dataclass(frozen=True)
class MultiStep(AbstractTarget):
    r"""$(v_{t+n} - v_t) / (n \Delta t)$, on the mean of the regressors over these n steps.

    Exact for forward Euler. It averages noise of observation; but noise in the state enters both
    sides within the window, so that least squares is biased there. Rows overlap.

    Attributes:
        n: Steps, at least 1.
    """

    n: int

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int | np.integer) or self.n < 1:
            raise InputError(
                f"`n` must be a whole number of steps, at least 1; got {self.n!r}. One step is "
                "`FiniteDifference()`."
            )

    def of(
        self, states: np.ndarray, steps: slice, trial: int, dt: float, columns: np.ndarray
    ) -> np.ndarray:
        """Differences over n steps."""
        del trial, columns
        return ((states[self.n :] - states[: -self.n]) / (self.n * dt))[steps]

    @property
    def n_steps(self) -> int:
        """The window."""
        return self.n

    @property
    def sentence(self) -> str:
        """What it is."""
        return f"target: differences over {self.n} steps, on the mean of the regressors"


@no_type_check  # jaxtyping names of axes would bind over trials
def rows_of(
    states: np.ndarray,
    inputs: np.ndarray,
    dt: float,
    *,
    activation: Callable[[np.ndarray], np.ndarray],
    target: AbstractTarget,
    lag: int,
    columns: np.ndarray,
) -> Rows:
    """Rows of all trials, one after another.

    Args:
        states: (trial, time + 1, neuron), of the neurons that are needed.
        inputs: (trial, time, neuron); `inputs[k, t]` drives the step that begins at
            `states[k, t]`.
        dt: Step, in seconds.
        activation: From states to rates.
        target: What stands for the derivative.
        lag: How many steps before its row an instrument lies; 0 for none.
        columns: Places of these neurons in the connectome.
    """
    window = target.n_steps
    n_rows = inputs.shape[1] - window + 1 - lag
    if n_rows < 1:
        raise InputError(
            f"A trial must be longer than a row and its lag, {window + lag} steps; it has "
            f"{inputs.shape[1]}. Take a shorter window or lag."
        )
    steps = slice(lag, lag + n_rows)
    parts = []
    for trial, (v, u) in enumerate(zip(states, inputs, strict=True)):
        rate = np.asarray(activation(v), dtype=float)
        tiny = 1e-6 * max(float(np.abs(v).max()), 1.0)
        rise = np.asarray(activation(v + tiny)) - np.asarray(activation(v - tiny))
        none = np.zeros((n_rows, 0))
        parts.append(
            (
                np.asarray(target.of(v, steps, trial, dt, columns), dtype=float),
                _mean(v[:-1], window)[steps],
                _mean(rate[:-1], window)[steps],
                _mean(u, window)[steps],
                (np.asarray(rise, dtype=float) / (2 * tiny))[steps],
                v[:n_rows] if lag else none,
                rate[:n_rows] if lag else none,
            )
        )
    stacked = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Rows(*stacked, n_steps=window, clean=isinstance(target, CleanDerivative))


def _mean(values: np.ndarray, window: int) -> np.ndarray:
    if window == 1:
        return values
    total = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), axis=0)
    return (total[window:] - total[:-window]) / window
