"""The fly's compass as published rules say: E-PG, P-EN, P-EG and Delta7, one neuron a glomerulus.

No table: the wiring is made by the rules below, which are facts of the cited papers.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.datasets.entry import Entry

__all__ = ["ENTRIES", "N_TILES", "NAME", "fly_heading_rules", "wedge"]

NAME = "fly-heading-rules"
N_TILES = 8  # of the ellipsoid body
GLOMERULI = range(1, 10)  # of each half of the protocerebral bridge, 1 at the midline
LICENCE = "MIT (made by neuroloom from published rules; no file of others)"
CITATION = (
    "Pisokas, Heinze, Webb. The head direction circuit of two insect species. eLife 9:e53985 "
    "(2020), doi:10.7554/eLife.53985. Anatomy: Wolff, Iyer, Rubin. Neuroarchitecture and "
    "neuroanatomy of the Drosophila central complex. J. Comp. Neurol. 523:997 (2015), "
    "doi:10.1002/cne.23705"
)


class Cell(NamedTuple):
    """A neuron: its type, and the glomeruli of the bridge and the tile of the ellipsoid body.

    `bridge` is where E-PG, P-EN and P-EG belong and where a Delta7 sends; `tile` is where an E-PG
    listens and sends, and where P-EN and P-EG send; -1 for a Delta7.
    """

    cell_type: str
    bridge: tuple[tuple[str, int], ...]
    tile: int


def wedge(side: str, glomerulus: int) -> int:
    """Place, 0 to 15, in the ring of wedges of the E-PG of a glomerulus: L1, R1, L8, R2, ... R8.

    Args:
        side: `L` or `R`, the half of the bridge.
        glomerulus: 1, at the midline, to 9; those of 9 share the wedges of 1.

    Source:
        Wolff, Iyer, Rubin. J. Comp. Neurol. 523:997 (2015), doi:10.1002/cne.23705.

    Example:
        >>> [wedge(side, k) for side, k in (("L", 1), ("R", 1), ("L", 8), ("R", 2), ("L", 9))]
        [0, 1, 2, 3, 0]
    """
    place = 2 * glomerulus - 1 if side == "R" else 2 * (9 - glomerulus)
    return place % (2 * N_TILES)


@cache
def fly_heading_rules() -> Connectome:
    """The compass of the fly: 18 E-PG, 16 P-EN, 18 P-EG and 8 Delta7 neurons.

    The bridge has two halves (`L`, `R`) of nine glomeruli, the ellipsoid body eight tiles. Going
    around, the tiles hold the E-PGs of L1 and R1, L8 and R2, L7 and R3, ... L2 and R8; those of L9
    and R9 belong to the first tile. The rules:

    * E-PG excites the P-EN and the P-EG of its glomerulus (P-EN: 2 to 9), and every Delta7 that
      does not send to its glomerulus.
    * P-EN excites the E-PGs of the tile one step on: that of the E-PG one glomerulus nearer to the
      midline on its own side. The two halves thus shift in opposite senses: from right ones, to
      smaller headings; from left ones, to larger.
    * P-EG excites the E-PGs of the tile of its glomerulus.
    * Delta7 number k sends to R k and L 9-k (the first and last also to the glomeruli 9): it
      inhibits the P-EN and P-EG there, and every other Delta7.

    The count of every connection is 1 and says only that the rule connects. Ids are `EPG-R5`,
    `PEN-L2`, `PEG-L9`, `Delta7-R5L4`. Columns: `cell_type` (`EPG`, `PEN`, `PEG`, `Delta7`); `side`,
    the half of the bridge, empty for Delta7; `glomerulus`, such as `R5`, of a Delta7 those where it
    sends; `tile`, 0 to 7, -1 for Delta7; `heading_rad`, the direction for which it is most active,
    between -pi and pi: that of its glomerulus in the ring of 16 E-PG wedges, of a Delta7 that of
    the glomeruli where it sends, plus half a turn. Its sense and zero are a convention: mirroring
    the two halves is the same as changing its sign.

    Source:
        Pisokas et al., eLife 9:e53985 (2020), for the fly, with 9 glomeruli a side. We depart from
        it in three points: connections have no strengths (theirs are fitted), every Delta7 hears
        all glomeruli but those where it sends (theirs each hear 15 of 18), and headings are those
        of 16 wedges, not of 8 tiles.

    Example:
        >>> fly_heading_rules()
        Connectome(fly-heading-rules: 60 neurons, 330 connections: 330 chemical; 330 mean_synapses;
        signs 240 +, 90 -, 0 unknown)
    """
    cells = _cells()
    pairs = [
        (i, j)
        for i, pre in enumerate(cells)
        for j, post in enumerate(cells)
        if i != j and _connects(pre, post)
    ]
    pre, post = np.array(pairs).T
    cell_type = np.array([cell.cell_type for cell in cells])
    names = ["".join(f"{side}{number}" for side, number in cell.bridge) for cell in cells]
    return Connectome(
        neuron_id=np.array([f"{a}-{b}" for a, b in zip(cell_type, names, strict=True)]),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), np.int64),
        count=np.ones(len(pre)),
        sign=np.where(cell_type[pre] == "Delta7", -1, 1),
        count_unit="mean_synapses",
        neurons={
            "cell_type": cell_type,
            "side": np.array([c.bridge[0][0] if len(c.bridge) == 1 else "" for c in cells]),
            "glomerulus": np.array(names),
            "tile": np.array([cell.tile for cell in cells]),
            "heading_rad": np.array([_heading(cell) for cell in cells]),
        },
        name=NAME,
        audit=(
            "made by published rules, not counted in a brain: each count is 1 and says only that "
            "the rule connects",
            "Delta7 inhibits (glutamate), all others excite (acetylcholine), as in the published "
            "model",
            "departs from the published model: no strengths, and each Delta7 hears all glomeruli "
            "but those where it sends",
        ),
    )


def _cells() -> list[Cell]:
    def columnar(cell_type: str, glomeruli: range, inward: int) -> list[Cell]:
        return [
            Cell(cell_type, ((side, k),), wedge(side, k - inward) // 2)
            for side in "LR"
            for k in glomeruli
        ]

    delta7 = [
        Cell("Delta7", tuple((side, n) for side in "RL" for n in GLOMERULI if _in(side, n, k)), -1)
        for k in range(1, N_TILES + 1)
    ]
    return [
        *columnar("EPG", GLOMERULI, 0),
        *columnar("PEN", GLOMERULI[1:], 1),
        *columnar("PEG", GLOMERULI, 0),
        *delta7,
    ]


def _in(side: str, glomerulus: int, delta7: int) -> bool:
    """Whether this Delta7 sends to this glomerulus: every eighth of the 18, from left to right."""
    place = 8 + glomerulus if side == "R" else 9 - glomerulus
    return place % 8 == delta7 % 8


def _connects(pre: Cell, post: Cell) -> bool:
    match (pre.cell_type, post.cell_type):
        case ("EPG", "PEN" | "PEG"):
            return pre.bridge == post.bridge
        case ("EPG", "Delta7"):
            return pre.bridge[0] not in post.bridge
        case ("PEN" | "PEG", "EPG"):
            return pre.tile == post.tile
        case ("Delta7", "PEN" | "PEG"):
            return post.bridge[0] in pre.bridge
        case ("Delta7", "Delta7"):
            return True
    return False


def _heading(cell: Cell) -> float:
    """In radians; the midline between the two wedges of glomerulus 1 is 0."""
    wedges = np.array([wedge(side, k) for side, k in cell.bridge])
    turn = np.exp(2j * np.pi * (wedges - 0.5) / (2 * N_TILES)).mean()
    return float(np.angle(-turn if cell.cell_type == "Delta7" else turn))


def _open(member: str, data: Path | None) -> Connectome:
    del member, data
    return fly_heading_rules()


def _always(data: Path | None) -> bool:
    del data
    return True


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size="18 E-PG, 16 P-EN, 18 P-EG, 8 Delta7; 60 neurons, 330 connections",
        licence=LICENCE,
        citation=CITATION,
        where="Made by neuroloom.",
        n_bytes=0,
        is_present=_always,
        connectome=_open,
    )
}
