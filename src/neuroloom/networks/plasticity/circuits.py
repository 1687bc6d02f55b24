"""A circuit at several times while its synapses change."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.circuits import LayeredCircuit
from neuroloom.networks.plasticity.rule import AbstractPlasticity, equivalent_sigma
from neuroloom.wiring import Block, LayeredWiring

__all__ = ["circuit_change", "circuits_over_time"]


def circuits_over_time(
    circuit: LayeredCircuit,
    rule: AbstractPlasticity,
    time: Float[np.ndarray, " time"],
    *,
    key: PRNGKeyArray,
) -> tuple[LayeredCircuit, ...]:
    """The circuit at each of the times; biases, scales and nonlinearities stay.

    All have the same shapes, so that what is compiled for one runs for all. Synapses grow only
    between layers that were connected, and onto their own neuron only where some did before. The
    scale of a neuron stays that of its first number of connections.

    Args:
        circuit: At time 0.
        rule: How weights change. Weights of exactly 0 are no synapses, as published.
        time: Increasing, in seconds.
        key: Randomness.

    Raises:
        InputError: If times do not increase, or synapses are to move in a circuit in which two
            connections join the same two neurons.
    """
    if rule.keeps_places:
        trajectory = rule(circuit.weight, circuit.weight != 0, time, key=key)
        return tuple(eqx.tree_at(lambda c: c.weight, circuit, w) for w in trajectory.weight)
    wiring = circuit.wiring
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for block, own_key in zip(
        wiring.blocks, jax.random.split(key, len(wiring.blocks)), strict=True
    ):
        present, allowed = _places(wiring, block)
        largest = max(wiring.sizes)  # one shape for all blocks, so that one program moves them
        around = [(0, largest - n) for n in present.shape]
        matrix, there, room = (
            jnp.asarray(np.pad(values, around))
            for values in (_matrix(circuit, block), present, allowed)
        )
        moved = rule(matrix, there, time, key=own_key, allowed=room)
        parts.append(_ends(moved.weight, moved.present, block.stop - block.start))
    weight, post, pre = (np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True))
    return tuple(
        eqx.tree_at(
            lambda c: (c.weight, c.wiring.post, c.wiring.pre),
            circuit,
            (
                jnp.asarray(weight[n]),
                jnp.asarray(post[n], wiring.post.dtype),
                jnp.asarray(pre[n], wiring.pre.dtype),
            ),
        )
        for n in range(len(time))
    )


def circuit_change(
    circuits: tuple[LayeredCircuit, ...], start: LayeredCircuit
) -> Float[Array, " time"]:
    """`equivalent_sigma` of each circuit, over all its synapses, in SD of the first weights.

    Args:
        circuits: With the layers of `start`.
        start: At time 0.

    Raises:
        InputError: If weights had no spread at first.
    """
    first = _flat(start)
    present = np.concatenate([_places(start.wiring, b)[0].ravel() for b in start.wiring.blocks])
    weight = np.stack([_flat(c) for c in circuits])
    return equivalent_sigma(*map(jnp.asarray, (weight, first, present)))


def _flat(circuit: LayeredCircuit) -> Float[np.ndarray, " place"]:
    matrices = [_matrix(circuit, block).ravel() for block in circuit.wiring.blocks]
    return np.concatenate(matrices)


def _matrix(circuit: LayeredCircuit, block: Block) -> Float[np.ndarray, "post pre"]:
    """`wiring.matrix` by NumPy: JAX would compile it for each number of connections."""
    wiring, inside = circuit.wiring, slice(block.start, block.stop)
    weight, post, pre = map(np.asarray, (circuit.weight, wiring.post, wiring.pre))
    matrix = np.zeros((wiring.sizes[block.post], wiring.sizes[block.pre]), weight.dtype)
    np.add.at(matrix, (post[inside], pre[inside]), weight[inside])
    return matrix


def _places(
    wiring: LayeredWiring, block: Block
) -> tuple[Bool[np.ndarray, "post pre"], Bool[np.ndarray, "post pre"]]:
    """Where synapses are, and where they may be."""
    inside = slice(block.start, block.stop)
    present = np.zeros((wiring.sizes[block.post], wiring.sizes[block.pre]), bool)
    present[np.asarray(wiring.post)[inside], np.asarray(wiring.pre)[inside]] = True
    n = block.stop - block.start
    if present.sum() != n:
        raise InputError(
            f"Synapses must join different pairs of neurons to be exchanged; {n} of a block share "
            f"{int(present.sum())} pairs. Keep one kind of connection with `of_kind`."
        )
    own = np.eye(*present.shape, dtype=bool)
    keep_off = block.post == block.pre and not (present & own).any()
    return present, ~own if keep_off else np.ones_like(present)


def _ends(
    weight: Float[Array, "time post pre"], present: Bool[Array, "time post pre"], n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weight, post and pre of each synapse at each time; their number never changes."""
    w, there = np.asarray(weight), np.asarray(present)
    time, post, pre = np.nonzero(there)
    shape = (len(w), n)
    return w[time, post, pre].reshape(shape), post.reshape(shape), pre.reshape(shape)
