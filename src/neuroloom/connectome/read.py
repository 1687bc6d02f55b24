"""One door for every format of connectomes."""

from collections.abc import Sequence
from pathlib import Path
from typing import no_type_check

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.files import WHAT_IS_READ, recognize, top_of
from neuroloom.connectome.policies import (
    BothWays,
    Drop,
    Electrical,
    KeepFirst,
    Refuse,
    Sum,
    checked_policy,
)
from neuroloom.disk import speaking_of
from neuroloom.errors import InputError

__all__ = ["read_connectome"]


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def read_connectome(
    path: str | Path,
    *,
    neurons: str | Path | Sequence[str | Path] | None = None,
    count_unit: str | None = None,
    neuropil: str | None = None,
    undirected: Refuse | Electrical | BothWays = Refuse(),  # noqa: B008
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
) -> Connectome:
    """The connectome in a file or folder, whose format is recognized by content and not by name.

    Edge lists are CSV or TSV (gzipped or not), Parquet or Feather, also those of FlyWire Codex,
    neuPrint, MaleCNS and BANC; see `read_edge_list`. A folder that holds one of these downloads is
    read whole, with its tables of neurons; see `read_folder`. The worm's tables are known by their
    headers: Witvliet 2021 and White 1986 (`read_witvliet`), Varshney 2011 (`read_varshney`) and the
    workbook of Cook 2019, which gives the hermaphrodite (`read_cook2019` for the male). GraphML:
    `read_graphml`. Matrices and graphs in memory: `from_scipy`, `from_networkx`.

    Args:
        path: The file or folder.
        neurons: For an edge list: its table of neurons. Of several, the first says who the neurons
            are, and the others describe them.
        count_unit: What the counts count: `synapses`, `em_sections` or `mean_synapses`. None for
            what the file says, or else `synapses`.
        neuropil: For an edge list with one row a neuropil or region: only the rows of this one.
            None for all, added up.
        undirected: What an edge without direction is, in GraphML: `Electrical()` or `BothWays()`,
            or `Refuse()`.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where an edge list repeats a connection.
        on_dangling: `Refuse()` or `Drop()` where an end is not in the table of neurons.

    Raises:
        InputError: If the file is none of these, or not a sound one; says what it is.
    """
    several = isinstance(neurons, Sequence) and not isinstance(neurons, str)
    files = list(neurons) if several else [] if neurons is None else [neurons]
    for what, file in (("path", path), *(("neurons", file) for file in files)):
        if not isinstance(file, str | Path):
            raise InputError(
                f"`{what}` must be a file name; got a {type(file).__name__}. Pass the path of a "
                "file; for pandas tables, use `Connectome.from_tables`."
            )
    checked_policy("undirected", undirected, (Refuse, Electrical, BothWays))
    checked_policy("on_duplicate", on_duplicate, (Refuse, Sum, KeepFirst))
    checked_policy("on_dangling", on_dangling, (Refuse, Drop))
    path = Path(path)
    asked = {
        name: value
        for name, value in {
            "neurons": [Path(file) for file in files] or None,
            "count_unit": count_unit,
            "neuropil": neuropil,
            "undirected": None if undirected == Refuse() else undirected,
            "on_duplicate": None if on_duplicate == Refuse() else on_duplicate,
            "on_dangling": None if on_dangling == Refuse() else on_dangling,
        }.items()
        if value is not None
    }
    if path.is_dir() and not files and undirected == Refuse():
        from neuroloom.connectome.folder import read_folder

        return read_folder(path, **asked)
    kind = recognize(path)
    from neuroloom.connectome.formats import read_as

    found = read_as(path, kind, asked)
    if found is None:
        what = {"xls": _xls_contents, "zip": _zip_contents, "xml": _xml_contents}[kind](path)
        raise InputError(f"A connectome must be {WHAT_IS_READ}; {path} is {what}")
    return found


def _xml_contents(path: Path) -> str:
    """What XML other than GraphML is, and what to do with it."""
    top = top_of(path)
    if b"neuroml" in top:
        return "NeuroML. Export its projections as an edge list (it may hold positions only)."
    return "XML or HTML (a web page?). Export the connections as an edge list or GraphML."


def _xls_contents(path: Path) -> str:
    """What an old workbook holds, and what to do with it."""
    from neuroloom.connectome.workbook import read_workbook

    return _other_sheets(list(read_workbook(path, n_rows=1)))


def _zip_contents(path: Path) -> str:
    """What a zip archive holds, and what to do with it."""
    import zipfile
    from xml.etree import ElementTree

    with speaking_of(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "xl/workbook.xml" not in names:
            if any(name.endswith(".npy") for name in names):
                if "format.npy" in names:
                    return (
                        "a sparse matrix of SciPy, which holds no ids. Read it with "
                        "`read_sparse_npz`, and say the ids and what rows are."
                    )
                return (
                    f"an NPZ of {len(names)} arrays. If it is a recording, read it with "
                    "`read_recording`; if it holds wiring, save an edge list with ids."
                )
            return f"a zip archive of {', '.join(names[:3]) or 'nothing'}. Unpack it first."
        with archive.open("xl/workbook.xml") as file:
            try:
                sheets = ElementTree.fromstring(file.read(2**20))
            except ElementTree.ParseError as error:
                raise ValueError(str(error)) from error
    titles = [s.get("name", "") for s in sheets.iter() if s.tag.endswith("}sheet")]
    return _other_sheets(titles)


def _other_sheets(titles: list[str]) -> str:
    return (
        f"a workbook with the sheets {', '.join(titles[:6])[:200]}, not those of Cook 2019 "
        "(`hermaphrodite chemical`, ...), Varshney 2011 or Witvliet 2021. Save the sheet with the "
        "connections as CSV."
    )
