"""Wirings drawn at random within blocks: sizes of blocks and signs of senders stay, degrees go."""

from dataclasses import replace

import numpy as np
from jaxtyping import Int

from neuroloom.connectome.block_nulls import promises
from neuroloom.connectome.block_nulls.blocks import SILENT, blocks, groups, own_signs
from neuroloom.connectome.block_nulls.distance import how_far
from neuroloom.connectome.connectome import ELECTRICAL, KINDS, Connectome
from neuroloom.connectome.places import places_for

__all__ = ["block_model", "erdos_renyi_blocks"]


def block_model(
    connectome: Connectome, *, rng: np.random.Generator, by: str = "cell_type"
) -> Connectome:
    """Connect classes as often as they were, cells within them at random.

    The number of connections from each class to each class is kept, per kind and sign; which cell
    of the class sends and which receives is drawn evenly. So what is left is the class diagram.
    Every cell keeps its sign. Counts are dealt anew within blocks. Self- and electrical connections
    stay as they are.

    Args:
        connectome: Every node sends one sign, or nothing.
        rng: Randomness.
        by: Neuron column that holds the class.

    Raises:
        InputError: If the column is missing, or a neuron sends several signs.
        SimulationError: If a promise does not hold; a bug, please report it.

    Source:
        Holland, Laskey and Leinhardt, Soc. Networks 5:109 (1983), with fixed numbers of
        connections in place of probabilities.
    """
    return _drawn(connectome, rng, by, "drawn anew between classes")


def erdos_renyi_blocks(
    connectome: Connectome, *, rng: np.random.Generator, by: str = "node_kind"
) -> Connectome:
    """Connect at random, as many per block and sign as there were, and every cell keeps its sign.

    Senders of a block are all nodes of its group that send its sign anywhere (Dale), receivers all
    nodes of its group: unlike `erdos_renyi`, which keeps who sends and receives a kind at all.
    Counts are dealt anew within blocks. Self- and electrical connections stay as they are.

    Args:
        connectome: Every node sends one sign, or nothing.
        rng: Randomness.
        by: Neuron column whose values are the groups. Where command cells are in the circuit,
            choose one that sets them apart.

    Raises:
        InputError: If the column is missing, or a neuron sends several signs.
        SimulationError: If a promise does not hold; a bug, please report it.

    Source:
        Erdos and Renyi, Publ. Math. Debrecen 6:290 (1959), within blocks and signs.
    """
    return _drawn(connectome, rng, by, "connected at random within blocks")


def _drawn(connectome: Connectome, rng: np.random.Generator, by: str, how: str) -> Connectome:
    n = connectome.n_neurons
    names, group = groups(connectome, by)
    sender_sign = _possible_signs(own_signs(connectome), group, len(names))
    place = {str(name): i for i, name in enumerate(names)}
    pre, post, count = connectome.pre.copy(), connectome.post.copy(), connectome.count.copy()
    loop = connectome.pre == connectome.post
    for block in blocks(connectome, by):
        if block.kind == KINDS[ELECTRICAL]:
            continue
        inside = block.inside[~loop[block.inside]]
        senders = np.flatnonzero((group == place[block.pre]) & (sender_sign == block.sign))
        receivers = np.flatnonzero(group == place[block.post])
        none_taken = np.zeros(0, np.int64)  # senders of other signs are other nodes
        key = places_for(senders, receivers, inside.size, none_taken, n, False, rng)
        pre[inside], post[inside] = key // n, key % n
        count[inside] = count[rng.permutation(inside)]
    made = replace(connectome, pre=pre, post=post, count=count)
    directed = connectome.kind != ELECTRICAL
    promises.keeps_nodes(connectome, made)
    promises.keeps_block_sizes(connectome, made, by)
    promises.keeps_counts(connectome, made, by)
    promises.keeps_senders_signs(connectome, made)
    promises.keeps_self_connections(connectome, made)
    promises.keeps_connections_of(connectome, made, ~directed)
    why = f"null wiring: {how} by {by}; {how_far(connectome, made, directed)}"
    return replace(made, audit=(*connectome.audit, why))


def _possible_signs(
    own: Int[np.ndarray, " neuron"], group: Int[np.ndarray, " neuron"], n_groups: int
) -> Int[np.ndarray, " neuron"]:
    """Own signs, where nodes that send nothing take the sign of their group if it has but one."""
    possible = own.copy()
    for one in range(n_groups):
        signs = np.unique(own[(group == one) & (own != SILENT)])
        if signs.size == 1:
            possible[group == one] = signs[0]
    return possible
