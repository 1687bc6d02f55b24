"""The wiring of the adult hermaphrodite worm (Cook et al. 2019) and its transmitters (Wang 2024).

Two tables of facts ship with neuroloom (`tables/`); `scripts/build_worm_tables.py` rebuilds them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from neuroloom.connectome import KINDS, Connectome
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.shipped import SHIPS, all_there, n_bytes_of, read_table

__all__ = ["CHECKSUMS", "ENTRIES", "LICENCE", "NAME", "worm"]

NAME = "worm"
LICENCE = (
    "MIT (tables of facts derived from the wheel cect 0.3.5, (c) 2026 OpenWorm; "
    "see tables/ATTRIBUTION.md)"
)
CITATION = (
    "Cook et al. Whole-animal connectomes of both Caenorhabditis elegans sexes. Nature 571:63 "
    "(2019), doi:10.1038/s41586-019-1352-7, corrected July 2020. Transmitters: Wang et al. A "
    "neurotransmitter atlas of C. elegans males and hermaphrodites. eLife 13:RP95402 (2024), "
    "doi:10.7554/eLife.95402"
)
SIZE = (
    "302 neurons, 135 muscles, 36 others; 3,828 chemical, 1,450 electrical, 1,051 neuromuscular "
    "connections"
)
# SHA-256 of each table, also in ATTRIBUTION.md.
CHECKSUMS = {
    "worm_neurons.csv": "1dddad35ef84e9cc33e96b075696f0757c9d00c3feda52545ca38da6e22bbdba",
    "worm_connections.csv": "3bbf16142925296e581dba31d545401e8f62a372791373314bd5c40ae3b970ee",
}
COLUMNS = (
    "node_kind",
    "cell_type",
    "side",
    "neurotransmitter",
    "neurotransmitter_dim",
    "neurotransmitter_possible",
)


@cache
def worm() -> Connectome:
    """The adult hermaphrodite worm: 302 neurons, their muscles and other targets.

    Counts are EM serial sections; each gap junction stands once; signs are unknown (0), because a
    transmitter is not a sign. Neuron columns: `node_kind`; `cell_type`, the anatomical class (118
    of neurons: ASHL and ASHR are ASH); `side`, `L`, `R` or empty; `neurotransmitter`, what it
    makes, several joined with `+`; `neurotransmitter_dim`, those of them whose genes are seen only
    dimly in some animals; `neurotransmitter_possible`, what it may release without making it in
    the known way (uptake, precursors, unknown monoamines). Empty where nothing is known.

    Raises:
        InputError: If a table is missing or not the one that shipped.

    Source:
        Cook et al., Nature 571:63 (2019), sheets `hermaphrodite chemical` and `hermaphrodite gap
        jn asymmetric`, corrected July 2020; Wang et al., eLife 13:RP95402 (2024), supplementary
        file 2. CANL and CANR, which have no chemical synapses there, are neurons here.

    Example:
        >>> connectome = worm()
        >>> connectome.of_kind("chemical")
        Connectome(worm: 473 nodes, 3,828 connections: 3,828 chemical; 21,920 em_sections;
        signs 0 +, 0 -, 3,828 unknown)
    """
    neurons, connections = (
        read_table(name, checksum, dataset=NAME) for name, checksum in CHECKSUMS.items()
    )
    place = {name: i for i, name in enumerate(neurons["neuron_id"])}
    kind = np.array([KINDS.index(name) for name in connections["kind"]])
    columns = {name: np.array(neurons[name], dtype=str) for name in COLUMNS}
    unknown = (columns["node_kind"] == "neuron") & (columns["neurotransmitter"] == "")
    return Connectome(
        neuron_id=np.array(neurons["neuron_id"], dtype=str),
        pre=np.array([place[name] for name in connections["pre"]]),
        post=np.array([place[name] for name in connections["post"]]),
        kind=kind,
        count=np.array(connections["em_sections"], dtype=np.int64),
        sign=np.zeros(len(kind), np.int64),
        count_unit="em_sections",
        neurons=columns,
        name=NAME,
        audit=(
            "Cook et al. 2019 as corrected in July 2020, adult hermaphrodite: counts are EM serial "
            "sections, partly extrapolated by its authors where they had no data",
            "each gap junction stands once (the asymmetric sheet); chemical connections onto "
            "muscles are neuromuscular",
            f"transmitters by Wang et al. 2024; {unknown.sum()} neurons have none that they are "
            "known to make",
            "all signs are unknown: a transmitter is not a sign",
        ),
    )


def _open(member: str, data: Path | None) -> Connectome:
    del member, data
    return worm()


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size=SIZE,
        licence=LICENCE,
        citation=CITATION,
        where=SHIPS,
        n_bytes=n_bytes_of(CHECKSUMS),
        is_present=all_there(CHECKSUMS),
        connectome=_open,
    )
}
