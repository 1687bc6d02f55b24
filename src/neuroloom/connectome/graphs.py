"""networkx graphs, in and out. networkx is imported only here, and only when it is asked for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, no_type_check

import numpy as np
import pyarrow as pa

from neuroloom.connectome.columns import Table, plain_array
from neuroloom.connectome.connectome import KINDS, Connectome
from neuroloom.connectome.graph_tables import (
    STATEMENT,
    GraphPolicies,
    assemble_graph,
    stated_by,
    statement_of,
)
from neuroloom.connectome.policies import BothWays, Electrical, KeepFirst, Refuse, Sum
from neuroloom.errors import InputError

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["from_networkx", "to_networkx"]

PARTS = ("pre", "post", "kind", "count", "sign")
MOST_BLANKS = 2**24  # cells of attributes that few nodes or edges have


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def from_networkx(
    graph: nx.Graph,
    *,
    undirected: Refuse | Electrical | BothWays = Refuse(),  # noqa: B008
    count: str | int | None = None,
    count_unit: str | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    name: str | None = None,
) -> Connectome:
    """The connectome in a networkx graph of any class; an edge goes from `pre` to `post`.

    Nodes must be whole numbers, or text; their attributes become neuron columns. Of the attributes
    of edges, `count` (or `weight`), `kind`, `sign` and `neurotransmitter` are found under the names
    of public tables, as `from_tables` does.

    Args:
        graph: Graph, DiGraph, MultiGraph or MultiDiGraph.
        undirected: What an edge of an undirected graph is: `Electrical()` or `BothWays()`, or
            refused. Edges whose attribute `kind` says electrical need no such decision.
        count: The edge attribute with the contacts, or one whole number for every edge; None for
            the attribute known by its name.
        count_unit: What the counts count; None for what the graph says, or else `synapses`.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where a connection occurs again.
        name: What to call it; None for what the graph says, or else its own name.

    Raises:
        InputError: If networkx is missing, this is no such graph, or its contents are not strict.
    """
    nx = _networkx()
    if not isinstance(graph, nx.Graph):
        raise InputError(
            f"`graph` must be a networkx graph; got a {type(graph).__name__}. Pass a `DiGraph` or "
            "`MultiDiGraph`; for a file, use `read_graphml`."
        )
    if not len(graph):
        raise InputError("A graph must have a node; this one has none. Add its neurons.")
    stated = stated_by("the graph", graph.graph.get(STATEMENT))
    _check_nodes(graph.nodes)
    nodes, edges = list(graph.nodes(data=True)), list(graph.edges(data=True))
    said: list[str] = []
    neurons = _table("node", {"neuron_id": [n for n, _ in nodes]}, [d for _, d in nodes], said)
    ends = {"pre": [a for a, _, _ in edges], "post": [b for _, b, _ in edges]}
    connections = _table("edge", ends, [data for _, _, data in edges], said)
    return assemble_graph(
        neurons,
        connections,
        np.full(len(edges), graph.is_directed()),
        GraphPolicies(undirected, count, count_unit, on_duplicate, Refuse(), name),
        stated=stated,
        name=str(graph.graph.get("name", "")),
        audit=tuple(said),
    )


def to_networkx(connectome: Connectome) -> nx.MultiDiGraph:
    """The connectome as a networkx graph; `from_networkx` gives back the same value.

    But for the order of connections, which networkx makes its own. Always a `MultiDiGraph`, with
    the kind as the key of an edge and `kind`, `count` and `sign` as its attributes. An electrical
    connection is one edge with `pre <= post`. Of one kind no two edges are parallel, so that
    `networkx.DiGraph(to_networkx(connectome.of_kind("chemical")))` loses nothing. The graph
    attribute `neuroloom` states unit, name and audit.

    Args:
        connectome: Any; its neuron columns become attributes of the nodes.

    Raises:
        InputError: If networkx is missing.
    """
    nx = _networkx()
    graph = nx.MultiDiGraph()
    graph.graph.update({"name": connectome.name, STATEMENT: statement_of(connectome)})
    ids = connectome.neuron_id.tolist()
    columns = {name: values.tolist() for name, values in connectome.neurons.items()}
    graph.add_nodes_from(
        (word, {name: values[k] for name, values in columns.items()}) for k, word in enumerate(ids)
    )
    edges = (getattr(connectome, part).tolist() for part in PARTS)
    for a, b, k, n, s in zip(*edges, strict=True):
        graph.add_edge(ids[a], ids[b], KINDS[k], kind=KINDS[k], count=n, sign=s)
    return graph


def _networkx():
    try:
        import networkx
    except ImportError as error:
        raise InputError(
            "networkx must be installed for its graphs; it is not there. Install it with "
            "`pip install networkx`, or write GraphML with `write_graphml`."
        ) from error
    return networkx


def _check_nodes(nodes: Iterable[Hashable]) -> None:
    whole = [isinstance(n, int | np.integer) and not isinstance(n, bool) for n in nodes]
    text = [isinstance(n, str) for n in nodes]
    if all(whole) or all(text):
        return
    neither = [n for n, a, b in zip(nodes, whole, text, strict=True) if not (a or b)]
    other = [n for n, a in zip(nodes, whole, strict=True) if a != whole[0]]
    odd = (neither or other)[0]
    raise InputError(
        f"Nodes must be all whole numbers or all text, as ids are; {odd!r:.80} is a "
        f"{type(odd).__name__} ({sum(whole):,} whole numbers, {sum(text):,} texts of "
        f"{len(whole):,}). Relabel them with `networkx.relabel_nodes`, but not from floats."
    )


def _table(
    owner: str,
    ends: Mapping[str, list[Hashable]],
    attributes: list[dict[Hashable, object]],
    said: list[str],
) -> Table:
    """The nodes or the edges as a table; a missing attribute is a blank."""
    names = list(dict.fromkeys(name for data in attributes for name in data))
    n_given = sum(len(data) for data in attributes)
    if len(names) * len(attributes) > max(MOST_BLANKS, 20 * n_given):
        raise InputError(
            f"The attributes of {owner}s must be given for most of them; the graph has "
            f"{len(names):,} for {len(attributes):,} {owner}s and gives {n_given:,} values. Remove "
            "those that few have."
        )
    left = [str(name) for name in names if not isinstance(name, str) or name in ends]
    if left:
        said.append(f"left out the attributes {', '.join(left)} of {owner}s")
    columns = {name: _array(owner, name, values) for name, values in ends.items()}
    for name in names:
        if isinstance(name, str) and name not in ends:
            columns[name] = _array(owner, name, [data.get(name) for data in attributes])
    return Table("the graph", columns, lambda row: f"{owner} {row} (from 0)")


def _array(owner: str, name: str, values: list) -> pa.Array:
    try:
        array = plain_array(pa.array(values))
        if pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
            raise TypeError(f"it has {array.type}")
        return array
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise InputError(
            f"An attribute must be of one type for all {owner}s; `{name}` is not: "
            f"{str(error).splitlines()[0][:120]}. Convert it to numbers or to text."
        ) from error
