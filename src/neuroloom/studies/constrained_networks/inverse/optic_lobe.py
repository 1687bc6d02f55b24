"""The test bed of the closed-form inverse: the fly's optic lobe with drawn parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import sparse

from neuroloom.connectome import Connectome
from neuroloom.datasets.fly_optic_lobe import expand
from neuroloom.studies.constrained_networks.inverse.config import InverseConfig

__all__ = ["OpticLobe", "draw_optic_lobe", "record"]


class OpticLobe(NamedTuple):
    """A network whose every parameter is known.

    Attributes:
        connectome: The lattice.
        weight: W of each connection, signed.
        tau: Time constants, in seconds.
        rest: Vrest, dimensionless.
    """

    connectome: Connectome
    weight: Float[np.ndarray, " connection"]
    tau: Float[np.ndarray, " neuron"]
    rest: Float[np.ndarray, " neuron"]


class Record(NamedTuple):
    """Everything of one run.

    Attributes:
        inputs: Input of each step.
        states: States, the one before the first step included.
        dvdt: dv/dt at the begin of each step, without the step's noise.
    """

    inputs: Float[np.ndarray, "time neuron"]
    states: Float[np.ndarray, "time_and_one neuron"]
    dvdt: Float[np.ndarray, "time neuron"]


def draw_optic_lobe(config: InverseConfig, rng: np.random.Generator) -> OpticLobe:
    """Draw parameters: as flyvis has them at its start, but apart in every neuron and connection.

    The weight of a connection is its count over the mean count of its pair of cell types, times
    `weight_mean`, times a log-normal number of its own, with the sign of the connectome.

    Args:
        config: Sizes and ranges.
        rng: Randomness.
    """
    connectome = expand(config.extent)
    n = connectome.n_neurons
    _, kind = np.unique(connectome.column("cell_type"), return_inverse=True)
    pair = kind[connectome.pre] * (kind.max() + 1) + kind[connectome.post]
    _, pair = np.unique(pair, return_inverse=True)
    mean = np.bincount(pair, connectome.count) / np.bincount(pair)
    own = np.exp(config.weight_log_sd * rng.normal(size=connectome.n_connections))
    tau = config.tau_median * np.exp(config.tau_log_sd * rng.normal(size=n))
    return OpticLobe(
        connectome=connectome,
        weight=connectome.sign * connectome.count / mean[pair] * config.weight_mean * own,
        tau=np.clip(tau, config.tau_low, config.tau_high),
        rest=config.rest_mean + config.rest_sd * rng.normal(size=n),
    )


def record(
    lobe: OpticLobe, config: InverseConfig, sigma: float, rng: np.random.Generator
) -> Record:
    """Run the network, with noise of SD `sigma` added to every state at every step.

    Args:
        lobe: The network.
        config: Sizes, step, input.
        sigma: In units of the state.
        rng: Randomness of input and noise.
    """
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from neuroloom.networks import GainSide, RateNetwork, Relu, StateNoise, per_neuron
    from neuroloom.simulation import simulate

    connectome, n = lobe.connectome, lobe.connectome.n_neurons
    n_steps = config.n_steps + config.n_held_out
    eyes = np.flatnonzero(connectome.column("role") == "input")
    inputs = np.zeros((n_steps, n))
    light = rng.random((-(-n_steps // config.hold), eyes.size))
    inputs[:, eyes] = np.repeat(light, config.hold, axis=0)[:n_steps]
    network = RateNetwork.from_connectome(
        connectome,
        tau=per_neuron(lobe.tau, n, unit="s"),
        bias=per_neuron(lobe.rest, n, unit="1"),
        activation=Relu(),
        gain_side=GainSide.POSTSYNAPTIC,
    )
    network = eqx.tree_at(lambda m: m.strength, network, jnp.asarray(np.abs(lobe.weight)))
    after = simulate(
        network,
        jnp.asarray(inputs),
        dt=config.dt,
        initial=jnp.asarray(lobe.rest),
        noise=StateNoise.from_step_sd(sigma, dt=config.dt),
        key=jax.random.key(int(rng.integers(2**31))),
    )
    states = np.vstack([lobe.rest, np.asarray(after, dtype=float)])
    w = sparse.csr_array((lobe.weight, (connectome.post, connectome.pre)), shape=(n, n))
    received = (w @ np.maximum(states[:-1], 0).T).T
    return Record(inputs, states, (lobe.rest - states[:-1] + received + inputs) / lobe.tau)
