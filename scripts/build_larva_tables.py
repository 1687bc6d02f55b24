"""Rebuilds the tables of the larva's mushroom body from graspologic 3.4.4, or checks them.

python scripts/build_larva_tables.py --check          downloads the wheel with pip
python scripts/build_larva_tables.py --wheel FILE     from a wheel that is here
"""

import sys
from collections import Counter
from pathlib import Path

from wheels import as_csv, build_tables, members

from neuroloom.datasets.larva_mushroom_body import CHECKSUMS

REQUIREMENT = "graspologic==3.4.4"
FOLDER = "graspologic/datasets/drosophila"
SIDES = ("left", "right")
SOURCES = {
    f"{FOLDER}/left_adjacency.csv": (
        "f23ba630f10dff95164ddbbdccf7d4fe1ac01a9a8ed77db26069af4a6248a1cf"
    ),
    f"{FOLDER}/left_cell_labels.csv": (
        "a733652a33d5dde5c7cbdc9d8c0e679680cd000dc11edf3ea762a4da43b764c9"
    ),
    f"{FOLDER}/right_adjacency.csv": (
        "b9684d323e3f91ac5bf8c3691ff3e0635ef40fa2dee8e048161633760c84791d"
    ),
    f"{FOLDER}/right_cell_labels.csv": (
        "80547ac9df6b3fc5abe5844c04bc5da56b48c7cac5eb13ab3cc2f8695cd6de1d"
    ),
}
TYPES = {"K": "KC", "P": "PN", "O": "MBON", "I": "MBIN"}


def build(wheel: Path) -> dict[str, bytes]:
    """Content of each table by file name."""
    found = {name: content.decode("ascii") for name, content in members(wheel, SOURCES).items()}
    cells, connections = [], []
    for side in SIDES:
        types = [TYPES[letter] for letter in found[f"{FOLDER}/{side}_cell_labels.csv"].split()]
        numbers: Counter[str] = Counter()
        names = []
        for cell_type in types:
            numbers[cell_type] += 1
            names.append(f"{cell_type}{numbers[cell_type]}")
        cells += [(side, *cell) for cell in zip(names, types, strict=True)]
        rows = found[f"{FOLDER}/{side}_adjacency.csv"].splitlines()
        for pre, row in zip(names, rows, strict=True):  # rows are presynaptic
            counts = [int(cell) for cell in row.split()]
            connections += [
                (side, pre, post, n) for post, n in zip(names, counts, strict=True) if n
            ]
    return {
        "larva_mushroom_body_neurons.csv": as_csv(("side", "neuron_id", "cell_type"), cells),
        "larva_mushroom_body_connections.csv": as_csv(
            ("side", "pre", "post", "synapses"), connections
        ),
    }


if __name__ == "__main__":
    sys.exit(build_tables(REQUIREMENT, build, CHECKSUMS))
