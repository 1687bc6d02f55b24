"""Distinct random places for connections: which sender meets which receiver."""

import numpy as np
from jaxtyping import Int

from neuroloom.errors import InputError

__all__ = ["places_for"]


def places_for(
    senders: np.ndarray,
    receivers: np.ndarray,
    n_wanted: int,
    taken: np.ndarray,
    n: int,
    undirected: bool,
    rng: np.random.Generator,
) -> Int[np.ndarray, " wanted"]:
    """Distinct keys sender * n + receiver, drawn evenly; none is taken or a self-connection.

    Args:
        senders: Positions of nodes that may send.
        receivers: Positions of nodes that may receive.
        n_wanted: How many places.
        taken: Sorted keys that are not free.
        n: How many nodes there are in all.
        undirected: Whether the key of a pair has its smaller end first.
        rng: Randomness.

    Raises:
        InputError: If there are fewer free places than wanted.
    """
    found = np.zeros(0, np.int64)
    while senders.size * receivers.size > 4 * (n_wanted + taken.size) + n:
        n_more = int(1.3 * (n_wanted - found.size)) + 16
        a, b = rng.choice(senders, n_more), rng.choice(receivers, n_more)
        if undirected:
            a, b = np.minimum(a, b), np.maximum(a, b)
        key = (a * n + b)[a != b]
        key = key[~np.isin(key, taken)]
        _, first = np.unique(np.r_[found, key], return_index=True)
        found = np.r_[found, key][np.sort(first)]
        if found.size >= n_wanted:
            return found[:n_wanted]
    a, b = (
        end.ravel() for end in np.meshgrid(senders, receivers)
    )  # a dense graph: try every place
    if undirected:
        a, b = np.minimum(a, b), np.maximum(a, b)
    free = np.setdiff1d((a * n + b)[a != b], taken)
    if free.size >= n_wanted:
        return rng.choice(free, n_wanted, replace=False)
    raise InputError(
        f"There must be places for {n_wanted:,} connections without repeats; {senders.size:,} "
        f"senders and {receivers.size:,} receivers offer {free.size:,}. Use `rewire` instead."
    )
