"""A folder as it was downloaded: one table of connections, and the tables of neurons beside it."""

import csv
from pathlib import Path
from typing import no_type_check

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.edge_list import columns_of_file, read_edge_list
from neuroloom.connectome.layouts import LAYOUTS, Layout, layout_of
from neuroloom.connectome.policies import Drop, KeepFirst, Refuse, Sum
from neuroloom.errors import InputError

__all__ = ["read_folder"]


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def read_folder(
    path: Path,
    *,
    count_unit: str | None = None,
    neuropil: str | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
) -> Connectome:
    """The connectome in a folder of a public release, whose tables are known by their headers.

    FlyWire Codex downloads, exports of neuPrint, MaleCNS and harmonised (BANC) tables; see
    `neuroloom.connectome.layouts`. File names do not matter. Of a neuPrint export with totals and
    regions the totals are read, unless a region is asked for. The audit says which file was read as
    what, and which were not.

    Args:
        path: The folder.
        count_unit: As of `read_edge_list`.
        neuropil: Only the connections within this neuropil or region.
        on_duplicate: As of `read_edge_list`.
        on_dangling: As of `read_edge_list`.

    Raises:
        InputError: If there is no table of connections, or several; names what was found.
    """
    path = Path(path)
    found, unknown = _tables(path)
    connections = [file for file, layout in found.items() if layout.role == "connections"]
    title = {file: layout.title for file, layout in found.items()}
    totals = [f for f in connections if title[f] == "neuPrint connections"]
    regions = [f for f in connections if title[f] == "neuPrint connections by region"]
    unread = [f"{file.name} ({found[file].why})" for file in found if found[file].why]
    if len(totals) == len(regions) == 1 and len(connections) == 2:
        connections, other = (totals, regions) if neuropil is None else (regions, totals)
        unread.append(f"{other[0].name} (it lists the same connections as {connections[0].name})")
    if len(connections) != 1:
        have = ", ".join(file.name for file in (connections or [*found, *unknown])[:8]) or "nothing"
        raise InputError(
            "A folder must hold one table of connections with a public header (FlyWire Codex, "
            f"neuPrint, MaleCNS or harmonised); {path} holds {len(connections)} ({have}). Name "
            "the file itself, and its tables of neurons with `neurons=`."
        )
    neurons = sorted(
        (file for file, layout in found.items() if layout.role == "neurons"),
        key=lambda file: (LAYOUTS.index(found[file]), file.name),
    )
    read = [*connections, *neurons]
    said = ["read " + ", ".join(f"{file.name} ({title[file]})" for file in read)]
    unread += [f"{file.name} (its header is not known)" for file in unknown]
    if unread:
        said.append(f"did not read {', '.join(unread)}")
    return read_edge_list(
        connections[0],
        neurons=neurons,
        count_unit=count_unit,
        neuropil=neuropil,
        on_duplicate=on_duplicate,
        on_dangling=on_dangling,
        name=path.resolve().name,
        audit=tuple(said),
    )


def _tables(path: Path) -> tuple[dict[Path, Layout], list[Path]]:
    """The files whose layout is known, and those that are tables of another."""
    found, unknown = {}, []
    for file in sorted(path.iterdir()):
        if file.name.startswith(".") or not file.is_file():
            continue
        try:
            columns = columns_of_file(file)
        except (InputError, csv.Error):  # no table: a README, a picture; named in the audit
            unknown.append(file)
            continue
        layout = layout_of(columns)
        if layout is None:
            unknown.append(file)
        else:
            found[file] = layout
    return found, unknown
