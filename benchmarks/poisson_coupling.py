"""Who drives whom in spikes: our Poisson regressions, and nemos where it is installed.

Exponential link, refractory neurons, sparse coupling that decays over 3 bins; off-diagonal pairs
are scored against which connections exist. nemos lives in an environment of its own:

    python3 -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install nemos

Then `python benchmarks/poisson_coupling.py --python ENVIRONMENT/bin/python`, or set NEMOS_PYTHON.
nemos gets our predictors, one strength for all neurons from the same grid, and the same frames to
choose it on; its time is that of the second run, compiled.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import start_jax
from sklearn.metrics import average_precision_score, roc_auc_score

BASIS, LAGS = 4, 15


def simulated(
    n_neurons: int, n_bins: int, density: float, size: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (post, pre) and spikes (1, time, neuron); about 0.05 spikes per bin."""
    present = rng.random((n_neurons, n_neurons)) < density
    weight = np.where(present, size * rng.normal(size=present.shape), 0.0)
    np.fill_diagonal(weight, 0.0)
    spikes = np.zeros((1, n_bins, n_neurons))
    fast, slow = np.zeros(n_neurons), np.zeros(n_neurons)
    for t in range(1, n_bins):
        slow = slow * np.exp(-1 / 3) + spikes[0, t - 1] * (1 - np.exp(-1 / 3))
        fast = fast * np.exp(-1 / 2) + spikes[0, t - 1]
        drive = -3 + 5 * (weight @ slow) - 2 * fast
        spikes[0, t] = rng.poisson(np.exp(np.minimum(drive, 1.0)))
    return weight, spikes


def ask(
    python: str, z: np.ndarray, y: np.ndarray, strengths: np.ndarray, *tolerance: str
) -> dict[str, np.ndarray]:
    """What nemos makes of the same predictors and spikes."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "XLA_FLAGS")}
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        np.savez(given, z=z, y=y, strengths=strengths)
        peer = str(Path(__file__).with_name("nemos_peer.py"))
        subprocess.run([python, "-I", peer, given, answer, *tolerance], env=environment, check=True)
        with np.load(answer) as file:
            return dict(file)


def standardized(spikes: np.ndarray, functions: np.ndarray) -> tuple[np.ndarray, ...]:
    """Predictors of mean 0 and SD 1, their SDs, and the spikes that they predict."""
    from neuroloom.fitting.coupling.history import filtered

    counts = np.ones(spikes.shape[:2], bool)
    counts[:, : len(functions)] = False
    z = filtered(spikes, functions, counts)
    return (z - z.mean(axis=0)) / z.std(axis=0), z.std(axis=0), spikes[counts]


def report(name: str, weight: np.ndarray, found: np.ndarray, seconds: float, note: str) -> None:
    off = ~np.eye(len(weight), dtype=bool)
    there, score = weight[off] != 0, np.abs(found[off])
    both = there & (score > 0)
    right = (np.sign(found[off]) == np.sign(weight[off]))[both].mean()
    area, precision = roc_auc_score(there, score), average_precision_score(there, score)
    r = np.corrcoef(found[off], weight[off])[0, 1]
    numbers = " | ".join(f"{x:.3f}" for x in (area, precision, there.mean(), r, right))
    print(f"| {name} | {numbers} | {seconds:.1f} | {note} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=30)
    parser.add_argument("--bins", type=int, default=16_000)
    parser.add_argument("--density", type=float, default=0.15)
    parser.add_argument("--size", type=float, default=0.6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--python", default=os.environ.get("NEMOS_PYTHON", ""))
    options = parser.parse_args()
    start_jax(1)
    from neuroloom.fitting.coupling import L1, L2, GroupL1, Poisson, RaisedCosine

    print("| method | AUROC | AUPRC | prevalence | r | sign | s | chosen |\n|---|" + "---|" * 7)
    basis = RaisedCosine(BASIS, LAGS)
    for seed in range(options.seeds):
        weight, spikes = simulated(
            options.neurons,
            options.bins,
            options.density,
            options.size,
            np.random.default_rng(seed),
        )
        for penalty in (L2(), L1(), GroupL1()):
            start = time.perf_counter()
            found = Poisson(basis, penalty).fit(spikes)
            seconds = time.perf_counter() - start
            name = f"seed {seed}, {type(penalty).__name__}"
            report(name, weight, found.connectivity, seconds, f"{found.chosen['strength']:.3g}")
        if options.python:
            z, sd, y = standardized(spikes, basis.functions)
            strengths = np.array(L2().grid) * y.mean()
            answer = ask(options.python, z, y, strengths)
            w = (answer["coefficient"] / sd[:, None]).reshape(BASIS, options.neurons, -1)
            chosen = float(answer["strength"]) / y.mean()
            report(
                f"seed {seed}, nemos ridge",
                weight,
                w.sum(axis=0).T,
                float(answer["seconds"]),
                f"{chosen:.3g}",
            )


if __name__ == "__main__":
    sys.exit(main())
