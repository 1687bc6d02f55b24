"""A stand-in with a memory."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.networks.stand_ins.stand_in import (
    AbstractForm,
    AbstractStandIn,
    StandInScaling,
    check_size,
    drawn,
)

__all__ = ["GruForm", "GruStandIn"]


class GruStandIn(AbstractStandIn):
    r"""The layers of `MlpStandIn`, whose second layer also hears gated recurrent units.

    $$x^0_t = [W u_t + c]_+, \quad
    r, z = \sigma(V x^0_t + b + U h_{t-1}), \quad
    n = \tanh(V x^0_t + b + r \circ (U h_{t-1} + a)), \quad
    h_t = (1 - z) \circ n + z \circ h_{t-1}$$
    $$x^1_t = [H^1 x^0_t + M h_t + d^1]_+, \quad x^l_t = [H^l x^{l-1}_t + d^l]_+, \quad
    y_t = R x^n_t + e$$

    with rows of V, b and U for r, z and n one after the other, and h 0 before the first step. With
    M = 0 it is the MLP of its width and depth, so that what it gains over that is due to memory.

    Attributes:
        first: W, [hidden, input].
        first_bias: c.
        of_features: V, [gates, hidden].
        gate_bias: b.
        recurrent: U, [gates, memory].
        candidate_bias: a.
        of_memory: M, [hidden, memory].
        hidden: H, [layer, hidden, hidden]; at least one.
        hidden_bias: d.
        readout: R, [output, hidden].
        readout_bias: e.
        scaling: Of inputs and outputs.

    Source:
        Units: Cho et al., EMNLP 2014, arXiv 1406.1078, with the reset gate after the product, as
        in `networks.forecasting`. The path around them is ours.
    """

    first: Float[Array, "hidden input"]
    first_bias: Float[Array, " hidden"]
    of_features: Float[Array, "gates hidden"]
    gate_bias: Float[Array, " gates"]
    recurrent: Float[Array, "gates memory"]
    candidate_bias: Float[Array, " memory"]
    of_memory: Float[Array, "hidden memory"]
    hidden: Float[Array, "layer hidden hidden"]
    hidden_bias: Float[Array, "layer hidden"]
    readout: Float[Array, "output hidden"]
    readout_bias: Float[Array, " output"]
    scaling: StandInScaling

    @property
    def needs_time(self) -> bool:
        """Yes."""
        return True

    def of_scaled(
        self, inputs: Float[Array, "trial time input"]
    ) -> Float[Array, "trial time output"]:
        """Runs over the steps of each trial, trials in columns."""

        def step(h: Array, u: Array) -> tuple[Array, Array]:
            x = jax.nn.relu(self.first @ u + self.first_bias[:, None])
            h = self._next(h, x)
            x = self.hidden[0] @ x + self.of_memory @ h + self.hidden_bias[0][:, None]
            x = jax.nn.relu(x)
            for weight, bias in zip(self.hidden[1:], self.hidden_bias[1:], strict=True):
                x = jax.nn.relu(weight @ x + bias[:, None])
            return h, self.readout @ x + self.readout_bias[:, None]

        start = jnp.zeros((self.of_memory.shape[1], inputs.shape[0]), inputs.dtype)
        # As in `GruDecoder`: keep the states alone, make all else again on the way back.
        _, y = jax.lax.scan(jax.checkpoint(step), start, jnp.transpose(inputs, (1, 2, 0)))
        return jnp.transpose(y, (2, 0, 1))

    def _next(self, h: Array, x: Array) -> Array:
        n = len(h)
        gates, last = slice(None, 2 * n), slice(2 * n, None)
        given = self.of_features @ x + self.gate_bias[:, None]
        before = self.recurrent @ h
        both = jax.nn.sigmoid(given[gates] + before[gates])
        reset, keep = both[:n], both[n:]
        candidate = jnp.tanh(given[last] + reset * (before[last] + self.candidate_bias[:, None]))
        return candidate + keep * (h - candidate)

    def trained(self) -> tuple[Any, ...]:
        """All weights and biases."""
        return (
            self.first,
            self.first_bias,
            self.of_features,
            self.gate_bias,
            self.recurrent,
            self.candidate_bias,
            self.of_memory,
            self.hidden,
            self.hidden_bias,
            self.readout,
            self.readout_bias,
        )

    def fixed(self) -> tuple[Any, ...]:
        """The scaling."""
        return (self.scaling,)


@dataclass(frozen=True)
class GruForm(AbstractForm):
    """Layers of rectified units with gated recurrent units beside them.

    Attributes:
        width: Units of each layer.
        depth: Layers after the first, at least 1.
        memory: Gated recurrent units; 0 for `width`.
    """

    width: int = 128
    depth: int = 2
    memory: int = 0

    def __post_init__(self) -> None:
        for name, least in (("width", 1), ("depth", 1), ("memory", 0)):
            check_size(name, getattr(self, name), least)

    def draw(self, *, n_inputs: int, n_outputs: int, key: PRNGKeyArray) -> GruStandIn:
        """A random one."""
        h, m = self.width, self.memory or self.width
        first, last, given, again, heard, *rest = jax.random.split(key, 5 + self.depth)
        layers = [drawn(k, h, h) for k in rest]
        of_first, of_last = drawn(first, h, n_inputs), drawn(last, n_outputs, h)
        of_given = drawn(given, 3 * m, h)
        return GruStandIn(
            first=of_first[0],
            first_bias=of_first[1],
            of_features=of_given[0],
            gate_bias=of_given[1],
            recurrent=drawn(again, 3 * m, m)[0],
            candidate_bias=jnp.zeros(m),
            of_memory=drawn(heard, h, m)[0],
            hidden=jnp.stack([w for w, _ in layers]),
            hidden_bias=jnp.stack([b for _, b in layers]),
            readout=of_last[0],
            readout_bias=of_last[1],
            scaling=StandInScaling.none(n_inputs, n_outputs),
        )
