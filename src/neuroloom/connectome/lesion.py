"""Damage to a circuit: cells that stay where they are and reach nobody."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from neuroloom.connectome.connectome import Connectome
from neuroloom.errors import InputError

__all__ = ["lesion"]


def lesion(connectome: Connectome, cells: Bool[np.ndarray, " neuron"]) -> Connectome:
    """The connectome with every connection from and to some cells cut, gap junctions, too.

    `select` takes cells out, so that positions, ports and per-cell parameters no longer fit; here
    all of these stay. A lesioned cell may still be driven from outside, and nobody hears it.

    Args:
        connectome: The whole one.
        cells: Which are lost.

    Raises:
        InputError: If `cells` is no mask of the neurons, or none is lost.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> cord = connectome("worm-motor-segments")
        >>> lesion(cord, cord.column("cell_type") == "VD").n_connections
        400
    """
    cells = np.asarray(cells)
    if cells.dtype != bool or cells.shape != (connectome.n_neurons,):
        raise InputError(
            f"`cells` must be one True or False a neuron ({connectome.n_neurons}); got "
            f"{cells.dtype} of shape {cells.shape}. For a class, use "
            '`connectome.column("cell_type") == name`.'
        )
    if not cells.any():
        raise InputError(
            "`cells` must have a cell to lose; none is True. Look for the name of a class in "
            '`np.unique(connectome.column("cell_type"))`.'
        )
    cut = cells[connectome.pre] | cells[connectome.post]
    why = (
        f"lesion: {cells.sum():,} of {connectome.n_neurons:,} nodes lost their {cut.sum():,} of "
        f"{connectome.n_connections:,} connections and stay without any"
    )
    return replace(
        connectome,
        pre=connectome.pre[~cut],
        post=connectome.post[~cut],
        kind=connectome.kind[~cut],
        count=connectome.count[~cut],
        sign=connectome.sign[~cut],
        audit=(*connectome.audit, why),
    )
