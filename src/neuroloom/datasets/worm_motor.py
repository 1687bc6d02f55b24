"""The worm's ventral-cord motor circuit, cut from the whole animal (Cook et al. 2019)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

from neuroloom.connectome import KINDS, Connectome
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.shipped import SHIPS, all_there, n_bytes_of
from neuroloom.datasets.worm import CHECKSUMS, CITATION, LICENCE, worm
from neuroloom.datasets.worm_motor_segments import TRANSMITTERS

__all__ = ["COMMAND", "ENTRIES", "NAME", "N_SEGMENTS", "worm_motor"]

NAME = "worm-motor"
COMMAND = ("AVA", "AVB", "AVD", "AVE", "PVC")
"""Command interneurons, left and right."""
N_SEGMENTS = 6
ELECTRICAL = KINDS.index("electrical")
ROWS = 24  # of muscles in a quadrant; ventral left has 23


@cache
def worm_motor(*, command: bool = False) -> Connectome:
    """75 motor neurons of the ventral cord and the 95 muscles of the body wall.

    Motor neurons are DA 9, DB 7, AS 11, VA 12, VB 11, VC 6 (cholinergic, +1), DD 6 and VD 13
    (GABA, -1): transmitter and sign agree in this circuit. Command interneurons (AVA, AVB, AVD,
    AVE, PVC, left and right) are cholinergic, too. Counts are EM serial sections. Columns:
    `node_kind`, `cell_type` (class; muscles are `muscle`), `neurotransmitter`, `segment` 1 to 6
    from the head, `side_dv`, `quadrant` (of muscles: DL, DR, VL, VR; of neurons empty) and `row`
    (of muscles 1 to 24 from the head; of neurons their number, 0 for command interneurons).

    Segments are ours: of a muscle the sixth of the rows that it is in, of a motor neuron the sixth
    of its class, whose numbers rise from head to tail. Command interneurons have segment 0. Muscles
    of the head (rows 1 to 8) are innervated by neurons of the head, too, which are not in the cut.

    Args:
        command: Whether command interneurons are in.

    Raises:
        InputError: If a table is missing or not the one that shipped.

    Source:
        Cook et al., Nature 571:63 (2019), corrected July 2020. Schmidgall et al., arXiv 2209.14406
        (2022) count 75 motor neurons and 95 muscles and do not list connections.

    Example:
        >>> worm_motor().of_kind("chemical")
        Connectome(worm-motor/cord: 170 nodes, 401 connections: 401 chemical; 2,482 em_sections;
        signs 348 +, 53 -, 0 unknown)
    """
    whole = worm()
    names, types = whole.neuron_id, whole.column("cell_type")
    is_motor = np.isin(types, tuple(TRANSMITTERS))
    is_muscle = np.array([bool(re.fullmatch(r"[dv]BWM[LR]\d+", str(name))) for name in names])
    is_command = np.isin(types, COMMAND) if command else np.zeros(len(names), bool)
    part = whole.select(is_motor | is_muscle | is_command)
    described = [
        _describe(str(name), str(cell_type), str(kind))
        for name, cell_type, kind in zip(
            part.neuron_id, part.column("cell_type"), part.column("node_kind"), strict=True
        )
    ]
    columns = {name: np.array([one[name] for one in described]) for name in described[0]}
    columns["segment"] = _segments(columns)
    inhibits = columns["neurotransmitter"][part.pre] == "gaba"
    sign = np.where((part.kind == ELECTRICAL), 0, np.where(inhibits, -1, 1))
    return Connectome(
        neuron_id=part.neuron_id,
        pre=part.pre,
        post=part.post,
        kind=part.kind,
        count=part.count,
        sign=sign,
        count_unit=part.count_unit,
        neurons=columns,
        name=f"{NAME}/{'command' if command else 'cord'}",
        audit=(
            *part.audit[:2],
            f"cut from {whole.name}: motor neurons of the ventral cord, body-wall muscles"
            + (", command interneurons" if command else ""),
            "signs by transmitter: DD and VD inhibit, all others excite",
            "segments are ours: sixths of the rows of muscles and of the numbers of a class",
        ),
    )


def _describe(name: str, cell_type: str, kind: str) -> dict[str, object]:
    muscle = re.fullmatch(r"([dv])BWM([LR])(\d+)", name)
    if muscle:
        letter, side, number = muscle[1].upper(), muscle[2], int(muscle[3])
        quadrant, cell_type, transmitter = f"{letter}{side}", "muscle", ""
    elif cell_type in TRANSMITTERS:
        letter, quadrant, number = cell_type[0], "", int(name[len(cell_type) :])
        transmitter = TRANSMITTERS[cell_type]
    else:
        letter, quadrant, number, transmitter = "", "", 0, "acetylcholine"
    side_dv = {"V": "ventral", "": ""}.get(letter, "dorsal")
    return {
        "node_kind": kind,
        "cell_type": cell_type,
        "neurotransmitter": transmitter,
        "side_dv": side_dv,
        "quadrant": quadrant,
        "row": number,
    }


def _segments(columns: dict[str, np.ndarray]) -> np.ndarray:
    """1 to 6, sixths of the rows of muscles and of the numbers of a class; 0 for the command."""
    cell_type, row = columns["cell_type"], columns["row"].astype(float)
    last = np.full(len(row), float(ROWS))
    for motor in TRANSMITTERS:
        mine = cell_type == motor
        last[mine] = row[mine].max()
    return np.where(row == 0, 0, np.ceil((row - 0.5) * N_SEGMENTS / last)).astype(np.int64)


def _open(member: str, data: Path | None) -> Connectome:
    del data
    return worm_motor(command=member == "command")


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size="75 motor neurons and 95 muscles; with /command 10 command interneurons more",
        licence=LICENCE,
        citation=CITATION,
        where=SHIPS,
        n_bytes=n_bytes_of(CHECKSUMS),
        is_present=all_there(CHECKSUMS),
        connectome=_open,
        members=lambda data: ("cord", "command"),
        default="cord",
    )
}
