"""Blocks of connections: one kind and one sign, from one group of nodes to another."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from neuroloom.connectome.connectome import ELECTRICAL, KINDS, Connectome
from neuroloom.errors import InputError

__all__ = ["Block", "block_codes", "blocks", "groups", "own_signs", "with_group"]

SILENT = 2  # in place of a sign: the node sends nothing directed


class Block(NamedTuple):
    """Connections of one kind and sign between two groups of nodes.

    Attributes:
        kind: Kind of connection, a word of `KINDS`.
        sign: +1, -1, or 0 where unknown or electrical.
        pre: Group that sends; of an electrical block, the group that sorts first.
        post: Group that receives.
        inside: Which connections these are.
    """

    kind: str
    sign: int
    pre: str
    post: str
    inside: Int[np.ndarray, " inside"]

    @property
    def name(self) -> str:
        """In words, such as `chemical +, neuron -> muscle`."""
        if self.kind == KINDS[ELECTRICAL]:
            return f"{self.kind}, {self.pre} - {self.post}"
        return f"{self.kind} {'-?+'[self.sign + 1]}, {self.pre} -> {self.post}"


def groups(connectome: Connectome, by: str) -> tuple[np.ndarray, Int[np.ndarray, " neuron"]]:
    """Names of the groups of a neuron column, sorted, and which of them each node is in.

    Raises:
        InputError: If the column is missing.
    """
    names, group = np.unique(connectome.column(by), return_inverse=True)
    return names.astype(str), group.astype(np.int64)


def with_group(connectome: Connectome, *columns: str, name: str = "group") -> Connectome:
    """The same connectome with a neuron column that combines others, for `by=`.

    So a null can keep more of the anatomy, such as which side and which segment connect to which:
    `rewire_blocks(with_group(circuit, "node_kind", "side_dv"), by="group", rng=rng)`.

    Args:
        connectome: Any.
        columns: Names of neuron columns; nodes that agree in all of them are one group.
        name: Of the new column.

    Raises:
        InputError: If no column is named, one is missing, or the new one is there already.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> worm = with_group(connectome("worm"), "node_kind", "side")
        >>> worm.column("group")[:2].tolist()
        ['neuron, L', 'neuron, R']
    """
    if not columns or name in connectome.neurons:
        raise InputError(
            f"A group must combine at least one column under a new name; got {len(columns)} "
            f"columns for `{name}`. Name the columns, and choose a `name` that is not taken."
        )
    parts = zip(*(connectome.column(one).astype(str).tolist() for one in columns), strict=True)
    group = np.array([", ".join(part) for part in parts])
    return replace(connectome, neurons={**connectome.neurons, name: group})


def block_codes(connectome: Connectome, by: str) -> Int[np.ndarray, " connection"]:
    """A number for the block of each connection: kind, sign, group of `pre`, group of `post`.

    Electrical connections have no direction: their groups are sorted.
    """
    _, group = groups(connectome, by)
    n_groups = int(group.max(initial=0)) + 1
    pre, post = group[connectome.pre], group[connectome.post]
    electrical = connectome.kind == ELECTRICAL
    low = np.where(electrical, np.minimum(pre, post), pre)
    high = np.where(electrical, np.maximum(pre, post), post)
    return ((connectome.kind.astype(np.int64) * 3 + connectome.sign + 1) * n_groups + low) * (
        n_groups
    ) + high


def blocks(connectome: Connectome, by: str = "node_kind") -> Iterator[Block]:
    """Every block that has connections, in a fixed order.

    Args:
        connectome: Any.
        by: Neuron column whose values are the groups.

    Raises:
        InputError: If the column is missing.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> [block.name for block in blocks(connectome("worm"))][1:3]
        ['chemical ?, neuron -> other', 'electrical, muscle - muscle']
    """
    names, group = groups(connectome, by)
    code = block_codes(connectome, by)
    order = np.argsort(code, kind="stable")
    edges = np.flatnonzero(np.diff(code[order])) + 1
    for inside in np.split(order, edges) if order.size else ():
        one = inside[0]
        ends = group[connectome.pre[one]], group[connectome.post[one]]
        if connectome.kind[one] == ELECTRICAL:
            ends = min(ends), max(ends)
        yield Block(
            KINDS[connectome.kind[one]],
            int(connectome.sign[one]),
            str(names[ends[0]]),
            str(names[ends[1]]),
            inside,
        )


def own_signs(connectome: Connectome) -> Int[np.ndarray, " neuron"]:
    """The one sign that each node sends: +1, 0, -1, or 2 where it sends nothing directed.

    Raises:
        InputError: If a node sends connections of different signs, unknown among them.
    """
    directed: Bool[np.ndarray, " connection"] = connectome.kind != ELECTRICAL
    pre, sign = connectome.pre[directed], connectome.sign[directed].astype(np.int64)
    low = np.full(connectome.n_neurons, SILENT, np.int64)
    high = np.full(connectome.n_neurons, -SILENT, np.int64)
    np.minimum.at(low, pre, sign)
    np.maximum.at(high, pre, sign)
    mixed = np.flatnonzero((high != -SILENT) & (low != high))
    if mixed.size:
        raise InputError(
            "Every neuron must send one sign for a null wiring that keeps Dale's law; "
            f"{connectome.neuron_id[mixed[0]]} and {mixed.size - 1} others send several. Resolve "
            "signs with a rule such as `TransmitterSigns()` first."
        )
    return low
