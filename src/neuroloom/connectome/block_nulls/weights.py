"""Counts dealt anew within blocks: the wiring stays, what is strong is forgotten."""

from dataclasses import replace

import numpy as np

from neuroloom.connectome.block_nulls import promises
from neuroloom.connectome.block_nulls.blocks import blocks
from neuroloom.connectome.connectome import ELECTRICAL, KINDS, Connectome

__all__ = ["permute_weights"]


def permute_weights(
    connectome: Connectome, *, rng: np.random.Generator, by: str = "node_kind"
) -> Connectome:
    """Deal the counts anew among the directed connections of each block and sign.

    Connections and signs stay, and so do the counts that occur in each block; a motor neuron's
    counts never go to another group's. `shuffle_weights` deals over all groups and gap junctions
    too.

    Args:
        connectome: Any.
        rng: Randomness.
        by: Neuron column whose values are the groups.

    Raises:
        InputError: If the column is missing.
        SimulationError: If a promise does not hold; a bug, please report it.
    """
    count = connectome.count.copy()
    for block in blocks(connectome, by):
        if block.kind != KINDS[ELECTRICAL]:
            count[block.inside] = count[rng.permutation(block.inside)]
    made = replace(connectome, count=count)
    directed = connectome.kind != ELECTRICAL
    promises.keeps_nodes(connectome, made)
    promises.keeps_ends(connectome, made)
    promises.keeps_counts(connectome, made, by)
    promises.keeps_connections_of(connectome, made, ~directed)
    moved = int((count != connectome.count).sum())
    why = (
        f"null wiring: dealt counts anew within blocks by {by}; {moved:,} of "
        f"{int(directed.sum()):,} differ"
    )
    return replace(made, audit=(*connectome.audit, why))
