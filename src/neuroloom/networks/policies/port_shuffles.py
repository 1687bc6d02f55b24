"""Ports at other cells, so that what a wiring gives is told from where it meets the body."""

from __future__ import annotations

import equinox as eqx
import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks.policies.ports import AnatomicalPorts

__all__ = ["shuffle_ports"]


def shuffle_ports(
    ports: AnatomicalPorts,
    connectome: Connectome,
    *,
    within_class: bool,
    rng: np.random.Generator,
) -> AnatomicalPorts:
    """The same ports at other cells: the circuit stays, its place in the body does not.

    Cells exchange what they sense, and muscles which joints they move. Within classes a DB senses
    what another DB did, and a muscle moves what another of its side did; across them any neuron
    (command interneurons, too, if they are in) senses what any other did, and sides are mixed.
    That each group has what it had, once, is checked.

    Args:
        ports: Of the circuit.
        connectome: The circuit.
        within_class: Whether classes, and sides of muscles, are kept.
        rng: Randomness.

    Raises:
        InputError: If nothing changed, after 100 draws.
        AssertionError: If a group has not what it had: a bug.
    """
    kind, side = connectome.column("node_kind"), connectome.column("side_dv")
    cell_type = connectome.column("cell_type").astype(str)
    label = np.char.add(cell_type, np.where(kind == "muscle", side, "").astype(str))
    groups = label if within_class else kind.astype(str)
    for _ in range(100):
        place = np.arange(len(kind))
        for group in np.unique(groups):
            mine = np.flatnonzero(groups == group)
            place[mine] = rng.permutation(mine)
        sensory, motor = ports.sensory[place], ports.motor[:, place]
        if (sensory != ports.sensory).any() and (motor != ports.motor).any():
            for group in np.unique(groups):
                _promise_kept(ports, sensory, motor, groups == group)
            return eqx.tree_at(lambda p: (p.sensory, p.motor), ports, (sensory, motor))
    raise InputError(
        "Shuffled ports must differ from those they are of; every class has a single cell. Shuffle "
        "across classes."
    )


def _promise_kept(
    ports: AnatomicalPorts, sensory: np.ndarray, motor: np.ndarray, mine: np.ndarray
) -> None:
    """Every row of sensors and column of motors of a group is still there, once."""

    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return np.array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])

    kept = same(ports.sensory[mine], sensory[mine]) and same(ports.motor.T[mine], motor.T[mine])
    if not kept:
        raise AssertionError("shuffled ports must keep every sensor and motor of a group once")
