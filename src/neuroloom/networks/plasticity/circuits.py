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
    parts: list[tuple[Array, Array, Array]] = []
    for block, own_key in zip(
        wiring.blocks, jax.random.split(key, len(wiring.blocks)), strict=True
    ):
        present, allowed = _places(wiring, block)
        matrix = wiring.matrix(block, circuit.weight)
        moved = rule(matrix, present, time, key=own_key, allowed=allowed)
        parts.append(_ends(moved.weight, moved.present, block.stop - block.start))
    weight, post, pre = (jnp.concatenate(columns, axis=1) for columns in zip(*parts, strict=True))
    return tuple(
        eqx.tree_at(
            lambda c: (c.weight, c.wiring.post, c.wiring.pre),
            circuit,
            (weight[n], post[n].astype(wiring.post.dtype), pre[n].astype(wiring.pre.dtype)),
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
    present = jnp.concatenate([_places(start.wiring, b)[0].ravel() for b in start.wiring.blocks])
    return equivalent_sigma(jnp.stack([_flat(c) for c in circuits]), first, present)


def _flat(circuit: LayeredCircuit) -> Float[Array, " place"]:
    matrices = [circuit.wiring.matrix(b, circuit.weight).ravel() for b in circuit.wiring.blocks]
    return jnp.concatenate(matrices)


def _places(
    wiring: LayeredWiring, block: Block
) -> tuple[Bool[Array, "post pre"], Bool[Array, "post pre"]]:
    """Where synapses are, and where they may be."""
    inside = slice(block.start, block.stop)
    empty = jnp.zeros((wiring.sizes[block.post], wiring.sizes[block.pre]), bool)
    present = empty.at[wiring.post[inside], wiring.pre[inside]].set(True)
    n = block.stop - block.start
    if int(present.sum()) != n:
        raise InputError(
            f"Synapses must join different pairs of neurons to be exchanged; {n} of a block share "
            f"{int(present.sum())} pairs. Keep one kind of connection with `of_kind`."
        )
    own = jnp.eye(*empty.shape, dtype=bool)
    forbidden = own if block.post == block.pre and not (present & own).any() else empty
    return present, ~forbidden


def _ends(
    weight: Float[Array, "time post pre"], present: Bool[Array, "time post pre"], n: int
) -> tuple[Array, Array, Array]:
    def of_one(w: Array, there: Array) -> tuple[Array, Array, Array]:
        post, pre = jnp.nonzero(there, size=n)
        return w[post, pre], post, pre

    return jax.vmap(of_one)(weight, present)
