"""The four published circuits, as connectomes with layers."""

import enum
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks.circuits.nonlinearities import NINE

__all__ = ["CircuitKind", "CircuitSize", "circuit_connectome"]


class CircuitKind(enum.Enum):
    """Which paths a circuit has beside those from each layer to the next.

    `SKIP` adds paths over one layer (L1 -> L3, L2 -> L4), `FEEDBACK` one from the last hidden layer
    to the first, `COMPLEX` both and connections inside L2.
    """

    FEED_FORWARD = "feed-forward"
    SKIP = "skip"
    FEEDBACK = "feedback"
    COMPLEX = "complex"


@dataclass(frozen=True)
class CircuitSize:
    """How many neurons a circuit has, and how densely they connect.

    The published "input layer" is a layer of `n_units` neurons of its own, between the channels and
    the hidden layers; it is kept, so that five layers of `n_units` stand in a row.

    Attributes:
        n_inputs: Input channels, layer 0.
        n_units: Neurons of the input layer and of each hidden one.
        n_hidden: Hidden layers.
        n_outputs: Output neurons, the last layer.
        probability: Of every possible connection between connected layers.
    """

    n_inputs: int = 16
    n_units: int = 256
    n_hidden: int = 4
    n_outputs: int = 16
    probability: float = 0.5

    def __post_init__(self) -> None:
        if min(self.n_inputs, self.n_units, self.n_outputs) < 1 or self.n_hidden < 3:
            raise InputError(
                "`n_inputs`, `n_units` and `n_outputs` must be at least 1 and `n_hidden` at least "
                f"3, so that a skip path has a layer to skip; got {self.n_inputs}, {self.n_units}, "
                f"{self.n_outputs} and {self.n_hidden}. Give more, or build a `Connectome` with a "
                "column `layer` and use `LayeredCircuit.from_connectome`."
            )
        if not 0 < self.probability <= 1:
            raise InputError(
                f"`probability` must be above 0 and at most 1; got {self.probability}. The "
                "published circuits use 0.5."
            )

    @property
    def layers(self) -> tuple[int, ...]:
        """Neurons of each layer, from the channels to the outputs."""
        return (self.n_inputs, *[self.n_units] * (self.n_hidden + 1), self.n_outputs)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each layer, which is the column `cell_type`."""
        hidden = (f"hidden_{n + 1}" for n in range(self.n_hidden))
        return ("channel", "input", *hidden, "output")


def circuit_connectome(
    kind: CircuitKind,
    *,
    rng: np.random.Generator,
    size: CircuitSize | None = None,
    as_published: bool = False,
    clip: bool = False,
) -> Connectome:
    """A random circuit: neurons in layers, weights N(0, 1), and a nonlinearity for each neuron.

    A weight is `sign` times `count` (in `mean_synapses`, the one unit with fractions). Signs are
    drawn by connection, so the circuit does not obey Dale's law, and `shuffle_signs` refuses it.
    The other null wirings apply; `rewire_within_type` keeps the layers.

    Neuron columns: `layer` (from 0, the channels), `cell_type` (its name), `nonlinearity`, `bias`
    N(0, 1), and `floor` and `ceiling` of the rate.

    Args:
        kind: Which paths there are.
        rng: Randomness. Nothing but it and the arguments decides the circuit.
        size: Default `CircuitSize()`, as published.
        as_published: Keep two oddities of the published complex circuit: connections inside L2,
            called lateral inhibition, have random signs; and weights onto the outputs are uniform
            within 1/sqrt(n_units), because their initialization was forgotten. Otherwise these
            inhibit, each 1/sqrt(n) weaker because their sum would grow with n, and those are N(0,
            1).
        clip: Whether rates are held between -Poisson(50) and Poisson(50), drawn for each neuron.

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), and their code; see docs/circuits.md.
    """
    size = size or CircuitSize()
    layer = np.repeat(np.arange(len(size.layers)), size.layers)
    first = np.concatenate([[0], np.cumsum(size.layers)])
    pres, posts, weights = [], [], []
    for to, come in _pairs(kind, size):
        shape = (size.layers[to], size.layers[come])
        weight = rng.normal(size=shape)
        present = rng.random(shape) < size.probability
        if to == come:
            np.fill_diagonal(present, val=False)
            if not as_published:
                weight = -np.abs(weight) / np.sqrt(max(size.probability * size.n_units, 1))
        if as_published and kind is CircuitKind.COMPLEX and to == len(size.layers) - 1:
            weight = rng.uniform(-1, 1, shape) / np.sqrt(size.n_units)
        post, pre = np.nonzero(present)
        pres.append(pre + first[come])
        posts.append(post + first[to])
        weights.append(weight[present])
    weight = np.concatenate(weights)
    return Connectome(
        neuron_id=np.arange(layer.size),
        pre=np.concatenate(pres),
        post=np.concatenate(posts),
        kind=np.zeros(weight.size, int),
        count=np.abs(weight),
        sign=np.where(weight < 0, -1, 1),
        count_unit="mean_synapses",
        neurons=_columns(layer, size, rng, clip),
        name=f"{kind.value} circuit",
    )


def _pairs(kind: CircuitKind, size: CircuitSize) -> list[tuple[int, int]]:
    """(post, pre) layers, up first. Layer 1 is the input layer, hidden layer k is layer k + 1."""
    last = size.n_hidden + 1
    pairs = [(to, to - 1) for to in range(1, last + 2)]
    if kind in (CircuitKind.SKIP, CircuitKind.COMPLEX):
        pairs += [(to, to - 2) for to in range(4, last + 1)]
    if kind in (CircuitKind.FEEDBACK, CircuitKind.COMPLEX):
        pairs.append((2, last))
    if kind is CircuitKind.COMPLEX:
        pairs.append((3, 3))
    return pairs


def _columns(
    layer: Int[np.ndarray, " neuron"], size: CircuitSize, rng: np.random.Generator, clip: bool
) -> dict[str, np.ndarray]:
    channel = layer == 0
    words = np.array([nonlinearity.value for nonlinearity in NINE])
    drawn = words[rng.integers(len(words), size=layer.size)]
    bias = rng.normal(size=layer.size)
    highest, lowest = rng.poisson(50, (2, layer.size)).astype(float)
    open_ended = channel | (not clip)
    return {
        "layer": layer,
        "cell_type": np.array(size.names)[layer],
        "nonlinearity": np.where(channel, "identity", drawn),
        "bias": np.where(channel, 0.0, bias),
        "floor": np.where(open_ended, -np.inf, -lowest),
        "ceiling": np.where(open_ended, np.inf, highest),
    }
