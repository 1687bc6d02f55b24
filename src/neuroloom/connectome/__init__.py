"""Connectomes: the value, its readers and writers, null wirings and signs.

What needs pyarrow is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from neuroloom.connectome.block_nulls import (
    BLOCK_NULLS,
    block_model,
    erdos_renyi_blocks,
    permute_weights,
    rewire_blocks,
    rewire_gap_junctions,
)
from neuroloom.connectome.connectome import COUNT_UNITS, KINDS, NODE_KINDS, Connectome
from neuroloom.connectome.cook2019 import read_cook2019
from neuroloom.connectome.degrade import (
    with_missing_connections,
    with_spurious_connections,
    with_weight_noise,
)
from neuroloom.connectome.lesion import lesion
from neuroloom.connectome.nulls import (
    NULLS,
    erdos_renyi,
    rewire,
    rewire_within_type,
    shuffle_signs,
    shuffle_weights,
)
from neuroloom.connectome.policies import BothWays, Drop, Electrical, KeepFirst, Refuse, Sum
from neuroloom.connectome.read import read_connectome
from neuroloom.connectome.signs import (
    AbstractSignRule,
    AllExcitatory,
    Dropped,
    Trainable,
    TransmitterSigns,
)
from neuroloom.connectome.summary import Summary, summarize

if TYPE_CHECKING:
    from neuroloom.connectome.edge_list import read_edge_list, write_csv, write_parquet
    from neuroloom.connectome.folder import read_folder
    from neuroloom.connectome.graphml import read_graphml, write_graphml
    from neuroloom.connectome.graphs import from_networkx, to_networkx
    from neuroloom.connectome.matrices import from_scipy, read_sparse_npz, to_scipy
    from neuroloom.connectome.tables import from_tables
    from neuroloom.connectome.varshney import read_varshney
    from neuroloom.connectome.witvliet import read_witvliet

_LATER = {
    "from_networkx": "graphs",
    "from_scipy": "matrices",
    "from_tables": "tables",
    "read_edge_list": "edge_list",
    "read_folder": "folder",
    "read_graphml": "graphml",
    "read_sparse_npz": "matrices",
    "read_varshney": "varshney",
    "read_witvliet": "witvliet",
    "to_networkx": "graphs",
    "to_scipy": "matrices",
    "write_csv": "edge_list",
    "write_graphml": "graphml",
    "write_parquet": "edge_list",
}

__all__ = [
    "BLOCK_NULLS",
    "COUNT_UNITS",
    "KINDS",
    "NODE_KINDS",
    "NULLS",
    "AbstractSignRule",
    "AllExcitatory",
    "BothWays",
    "Connectome",
    "Drop",
    "Dropped",
    "Electrical",
    "KeepFirst",
    "Refuse",
    "Sum",
    "Summary",
    "Trainable",
    "TransmitterSigns",
    "block_model",
    "erdos_renyi",
    "erdos_renyi_blocks",
    "from_networkx",
    "from_scipy",
    "from_tables",
    "lesion",
    "permute_weights",
    "read_connectome",
    "read_cook2019",
    "read_edge_list",
    "read_folder",
    "read_graphml",
    "read_sparse_npz",
    "read_varshney",
    "read_witvliet",
    "rewire",
    "rewire_blocks",
    "rewire_gap_junctions",
    "rewire_within_type",
    "shuffle_signs",
    "shuffle_weights",
    "summarize",
    "to_networkx",
    "to_scipy",
    "with_missing_connections",
    "with_spurious_connections",
    "with_weight_noise",
    "write_csv",
    "write_graphml",
    "write_parquet",
]


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
