"""What null wirings promise to keep. Each check raises where it does not hold.

They count anew from the two connectomes and share nothing with what made the null.
"""

import numpy as np
from jaxtyping import Bool, Int

from neuroloom.connectome.block_nulls.blocks import SILENT, block_codes, own_signs
from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.errors import SimulationError

__all__ = [
    "keeps_block_sizes",
    "keeps_connections_of",
    "keeps_counts",
    "keeps_degrees",
    "keeps_ends",
    "keeps_nodes",
    "keeps_self_connections",
    "keeps_senders_signs",
    "keeps_sent_counts",
]


def keeps_nodes(before: Connectome, after: Connectome) -> None:
    """The nodes and their columns are the same, and there are as many distinct connections.

    Raises:
        SimulationError: If not; also where two connections were merged into one place.
    """
    same = np.array_equal(before.neuron_id, after.neuron_id)
    same &= set(before.neurons) == set(after.neurons) and all(
        _equal(values, after.neurons[name]) for name, values in before.neurons.items()
    )
    _promise(same, "every node and its columns")
    _promise(
        after.n_connections == before.n_connections
        and np.unique(_place(after)).size == after.n_connections,
        "the number of connections, none merged with another",
    )


def keeps_block_sizes(before: Connectome, after: Connectome, by: str) -> None:
    """Every block has as many connections.

    Raises:
        SimulationError: If one has more or fewer.
    """
    sizes = [np.sort(block_codes(c, by)) for c in (before, after)]
    _promise(np.array_equal(sizes[0], sizes[1]), f"the connections of every block by `{by}`")


def keeps_degrees(before: Connectome, after: Connectome, by: str) -> None:
    """Every node sends and receives as many connections in every block.

    Electrical connections have no direction: a node keeps its number of partners.

    Raises:
        SimulationError: If one does not.
    """
    ends = [_ends(c, block_codes(c, by)) for c in (before, after)]
    _promise(np.array_equal(ends[0], ends[1]), f"every in- and out-degree in every block by `{by}`")


def keeps_counts(before: Connectome, after: Connectome, by: str) -> None:
    """The same counts occur in every block, as often.

    Raises:
        SimulationError: If not.
    """
    dealt = []
    for c in (before, after):
        code = block_codes(c, by)
        order = np.lexsort((c.count, code))
        dealt.append(np.stack([code[order].astype(float), c.count[order].astype(float)]))
    _promise(np.array_equal(dealt[0], dealt[1]), f"the counts that occur in every block by `{by}`")


def keeps_sent_counts(before: Connectome, after: Connectome, by: str) -> None:
    """Every node sends the same counts in every block: its out-strength too.

    Electrical connections have no sender and are not looked at.

    Raises:
        SimulationError: If one does not.
    """
    sent = []
    for c in (before, after):
        directed = c.kind != ELECTRICAL
        row = [block_codes(c, by)[directed], c.pre[directed], c.count[directed]]
        order = np.lexsort(row[::-1])
        sent.append(np.stack([one[order].astype(float) for one in row]))
    _promise(np.array_equal(sent[0], sent[1]), "the counts that every node sends")


def keeps_ends(before: Connectome, after: Connectome) -> None:
    """Every connection has its ends, kind and sign.

    Raises:
        SimulationError: If one differs.
    """
    same = all(
        np.array_equal(getattr(before, f), getattr(after, f))
        for f in ("pre", "post", "kind", "sign")
    )
    _promise(same, "the ends, kind and sign of every connection")


def keeps_self_connections(before: Connectome, after: Connectome) -> None:
    """The connections of nodes to themselves are the same, no more and no fewer.

    Raises:
        SimulationError: If not.
    """
    own = [np.sort(_place(c)[c.pre == c.post]) for c in (before, after)]
    _promise(np.array_equal(own[0], own[1]), "self-connections as they were, and make no new one")


def keeps_connections_of(
    before: Connectome, after: Connectome, rows: Bool[np.ndarray, " connection"]
) -> None:
    """These connections are the same in everything.

    Raises:
        SimulationError: If one differs.
    """
    same = all(
        np.array_equal(getattr(before, f)[rows], getattr(after, f)[rows])
        for f in ("pre", "post", "kind", "count", "sign")
    )
    _promise(same, "the connections that it leaves alone")


def keeps_senders_signs(before: Connectome, after: Connectome) -> None:
    """Every node that sends sends one sign (Dale), the one that it sent before.

    A node that sent nothing may send what its group sends; one may come to send nothing.

    Raises:
        SimulationError: If a sign changed.
    """
    was, now = own_signs(before), own_signs(after)
    kept = (was == now) | (was == SILENT) | (now == SILENT)
    _promise(bool(kept.all()), "the sign that every node sends")


def _place(connectome: Connectome) -> Int[np.ndarray, " connection"]:
    n = connectome.n_neurons
    return (connectome.kind.astype(np.int64) * n + connectome.pre) * n + connectome.post


def _ends(connectome: Connectome, code: np.ndarray) -> np.ndarray:
    """Sorted (block, role, node) of both ends of every connection."""
    electrical = connectome.kind == ELECTRICAL
    rows = [
        np.stack([code, np.where(electrical, 0, role), getattr(connectome, end)])
        for role, end in enumerate(("pre", "post"))
    ]
    both = np.concatenate(rows, axis=1)
    return both[:, np.lexsort(both)]


def _equal(one: np.ndarray, two: np.ndarray) -> bool:
    return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=one.dtype.kind == "f")


def _promise(holds: bool, what: str) -> None:
    if not holds:
        raise SimulationError(
            f"A null wiring must keep {what}; it did not. This is a bug: please report it with the "
            "connectome and the seed."
        )
