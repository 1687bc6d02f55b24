"""A connectome of 10^6 connections: each null wiring, and reading, against a floor below it.

A null must at least sort the connections once a round; reading must at least parse the text.
`python benchmarks/connectomes.py` prints medians in seconds and ratios to these floors.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet

from neuroloom.connectome import (
    NULLS,
    Connectome,
    read_connectome,
    write_csv,
    write_parquet,
)


def example(n_neurons: int, n_connections: int, rng: np.random.Generator) -> Connectome:
    key = np.unique(rng.integers(n_neurons**2, size=2 * n_connections))
    key = rng.permutation(key)[:n_connections]
    sign = rng.choice([-1, 1], n_neurons)
    return Connectome(
        neuron_id=720575940600000000 + np.arange(n_neurons),
        pre=key // n_neurons,
        post=key % n_neurons,
        kind=np.zeros(key.size, int),
        count=rng.integers(1, 100, key.size),
        sign=sign[key // n_neurons],
        neurons={"cell_type": rng.choice(list("ABCDEFGH"), n_neurons)},
    )


def median(job: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    made = example(20_000, options.connections, np.random.default_rng(0))
    key = made.pre * made.n_neurons + made.post
    floor = median(lambda: np.sort(np.random.default_rng(0).permutation(key)), options.repeats)
    print(f"{made}\n\n| job | s | floor | s | ratio |\n|---|---|---|---|---|")
    for name, null in NULLS.items():
        took = median(lambda null=null: null(made, rng=np.random.default_rng(1)), options.repeats)
        print(f"| {name} | {took:.2f} | one sort | {floor:.3f} | {took / floor:.0f} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        table, neurons = Path(folder) / "edges", Path(folder) / "neurons"
        for title, write, parse in (
            ("read CSV", write_csv, _parse_csv),
            ("read Parquet", write_parquet, pyarrow.parquet.read_table),
        ):
            write(table, made, neurons=neurons)
            took = median(lambda: read_connectome(table, neurons=neurons), options.repeats)
            least = median(lambda parse=parse: parse(table), options.repeats)
            print(f"| {title} | {took:.2f} | PyArrow | {least:.3f} | {took / least:.1f} |")


def _parse_csv(path: Path) -> object:
    lines = path.read_bytes().split(b"\n", 20)
    n_stated = sum(line.startswith(b"#") for line in lines)
    return pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(skip_rows=n_stated))


if __name__ == "__main__":
    main()
