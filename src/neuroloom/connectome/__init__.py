"""Connectomes: the value, its readers and writers, null wirings and signs.

What needs pyarrow is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from neuroloom.connectome.connectome import COUNT_UNITS, KINDS, NODE_KINDS, Connectome
from neuroloom.connectome.cook2019 import read_cook2019
from neuroloom.connectome.nulls import (
    NULLS,
    erdos_renyi,
    rewire,
    rewire_within_type,
    shuffle_signs,
    shuffle_weights,
)
from neuroloom.connectome.policies import Drop, KeepFirst, Refuse, Sum
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
    from neuroloom.connectome.tables import from_tables

_LATER = {
    "from_tables": "tables",
    "read_edge_list": "edge_list",
    "write_csv": "edge_list",
    "write_parquet": "edge_list",
}

__all__ = [
    "COUNT_UNITS",
    "KINDS",
    "NODE_KINDS",
    "NULLS",
    "AbstractSignRule",
    "AllExcitatory",
    "Connectome",
    "Drop",
    "Dropped",
    "KeepFirst",
    "Refuse",
    "Sum",
    "Summary",
    "Trainable",
    "TransmitterSigns",
    "erdos_renyi",
    "from_tables",
    "read_connectome",
    "read_cook2019",
    "read_edge_list",
    "rewire",
    "rewire_within_type",
    "shuffle_signs",
    "shuffle_weights",
    "summarize",
    "write_csv",
    "write_parquet",
]


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
