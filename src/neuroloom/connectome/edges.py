"""Rows of a table of connections become connections that are unique: what each policy does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuroloom.connectome.columns import Table, words_of
from neuroloom.connectome.connectome import ELECTRICAL, KINDS
from neuroloom.connectome.policies import Drop, KeepFirst, Refuse, Sum
from neuroloom.errors import InputError, nearest

__all__ = ["Edges", "in_neuropil", "kept", "of_sender", "per_neuropil", "undirected", "unique"]


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


def in_neuropil(
    edges: Edges, connections: Table, column: str, neuropil: str | None, said: list[str]
) -> Edges:
    """The rows of one neuropil, or of all.

    Raises:
        InputError: If no row is of this neuropil; says the nearest name.
    """
    if neuropil is None:
        return edges
    words, place = words_of(connections, column)
    if neuropil not in words:
        raise InputError(
            f"`neuropil` must be one of the {len(words):,} in column `{column}` of "
            f"{connections.label}; got `{neuropil}`. {nearest(neuropil, words)}"
        )
    here = np.flatnonzero(place == words.index(neuropil))
    said.append(f"kept {len(here):,} of {len(place):,} rows: those of the neuropil {neuropil}")
    return edges.take(here)


def per_neuropil(
    edges: Edges,
    neuropil: np.ndarray,
    ids: np.ndarray,
    connections: Table,
    on_duplicate: Refuse | Sum | KeepFirst,
    unit: str,
    said: list[str],
) -> Edges:
    """One connection per (pre, post, kind), of a table with one row a neuropil: counts add up.

    The policy is for rows that repeat a connection within one neuropil.

    Args:
        edges: The rows that are kept.
        neuropil: Code of the neuropil of each row of the table.
        ids: Ids of the neurons.
        connections: The table.
        on_duplicate: For rows that agree in neuropil, too.
        unit: What the counts count.
        said: Where to say what was done.

    Raises:
        InputError: If one occurs again in a neuropil and the policy is `Refuse()`.
    """
    edges = unique(edges, ids, connections, on_duplicate, unit, said, within=neuropil[edges.row])
    n_rows, quietly = len(edges.pre), []
    edges = unique(edges, ids, connections, Sum(), unit, quietly)
    if quietly:
        said.append(
            f"added up the neuropils of each connection: {n_rows:,} rows are {len(edges.pre):,} "
            f"connections; the smallest has {edges.contacts.min():g} {unit}"
        )
    return edges


def unique(
    edges: Edges,
    ids: np.ndarray,
    connections: Table,
    on_duplicate: Refuse | Sum | KeepFirst,
    unit: str,
    said: list[str],
    within: np.ndarray | None = None,
) -> Edges:
    """One connection per (pre, post, kind), in the order of their first rows.

    Args:
        edges: The rows that are kept.
        ids: Ids of the neurons.
        connections: The table.
        on_duplicate: What to do where a connection occurs again.
        unit: What the counts count.
        said: Where to say what was done.
        within: A code of each row that tells rows of one connection apart; None for none.

    Raises:
        InputError: If one occurs again and the policy is `Refuse()`.
    """
    key = (edges.kind.astype(np.int64) * len(ids) + edges.pre) * len(ids) + edges.post
    if within is not None and len(within):
        key = key * (int(within.max()) + 1) + within
    if (np.diff(np.sort(key)) != 0).all():
        return edges
    order = np.argsort(key, kind="stable")
    fresh = np.diff(key[order], prepend=-1) != 0
    start = np.flatnonzero(fresh)
    first = order[start]  # rows in their order in the table, as the sort is stable
    n_extra = len(key) - len(first)
    where = "" if within is None else ", also within one neuropil"
    if isinstance(on_duplicate, Refuse):
        at = int(np.flatnonzero(~fresh)[0])
        one, two = order[at - 1], order[at]
        electrical = edges.kind[one] == ELECTRICAL
        ends = f"{ids[edges.pre[one]]} {'-' if electrical else '->'} {ids[edges.post[one]]}"
        places = [connections.place(int(edges.row[row])) for row in (one, two)]
        raise InputError(
            f"A connection must occur once per (pre, post, kind){where}; {ends} "
            f"({KINDS[edges.kind[one]]}) is in {places[0]} and {places[1]} of {connections.label} "
            f"({n_extra:,} such rows of {len(key):,}"
            f"{'; electrical ones count in both directions' if electrical else ''}). Pass "
            "`on_duplicate=Sum()` if each row holds other contacts, or `KeepFirst()` if rows "
            "repeat the same ones."
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
        f"connection{where}: {told}"
    )
    in_file = np.argsort(first)
    made = edges.take(first)._replace(contacts=count, sign=sign)
    return made.take(in_file)


def of_sender(
    words: list[str], code: np.ndarray, pre: np.ndarray, ids: np.ndarray, said: list[str]
) -> np.ndarray:
    """What the connections of each neuron agree on; empty where they do not."""
    low, high = np.full(len(ids), len(words)), np.full(len(ids), -1)
    np.minimum.at(low, pre, code)
    np.maximum.at(high, pre, code)
    agreed = (low == high) & (high >= 0)
    out = np.full(len(ids), "", np.array(words, dtype=str).dtype if words else "U1")
    out[agreed] = np.array(words, dtype=str)[low[agreed]]
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
