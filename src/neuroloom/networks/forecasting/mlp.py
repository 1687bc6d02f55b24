"""A decoder that sees a window of frames at once."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.forecasting.decoder import (
    AbstractDecoder,
    AbstractDecoderForm,
    Decoded,
    Seen,
    heads,
    inputs_per_frame,
    uniform,
)

__all__ = ["Mlp", "MlpDecoder"]


class MlpDecoder(AbstractDecoder):
    r"""Layers of tanh over the last d frames of one neuron.

    $$h^1 = \tanh(W u + V b + E e + c), \quad h^{n+1} = \tanh(H^n h^n + c^n), \quad y = w h$$

    with u the neuron's own activity and the size of its current in the window, b the behavior in
    it, e the embedding. y are what it adds and, through 2 / (1 + exp(-y)), the gain.

    Attributes:
        of_window: W, columns for the frames back of own activity, then of the current.
        of_behavior: V, for each frame back and channel.
        of_embedding: E.
        bias: c of the first layer.
        hidden: H of further layers.
        hidden_bias: c of further layers.
        readout: w.
        window: d.
        reads_current: Whether the current is in u, and has a gain.
    """

    of_window: Float[Array, "hidden column"]
    of_behavior: Float[Array, "hidden window channel"]
    of_embedding: Float[Array, "hidden feature"]
    bias: Float[Array, " hidden"]
    hidden: Float[Array, "layer hidden hidden"]
    hidden_bias: Float[Array, "layer hidden"]
    readout: Float[Array, "head hidden"]
    window: int = eqx.field(static=True)
    reads_current: bool = eqx.field(static=True)
    remembers: ClassVar[bool] = False
    together: ClassVar[int] = 1

    def __call__(
        self, seen: Seen, embedding: Float[Array, "feature neuron"], *, skip: int = 0
    ) -> Decoded:
        """What it says after each frame that has d frames."""
        seen = jax.tree.map(lambda part: part[:, skip:], seen)
        rows = _back(seen.own, self.window)
        if seen.size is not None and self.reads_current:
            rows += _back(seen.size, self.window)
        x = jnp.stack(rows)
        n_hidden, shape = len(self.bias), x.shape[1:]
        added = (self.of_embedding @ embedding + self.bias[:, None])[:, None, None]
        if self.of_behavior.shape[2]:
            shown = jnp.stack(_back(seen.behavior, self.window))
            added = added + jnp.einsum("hdc,dtfc->htf", self.of_behavior, shown)[..., None]
        # Products of flat matrices: over several axes XLA transposes, and takes twice as long.
        x = (self.of_window @ x.reshape(len(x), -1)).reshape(n_hidden, *shape)
        x = jnp.tanh(x + added).reshape(n_hidden, -1)
        for weight, bias in zip(self.hidden, self.hidden_bias, strict=True):
            x = jnp.tanh(weight @ x + bias[:, None])
        return heads((self.readout @ x).reshape(-1, *shape))

    def start(self, n_trials: int, n_neurons: int) -> Seen:
        """The frames before the window: all 0."""
        shape, dtype = (n_trials, self.window - 1, n_neurons), self.bias.dtype
        channels = (n_trials, self.window - 1, self.of_behavior.shape[2])
        size = jnp.zeros(shape, dtype) if self.reads_current else None
        return Seen(jnp.zeros(shape, dtype), size, jnp.zeros(channels, dtype))

    def step(
        self, memory: Seen, seen: Seen, embedding: Float[Array, "feature neuron"]
    ) -> tuple[Seen, Decoded]:
        """The window moved on by one frame, and what it says after it."""
        if not self.reads_current:
            seen = seen._replace(size=None)
        whole = jax.tree.map(lambda *parts: jnp.concatenate(parts, axis=1), memory, seen)
        return jax.tree.map(lambda part: part[:, 1:], whole), self(whole, embedding)


@dataclass(frozen=True)
class Mlp(AbstractDecoderForm):
    """Layers over a window of frames.

    Attributes:
        n_layers: Hidden layers, at least 1.
    """

    n_layers: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_layers < 1:
            raise InputError(
                f"`n_layers` must be at least 1; got {self.n_layers}. Leave it out for the default."
            )

    def draw(self, *, n_features: int, n_channels: int, key: PRNGKeyArray) -> MlpDecoder:
        """A decoder whose readout is 0."""
        h, d, more = self.hidden, self.window, self.n_layers - 1
        columns = d * inputs_per_frame(self.reads_current)
        n_in = columns + d * n_channels + n_features
        keys = jax.random.split(key, 4)
        return MlpDecoder(
            of_window=uniform(keys[0], (h, columns), n_in),
            of_behavior=uniform(keys[1], (h, d, n_channels), n_in),
            of_embedding=uniform(keys[2], (h, n_features), n_in),
            bias=jnp.zeros(h),
            hidden=uniform(keys[3], (more, h, h), h),
            hidden_bias=jnp.zeros((more, h)),
            readout=jnp.zeros((inputs_per_frame(self.reads_current), h)),
            window=d,
            reads_current=self.reads_current,
        )


def _back(series: Array, window: int) -> list[Array]:
    """The series 0, 1, ... frames back from each frame that has `window` frames."""
    n = series.shape[1]
    return [series[:, window - 1 - back : n - back] for back in range(window)]
