"""Inspecting a connectome of the size of a fly's: each statistic, against one sort of the edges.

`python benchmarks/inspecting.py` makes 15 million connections of 139,000 neurons with log-normal
degrees, prints seconds, the ratio to sorting one key an edge, and the peak memory. With
`--csv` it also writes a file, and times reading it and all of `inspect` with its report.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neuroloom.connectome import Connectome, summarize, write_csv
from neuroloom.connectome.statistics import (
    compare_with_nulls,
    degrees,
    dyads,
    effective_type_connectivity,
    largest_types,
    paths,
    reciprocity,
    spectrum,
    type_blocks,
)
from neuroloom.connectome.statistics.pairs import pairs_of
from neuroloom.runs import peak_memory_gb

HEAD = "| job | s | processor s | sorts |\n|---|---|---|---|"


def example(n_neurons: int, n_connections: int, rng: np.random.Generator) -> Connectome:
    """Log-normal degrees, a tenth of the connections answered, types of uneven sizes, Dale."""
    weight = rng.lognormal(0.0, 0.8, (2, n_neurons))
    ends = [np.cumsum(w) / w.sum() for w in weight]
    key = np.zeros(0, np.int64)
    while key.size < n_connections:
        n_more = int(1.1 * (n_connections - key.size)) + 1000
        pre, post = (np.searchsorted(e, rng.random(n_more)).clip(0, n_neurons - 1) for e in ends)
        back = rng.random(n_more) < 0.05
        some = np.r_[pre * n_neurons + post, (post * n_neurons + pre)[back]]
        key = np.unique(np.r_[key, some])
    key = rng.permutation(key)[:n_connections]
    sign = rng.choice([1, 1, -1, 0], n_neurons)
    n_types = max(n_neurons // 16, 1)
    name = np.array([f"T{i}" for i in range(n_types)])
    member = np.minimum(rng.exponential(n_types / 8, n_neurons).astype(int), n_types - 1)
    return Connectome(
        neuron_id=720575940600000000 + np.arange(n_neurons),
        pre=key // n_neurons,
        post=key % n_neurons,
        kind=np.zeros(key.size, int),
        count=1 + rng.geometric(0.2, key.size),
        sign=sign[key // n_neurons],
        neurons={"cell_type": name[member]},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=139_000)
    parser.add_argument("--connections", type=int, default=15_000_000)
    parser.add_argument("--csv", action="store_true")
    options = parser.parse_args()
    made = example(options.neurons, options.connections, np.random.default_rng(0))
    key = made.pre * made.n_neurons + made.post
    start = time.process_time()
    np.sort(key)
    floor = time.process_time() - start
    print(f"{made}\none sort of the edges: {floor:.2f} s\n\n{HEAD}")
    types = largest_types(made)
    jobs: dict[str, Callable[[], object]] = {
        "check a connectome": lambda: Connectome(
            made.neuron_id, made.pre, made.post, made.kind, made.count, made.sign
        ),
        "pairs, sorted": lambda: pairs_of(made, electrical=True),
        "summarize": lambda: summarize(made),
        "degrees": lambda: degrees(made),
        "reciprocity": lambda: reciprocity(made),
        "dyads": lambda: dyads(made),
        "type blocks": lambda: type_blocks(made),
        "leading eigenvalues": lambda: spectrum(made, signed=False),
        "paths, 512 sources": lambda: paths(made, rng=np.random.default_rng(0)),
        "effective, 16 types, 3 hops": lambda: effective_type_connectivity(made, types, hops=3),
        "nulls, in expectation": lambda: compare_with_nulls(
            made, rng=np.random.default_rng(0), n_draws=0
        ),
    }
    for title, job in jobs.items():
        timed(title, job, floor)
    print(f"\npeak memory so far {peak_memory_gb():.1f} GB")
    if options.csv:
        _whole(made, floor)
        print(f"\npeak memory {peak_memory_gb():.1f} GB, with the connectome written held beside")


def _whole(made: Connectome, floor: float) -> None:
    from neuroloom.report.inspection_page import write_inspection
    from neuroloom.studies.inspection import inspect
    from neuroloom.studies.sources import load_connectome

    with tempfile.TemporaryDirectory() as folder:
        edges, neurons = Path(folder) / "edges.csv", Path(folder) / "neurons.csv"
        write_csv(edges, made, neurons=neurons)
        jobs: dict[str, Callable[[], object]] = {
            "read the edge list": lambda: load_connectome(str(edges), neurons=neurons),
            "inspect and report": lambda: write_inspection(
                inspect(edges, neurons=neurons), Path(folder) / "page.html"
            ),
        }
        print(f"\n{HEAD}")
        for title, job in jobs.items():
            timed(title, job, floor)


def timed(title: str, job: Callable[[], object], floor: float) -> None:
    """One row: time on the wall and on the processors, and against one sort."""
    wall, busy = time.perf_counter(), time.process_time()
    job()
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    print(f"| {title} | {wall:.1f} | {busy:.1f} | {busy / floor:.0f} |", flush=True)


if __name__ == "__main__":
    main()
