"""Every format of connectomes in a single file: how it is known, and what may be asked of it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from neuroloom.connectome.column_names import CONNECTION_COLUMNS, plain_name
from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.cook2019 import is_cook2019, read_cook2019
from neuroloom.connectome.edge_list import columns_of_file, read_edge_list
from neuroloom.connectome.files import top_of
from neuroloom.connectome.graphml import is_graphml, read_graphml
from neuroloom.connectome.layouts import layout_of
from neuroloom.connectome.varshney import is_varshney, read_varshney
from neuroloom.connectome.witvliet import is_witvliet, read_witvliet
from neuroloom.errors import InputError

__all__ = ["FORMATS", "Format", "is_wiring", "read_as"]


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        title: What it is called in an error.
        kinds: Kinds of files (see `recognize`) that may hold it.
        knows: Whether a file of such a kind holds it.
        read: Reads it.
        takes: The options of `read_connectome` that it has.
        unit: What it counts, if that is fixed.
    """

    title: str
    kinds: tuple[str, ...]
    knows: Callable[[Path], bool]
    read: Callable[..., Connectome]
    takes: tuple[str, ...]
    unit: str = ""


# The more special come first.
FORMATS = (
    Format("the Cook 2019 workbook", ("zip",), is_cook2019, read_cook2019, (), "em_sections"),
    Format(
        "a workbook of Varshney 2011",
        ("xls", "zip"),
        is_varshney,
        read_varshney,
        ("on_duplicate",),
        "synapses",
    ),
    Format(
        "a table of Witvliet 2021 or White 1986",
        ("text", "zip"),
        is_witvliet,
        read_witvliet,
        ("on_duplicate",),
        "synapses",
    ),
    Format(
        "GraphML",
        ("xml",),
        lambda path: is_graphml(top_of(path)),
        read_graphml,
        ("count_unit", "undirected", "on_duplicate", "on_dangling"),
    ),
    Format(
        "an edge list",
        ("text", "parquet", "feather"),
        lambda _: True,
        read_edge_list,
        ("neurons", "count_unit", "neuropil", "on_duplicate", "on_dangling"),
    ),
)


def read_as(path: Path, kind: str, asked: Mapping[str, object]) -> Connectome | None:
    """The connectome in the file, by the first format that knows it; None if none does.

    A worm's table with a table of neurons beside it is read as an edge list.

    Args:
        path: The file.
        kind: What it is, from `recognize`.
        asked: Options of `read_connectome` that are not at their default.

    Raises:
        InputError: If an option is asked for that the format does not have; or from the reader.
    """
    for form in FORMATS:
        if kind not in form.kinds or (kind == "text" and "neurons" in asked and form.unit):
            continue
        if not form.knows(path):
            continue
        options = dict(asked)
        if form.unit and options.get("count_unit") == form.unit:
            del options["count_unit"]
        other = [f"`{name}`" for name in options if name not in form.takes]
        if other:
            fixed = f", which names its own neurons and counts {form.unit}" if form.unit else ""
            raise InputError(
                f"{', '.join(other)} must go with a format that has it; {path} is {form.title}"
                f"{fixed}. Leave it out."
            )
        return form.read(path, **options)
    return None


def is_wiring(path: Path) -> bool:
    """Whether the header of a file, or of one in a folder, is that of wiring, however broken."""
    for file in sorted(path.iterdir()) if path.is_dir() else (path,):
        try:
            if is_graphml(top_of(file)):
                return True
            columns = columns_of_file(file)
        except (InputError, csv.Error):  # no table
            continue
        names = {plain_name(column) for column in columns}
        ends = [CONNECTION_COLUMNS["pre"], CONNECTION_COLUMNS["post"]]
        if layout_of(columns) or all(names & {plain_name(n) for n in known} for known in ends):
            return True
    return False
