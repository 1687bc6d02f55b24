"""Cells that spike: with an adapting threshold, and Izhikevich's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuroloom.errors import InputError
from neuroloom.networks.policies.levels.level import AbstractLevel, Cells, Received, relaxation

__all__ = ["Alif", "Izhikevich", "Spiking"]


def _spikes(v: Cells, above: Bool[Array, " cell"]) -> Cells:
    """1 where a membrane is above its threshold; NaN, not silence, where it is not finite."""
    return jnp.where(jnp.isfinite(v), above.astype(v.dtype), jnp.nan)


class Spiking(NamedTuple):
    """Of cells that spike.

    Attributes:
        v: Membrane.
        slow: Adaptation, or recovery.
        spikes: Of the last sub-steps, the latest first.
        trace: Spikes, low-pass filtered, for muscles and read-outs.
    """

    v: Cells
    slow: Cells
    spikes: Float[Array, "back cell"]
    trace: Cells


@dataclass(frozen=True)
class Alif(AbstractLevel):
    r"""Level 2, leaky integrate-and-fire with an adapting threshold.

    $v(t) = \gamma\, \hat v(t-1)(1 - s(t-1)) + W s(t-1) + I$, $s = \Theta(v - v_{th} - a)$,
    $a(t+1) = \gamma_s a(t) + \beta s(t)$, a sub-step.
    $\hat v$ is v after a sub-step of gap junctions alone, $v + (1 - e^{-G_i}) (\bar v - v)$ with
    $\bar v$ the mean of neighbors weighted by their junctions: without any, $\hat v = v$.
    Ports read a trace of spikes that decays as v does and is 1 where a cell spikes in every step.

    Attributes:
        gamma: $\gamma$, what is left of v, $e^{-1/20}$.
        gamma_slow: $\gamma_s$, what is left of the adaptation, $e^{-1/10}$.
        threshold: $v_{th}$; the paper does not give it.
        beta: What a spike adds to the threshold.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022), for constants; form and threshold are our
        reconstruction, and so are gap junctions.
    """

    log_excitatory: float = -1.0
    log_inhibitory: float = -1.5
    gamma: float = math.exp(-1 / 20)
    gamma_slow: float = math.exp(-1 / 10)
    threshold: float = 1.0
    beta: float = 0.5

    def __post_init__(self) -> None:
        """Refuses decays that are none."""
        super().__post_init__()
        if not (0 <= self.gamma < 1 and 0 <= self.gamma_slow < 1):
            raise InputError(
                "`gamma` and `gamma_slow` must be at least 0 and below 1; got "
                f"{self.gamma} and {self.gamma_slow}. A time constant of n steps is exp(-1 / n)."
            )

    def initial(self, n_cells: int) -> Spiking:
        """At rest.

        Args:
            n_cells: Of the circuit.
        """
        zero = jnp.zeros(n_cells)
        return Spiking(zero, zero, zero[None], zero)

    def advance(
        self, state: Spiking, received: Received, drive: Cells, leak: Cells | None
    ) -> Spiking:
        """One sub-step.

        Args:
            state: Of the cells.
            received: From other cells.
            drive: Current from the ports.
            leak: Not used.
        """
        del leak
        fired = state.spikes[0]
        shared = state.v + received.gap(state.v) * relaxation(-received.gap_total, 1.0)
        v = self.gamma * shared * (1 - fired) + received.chemical(fired) + drive
        spikes = _spikes(v, v > self.threshold + state.slow)
        slow = self.gamma_slow * state.slow + self.beta * spikes
        trace = self.gamma * state.trace + (1 - self.gamma) * spikes
        return Spiking(v, slow, spikes[None], trace)

    def activity(self, state: Spiking) -> Cells:
        """The trace of spikes, 0 to 1.

        Args:
            state: Of the cells.
        """
        return state.trace


@dataclass(frozen=True)
class Izhikevich(AbstractLevel):
    r"""Level 3, $v' = .04 v^2 + 5 v + 140 - u + I$, $u' = a (b v - u)$; at 30: v = c, u += d.

    v in mV, time in ms. Spikes arrive 1 ms later. Ports read a trace of spikes that decays with
    20 ms; a cell that spikes every millisecond has 1.

    A sub-step solves v', linearized at v, exactly: $v$ += $(e^{J \delta} - 1)\, v' / J$ with
    $J = .08 v + 5 - G_i$ (exponential Rosenbrock-Euler); u' by Euler. So strong gap junctions even
    out cells, and steady inhibition never makes a cell fire, as Euler's steps of the parabola can.

    Attributes:
        a: Of the recovery, per ms.
        b: Of the recovery.
        c: Where v is put by a spike, in mV.
        d: What a spike adds to u.
        current: Scale of currents from other cells and from ports.
        dt_ms: Of a sub-step. The paper's "voltage constant scalar" of .2 is this in our reading.

    Source:
        Izhikevich, IEEE Trans. Neural Netw. 14:1569 (2003); constants of Schmidgall et al., arXiv
        2209.14406 (2022). Sub-steps are proposed; the paper does not say how it integrates.
    """

    substeps: int = 20
    log_excitatory: float = 2.0
    log_inhibitory: float = 1.0
    a: float = 0.02
    b: float = 0.25
    c: float = -58.0
    d: float = 0.0
    current: float = 20.0
    dt_ms: float = 0.2

    def __post_init__(self) -> None:
        """Refuses sub-steps in which spikes could not arrive a millisecond later."""
        super().__post_init__()
        if not 0 < self.dt_ms <= 1:
            raise InputError(
                "`dt_ms` must be above 0 and at most 1, the delay of a spike in ms; got "
                f"{self.dt_ms}. Take more `substeps` instead."
            )

    @property
    def rest(self) -> float:
        """Stable v at no current, in mV: the lower root of .04 v^2 + (5 - b) v + 140."""
        linear = 5 - self.b
        return float((-linear - np.sqrt(linear**2 - 4 * 0.04 * 140)) / 0.08)

    def initial(self, n_cells: int) -> Spiking:
        """At rest.

        Args:
            n_cells: Of the circuit.
        """
        zero = jnp.zeros(n_cells)
        back = round(1 / self.dt_ms)
        return Spiking(
            zero + self.rest, zero + self.b * self.rest, jnp.zeros((back, n_cells)), zero
        )

    def advance(
        self, state: Spiking, received: Received, drive: Cells, leak: Cells | None
    ) -> Spiking:
        """One sub-step.

        Args:
            state: Of the cells.
            received: From other cells.
            drive: Current from the ports.
            leak: Not used.
        """
        del leak
        v, u, dt = state.v, state.slow, self.dt_ms
        current = self.current * (received.chemical(state.spikes[-1]) + drive) + received.gap(v)
        slope = 0.08 * v + 5 - received.gap_total
        v_next = v + relaxation(slope, dt) * (0.04 * v * v + 5 * v + 140 - u + current)
        u_next = u + dt * self.a * (self.b * v - u)
        spikes = _spikes(v_next, v_next >= 30)
        trace = state.trace * np.exp(-dt / 20) + spikes / 20
        return Spiking(
            jnp.where(spikes == 1, self.c, v_next),
            u_next + self.d * spikes,
            jnp.concatenate([spikes[None], state.spikes[:-1]]),
            trace,
        )

    def activity(self, state: Spiking) -> Cells:
        """The trace of spikes.

        Args:
            state: Of the cells.
        """
        return state.trace
