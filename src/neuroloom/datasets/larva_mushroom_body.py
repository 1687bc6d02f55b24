"""The mushroom body of a larval fly, left and right (Eichler et al. 2017).

Two tables of facts ship with neuroloom (`tables/`); `scripts/build_larva_tables.py` rebuilds them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.shipped import SHIPS, all_there, n_bytes_of, read_table
from neuroloom.errors import InputError

__all__ = ["CHECKSUMS", "ENTRIES", "NAME", "SIDES", "larva_mushroom_body"]

NAME = "larva-mushroom-body"
SIDES = {"left": "L", "right": "R"}
LICENCE = (
    "MIT (tables of facts derived from the wheel graspologic 3.4.4, (c) Microsoft Corporation; "
    "see tables/ATTRIBUTION.md)"
)
CITATION = (
    "Eichler et al. The complete connectome of a learning and memory centre in an insect brain. "
    "Nature 548:175 (2017), doi:10.1038/nature23455"
)
SIZES = {
    "left": "209 cells (101 KC, 58 PN, 29 MBON, 21 MBIN), 7,425 connections, 25,322 synapses",
    "right": "213 cells (100 KC, 63 PN, 29 MBON, 21 MBIN), 7,536 connections, 26,371 synapses",
}
# SHA-256 of each table, also in ATTRIBUTION.md.
CHECKSUMS = {
    "larva_mushroom_body_neurons.csv": (
        "94b090e15bbc99f0095269ddbd804caeb739094837e9734d8cb464b02ab3ce0f"
    ),
    "larva_mushroom_body_connections.csv": (
        "12815f1c69ae70c44024dd0206fbbb287aaf5a877bf58915f8f423162720c254"
    ),
}


@cache
def larva_mushroom_body(side: str) -> Connectome:
    """The learning and memory center of a first-instar larva, on one side of its brain.

    Counts are synapses; signs are unknown. Columns: `cell_type`, `KC` (Kenyon cell), `PN`
    (projection neuron and other inputs of the calyx), `MBON` (output neuron) or `MBIN` (modulatory
    input neuron); `side`. The source gives no names of cells: ids are the type and a number in the
    order of its tables, which means nothing across sides.

    Args:
        side: `left` or `right`.

    Raises:
        InputError: If the side is another, or a table is not the one that shipped.

    Source:
        Eichler et al., Nature 548:175 (2017), as in graspologic 3.4.4.

    Example:
        >>> larva_mushroom_body("left")
        Connectome(larva-mushroom-body/left: 209 neurons, 7,425 connections: 7,425 chemical;
        25,322 synapses; signs 0 +, 0 -, 7,425 unknown)
    """
    if side not in SIDES:
        raise InputError(f"`side` must be left or right; got `{side}`. Choose one of the two.")
    name = f"{NAME}/{side}"
    neurons, connections = (
        {column: np.array(values) for column, values in table.items()}
        for table in (read_table(file, check, dataset=name) for file, check in CHECKSUMS.items())
    )
    here, rows = neurons["side"] == side, connections["side"] == side
    place = {cell: i for i, cell in enumerate(neurons["neuron_id"][here].tolist())}
    pre, post = (
        np.array([place[cell] for cell in connections[end][rows].tolist()])
        for end in ("pre", "post")
    )
    return Connectome(
        neuron_id=neurons["neuron_id"][here],
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), np.int64),
        count=connections["synapses"][rows].astype(np.int64),
        sign=np.zeros(len(pre), np.int64),
        count_unit="synapses",
        neurons={
            "cell_type": neurons["cell_type"][here],
            "side": np.full(len(place), SIDES[side]),
        },
        name=name,
        audit=(
            "Eichler et al. 2017, first-instar larva: counts are synapses",
            "ids are ours, the type and a number: the source names no cells",
            "all signs are unknown: the source states no transmitters",
        ),
    )


def _open(member: str, data: Path | None) -> Connectome:
    del data
    return larva_mushroom_body(member)


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size="; ".join(f"{side}: {size}" for side, size in SIZES.items()),
        licence=LICENCE,
        citation=CITATION,
        where=SHIPS,
        n_bytes=n_bytes_of(CHECKSUMS),
        is_present=all_there(CHECKSUMS),
        connectome=_open,
        members=lambda data: tuple(SIDES),
    )
}
