"""Rows of a table of connections become connections that are unique: what each policy does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuroloom.connectome.columns import Table
from neuroloom.connectome.connectome import ELECTRICAL, KINDS
from neuroloom.connectome.policies import Drop, KeepFirst, Refuse, Sum
from neuroloom.errors import InputError

__all__ = ["Edges", "kept", "of_sender", "undirected", "unique"]


class Edges(NamedTuple):
    """Connections on the way in, one entry a row that is still kept."""

    pre: np.ndarray
    post: np.ndarray
    kind: np.ndarray
    contacts: np.ndarray
    sign: np.ndarray
    row: np.ndarray

    def take(self, which: np.ndarray) -> Edges:
        """Only these rows, in this order."""
        return Edges(*(values[which] for values in self))


def kept(
    edges: Edges,
    ids: np.ndarray,
    neurons: Table | None,
    connections: Table,
    roles: dict[str, str | None],
    on_dangling: Refuse | Drop,
    unit: str,
    said: list[str],
) -> Edges:
    """The connections with both ends among the neurons; refuses others, or leaves them out.

    Raises:
        InputError: If an end dangles and the policy is `Refuse()`.
    """
    dangling = (edges.pre < 0) | (edges.post < 0)
    if neurons is None or not dangling.any():
        return edges
    if isinstance(on_dangling, Refuse):
        for column, end in ((str(roles["pre"]), edges.pre), (str(roles["post"]), edges.post)):
            connections.refuse(
                column,
                end < 0,
                f"Both ends of a connection must be among the {len(ids):,} neurons of "
                f"{neurons.label} (such as {ids[0]!s})",
                f"{int(dangling.sum()):,} connections dangle. Add the neurons, check spelling and "
                "zero padding, or pass `on_dangling=Drop()` to leave these connections out.",
            )
    said.append(
        f"kept {(~dangling).sum():,} of {dangling.size:,} connections, because "
        f"{dangling.sum():,} with {edges.contacts[dangling].sum():,} {unit} have an end that is "
        "not in the table of neurons"
    )
    return edges.take(np.flatnonzero(~dangling))


def undirected(edges: Edges, said: list[str]) -> Edges:
    """Electrical connections with `pre <= post`."""
    turn = (edges.kind == ELECTRICAL) & (edges.pre > edges.post)
    if turn.any():
        said.append(f"swapped the ends of {turn.sum():,} electrical ones, which have no order")
    low, high = np.where(turn, edges.post, edges.pre), np.where(turn, edges.pre, edges.post)
    return edges._replace(pre=low, post=high)


def unique(
    edges: Edges,
    ids: np.ndarray,
    connections: Table,
    on_duplicate: Refuse | Sum | KeepFirst,
    unit: str,
    said: list[str],
) -> Edges:
    """One connection per (pre, post, kind), in the order of their first rows.

    Raises:
        InputError: If one occurs again and the policy is `Refuse()`.
    """
    key = (edges.kind.astype(np.int64) * len(ids) + edges.pre) * len(ids) + edges.post
    order = np.argsort(key, kind="stable")
    fresh = np.diff(key[order], prepend=-1) != 0
    if fresh.all():
        return edges
    start = np.flatnonzero(fresh)
    first = order[start]  # rows in their order in the table, as the sort is stable
    n_extra = len(key) - len(first)
    if isinstance(on_duplicate, Refuse):
        at = int(np.flatnonzero(~fresh)[0])
        one, two = order[at - 1], order[at]
        electrical = edges.kind[one] == ELECTRICAL
        ends = f"{ids[edges.pre[one]]} {'-' if electrical else '->'} {ids[edges.post[one]]}"
        places = [connections.place(int(edges.row[row])) for row in (one, two)]
        raise InputError(
            f"A connection must occur once per (pre, post, kind); {ends} "
            f"({KINDS[edges.kind[one]]}) is in {places[0]} and {places[1]} of {connections.label} "
            f"({n_extra:,} such rows of {len(key):,}"
            f"{'; electrical ones count in both directions' if electrical else ''}). Pass "
            "`on_duplicate=Sum()` if each row holds other contacts, as one row a neuropil does, or "
            "`KeepFirst()` if rows repeat the same ones."
        )
    count, sign = edges.contacts[first], edges.sign[first]
    low, high = (f.reduceat(edges.sign[order], start) for f in (np.minimum, np.maximum))
    if isinstance(on_duplicate, Sum):
        count = np.add.reduceat(edges.contacts[order], start)
        sign = np.where(low == high, low, 0).astype(np.int8)
        told = f"their counts are added; {(low != high).sum():,} of them mix signs and have sign 0"
    else:
        lost = edges.contacts.sum() - count.sum()
        told = f"the first of each is kept, and {lost:,} {unit} of the others are left out"
    said.append(
        f"kept {len(first):,} of {len(key):,} connections, because {n_extra:,} rows repeat a "
        f"connection: {told}"
    )
    in_file = np.argsort(first)
    made = edges.take(first)._replace(contacts=count, sign=sign)
    return made.take(in_file)


def of_sender(told: np.ndarray, pre: np.ndarray, ids: np.ndarray, said: list[str]) -> np.ndarray:
    """What the connections of each neuron agree on; empty where they do not."""
    words, code = np.unique(told, return_inverse=True)
    low, high = np.full(len(ids), len(words)), np.full(len(ids), -1)
    np.minimum.at(low, pre, code)
    np.maximum.at(high, pre, code)
    agreed = (low == high) & (high >= 0)
    out = np.full(len(ids), "", words.dtype if len(words) else "U1")
    out[agreed] = words[low[agreed]]
    mixed = np.flatnonzero((high >= 0) & ~agreed)
    said.append(
        f"took the transmitter of {agreed.sum():,} neurons from their connections"
        + (
            f"; those of {mixed.size:,} name several (such as {ids[mixed[0]]}), which stay without"
            if mixed.size
            else ""
        )
    )
    return out
