"""What the worm's neurons did when one of them was stimulated: the atlas of Randi et al. 2023.

The data come with the package `wormneuroatlas` (extra `worm`), which is under GPL-3.0-or-later. Its
HDF5 file is found by path and read; the package is never imported and nothing of it ships here.
"""

from __future__ import annotations

import importlib.util
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from neuroloom.datasets.entry import Entry
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording

__all__ = [
    "ENTRIES",
    "GENOTYPES",
    "NAMES",
    "SingleTrials",
    "find_atlas",
    "single_trials",
    "worm_responses",
]

NAMES = {"worm-responses": "wild-type", "worm-responses-unc31": "unc-31"}
GENOTYPES = {"wild-type": "wt", "unc-31": "unc31"}
LICENCE = "GPL-3.0-or-later (the data wheel wormneuroatlas; read by path, not redistributed)"
CITATION = (
    "Randi, Sharma, Dvali, Leifer. Neural signal propagation atlas of Caenorhabditis elegans. "
    "Nature 623:406 (2023), doi:10.1038/s41586-023-06683-4"
)
SIZES = {
    "wild-type": "173 stimulated x 300 neurons, 23,901 pairs",
    "unc-31": "109 stimulated x 300 neurons, 9,119 pairs",
}
ATLAS_BYTES = 18_266_176  # funatlas.h5
HOW_TO_GET = (
    "Install the extra: `pip install 'neuroloom[worm]'` (a 38 MB data wheel under "
    "GPL-3.0-or-later, which neuroloom reads and never imports)."
)


class SingleTrials(NamedTuple):
    """Single responses, one row each. There is no event id: rows of one event cannot be joined.

    Attributes:
        neuron_id: Names of all 300 neurons.
        responder: Position of the responding neuron in `neuron_id`.
        stimulated: Position of the stimulated neuron in `neuron_id`.
        dff: Response, in dF/F.
    """

    neuron_id: Shaped[np.ndarray, " neuron"]
    responder: Int[np.ndarray, " row"]
    stimulated: Int[np.ndarray, " row"]
    dff: Float[np.ndarray, " row"]


class Atlas(NamedTuple):
    """One genotype as the file has it; matrices are [responder, stimulated]."""

    neuron_id: np.ndarray
    dff: np.ndarray
    q: np.ndarray
    q_eq: np.ndarray
    responder: np.ndarray
    stimulated: np.ndarray
    single: np.ndarray


def find_atlas() -> Path | None:
    """Where the atlas lies, or None if the extra `worm` is not installed."""
    spec = importlib.util.find_spec("wormneuroatlas")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "data" / "funatlas.h5"
        if path.is_file():
            return path
    return None


def worm_responses(genotype: str = "wild-type") -> Recording:
    """Mean responses of 300 neurons to the stimulation of single neurons, in dF/F.

    One trial a stimulated neuron (column `stimulated`); the neuron axis holds the responders. NaN
    where a pair was not measured, and always at the stimulated neuron itself, whose own light
    response is not propagation. `n_observations` counts single trials with a value;
    `annotations["q"]` is the q value that there is a response, `annotations["q_eq"]` that there is
    none, both NaN wherever the activity is.

    Args:
        genotype: `wild-type`, or `unc-31` (no dense-core vesicle release).

    Raises:
        InputError: If the genotype is another, or the extra `worm` is not installed.

    Source:
        Randi et al., Nature 623:406 (2023); file funatlas.h5 of wormneuroatlas 0.0.7.3. We take
        trial counts from the single trials, not from `occ1`, which counts more.
    """
    atlas = _read(genotype)
    n = len(atlas.neuron_id)
    finite = np.isfinite(atlas.single)
    n_observations = np.zeros((n, n), np.int64)
    np.add.at(n_observations, (atlas.responder[finite], atlas.stimulated[finite]), 1)
    measured = np.isfinite(atlas.dff) & ~np.eye(n, dtype=bool)
    trial = np.flatnonzero(measured.any(axis=0))

    def rows(matrix: np.ndarray, blank: float | int) -> np.ndarray:
        """Stimulated x 1 x responder, from responder x stimulated."""
        return np.where(measured, matrix, blank).T[trial][:, None, :]

    own = np.isfinite(np.diag(atlas.dff)).sum()
    without = np.argwhere(np.isfinite(atlas.q) & ~np.isfinite(atlas.dff))
    sentences = [
        f"kept {measured.sum():,} pairs of {trial.size} stimulated and "
        f"{measured.any(axis=1).sum()} responding neurons",
        f"left out the response of {own} stimulated neurons to their own stimulation",
        *(
            f"left out {atlas.neuron_id[j]} -> {atlas.neuron_id[i]}: it has a q value "
            f"({atlas.q[i, j]:.2g}) but no number as a response"
            for i, j in without
        ),
        "counted trials in the table of single trials, which has no event id",
    ]
    return Recording(
        activity=rows(atlas.dff, np.nan),
        neuron_id=atlas.neuron_id,
        kind="response",
        trials={"stimulated": atlas.neuron_id[trial]},
        n_observations=rows(n_observations, 0),
        annotations={"q": rows(atlas.q, np.nan), "q_eq": rows(atlas.q_eq, np.nan)},
        unit="dF/F",
        name=next(name for name, known in NAMES.items() if known == genotype),
        licence=LICENCE,
        citation=CITATION,
        audit=tuple(sentences),
    )


