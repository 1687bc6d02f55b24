"""What every stand-in of a circuit shares: scaled inputs in, outputs in the circuit's units out."""

import abc
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num, PRNGKeyArray

from neuroloom.errors import InputError

__all__ = ["AbstractForm", "AbstractStandIn", "StandInScaling", "check_size", "drawn", "respond"]

Inputs = Float[Array, "*batch input"]
Outputs = Float[Array, "*batch output"]


class StandInScaling(eqx.Module):
    """From the units of a circuit's inputs and outputs to SD from the mean. A fit never changes it.

    Attributes:
        input_mean: Of each input, in its unit; 0 where inputs are only scaled.
        input_sd: Likewise; 1 for an input that never changed.
        output_mean: Of each output.
        output_sd: Likewise.
    """

    input_mean: Float[Array, " input"]
    input_sd: Float[Array, " input"]
    output_mean: Float[Array, " output"]
    output_sd: Float[Array, " output"]

    @classmethod
    def none(cls, n_inputs: int, n_outputs: int) -> "StandInScaling":
        """Changes nothing."""
        zero, one = jnp.zeros, jnp.ones
        return cls(zero(n_inputs), one(n_inputs), zero(n_outputs), one(n_outputs))

    @classmethod
    def learned(
        cls,
        inputs: Num[np.ndarray, "*row input"],
        outputs: Num[np.ndarray, "*row output"],
        *,
        centered: bool = True,
    ) -> "StandInScaling":
        """Mean and SD over the rows that a student trains on, and no others.

        Args:
            inputs: Of the training rows.
            outputs: Likewise; NaN where not observed.
            centered: Whether means are taken off; not where 0 has a meaning, as for rates that a
                threshold cuts off.
        """
        moments = []
        for values in (inputs, outputs):
            flat = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
            known = np.isfinite(flat)
            n = np.maximum(known.sum(0), 1)
            mean = np.where(known, flat, 0.0).sum(0) / n
            sd = np.sqrt((np.where(known, flat - mean, 0.0) ** 2).sum(0) / n)
            flat_enough = sd > 1e-9 * np.maximum(np.abs(mean), 1e-300)
            moments += [mean if centered else 0 * mean, np.where(flat_enough, sd, 1.0)]
        return cls(*(jnp.asarray(m, float) for m in moments))

    def standardize_inputs(self, inputs: Inputs) -> Inputs:
        """Inputs in SD from the mean."""
        return (inputs - _row(self.input_mean, inputs)) / _row(self.input_sd, inputs)

    def standardize_outputs(self, outputs: Outputs) -> Outputs:
        """Outputs in SD from the mean."""
        return (outputs - _row(self.output_mean, outputs)) / _row(self.output_sd, outputs)

    def restore(self, scaled: Outputs) -> Outputs:
        """Outputs in the circuit's unit."""
        return _row(self.output_mean, scaled) + _row(self.output_sd, scaled) * scaled


def _row(values: Array, like: Array) -> Array:
    return values.reshape((1,) * (like.ndim - 1) + values.shape)


class AbstractStandIn(eqx.Module):
    """A network that is to answer inputs as a circuit does.

    Attributes:
        scaling: Of inputs and outputs.
    """

    scaling: eqx.AbstractVar[StandInScaling]

    @property
    @abc.abstractmethod
    def needs_time(self) -> bool:
        """Whether it runs over the steps of a trial; if not, any axes may be before the last."""

    @abc.abstractmethod
    def of_scaled(self, inputs: Inputs) -> Outputs:
        """Outputs in SD from the mean, for inputs likewise."""

    @abc.abstractmethod
    def trained(self) -> tuple[Any, ...]:
        """What a fit may change."""

    @abc.abstractmethod
    def fixed(self) -> tuple[Any, ...]:
        """Arrays that a fit leaves alone, and in which members of one fit may differ."""

    def __call__(self, inputs: Inputs) -> Outputs:
        """Outputs in the circuit's unit.

        Args:
            inputs: (trial, time, input) in the circuit's unit; of one without memory also
                (sample, input), or any axes before the last.
        """
        return self.scaling.restore(self.of_scaled(self.scaling.standardize_inputs(inputs)))


@eqx.filter_jit
def respond(student: AbstractStandIn, inputs: Inputs) -> Outputs:
    """What a student answers, in the circuit's unit; compiled once for all that are alike in form.

    Args:
        student: Any.
        inputs: As the student takes them.
    """
    return student(inputs)


@dataclass(frozen=True)
class AbstractForm(abc.ABC):
    """What kind of stand-in, and how large."""

    @abc.abstractmethod
    def draw(self, *, n_inputs: int, n_outputs: int, key: PRNGKeyArray) -> AbstractStandIn:
        """A starting point, with a scaling that changes nothing."""


def check_size(name: str, value: int, least: int) -> None:
    """Refuses sizes below the least.

    Raises:
        InputError: If it is below.
    """
    if value < least:
        raise InputError(
            f"`{name}` of a stand-in must be at least {least}; got {value}. Leave it out for the "
            "default."
        )


def drawn(key: PRNGKeyArray, n_out: int, n_in: int) -> tuple[Array, Array]:
    """Weights [out, in] and biases, uniform between +-1 / sqrt(n_in), as the published students."""
    of_weight, of_bias = jax.random.split(key)
    bound = 1 / max(n_in, 1) ** 0.5
    return (
        jax.random.uniform(of_weight, (n_out, n_in), minval=-bound, maxval=bound),
        jax.random.uniform(of_bias, (n_out,), minval=-bound, maxval=bound),
    )
