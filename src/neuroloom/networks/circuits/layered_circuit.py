"""A circuit of layers: parameters and one equation, for one trial and one time bin."""

from itertools import pairwise

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neuroloom.connectome import KINDS, Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.errors import InputError
from neuroloom.networks.circuits.feedback import AbstractFeedback, FeedbackAsIs
from neuroloom.networks.circuits.nonlinearities import Nonlinearity, PerNeuronActivation
from neuroloom.wiring import LayeredWiring

__all__ = ["LayeredCircuit"]


class LayeredCircuit(eqx.Module):
    r"""Neurons in layers, each with a nonlinearity of its own, in bins of time.

    $$x_i(t) = \left[\phi_i\Big(b_i + s_i \sum_{e \to i,\ \mathrm{up}} w_e\,
    x_{\mathrm{pre}(e)}(t) + s_i \sum_{e \to i,\ \mathrm{not\ up}} w_e\,
    c(x(t - 1))_{\mathrm{pre}(e)}\Big)\right]_{\mathrm{floor}_i}^{\mathrm{ceiling}_i}$$

    Layer 0 is the input: its rates are what is shown. A connection to a higher layer acts within a
    bin; one down, or inside a layer, acts one bin later, through the map c. Before the first bin
    nothing is carried. The last layer is the output. Neurons stand layer by layer.

    Attributes:
        weight: Signed weight w of each connection, block by block.
        bias: b, in the unit of the drive, dimensionless.
        scale: s, 1/sqrt(connections onto the neuron) or 1, times a gain.
        activation: phi.
        floor: Lowest rate of each neuron; may be -inf.
        ceiling: Highest rate; may be inf.
        feedback: The map c.
        wiring: Who connects to whom.
        position: Where in the connectome each neuron of the circuit stands.
        notes: What was left out on the way here, for reports.

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), code. Scaling is ours, and so is the
        rule by which connections act now or one bin later, which covers null wirings too.
    """

    weight: Float[Array, " connection"]
    bias: Float[Array, " neuron"]
    scale: Float[Array, " neuron"]
    activation: PerNeuronActivation
    floor: Float[Array, " neuron"]
    ceiling: Float[Array, " neuron"]
    feedback: AbstractFeedback
    wiring: LayeredWiring
    position: Int[Array, " neuron"]
    notes: tuple[str, ...] = eqx.field(static=True)

    @classmethod
    def from_connectome(
        cls,
        connectome: Connectome,
        *,
        scaled: bool = True,
        gain: float = 1.0,
        count_scale: float = 1.0,
        feedback: AbstractFeedback | None = None,
    ) -> "LayeredCircuit":
        """A circuit with the wiring of a connectome whose neurons have layers.

        Args:
            connectome: Has a neuron column `layer`, whole numbers from 0. Columns `nonlinearity`
                (default `relu`), `bias` (0), `floor` and `ceiling` (none) are used if present.
                Connections onto layer 0 are left out, because it is set from outside.
            scaled: Whether what a neuron receives is divided by sqrt(connections onto it).
            gain: What it receives is multiplied by this too.
            count_scale: Weights are signed counts divided by this; for a real connectome, the
                root mean square of its counts makes weights of size 1.
            feedback: Default `FeedbackAsIs()`.

        Raises:
            InputError: If there is no layer, or one is empty or no whole number; if a sign is not
                known or a connection electrical; if `count_scale` or `gain` is not above 0.
        """
        _check(connectome, count_scale, gain)
        layer = connectome.column("layer").astype(np.int64)
        kept = layer[connectome.post] > 0
        pre, post = connectome.pre[kept], connectome.post[kept]
        wiring, order = LayeredWiring.from_ends(pre, post, layer)
        weight = (connectome.sign * connectome.count / count_scale)[kept][order]
        position = np.argsort(layer, kind="stable")
        n_onto = np.bincount(post, minlength=layer.size)
        root = np.sqrt(np.maximum(n_onto, 1)) if scaled else np.ones(layer.size)
        name = _column(connectome, "nonlinearity", Nonlinearity.RELU.value)
        dtype = jnp.result_type(float)

        def ordered(values: np.ndarray) -> Array:
            return jnp.asarray(values[position], dtype)

        left_out = int((~kept).sum())
        notes = (f"left out {left_out:,} connections onto layer 0",) if left_out else ()
        return cls(
            weight=jnp.asarray(weight, dtype),
            bias=ordered(_column(connectome, "bias", 0.0)),
            scale=ordered(gain / root),
            activation=PerNeuronActivation.from_names(name[position]),
            floor=ordered(_column(connectome, "floor", -np.inf)),
            ceiling=ordered(_column(connectome, "ceiling", np.inf)),
            feedback=feedback or FeedbackAsIs(),
            wiring=wiring,
            position=jnp.asarray(position),
            notes=notes,
        )

    @property
    def n_neurons(self) -> int:
        """Neurons, input channels included."""
        return sum(self.wiring.sizes)

    @property
    def slices(self) -> tuple[slice, ...]:
        """Where each layer stands among the neurons of the circuit."""
        first = np.concatenate([[0], np.cumsum(self.wiring.sizes)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(first))

    @property
    def feeds_back(self) -> Bool[np.ndarray, " neuron"]:
        """Which neurons stand in a layer whose rates a delayed connection carries."""
        carried = {block.pre for block in self.wiring.blocks if block.is_delayed}
        return np.repeat([n in carried for n in range(len(self.wiring.sizes))], self.wiring.sizes)

    @property
    def n_outputs(self) -> int:
        """Neurons of the last layer."""
        return self.wiring.sizes[-1]

    def rates(
        self,
        inputs: Float[Array, "*batch channel"],
        carried: Float[Array, "*batch neuron"],
        matrices: tuple[Array, ...] | None = None,
    ) -> Float[Array, "*batch neuron"]:
        """The rate of every neuron in one bin, for any batch axes in front.

        Args:
            inputs: Of the channels, in this bin.
            carried: What delayed connections carry from the last bin, c(x(t - 1)).
            matrices: From `wiring.prepare(weight)`, to save work in a loop.
        """
        prepared = matrices or self.wiring.prepare(self.weight)
        before = tuple(carried[..., inside] for inside in self.slices)
        now = [inputs]
        for layer, inside in enumerate(self.slices[1:], start=1):
            received = self.wiring.apply(prepared, layer, now, before)
            shape = (1,) * (inputs.ndim - 1) + (inside.stop - inside.start,)
            drive = self.bias[inside].reshape(shape) + self.scale[inside].reshape(shape) * received
            low, high = (side[inside].reshape(shape) for side in (self.floor, self.ceiling))
            now.append(jnp.clip(self.activation.of(inside)(drive), low, high))
        return jnp.concatenate(now, axis=-1)

    def describe(self) -> tuple[str, ...]:
        """The circuit in sentences, for a report."""
        up = sum(b.stop - b.start for b in self.wiring.blocks if not b.is_delayed)
        return (
            f"{len(self.wiring.sizes)} layers of {', '.join(map(str, self.wiring.sizes))} neurons; "
            f"{up:,} connections up, {self.weight.size - up:,} that act one bin later",
            f"what those carry: {type(self.feedback).__name__}",
            *self.notes,
        )


def _column(connectome: Connectome, name: str, otherwise: float | str) -> np.ndarray:
    if name in connectome.neurons:
        return connectome.column(name)
    return np.full(connectome.n_neurons, otherwise)


def _check(connectome: Connectome, count_scale: float, gain: float) -> None:
    for name, value in (("count_scale", count_scale), ("gain", gain)):
        if not 0 < value < np.inf:
            raise InputError(
                f"`{name}` must be above 0 and finite; got {value}. Use 1 to change nothing."
            )
    layer = connectome.column("layer")
    if layer.dtype.kind not in "iuf" or not (layer == np.floor(layer)).all() or layer.min() < 0:
        raise InputError(
            "The neuron column `layer` must be whole numbers from 0; got "
            f"{np.unique(layer)[:5].tolist()}. Number the layers from the inputs on, 0 for those."
        )
    electrical = int((connectome.kind == ELECTRICAL).sum())
    if electrical:
        raise InputError(
            "A layered circuit must have directed connections only; "
            f"{electrical} are electrical. Leave them out with "
            f"`connectome.of_kind({KINDS[0]!r}, {KINDS[2]!r})`."
        )
    unknown = int((connectome.sign == 0).sum())
    if unknown:
        raise InputError(
            f"Every connection of a layered circuit must have a sign; {unknown} have 0. Apply a "
            "rule first, such as `TransmitterSigns()(connectome)`."
        )
