"""The adjacency matrices of Cook et al. 2019 (worm, both sexes): one xlsx, SI 5.

Layout: row 3 from column D names the postsynaptic cells, column C from row 4 the presynaptic ones;
rows 1 and 2 and columns A and B hold banners of groups. Names end at the first blank; after it the
sheets repeat the names once, without a label. Values are EM serial sections, and blank means none.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import numpy as np

from neuroloom.connectome.connectome import CHEMICAL, ELECTRICAL, NEUROMUSCULAR, Connectome
from neuroloom.errors import InputError, nearest

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["is_cook2019", "read_cook2019"]

# The release as first published calls its hermaphrodite gap junction sheets `herm gap jn ...`.
CHEMICAL_SHEETS = {
    "hermaphrodite": ("hermaphrodite chemical",),
    "male": ("male chemical",),
}
GAP_SHEETS = {
    "hermaphrodite": ("hermaphrodite gap jn asymmetric", "herm gap jn asymmetric"),
    "male": ("male gap jn asymmetric",),
}
MOST_NAMES = 3_000  # in a row or column; the largest sheet has 586
MOST_BYTES = 2**28  # that the workbook may unpack to; the real one has 32 MB
MOST_BYTES_OF_CONTENTS = 2**20  # that the list of sheets may unpack to; the real one has 1.5 kB
FIRST_ROW, FIRST_COLUMN = 3, 3  # where counts begin, from 0
PADDED = re.compile(r"^([A-Za-z]+)0+([1-9]\d*)$")
MUSCLE = re.compile(r"^(pm\d|[dv]BWM|[uv]m\d|mu_)")
NEURON = re.compile(r"^[A-Z][A-Z0-9]*$")
GLIA = re.compile(r"^GLR[DV]?[LR]$")  # written like neurons
UNREADABLE = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    SyntaxError,  # XML that does not parse
    RuntimeError,  # an encrypted member
    zipfile.BadZipFile,
    zlib.error,
)


class Matrix(NamedTuple):
    """One sheet, with `row` and `column` as places in its own names."""

    sheet: str
    row_names: list[str]
    column_names: list[str]
    groups: dict[str, str]
    row: np.ndarray
    column: np.ndarray
    sections: np.ndarray
    n_left_out: tuple[int, int]


def is_cook2019(path: Path) -> bool:
    """Whether the file is a workbook with a chemical sheet named as in Cook et al. 2019.

    By content, not by name. False for anything that is no workbook.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo("xl/workbook.xml")
            if member.file_size > MOST_BYTES_OF_CONTENTS:
                return False
            contents = ElementTree.fromstring(archive.read(member))
    except UNREADABLE:
        return False
    titles = {sheet.get("name", "") for sheet in contents.iter() if sheet.tag.endswith("}sheet")}
    return any(titles.intersection(sheets) for sheets in CHEMICAL_SHEETS.values())


def read_cook2019(path: Path, *, sex: str = "hermaphrodite") -> Connectome:
    """The connectome of one sex, counted in EM serial sections, all signs unknown.

    Rows are presynaptic, columns postsynaptic. Chemical connections onto muscles are
    `neuromuscular`. Gap junctions come from the *asymmetric* sheet, which lists each once (all
    on one side of the diagonal in the corrected release, so either end may be first); if a sheet
    lists one both ways with one count, it is the same junction and is kept once, and with two
    counts it is refused. Zero padding is removed (`VB01` is `VB1`), and `original_name` keeps the
    name as written. A node is a muscle where its banner or name (`pm`, `vm`, `um`, `mu_`, `dBWM`,
    `vBWM`) says so, a neuron under a banner of neurons or, in mixed groups, when it has a neuron's
    name (capitals and digits, but for the glia GLR), and `other` else.

    Args:
        path: The file `SI 5 Connectome adjacency matrices`, corrected July 2020 or as first
            published.
        sex: `hermaphrodite` or `male`.

    Raises:
        InputError: If the file cannot be read, a sheet is missing, a name is missing, not text or
            repeated, or a count is not a whole number of at least 0.

    Source:
        Cook et al., Whole-animal connectomes of both Caenorhabditis elegans sexes. Nature 571:63
        (2019), doi:10.1038/s41586-019-1352-7. Connections may be extrapolated where it had no data.
    """
    if sex not in CHEMICAL_SHEETS:
        raise InputError(
            f"`sex` must be one of {', '.join(CHEMICAL_SHEETS)}; got `{sex}`. "
            f"{nearest(sex, CHEMICAL_SHEETS)}"
        )
    path = Path(path)
    with _reading(path) as workbook:
        chemical = _matrix(workbook, CHEMICAL_SHEETS[sex])
        gap = _matrix(workbook, GAP_SHEETS[sex])
    return _joined(chemical, gap, name=f"C. elegans {sex}, Cook 2019")


