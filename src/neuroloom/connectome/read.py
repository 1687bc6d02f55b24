"""One door for every format of connectomes."""

from collections.abc import Sequence
from pathlib import Path
from typing import no_type_check

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.cook2019 import is_cook2019, read_cook2019
from neuroloom.connectome.files import WHAT_IS_READ, recognize, speaking_of
from neuroloom.connectome.policies import Drop, KeepFirst, Refuse, Sum, checked_policy
from neuroloom.errors import InputError

__all__ = ["read_connectome"]


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def read_connectome(
    path: str | Path,
    *,
    neurons: str | Path | Sequence[str | Path] | None = None,
    count_unit: str | None = None,
    neuropil: str | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
) -> Connectome:
    """The connectome in a file or folder, whose format is recognized by content and not by name.

    Edge lists are CSV or TSV (gzipped or not), Parquet or Feather, also those of FlyWire Codex,
    neuPrint, MaleCNS and BANC; see `read_edge_list`. A folder that holds one of these downloads is
    read whole, with its tables of neurons; see `read_folder`. A workbook with the sheets of Cook et
    al. 2019 gives the hermaphrodite; see `read_cook2019` for the male.

    Args:
        path: The file or folder.
        neurons: For an edge list: its table of neurons. Of several, the first says who the neurons
            are, and the others describe them.
        count_unit: What the counts count: `synapses`, `em_sections` or `mean_synapses`. None for
            what the file says, or else `synapses`.
        neuropil: For an edge list with one row a neuropil or region: only the rows of this one.
            None for all, added up.
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
    checked_policy("on_duplicate", on_duplicate, (Refuse, Sum, KeepFirst))
    checked_policy("on_dangling", on_dangling, (Refuse, Drop))
    path = Path(path)
    options = {
        "count_unit": count_unit,
        "neuropil": neuropil,
        "on_duplicate": on_duplicate,
        "on_dangling": on_dangling,
    }
    if path.is_dir() and not files:
        from neuroloom.connectome.folder import read_folder

        return read_folder(path, **options)
    if recognize(path) != "zip":
        from neuroloom.connectome.edge_list import read_edge_list

        return read_edge_list(path, neurons=[Path(file) for file in files] or None, **options)
    if not is_cook2019(path):
        raise InputError(f"A connectome must be {WHAT_IS_READ}; {path} is {_zip_contents(path)}")
    options = {
        "neurons": bool(files),
        "count_unit": count_unit not in (None, "em_sections"),
        "neuropil": neuropil is not None,
        "on_duplicate": not isinstance(on_duplicate, Refuse),
        "on_dangling": not isinstance(on_dangling, Refuse),
    }
    given = [f"`{name}`" for name, there in options.items() if there]
    if given:
        raise InputError(
            f"{', '.join(given)} must go with an edge list; {path} is the Cook 2019 workbook, "
            "which names its own neurons and counts EM sections. Leave them out."
        )
    return read_cook2019(path)


def _zip_contents(path: Path) -> str:
    """What a zip archive holds, and what to do with it."""
    import zipfile
    from xml.etree import ElementTree

    with speaking_of(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "xl/workbook.xml" not in names:
            if any(name.endswith(".npy") for name in names):
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
    return (
        f"a workbook with the sheets {', '.join(titles[:6])[:200]}, not those of Cook 2019 "
        "(`hermaphrodite chemical`, ...). Save the sheet with the connections as CSV."
    )
