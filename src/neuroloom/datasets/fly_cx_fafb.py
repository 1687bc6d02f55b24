"""Ring-attractor wiring of one fly (Turner-Evans et al. 2020): counts by neuropil. May not ship."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from neuroloom.connectome import AbstractSignRule, Connectome
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.local import LocalFiles
from neuroloom.errors import InputError

__all__ = ["ENTRIES", "FILES", "MATRICES", "NAME", "CompassSigns", "fly_cx_fafb"]

NAME = "fly-cx-fafb"
MATRICES = {
    "all": "matrix_all_NLG_R.txt",
    "bridge": "matrix_PB.txt",
    "ellipsoid-body": "matrix_EB.txt",
    "noduli": "matrix_NO.txt",
    "extrapolated": "PB_EB_extrapolated.txt",
}
FILES = LocalFiles(
    dataset=NAME,
    folder="fly_cx_fafb_turner_evans2020",
    origin="Turner-Evans et al. 2020 (repositories BiologicalRingAttractor-Code and EMpaper)",
    checksums={
        "PB_EB_extrapolated.txt": (
            "6414247782934a778fea65ad8b2ea32beb6f268623ea767696f17738f07b501c"
        ),
        "matrix_EB.txt": "eda72e0a1de6b1902631af6f440c14ed0726774292e88005e396a6b7019d6e6c",
        "matrix_NO.txt": "61d2b4fe4f0d9426d3b8c9076c1a86c1b41303e60dbeb66e2304ff206cbc6733",
        "matrix_PB.txt": "dac5f8ccaef88d0fced5007327902f5bba9411bf66e1865471e00dd533f9c3c0",
        "matrix_all_NLG_R.txt": "ae29160cff7bde7cfd7a1424b31ec9ec73c51580855a0263104500d5b56a7bae",
    },
)
# The part before the dash, or a ring neuron's whole name.
CELL = re.compile(
    r"(?P<cell_type>EPG|PEN1|PEN2|PEG|D7)-(?P<glomeruli>(?:\d[LR]+|\d)+)[a-z]?|R[a-g]"
)


@dataclass(frozen=True)
class CompassSigns(AbstractSignRule):
    """By cell type: Delta7 (`D7`) and ring neurons (`ring`) inhibit; E-PG, P-EN and P-EG excite.

    Delta7 release glutamate and ring neurons GABA, the others acetylcholine (Turner-Evans et al.
    2020). The matrices state counts only.
    """

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return "D7 and ring neurons -, EPG, PEN1, PEN2 and PEG +"

    def neuron_sign(self, connectome: Connectome) -> Int[np.ndarray, " neuron"]:
        """By the column `cell_type`; 0 for any other type.

        Raises:
            InputError: If there is no such column.
        """
        cell_type = connectome.column("cell_type")
        inhibits = np.isin(cell_type, ["D7", "ring"])
        excites = np.isin(cell_type, ["EPG", "PEN1", "PEN2", "PEG"])
        return excites.astype(np.int8) - inhibits.astype(np.int8)


def fly_cx_fafb(matrix: str = "all", *, data: Path | None = None) -> Connectome:
    """Who contacts whom in the compass of one fly's brain (FAFB), by neuropil.

    The measured matrices hold the neurons of glomeruli 5 to 7 and their partners, not the whole
    ring. `all` is not the sum of the three neuropils: 32 entries differ. Signs are 0;
    `CompassSigns` sets them by cell type if you say so. Columns: `cell_type` (`EPG`, `PEN1`,
    `PEN2`, `PEG`, `D7`, `ring`), `glomerulus` (such as `5R`; of a Delta7 those that name it; empty
    for ring neurons).

    Args:
        matrix: `all`, `bridge`, `ellipsoid-body`, `noduli`, or `extrapolated`: the authors'
            extrapolation to 104 neurons of the whole ring, whose counts are no whole numbers.
        data: The data folder; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If the matrix is another, or its files are not there; says which to put where.

    Source:
        Turner-Evans et al. The neuroanatomical ultrastructure and function of a biological ring
        attractor. Neuron 108:145 (2020). Rows are presynaptic.
    """
    if matrix not in MATRICES:
        raise InputError(
            f"`matrix` must be one of {', '.join(MATRICES)}; got `{matrix}`. Use `all` for the "
            "measured neurons together."
        )
    header, *lines = FILES.read(MATRICES[matrix], data).decode("ascii").splitlines()
    names, rows = header.split(), [line.split() for line in lines if line.strip()]
    counts = np.array([row[1:] for row in rows], dtype=float)
    if [row[0] for row in rows] != names or counts.shape != (len(names), len(names)):
        raise InputError(
            f"{MATRICES[matrix]} must have equal names in rows and columns; it has {len(rows)} "
            f"rows and {len(names)} columns. Copy it again."
        )
    cells = [CELL.fullmatch(name) for name in names]
    unknown = [name for name, cell in zip(names, cells, strict=True) if cell is None]
    if unknown:
        raise InputError(
            f"A neuron must be named type-glomerulus; {MATRICES[matrix]} has {unknown[0]} "
            f"({len(unknown)} such). Copy it again."
        )
    pre, post = np.nonzero(counts)
    whole = matrix != "extrapolated"
    return Connectome(
        neuron_id=np.array(names),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), np.int64),
        count=counts[pre, post],
        sign=np.zeros(len(pre), np.int64),
        count_unit="synapses" if whole else "mean_synapses",
        neurons={
            "cell_type": np.array([(cell and cell["cell_type"]) or "ring" for cell in cells]),
            "glomerulus": np.array([(cell and cell["glomeruli"]) or "" for cell in cells]),
        },
        name=f"{NAME}/{matrix}",
        audit=(
            f"read {MATRICES[matrix]}: rows are presynaptic",
            "glomeruli 5 to 7 and their partners, not the whole ring"
            if whole
            else "extrapolated by the authors to the whole ring: no counts, and no whole numbers",
            f"kept {(pre == post).sum()} connections of a neuron with itself",
            "all signs are unknown: the matrices hold counts only (`CompassSigns` sets them)",
        ),
    )


def _open(member: str, data: Path | None) -> Connectome:
    return fly_cx_fafb(member, data=data)


def _members(data: Path | None) -> tuple[str, ...]:
    del data
    return tuple(MATRICES)


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size=(
            "44 neurons, 994 connections, 13,347 synapses; by neuropil; extrapolated to 104 neurons"
        ),
        licence="none stated: all rights reserved; may not ship",
        citation=(
            "Turner-Evans et al. The neuroanatomical ultrastructure and function of a biological "
            "ring attractor. Neuron 108:145 (2020), doi:10.1016/j.neuron.2020.08.006"
        ),
        where=FILES.where,
        n_bytes=178_741,
        is_present=FILES.are_present,
        connectome=_open,
        members=_members,
        default="all",
    )
}
