"""What the name of a cell of C. elegans means: neuron, muscle or neither, and how it is spelled.

The 302 neurons of the adult hermaphrodite are facts and listed here, since no rule of spelling
holds: `MDL05` is a muscle, `GLRL` a glial cell, `CANL` a neuron, and all three look alike.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

__all__ = ["NEURONS", "WormCells", "node_kind_of", "plain_name", "worm_cells"]

ADULT = """
ADAL ADAR ADEL ADER ADFL ADFR ADLL ADLR AFDL AFDR AIAL AIAR AIBL AIBR AIML AIMR AINL AINR AIYL AIYR
AIZL AIZR ALA ALML ALMR ALNL ALNR AQR AS1 AS10 AS11 AS2 AS3 AS4 AS5 AS6 AS7 AS8 AS9 ASEL ASER ASGL
ASGR ASHL ASHR ASIL ASIR ASJL ASJR ASKL ASKR AUAL AUAR AVAL AVAR AVBL AVBR AVDL AVDR AVEL AVER AVFL
AVFR AVG AVHL AVHR AVJL AVJR AVKL AVKR AVL AVM AWAL AWAR AWBL AWBR AWCL AWCR BAGL BAGR BDUL BDUR
CANL CANR CEPDL CEPDR CEPVL CEPVR DA1 DA2 DA3 DA4 DA5 DA6 DA7 DA8 DA9 DB1 DB2 DB3 DB4 DB5 DB6 DB7
DD1 DD2 DD3 DD4 DD5 DD6 DVA DVB DVC FLPL FLPR HSNL HSNR I1L I1R I2L I2R I3 I4 I5 I6 IL1DL IL1DR IL1L
IL1R IL1VL IL1VR IL2DL IL2DR IL2L IL2R IL2VL IL2VR LUAL LUAR M1 M2L M2R M3L M3R M4 M5 MCL MCR MI
NSML NSMR OLLL OLLR OLQDL OLQDR OLQVL OLQVR PDA PDB PDEL PDER PHAL PHAR PHBL PHBR PHCL PHCR PLML
PLMR PLNL PLNR PQR PVCL PVCR PVDL PVDR PVM PVNL PVNR PVPL PVPR PVQL PVQR PVR PVT PVWL PVWR RIAL RIAR
RIBL RIBR RICL RICR RID RIFL RIFR RIGL RIGR RIH RIML RIMR RIPL RIPR RIR RIS RIVL RIVR RMDDL RMDDR
RMDL RMDR RMDVL RMDVR RMED RMEL RMER RMEV RMFL RMFR RMGL RMGR RMHL RMHR SAADL SAADR SAAVL SAAVR SABD
SABVL SABVR SDQL SDQR SIADL SIADR SIAVL SIAVR SIBDL SIBDR SIBVL SIBVR SMBDL SMBDR SMBVL SMBVR SMDDL
SMDDR SMDVL SMDVR URADL URADR URAVL URAVR URBL URBR URXL URXR URYDL URYDR URYVL URYVR VA1 VA10 VA11
VA12 VA2 VA3 VA4 VA5 VA6 VA7 VA8 VA9 VB1 VB10 VB11 VB2 VB3 VB4 VB5 VB6 VB7 VB8 VB9 VC1 VC2 VC3 VC4
VC5 VC6 VD1 VD10 VD11 VD12 VD13 VD2 VD3 VD4 VD5 VD6 VD7 VD8 VD9
"""
NEURONS = frozenset(ADULT.split())
# Body wall (three ways of writing), pharynx, vulva and uterus, anus and gut; `NMJ` and
# `LegacyBodyWallMuscles` stand for muscles that a table does not tell apart.
MUSCLE = re.compile(
    r"(BWM-?[DV][LR]\d+|[dv]BWM[LR]?\d*|M[DV][LR]\d+|pm\d[DVLR]*|[uv]m\d?\w*|mu_\w+|MANAL|MVULVA"
    r"|NMJ|LegacyBodyWallMuscles)"
)
PADDED = re.compile(r"([A-Z]+)0+([1-9]\d*)")


class WormCells(NamedTuple):
    """The cells that a table names, once each, in the order of the alphabet.

    Attributes:
        name: The plain name of each cell.
        node_kind: `neuron`, `muscle` or `other`, of each cell.
        original_name: As the table writes it.
        audit: How many there are of each kind, and what was renamed, a sentence each.
    """

    name: np.ndarray
    node_kind: np.ndarray
    original_name: np.ndarray
    audit: tuple[str, ...]


def worm_cells(written: Iterable[str], *, muscles: Iterable[str] = ()) -> WormCells:
    """The cells behind these names; `muscles` are such because their table says so."""
    spellings: dict[str, list[str]] = {}
    for word in sorted(set(written)):
        spellings.setdefault(plain_name(word), []).append(word)
    known = set(muscles)
    cells = sorted(spellings)
    kinds = ["muscle" if cell in known else node_kind_of(cell) for cell in cells]
    others = [cell for cell, kind in zip(cells, kinds, strict=True) if kind == "other"]
    padded = [cell for cell in cells if spellings[cell] != [cell]]
    twice = [cell for cell in cells if len(spellings[cell]) > 1]
    said = [
        f"{len(cells):,} cells by their names: {kinds.count('neuron'):,} neurons, "
        f"{kinds.count('muscle'):,} muscles, {len(others):,} others"
        + (f" ({', '.join(others[:6])}{', ...' if len(others) > 6 else ''})" if others else "")
    ]
    if padded:
        example = f"{spellings[padded[0]][0]} is {padded[0]}"
        said.append(f"removed the zero padding of {len(padded):,} names ({example})")
    if twice:
        said.append(
            f"took two spellings as one cell in {len(twice):,} names, such as "
            f"{' and '.join(spellings[twice[0]])}"
        )
    return WormCells(
        name=np.array(cells, dtype=str),
        node_kind=np.array(kinds, dtype=str),
        original_name=np.array([spellings[cell][0] for cell in cells], dtype=str),
        audit=tuple(said),
    )


def plain_name(written: str) -> str:
    """The name of a neuron without zero padding; any other name as it is.

    Example:
        >>> plain_name("VB01"), plain_name("VA10"), plain_name("BWM-VL05")
        ('VB1', 'VA10', 'BWM-VL05')
    """
    name = PADDED.sub(r"\1\2", written) if PADDED.fullmatch(written) else written
    return name if name in NEURONS else written


def node_kind_of(name: str) -> str:
    """`neuron`, `muscle` or `other`.

    Example:
        >>> [node_kind_of(name) for name in ("AVAL", "BWM-VL05", "MDL05", "excgl", "GLRL")]
        ['neuron', 'muscle', 'muscle', 'other', 'other']
    """
    if name in NEURONS:
        return "neuron"
    return "muscle" if MUSCLE.fullmatch(name) else "other"
