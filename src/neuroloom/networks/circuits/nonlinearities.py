"""Nine nonlinearities, one drawn for each neuron, computed together."""

import enum

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from neuroloom.errors import InputError, nearest
from neuroloom.networks.activations import AbstractActivation

__all__ = ["NINE", "Nonlinearity", "PerNeuronActivation"]


class Nonlinearity(enum.Enum):
    """What one neuron makes of its input; the values are the words of the neuron column."""

    IDENTITY = "identity"
    RELU = "relu"
    ELU = "elu"
    SILU = "silu"
    CELU = "celu"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    LEAKY_RELU_1 = "leaky_relu_0.1"
    LEAKY_RELU_2 = "leaky_relu_0.2"
    LEAKY_RELU_3 = "leaky_relu_0.3"


NINE = tuple(kind for kind in Nonlinearity if kind is not Nonlinearity.IDENTITY)
"""Those that the published circuits draw from. ELU and CELU of alpha 1 are one function."""

# Coefficients of max(x, 0), min(x, 0), exp(min(x, 0)) - 1, sigmoid(k x), x sigmoid(k x), 1; then k.
_TABLE = {
    Nonlinearity.IDENTITY: (1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    Nonlinearity.RELU: (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    Nonlinearity.ELU: (1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    Nonlinearity.SILU: (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0),
    Nonlinearity.CELU: (1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    Nonlinearity.TANH: (0.0, 0.0, 0.0, 2.0, 0.0, -1.0, 2.0),
    Nonlinearity.SIGMOID: (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0),
    Nonlinearity.LEAKY_RELU_1: (1.0, 0.1, 0.0, 0.0, 0.0, 0.0, 1.0),
    Nonlinearity.LEAKY_RELU_2: (1.0, 0.2, 0.0, 0.0, 0.0, 0.0, 1.0),
    Nonlinearity.LEAKY_RELU_3: (1.0, 0.3, 0.0, 0.0, 0.0, 0.0, 1.0),
}


class PerNeuronActivation(AbstractActivation):
    r"""One of nine nonlinearities for each neuron, dimensionless.

    $$\phi(x) = c_1 [x]_+ - c_2 [-x]_+ + c_3 (e^{-[-x]_+} - 1) + (c_4 + c_5 x)\,\sigma(k x) + c_6$$

    All nine are of this form, so that a layer costs two exponentials a neuron whatever it mixes.
    In 32 bits tanh and ELU are right to 1e-7, not to 1e-7 of their value near 0.

    Attributes:
        coefficient: c_1 to c_6, then k, of each neuron.

    Source:
        The nine: Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022). One form for all is ours.
    """

    coefficient: Float[Array, "7 neuron"] = eqx.field(converter=jnp.asarray)

    @classmethod
    def from_names(cls, name: Shaped[np.ndarray, " neuron"]) -> "PerNeuronActivation":
        """Nonlinearities by the words of `Nonlinearity`.

        Raises:
            InputError: If a word is not known; names the nearest.
        """
        table = {kind.value: row for kind, row in _TABLE.items()}
        known, which = np.unique(name, return_inverse=True)
        for word in known.tolist():
            if word not in table:
                raise InputError(
                    f"`nonlinearity` must be one of {', '.join(table)}; got {word!r} "
                    f"({int((name == word).sum())} such). {nearest(str(word), table)}"
                )
        rows = np.array([table[word] for word in known.tolist()]).reshape(-1, 7)
        return cls(jnp.asarray(rows[which].T, jnp.result_type(float)))

    def of(self, neurons: slice) -> "PerNeuronActivation":
        """The same for some of the neurons."""
        return PerNeuronActivation(self.coefficient[:, neurons])

    def __call__(self, x: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rate at state x; does not overflow."""
        shape = (1,) * (x.ndim - 1) + x.shape[-1:]
        up, down, bent, squashed, gated, offset, k = (
            row.reshape(shape).astype(x.dtype) for row in self.coefficient
        )
        below = jnp.minimum(x, 0)
        straight = up * jnp.maximum(x, 0) + down * below + bent * (jnp.exp(below) - 1)
        return straight + (squashed + gated * x) * jax.nn.sigmoid(k * x) + offset

    def with_slope(
        self, x: Float[Array, "*batch neuron"]
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """The rate and its slope, by forward differentiation; half a kink's jump at 0."""
        return jax.jvp(self, (x,), (jnp.ones_like(x),))
