"""How far a null wiring is from its original, block by block."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from neuroloom.connectome.block_nulls.blocks import blocks, groups
from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.errors import InputError

__all__ = ["BlockDistance", "block_distances", "how_far"]


class BlockDistance(NamedTuple):
    """What changed in one block.

    Attributes:
        block: The block in words.
        n_connections: Connections in the original.
        density: Share of the places of the block that are connected; a random wiring would keep
            about this share of the connections by chance.
        new: Share of connections of the null that the original does not have.
        recounted: Share of connections in both that have another count.
    """

    block: str
    n_connections: int
    density: float
    new: float
    recounted: float


def block_distances(
    original: Connectome, null: Connectome, *, by: str = "node_kind"
) -> list[BlockDistance]:
    """How far the null is from the original in each block.

    A null that mixed well has `new` near 1 - `density`; far below it, the degrees leave little room
    (a hub that meets everyone always will) or the rounds were too few.

    Args:
        original: The wiring.
        null: Made from it; the same nodes, and blocks of the same sizes.
        by: Neuron column whose values are the groups.

    Raises:
        InputError: If the two have other nodes.
    """
    if not np.array_equal(original.neuron_id, null.neuron_id):
        raise InputError(
            f"A null wiring must have the nodes of its original; {null.n_neurons} and "
            f"{original.n_neurons} nodes differ. Compare with the wiring that it was made from."
        )
    names, group = groups(original, by)
    n_of = dict(zip(names.tolist(), np.bincount(group).tolist(), strict=True))
    made = {(b.kind, b.sign, b.pre, b.post): b.inside for b in blocks(null, by)}
    was_keys, null_keys = _keys(original), _keys(null)
    found = []
    for block in blocks(original, by):
        own, others = n_of[block.pre], n_of[block.post]
        places = own * others - (own if block.pre == block.post else 0)
        if block.kind == "electrical" and block.pre == block.post:
            places //= 2
        now = made.get((block.kind, block.sign, block.pre, block.post), np.zeros(0, np.int64))
        kept, was, is_now = np.intersect1d(
            was_keys[block.inside], null_keys[now], return_indices=True
        )
        recounted = original.count[block.inside][was] != null.count[now][is_now]
        n = block.inside.size
        found.append(
            BlockDistance(
                block.name,
                n,
                n / places if places else 1.0,
                1 - kept.size / max(now.size, 1),
                float(recounted.mean()) if kept.size else 0.0,
            )
        )
    return found


def how_far(original: Connectome, null: Connectome, rows: Bool[np.ndarray, " connection"]) -> str:
    """In words, how many of these connections of the null the original does not have."""
    new = ~np.isin(_keys(null)[rows], _keys(original))
    return f"{int(new.sum()):,} of {new.size:,} connections are new"


def _keys(connectome: Connectome) -> np.ndarray:
    """Kind, ends and sign of each connection as one number."""
    n = connectome.n_neurons
    low = np.minimum(connectome.pre, connectome.post)
    high = np.maximum(connectome.pre, connectome.post)
    electrical = connectome.kind == ELECTRICAL
    pre = np.where(electrical, low, connectome.pre)
    post = np.where(electrical, high, connectome.post)
    kind = connectome.kind.astype(np.int64) * 3 + connectome.sign + 1
    return (kind * n + pre) * n + post
