"""Single worms, from birth to adulthood (Witvliet et al. 2021), and the first one (White 1986).

Two tables of facts ship with neuroloom (`tables/`); `scripts/build_worm_series_tables.py` rebuilds
them. What a cell is, and its transmitters, come from the tables of the dataset `worm`.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.datasets import worm as _worm
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.shipped import SHIPS, all_there, n_bytes_of, read_table
from neuroloom.errors import InputError

__all__ = [
    "CHECKSUMS",
    "ENTRIES",
    "SERIES",
    "STAGES",
    "worm_adult",
    "worm_development",
    "worm_white",
]

# Stage of each animal of Witvliet et al., in the order of their ages.
STAGES = {1: "L1", 2: "L1", 3: "L1", 4: "L1", 5: "L2", 6: "L3", 7: "adult", 8: "adult"}
ADULTS = tuple(animal for animal, stage in STAGES.items() if stage == "adult")
SERIES = ("whole", "A", "L4")
WITVLIET = (
    "Witvliet et al. Connectomes across development reveal principles of brain maturation. Nature "
    "596:257 (2021), doi:10.1038/s41586-021-03778-8"
)
WHITE = (
    "White, Southgate, Thomson, Brenner. The structure of the nervous system of the nematode "
    "Caenorhabditis elegans. Phil. Trans. R. Soc. Lond. B 314:1 (1986), doi:10.1098/rstb.1986.0056"
)
# SHA-256 of each table, also in ATTRIBUTION.md.
CHECKSUMS = {
    "worm_witvliet_connections.csv": (
        "ca309cf731466bf61f3811989a3649ec3c3a868fb2b761f0a20ab3051d529eb7"
    ),
    "worm_white_connections.csv": (
        "34ffbca64502f9164a92de80dc38f696aac2ada856c2dc1dcc71d0837b40fbcf"
    ),
}
# Cells of these tables that those of `worm` do not have, and what they are.
OTHER_CELLS = {"LegacyBodyWallMuscles": "muscle", "pm4": "muscle"}


def worm_adult(animal: int = 8) -> Connectome:
    """One adult hermaphrodite's brain: animal 7 or 8 of Witvliet et al.

    Args:
        animal: 7 or 8. Their counts are never pooled.

    Raises:
        InputError: If the animal is none of these, or a table is not the one that shipped.

    Example:
        >>> worm_adult(8)
        Connectome(worm-adult/8: 219 nodes, 2,496 connections: 1,970 chemical, 310 electrical,
        216 neuromuscular; 8,400 synapses; signs 0 +, 0 -, 2,186 unknown)
    """
    if animal not in ADULTS:
        raise InputError(
            f"`animal` must be one of the adults, {' or '.join(map(str, ADULTS))}; got {animal}. "
            "Use `worm_development` for the larvae."
        )
    return _animal("worm-adult", animal)


def worm_development() -> dict[int, Connectome]:
    """The brains of eight worms by the number of the animal, 1 (at birth) to 8 (adult).

    Each is an animal of its own: counts are never pooled, and a connection that is missing in one
    may be a difference between animals and not of age. See `STAGES` for their stages.

    Raises:
        InputError: If a table is not the one that shipped.

    Example:
        >>> {animal: connectome.n_connections for animal, connectome in worm_development().items()}
        {1: 858, 2: 1110, 3: 1106, 4: 1345, 5: 1807, 6: 1739, 7: 2493, 8: 2496}
    """
    return {animal: _animal("worm-development", animal) for animal in STAGES}


def worm_white(series: str = "whole") -> Connectome:
    """The wiring of White et al.: a mosaic of several worms, or the brain of one.

    Args:
        series: `whole`, the composite of several animals; `A`, an adult's brain; `L4`, a larva's.

    Raises:
        InputError: If the series is another, or a table is not the one that shipped.

    Example:
        >>> worm_white()
        Connectome(worm-white/whole: 309 nodes, 2,961 connections: 2,266 chemical, 575 electrical,
        120 neuromuscular; 8,914 synapses; signs 0 +, 0 -, 2,386 unknown)
    """
    if series not in SERIES:
        raise InputError(
            f"`series` must be one of {', '.join(SERIES)}; got `{series}`. Use `whole` for the "
            "whole animal."
        )
    return _connectome("worm-white", series)


def _animal(name: str, animal: int) -> Connectome:
    return _connectome(name, str(animal))


@cache
def _connectome(name: str, part: str) -> Connectome:
    """The rows of one animal or series, with what `worm` knows of its cells.

    Nodes are the cells that the table names, in the order of `worm`, then by name.
    """
    file, column, source = {
        "worm-white": ("worm_white_connections.csv", "series", "White et al. 1986"),
    }.get(name, ("worm_witvliet_connections.csv", "animal", "Witvliet et al. 2021"))
    table = read_table(file, CHECKSUMS[file], dataset=name)
    rows = np.flatnonzero(np.array(table[column]) == part)
    pre, post, kind = (np.array(table[k])[rows] for k in ("pre", "post", "kind"))
    worm = _worm.worm()
    ids = np.unique(np.concatenate([pre, post]))
    known = np.isin(ids, worm.neuron_id)
    at = np.full(len(ids), worm.n_neurons)
    at[known] = worm.positions(ids[known])
    order = np.lexsort((ids, at))
    ids, known, at = ids[order], known[order], at[order]
    columns = {
        key: np.where(known, values[np.minimum(at, worm.n_neurons - 1)], "")
        for key, values in worm.neurons.items()
    }
    for name_of_cell, node_kind in OTHER_CELLS.items():
        columns["node_kind"] = np.where(ids == name_of_cell, node_kind, columns["node_kind"])
        columns["cell_type"] = np.where(ids == name_of_cell, name_of_cell, columns["cell_type"])
    place = {cell: i for i, cell in enumerate(ids.tolist())}
    ends = np.array([[place[a], place[b]] for a, b in zip(pre, post, strict=True)])
    electrical = kind == "electrical"
    ends[electrical] = np.sort(ends[electrical], axis=1)
    onto_muscle = ~electrical & (columns["node_kind"][ends[:, 1]] == "muscle")
    return Connectome(
        neuron_id=ids,
        pre=ends[:, 0],
        post=ends[:, 1],
        kind=np.where(electrical, 1, np.where(onto_muscle, 2, 0)),
        count=np.array(table["synapses"], dtype=np.int64)[rows],
        sign=np.zeros(len(rows), np.int64),
        count_unit="synapses",
        neurons=columns,
        name=f"{name}/{part}",
        audit=(
            f"{source}, {_words(name, part)}: counts are synapses",
            "each gap junction stands once, as listed; chemical connections onto muscles are "
            "neuromuscular",
            "classes and transmitters are those of the adult in the dataset `worm` (Wang et al. "
            f"2024); {len(OTHER_CELLS.keys() & set(ids.tolist()))} cells are not in it",
            "all signs are unknown: a transmitter is not a sign",
        ),
    )


def _words(name: str, part: str) -> str:
    if name != "worm-white":
        return f"animal {part} of 8 ({STAGES[int(part)]}), the spreadsheet version of the data"
    return {"whole": "several animals joined", "A": "an adult", "L4": "a larva in L4"}[part]


def _open(name: str, member: str, data: Path | None) -> Connectome:
    del data
    return _connectome(name, member)


def _entry(
    name: str, size: str, citation: str, file: str, members: tuple[str, ...], default: str
) -> Entry:
    return Entry(
        name=name,
        size=size,
        licence=_worm.LICENCE,
        citation=citation,
        where=SHIPS,
        n_bytes=n_bytes_of([file]),
        is_present=all_there([file, *_worm.CHECKSUMS]),
        connectome=partial(_open, name),
        members=lambda data: members,
        default=default,
    )


ENTRIES = {
    entry.name: entry
    for entry in (
        _entry(
            "worm-adult",
            "the brains of 2 adults: animal 7, 222 cells and 2,493 connections; animal 8, 219 and "
            "2,496",
            WITVLIET,
            "worm_witvliet_connections.csv",
            tuple(map(str, ADULTS)),
            "8",
        ),
        _entry(
            "worm-development",
            "the brains of 8 animals from birth to adult, 187 to 222 cells and 858 to 2,496 "
            "connections each",
            WITVLIET,
            "worm_witvliet_connections.csv",
            tuple(map(str, STAGES)),
            "",
        ),
        _entry(
            "worm-white",
            "whole: 309 cells, 2,961 connections, 8,914 synapses; A: 1,899 connections; L4: 1,769",
            WHITE,
            "worm_white_connections.csv",
            SERIES,
            "whole",
        ),
    )
}
