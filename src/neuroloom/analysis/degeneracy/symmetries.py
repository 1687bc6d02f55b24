"""Other parameters, far away, that give the same recordings: turned signs, exchanged neurons."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.degeneracy.kinds import AbstractDegeneracy, Exchangeable, Sign
from neuroloom.analysis.degeneracy.layout import Layout
from neuroloom.networks.constraints import Free

__all__ = ["Symmetry", "exchanges", "turned_signs"]


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A proposal: to be believed only if both sets of parameters give the same recordings.

    Attributes:
        means: What it would mean.
        one: Parameters.
        other: Other parameters.
    """

    means: AbstractDegeneracy
    one: Float[np.ndarray, " parameter"]
    other: Float[np.ndarray, " parameter"]


def turned_signs(
    layout: Layout, theta: Float[np.ndarray, " parameter"], hidden: Bool[np.ndarray, " neuron"]
) -> Iterator[Symmetry]:
    """Signs that might be turned: of what a neuron sends, or of its whole neighborhood.

    Args:
        layout: Of the unknowns.
        theta: Their values.
        hidden: Neurons that are not recorded.
    """
    strength, network = layout.strength, layout.network
    if strength is None or network.clamp_signs:
        return
    gain = layout.own("gain") if isinstance(network.gain.constraint, Free) else -np.ones_like(theta)
    bias = layout.own("bias")
    may_bias = isinstance(network.bias.constraint, Free)
    pre, post = np.asarray(network.pre), np.asarray(network.post)
    for i in np.flatnonzero(hidden):
        sent, received, itself = pre == i, post == i, (pre == i) & (post == i)
        if not sent.any():
            continue
        offset = [] if layout.value("bias")[i] == 0 else ([int(bias[i])] if may_bias else [-1])
        others = strength[(sent | received) & ~itself]
        ways: list[tuple[tuple[str, ...], list[int]]] = [
            (("weights to and from others",), [*others, *offset])
        ]
        if gain[i] >= 0:
            own = int(gain[i])
            onto = [own, *strength[received], *offset]
            ways.append((("gain", "weights of what it sends"), [own, *strength[sent]]))
            ways.append((("gain", "weights of what it receives"), onto))
        for turned, places in ways:
            if min(places, default=-1) < 0:
                continue
            other = theta.copy()
            other[places] *= -1
            yield Symmetry(Sign(layout.neuron_id.tolist()[i], turned), theta, other)


def exchanges(
    layout: Layout,
    theta: Float[np.ndarray, " parameter"],
    hidden: Bool[np.ndarray, " neuron"],
    rng: np.random.Generator,
) -> Iterator[Symmetry]:
    """Pairs of hidden neurons that are connected alike; the first of a kind with each other.

    Args:
        layout: Of the unknowns.
        theta: Their values; those of the pair are moved apart, so that exchanging them matters.
        hidden: Neurons that are not recorded.
        rng: Randomness of how far they are moved.
    """
    positions = np.flatnonzero(hidden).tolist()
    mine = {i: _entries(layout, i) for i in positions}
    first_of: dict[tuple, list[int]] = {}
    for i in positions:
        firsts = first_of.setdefault(_coarse(layout, i), [])
        for j in firsts:
            where = _exchanged(layout, j, i)
            if where is None or not len(mine[j]):
                continue
            one = theta.copy()
            one[mine[j]] *= 1 + 0.1 * rng.uniform(0.5, 1.0, len(mine[j]))
            one[mine[j]] += 0.01
            ids = layout.neuron_id.tolist()
            yield Symmetry(Exchangeable((ids[j], ids[i])), one, one[where])
            break
        else:
            firsts.append(i)


def _entries(layout: Layout, i: int) -> np.ndarray:
    """Unknowns that are this neuron's own."""
    own = [layout.own(field)[i] for field in ("tau", "gain", "bias")]
    places = [place for place in own if place >= 0]
    if layout.strength is not None:
        touched = (np.asarray(layout.network.pre) == i) | (np.asarray(layout.network.post) == i)
        places += layout.strength[touched].tolist()
    return np.array(places, dtype=np.int64)


def _connections(layout: Layout) -> dict[tuple[int, int, int], tuple[float, int]]:
    """By ends and a running number: what is fixed of a connection, and where its strength is."""
    network = layout.network
    fixed = np.sign(np.asarray(network.weight)) if layout.strength is not None else network.weight
    found: dict[tuple[int, int, int], tuple[float, int]] = {}
    ends = zip(np.asarray(network.pre).tolist(), np.asarray(network.post).tolist(), strict=True)
    for n, (pre, post) in enumerate(ends):
        found[pre, post, n if (pre, post, 0) in found else 0] = (float(fixed[n]), n)
    gaps = zip(
        np.asarray(network.gap_wiring.pre).tolist(),
        np.asarray(network.gap_wiring.post).tolist(),
        np.asarray(network.gap_strength).tolist(),
        strict=True,
    )
    for pre, post, strength in gaps:
        found[pre, post, -1] = (strength, -1)
    return found


def _coarse(layout: Layout, i: int) -> tuple:
    """What exchangeable neurons must have in common; cheap to compare."""
    network = layout.network
    sent, received = np.asarray(network.pre) == i, np.asarray(network.post) == i
    fixed = []
    for field in ("tau", "gain", "bias"):
        if f".{field}.value" not in layout.leaves:
            fixed.append(round(float(layout.value(field)[i]), 9))
        elif layout.own(field)[i] < 0:
            fixed.append(float(layout.shared(field).group[i]))
    weight = np.asarray(network.weight)
    if layout.strength is not None:
        weight = np.sign(weight)
    return (*fixed, *np.sort(weight[sent]).round(9), "|", *np.sort(weight[received]).round(9))


def _exchanged(layout: Layout, i: int, j: int) -> np.ndarray | None:
    """Where each unknown's value comes from once i and j change places; None if wiring forbids."""
    where = np.arange(layout.size)
    for field in ("tau", "gain", "bias"):
        own = layout.own(field)
        if own[i] >= 0 and own[j] >= 0:
            where[[own[i], own[j]]] = where[[own[j], own[i]]]
    change = {i: j, j: i}
    connections = _connections(layout)
    for (pre, post, n), (fixed, place) in connections.items():
        if not {pre, post} & {i, j}:
            continue
        image = connections.get((change.get(pre, pre), change.get(post, post), n))
        if image is None or abs(image[0] - fixed) > 1e-9:
            return None
        if layout.strength is not None and place >= 0:
            where[layout.strength[image[1]]] = layout.strength[place]
    return where
