"""One door for every format of connectomes."""

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
    neurons: str | Path | None = None,
    count_unit: str | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
) -> Connectome:
    """The connectome in a file, whose format is recognized by content and not by name.

    Edge lists are CSV or TSV (gzipped or not), Parquet or Feather; see `read_edge_list`. A workbook
    with the sheets of Cook et al. 2019 gives the hermaphrodite; see `read_cook2019` for the male.

    Args:
        path: The file.
        neurons: For an edge list: its table of neurons.
        count_unit: What the counts count: `synapses`, `em_sections` or `mean_synapses`. None for
            what the file says, or else `synapses`.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where an edge list repeats a connection.
        on_dangling: `Refuse()` or `Drop()` where an end is not in the table of neurons.

    Raises:
        InputError: If the file is none of these, or not a sound one; says what it is.
    """
    for what, file in (("path", path), ("neurons", neurons)):
        if not isinstance(file, str | Path) and (what == "path" or file is not None):
            raise InputError(
                f"`{what}` must be a file name; got a {type(file).__name__}. Pass the path of a "
                "file; for pandas tables, use `Connectome.from_tables`."
            )
    checked_policy("on_duplicate", on_duplicate, (Refuse, Sum, KeepFirst))
    checked_policy("on_dangling", on_dangling, (Refuse, Drop))
    path = Path(path)
    if recognize(path) != "zip":
        from neuroloom.connectome.edge_list import read_edge_list

        return read_edge_list(
            path,
            neurons=None if neurons is None else Path(neurons),
            count_unit=count_unit,
            on_duplicate=on_duplicate,
            on_dangling=on_dangling,
        )
    if not is_cook2019(path):
        raise InputError(f"A connectome must be {WHAT_IS_READ}; {path} is {_zip_contents(path)}")
    options = {
        "neurons": neurons is not None,
        "count_unit": count_unit not in (None, "em_sections"),
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
