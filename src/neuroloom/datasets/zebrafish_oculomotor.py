"""Hindbrain wiring and saccade-triggered activity of larval zebrafish. May not ship."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.local import LocalFiles
from neuroloom.recording import Recording

__all__ = ["ENTRIES", "FILES", "NAME", "recorded_cells", "zebrafish_responses", "zebrafish_wiring"]

NAME = "zebrafish-oculomotor"
LICENCE = "the data's terms are not stated (the repository's licence is BSD-like); may not ship"
CITATION = (
    "Vishwanathan et al. Predicting modular functions and neural coding of behavior from a "
    "synaptic wiring diagram. Nature Neuroscience 27:2443 (2024), doi:10.1038/s41593-024-01784-3"
)
VERSION = "CO_top500_2blocks_gamma038_08062020"
FILES = LocalFiles(
    dataset=NAME,
    folder="zebrafish_oculomotor_vishwanathan2024",
    origin="Vishwanathan et al. 2024 (Zenodo 16618353)",
    checksums={
        "ConnMatrix_CO_top500_2blocks_gamma038_08062020.mat": (
            "1005152401c10eb10fedcca5c6bdc9816655ce1e4ec9642bd4a6dda6f0f3667b"
        ),
        "MatOrder_CO_top500_2blocks_gamma038_08062020.mat": (
            "0e3e50f414191c2828b3b00c1996bb7a0a4bb537d7710e784a80f1636cd3c56a"
        ),
        "STA_EMCA.mat": "a884cf97a1fbcb2190562d4c12d8d08827de58ea0c7a58395b296763000e7fc4",
        "cellIDType_CO_top500_2blocks_gamma038_08062020.mat": (
            "8965cb86fd3b32d5287ca601e29713d3505d6284be87e15883e8ae6078529d4c"
        ),
        "fitCellsBasedOnLocationDO.mat": (
            "6f2851d27fdcdb47cf36a3a3a98b1671af0dd8151afad6a0019182026651972d"
        ),
        "slopesThresh_09102020.csv": (
            "b392bae64ae34540e1e753793d0bb724b4bc97ff56af94d914fb9ee79762e6b8"
        ),
        "totalInputs_CO_top500_2blocks_gamma038_08062020.mat": (
            "f1793a0a5158953c037462f4219f80d50621274ddc6f23791ca5844194c19139"
        ),
    },
)
PROPERTIES = {
    **{"x": "x", "y": "y", "z": "z", "K": "position_sensitivity", "threshold": "threshold"},
    **{"isABD": "is_abducens_motor", "isABDi": "is_abducens_internuclear", "isDO": "is_vestibular"},
}


def zebrafish_wiring(*, data: Path | None = None) -> Connectome:
    """Synapses among 609 neurons of the hindbrain of one fish.

    Signs are unknown. Columns: `cell_type` (`Int`, `Axl`, `DOs`, `ABD_m`, `ABD_i`, `vSPNs`: the
    source's labels without the underscores around them) and `total_inputs`, all synapses onto the
    cell, from inside and outside the set; 0 for two cells.

    Args:
        data: The data folder; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If the files are not there; says which to put where.

    Source:
        Vishwanathan et al., Nature Neuroscience (2024). The source's rows are postsynaptic. Its
        model divides each row by the total inputs; we do not.
    """
    counts = _variable("ConnMatrix", "ConnMat", data).astype(np.int64)  # uint8 would overflow
    ids = _variable("MatOrder", "MatOrder", data).ravel().astype(np.int64)
    totals = _variable("totalInputs", "totalInputs", data).ravel().astype(np.int64)
    types = [str(name).strip("_ ") for name in _variable("cellIDType", "cellIDType", data).ravel()]
    post, pre = np.nonzero(counts)  # rows are postsynaptic
    return Connectome(
        neuron_id=ids,
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), np.int64),
        count=counts[post, pre],
        sign=np.zeros(len(pre), np.int64),
        count_unit="synapses",
        neurons={"cell_type": np.array(types), "total_inputs": totals},
        name=NAME,
        audit=(
            f"read ConnMatrix_{VERSION}.mat: rows are postsynaptic; counts are synapses within the "
            f"set, a part of `total_inputs` ({(totals == 0).sum()} cells have 0 of these)",
            "all signs are unknown: the source states none",
            "no id links these cells to those of the recording: compare classes, not cells",
        ),
    )


def zebrafish_responses(*, data: Path | None = None) -> Recording:
    """Activity of 635 hindbrain cells around saccades to the left and to the right.

    Two trials (column `saccade`: `left`, `right`), each the average over saccades, from 30 s before
    to 30 s after; NaN where a cell has none. The unit is not stated. Ids are `sta_0` to `sta_634`,
    the order of the source: nothing links them to the cells of the wiring. What is known of each
    cell is in `recorded_cells`.

    Args:
        data: The data folder; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If the files are not there; says which to put where.
    """
    content = _matlab("STA_EMCA.mat", data)
    averages = content["STA"][0, 0]
    activity = np.stack([averages[side] for side in ("left", "right")])
    time = content["staTime"].ravel()
    dt = (time[-1] - time[0]) / (time.size - 1)
    missing = np.isnan(activity).mean(axis=(1, 2))
    return Recording(
        activity=activity,
        neuron_id=np.array([f"sta_{i}" for i in range(activity.shape[2])]),
        kind="calcium",
        dt=float(dt),
        start=float(time[0]),
        trials={"saccade": np.array(["left", "right"])},
        name=NAME,
        licence=LICENCE,
        citation=CITATION,
        audit=(
            "read STA_EMCA.mat: averages over saccades, which happen at 0 s; their unit is not "
            "stated",
            f"not observed: {missing[0]:.0%} of the entries to the left, {missing[1]:.0%} to the "
            "right",
            "no id links these cells to those of the wiring: compare classes, not cells",
        ),
    )


def recorded_cells(*, data: Path | None = None) -> dict[str, np.ndarray]:
    """Columns of one entry a recorded cell, in the order of `zebrafish_responses`.

    `x`, `y`, `z`, position (unit not stated); `position_sensitivity` and `threshold` of its rate
    against the position of the eye; `is_abducens_motor` (37), `is_abducens_internuclear` (8) and
    `is_vestibular` (none).

    Args:
        data: The data folder; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If the files are not there; says which to put where.
    """
    cells = _matlab("STA_EMCA.mat", data)["CellProps"][0, 0]
    return {
        ours: cells[theirs].ravel().astype(bool if theirs.startswith("is") else np.float64)
        for theirs, ours in PROPERTIES.items()
    }


def _variable(file: str, name: str, data: Path | None) -> np.ndarray:
    return _matlab(f"{file}_{VERSION}.mat", data)[f"{name}_{VERSION}"]


def _matlab(name: str, data: Path | None) -> dict[str, np.ndarray]:
    from scipy.io import loadmat

    content = loadmat(io.BytesIO(FILES.read(name, data)))
    return {key: value for key, value in content.items() if not key.startswith("__")}


def _open_connectome(member: str, data: Path | None) -> Connectome:
    del member
    return zebrafish_wiring(data=data)


def _open_recording(member: str, data: Path | None) -> Recording:
    del member
    return zebrafish_responses(data=data)


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size=(
            "connectome: 609 neurons, 10,665 connections, 19,838 synapses; recording: 635 other "
            "cells around saccades"
        ),
        licence=LICENCE,
        citation=CITATION,
        where=FILES.where,
        n_bytes=698_926,
        is_present=FILES.are_present,
        connectome=_open_connectome,
        recording=_open_recording,
    )
}
