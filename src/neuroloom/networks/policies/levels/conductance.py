"""Membranes with conductances and gap junctions."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from neuroloom.networks.policies.levels.level import AbstractLevel, Cells, Received

__all__ = ["Conductance"]


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
