"""Cells that send a rate: artificial ones, and ones that leak."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from neuroloom.errors import InputError
from neuroloom.networks.policies.levels.level import AbstractLevel, Cells, Received

__all__ = ["Artificial", "LeakyRate"]


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
