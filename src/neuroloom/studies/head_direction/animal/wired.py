r"""A task network whose wiring is the fly's: only gains and biases are trained.

What it hears and what is read is set by anatomy and not trained, unless said so:

* angular velocity pushes P-EN of the left half up and those of the right half down, as the neurons
  do that bring turning to the noduli;
* the first heading is shown to E-PG, each by the cosine of its direction;
* the heading is read from E-PG, by their population vector.
"""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.networks import GainSide, RateNetwork, Retanh, TaskNetwork, global_value, per_neuron
from neuroloom.networks.constraints import Exponential
from neuroloom.studies.head_direction.animal.config import WiredConfig

__all__ = ["by_input_fraction", "fly_network", "only_gains_and_biases"]


def by_input_fraction(compass: Connectome) -> Connectome:
    """The same wiring with each count as a part of what its neuron receives of the compass.

    Args:
        compass: From `fly_compass`.
    """
    received = np.bincount(compass.post, weights=compass.count, minlength=compass.n_neurons)
    return replace(
        compass,
        count=compass.count / received[compass.post],
        count_unit="mean_synapses",
        audit=(*compass.audit, "counts as parts of what each neuron receives of these neurons"),
    )


def fly_network(compass: Connectome, config: WiredConfig, *, seed: int) -> TaskNetwork:
    """The fly's wiring before any training: equal gains, small random biases.

    Weights are parts of what a neuron receives, so that the wiring decides how inputs compare and
    the gain how strong they are; gains stay above 0, so that every sign is the fly's.

    Args:
        compass: From `fly_compass`, or a null wiring of the same.
        config: Numbers.
        seed: Decides the biases.
    """
    n = compass.n_neurons
    gain_key, bias_key, map_key = jax.random.split(jax.random.key(seed), 3)
    network = RateNetwork.from_connectome(
        by_input_fraction(compass),
        tau=global_value(config.tau, n, unit="s"),
        gain=per_neuron(
            config.gain * np.exp(0.1 * np.asarray(jax.random.normal(gain_key, (n,)))),
            n,
            unit="1",
            constraint=Exponential(),
        ),
        bias=per_neuron(
            0.1 + 0.01 * np.asarray(jax.random.normal(bias_key, (n,))), n, unit="state"
        ),
        activation=Retanh(),
        gain_side=GainSide.POSTSYNAPTIC,
    )
    kind, group = compass.column("compass_type"), compass.column("cell_class")
    preferred = np.nan_to_num(compass.column("preferred_rad"))
    epg = (kind == "EPG").astype(float)
    around = np.stack([np.sin(preferred), np.cos(preferred)]) * epg
    velocity = (group == "shifter+").astype(float) - (group == "shifter-")
    start = TaskNetwork.around(network, n_inputs=3, n_outputs=2, key=map_key)
    dtype = start.input_weight.dtype
    return replace(
        start,
        input_weight=jnp.asarray(
            np.stack([config.velocity * velocity, *(config.cue * around)], axis=1), dtype
        ),
        output_weight=jnp.asarray(config.readout * around / epg.sum(), dtype),
    )


def only_gains_and_biases(network: TaskNetwork) -> tuple:
    """Gain and bias of every neuron: neither wiring nor what is heard nor what is read."""
    return network.network.gain.value, network.network.bias.value
