"""Rewiring within blocks: who meets whom changes, every degree stays."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from neuroloom.connectome.block_nulls import promises
from neuroloom.connectome.block_nulls.blocks import block_codes, groups
from neuroloom.connectome.block_nulls.distance import how_far
from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.connectome.exchange import exchanged

__all__ = ["rewire_blocks", "rewire_gap_junctions"]


def rewire_blocks(
    connectome: Connectome,
    *,
    rng: np.random.Generator,
    by: str = "node_kind",
    n_rounds: int = 100,
) -> Connectome:
    """Exchange partners within blocks; every in- and out-degree per block and sign stays.

    A block is one kind and one sign, from one group of nodes to another (motor neurons to muscles,
    say). Two connections a -> b and c -> d of a block become a -> d and c -> b, unless that would
    repeat a connection or make a new self-connection. A count stays with its sender: out-strengths
    are kept, in-strengths are not. Electrical connections stay; `rewire_gap_junctions` moves them.

    Every round of exchanges is as likely as its reverse, so the wirings that exchanges reach come
    up equally often once mixed. Three connections in a ring cannot be turned around by exchanges
    among themselves, which matters in the smallest graphs only.

    Args:
        connectome: Any.
        rng: Randomness.
        by: Neuron column whose values are the groups.
        n_rounds: Half of the connections are offered an exchange a round. The audit says which
            share was made and how much of the wiring is new.

    Raises:
        InputError: If the column is missing.
        SimulationError: If a promise does not hold; a bug, please report it.

    Source:
        Maslov and Sneppen, Science 296:910 (2002), within blocks, in rounds that are their own
        reverse: offers that want one another's old or new places all fail.
    """
    directed = connectome.kind != ELECTRICAL
    return _exchange(connectome, directed, rng, by, n_rounds, "rewired within blocks")


def rewire_gap_junctions(
    connectome: Connectome,
    *,
    rng: np.random.Generator,
    by: str = "node_kind",
    n_rounds: int = 100,
) -> Connectome:
    """Exchange partners of electrical connections; every node keeps how many of each group it has.

    Directed connections stay; `rewire_blocks` moves them. A count stays with its connection.

    Args:
        connectome: Any.
        rng: Randomness.
        by: Neuron column whose values are the groups.
        n_rounds: Half of the connections are offered an exchange a round.

    Raises:
        InputError: If the column is missing.
        SimulationError: If a promise does not hold; a bug, please report it.

    Source:
        As `rewire_blocks`, for undirected pairs.
    """
    electrical = connectome.kind == ELECTRICAL
    return _exchange(connectome, electrical, rng, by, n_rounds, "rewired gap junctions")


def _exchange(
    connectome: Connectome,
    movable: Bool[np.ndarray, " connection"],
    rng: np.random.Generator,
    by: str,
    n_rounds: int,
    how: str,
) -> Connectome:
    _, group = groups(connectome, by)
    done = exchanged(
        connectome,
        block_codes(connectome, by),
        rng=rng,
        n_rounds=n_rounds,
        type_of=group,
        movable=movable,
        reversible=True,
    )
    made = replace(connectome, pre=done.pre, post=done.post)
    promises.keeps_nodes(connectome, made)
    promises.keeps_degrees(connectome, made, by)
    promises.keeps_counts(connectome, made, by)
    promises.keeps_sent_counts(connectome, made, by)
    promises.keeps_self_connections(connectome, made)
    promises.keeps_connections_of(connectome, made, ~movable)
    accepted = done.n_accepted / max(done.n_offered, 1)
    why = (
        f"null wiring: {how} by {by}, keeping degrees; {how_far(connectome, made, movable)}; "
        f"{accepted:.0%} of {done.n_offered:,} offered exchanges were made"
    )
    return replace(made, audit=(*connectome.audit, why))
