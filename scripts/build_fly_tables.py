"""Rebuilds the tables of the dataset `fly-optic-lobe` from the wheel flyvis 1.2.0, or checks them.

    python scripts/build_fly_tables.py --check            downloads the wheel with pip
    python scripts/build_fly_tables.py --wheel FILE       from a wheel that is here

The wheel is unzipped and never imported: its facts on physiology are read as literals.
"""

import ast
import json
import sys
from pathlib import Path

from wheels import as_csv, build_tables, members

from neuroloom.datasets.fly_optic_lobe import CHECKSUMS

REQUIREMENT = "flyvis==1.2.0"
WIRING = "flyvis/connectome/fib25-fib19_v2.2.json"
PHYSIOLOGY = "flyvis/utils/groundtruth_utils.py"
SOURCES = {
    WIRING: "bfbb0766251ff09e22723d0ebbf7b14793e70b3ae8ad0eea64eac9d28223351a",
    PHYSIOLOGY: "fe3927cbfc5463abf2dfefd590b8b628a7f3be11c9a079a6bd0de70d5241dae6",
}


def build(wheel: Path) -> dict[str, bytes]:
    """Content of each table by file name."""
    found = members(wheel, SOURCES)
    wiring = json.loads(found[WIRING])
    facts = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(found[PHYSIOLOGY]).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Dict)
    }
    return {
        "fly_optic_lobe_types.csv": types_table(wiring, facts),
        "fly_optic_lobe_offsets.csv": offsets_table(wiring),
    }


def types_table(wiring: dict, facts: dict[str, dict]) -> bytes:
    rows = []
    for node in wiring["nodes"]:
        name = node["name"]
        pattern, strides = node["pattern"]
        if pattern != "stride":
            raise SystemExit(f"{name} must be laid out by strides; got {pattern}. Add its rule.")
        role = "input" if name in wiring["input_units"] else "intermediate"
        role = "output" if name in wiring["output_units"] else role
        selective = [word for word in ("on", "off") if facts[f"{word}_direction_selective"][name]]
        preferred = facts["preferred_directions"].get(name, "")
        polarity = {1: "on", -1: "off", 0: ""}[facts["polarity"][name]]
        rows.append((name, role, polarity, "+".join(selective), preferred, *strides))
    header = (
        *("cell_type", "role", "polarity", "direction_selective", "preferred_direction_deg"),
        *("stride_u", "stride_v"),
    )
    return as_csv(header, rows)


def offsets_table(wiring: dict) -> bytes:
    rows = [
        (edge["src"], edge["tar"], edge["alpha"], du, dv, n_synapses)
        for edge in wiring["edges"]
        for (du, dv), n_synapses in edge["offsets"]
    ]
    return as_csv(("pre", "post", "sign", "du", "dv", "mean_synapses"), rows)


if __name__ == "__main__":
    sys.exit(build_tables(REQUIREMENT, build, CHECKSUMS))
