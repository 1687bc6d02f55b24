"""Null wirings by block: for circuits in which some groups of nodes contact only some others.

Each checks what it promises before it returns, and raises where it does not hold. All but the last
leave gap junctions alone, and that one leaves everything else: compose them to do both.

| null | keeps | destroys |
|---|---|---|
| `permute_weights` | every connection and sign; the counts of each block | which is strong |
| `rewire_blocks` | every in- and out-degree per block and sign; out-strengths | who meets whom |
| `block_model` | connections from class to class, per sign; Dale | which cell of a class |
| `erdos_renyi_blocks` | connections per block and sign; Dale | degrees and classes |
| `shuffle_signs` | every connection and count; the number of + and - cells | who excites |
| `rewire_gap_junctions` | electrical partners of every node per group | which partners |

`layered_wiring` keeps how many cells and connections of each sign there are, and nothing else: the
cells are other ones, in layers. It is no null of a circuit but a control without recurrence.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from neuroloom.connectome.block_nulls.blocks import Block, blocks, own_signs, with_group
from neuroloom.connectome.block_nulls.distance import BlockDistance, block_distances
from neuroloom.connectome.block_nulls.drawn import block_model, erdos_renyi_blocks
from neuroloom.connectome.block_nulls.layered import (
    LayerStatistics,
    layered_wiring,
    random_layers,
)
from neuroloom.connectome.block_nulls.rewired import rewire_blocks, rewire_gap_junctions
from neuroloom.connectome.block_nulls.weights import permute_weights
from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.nulls import shuffle_signs

__all__ = [
    "BLOCK_NULLS",
    "Block",
    "BlockDistance",
    "LayerStatistics",
    "block_distances",
    "block_model",
    "blocks",
    "erdos_renyi_blocks",
    "layered_wiring",
    "own_signs",
    "permute_weights",
    "random_layers",
    "rewire_blocks",
    "rewire_gap_junctions",
    "shuffle_signs",
    "with_group",
]

BLOCK_NULLS: Mapping[str, Callable[..., Connectome]] = MappingProxyType(
    {
        "permute_weights": permute_weights,
        "rewire_blocks": rewire_blocks,
        "block_model": block_model,
        "erdos_renyi_blocks": erdos_renyi_blocks,
        "shuffle_signs": shuffle_signs,
        "rewire_gap_junctions": rewire_gap_junctions,
    }
)
