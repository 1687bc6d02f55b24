"""A fit that can be killed: run as a script in another process, or called to compare.

python tests/fit_job.py CHECKPOINT
"""

import os
import signal
import sys
import time
from pathlib import Path

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")

import jax
import jax.numpy as jnp
import numpy as np

from circuits import rate_network
from neuroloom.fitting import fit, squared_error
from neuroloom.networks import StateNoise
from neuroloom.simulation import simulate

N_CHECKS = 25


def error_of_states(network, batch, weight, key):
    """With noise, minibatches and validation: everything that randomness touches."""
    inputs, targets = batch
    states = simulate(network, inputs, dt=0.01, noise=StateNoise(0.01), key=key)
    return squared_error(states, targets, weight[:, None, None] * jnp.ones_like(states))


def job(checkpoint, on_check=None):
    """The fit; the same numbers in every process."""
    rng = np.random.default_rng(5)
    network = rate_network(12, rng)
    trials = tuple(jnp.asarray(rng.normal(size=(8, 60, 12))) for _ in range(2))
    return fit(
        network,
        trials,
        error_of_states,
        trainable=lambda n: (n.gain.value, n.bias.value),
        key=jax.random.key(1),
        n_members=3,
        n_steps=N_CHECKS * 10,
        check_every=10,
        batch_size=4,
        validation=0.25,
        clip_norm=1.0,
        checkpoint=checkpoint,
        progress=False,
        on_check=on_check,
    )


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    # what a script starts in the background ignores Ctrl-C, and so do its children
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # a pause at every check, or the fit may end before a busy machine has seen the third
    result = job(Path(sys.argv[1]), on_check=lambda _: time.sleep(0.2))
    print("finished" if result.finished else "interrupted", len(result.history), flush=True)
