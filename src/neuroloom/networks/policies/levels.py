"""Five levels of realism of one circuit: what a cell is, step by step."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from neuroloom.errors import InputError

__all__ = [
    "AbstractLevel",
    "Alif",
    "Artificial",
    "Conductance",
    "Izhikevich",
    "LeakyRate",
    "Received",
]

Cells = Float[Array, " cell"]


class Received(NamedTuple):
    """What a circuit sends to its cells, as functions of what cells send.

    Attributes:
        chemical: Sum over connections of signed weight times what the sender sends.
        unsigned: The same without signs.
        gap: Sum over gap junctions of weight times (value there - value here).
        gap_total: Sum of the weights of each cell's gap junctions.
    """

    chemical: Callable[[Cells], Cells]
    unsigned: Callable[[Cells], Cells]
    gap: Callable[[Cells], Cells]
    gap_total: Cells


@dataclass(frozen=True)
class AbstractLevel(abc.ABC):
    """How cells change from sub-step to sub-step.

    Attributes:
        substeps: Of a control step.
        log_excitatory: First log-weight of connections that excite.
        log_inhibitory: First log-weight of connections that inhibit.
    """

    substeps: int = 1
    log_excitatory: float = 0.0
    log_inhibitory: float = 0.0

    def __post_init__(self) -> None:
        """Refuses a level without steps."""
        if self.substeps < 1:
            raise InputError(
                f"`substeps` must be at least 1; got {self.substeps}. Leave it out for the default."
            )

    @property
    def leaks(self) -> tuple[float, float] | None:
        """First leaks of neurons and of muscles, where search acts on them."""
        return None

    @property
    def conducts(self) -> bool:
        """Whether connections open conductances, so that weights are needed without sign."""
        return False

    @abc.abstractmethod
    def initial(self, n_cells: int) -> PyTree[Array]:
        """State at the start of an episode.

        Args:
            n_cells: Of the circuit.
        """

    @abc.abstractmethod
    def advance(
        self, state: PyTree[Array], received: Received, drive: Cells, leak: Cells | None
    ) -> PyTree[Array]:
        """State after a sub-step.

        Args:
            state: Before.
            received: From other cells.
            drive: Current from the ports.
            leak: Of each cell, where the level has leaks.
        """

    @abc.abstractmethod
    def activity(self, state: PyTree[Array]) -> Cells:
        """What ports and pictures read of each cell.

        Args:
            state: Of the cells.
        """


@dataclass(frozen=True)
class Artificial(AbstractLevel):
    r"""Level 1, $z(t) = \max(W z(t-1) + I, 0)$.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022), who write z(t) on both sides; z(t-1) is our
        reading. First log-weights are theirs.
    """

    log_excitatory: float = -2.5
    log_inhibitory: float = -3.0

    def initial(self, n_cells: int) -> Cells:
        """All silent.

        Args:
            n_cells: Of the circuit.
        """
        return jnp.zeros(n_cells)

    def advance(self, state: Cells, received: Received, drive: Cells, leak: Cells | None) -> Cells:
        """One step.

        Args:
            state: Of the cells.
            received: From other cells.
            drive: Current from the ports.
            leak: Not used.
        """
        del leak
        return jax.nn.relu(received.chemical(state) + received.gap(state) + drive)

    def activity(self, state: Cells) -> Cells:
        """The state.

        Args:
            state: Of the cells.
        """
        return state


@dataclass(frozen=True)
class LeakyRate(AbstractLevel):
    r"""Level 4, $h \mathrel{+}= \alpha (\max(W h + G h + I, 0) - h)$, held between 0 and 1.

    Attributes:
        neuron_leak: First $\alpha$ of neurons, 0 to 1 a sub-step.
        muscle_leak: First $\alpha$ of muscles.

    Source:
        Ours (reconstruction), the form of the leaky-integrator controllers in
        connectome-policies.md, section 8.
    """

    neuron_leak: float = 0.5
    muscle_leak: float = 0.5

    def __post_init__(self) -> None:
        """Refuses leaks that are none."""
        super().__post_init__()
        if not (0 < self.neuron_leak < 1 and 0 < self.muscle_leak < 1):
            raise InputError(
                "`neuron_leak` and `muscle_leak` must lie between 0 and 1; got "
                f"{self.neuron_leak} and {self.muscle_leak}. 0.5 forgets half in a sub-step."
            )

    @property
    def leaks(self) -> tuple[float, float]:
        """First leaks of neurons and of muscles."""
        return self.neuron_leak, self.muscle_leak

    def initial(self, n_cells: int) -> Cells:
        """All silent.

        Args:
            n_cells: Of the circuit.
        """
        return jnp.zeros(n_cells)

    def advance(self, state: Cells, received: Received, drive: Cells, leak: Cells | None) -> Cells:
        """One sub-step.

        Args:
            state: Of the cells.
            received: From other cells.
            drive: Current from the ports.
            leak: Of each cell.
        """
        assert leak is not None
        toward = jax.nn.relu(received.chemical(state) + received.gap(state) + drive)
        return jnp.clip(state + leak * (toward - state), 0, 1)

    def activity(self, state: Cells) -> Cells:
        """The state.

        Args:
            state: Of the cells.
        """
        return state


def _relaxation(rate: Cells, dt: float) -> Cells:
    r"""$(e^{r \delta} - 1) / r$: times x', the step $\delta$ of x' = r (x - x*), exactly."""
    z = rate * dt
    tiny = jnp.abs(z) < 1e-4
    safe = jnp.where(tiny, 1.0, z)
    return dt * jnp.where(tiny, 1 + z / 2, jnp.expm1(safe) / safe)


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
    $a(t+1) = \gamma_s a(t) + \beta s(t)$, $\gamma = e^{-1/20}$, $\gamma_s = e^{-1/10}$ a sub-step.
    $\hat v$ is v after a sub-step of gap junctions alone, $v + (1 - e^{-G_i}) (\bar v - v)$ with
    $\bar v$ the mean of neighbors weighted by their junctions: without any, $\hat v = v$.
    Ports read a trace of spikes that decays as v does and is 1 where a cell spikes in every step.

    Attributes:
        threshold: $v_{th}$; the paper does not give it.
        beta: What a spike adds to the threshold.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022), for constants; form and threshold are our
        reconstruction, and so are gap junctions.
    """

    log_excitatory: float = -1.0
    log_inhibitory: float = -1.5
    threshold: float = 1.0
    beta: float = 0.5

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
        decay, slow_decay = np.exp(-1 / 20), np.exp(-1 / 10)
        fired = state.spikes[0]
        shared = state.v + received.gap(state.v) * _relaxation(-received.gap_total, 1.0)
        v = decay * shared * (1 - fired) + received.chemical(fired) + drive
        spikes = _spikes(v, v > self.threshold + state.slow)
        slow = slow_decay * state.slow + self.beta * spikes
        trace = decay * state.trace + (1 - decay) * spikes
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
        back = max(1, round(1 / self.dt_ms))
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
        v_next = v + _relaxation(slope, dt) * (0.04 * v * v + 5 * v + 140 - u + current)
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


