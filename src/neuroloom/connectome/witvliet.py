"""Tables of Witvliet et al. 2021 and White et al. 1986 (worm): `pre`, `post`, `type`, `synapses`.

Separated by tabs though named `.csv`, with CRLF in those of White (one has spaces in its header and
tabs below), or the same in an `.xlsx`. An electrical connection has one row, either way round.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import no_type_check

import numpy as np
import pyarrow as pa

from neuroloom.connectome.columns import Table, counts_of, ids_of, kinds_of
from neuroloom.connectome.connectome import CHEMICAL, ELECTRICAL, KINDS, Connectome
from neuroloom.connectome.files import top_of
from neuroloom.connectome.policies import KeepFirst, Refuse, Sum
from neuroloom.connectome.tables import assemble
from neuroloom.connectome.text_table import read_text_table
from neuroloom.connectome.workbook import is_workbook, read_workbook, sheet_table
from neuroloom.connectome.worm_cells import NEURONS, plain_name, worm_cells
from neuroloom.errors import InputError, nearest

__all__ = ["is_witvliet", "read_witvliet"]

HEADER = ("pre", "post", "type", "synapses")
BETWEEN = re.compile(r"[\t ,;]+")  # in one file of White spaces in the header, tabs below
# Rows, chemical and electrical synapses of the files in circulation. Two of one worm differ.
VERSIONS = {
    (858, 1_296, 104): "Witvliet 1, as .xlsx",
    (1_110, 1_895, 133): "Witvliet 2, as .xlsx",
    (1_106, 2_128, 109): "Witvliet 3, as .xlsx",
    (1_345, 2_777, 243): "Witvliet 4, as .xlsx",
    (1_807, 4_116, 419): "Witvliet 5, as .xlsx",
    (1_739, 4_456, 267): "Witvliet 6, as .xlsx",
    (2_500, 7_465, 406): "Witvliet 7, as .csv",
    (2_493, 7_467, 400): "Witvliet 7, as .xlsx",
    (2_504, 7_981, 430): "Witvliet 8, as .csv",
    (2_496, 7_970, 430): "Witvliet 8, as .xlsx",
    (2_961, 7_943, 971): "White, whole",
    (1_769, 4_340, 763): "White, L4 (JSH)",
    (1_899, 4_538, 337): "White, adult (N2U)",
}


def is_witvliet(path: Path) -> bool:
    """Whether the file has the four columns alone, and a neuron of the worm near its top.

    By content, not by name. False for anything that cannot be read.
    """
    try:
        if is_workbook(path):
            rows = next(iter(read_workbook(path, n_rows=8).values()), [[]])
        else:
            rows = [
                BETWEEN.split(line)
                for line in top_of(path).decode("utf-8-sig", "replace").splitlines()[:8]
            ]
    except InputError:
        return False
    if not rows or tuple(cell.strip() for cell in rows[0]) != HEADER:
        return False
    return any(plain_name(cell.strip()) in NEURONS for row in rows[1:] for cell in row[:2])


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def read_witvliet(
    path: Path,
    *,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    name: str | None = None,
) -> Connectome:
    """The connectome in one of these tables, counted in synapses, all signs unknown.

    A chemical connection onto a muscle is `neuromuscular`. An electrical one stands once; a second
    row with its ends the other way round is a duplicate. A node is a neuron if it is one of the 302
    of the hermaphrodite, a muscle by its name (`BWM-VL05`, `pm1`, `LegacyBodyWallMuscles`), and
    else `other` (`excgl`, the glia `CEPsh` and `GLR`). Neurons lose their zero padding (`VB01` is
    `VB1`), and `original_name` keeps the name as written.

    Args:
        path: Text, gzipped or not, or an .xlsx, of which the first sheet is read.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where a connection occurs again.
        name: What to call it; None for the version, if its numbers are known, or the file's name.

    Raises:
        InputError: If the file is broken or not strict; names the file and the row.

    Source:
        Witvliet et al., Connectomes across development reveal principles of brain maturation.
        Nature 596:257 (2021), doi:10.1038/s41586-021-03778-8. White et al., The structure of the
        nervous system of the nematode C. elegans. Phil Trans R Soc B 314:1 (1986).
    """
    path = Path(path)
    table = _table(path)
    written, n_stripped = {}, 0
    for end in ("pre", "post"):
        ids, n = ids_of(table, end)
        written[end] = [str(word) for word in ids.to_pylist()]
        n_stripped += n
    cells = worm_cells([*written["pre"], *written["post"]])
    plain = {end: [plain_name(word) for word in words] for end, words in written.items()}
    muscles = set(cells.name[cells.node_kind == "muscle"].tolist())
    kind = kinds_of(table, "type")
    onto_muscle = (kind == CHEMICAL) & np.array([word in muscles for word in plain["post"]], bool)
    text = pa.large_string()
    columns = {
        **{end: pa.array(words, text) for end, words in plain.items()},
        "kind": pa.array(np.where(onto_muscle, KINDS[2], np.array(KINDS)[kind]).tolist(), text),
        "count": table.columns["synapses"],
    }
    neurons = Table(
        f"the cells of {path}",
        {
            "neuron_id": pa.array(cells.name.tolist(), text),
            "node_kind": pa.array(cells.node_kind.tolist(), text),
            "original_name": pa.array(cells.original_name.tolist(), text),
        },
        lambda row: f"cell {row + 1}",
    )
    if not len(table):
        raise InputError(
            f"A table of connections must have a row; {table.label} has none. Export it again."
        )
    made = assemble(
        neurons,
        replace(table, columns=columns, stated={}),
        count_unit="synapses",
        on_duplicate=on_duplicate,
        on_dangling=Refuse(),
        name="",
    )
    stripped = [f"removed spaces around {n_stripped:,} names"] if n_stripped else []
    version, sentence = _version(table, kind)
    return replace(
        made,
        name=(version or path.name.split(".")[0]) if name is None else name,
        audit=(
            sentence,
            *stripped,
            *cells.audit,
            f"chemical connections onto muscles are neuromuscular: {onto_muscle.sum():,}",
            *made.audit,
            "electrical connections stand once, as listed; signs are unknown",
        ),
    )


def _table(path: Path) -> Table:
    if not is_workbook(path):
        return read_text_table(path, _needed)
    sheets = read_workbook(path)
    title = next(iter(sheets), "")
    table = sheet_table(path, title, sheets.get(title, []))
    _needed(table)
    return table


def _needed(table: Table) -> None:
    missing = [name for name in HEADER if name not in table.columns]
    if missing:
        shown = list(table.columns)[:8]
        raise InputError(
            f"The table must have the columns {', '.join(HEADER)}; {table.label} has "
            f"{', '.join(shown)[:200] or 'none'} ({len(missing)} missing). "
            f"{nearest(missing[0], [*shown, '-'])} Name them so, or read other tables with "
            "`read_edge_list`."
        )


def _version(table: Table, kind: np.ndarray) -> tuple[str, str]:
    """The name of the version, empty if not known, and a sentence on what was read."""
    counts, electrical = counts_of(table, "synapses"), kind == ELECTRICAL
    n = [int(counts[which].sum()) for which in (~electrical, electrical)]
    version = VERSIONS.get((len(table), n[0], n[1]), "")
    return version and f"C. elegans, {version}", (
        f"read {len(table):,} rows with {n[0]:,} chemical and {n[1]:,} electrical synapses "
        f"({version or 'no version known to neuroloom'})"
    )
