"""GraphML, in and out: attributes by their names, directions as stated, ids exact."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes the functions of `compute` when it is imported; pyright cannot see them.)

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import no_type_check
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow.compute as pc

from neuroloom.connectome.columns import Table
from neuroloom.connectome.connectome import KINDS, Connectome
from neuroloom.connectome.edge_list import writable
from neuroloom.connectome.graph_tables import (
    STATEMENT,
    GraphPolicies,
    assemble_graph,
    stated_by,
    statement_of,
)
from neuroloom.connectome.graphml_parser import NAMESPACE, parse_graphml
from neuroloom.connectome.neuron_tables import unrepeated
from neuroloom.connectome.policies import BothWays, Drop, Electrical, KeepFirst, Refuse, Sum
from neuroloom.disk import written_whole
from neuroloom.errors import InputError

__all__ = ["is_graphml", "read_graphml", "write_graphml"]

WRITTEN = {"i": "long", "f": "double", "b": "boolean", "U": "string"}
NUMBERED = re.compile("n[0-9]+")
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_graphml(head: bytes) -> bool:
    """Whether these first bytes of a file, unpacked if it is packed, begin a GraphML document."""
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lstrip()
    return plain.startswith(b"<") and re.search(rb"<(\w+:)?graphml[\s>]", plain) is not None


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def read_graphml(
    path: Path,
    *,
    undirected: Refuse | Electrical | BothWays = Refuse(),  # noqa: B008
    neuron_id: str | None = None,
    count: str | int | None = None,
    count_unit: str | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
    name: str | None = None,
) -> Connectome:
    """The connectome in a GraphML file: `source` is `pre`, `target` is `post`.

    Attributes go by `attr.name`. Those of nodes become neuron columns; of those of edges, `count`,
    `kind`, `sign` and `neurotransmitter` are found under the names of public tables, as
    `from_tables` does. Ids are whole numbers if all are, none of them zero-padded, and else text.
    Elements of other namespaces (as yEd writes), ports and descriptions are left out.

    Args:
        path: The file, gzipped or not, with one graph.
        undirected: What an edge without direction is: `Electrical()` or `BothWays()`, or refused.
            Edges whose attribute `kind` says electrical need no such decision.
        neuron_id: The node attribute with the ids of neurons, as `name` in files of igraph, which
            numbers its nodes; None for the ids of the nodes themselves.
        count: The edge attribute with the contacts, or one whole number for every edge; None for
            the attribute known by its name.
        count_unit: What the counts count; None for what the file says, or else `synapses`.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where a connection occurs again.
        on_dangling: `Refuse()` or `Drop()` where an end is no node of the file.
        name: What to call it; None for what the file says, or else the name of the file.

    Raises:
        InputError: If the file is broken, defines entities, holds several or nested graphs or
            hyperedges, or is not strict; names the line.
    """
    path = Path(path)
    found = parse_graphml(path)
    stated = stated_by(str(path), found.about.get(STATEMENT))
    if not found.nodes and not found.pre:
        raise InputError(
            f"A graph must have a node; {path} has none. Export it again with its nodes."
        )
    neurons, edges = found.neurons(stated.get("escaped", [])), found.edges()
    if stated.get("ids") == "text":
        neurons = replace(neurons, types={**neurons.types, "neuron_id": "text"})
        edges = replace(edges, types={**edges.types, "pre": "text", "post": "text"})
    said = list(found.said)
    if neuron_id is not None:
        neurons, edges = _with_ids(neurons, edges, neuron_id)
        said.append(f"took the node attribute `{neuron_id}` as the ids of neurons")
    elif not stated and "name" in neurons.columns and all(map(NUMBERED.fullmatch, found.nodes)):
        said.append(
            "ids are those of the nodes (n0, ...), which some program numbered; their attribute "
            "`name` is a column (`read_graphml(..., neuron_id='name')` makes it the id)"
        )
    return assemble_graph(
        neurons if found.nodes else None,
        edges,
        np.array(found.directed, bool),
        GraphPolicies(undirected, count, count_unit, on_duplicate, on_dangling, name),
        stated=stated,
        name=path.name.split(".")[0],
        audit=tuple(said),
    )


def _with_ids(neurons: Table, edges: Table, attribute: str) -> tuple[Table, Table]:
    """The nodes under the ids that one of their attributes holds, and the edges between these."""
    others = [name for name in neurons.columns if name != "neuron_id"]
    if attribute not in others:
        raise InputError(
            f"`neuron_id` must name an attribute of the nodes; {neurons.label} has "
            f"{', '.join(others)[:200] or 'none'}, no `{attribute}`. Leave it out for the ids of "
            "the nodes themselves."
        )
    nodes, ids = neurons.columns["neuron_id"], neurons.columns[attribute]
    unrepeated(neurons, "neuron_id", nodes)
    ends = {}
    for end in ("pre", "post"):
        place = pc.index_in(edges.columns[end], value_set=nodes)
        rule = "Both ends of an edge must be nodes of the file where `neuron_id` names these anew"
        nowhere = place.is_null().to_numpy(zero_copy_only=False)
        edges.refuse(end, nowhere, rule, "Add the nodes, or remove these edges.")
        ends[end] = ids.take(place)
    columns = {"neuron_id": ids} | {
        name: neurons.columns[name] for name in others if name != attribute
    }
    return replace(neurons, columns=columns), replace(edges, columns={**edges.columns, **ends})


def write_graphml(path: Path, connectome: Connectome) -> None:
    """Writes a GraphML file; `read_graphml(path)` gives back the same value.

    The graph is directed, with `kind`, `count` and `sign` of each edge: an electrical connection is
    one edge with `pre <= post`. Unit, name and audit are in the graph attribute `neuroloom`. Text
    that XML cannot hold is written as JSON, and that attribute names the column. A file whose name
    ends in `.gz` is packed.

    Args:
        path: For the file.
        connectome: Any with a neuron, but for the exceptions below.

    Raises:
        InputError: If an id or a column would not come back as it is.
    """
    path = Path(path)
    ids, columns = _writable(connectome)
    escaped = [
        name
        for name, values in columns.items()
        if values.dtype.kind == "U" and any(NOT_IN_XML.search(word) for word in values.tolist())
    ]
    stated = statement_of(
        connectome, ids="text" if ids.dtype.kind == "U" else "int64", escaped=escaped
    )
    edges = {
        "kind": np.array(KINDS)[connectome.kind],
        "count": connectome.count,
        "sign": connectome.sign.astype(np.int64),
    }
    data = "".join(_document(ids, columns, edges, connectome, stated, escaped)).encode()
    with written_whole(path) as beside:
        beside.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _writable(connectome: Connectome) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    ids, columns = writable(connectome)
    if ids.dtype.kind == "U":
        odd = np.array([NOT_IN_XML.search(word) is not None for word in ids.tolist()])
        if odd.any():
            raise InputError(
                "Neuron ids must be text that XML can hold; "
                f"{str(ids[odd][0])!r} is not ({odd.sum()} such). Rename those neurons."
            )
    return ids, columns


def _document(
    ids: np.ndarray,
    columns: Mapping[str, np.ndarray],
    edges: Mapping[str, np.ndarray],
    connectome: Connectome,
    stated: str,
    escaped: list[str],
) -> Iterator[str]:
    yield f"<?xml version='1.0' encoding='utf-8'?>\n<graphml xmlns=\"{NAMESPACE}\">\n"
    for owner, letter, table in (("node", "n", columns), ("edge", "e", edges)):
        for k, (name, values) in enumerate(table.items()):
            kind = WRITTEN[values.dtype.kind]
            yield f'<key id="{letter}{k}" for="{owner}" attr.name={quoteattr(name)} '
            yield f'attr.type="{kind}"/>\n'
    yield f'<key id="g0" for="graph" attr.name="{STATEMENT}" attr.type="string"/>\n'
    yield f'<graph edgedefault="directed">\n<data key="g0">{escape(stated)}</data>\n'
    named = [quoteattr(str(word)) for word in ids.tolist()]
    cells = [_cells(values, name in escaped) for name, values in columns.items()]
    for k, word in enumerate(named):
        data = "".join(f'<data key="n{c}">{column[k]}</data>' for c, column in enumerate(cells))
        yield f"<node id={word}>{data}</node>\n"
    cells = [_cells(values, False) for values in edges.values()]
    for k, (a, b) in enumerate(zip(connectome.pre.tolist(), connectome.post.tolist(), strict=True)):
        data = "".join(f'<data key="e{c}">{column[k]}</data>' for c, column in enumerate(cells))
        yield f'<edge id="{k}" source={named[a]} target={named[b]}>{data}</edge>\n'
    yield "</graph>\n</graphml>\n"


def _cells(values: np.ndarray, as_json: bool) -> list[str]:
    if values.dtype.kind == "b":
        return [str(value).lower() for value in values.tolist()]
    if values.dtype.kind == "f":
        return [repr(value) for value in values.tolist()]
    if values.dtype.kind == "i":
        return [str(value) for value in values.tolist()]
    words = [json.dumps(word) if as_json else word for word in values.tolist()]
    return [escape(word, {"\r": "&#13;"}) for word in words]
