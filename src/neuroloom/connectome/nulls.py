"""Null wirings: what is left when one property of the wiring is destroyed and others are kept.

Each function checks what it promises to keep before it returns, and raises if it does not hold.

| null | keeps | destroys |
|---|---|---|
| `rewire` | degrees of every node per kind and sign, counts with their sender | who meets whom |
| `rewire_within_type` | the same, and connections between every two types | who, within types |
| `shuffle_weights` | every connection and sign, counts per kind and sign | which is strong |
| `shuffle_signs` | every connection and count, the number of + and - neurons | who excites |
| `erdos_renyi` | connections per kind and sign, Dale's law, counts per kind and sign | degrees |

Counts of electrical connections have no sender: there they stay with the connection.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool

from neuroloom.connectome.connectome import ELECTRICAL, KINDS, Connectome
from neuroloom.connectome.exchange import exchanged
from neuroloom.connectome.places import places_for
from neuroloom.errors import InputError, SimulationError

__all__ = [
    "NULLS",
    "erdos_renyi",
    "rewire",
    "rewire_within_type",
    "shuffle_signs",
    "shuffle_weights",
]


def rewire(connectome: Connectome, *, rng: np.random.Generator, n_rounds: int = 20) -> Connectome:
    """Exchange partners at random, keeping every in- and out-degree per kind and sign.

    Two connections a -> b and c -> d of one kind and sign become a -> d and c -> b, unless that
    would repeat a connection or make a new self-connection. A count stays with its sender, so out-
    strengths are kept and in-strengths are not. Self-connections stay where they are. Electrical
    connections are undirected: the number of partners is kept. Wirings that such exchanges reach
    come up about equally often, not exactly.

    Args:
        connectome: Any.
        rng: Randomness.
        n_rounds: Half of the connections are offered an exchange a round; 20 rounds mix well (the
            audit says how many connections are new).

    Raises:
        SimulationError: If a promise does not hold; a bug, please report it.

    Source:
        Maslov and Sneppen, Science 296:910 (2002), in vectorized rounds of disjoint exchanges.
    """
    block = connectome.kind.astype(np.int64) * 3 + connectome.sign + 1
    done = exchanged(connectome, block, rng=rng, n_rounds=n_rounds)
    made = _rebuilt(connectome, done.pre, done.post, "rewired, keeping degrees and signs")
    _check_degrees(connectome, made)
    return made


def rewire_within_type(
    connectome: Connectome,
    *,
    rng: np.random.Generator,
    n_rounds: int = 20,
    column: str = "cell_type",
) -> Connectome:
    """As `rewire`, but only between connections of the same pair of types.

    Degrees, signs and the number of connections from each type to each type are kept.

    Args:
        connectome: Has the neuron column.
        rng: Randomness.
        n_rounds: Offers to each connection.
        column: The neuron column that holds the type.

    Raises:
        InputError: If the column is missing.
        SimulationError: If a promise does not hold; a bug, please report it.
    """
    _, kind_of = np.unique(connectome.column(column), return_inverse=True)
    ends = kind_of[connectome.pre], kind_of[connectome.post]
    electrical = connectome.kind == ELECTRICAL
    low = np.where(electrical, np.minimum(*ends), ends[0])
    high = np.where(electrical, np.maximum(*ends), ends[1])
    n_types = int(kind_of.max(initial=0)) + 1
    kind_and_sign = connectome.kind.astype(np.int64) * 3 + connectome.sign + 1
    block = (kind_and_sign * n_types + low) * n_types + high
    done = exchanged(connectome, block, rng=rng, n_rounds=n_rounds, type_of=kind_of)
    made = _rebuilt(
        connectome, done.pre, done.post, f"rewired within pairs of {column}, keeping degrees"
    )
    _check_degrees(connectome, made)
    for side, pick in (("pre", np.minimum), ("post", np.maximum)):
        was, now = (
            np.where(electrical, pick(kind_of[c.pre], kind_of[c.post]), kind_of[getattr(c, side)])
            for c in (connectome, made)
        )
        _promise(bool((was == now).all()), "the number of connections between types")
    return made


def shuffle_weights(connectome: Connectome, *, rng: np.random.Generator) -> Connectome:
    """Deal the counts anew among the connections of the same kind and sign.

    Args:
        connectome: Any.
        rng: Randomness.
    """
    block = connectome.kind.astype(np.int64) * 3 + connectome.sign + 1
    count = connectome.count.copy()
    for one in np.unique(block):
        inside = np.flatnonzero(block == one)
        count[inside] = count[rng.permutation(inside)]
        _promise(
            np.array_equal(np.sort(count[inside]), np.sort(connectome.count[inside])),
            "the counts of each kind and sign",
        )
    moved = int((count != connectome.count).sum())
    why = f"null wiring: shuffled counts within kind and sign; {moved:,} of {count.size:,} differ"
    return replace(connectome, count=count, audit=(*connectome.audit, why))


def shuffle_signs(connectome: Connectome, *, rng: np.random.Generator) -> Connectome:
    """Deal the signs anew among the neurons that send; who connects to whom stays.

    Every neuron keeps one sign (Dale), and the number of +, - and unknown senders stays.

    Args:
        connectome: Obeys Dale's law, with no neuron of part unknown sign.
        rng: Randomness.

    Raises:
        InputError: If a neuron sends connections of different signs.
    """
    directed = connectome.kind != ELECTRICAL
    senders = np.unique(connectome.pre[directed])
    low, high = (np.full(connectome.n_neurons, start, np.int64) for start in (2, -2))
    np.minimum.at(low, connectome.pre[directed], connectome.sign[directed])
    np.maximum.at(high, connectome.pre[directed], connectome.sign[directed])
    mixed = senders[low[senders] != high[senders]]
    if mixed.size:
        raise InputError(
            "Every neuron must send one sign for signs to be shuffled over neurons; "
            f"{connectome.neuron_id[mixed[0]]} and {mixed.size - 1} others send several. Resolve "
            "signs with a rule such as `TransmitterSigns()` first."
        )
    dealt = low.copy()
    dealt[senders] = low[rng.permutation(senders)]
    sign = np.where(directed, dealt[connectome.pre], 0)
    why = (
        "null wiring: shuffled signs over sending neurons; "
        f"{(dealt[senders] != low[senders]).sum():,} of {senders.size:,} changed"
    )
    made = connectome.with_signs(sign, why)
    _promise(
        np.array_equal(np.sort(dealt[senders]), np.sort(low[senders])) and made.obeys_dale,
        "the number of + and - neurons, and Dale's law",
    )
    return made


def erdos_renyi(connectome: Connectome, *, rng: np.random.Generator) -> Connectome:
    """Connect senders and receivers at random, as many per kind and sign as there were.

    Senders of a kind and sign are the neurons that sent such connections, receivers the nodes that
    received that kind; so a neuron keeps its sign (Dale), and muscles still send nothing. No
    connection repeats, none goes to its own sender. Counts are dealt anew within kind and sign.

    Args:
        connectome: Any.
        rng: Randomness.

    Raises:
        InputError: If there are more connections than places for them.
        SimulationError: If a promise does not hold; a bug, please report it.

    Source:
        Erdos and Renyi, Publ. Math. Debrecen 6:290 (1959), within senders of each sign.
    """
    n = connectome.n_neurons
    pre, post = connectome.pre.copy(), connectome.post.copy()
    count = connectome.count.copy()
    for kind in range(len(KINDS)):
        of_kind = np.flatnonzero(connectome.kind == kind)
        undirected = kind == ELECTRICAL
        receivers = np.unique(connectome.post[of_kind])
        if undirected:
            receivers = np.unique(np.r_[receivers, connectome.pre[of_kind]])
        taken = np.zeros(0, np.int64)
        for sign in (-1, 0, 1):
            inside = of_kind[connectome.sign[of_kind] == sign]
            if not inside.size:
                continue
            senders = receivers if undirected else np.unique(connectome.pre[inside])
            key = places_for(senders, receivers, inside.size, taken, n, undirected, rng)
            taken = np.sort(np.r_[taken, key])
            pre[inside], post[inside] = key // n, key % n
            count[inside] = count[rng.permutation(inside)]
    made = replace(_rebuilt(connectome, pre, post, "connected at random"), count=count)
    _promise(not connectome.obeys_dale or made.obeys_dale, "Dale's law")
    _promise(not (made.pre == made.post).any(), "that nothing connects to itself")
    return made


def _rebuilt(connectome: Connectome, pre: np.ndarray, post: np.ndarray, how: str) -> Connectome:
    n = connectome.n_neurons
    was, now = (
        (connectome.kind.astype(np.int64) * n + a) * n + b
        for a, b in ((connectome.pre, connectome.post), (pre, post))
    )
    moved = int((~np.isin(now, was)).sum())
    why = f"null wiring: {how}; {moved:,} of {now.size:,} connections are new"
    return replace(connectome, pre=pre, post=post, audit=(*connectome.audit, why))


def _check_degrees(before: Connectome, after: Connectome) -> None:
    n = before.n_neurons
    for kind in range(len(KINDS)):
        for sign in (-1, 0, 1):
            ends = []
            for c in (before, after):
                inside: Bool[np.ndarray, " connection"] = (c.kind == kind) & (c.sign == sign)
                out = np.bincount(c.pre[inside], minlength=n)
                into = np.bincount(c.post[inside], minlength=n)
                ends.append(out + into if kind == ELECTRICAL else np.r_[out, into])
            _promise(np.array_equal(*ends), f"degrees of {KINDS[kind]} connections of sign {sign}")
    _promise(
        int((before.pre == before.post).sum()) == int((after.pre == after.post).sum()),
        "the number of self-connections",
    )


def _promise(holds: bool, what: str) -> None:
    if not holds:
        raise SimulationError(
            f"A null wiring must keep {what}; it did not. This is a bug: please report it with the "
            "connectome and the seed."
        )


NULLS: Mapping[str, Callable[..., Connectome]] = MappingProxyType(
    {
        "rewire": rewire,
        "rewire_within_type": rewire_within_type,
        "shuffle_weights": shuffle_weights,
        "shuffle_signs": shuffle_signs,
        "erdos_renyi": erdos_renyi,
    }
)
