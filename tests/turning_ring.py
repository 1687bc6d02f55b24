"""Ring attractors made by hand: compass units, and shifters that push the bump to either side.

In `turning_ring` shifters are silent at rest; in `push_pull_ring` both push all the time.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from made_ring import made_ring
from neuroloom.networks import TaskNetwork, all_to_all

N = 24
COMPASS, PLUS, MINUS = (slice(i * N, (i + 1) * N) for i in range(3))
ANGLE = 2 * np.pi * np.arange(N) / N
CLASSES = np.repeat(["compass", "shifter+", "shifter-"], N)


def turning_ring(push: float = 8.0) -> TaskNetwork:
    """Shifters hear the compass unit of their place and the turn to their own side, and are silent
    without a turn; they push the bump counter-clockwise (+) or clockwise (-)."""
    apart = ANGLE[:, None] - ANGLE[None, :]  # post less pre
    weight = np.zeros((3 * N, 3 * N))
    weight[COMPASS, COMPASS] = (-4 + 10 * np.cos(apart)) / N
    weight[COMPASS, PLUS] = 2 * push * np.sin(apart) / N
    weight[COMPASS, MINUS] = -weight[COMPASS, PLUS]
    weight[PLUS, COMPASS] = weight[MINUS, COMPASS] = 4 * np.eye(N)
    shown = np.zeros((3 * N, 3))
    shown[COMPASS, 1], shown[COMPASS, 2] = 3 * np.sin(ANGLE), 3 * np.cos(ANGLE)
    shown[PLUS, 0], shown[MINUS, 0] = 22, -22
    read = np.zeros((2, 3 * N))
    read[:, COMPASS] = np.stack([np.sin(ANGLE), np.cos(ANGLE)]) / 6
    bias = np.r_[np.full(N, 0.5), np.full(2 * N, -3.9)]
    return as_network(weight, bias, shown, read, tau=0.25)


def push_pull_ring() -> TaskNetwork:
    """That of the tests of tuning; its classes are in the same order."""
    made = made_ring(N)
    assert (made.classes == CLASSES).all()
    return as_network(made.weight, made.bias, made.input_weight, made.output_weight, tau=made.tau)


def as_network(weight, bias, input_weight, output_weight, *, tau) -> TaskNetwork:
    """With self-connections."""
    everyone = all_to_all(len(weight), self_connections=True)
    network = TaskNetwork.from_connectome(
        everyone, n_inputs=3, n_outputs=2, key=jax.random.key(0), tau=tau
    ).with_weight(jnp.asarray(weight))
    network = eqx.tree_at(lambda n: n.network.bias.value, network, jnp.asarray(bias))
    return dataclasses.replace(
        network, input_weight=jnp.asarray(input_weight), output_weight=jnp.asarray(output_weight)
    )