def single_trials(genotype: str = "wild-type") -> SingleTrials:
    """Every single response with a value, off the diagonal: for counts and split halves only.

    Args:
        genotype: `wild-type` or `unc-31`.

    Raises:
        InputError: If the genotype is another, or the extra `worm` is not installed.
    """
    atlas = _read(genotype)
    keep = np.isfinite(atlas.single) & (atlas.responder != atlas.stimulated)
    return SingleTrials(
        atlas.neuron_id, atlas.responder[keep], atlas.stimulated[keep], atlas.single[keep]
    )


def _read(genotype: str) -> Atlas:
    if genotype not in GENOTYPES:
        raise InputError(
            f"`genotype` must be one of {', '.join(GENOTYPES)}; got `{genotype}`. "
            f"{nearest(genotype, GENOTYPES)}"
        )
    path = find_atlas()
    if path is None:
        raise InputError(
            "The dataset `worm-responses` must be installed; the file funatlas.h5 of "
            f"wormneuroatlas 0.0.7.3 was not found. {HOW_TO_GET}"
        )
    return _open(path, GENOTYPES[genotype])


@cache
def _open(path: Path, group_name: str) -> Atlas:
    import h5py

    try:
        with h5py.File(path) as file:
            names = np.asarray(file["neuron_ids"]).astype(str)
            # An "object" dataset here is HDF5's own variable-length array of float64: no pickle.
            dff, q, q_eq, ragged = (
                np.asarray(file[f"{group_name}/{key}"]) for key in ("dFF", "q", "q_eq", "dFF_all")
            )
    except (OSError, KeyError) as error:
        raise InputError(
            "The worm atlas must hold neuron_ids and, for each genotype, dFF, dFF_all, q and q_eq; "
            f"reading it failed ({error}). Reinstall it. {HOW_TO_GET}"
        ) from error
    length = np.array([len(cell) for cell in ragged.ravel()]).reshape(ragged.shape)
    responder, stimulated = np.indices(length.shape)
    atlas = Atlas(
        names,
        *(matrix.astype(np.float64) for matrix in (dff, q, q_eq)),
        responder=np.repeat(responder.ravel(), length.ravel()),
        stimulated=np.repeat(stimulated.ravel(), length.ravel()),
        single=np.concatenate(ragged.ravel().tolist()).astype(np.float64),
    )
    for array in atlas:
        array.flags.writeable = False
    return atlas


def _open_by_name(genotype: str, member: str, data: Path | None) -> Recording:
    del member, data
    return worm_responses(genotype)


def _is_present(data: Path | None) -> bool:
    del data
    return find_atlas() is not None


ENTRIES = {
    name: Entry(
        name=name,
        size=SIZES[genotype],
        licence=LICENCE,
        citation=CITATION,
        where=HOW_TO_GET,
        n_bytes=ATLAS_BYTES,
        is_present=_is_present,
        recording=partial(_open_by_name, genotype),
    )
    for name, genotype in NAMES.items()
}
