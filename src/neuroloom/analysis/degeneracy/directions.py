"""Directions in which parameters might move and change nothing: proposed by algebra."""

from collections.abc import Iterator
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.degeneracy.kinds import AbstractDegeneracy, AutapseTau, GainScale
from neuroloom.analysis.degeneracy.layout import Layout
from neuroloom.networks import GainSide

__all__ = ["Direction", "proposed_directions"]


@dataclass(frozen=True, eq=False)
class Direction:
    """A proposal: to be believed only if nothing recorded changes along it.

    Attributes:
        means: What it would mean.
        parts: What moves, as raw parameters; the direction is their sum. Each part alone should
            change something, or the whole says nothing.
    """

    means: AbstractDegeneracy
    parts: tuple[Float[np.ndarray, " parameter"], ...]


def proposed_directions(
    layout: Layout, acts_linearly: Bool[np.ndarray, " neuron"]
) -> Iterator[Direction]:
    r"""Everything that the network's equation lets expect.

    Autapse and time constant: where the activation is linear,
    $\tau \dot x_i = (W_{ii} - 1) x_i + \sum_j W_{ij} r_j + b_i$ stays the same if $\tau$, $b_i$,
    all $W_{ij}$ and $W_{ii} - 1$ grow by one factor. Gains: on the presynaptic side a gain
    multiplies what leaves a neuron, on the postsynaptic side what it receives; weights there undo
    it.

    Args:
        layout: Of the unknowns.
        acts_linearly: Which neurons' activation is linear in every sample.
    """
    yield from _autapses(layout, acts_linearly)
    yield from _gains(layout)
    yield from _scales(layout)


def _weights(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Weight of every connection, and how fast it moves with its strength."""
    network = layout.network

    def weight(strength: jax.Array) -> jax.Array:
        return eqx.tree_at(lambda n: n.strength, network, strength).weight

    value, rise = jax.jvp(weight, (network.strength,), (jnp.ones_like(network.strength),))
    return np.asarray(value, np.float64), np.asarray(rise, np.float64)


def _moving(layout: Layout, places: np.ndarray, by: np.ndarray) -> np.ndarray:
    direction = np.zeros(layout.size)
    np.add.at(direction, places, by)
    return direction


def _autapses(layout: Layout, acts_linearly: np.ndarray) -> Iterator[Direction]:
    strength, tau, bias = layout.strength, layout.own("tau"), layout.own("bias")
    if strength is None:
        return
    network = layout.network
    pre, post = np.asarray(network.pre), np.asarray(network.post)
    weight, rise = _weights(layout)
    after = network.gain_side is GainSide.POSTSYNAPTIC
    for i in np.unique(pre[(pre == post) & (rise != 0)]):
        if not acts_linearly[i] or tau[i] < 0:
            continue
        offset = layout.value("bias")[i]
        if offset != 0 and (not after or bias[i] < 0):
            continue  # nothing takes up what the bias sends through the autapse
        onto = (post == i) & (rise != 0)
        own = np.flatnonzero(onto & (pre == i))[0]
        by = weight.copy()
        by[own] -= 1.0 / layout.value("gain")[i]
        parts = [
            _moving(layout, tau[[i]], layout.value("tau")[[i]] / layout.slope("tau")[[i]]),
            _moving(layout, strength[onto], by[onto] / rise[onto]),
        ]
        if offset != 0:
            parts.append(_moving(layout, bias[[i]], offset / layout.slope("bias")[[i]]))
        yield Direction(AutapseTau(layout.neuron_id.tolist()[i]), tuple(parts))


def _gains(layout: Layout) -> Iterator[Direction]:
    strength, gain = layout.strength, layout.own("gain")
    if strength is None:
        return
    network = layout.network
    before = network.gain_side is GainSide.PRESYNAPTIC
    end = np.asarray(network.pre if before else network.post)
    weight, rise = _weights(layout)
    slope, value = layout.slope("gain"), layout.value("gain")
    partner = "the weights of what it sends" if before else "the weights of what it receives"
    for i in np.flatnonzero(gain >= 0):
        touched = (end == i) & (rise != 0)
        if not touched.any() or slope[i] == 0:
            continue
        parts = (
            _moving(layout, gain[[i]], value[[i]] / slope[[i]]),
            _moving(layout, strength[touched], -weight[touched] / rise[touched]),
        )
        yield Direction(GainScale((layout.neuron_id.tolist()[i],), partner), parts)


def _scales(layout: Layout) -> Iterator[Direction]:
    """The scale of all weights against all gains, or against all strengths."""
    scale = layout.leaves.get(".scale")
    if scale is None:
        return
    everyone = tuple(layout.neuron_id.tolist())
    up = _moving(layout, scale, np.asarray(layout.network.scale, np.float64).reshape(1))
    gains = layout.leaves.get(".gain.value")
    if gains is not None:
        shared = layout.network.gain
        value = shared.constraint(shared.value)
        rise = jax.jvp(shared.constraint, (shared.value,), (jnp.ones_like(value),))[1]
        if (np.asarray(rise) != 0).all():
            down = _moving(layout, gains, -np.asarray(value / rise, np.float64))
            yield Direction(GainScale(everyone, "the scale of all weights"), (up, down))
