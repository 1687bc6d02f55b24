"""Recordings of small circuits that are known, for tests of connectivity."""

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.recording import Recording
from neuroloom.studies.connectivity_config import ConnectivityConfig

N = 16


QUICK = ConnectivityConfig(bootstraps=2, blocks=10, horizon=3, draws=3)


def truth_and_recording(seed=0, n_steps=1_500, **parts):
    rng = np.random.default_rng(seed)
    weight = (rng.random((N, N)) < 0.12) * rng.normal(0.3, 0.03, (N, N))
    np.fill_diagonal(weight, 0.0)
    x = np.zeros((1, n_steps, N))
    for t in range(1, n_steps):
        x[0, t] = weight @ x[0, t - 1] + rng.normal(size=N)
    ids = np.array([f"n{i:02d}" for i in range(N)])
    behavior = {"speed": rng.normal(size=(1, n_steps))}
    given = {"kind": "rate", "dt": 0.1, "unit": "Hz", "behavior": behavior} | parts
    return weight, Recording(x, ids, **given)


def wired_as(weight, ids):
    post, pre = np.nonzero(weight)
    n = len(post)
    return Connectome(
        neuron_id=ids,
        pre=pre,
        post=post,
        kind=np.zeros(n, int),
        count=np.ones(n, int),
        sign=np.ones(n, int),
        neurons={"cell_type": np.array(["a", "b"] * (len(ids) // 2))},
    )


def spikes_of(n_steps=6_000, rate=0.2):
    """Neuron 0 drives 1, and 2 silences 3, one bin later; counts."""
    rng = np.random.default_rng(5)
    x = np.zeros((1, n_steps, 6))
    for t in range(n_steps):
        drive = np.full(6, np.log(rate))
        if t:
            drive[1] += 1.0 * x[0, t - 1, 0]
            drive[3] -= 1.5 * x[0, t - 1, 2]
        x[0, t] = rng.poisson(np.exp(np.minimum(drive, 2.0)))
    ids = np.array([f"unit{i}" for i in range(6)])
    return Recording(x, ids, kind="spike_count", dt=0.025, unit="spikes")
