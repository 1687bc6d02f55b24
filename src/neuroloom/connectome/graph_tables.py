"""From the nodes and edges of a graph to a connectome: what counts, and what no direction means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
import pyarrow as pa

from neuroloom.connectome.column_names import CONNECTION_COLUMNS
from neuroloom.connectome.columns import Table, column_of, kinds_of
from neuroloom.connectome.connectome import ELECTRICAL, KINDS, Connectome
from neuroloom.connectome.policies import (
    BothWays,
    Drop,
    Electrical,
    KeepFirst,
    Refuse,
    Sum,
    checked_policy,
)
from neuroloom.connectome.tables import assemble
from neuroloom.errors import InputError, nearest

__all__ = ["STATEMENT", "GraphPolicies", "assemble_graph", "stated_by", "statement_of"]

STATEMENT = "neuroloom"  # the graph attribute in which a graph of ours states unit, name and audit


@no_type_check  # `assemble_graph` checks them
@dataclass(frozen=True)
class GraphPolicies:
    """What a caller decides about a graph; see `read_graphml`."""

    undirected: Refuse | Electrical | BothWays
    count: str | int | None
    count_unit: str | None
    on_duplicate: Refuse | Sum | KeepFirst
    on_dangling: Refuse | Drop
    name: str | None


def statement_of(connectome: Connectome, **more: object) -> str:
    """What a graph of ours states about itself, as JSON in ASCII."""
    stated = {
        "count_unit": connectome.count_unit,
        "name": connectome.name,
        "audit": list(connectome.audit),
    }
    return json.dumps(stated | more)


def stated_by(label: str, statement: object) -> dict[str, object]:
    """What `statement_of` wrote; empty where there is None.

    Raises:
        InputError: If it is no such statement.
    """
    if statement is None:
        return {}
    try:
        stated = json.loads(statement) if isinstance(statement, str) else None
    except (ValueError, RecursionError):
        stated = None
    audit = stated.get("audit", []) if isinstance(stated, dict) else None
    sound = isinstance(audit, list) and all(isinstance(line, str) for line in audit)
    if not isinstance(stated, dict) or not sound:
        raise InputError(
            f"The graph attribute `{STATEMENT}` must hold what neuroloom writes there, in JSON; "
            f"{label} has {statement!r:.80}. Write the graph again, or remove the attribute."
        )
    return stated


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def assemble_graph(
    neurons: Table | None,
    connections: Table,
    directed: np.ndarray,
    policies: GraphPolicies,
    *,
    stated: Mapping[str, object],
    name: str,
    audit: tuple[str, ...] = (),
) -> Connectome:
    """The connectome in a graph.

    Args:
        neurons: One node a row, with its id in `neuron_id`; None for the nodes that are ends.
        connections: One edge a row, with its ends in `pre` and `post`.
        directed: Whether each edge has a direction.
        policies: What the caller decides.
        stated: What the graph states about itself; see `stated_by`.
        name: What to call it, if neither the caller nor the graph does.
        audit: What was said on the way here.

    Raises:
        InputError: If the caller must decide and has not, or as `from_tables`.
    """
    checked_policy("undirected", policies.undirected, (Refuse, Electrical, BothWays))
    unit = stated.get("count_unit", policies.count_unit or "synapses")
    if policies.count_unit is not None and unit != policies.count_unit:
        raise InputError(
            f"`count_unit` must agree with the graph; {connections.label} says {unit!r} and the "
            f"argument {policies.count_unit!r}. Leave the argument out."
        )
    said = [*stated.get("audit", []), *audit]
    if policies.count_unit is None and "count_unit" not in stated:
        said.append("the graph does not say what its counts count: taken as synapses")
    connections = _counted(connections, policies.count, said)
    connections = _with_direction(connections, directed, policies.undirected, said)
    return assemble(
        neurons,
        connections,
        count_unit=str(unit),
        on_duplicate=policies.on_duplicate,
        on_dangling=policies.on_dangling,
        name=str(stated.get("name", name)) if policies.name is None else policies.name,
        audit=tuple(said),
    )


def _counted(table: Table, count: object, said: list[str]) -> Table:
    """The table with its counts in `count`, or in a column that is known to mean it."""
    columns = dict(table.columns)
    attributes = [name for name in columns if name not in ("pre", "post")]
    if isinstance(count, int) and not isinstance(count, bool):
        if not 0 <= count < 2**53:
            raise InputError(
                f"`count` must be at least 0 and less than 2^53; got {count}. Pass the contacts of "
                "each edge, or the name of the attribute that holds them."
            )
        said.append(f"every edge counts {count:,}, as asked")
        columns["count"] = pa.array(np.full(len(table), count, np.int64))
        return replace(table, columns=columns)
    if isinstance(count, str):
        if count not in attributes:
            raise InputError(
                f"`count` must name an attribute of the edges; {table.label} has "
                f"{', '.join(attributes)[:200] or 'none'}, no `{count}`. "
                f"{nearest(count, [*attributes, '-'])}"
            )
        if count != "count":
            said.append(f"took `{count}` as count")
            columns["count"] = columns.pop(count)
        return replace(table, columns=columns)
    if count is not None:
        raise InputError(
            "`count` must be the name of an attribute, a whole number for every edge, or None; "
            f"got {count!r:.80}. Pass one of these."
        )
    known = [
        name
        for name in attributes
        if column_of(Table("", {name: columns[name]}, str), CONNECTION_COLUMNS["count"])
    ]
    if not known and not len(table):
        return replace(table, columns=columns | {"count": pa.array([], pa.int64())})
    if not known or (len(known) > 1 and "count" not in known):
        found = ", ".join(known or attributes)[:200] or "none"
        raise InputError(
            f"One attribute of the edges must be the count; {table.label} has {found}. Pass "
            "`count='...'` with its name, or `count=1` to count every edge as one contact."
        )
    return table


def _with_direction(table: Table, directed: np.ndarray, policy: object, said: list[str]) -> Table:
    """The table with a kind for every edge without direction, and a second row if it has two."""
    if directed.all():
        return table
    column = column_of(table, CONNECTION_COLUMNS["kind"])
    kind = kinds_of(table, column) if column else np.zeros(len(table), np.int8)
    says = kind == ELECTRICAL if column else np.zeros(len(table), bool)
    unclear = ~directed & ~says
    if not unclear.any():
        return table
    if isinstance(policy, Refuse):
        row = int(np.flatnonzero(unclear)[0])
        raise InputError(
            f"An edge must have a direction, or you say what it means without; {table.label} has "
            f"{int(unclear.sum()):,} undirected edges of {len(table):,} (first: "
            f"{table.place(row)}). Pass `undirected=Electrical()` if each is a gap junction, or "
            "`undirected=BothWays()` if it connects both ways."
        )
    if isinstance(policy, Electrical):
        if column:
            table.refuse(
                column,
                unclear,
                "An undirected edge of `Electrical()` must not say another kind",
                "Remove the attribute, or pass `undirected=BothWays()`.",
            )
        said.append(
            f"took {unclear.sum():,} undirected edges as electrical connections, one each, as asked"
        )
        kind = np.where(unclear, ELECTRICAL, kind)
        words = pa.array(np.array(KINDS)[kind].tolist(), pa.large_string())
        return replace(table, columns={**table.columns, "kind": words})
    ends = [np.array(table.columns[end].to_pylist(), dtype=object) for end in ("pre", "post")]
    again = np.flatnonzero(unclear & (ends[0] != ends[1]))
    rows = np.concatenate([np.arange(len(table)), again])
    columns = {name: values.take(pa.array(rows)) for name, values in table.columns.items()}
    for end, other in (("pre", "post"), ("post", "pre")):
        turned = table.columns[other].take(pa.array(again))
        columns[end] = pa.concat_arrays([table.columns[end], turned])
    said.append(
        f"took {unclear.sum():,} undirected edges as connections both ways, each with the whole "
        f"count, as asked ({unclear.sum() - again.size:,} from a node to itself stand once)"
    )
    return replace(table, columns=columns, place=lambda row: table.place(int(rows[row])))
