"""Where a trained parameter may go: each constraint maps any real number into its range."""

import abc
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.errors import InputError

__all__ = ["AbstractConstraint", "Bounded", "Exponential", "Free", "Rectified"]


@dataclass(frozen=True)
class AbstractConstraint(abc.ABC):
    """A map from the raw number that an optimizer moves to the parameter that a network uses."""

    @abc.abstractmethod
    def __call__(self, raw: Float[Array, " group"]) -> Float[Array, " group"]:
        """The parameter of each raw number, in its own unit."""

    @abc.abstractmethod
    def raw(self, value: Float[np.ndarray, " group"]) -> Float[np.ndarray, " group"]:
        """The raw number of each parameter, so that calling the constraint gives it back.

        Raises:
            InputError: If a parameter is outside the range.
        """


@dataclass(frozen=True)
class Free(AbstractConstraint):
    """Any number: the parameter is the raw number."""

    def __call__(self, raw: Float[Array, " group"]) -> Float[Array, " group"]:
        """The raw number itself."""
        return raw

    def raw(self, value: Float[np.ndarray, " group"]) -> Float[np.ndarray, " group"]:
        """The parameter itself."""
        return value


@dataclass(frozen=True)
class Rectified(AbstractConstraint):
    r"""At least 0: $$\max(x, 0)$$. Below 0 its gradient is 0, and the parameter stays where it is.

    Source:
        Gains of Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), synthetic networks.
    """

    def __call__(self, raw: Float[Array, " group"]) -> Float[Array, " group"]:
        """The raw number, or 0."""
        return jax.nn.relu(raw)

    def raw(self, value: Float[np.ndarray, " group"]) -> Float[np.ndarray, " group"]:
        """The parameter itself."""
        return _inside(value, value >= 0, "at least 0")


@dataclass(frozen=True)
class Exponential(AbstractConstraint):
    r"""Above 0: $$e^x$$, so that a step changes the parameter by a factor.

    Source:
        Gains of the central complex and of the zebrafish in the same paper.
    """

    def __call__(self, raw: Float[Array, " group"]) -> Float[Array, " group"]:
        """The exponential of the raw number."""
        return jnp.exp(raw)

    def raw(self, value: Float[np.ndarray, " group"]) -> Float[np.ndarray, " group"]:
        """The logarithm of the parameter."""
        return np.log(_inside(value, value > 0, "above 0"))


@dataclass(frozen=True)
class Bounded(AbstractConstraint):
    r"""Between two bounds: $$l + (h - l)\,(1 + \tanh x) / 2$$.

    Attributes:
        low: l, in the unit of the parameter.
        high: h, above l.

    Source:
        Time constants of the central complex in the same paper, with bounds 0.2 and 5.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not -np.inf < self.low < self.high < np.inf:
            raise InputError(
                f"Bounds must be finite and `low` below `high`; got {self.low} and {self.high}. "
                "Give, for example, Bounded(0.2, 5.0)."
            )

    def __call__(self, raw: Float[Array, " group"]) -> Float[Array, " group"]:
        """The bounds are approached and never reached."""
        return self.low + (self.high - self.low) * (1 + jnp.tanh(raw)) / 2

    def raw(self, value: Float[np.ndarray, " group"]) -> Float[np.ndarray, " group"]:
        """The inverse hyperbolic tangent of where the parameter lies between the bounds."""
        inside = (value > self.low) & (value < self.high)
        _inside(value, inside, f"between {self.low} and {self.high}, bounds excluded")
        return np.arctanh(2 * (value - self.low) / (self.high - self.low) - 1)


def _inside(value: np.ndarray, inside: np.ndarray, rule: str) -> np.ndarray:
    if not inside.all():
        raise InputError(
            f"A parameter must be {rule}, its constraint says; {(~inside).sum()} of {inside.size} "
            f"are not, such as {value[~inside].flat[0]}. Start it inside, or use another "
            "constraint."
        )
    return value
