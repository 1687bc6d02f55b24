"""From a table of connections, and one of neurons, to a connectome: strict, with an audit."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow makes the functions of `compute` when it is imported; pyright cannot see them.)

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, no_type_check

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from neuroloom.connectome.column_names import CONNECTION_COLUMNS, NEURON_ID
from neuroloom.connectome.columns import (
    Table,
    column_of,
    counts_of,
    ids_of,
    kinds_of,
    plain_array,
    signs_of,
    words_of,
)
from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.connectome.edges import (
    Edges,
    in_neuropil,
    kept,
    of_sender,
    per_neuropil,
    undirected,
    unique,
)
from neuroloom.connectome.layouts import layout_of
from neuroloom.connectome.neuron_tables import annotate, further, id_column, one_type, unrepeated
from neuroloom.connectome.policies import Drop, KeepFirst, Refuse, Sum, checked_policy
from neuroloom.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["assemble", "from_tables", "need_connections", "need_neurons"]


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def from_tables(
    neurons: pd.DataFrame | None,
    connections: pd.DataFrame,
    *,
    count_unit: str = "synapses",
    neuropil: str | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
    name: str = "",
) -> Connectome:
    """The connectome in two pandas tables; nothing is repaired that the caller did not ask for.

    Columns are found by name, also under the names of public tables (`CONNECTION_COLUMNS`,
    `NEURON_ID` in `neuroloom.connectome.column_names`): `pre`, `post` and `count` of the
    connections, and, where they are there, `kind` (all chemical if not), `sign`,
    `neurotransmitter`. Spaces around ids are removed and counted in the audit; zero padding stays.
    The ends of electrical connections are put in order, so that a mirrored copy is a duplicate. A
    sign comes from the connection, else from the column `sign` of its presynaptic neuron, else it
    is 0, not known.

    Where a column `neuropil` or `roi` tells rows of one connection apart, as in the frames of
    neuPrint's `fetch_adjacencies`, their counts add up, and `on_duplicate` is for rows that agree
    in it, too.

    Args:
        neurons: One row a neuron: its id, and any further columns. None for the neurons that
            occur as ends, in the order of their ids.
        connections: One row a connection.
        count_unit: What `count` counts: `synapses`, `em_sections` or `mean_synapses`.
        neuropil: Only the rows of this neuropil or region; None for all.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where (pre, post, kind) occurs again.
        on_dangling: `Refuse()` or `Drop()` where an end is not in the table of neurons.
        name: What to call it in a report.

    Raises:
        InputError: If a column is missing, an id is a float, missing or repeated, an end dangles, a
            count is missing, negative or a fraction of what is counted, or a connection repeats.

    Example:
        >>> import pandas as pd
        >>> from neuroloom.connectome import Sum
        >>> rows = pd.DataFrame({"pre": ["a", "a"], "post": ["b", "b"], "count": [12, 3]})
        >>> from_tables(None, rows, on_duplicate=Sum()).count
        array([15])
    """
    table = _from_pandas("connections", connections)
    need_connections(table)
    cells = None
    if neurons is not None:
        cells = _from_pandas("neurons", neurons)
        need_neurons(cells)
    return assemble(
        cells,
        table,
        count_unit=count_unit,
        neuropil=neuropil,
        on_duplicate=on_duplicate,
        on_dangling=on_dangling,
        name=name,
    )


def need_connections(table: Table) -> None:
    """Refuses a table without `pre`, `post` and `count`.

    Raises:
        InputError: If one is missing; says which columns there are.
    """
    for role in ("pre", "post", "count"):
        _needed(table, CONNECTION_COLUMNS[role], "A table of connections")


def need_neurons(table: Table) -> None:
    """Refuses a table without a column of ids.

    Raises:
        InputError: If there is none; says which columns there are.
    """
    if id_column(table) is None:
        _needed(table, NEURON_ID, "A table of neurons", first_wins=True)


@no_type_check  # as above: the policies are checked here
def assemble(
    neurons: Table | None,
    connections: Table,
    *,
    count_unit: str,
    on_duplicate: Refuse | Sum | KeepFirst,
    on_dangling: Refuse | Drop,
    name: str,
    annotations: Sequence[Table] = (),
    neuropil: str | None = None,
    audit: tuple[str, ...] = (),
) -> Connectome:
    """The connectome in two tables, or more; see `from_tables`.

    Args:
        neurons: Who the neurons are; None for those that occur as ends.
        connections: Who connects to whom, maybe with one row a neuropil.
        count_unit: As of `from_tables`.
        on_duplicate: As of `from_tables`.
        on_dangling: As of `from_tables`.
        name: What to call it in a report.
        annotations: Further tables of neurons, which add columns and no neuron.
        neuropil: Only the rows of this neuropil; None for all, added up.
        audit: What was said so far.

    Raises:
        InputError: As `from_tables`.
    """
    checked_policy("on_duplicate", on_duplicate, (Refuse, Sum, KeepFirst))
    checked_policy("on_dangling", on_dangling, (Refuse, Drop))
    said = list(audit)
    roles = {role: column_of(connections, names) for role, names in CONNECTION_COLUMNS.items()}
    said += _renamed(connections, roles)
    ids, pre, post = _ends(neurons, connections, roles, said)
    found = counts_of(connections, str(roles["count"]))
    if count_unit in ("synapses", "em_sections") and found.dtype.kind == "f":
        connections.refuse(
            str(roles["count"]),
            found != np.round(found),
            f"A count in {count_unit} must be whole",
            "If these are averages, say so with `count_unit='mean_synapses'`.",
        )
    kind = np.zeros(len(pre), np.int8)
    if roles["kind"]:
        kind = kinds_of(connections, roles["kind"])
    elif len(pre):
        said.append("the connections have no column `kind`: all count as chemical")
    columns = {} if neurons is None else further(neurons, said)
    for table in annotations:
        annotate(columns, ids, table, said)
    sign = _signs(neurons, connections, roles, kind, pre, said)
    edges = Edges(pre, post, kind, found, sign, np.arange(len(pre)))
    if roles["neuropil"]:
        edges = in_neuropil(edges, connections, roles["neuropil"], neuropil, said)
    elif neuropil is not None:
        raise InputError(
            f"`neuropil` must go with a table of one row a neuropil; {connections.label} has no "
            f"such column (it has {', '.join(connections.columns)[:200]}). Leave it out."
        )
    edges = kept(edges, ids, neurons, connections, roles, on_dangling, count_unit, said)
    edges = undirected(edges, said)
    if roles["neuropil"]:
        place = words_of(connections, roles["neuropil"])[1]
        edges = per_neuropil(edges, place, ids, connections, on_duplicate, count_unit, said)
    else:
        edges = unique(edges, ids, connections, on_duplicate, count_unit, said)
    if roles["neurotransmitter"] and "neurotransmitter" not in columns:
        words, place = words_of(connections, roles["neurotransmitter"])
        columns["neurotransmitter"] = of_sender(words, place[edges.row], edges.pre, ids, said)
    return Connectome(
        neuron_id=ids,
        pre=edges.pre,
        post=edges.post,
        kind=edges.kind,
        count=edges.contacts,
        sign=edges.sign,
        count_unit=count_unit,
        neurons=columns,
        name=name,
        audit=tuple(said),
    )


def _from_pandas(label: str, frame: pd.DataFrame) -> Table:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"The {label} must be a pandas table; got a {type(frame).__name__}. Pass a "
            "`pandas.DataFrame`, or read a file with `read_connectome`."
        )
    names = [str(name) for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(
            f"Each column must occur once; the {label} have `{repeated[0]}` more than once "
            f"({len(repeated)} names repeat). Rename or remove those columns."
        )
    columns = {}
    for place, column in enumerate(names):
        try:
            columns[column] = plain_array(pa.array(frame.iloc[:, place], from_pandas=True))
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            raise InputError(
                f"A column must be of one type; `{column}` of the {label} is not: "
                f"{str(error).splitlines()[0][:120]}. Convert it to int64 or to text, without "
                "going through floats."
            ) from error
    return Table(f"the table of {label}", columns, lambda row: f"row {row} (from 0)")


def _needed(table: Table, names: tuple[str, ...], what: str, *, first_wins: bool = False) -> None:
    if column_of(table, names, first_wins=first_wins) is not None:
        return
    shown = list(table.columns)[:8]
    raise InputError(
        f"{what} must have a column `{names[0]}` (or {', '.join(names[1:])}); {table.label} has "
        f"{len(table.columns)}: {', '.join(shown)[:200]}. {_instead(table, names[0], shown)}"
    )


def _instead(table: Table, name: str, shown: list[str]) -> str:
    """What to do with a table that lacks a column: by what it is, if its header tells."""
    layout = layout_of(table.columns)
    if layout is None:
        near = nearest(name, shown)
        near = f"{near} " if near.startswith("Did") else ""
        return (
            f"{near}Rename the column that holds it, and check that comma, tab, semicolon or space "
            "separates the columns. If the first line is data, put a line of names above it; a "
            "matrix goes through `from_scipy`."
        )
    if layout.role == "neurons":
        return (
            f"It is a table of neurons ({layout.title}): read the table of connections, and pass "
            "this one as `neurons=`."
        )
    if layout.role == "connections":
        return f"It is a table of connections ({layout.title}): read it as such."
    return f"It is a {layout.title}, which is not read: {layout.why}."


def _renamed(table: Table, roles: dict[str, str | None]) -> list[str]:
    said = []
    other = [
        f"`{column}` as {role}" for role, column in roles.items() if column not in (role, None)
    ]
    if other:
        said.append(f"took {', '.join(other)}")
    left = [
        f"`{column}`"
        for column in (*table.columns, *table.left_out)
        if column not in roles.values()
    ]
    if left:
        said.append(f"left out the columns {', '.join(left)} of the connections")
    return said


def _ends(
    neurons: Table | None, connections: Table, roles: dict[str, str | None], said: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ids of all neurons, and where in them each connection starts and ends; -1 is nowhere."""
    tables = [(connections, str(roles["pre"])), (connections, str(roles["post"]))]
    if neurons is not None:
        own = str(id_column(neurons))
        if own != "neuron_id":
            said.append(f"took `{own}` as the ids of neurons")
        tables.append((neurons, own))
    parts = []
    for table, column in tables:
        ids, n_stripped = ids_of(table, column)
        if n_stripped:
            said.append(f"removed spaces around {n_stripped:,} ids of `{column}`")
        parts.append(ids)
    parts = one_type(tables, parts, said)
    if neurons is None:
        if not len(parts[0]):
            raise InputError(
                f"A table of connections must have a row, or come with a table of neurons; "
                f"{connections.label} has none. Pass `neurons=`, or export it again."
            )
        found = pc.unique(pa.concat_arrays(parts))
        parts.append(found.take(pc.sort_indices(found)))
        said.append(f"no table of neurons: the {len(found):,} neurons are those that occur as ends")
    elif not len(parts[2]):
        raise InputError(
            f"A table of neurons must have a row; {neurons.label} has none. Export it again."
        )
    else:
        unrepeated(neurons, tables[2][1], parts[2])
    where = [
        pc.index_in(end, value_set=parts[2]).fill_null(-1).to_numpy(zero_copy_only=False)
        for end in parts[:2]
    ]
    ids = parts[2].to_numpy(zero_copy_only=False)
    ids = np.array(ids.tolist(), dtype=str) if ids.dtype == object else ids
    return ids, where[0].astype(np.int64), where[1].astype(np.int64)


def _signs(
    neurons: Table | None,
    connections: Table,
    roles: dict[str, str | None],
    kind: np.ndarray,
    pre: np.ndarray,
    said: list[str],
) -> np.ndarray:
    if roles["sign"]:
        sign = signs_of(connections, roles["sign"])
        connections.refuse(
            roles["sign"],
            (sign != 0) & (kind == ELECTRICAL),
            "Electrical connections must have sign 0",
            "Blank those cells: a gap junction carries current both ways.",
        )
        return sign
    if neurons is None or "sign" not in neurons.columns or not len(pre):
        return np.zeros(len(pre), np.int8)
    own = signs_of(neurons, "sign")
    sign = np.where((kind == ELECTRICAL) | (pre < 0), 0, own[pre])
    said.append(
        f"took signs from the column `sign` of presynaptic neurons: {(sign > 0).sum():,} +, "
        f"{(sign < 0).sum():,} -, {((sign == 0) & (kind != ELECTRICAL)).sum():,} unknown"
    )
    return sign.astype(np.int8)
