"""Edge lists and tables of neurons: CSV, TSV, Parquet and Feather, in and out without a change."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import no_type_check

import numpy as np
import pyarrow as pa
from pyarrow import ipc, parquet

from neuroloom.connectome.column_names import has_a_role
from neuroloom.connectome.columns import Table, is_id, plain_array
from neuroloom.connectome.connectome import KINDS, Connectome
from neuroloom.connectome.feather_size import ARROW_START, unpacked_size
from neuroloom.connectome.files import recognize
from neuroloom.connectome.layouts import layout_of
from neuroloom.connectome.policies import Drop, KeepFirst, Refuse, Sum
from neuroloom.connectome.tables import assemble, need_connections, need_neurons
from neuroloom.connectome.text_table import columns_of_text, read_text_table
from neuroloom.disk import check_expansion, speaking_of, written_whole
from neuroloom.errors import InputError

__all__ = ["columns_of_file", "read_edge_list", "writable", "write_csv", "write_parquet"]

BYTES_OF_A_ROW = 3 * 8
KEY = b"neuroloom"  # of what a Parquet file states about itself


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def read_edge_list(
    path: Path,
    *,
    neurons: Path | Sequence[Path] | None = None,
    count_unit: str | None = None,
    neuropil: str | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
    name: str | None = None,
    audit: tuple[str, ...] = (),
) -> Connectome:
    """The connectome in a table of connections, with or without tables of neurons.

    Where a column `neuropil` or `roi` tells rows of one connection apart, as in FlyWire Codex and
    neuPrint, their counts add up, and `on_duplicate` is for rows that agree in it, too.

    Ids are read as whole numbers if all are, none of them zero-padded, and as text if not; never
    as floats. Which column is which follows from its name; see `from_tables`.

    Args:
        path: CSV, TSV, Parquet or Feather with one connection a row; text may be gzipped.
        neurons: The same with one neuron a row; None for the neurons that occur as ends. Of
            several, the first says who the neurons are, and the others describe them.
        count_unit: What the counts count; None for what the file says, or else `synapses`.
        neuropil: Only the rows of this neuropil or region; None for all.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where a connection occurs again.
        on_dangling: `Refuse()` or `Drop()` where an end is not in the table of neurons.
        name: What to call it; None for what the file says, or else the name of the file.
        audit: What was said so far.

    Raises:
        InputError: If a file is broken or not strict; names the file and the line.
    """
    path = Path(path)
    connections = _table(path, need_connections, has_a_role)
    files = [neurons] if isinstance(neurons, str | Path) else list(neurons or ())
    cells, *annotations = [_table(Path(file), need_neurons) for file in files] or [None]
    stated = connections.stated
    unit = stated.get("count_unit", count_unit or "synapses")
    if count_unit is not None and unit != count_unit:
        raise InputError(
            f"`count_unit` must agree with the file; {path} says {unit!r} and the argument "
            f"{count_unit!r}. Leave the argument out."
        )
    told = stated.get("audit", [])
    if not (isinstance(told, list) and all(isinstance(line, str) for line in told)):
        raise InputError(
            f"The stated audit must be a list of sentences; {path} has {told!r:.80}. Correct or "
            "remove it."
        )
    said = [*told, *audit]
    if count_unit is None and "count_unit" not in stated:
        layout = layout_of((*connections.columns, *connections.left_out))
        if layout is None or layout.role != "connections":  # those of releases count synapses
            said.append("the file does not say what its counts count: taken as synapses")
    return assemble(
        cells,
        connections,
        count_unit=str(unit),
        on_duplicate=on_duplicate,
        on_dangling=on_dangling,
        name=str(stated.get("name", path.name.split(".")[0])) if name is None else name,
        annotations=annotations,
        neuropil=neuropil,
        audit=tuple(said),
    )


def write_csv(path: Path, connectome: Connectome, *, neurons: Path) -> None:
    """Writes two text tables; `read_edge_list(path, neurons=neurons)` gives back the same value.

    Lines that begin with # state unit, name, audit and the types of columns. Files whose name ends
    in `.gz` are packed.

    Args:
        path: For the connections.
        connectome: Any, but for the exceptions below.
        neurons: For the neurons.

    Raises:
        InputError: If an id or a column would not come back as it is.
    """
    ids, columns = writable(connectome)
    word = {"U": "text", "i": "int64", "f": "float64", "b": "bool"}
    types = {"neuron_id": word[ids.dtype.kind]}
    types |= {name: word[values.dtype.kind] for name, values in columns.items()}
    _write_text(Path(neurons), {"types": types}, {"neuron_id": ids} | columns)
    stated = {
        "count_unit": connectome.count_unit,
        "name": connectome.name,
        "audit": list(connectome.audit),
        "types": dict.fromkeys(("pre", "post"), word[ids.dtype.kind]),
    }
    _write_text(Path(path), stated, _connections(connectome))


def write_parquet(path: Path, connectome: Connectome, *, neurons: Path) -> None:
    """Writes two Parquet tables; `read_edge_list(path, neurons=neurons)` gives back the same value.

    Args:
        path: For the connections; unit, name and audit are in its metadata.
        connectome: Any, but for the exceptions below.
        neurons: For the neurons.

    Raises:
        InputError: If an id or a column would not come back as it is.
    """
    ids, columns = writable(connectome)
    stated = {
        "count_unit": connectome.count_unit,
        "name": connectome.name,
        "audit": list(connectome.audit),
    }
    for target, table, says in (
        (path, _connections(connectome), {KEY: json.dumps(stated).encode()}),
        (neurons, {"neuron_id": ids} | columns, None),
    ):
        arrays = {name: pa.array(values) for name, values in table.items()}
        made = pa.table(arrays).replace_schema_metadata(says)
        with written_whole(target) as beside:
            parquet.write_table(made, str(beside))


def columns_of_file(path: Path) -> list[str]:
    """The names of the columns in the header of a table, whatever its format.

    Raises:
        InputError: If it is no table.
    """
    kind = recognize(path)
    if kind == "text":
        return columns_of_text(path)
    _no_table(path, kind)
    with speaking_of(path):
        if kind == "parquet":
            return parquet.read_schema(str(path)).names
        with ipc.open_file(str(path)) as file:
            return file.schema.names


def _no_table(path: Path, kind: str) -> None:
    other = {"zip": "a zip archive or workbook", "xls": "a workbook", "xml": "XML"}
    if kind in other:
        raise InputError(
            f"An edge list must be CSV, TSV, Parquet or Feather; {path} is {other[kind]}. Save the "
            "table as CSV; other formats are read by `read_connectome`."
        )


def _table(
    path: Path, needed: Callable[[Table], object], wanted: Callable[[str], bool] = bool
) -> Table:
    kind = recognize(path)
    if kind == "text":
        return read_text_table(path, needed, wanted=wanted)
    _no_table(path, kind)
    with speaking_of(path):
        try:
            found, all_names = (_parquet if kind == "parquet" else _feather)(path, wanted)
        except pa.ArrowException as error:
            raise ValueError(str(error) or "no more data") from error
    table = Table(
        str(path),
        {name: plain_array(found.column(name)) for name in found.column_names},
        lambda row: f"row {row + 1}",
        stated=_stated(path, found.schema.metadata or {}),
        left_out=tuple(name for name in all_names if name not in found.column_names),
    )
    needed(table)
    return table


def _wanted(path: Path, names: list[str], wanted: Callable[[str], bool]) -> list[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(
            f"Each column must occur once; `{repeated[0]}` repeats in {path} ({len(repeated)} "
            "names repeat). Rename or remove those columns."
        )
    return [name for name in names if wanted(name)]


def _parquet(path: Path, wanted: Callable[[str], bool]) -> tuple[pa.Table, list[str]]:
    with parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        keep = _wanted(path, names, wanted)
        groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
        check_expansion(path, sum(group.total_byte_size for group in groups))
        # A column of few values takes next to no bytes, but each row becomes two ends and a count.
        check_expansion(path, BYTES_OF_A_ROW * file.metadata.num_rows)
        found = file.read(columns=keep)
    found.validate(full=True)
    return found, names


def _feather(path: Path, wanted: Callable[[str], bool]) -> tuple[pa.Table, list[str]]:
    check_expansion(path, unpacked_size(path, row_bytes=BYTES_OF_A_ROW))
    with ipc.open_file(str(path)) as file:
        names, n_batches = file.schema.names, file.num_record_batches
        keep = _wanted(path, names, wanted)
    with pa.memory_map(str(path)) as file:  # in the order of the messages that were measured
        file.seek(ARROW_START)
        with ipc.open_stream(file) as stream:
            batches = list(stream)
            found = pa.Table.from_batches(batches, stream.schema)
    if len(batches) != n_batches or found.schema.names != names:
        raise ValueError(f"its footer names {n_batches} batches, and it holds {len(batches)}")
    found = found.select(keep)
    found.validate(full=True)
    return found, names


def _stated(path: Path, metadata: Mapping[bytes, bytes]) -> dict[str, object]:
    if KEY not in metadata:
        return {}
    try:
        stated = json.loads(metadata[KEY])
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The metadata `{KEY.decode()}` must hold JSON; {path} has {metadata[KEY]!r:.80}. "
            "Write the file again, or remove its metadata."
        ) from error
    return stated if isinstance(stated, dict) else {}


def _connections(connectome: Connectome) -> dict[str, np.ndarray]:
    return {
        "pre": connectome.neuron_id[connectome.pre],
        "post": connectome.neuron_id[connectome.post],
        "kind": np.array(KINDS)[connectome.kind],
        "count": connectome.count,
        "sign": connectome.sign.astype(np.int64),
    }


def writable(connectome: Connectome) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Ids and further columns in the four types that tables hold.

    Raises:
        InputError: If an id or a column would not come back as it is.
    """
    ids = connectome.neuron_id
    if not ids.size:
        raise InputError(
            "A connectome must have a neuron to be written; it has 0. Select at least one."
        )
    odd = ids[~is_id(ids)] if ids.dtype.kind == "U" else ids[:0]
    if odd.size:
        raise InputError(
            "Neuron ids must be plain words to come back from a table as they are; "
            f"{str(odd[0])!r} is not ({odd.size} such). Rename those neurons first."
        )
    columns = {}
    for name, values in connectome.neurons.items():
        plain = name.strip() == name != "" and name.isprintable() and name != "unnamed"
        large = values.dtype.kind == "u" and (values > np.iinfo(np.int64).max).any()
        if values.dtype.kind not in "iufbU" or large or not plain or name.startswith("#"):
            raise InputError(
                "Neuron columns must be text, numbers or True and False, with a plain name; "
                f"{name!r} is {values.dtype}. Convert, rename or remove the column."
            )
        kind = {"i": np.int64, "u": np.int64, "f": np.float64}.get(values.dtype.kind)
        columns[name] = values if kind is None else values.astype(kind)
    return ids, columns


def _write_text(
    path: Path, stated: Mapping[str, object], columns: Mapping[str, np.ndarray]
) -> None:
    text = io.StringIO(newline="")
    for name, value in stated.items():
        text.write(f"# {name}: {json.dumps(value)}\r\n")
    writer = csv.writer(text, lineterminator="\r\n")  # as in RFC 4180: quotes \r and \n in cells
    writer.writerow(columns)
    writer.writerows(zip(*(_cells(values) for values in columns.values()), strict=True))
    data = text.getvalue().encode()
    with written_whole(path) as beside:
        beside.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _cells(values: np.ndarray) -> list[object]:
    if values.dtype.kind == "f":
        return ["" if np.isnan(value) else repr(value) for value in values.tolist()]
    return values.tolist()
