"""What a cell is, step by step, and what it hears of others."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from neuroloom.errors import InputError

__all__ = ["AbstractLevel", "Received", "relaxation"]

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


def relaxation(rate: Cells, dt: float) -> Cells:
    r"""$(e^{r \delta} - 1) / r$: times x', the step $\delta$ of x' = r (x - x*), exactly.

    Args:
        rate: r of each cell.
        dt: $\delta$.
    """
    z = rate * dt
    tiny = jnp.abs(z) < 1e-4
    safe = jnp.where(tiny, 1.0, z)
    return dt * jnp.where(tiny, 1 + z / 2, jnp.expm1(safe) / safe)
