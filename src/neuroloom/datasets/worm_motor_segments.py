"""Six repeats of the worm's ventral cord (Haspel and O'Donovan 2011).

A table of facts ships with neuroloom (`tables/`); `scripts/build_worm_motor_table.py` rebuilds it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

from neuroloom.connectome import KINDS, Connectome
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.shipped import SHIPS, all_there, n_bytes_of, read_table

__all__ = ["CHECKSUMS", "ENTRIES", "NAME", "TRANSMITTERS", "worm_motor_segments"]

NAME = "worm-motor-segments"
LICENCE = (
    "MIT (a table of facts derived from the wheel cect 0.3.5, (c) 2026 OpenWorm; "
    "see tables/ATTRIBUTION.md)"
)
CITATION = (
    "Haspel and O'Donovan. A perimotor framework reveals functional segmentation in the "
    "motoneuronal network controlling locomotion in Caenorhabditis elegans. J. Neurosci. "
    "31:14611 (2011), doi:10.1523/JNEUROSCI.2186-11.2011"
)
CHECKSUMS = {
    "worm_motor_segments.csv": "1f47017fa3d81534681a2f2ab0cc043bb6c34f022b8de77a916553fc0329682b",
}
TRANSMITTERS = {
    **dict.fromkeys(("AS", "DA", "DB", "VA", "VB", "VC"), "acetylcholine"),
    **dict.fromkeys(("DD", "VD"), "gaba"),
}
"""Of the classes of motor neurons."""
PER_SEGMENT = {"AS": 2, "DA": 1, "DB": 1, "DD": 1, "VA": 2, "VB": 2, "VD": 2, "MD": 3, "MV": 3}


@cache
def worm_motor_segments() -> Connectome:
    """The motor circuit of a worm as six like segments: 66 motor neurons and 72 muscles.

    A segment has 2 AS, 1 DA, 1 DB, 1 DD, 2 VA, 2 VB, 2 VD and 3 muscles in each quadrant. Counts
    are mean synapses of a repeating pattern that was fitted to known anterior connections; a few
    names (AS12, VB12) are of no real cell. Columns: `node_kind`, `cell_type` (class; muscles are
    `muscle`), `neurotransmitter`, `segment` 1 to 6 from the head, `side_dv` (`dorsal`, `ventral`:
    the side whose muscles a neuron serves), `quadrant` (of muscles: DL, DR, VL, VR; of neurons
    empty), `row` (of muscles 1 to 18; of neurons their number).

    Raises:
        InputError: If the table is missing or not the one that shipped.

    Source:
        Haspel and O'Donovan, J. Neurosci. 31:14611 (2011), matrices `A_conn_full` and
        `J_conn_full` of the file in cect 0.3.5. Their 161 entries of gap junctions, of which 144
        stand both ways, are 89 junctions here.

    Example:
        >>> worm_motor_segments()
        Connectome(worm-motor-segments: 138 nodes, 573 connections: 188 chemical, 89 electrical, 296
        neuromuscular; 4,702.7 mean_synapses; signs 370 +, 114 -, 0 unknown)
    """
    (file, checksum), *_ = CHECKSUMS.items()
    table = read_table(file, checksum, dataset=NAME)
    names = sorted({*table["pre"], *table["post"]}, key=_order)
    place = {name: n for n, name in enumerate(names)}
    described = [_describe(name) for name in names]
    kind = np.array([KINDS.index(name) for name in table["kind"]])
    ends = np.array([[place[name] for name in table[end]] for end in ("pre", "post")])
    ends = np.where(kind == KINDS.index("electrical"), np.sort(ends, axis=0), ends)
    return Connectome(
        neuron_id=np.array(names),
        pre=ends[0],
        post=ends[1],
        kind=kind,
        count=np.array(table["mean_synapses"], float),
        sign=np.array(table["sign"], np.int64),
        count_unit="mean_synapses",
        neurons={name: np.array([one[name] for one in described]) for name in described[0]},
        name=NAME,
        audit=(
            "Haspel and O'Donovan 2011: a repeating pattern fitted to anterior connections; counts "
            "are mean synapses; some cells (AS12, VB12) are of the pattern, not of the animal",
            "muscles of both sides, one in the source, have the same connections each",
            "each gap junction stands once; 17 of 89 stand one way in the source",
        ),
    )


def _parts(name: str) -> tuple[str, str, int]:
    found = re.fullmatch(r"(M[DV]|[A-Z]{2})([LR]?)(\d+)", name)
    assert found is not None, name
    return found[1], found[2], int(found[3])


def _order(name: str) -> tuple[bool, str, int, str]:
    cell_class, side, number = _parts(name)
    return cell_class.startswith("M"), cell_class, number, side


def _describe(name: str) -> dict[str, object]:
    cell_class, side, number = _parts(name)
    is_muscle = cell_class.startswith("M")
    letter = cell_class[1] if is_muscle else cell_class[0]
    return {
        "node_kind": "muscle" if is_muscle else "neuron",
        "cell_type": "muscle" if is_muscle else cell_class,
        "neurotransmitter": "" if is_muscle else TRANSMITTERS[cell_class],
        "segment": (number - 1) // PER_SEGMENT[cell_class] + 1,
        "side_dv": "ventral" if letter == "V" else "dorsal",
        "quadrant": f"{letter}{side}" if is_muscle else "",
        "row": number,
    }


def _open(member: str, data: Path | None) -> Connectome:
    del member, data
    return worm_motor_segments()


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size="66 motor neurons and 72 muscles in 6 segments; 188 chemical, 89 electrical, 296 "
        "neuromuscular connections",
        licence=LICENCE,
        citation=CITATION,
        where=SHIPS,
        n_bytes=n_bytes_of(CHECKSUMS),
        is_present=all_there(CHECKSUMS),
        connectome=_open,
    )
}