@dataclass(frozen=True)
class Conductance(AbstractLevel):
    r"""Level 5, membranes with conductances and gap junctions.

    $C v' = -g_L (v - E_L) - \sum_j g_{ij} \sigma(v_j)(v_i - E_j) - \sum_j G_{ij} (v_i - v_j) + I$.
    Dimensionless: $C = g_L = 1$, $E_L = 0$, $E_j = \pm 1$, $\sigma$ logistic. Each sub-step solves
    the linear part of a cell exactly (its conductances held), so that no weight makes it unstable.

    Attributes:
        dt: Of a sub-step, in membrane time constants.

    Source:
        Ours (proposed in connectome-policies.md, section 4).
    """

    substeps: int = 20
    log_excitatory: float = -1.0
    log_inhibitory: float = -1.0
    dt: float = 0.05

    @property
    def conducts(self) -> bool:
        """Connections open conductances."""
        return True

    def initial(self, n_cells: int) -> Cells:
        """At rest.

        Args:
            n_cells: Of the circuit.
        """
        return jnp.zeros(n_cells)

    def advance(self, state: Cells, received: Received, drive: Cells, leak: Cells | None) -> Cells:
        """One sub-step.

        Args:
            state: Of the cells.
            received: From other cells.
            drive: Current from the ports.
            leak: Not used.
        """
        del leak
        open_now = jax.nn.sigmoid(state)
        conductance = 1 + received.unsigned(open_now) + received.gap_total
        arriving = received.gap(state) + received.gap_total * state
        toward = (received.chemical(open_now) + arriving + drive) / conductance
        return toward + (state - toward) * jnp.exp(-self.dt * conductance)

    def activity(self, state: Cells) -> Cells:
        """What a cell sends, the logistic of its membrane.

        Args:
            state: Of the cells.
        """
        return jax.nn.sigmoid(state)