def _joined(chemical: Matrix, gap: Matrix, *, name: str) -> Connectome:
    original: dict[str, str] = {}
    group: dict[str, str] = {}
    for matrix in (chemical, gap):
        for written in (*matrix.column_names, *matrix.row_names):
            original.setdefault(_plain(written), written)
            group.setdefault(_plain(written), matrix.groups[written])
    ids = list(original)
    place = {node: i for i, node in enumerate(ids)}
    node_kind = np.array([_node_kind(node, group[node]) for node in ids], dtype=str)
    ends = []
    for matrix in (chemical, gap):
        rows = np.array([place[_plain(n)] for n in matrix.row_names], np.int64)
        columns = np.array([place[_plain(n)] for n in matrix.column_names], np.int64)
        ends.append((rows[matrix.row], columns[matrix.column]))
    (pre, post), (one, other) = ends
    onto_muscle = node_kind[post] == "muscle"
    junctions = _each_once(ids, gap, np.minimum(one, other), np.maximum(one, other))
    n_mirrored = len(one) - len(junctions)
    padded = sum(node != written.strip() for node, written in original.items())
    sentences = [
        f"read the sheet `{chemical.sheet}` with rows as presynaptic cells: "
        f"{len(pre):,} connections, {onto_muscle.sum():,} of them onto muscles (neuromuscular)",
        f"read gap junctions from the sheet `{gap.sheet}`, which lists each once: "
        f"{len(junctions):,} junctions",
        *(
            f"left out what stands after the last names of `{matrix.sheet}` (rows: {rows}, "
            f"columns: {columns}); it has no name and no counts"
            for matrix in (chemical, gap)
            for rows, columns in [matrix.n_left_out]
            if rows or columns
        ),
        *([f"kept once {n_mirrored:,} gap junctions listed both ways"] if n_mirrored else []),
        *([f"removed the zero padding of {padded:,} names (VB01 is VB1)"] if padded else []),
        "counts are EM serial sections, which grow with the number and the size of synapses; the "
        "source extrapolated where it had no data; signs are unknown",
    ]
    return Connectome(
        neuron_id=np.array(ids, dtype=str),
        pre=np.concatenate([pre, np.minimum(one, other)[junctions]]),
        post=np.concatenate([post, np.maximum(one, other)[junctions]]),
        kind=np.concatenate(
            [
                np.where(onto_muscle, NEUROMUSCULAR, CHEMICAL),
                np.full(len(junctions), ELECTRICAL),
            ]
        ),
        count=np.concatenate([chemical.sections, gap.sections[junctions]]),
        sign=np.zeros(len(pre) + len(junctions), np.int64),
        count_unit="em_sections",
        neurons={"node_kind": node_kind, "original_name": np.array(list(original.values()))},
        name=name,
        audit=tuple(sentences),
    )


