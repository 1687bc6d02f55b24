"""Where the neurons of a fly's compass stand on its ring, in any wiring that names glomeruli."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from jaxtyping import Int, Shaped

from neuroloom.connectome import Connectome
from neuroloom.datasets.fly_heading_rules import N_TILES, wedge
from neuroloom.errors import InputError

__all__ = ["CLASSES", "COMPASS_TYPES", "fly_compass"]

COMPASS_TYPES = {
    "EPG": re.compile(r"EPGt?"),
    "PEN1": re.compile(r"PEN1|PEN_a.*"),
    "PEN2": re.compile(r"PEN2|PEN_b.*"),
    "PEN": re.compile(r"PEN"),
    "PEG": re.compile(r"PEG"),
    "Delta7": re.compile(r"Delta7|D7"),
    "ring": re.compile(r"ring|ER\d.*"),
}
"""How datasets spell each type of the compass."""
CLASSES = ("compass", "shifter+", "shifter-", "inhibitory")
"""E-PG and P-EG; P-EN of the left half; P-EN of the right half; Delta7 and ring neurons."""
SIDE_FIRST = re.compile(r"(?:[LR][1-9])+")
NUMBER_FIRST = re.compile(r"(?:[1-9][LR])+")
IN_INSTANCE = re.compile(r"_((?:[LR][1-9])+)(?:_|$)")


def fly_compass(connectome: Connectome, *, by_tile: bool = False) -> Connectome:
    """The compass neurons of a fly's wiring, each with its direction and its class.

    Read are `fly-heading-rules`, `fly-cx-fafb` and tables of neuPrint: columns `cell_type`, and
    `glomerulus` (`R5`, `5R`, of a Delta7 those where it sends, `R5L4`) or `instance` (such as
    `EPG(PB08)_L3`, `PEN_a(PEN1)_R4`, `Delta7(PB15)_L1L9R8_R`). Neurons of other types are left out.

    Columns that are added or set anew:

    * `compass_type`: `EPG` (with EPGt), `PEN1`, `PEN2`, `PEN` (where the source does not tell P-EN1
      from P-EN2), `PEG`, `Delta7`, `ring`.
    * `side` and `glomerulus`: the half of the bridge and the glomerulus, such as `R5`; of a Delta7
      no side and all glomeruli where it sends; of ring neurons none.
    * `preferred_rad`: the direction for which it is most active, between -pi and pi: that of its
      glomerulus on the ring of 16 wedges; of a Delta7 half a turn from where it sends; NaN for ring
      neurons, which fill the whole ring.
    * `cell_class`: one of `CLASSES`, as cells of a model that learned to integrate are called. P-EN
      of the left half, which shift to larger directions, are `shifter+`.

    The sense and zero of directions are a convention: to mirror the halves is to change every sign.
    Signs that are unknown are set by type: Delta7 and ring neurons inhibit, all others excite.

    Args:
        connectome: Of a fly.
        by_tile: Give the direction of the tile, of which there are 8 and which the E-PG of two
            wedges share, instead of that of the wedge.

    Raises:
        InputError: If there is no neuron of the compass, or a columnar one names no glomerulus.

    Source:
        Wedges: Wolff, Iyer, Rubin. J. Comp. Neurol. 523:997 (2015). Which half shifts which way,
        and that Delta7 are most active opposite to where they send: Turner-Evans et al., Neuron
        108:145 (2020). Signs: the same.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> compass = fly_compass(connectome("fly-heading-rules"))
        >>> at = compass.neuron_id.tolist().index("PEN-L5")
        >>> print(compass.column("cell_class")[at], compass.column("preferred_rad")[at].round(3))
        shifter+ 2.945
    """
    kind = _types(connectome)
    if not (kind != "").any():
        raise InputError(
            "A compass must have neurons of the types EPG, PEN, PEG or Delta7; the column "
            f"`cell_type` has {', '.join(np.unique(connectome.column('cell_type'))[:5])}. Read the "
            "types of the central complex, spelled as in neuPrint or `fly-cx-fafb`."
        )
    sentences = []
    if (kind == "").any():
        kept = kind != ""
        connectome, kind = connectome.select(kept), kind[kept]
    places = _glomeruli(connectome, kind)
    single = np.array([len(place) == 1 for place in places]) & (kind != "Delta7")
    side = np.array(
        [place[0][0] if alone else "" for place, alone in zip(places, single, strict=True)]
    )
    cell_class = np.select(
        [np.isin(kind, ["EPG", "PEG"]), np.isin(kind, ["Delta7", "ring"]), side == "L"],
        [CLASSES[0], CLASSES[3], CLASSES[1]],
        CLASSES[2],
    )
    unknown = connectome.sign == 0
    if unknown.any():
        by_type = np.where(np.isin(kind, ["Delta7", "ring"]), -1, 1)[connectome.pre]
        connectome = replace(connectome, sign=np.where(unknown, by_type, connectome.sign))
        sentences.append(
            f"signs of {unknown.sum():,} connections by type: Delta7 and ring neurons -, others +"
        )
    directions = [_direction(k, p, by_tile) for k, p in zip(kind, places, strict=True)]
    return replace(
        connectome,
        neurons={
            **connectome.neurons,
            "compass_type": kind,
            "side": side,
            "glomerulus": np.array(["".join(f"{s}{n}" for s, n in place) for place in places]),
            "preferred_rad": np.array(directions),
            "cell_class": cell_class,
        },
        audit=(
            *connectome.audit,
            *sentences,
            "directions by glomerulus, on the ring of "
            f"{f'{N_TILES} tiles' if by_tile else f'{2 * N_TILES} wedges'}; sense and zero are a "
            "convention",
        ),
    )


def _types(connectome: Connectome) -> Shaped[np.ndarray, " neuron"]:
    """The type of each neuron, empty for one that is not of the compass."""
    found = []
    for label in connectome.column("cell_type").astype(str):
        of = [name for name, spelled in COMPASS_TYPES.items() if spelled.fullmatch(label)]
        found.append(of[0] if of else "")
    return np.array(found)


def _glomeruli(
    connectome: Connectome, kind: Shaped[np.ndarray, " neuron"]
) -> list[tuple[tuple[str, int], ...]]:
    """(half, number) of each glomerulus that a neuron names."""
    has_instances = "instance" in connectome.neurons and "glomerulus" not in connectome.neurons
    named = connectome.column("instance" if has_instances else "glomerulus")
    found: list[tuple[tuple[str, int], ...]] = []
    for text in named.astype(str):
        inside = IN_INSTANCE.search(text)
        text = inside[1] if inside else text
        if SIDE_FIRST.fullmatch(text):
            found.append(tuple((text[i], int(text[i + 1])) for i in range(0, len(text), 2)))
        elif NUMBER_FIRST.fullmatch(text):
            found.append(tuple((text[i + 1], int(text[i])) for i in range(0, len(text), 2)))
        else:
            found.append(())
    given = np.array([len(place) for place in found])
    wrong = np.flatnonzero((kind != "ring") & np.where(kind == "Delta7", given < 1, given != 1))
    if wrong.size:
        raise InputError(
            "Every E-PG, P-EN and P-EG must name one glomerulus and every Delta7 some; "
            f"{connectome.neuron_id[wrong[0]]} has `{named[wrong[0]]}` ({wrong.size} such of "
            f"{len(found)}). Give a column `glomerulus`, such as R5 (of a Delta7, R5L4), or leave "
            "these neurons out by `select`."
        )
    return [() if k == "ring" else place for k, place in zip(kind, found, strict=True)]


def _direction(kind: str, places: tuple[tuple[str, int], ...], by_tile: bool) -> float:
    if kind == "ring":
        return np.nan
    wedges: Int[np.ndarray, " glomerulus"] = np.array([wedge(side, n) for side, n in places])
    at = wedges // 2 * 2 if by_tile else wedges - 0.5
    turn = np.exp(2j * np.pi * at / (2 * N_TILES)).mean()
    return float(np.angle(-turn if kind == "Delta7" else turn))
