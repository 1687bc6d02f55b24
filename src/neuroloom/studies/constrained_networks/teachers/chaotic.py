"""The chaotic teacher: independent random weights and a saturating rate."""

import jax.numpy as jnp
import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.networks import RateNetwork, Tanh, global_value, per_neuron
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.teachers.teacher import Drawn
from neuroloom.studies.constrained_networks.teachers.weights import (
    checked_wiring,
    connectome_of,
    matrix_of,
    with_radius,
)
from neuroloom.studies.constrained_networks.teachers_config import ChaoticConfig, LowRankConfig

__all__ = ["burned_in", "draw_chaotic", "tanh_network"]


def draw_chaotic(config: ChaoticConfig, connectome: Connectome | None = None) -> Drawn:
    r"""Weights $N(0, 1.7^2 / N)$, gains $N(1, 0.5^2)$, no bias and no input.

    From a connectome come all weights: sign times count, scaled to a spectral radius of
    `weight_scale`, which is what that of the random weights tends to. Gains and the start stay
    random. Whether such a circuit is chaotic depends on it; a note says how its activity varies.

    Raises:
        InputError: If a connectome is given whose connections cannot be weights, or that has no
            loops.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 3 d-f. That its times are
        those of their low-rank network is our reading.
    """
    rng = np.random.default_rng(config.seed)
    n = config.n_neurons
    drawn = config.weight_scale * rng.normal(size=(n, n)) / np.sqrt(n)
    gain = 1 + config.gain_sd * rng.normal(size=n)
    notes = [f"weights N(0, {config.weight_scale:g}^2 / {n}), gains N(1, {config.gain_sd:g}^2)"]
    if connectome is not None:
        drawn = with_radius(matrix_of(checked_wiring(connectome, n)), config.weight_scale)
        notes[0] = (
            f"weights of {connectome.name or 'a connectome'}, sign times count, scaled to a "
            f"spectral radius of {config.weight_scale:g}; gains N(1, {config.gain_sd:g}^2)"
        )
    wiring = connectome_of(drawn, name="chaotic teacher", like=connectome)
    initial, note = burned_in(config, tanh_network(config, wiring, gain, np.zeros(n)), rng)
    steps = round(config.duration / config.dt)
    return Drawn(
        connectome=wiring,
        gain=gain,
        bias=np.zeros(n),
        initial=initial,
        inputs=np.zeros((1, steps, n)),
        notes=(*notes, note),
    )


def tanh_network(
    config: ChaoticConfig | LowRankConfig, wiring: Connectome, gain: np.ndarray, bias: np.ndarray
) -> RateNetwork:
    """A tanh network whose gains may be negative."""
    n = wiring.n_neurons
    return RateNetwork.from_connectome(
        wiring,
        tau=global_value(config.tau, n, unit="s"),
        gain=per_neuron(gain, n, unit="1"),
        bias=per_neuron(bias, n, unit="state"),
        activation=Tanh(),
    )


def burned_in(
    config: ChaoticConfig | LowRankConfig, network: RateNetwork, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """The state after a random start and the burn-in, and a sentence on what is left of it."""
    n_steps = round(config.burn_in / config.dt)
    start = jnp.asarray(rng.normal(size=network.n_neurons))
    states = simulate(network, jnp.zeros((n_steps, network.n_neurons)), dt=config.dt, initial=start)
    late = np.asarray(states[-(n_steps // 4 or 1) :], dtype=float)
    moving = float(late.std(0).mean())
    note = (
        f"started from N(0, 1) and run for {config.burn_in:g} s; in its last quarter a neuron's "
        f"state has an SD over time of {moving:.3g} (mean over neurons)"
    )
    return np.asarray(states[-1], dtype=float), note
