"""A decoder with a memory."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.networks.forecasting.decoder import (
    AbstractDecoder,
    AbstractDecoderForm,
    Decoded,
    Seen,
    heads,
    inputs_per_frame,
    uniform,
)

__all__ = ["Gru", "GruDecoder"]


class GruDecoder(AbstractDecoder):
    r"""Gated recurrent units that run over the frames of one neuron.

    $$r, z = \sigma(W u_t + V b_t + E e + c + U h_{t-1}), \quad
    n = \tanh(W u_t + V b_t + E e + c + r \circ (U h_{t-1} + a)), \quad
    h_t = (1 - z) \circ n + z \circ h_{t-1}, \quad y_t = w h_t$$

    with rows of W, V, E, U and c for r, z and n one after the other, u the neuron's own activity
    and the size of its current, b the behavior, e the embedding. y are what it adds and, through
    2 / (1 + exp(-y)), the gain. It starts from 0 at the first frame that it is given, and what it
    says in the first `window` - 1 frames is not used: there it warms up.

    Attributes:
        of_frame: W, columns for own activity and current.
        of_behavior: V.
        of_embedding: E.
        bias: c.
        recurrent: U.
        candidate_bias: a.
        readout: w.
        window: Frames until it is first listened to.
        reads_current: Whether the current is in u, and has a gain.

    Source:
        Cho et al., EMNLP 2014, arXiv 1406.1078, with the reset gate after the product.
    """

    of_frame: Float[Array, "gates input"]
    of_behavior: Float[Array, "gates channel"]
    of_embedding: Float[Array, "gates feature"]
    bias: Float[Array, " gates"]
    recurrent: Float[Array, "gates hidden"]
    candidate_bias: Float[Array, " hidden"]
    readout: Float[Array, "head hidden"]
    window: int = eqx.field(static=True)
    reads_current: bool = eqx.field(static=True)
    remembers: ClassVar[bool] = True
    together: ClassVar[int] = 4

    def __call__(
        self, seen: Seen, embedding: Float[Array, "feature neuron"], *, skip: int = 0
    ) -> Decoded:
        """What it says after each frame from `window` - 1 on."""
        n_trials, _, n_neurons = seen.own.shape
        if not self.reads_current:
            seen = seen._replace(size=None)
        by_frame = jax.tree.map(lambda part: jnp.moveaxis(part, 1, 0), seen)
        fixed = self._fixed(embedding)

        def step(h: Array, now: Seen) -> tuple[Array, Array]:
            h = self._next(h, now, fixed)
            return h, self._said(h)

        # Keep states alone and make all else again on the way back, in cache: 50 ms a step of
        # benchmarks/forecaster.py, 87 with products kept, 108 with everything.
        _, outputs = jax.lax.scan(jax.checkpoint(step), self.start(n_trials, n_neurons), by_frame)
        return heads(jnp.moveaxis(outputs[self.window - 1 + skip :], 0, 2))

    def start(self, n_trials: int, n_neurons: int) -> Float[Array, "hidden trial neuron"]:
        """0."""
        return jnp.zeros((self.readout.shape[1], n_trials, n_neurons), self.bias.dtype)

    def step(
        self,
        memory: Float[Array, "hidden trial neuron"],
        seen: Seen,
        embedding: Float[Array, "feature neuron"],
    ) -> tuple[Float[Array, "hidden trial neuron"], Decoded]:
        """The state after one frame, and what it says."""
        now = jax.tree.map(lambda part: part[:, 0], seen)
        h = self._next(memory, now, self._fixed(embedding))
        return h, heads(self._said(h)[:, :, None])

    def _said(self, h: Array) -> Array:
        return (self.readout @ h.reshape(len(h), -1)).reshape(-1, *h.shape[1:])

    def _fixed(self, embedding: Array) -> Array:
        return self.of_embedding @ embedding + self.bias[:, None]

    def _next(self, h: Array, now: Seen, fixed: Array) -> Array:
        """The state after a frame; `now` has no time axis."""
        n_hidden, shape = len(h), h.shape[1:]
        inputs = [now.own.reshape(-1)]
        if now.size is not None and self.reads_current:
            inputs.append(now.size.reshape(-1))
        u, before = jnp.stack(inputs), h.reshape(n_hidden, -1)
        given = fixed[:, None, :]
        if self.of_behavior.shape[1]:
            given = given + (self.of_behavior @ now.behavior.T)[..., None]

        def product(weight: Array, rows: Array) -> Array:
            """Flat, for speed, then with its axes again: `given` is added without a copy."""
            return (weight @ rows).reshape(-1, *shape)

        # Both gates in one product; the candidate needs what was before by itself.
        gates, last = slice(None, 2 * n_hidden), slice(2 * n_hidden, None)
        joined = jnp.concatenate([self.of_frame, self.recurrent], axis=1)[gates]
        both = jax.nn.sigmoid(product(joined, jnp.concatenate([u, before])) + given[gates])
        reset, keep = both[:n_hidden], both[n_hidden:]
        again = product(self.recurrent[last], before) + self.candidate_bias[:, None, None]
        candidate = jnp.tanh(product(self.of_frame[last], u) + given[last] + reset * again)
        return candidate + keep * (h - candidate)


@dataclass(frozen=True)
class Gru(AbstractDecoderForm):
    """Gated recurrent units."""

    def draw(self, *, n_features: int, n_channels: int, key: PRNGKeyArray) -> GruDecoder:
        """A decoder whose readout is 0."""
        h, n_frame = self.hidden, inputs_per_frame(self.reads_current)
        n_in = n_frame + n_channels + n_features
        keys = jax.random.split(key, 4)
        return GruDecoder(
            of_frame=uniform(keys[0], (3 * h, n_frame), n_in),
            of_behavior=uniform(keys[1], (3 * h, n_channels), n_in),
            of_embedding=uniform(keys[2], (3 * h, n_features), n_in),
            bias=jnp.zeros(3 * h),
            recurrent=uniform(keys[3], (3 * h, h), h),
            candidate_bias=jnp.zeros(h),
            readout=jnp.zeros((n_frame, h)),
            window=self.window,
            reads_current=self.reads_current,
        )
