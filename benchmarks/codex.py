"""A whole fly brain as FlyWire Codex exports it: read it, and inspect it, in how long and how much.

Generates a download with the exact headers of `connections.csv.gz` and its tables of neurons: 15
million rows, one a pair and neuropil, between 139,255 neurons with 18-digit ids. The values are
invented. Each job runs in a process of its own, so that its peak of memory is its own. The floor
is PyArrow's parser on the same gzipped text, without a check and without a connectome.

`python benchmarks/codex.py --keep FOLDER` leaves the download there (about 200 MB).
"""

import argparse
import gzip
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

N_NEURONS = 139_255
N_NEUROPILS = 79
TRANSMITTERS = np.array(["ACH", "GABA", "GLUT", "DA", "OCT", "SER", ""])
SHARES = [0.55, 0.17, 0.18, 0.03, 0.01, 0.03, 0.03]

JOBS = {
    "parse with PyArrow": "from pyarrow import csv; csv.read_csv(folder / 'connections.csv.gz')",
    "read_connectome": "import neuroloom as nl; print(nl.read_connectome(folder))",
    "inspect": "import neuroloom as nl; nl.inspect(folder)",
}


def generate(folder: Path, n_rows: int, rng: np.random.Generator) -> None:
    """The download: heavy-tailed degrees, a tenth of the pairs in two neuropils."""
    ids = np.sort(rng.choice(10**9, N_NEURONS, replace=False)) + 720575940 * 10**9
    transmitter = rng.choice(len(TRANSMITTERS), N_NEURONS, p=SHARES)
    sends, receives = (rng.lognormal(0, 1, N_NEURONS) for _ in range(2))
    n_pairs, found = int(n_rows / 1.1), np.zeros(0, np.int64)
    while found.size < n_pairs:
        pre, post = (
            np.searchsorted(np.cumsum(w) / w.sum(), rng.random(n_pairs // 2))
            for w in (sends, receives)
        )
        found = np.unique(np.r_[found, (pre * N_NEURONS + post)[pre != post]])
    found = rng.permutation(found)[:n_pairs]
    again = rng.choice(n_pairs, n_rows - n_pairs, replace=False)
    home = rng.integers(N_NEUROPILS, size=n_pairs)
    pair = np.r_[found, found[again]]
    where = np.r_[home, (home[again] + 1) % N_NEUROPILS]
    order = np.argsort(pair, kind="stable")
    pre, post = pair[order] // N_NEURONS, pair[order] % N_NEURONS
    neuropil = np.array([f"NP{n:02}_{'LR'[n % 2]}" for n in range(N_NEUROPILS)])
    table = {
        "pre_root_id": ids[pre],
        "post_root_id": ids[post],
        "neuropil": pa.DictionaryArray.from_arrays(where[order].astype(np.int32), neuropil),
        "syn_count": 5 + rng.geometric(0.2, n_rows),
        "nt_type": pa.DictionaryArray.from_arrays(transmitter[pre].astype(np.int32), TRANSMITTERS),
    }
    _write(folder / "connections.csv.gz", table)
    _write(
        folder / "neurons.csv.gz",
        {"root_id": ids, "group": np.full(N_NEURONS, "G"), "nt_type": TRANSMITTERS[transmitter]}
        | {"nt_type_score": np.full(N_NEURONS, 0.9)}
        | {
            f"{t}_avg": np.full(N_NEURONS, 0.1) for t in ("da", "ser", "gaba", "glut", "ach", "oct")
        },
    )
    kinds = rng.integers(8_000, size=N_NEURONS)
    _write(
        folder / "consolidated_cell_types.csv.gz",
        {
            "root_id": ids,
            "primary_type": np.array([f"T{k}" for k in kinds]),
            "additional_type(s)": np.full(N_NEURONS, ""),
        },
    )
    blank = np.full(N_NEURONS, "")
    _write(
        folder / "classification.csv.gz",
        {"root_id": ids, "flow": np.full(N_NEURONS, "intrinsic")}
        | {"super_class": rng.choice(["central", "optic", "sensory"], N_NEURONS)}
        | {"class": blank, "sub_class": blank, "hemilineage": blank}
        | {"side": rng.choice(["left", "right"], N_NEURONS), "nerve": blank},
    )


def _write(path: Path, columns: dict[str, object]) -> None:
    options = csv.WriteOptions(quoting_style="none")
    with gzip.open(path, "wb", compresslevel=3) as file:
        csv.write_csv(pa.table(columns), file, options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=15_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--jobs", nargs="+", default=list(JOBS), choices=list(JOBS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "connections.csv.gz").is_file():
            generate(folder, options.rows, np.random.default_rng(0))
        print("| job | s | of the parser | peak GB |\n|---|---|---|---|", flush=True)
        floor = None
        for name in options.jobs:
            seconds, peak = run(JOBS[name], folder)
            floor = floor or seconds
            print(f"| {name} | {seconds:.1f} | {seconds / floor:.1f} | {peak:.1f} |", flush=True)


def run(job: str, folder: Path) -> tuple[float, float]:
    """Seconds and peak of memory, in GB, of a job in a process of its own."""
    start = time.perf_counter()
    code = (
        f"from pathlib import Path; folder = Path({str(folder)!r}); {job}\n"
        "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    kilobytes = int(told.stdout.split()[-1])
    return time.perf_counter() - start, kilobytes / 2**20


if __name__ == "__main__":
    main()
