"""Rounds of exchanges between connections: the engine of every null wiring that keeps degrees."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from neuroloom.connectome.connectome import ELECTRICAL, Connectome

__all__ = ["Exchanged", "exchanged"]


class Exchanged(NamedTuple):
    """New ends of every connection, and how easily they came.

    Attributes:
        pre: Where each connection starts now; unchanged where it is directed.
        post: Where each connection ends now.
        n_offered: Exchanges that were offered, over all rounds.
        n_accepted: Those that were made.
    """

    pre: Int[np.ndarray, " connection"]
    post: Int[np.ndarray, " connection"]
    n_offered: int
    n_accepted: int


def exchanged(
    connectome: Connectome,
    block: Int[np.ndarray, " connection"],
    *,
    rng: np.random.Generator,
    n_rounds: int,
    type_of: Int[np.ndarray, " neuron"] | None = None,
    movable: Bool[np.ndarray, " connection"] | None = None,
    reversible: bool = False,
) -> Exchanged:
    """New ends after rounds of disjoint exchanges between connections of one block.

    Two connections a -> b and c -> d become a -> d and c -> b, unless that repeats a connection or
    makes a self-connection. Self-connections stay where they are.

    Args:
        connectome: Any.
        block: Only connections of the same block are exchanged.
        rng: Randomness.
        n_rounds: Half of the connections are offered an exchange a round.
        type_of: Types of the nodes, for electrical connections whose ends must keep their types.
        movable: Connections that may move; default all.
        reversible: Whether every round is as likely as its own reverse, so that all wirings that
            exchanges reach come up equally often. Otherwise an exchange is also made where another
            offer of the round wanted its place, and they come up about equally often.
    """
    n = connectome.n_neurons
    pre, post = connectome.pre.copy(), connectome.post.copy()
    electrical = connectome.kind == ELECTRICAL
    may_move = (pre != post) if movable is None else (pre != post) & movable
    moving = np.flatnonzero(may_move)
    rank = np.unique(block[moving], return_inverse=True)[1].astype(float)
    kind = connectome.kind.astype(np.int64)

    def keys(chosen: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        low = np.where(electrical[chosen], np.minimum(a, b), a)
        high = np.where(electrical[chosen], np.maximum(a, b), b)
        return (kind[chosen] * n + low) * n + high

    flippable = np.flatnonzero(electrical & may_move)
    everything = np.arange(len(pre))
    n_offered = n_accepted = 0
    for _ in range(n_rounds):
        flip = flippable[rng.random(flippable.size) < 0.5]
        pre[flip], post[flip] = post[flip], pre[flip]
        if type_of is not None and flippable.size:
            # both ends of a block in the same order of types
            turn = flippable[type_of[pre[flippable]] > type_of[post[flippable]]]
            pre[turn], post[turn] = post[turn], pre[turn]
        order = moving[np.argsort(rank + rng.random(moving.size))]
        n_pairs = order.size // 2
        shift = int(rng.integers(2)) if order.size % 2 else 0
        first, second = order[shift : shift + 2 * n_pairs].reshape(-1, 2).T
        # Half of the offers stand: if all did, a small ring could only ever turn around.
        stands = (block[first] == block[second]) & (rng.random(first.size) < 0.5)
        first, second = first[stands], second[stands]
        n_offered += first.size
        one, other = keys(first, pre[first], post[second]), keys(second, pre[second], post[first])
        good = (pre[first] != post[second]) & (pre[second] != post[first]) & (one != other)
        now = keys(everything, pre, post)
        free = _free_both_ways if reversible else _free
        good = free(good, one, other, now, now[first], now[second])
        first, second = first[good], second[good]
        n_accepted += first.size
        post[first], post[second] = post[second], post[first]
    low, high = np.minimum(pre, post), np.maximum(pre, post)
    return Exchanged(
        np.where(electrical, low, pre), np.where(electrical, high, post), n_offered, n_accepted
    )


def _free(
    good: Bool[np.ndarray, " offer"],
    one: Int[np.ndarray, " offer"],
    other: Int[np.ndarray, " offer"],
    now: Int[np.ndarray, " connection"],
    *_: np.ndarray,
) -> Bool[np.ndarray, " offer"]:
    """Offers whose new places nobody has, or wants among those that could have theirs."""
    now = np.sort(now)
    good = good.copy()
    for proposed in (one, other):
        place = np.minimum(np.searchsorted(now, proposed), now.size - 1)
        good &= now[place] != proposed
    values, n_times = np.unique(np.r_[one[good], other[good]], return_counts=True)
    repeated = values[n_times > 1]
    return good & ~np.isin(one, repeated) & ~np.isin(other, repeated)


def _free_both_ways(
    good: Bool[np.ndarray, " offer"],
    one: Int[np.ndarray, " offer"],
    other: Int[np.ndarray, " offer"],
    now: Int[np.ndarray, " connection"],
    was_one: Int[np.ndarray, " offer"],
    was_other: Int[np.ndarray, " offer"],
) -> Bool[np.ndarray, " offer"]:
    """Offers whose old and new places nobody else has or wants.

    An exchange turns old into new places and back, so the answer is the same after it: the round
    that undoes it is offered, and made, as often.
    """
    values, n_times = np.unique(np.r_[now, one[good], other[good]], return_counts=True)
    shared = values[n_times > 1]
    for places in (one, other, was_one, was_other):
        good = good & ~np.isin(places, shared)
    return good
