"""What all decoders have in common: one small function, shared by every neuron."""

import abc
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError

__all__ = [
    "AbstractDecoder",
    "AbstractDecoderForm",
    "Decoded",
    "Seen",
    "heads",
    "inputs_per_frame",
    "uniform",
]


class Seen(NamedTuple):
    """What a decoder sees of every neuron, frame by frame.

    Attributes:
        own: The neuron's own activity, in SD from its mean.
        size: The absolute value of the current that it receives, in SD; None for decoders that do
            not see it.
        behavior: Variables of the animal, in SD from their means; the same for all neurons.
    """

    own: Float[Array, "trial time neuron"]
    size: Float[Array, "trial time neuron"] | None
    behavior: Float[Array, "trial time channel"]


class Decoded(NamedTuple):
    """What a decoder makes of it.

    Attributes:
        added: What it adds to the forecast.
        gain: By what it multiplies the current, between 0 and 2; None for decoders that do not see
            the current, and leave it alone.
    """

    added: Float[Array, "trial time neuron"]
    gain: Float[Array, "trial time neuron"] | None


class AbstractDecoder(eqx.Module):
    """A function of what one neuron did, received and is, applied to every neuron by itself.

    It cannot see another neuron but through the size of the current. Arrays have features first
    and neurons last: in that layout products and sums over gates run over whole vectors.
    """

    window: eqx.AbstractVar[int]
    reads_current: eqx.AbstractVar[bool]
    remembers: ClassVar[bool]
    together: ClassVar[int]

    @abc.abstractmethod
    def __call__(
        self, seen: Seen, embedding: Float[Array, "feature neuron"], *, skip: int = 0
    ) -> Decoded:
        """What it says after each frame that has `window` frames, from `window` - 1 on.

        Args:
            seen: What it sees.
            embedding: What each neuron is.
            skip: Frames to leave out at the start.
        """

    @abc.abstractmethod
    def start(self, n_trials: int, n_neurons: int) -> Any:
        """What it remembers before the first frame."""

    @abc.abstractmethod
    def step(
        self, memory: Any, seen: Seen, embedding: Float[Array, "feature neuron"]
    ) -> tuple[Any, Decoded]:
        """As `__call__`, one frame after the other: what it remembers, and what it says.

        Args:
            memory: From `start` or the step before.
            seen: One frame.
            embedding: What each neuron is.
        """


@dataclass(frozen=True)
class AbstractDecoderForm(abc.ABC):
    """A kind of decoder, before its parameters are drawn.

    Attributes:
        window: Frames that it sees, at least 1; those before it are burn-in for a recurrent one.
        hidden: Units of each layer.
        reads_current: Whether it sees the size of the current that its neuron receives, and sets
            its gain. If not, the model is linear in all other neurons.
    """

    window: int = 5
    hidden: int = 32
    reads_current: bool = True

    def __post_init__(self) -> None:
        for name in ("window", "hidden"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"`{name}` of a decoder must be at least 1; got {getattr(self, name)}. Leave "
                    "it out for the default."
                )

    @abc.abstractmethod
    def draw(self, *, n_features: int, n_channels: int, key: PRNGKeyArray) -> AbstractDecoder:
        """A decoder that adds 0 and multiplies by 1: a fit starts from the linear model."""


def heads(outputs: Float[Array, "head trial time neuron"]) -> Decoded:
    """What one or two rows of outputs stand for."""
    if len(outputs) == 1:
        return Decoded(outputs[0], None)
    return Decoded(outputs[0], 2 * jax.nn.sigmoid(outputs[1]))


def inputs_per_frame(reads_current: bool) -> int:
    """Numbers that a decoder sees of a neuron in one frame, without behavior."""
    return 2 if reads_current else 1


def uniform(key: PRNGKeyArray, shape: tuple[int, ...], n_in: int) -> Array:
    """Weights between +-1 / sqrt(n_in), as wide as `n_in` inputs of SD 1 ask for."""
    return jax.random.uniform(key, shape, minval=-1.0, maxval=1.0) / max(n_in, 1) ** 0.5
