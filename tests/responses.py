"""A small worm with planted responses: who is wired to whom decides who responds."""

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.recording import Recording

N = 24


def small_worm(rng, *, n_neurons=N, degree=3, unknown=False):
    """Left and right homologs with mirrored random wiring and a few gap junctions."""
    half = n_neurons // 2
    names = np.array([f"N{i}{side}" for side in "LR" for i in range(half)])
    ends = {(i, j) for i in range(half) for j in rng.choice(half, degree, replace=False) if i != j}
    pre, post = np.array(sorted(ends)).T
    one, other = np.arange(half - 1), np.arange(1, half)
    pre = np.r_[pre, pre + half, one]
    post = np.r_[post, post + half, other]
    kind = np.r_[np.zeros(2 * len(ends), int), np.ones(half - 1, int)]
    count = np.r_[np.tile(rng.integers(1, 9, len(ends)), 2), np.full(half - 1, 2)]
    sign = np.where(kind == 0, 0 if unknown else 1, 0)
    transmitter = np.where(np.arange(n_neurons) % 3 == 0, "glutamate", "acetylcholine")
    return Connectome(
        names, pre, post, kind, count, sign,
        neurons={"cell_type": np.char.rstrip(names, "LR"), "neurotransmitter": transmitter},
        name="small worm",
    )  # fmt: skip


def planted_responses(connectome, rng, *, n_trials=6, strength=5.0):
    """Every neuron is stimulated once; the targets of its connections respond."""
    n = connectome.n_neurons
    wired = np.zeros((n, n))
    wired[connectome.pre, connectome.post] = 1.0
    chance = 1 / (1 + np.exp(-(strength * wired - 2.5)))
    detected = rng.random((n, n)) < chance
    activity = 0.2 * detected + 0.05 * rng.standard_normal((n, n))
    q = np.where(detected, 0.01, 0.5)
    counts = rng.integers(1, 2 * n_trials, (n, n))
    hidden = np.eye(n, dtype=bool) | (rng.random((n, n)) < 0.1)
    return Recording(
        activity=np.where(hidden, np.nan, activity)[:, None],
        neuron_id=connectome.neuron_id,
        kind="response",
        trials={"stimulated": connectome.neuron_id},
        n_observations=np.where(hidden, 0, counts)[:, None],
        annotations={"q": np.where(hidden, np.nan, q)[:, None]},
        unit="dF/F",
        name="planted",
    )
