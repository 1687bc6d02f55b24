"""Membranes with conductances and gap junctions."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from neuroloom.errors import InputError
from neuroloom.networks.policies.levels.level import AbstractLevel, Cells, Received

__all__ = ["Conductance"]


@dataclass(frozen=True)
class Conductance(AbstractLevel):
    r"""Level 5, membranes with conductances and gap junctions.

    $C v' = -g_L (v - E_L) - \sum_j g_{ij} \sigma(v_j)(v_i - E_j) - \sum_j G_{ij} (v_i - v_j) + I$.
    Dimensionless: by default $C = g_L = 1$, $E_L = 0$, $E_j = \pm 1$; $\sigma$ is the logistic.
    Each sub-step solves the linear part of a cell exactly (its conductances held), so that no
    weight makes it unstable.

    Attributes:
        dt: Of a sub-step; 1 is the time constant of a membrane at $C = g_L$.
        capacitance: C.
        leak: $g_L$.
        rest: $E_L$.
        reversal_excitatory: $E_j$ of senders that excite.
        reversal_inhibitory: $E_j$ of senders that inhibit.

    Source:
        Ours (proposed in connectome-policies.md, section 4).
    """

    substeps: int = 20
    log_excitatory: float = -1.0
    log_inhibitory: float = -1.0
    dt: float = 0.05
    capacitance: float = 1.0
    leak: float = 1.0
    rest: float = 0.0
    reversal_excitatory: float = 1.0
    reversal_inhibitory: float = -1.0

    def __post_init__(self) -> None:
        """Refuses membranes that are none."""
        super().__post_init__()
        if not min(self.dt, self.capacitance, self.leak) > 0:
            raise InputError(
                "`dt`, `capacitance` and `leak` must be above 0; got "
                f"{self.dt}, {self.capacitance} and {self.leak}. Leave them out for .05, 1 and 1."
            )

    @property
    def conducts(self) -> bool:
        """Connections open conductances."""
        return True

    def initial(self, n_cells: int) -> Cells:
        """At rest.

        Args:
            n_cells: Of the circuit.
        """
        return jnp.full(n_cells, self.rest)

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
        signed, unsigned = received.chemical(open_now), received.unsigned(open_now)
        pulled = self.reversal_excitatory * (unsigned + signed) / 2
        pulled = pulled + self.reversal_inhibitory * (unsigned - signed) / 2
        conductance = self.leak + unsigned + received.gap_total
        arriving = received.gap(state) + received.gap_total * state
        toward = (self.leak * self.rest + pulled + arriving + drive) / conductance
        return toward + (state - toward) * jnp.exp(-self.dt * conductance / self.capacitance)

    def activity(self, state: Cells) -> Cells:
        """What a cell sends, the logistic of its membrane.

        Args:
            state: Of the cells.
        """
        return jax.nn.sigmoid(state)
