"""Codes of a heading in the outputs of a network: its sine and cosine, or a bump on a ring."""

import abc
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.errors import InputError

__all__ = ["AbstractHeadingCode", "Ring", "SineCosine", "wrapped"]


class AbstractHeadingCode(abc.ABC):
    """How many outputs a heading has (`n_outputs`), what they should be, and how to read them."""

    n_outputs: int

    @abc.abstractmethod
    def targets(self, heading: Float[Array, "trial time"]) -> Float[Array, "trial time output"]:
        """What the outputs should be, dimensionless."""

    @abc.abstractmethod
    def decode(self, outputs: Float[Array, "trial time output"]) -> Float[Array, "trial time"]:
        """Heading in rad, [0, 2 pi)."""


def wrapped(angle: Float[Array, "trial time"]) -> Float[Array, "trial time"]:
    """The same angle in [0, 2 pi) rad.

    Args:
        angle: In rad. A tiny negative one, whose remainder rounds to 2 pi, becomes 0.
    """
    turned = jnp.mod(angle, 2 * np.pi)
    return jnp.where(turned >= 2 * np.pi, 0.0, turned)


@dataclass(frozen=True)
class SineCosine(AbstractHeadingCode):
    """Two outputs, the sine and then the cosine of the heading, as published.

    Example:
        >>> import jax.numpy as jnp
        >>> code = SineCosine()
        >>> code.decode(code.targets(jnp.array([[1.0, 4.0]]))).round(5).tolist()
        [[1.0, 4.0]]

    Source:
        Cueva, Wang, Chin and Wei, ICLR 2020, arXiv 1912.10189.
    """

    n_outputs = 2

    def targets(self, heading: Float[Array, "trial time"]) -> Float[Array, "trial time output"]:
        """Sine and cosine, dimensionless.

        Args:
            heading: In rad.
        """
        return jnp.stack([jnp.sin(heading), jnp.cos(heading)], axis=-1)

    def decode(self, outputs: Float[Array, "trial time output"]) -> Float[Array, "trial time"]:
        """Heading in rad, [0, 2 pi): the angle of the outputs, whatever their length.

        Args:
            outputs: Of the network, sine first.
        """
        return wrapped(jnp.arctan2(outputs[..., 0], outputs[..., 1]))


@dataclass(frozen=True)
class Ring(AbstractHeadingCode):
    r"""A bump on a ring of outputs, each with a preferred heading.

    $$y_k = e^{\kappa (\cos(\theta - 2 \pi k / n) - 1)}, \qquad
    \hat\theta = \arg \sum_k y_k e^{2 \pi i k / n}$$

    Attributes:
        n_outputs: n, outputs around the ring, evenly spaced from 0; at least 3.
        concentration: kappa above 0, dimensionless; 4 is a bump of 68 degrees at half height,
            which the population vector reads back to 0.004 rad with 8 outputs, 7e-6 with 12 and
            3e-9 with 16.

    Example:
        >>> import jax.numpy as jnp
        >>> code = Ring(n_outputs=16)
        >>> [round(value, 3) for value in code.targets(jnp.zeros((1, 1)))[0, 0, :3].tolist()]
        [1.0, 0.738, 0.31]

    Source:
        A ring of outputs in place of sine and cosine is an option of P. Wang's independent model,
        github pwang724/Neural_head_direction, with one-hot or bump outputs; this bump is ours.
    """

    n_outputs: int = 16
    concentration: float = 4.0

    def __post_init__(self) -> None:
        if self.n_outputs < 3 or not 0 < self.concentration < np.inf:
            raise InputError(
                "`n_outputs` must be at least 3 and `concentration` above 0; got "
                f"{self.n_outputs} and {self.concentration}. Use 16 and 4."
            )

    @property
    def preferred(self) -> np.ndarray:
        """Preferred heading of each output, in rad."""
        return 2 * np.pi * np.arange(self.n_outputs) / self.n_outputs

    def targets(self, heading: Float[Array, "trial time"]) -> Float[Array, "trial time output"]:
        """The bump, dimensionless, 1 at its peak.

        Args:
            heading: In rad.
        """
        away = heading[:, :, None] - jnp.asarray(self.preferred, heading.dtype)[None, None, :]
        return jnp.exp(self.concentration * (jnp.cos(away) - 1))

    def decode(self, outputs: Float[Array, "trial time output"]) -> Float[Array, "trial time"]:
        """Heading in rad, [0, 2 pi): the angle of the population vector.

        Args:
            outputs: Of the network, in the order of the ring.
        """
        preferred = jnp.asarray(self.preferred, outputs.dtype)
        return wrapped(jnp.arctan2(outputs @ jnp.sin(preferred), outputs @ jnp.cos(preferred)))
