"""A stand-in that has the circuit's own wiring: weights exist where connections do."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks.stand_ins.stand_in import AbstractForm, AbstractStandIn, StandInScaling

__all__ = ["WiredForm", "WiredStandIn"]

SLOPE = 0.2  # of a unit below 0 at the start, where units find their own nonlinearity


class Block(NamedTuple):
    """Connections from one layer to another.

    Attributes:
        pre: Place of the layer where they start.
        post: Place of the layer where they end.
        delayed: Whether they carry what was sent at the step before: all that do not go forward.
    """

    pre: int
    post: int
    delayed: bool


class WiredStandIn(AbstractStandIn):
    r"""Layers of units with the connections of a connectome, and no others.

    $$x_i(t) = \phi_i\Big(b_i +
    \sum_{e: \mathrm{post}(e) = i} w_e\, x_{\mathrm{pre}(e)}(t - \delta_e)\Big), \quad
    \phi_i(v) = \alpha_i [v]_+ + \beta_i \tanh v + \gamma_i v$$

    with delta 0 where a connection goes to a later layer, and 1 where it goes back or stays; before
    the first step everything is 0. The first layer is the inputs, the last one the outputs.

    Attributes:
        weight: w, a matrix [post, pre] for each pair of layers; 0 where there is no connection.
        bias: b of each layer after the first.
        mix: alpha, beta, gamma of each layer after the first, [3, neuron]: gains and the shape of
            the nonlinearity, which the wiring does not tell.
        connected: 1 where there is a connection, for each pair of layers.
        scaling: Of inputs and outputs.
        blocks: The pairs of layers.
        mixes: Whether `mix` is trained; if not, and as drawn, all units are rectified.
    """

    weight: tuple[Float[Array, "_ _"], ...]
    bias: tuple[Float[Array, "_"], ...]
    mix: tuple[Float[Array, "3 _"], ...]
    connected: tuple[Float[Array, "_ _"], ...]
    scaling: StandInScaling
    blocks: tuple[Block, ...] = eqx.field(static=True)
    mixes: bool = eqx.field(static=True)

    @property
    def keeps(self) -> tuple[int, ...]:
        """Layers whose last rates are heard at the next step; none if all goes forward."""
        return tuple(sorted({block.pre for block in self.blocks if block.delayed}))

    @property
    def needs_time(self) -> bool:
        """Where a connection goes back or stays in its layer."""
        return bool(self.keeps)

    def of_scaled(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch output"]:
        """All steps at once where everything goes forward, else step by step."""
        matrices = [w * c for w, c in zip(self.weight, self.connected, strict=True)]
        if not self.keeps:
            flat = inputs.reshape(-1, inputs.shape[-1]).T
            return self._layers(matrices, flat, {})[-1].T.reshape(*inputs.shape[:-1], -1)

        def step(last: dict[int, Array], u: Array) -> tuple[dict[int, Array], Array]:
            rates = self._layers(matrices, u, last)
            return {place: rates[place] for place in last}, rates[-1]

        n_trials = inputs.shape[0]
        sizes = [inputs.shape[-1], *(len(b) for b in self.bias)]
        start = {place: jnp.zeros((sizes[place], n_trials), inputs.dtype) for place in self.keeps}
        by_step = jnp.transpose(inputs, (1, 2, 0))
        _, y = jax.lax.scan(jax.checkpoint(step), start, by_step)
        return jnp.transpose(y, (2, 0, 1))

    def _layers(self, matrices: list[Array], u: Array, last: dict[int, Array]) -> list[Array]:
        rates = [u]
        for place, (bias, mix) in enumerate(zip(self.bias, self.mix, strict=True), start=1):
            v = bias[:, None]
            for block, matrix in zip(self.blocks, matrices, strict=True):
                if block.post == place:
                    v = v + matrix @ (last[block.pre] if block.delayed else rates[block.pre])
            v = jnp.broadcast_to(v, (len(bias), u.shape[1]))
            if self.mixes:
                a, b, c = mix[:, :, None]
                rates.append(a * jax.nn.relu(v) + b * jnp.tanh(v) + c * v)
            else:
                rates.append(jax.nn.relu(v))
        return rates

    def trained(self) -> tuple[Any, ...]:
        """Weights and biases, and the mix if it is to be."""
        return (*self.weight, *self.bias, *(self.mix if self.mixes else ()))

    def fixed(self) -> tuple[Any, ...]:
        """Where there are connections, and the scaling."""
        return (*self.connected, *(() if self.mixes else self.mix), self.scaling)


@dataclass(frozen=True, eq=False)
class WiredForm(AbstractForm):
    """The wiring of a connectome; weights, thresholds and nonlinearities free.

    Attributes:
        connectome: Its neurons have a column that says their layer; those of the lowest are the
            inputs, those of the highest the outputs, in the order of the connectome. Counts and
            signs are not used.
        column: Name of that column.
        mixes: Whether each neuron finds its own nonlinearity. False rectifies everywhere and starts
            from positive weights: right for place cells that sum boundary cells over a threshold.

    Raises:
        InputError: If there is no such column, fewer than two layers, an electrical connection, or
            a connection to an input.
    """

    connectome: Connectome
    column: str = "layer"
    mixes: bool = True

    def __post_init__(self) -> None:
        _, place = self._places()
        if place.max(initial=0) < 1:
            raise InputError(
                f"`{self.column}` must name at least two layers, inputs and outputs; it names "
                f"{len(np.unique(place))}. Number the layers of the circuit from 0."
            )
        if (self.connectome.kind == 1).any():
            raise InputError(
                "Connections of a wired stand-in must be directed; "
                f"{int((self.connectome.kind == 1).sum())} are electrical. Use "
                '`connectome.of_kind("chemical")`.'
            )
        back = place[self.connectome.post] == 0
        if back.any():
            raise InputError(
                f"Inputs must receive no connection; {int(back.sum())} end in the first layer. "
                "Leave these out, or add a layer of inputs before it."
            )

    @classmethod
    def from_mask(
        cls, connected: Bool[np.ndarray, "post pre"], *, mixes: bool = False
    ) -> "WiredForm":
        """Inputs directly onto outputs, such as boundary cells onto place cells.

        Args:
            connected: Which input each output hears, such as `PlaceCells.connected`.
            mixes: As above.
        """
        n_outputs, n_inputs = connected.shape
        post, pre = np.nonzero(connected)
        wiring = Connectome(
            neuron_id=np.arange(n_inputs + n_outputs),
            pre=pre,
            post=post + n_inputs,
            kind=np.zeros(len(pre), int),
            count=np.ones(len(pre), int),
            sign=np.zeros(len(pre), int),
            neurons={"layer": np.repeat([0, 1], [n_inputs, n_outputs])},
        )
        return cls(wiring, mixes=mixes)

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        layers, place = np.unique(self.connectome.column(self.column), return_inverse=True)
        return layers, place

    def draw(self, *, n_inputs: int, n_outputs: int, key: PRNGKeyArray) -> WiredStandIn:
        """Random weights on the connections, of a size that goes with the connections received.

        Units that find their own nonlinearity start with a slope of .2 below 0: none is dead.

        Raises:
            InputError: If the first or the last layer has another size.
        """
        _, place = self._places()
        sizes = np.bincount(place)
        for name, wanted, found in (
            ("inputs", n_inputs, sizes[0]),
            ("outputs", n_outputs, sizes[-1]),
        ):
            if wanted != found:
                raise InputError(
                    f"The circuit must have the {name} of the wiring, {found}; it has {wanted}. "
                    f"Check the first and the last value of `{self.column}`."
                )
        within = np.empty(len(place), int)
        for layer, size in enumerate(sizes):
            within[place == layer] = np.arange(size)
        pre, post = self.connectome.pre, self.connectome.post
        received = np.bincount(post, minlength=len(place))
        pairs = np.unique(np.stack([place[post], place[pre]], axis=1), axis=0)
        blocks, connected, weight = [], [], []
        for (to, of), k in zip(pairs.tolist(), jax.random.split(key, len(pairs)), strict=True):
            here = (place[post] == to) & (place[pre] == of)
            matrix = np.zeros((sizes[to], sizes[of]))
            matrix[within[post[here]], within[pre[here]]] = 1.0
            n_received = np.maximum(received[place == to], 1)[:, None]
            # He et al. (2015) for units of this slope: rates keep their size from layer to layer.
            spread = 6 / (1 + SLOPE**2) if self.mixes else 1.0
            bound = matrix * np.sqrt(spread / n_received)
            least = -1.0 if self.mixes else 0.0
            value = jax.random.uniform(k, matrix.shape, minval=least, maxval=1.0)
            blocks.append(Block(pre=of, post=to, delayed=of >= to))
            connected.append(jnp.asarray(matrix, float))
            weight.append(value * jnp.asarray(bound, float))
        start = (1 - SLOPE, 0.0, SLOPE) if self.mixes else (1.0, 0.0, 0.0)
        later = [int(size) for size in sizes[1:]]
        return WiredStandIn(
            weight=tuple(weight),
            bias=tuple(jnp.zeros(n) for n in later),
            mix=tuple(jnp.tile(jnp.array(start)[:, None], n) for n in later),
            connected=tuple(connected),
            scaling=StandInScaling.none(n_inputs, n_outputs),
            blocks=tuple(blocks),
            mixes=self.mixes,
        )