def _each_once(ids: list[str], gap: Matrix, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where in the sheet's cells each junction stands first."""
    _, first, junction = np.unique(low * len(ids) + high, return_index=True, return_inverse=True)
    differ = np.flatnonzero(gap.sections != gap.sections[first][junction])
    if differ.size:
        k = differ[0]
        raise InputError(
            f"A gap junction must have one count; `{gap.sheet}` gives {ids[low[k]]} - "
            f"{ids[high[k]]} {gap.sections[first[junction[k]]]} one way and {gap.sections[k]} the "
            f"other ({differ.size} such). Blank one of the two cells, or use the corrected release "
            "of July 2020."
        )
    return np.sort(first)


def _node_kind(name: str, group: str) -> str:
    if MUSCLE.match(name) or "MUSCLE" in group:
        return "muscle"
    if "NEURON" in group or (NEURON.match(name) and not GLIA.match(name)):
        return "neuron"
    return "other"


def _plain(name: str) -> str:
    return PADDED.sub(r"\1\2", name.strip())


@contextmanager
def _reading(path: Path) -> Iterator[Workbook]:
    """The open workbook; whatever goes wrong inside is one error that names the file."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import CellCoordinatesException, InvalidFileException

    try:
        # A file object, because openpyxl refuses a path by its extension.
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > MOST_BYTES:
                raise InputError(
                    f"A workbook must unpack to at most {MOST_BYTES // 2**20} MB; it says it "
                    f"unpacks to {unpacked // 2**20:,} MB. Keep only the sheets of Cook 2019."
                )
            with warnings.catch_warnings():
                # Of parts that openpyxl does not know, such as print settings; none has a value.
                warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
                workbook = load_workbook(file, read_only=True, data_only=False)
                try:
                    yield workbook
                finally:
                    workbook.close()
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (*UNREADABLE, CellCoordinatesException, InvalidFileException) as error:
        raise InputError(
            "The connectome of Cook 2019 must be a complete xlsx workbook; reading "
            f"{path} failed ({type(error).__name__}: {error}). Download or export it again."
        ) from error


def _matrix(workbook: Workbook, titles: Sequence[str]) -> Matrix:
    title = next((t for t in titles if t in workbook.sheetnames), None)
    if title is None:
        raise InputError(
            f"The workbook must have a sheet `{titles[0]}`; it has "
            f"{', '.join(f'`{t}`' for t in workbook.sheetnames)}. Use SI 5 of Cook et al. 2019, or "
            "name the sheet so."
        )
    edge = MOST_NAMES + FIRST_ROW + 8
    cells = workbook[title].iter_rows(max_row=edge, max_col=edge, values_only=True)
    grid = [tuple(row) for row in cells]
    width = max((len(row) for row in grid), default=0)
    grid = [row + (None,) * (width - len(row)) for row in grid]
    if len(grid) <= FIRST_ROW or width <= FIRST_COLUMN:
        raise InputError(
            f"The sheet `{title}` must have names in row 3 and column C; it has {len(grid)} rows "
            f"and {width} columns. Use the layout of Cook et al. 2019."
        )
    across = [row[FIRST_COLUMN - 1] for row in grid[FIRST_ROW:]]
    rows = _names(title, "column C", across)
    columns = _names(title, "row 3", grid[FIRST_ROW - 1][FIRST_COLUMN:])
    row, column, sections = _counts(title, grid, len(rows), len(columns))
    by_column = _groups(grid[0][FIRST_COLUMN:], grid[1][FIRST_COLUMN:], columns)
    banners = [[line[k] for line in grid[FIRST_ROW:]] for k in (0, 1)]
    left_out = (
        sum(any(cell is not None for cell in line) for line in grid[FIRST_ROW + len(rows) :]),
        sum(
            any(line[k] is not None for line in grid)
            for k in range(FIRST_COLUMN + len(columns), width)
        ),
    )
    return Matrix(
        sheet=title,
        row_names=rows,
        column_names=columns,
        groups=_groups(banners[0], banners[1], rows) | by_column,
        row=row,
        column=column,
        sections=sections,
        n_left_out=left_out,
    )


def _names(title: str, where: str, cells: Sequence[object]) -> list[str]:
    """The names up to the first blank, as written."""
    blank = [cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells]
    n = blank.index(True) if True in blank else len(cells)
    later = [cell for cell, empty in zip(cells[n:], blank[n:], strict=True) if not empty]
    if n == 0 or later:
        found = f"a blank stands before {later[0]!r} ({len(later)} such)" if later else "none is"
        raise InputError(
            f"The names in {where} of `{title}` must stand without a gap from the first cell of "
            f"the matrix on; {found}. Fill in the missing name, or move the names up."
        )
    if n > MOST_NAMES:
        raise InputError(
            f"A sheet must have at most {MOST_NAMES:,} names a side; {where} of `{title}` has "
            "more. Save a larger connectome as an edge list in CSV or Parquet."
        )
    names = [cell for cell in cells[:n] if isinstance(cell, str)]
    if len(names) < n:
        wrong = [cell for cell in cells[:n] if not isinstance(cell, str)]
        raise InputError(
            f"The names in {where} of `{title}` must be text; got {wrong[0]!r} ({len(wrong)} "
            "such). Write the name of the cell there."
        )
    times = Counter(_plain(name) for name in names)
    again = [name for name, k in times.items() if k > 1]
    if again:
        raise InputError(
            f"The names in {where} of `{title}` must be unique (VB01 is VB1); {again[0]!r} occurs "
            f"{times[again[0]]} times ({len(again)} such). Rename or remove all but one, or use "
            "the corrected release of July 2020."
        )
    return names


def _counts(
    title: str, grid: Sequence[tuple[object, ...]], n_rows: int, n_columns: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and count of each cell above 0."""
    from openpyxl.utils import get_column_letter

    found: list[tuple[int, int, int]] = []
    wrong: list[tuple[int, int]] = []
    outside: list[tuple[int, int]] = []
    for i, line in enumerate(grid[FIRST_ROW:]):
        for j, value in enumerate(line[FIRST_COLUMN:]):
            if value is None:
                continue
            inside = i < n_rows and j < n_columns
            if not isinstance(value, int | float) or isinstance(value, bool):
                wrong += [(i, j)] if inside else []
            elif not inside:
                outside.append((i, j))
            elif not 0 <= value < 2**53 or value != int(value):
                wrong.append((i, j))
            elif value:
                found.append((i, j, int(value)))

    def address(cell: tuple[int, int]) -> str:
        return f"{get_column_letter(FIRST_COLUMN + cell[1] + 1)}{FIRST_ROW + cell[0] + 1}"

    if wrong:
        i, j = wrong[0]
        value = grid[FIRST_ROW + i][FIRST_COLUMN + j]
        raise InputError(
            f"The cells of `{title}` must be blank or a whole number of EM sections, at least 0; "
            f"{address(wrong[0])} is {value!r} ({len(wrong)} such). Correct the cell, or blank it "
            "if there is no connection."
        )
    if outside:
        raise InputError(
            f"Counts in `{title}` must have a name in column C and in row 3; {address(outside[0])} "
            f"has not ({len(outside)} such). Name its row and its column, or blank the cell."
        )
    table = np.array(found, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _groups(
    banners: Sequence[object], within: Sequence[object], names: Sequence[str]
) -> dict[str, str]:
    """The narrowest banner in words above each name; layers are numbers and do not count."""
    groups: dict[str, str] = {}
    group = narrower = ""
    for banner, sub, name in zip(banners, within, names, strict=False):
        if banner is not None:
            group, narrower = str(banner), ""
        if isinstance(sub, str):
            narrower = sub
        groups[name] = (narrower or group).upper()
    return groups
