"""Feed-forward wirings with the statistics of a circuit, or with random ones."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from neuroloom.connectome.block_nulls.blocks import SILENT, own_signs
from neuroloom.connectome.connectome import CHEMICAL, ELECTRICAL, Connectome
from neuroloom.errors import InputError, SimulationError

__all__ = ["LayerStatistics", "keeps_statistics", "layered_wiring", "random_layers", "unwired"]


@dataclass(frozen=True)
class LayerStatistics:
    """What a feed-forward wiring takes from a circuit.

    Attributes:
        n_cells: Nodes of any kind.
        excitatory: Counts of the directed connections that excite, sorted.
        inhibitory: Counts of those that inhibit, sorted.
        inhibitory_senders: Share of the cells that send whose sign is -1.
    """

    n_cells: int
    excitatory: tuple[int | float, ...]
    inhibitory: tuple[int | float, ...]
    inhibitory_senders: float

    @classmethod
    def of(cls, connectome: Connectome) -> "LayerStatistics":
        """Those of a circuit; gap junctions do not count.

        Args:
            connectome: Every cell sends one known sign, or nothing.

        Raises:
            InputError: If a cell sends several signs, or a sign is unknown.
        """
        own = own_signs(connectome)
        directed = connectome.kind != ELECTRICAL
        unknown = int((connectome.sign[directed] == 0).sum())
        if unknown or not directed.any():
            raise InputError(
                "A circuit must have directed connections of known sign for its statistics; "
                f"{unknown} of {int(directed.sum())} signs are unknown. Apply a sign rule, such as "
                "`TransmitterSigns()`."
            )
        counts = [
            tuple(np.sort(connectome.count[directed & (connectome.sign == s)]).tolist())
            for s in (1, -1)
        ]
        senders = own[own != SILENT]
        return cls(connectome.n_neurons, counts[0], counts[1], float((senders == -1).mean()))


def layered_wiring(
    connectome: Connectome, *, rng: np.random.Generator, n_layers: int = 2
) -> Connectome:
    """As many cells and synapses of each sign as a circuit has, wired at random layer to layer.

    Cells are split evenly over the layers. Every cell sends one sign (Dale), and the share of cells
    that inhibit, among those that send, is the circuit's to the nearest cell. The circuit's counts
    are dealt anew within signs. The first layer has the `node_kind` neuron and the last muscle, so
    that ports made for a circuit drive the one and read the other; neuron column `layer` counts
    from 1.

    Args:
        connectome: Every cell sends one known sign, or nothing.
        rng: Randomness.
        n_layers: At least 2.

    Raises:
        InputError: If signs are unknown or mixed, or there are more connections than places.
        SimulationError: If a promise does not hold; a bug, please report it.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022): a sparse perceptron with the worm's numbers of
        neurons and synapses and its ratio of excitation and inhibition; layers of equal size are
        our reading.
    """
    found = LayerStatistics.of(connectome)
    layer = _layers(found.n_cells, n_layers)
    n_inhibit = round(found.inhibitory_senders * int((layer < n_layers).sum()))
    why = (
        f"null wiring: {n_layers} layers with the cells, synapses and signs of "
        f"{connectome.name or 'a circuit'}; {len(found.excitatory):,} connections excite and "
        f"{len(found.inhibitory):,} inhibit"
    )
    made = _wired(
        layer,
        _signs(layer, n_inhibit, rng),
        {1: np.array(found.excitatory), -1: np.array(found.inhibitory)},
        connectome.count_unit,
        rng,
        why,
    )
    keeps_statistics(connectome, made)
    return made


def random_layers(n_cells: int, *, rng: np.random.Generator, n_layers: int = 2) -> Connectome:
    """Layers of so many cells whose density and share of inhibition are drawn from U(0, 1).

    Cells of either sign have the same density; at least one connection is there. All counts are 1.

    Args:
        n_cells: Of all layers.
        rng: Randomness.
        n_layers: At least 2.

    Raises:
        InputError: If there are fewer cells than layers, or fewer than 2 layers.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022), the control with random statistics. That both
        signs have one density is our reading.
    """
    layer = _layers(n_cells, n_layers)
    density, inhibition = rng.random(2)
    sends = _signs(layer, round(inhibition * int((layer < n_layers).sum())), rng)
    counts = {
        sign: np.ones(round(density * _places(layer, sends, sign).size), np.int64)
        for sign in (1, -1)
    }
    if not any(one.size for one in counts.values()):
        some = 1 if (sends == 1).any() else -1
        counts[some] = np.ones(1, np.int64)
    why = (
        f"null wiring: {n_layers} layers at random density {density:.3f} and inhibition "
        f"{inhibition:.3f}"
    )
    return _wired(layer, sends, counts, "synapses", rng, why)


def unwired(n_cells: int, n_layers: int = 2) -> Connectome:
    """Layers of so many cells without connections, for ports of a dense network.

    Args:
        n_cells: Of all layers.
        n_layers: At least 2.

    Raises:
        InputError: If there are fewer cells than layers, or fewer than 2 layers.
    """
    none = np.zeros(0, np.int64)
    return _nodes(_layers(n_cells, n_layers), none, none, none, none, "synapses", ())


def keeps_statistics(circuit: Connectome, layered: Connectome) -> None:
    """A layered wiring has the circuit's cells, synapses and signs, and goes layer to layer only.

    Raises:
        SimulationError: If not.
    """
    was, now = LayerStatistics.of(circuit), LayerStatistics.of(layered)
    layer = layered.column("layer")
    n_senders = int((layer < layer.max()).sum())
    sends_minus = round(was.inhibitory_senders * n_senders)
    rules = (
        (was.n_cells == now.n_cells, "the number of cells"),
        (was.excitatory == now.excitatory, "the connections that excite, and their counts"),
        (was.inhibitory == now.inhibitory, "the connections that inhibit, and their counts"),
        (bool((layer[layered.post] == layer[layered.pre] + 1).all()), "to the next layer only"),
        (
            int((layered.column("sends") == -1).sum()) == sends_minus,
            "the share of cells that inhibit",
        ),
        (
            bool((layered.column("sends")[layered.pre] == layered.sign).all()),
            "one sign to a sender",
        ),
    )
    for holds, what in rules:
        if not holds:
            raise SimulationError(
                f"A layered wiring must keep {what}; it did not. This is a bug: please report it "
                "with the connectome and the seed."
            )


def _layers(n_cells: int, n_layers: int) -> Int[np.ndarray, " neuron"]:
    """The layer of each cell, from 1; sizes differ by one at most."""
    if not 2 <= n_layers <= n_cells:
        raise InputError(
            f"`n_layers` must be 2 to the number of cells ({n_cells}); got {n_layers}. Two hidden "
            "layers are the paper's."
        )
    return np.arange(n_cells) * n_layers // n_cells + 1


def _signs(
    layer: Int[np.ndarray, " neuron"], n_inhibit: int, rng: np.random.Generator
) -> Int[np.ndarray, " neuron"]:
    """The sign that each cell sends; 0 for the last layer, which sends nothing."""
    sends = (layer < layer.max()).astype(np.int64)
    sends[rng.permutation(np.flatnonzero(sends))[:n_inhibit]] = -1
    return sends


def _places(
    layer: Int[np.ndarray, " neuron"], sends: Int[np.ndarray, " neuron"], sign: int
) -> Int[np.ndarray, " place"]:
    """Keys sender * n + receiver from cells of this sign to the next layer."""
    pre = np.flatnonzero(sends == sign)
    fits = layer[pre][:, None] + 1 == layer[None, :]
    return (pre[:, None] * layer.size + np.arange(layer.size)[None, :])[fits]


def _wired(
    layer: Int[np.ndarray, " neuron"],
    sends: Int[np.ndarray, " neuron"],
    counts: dict[int, np.ndarray],
    unit: str,
    rng: np.random.Generator,
    why: str,
) -> Connectome:
    n = layer.size
    ends, sign, count = [], [], []
    for one, dealt in counts.items():
        places = _places(layer, sends, one)
        if dealt.size > places.size:
            raise InputError(
                f"Layers must have places for {dealt.size:,} connections of sign {one:+d}; there "
                f"are {places.size:,}. Use fewer layers, which leaves more places."
            )
        ends.append(rng.choice(places, dealt.size, replace=False))
        sign.append(np.full(dealt.size, one))
        count.append(rng.permutation(dealt))
    key = np.concatenate(ends)
    return _nodes(
        layer, key // n, key % n, np.concatenate(sign), np.concatenate(count), unit, (why,), sends
    )


def _nodes(
    layer: np.ndarray,
    pre: np.ndarray,
    post: np.ndarray,
    sign: np.ndarray,
    count: np.ndarray,
    unit: str,
    audit: tuple[str, ...],
    sends: np.ndarray | None = None,
) -> Connectome:
    kind = np.full(layer.size, "other", dtype="<U6")
    kind[layer == 1] = "neuron"
    kind[layer == layer.max()] = "muscle"
    return Connectome(
        neuron_id=np.arange(layer.size),
        pre=pre,
        post=post,
        kind=np.full(pre.size, CHEMICAL),
        count=count,
        sign=sign,
        count_unit=unit,
        neurons={
            "node_kind": kind,
            "layer": layer,
            "sends": np.zeros(layer.size, np.int64) if sends is None else sends,
            "cell_type": np.array([f"layer {at}" for at in layer.tolist()]),
        },
        name="layers",
        audit=audit,
    )
