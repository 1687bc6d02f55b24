"""Teachers that are made in no time, and a circuit to make them on."""

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.studies.constrained_networks.teachers import (
    ChaoticConfig,
    CyclingConfig,
    LinearConfig,
    LowRankConfig,
)

LONG_ID = 720575940621039145


CYCLING = CyclingConfig(n_neurons=24, n_trials=6, n_rounds=2, n_steps=8, batch_size=4)


SMALL = {
    "cycling": CYCLING,
    "low rank": LowRankConfig(n_neurons=40, burn_in=20.0),
    "chaotic": ChaoticConfig(n_neurons=40, burn_in=20.0),
    "linear": LinearConfig(n_neurons=30, n_components=6),
}


def loops(n, seed=0, density=0.5, inhibitory=0.4):
    """A circuit of whole counts, with signs by sender and ids that no float can hold."""
    rng = np.random.default_rng(seed)
    post, pre = np.nonzero(rng.random((n, n)) < density)
    sender = np.where(rng.random(n) < inhibitory, -1, 1)
    return Connectome(
        neuron_id=LONG_ID + np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(pre.size, int),
        count=rng.integers(1, 9, pre.size),
        sign=sender[pre],
        name="a circuit",
    )


def dense(connectome):
    weight = np.zeros((connectome.n_neurons,) * 2)
    rows = (connectome.pre, connectome.post, connectome.count, connectome.sign)
    for pre, post, count, sign in zip(*rows, strict=True):
        weight[post, pre] += sign * count
    return weight
