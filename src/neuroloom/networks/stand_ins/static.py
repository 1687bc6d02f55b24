"""Stand-ins without a memory: what they say at t hangs on the input at t alone."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.stand_ins.stand_in import (
    AbstractForm,
    AbstractStandIn,
    StandInScaling,
    check_size,
    drawn,
)

__all__ = ["AsPublishedForm", "LinearForm", "LinearStandIn", "MlpForm", "MlpStandIn", "padded"]


class LinearStandIn(AbstractStandIn):
    """A linear map: y = W u + b.

    Attributes:
        weight: W, [output, input], between scaled units.
        bias: b.
        scaling: Of inputs and outputs.
    """

    weight: Float[Array, "output input"]
    bias: Float[Array, " output"]
    scaling: StandInScaling

    @property
    def needs_time(self) -> bool:
        """No."""
        return False

    def of_scaled(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch output"]:
        """One product."""
        flat = inputs.reshape(-1, inputs.shape[-1]) @ self.weight.T + self.bias[None]
        return flat.reshape(*inputs.shape[:-1], -1)

    def trained(self) -> tuple[Any, ...]:
        """W and b."""
        return self.weight, self.bias

    def fixed(self) -> tuple[Any, ...]:
        """The scaling."""
        return (self.scaling,)


class MlpStandIn(AbstractStandIn):
    r"""Layers of rectified units.

    $$x^0 = [W u + c]_+, \quad x^{l} = [H^l x^{l-1} + d^l]_+, \quad y = R x^n + e$$

    It may have room for more units and layers than it uses, so that small and large ones are of one
    shape and are trained by one program. Units that are not used are 0 and pass no gradient; a
    layer that is not used is passed by and, where members run one after another, costs nothing.

    Attributes:
        first: W, [hidden, input].
        first_bias: c.
        hidden: H, [layer, hidden, hidden].
        hidden_bias: d.
        readout: R, [output, hidden].
        readout_bias: e.
        unit: 1 for each unit that is used, else 0.
        layer: 1 for each of the layers H that is used, else 0.
        scaling: Of inputs and outputs.

    Source:
        The MLP of Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022).
    """

    first: Float[Array, "hidden input"]
    first_bias: Float[Array, " hidden"]
    hidden: Float[Array, "layer hidden hidden"]
    hidden_bias: Float[Array, "layer hidden"]
    readout: Float[Array, "output hidden"]
    readout_bias: Float[Array, " output"]
    unit: Float[Array, " hidden"]
    layer: Float[Array, " layer"]
    scaling: StandInScaling

    @property
    def needs_time(self) -> bool:
        """No."""
        return False

    def of_scaled(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch output"]:
        """Units in rows and samples in columns: the layout that is fast on a CPU."""
        used = self.unit[:, None]
        x = inputs.reshape(-1, inputs.shape[-1]).T
        x = used * jax.nn.relu(self.first @ x + self.first_bias[:, None])
        for weight, bias, on in zip(self.hidden, self.hidden_bias, self.layer, strict=True):
            x = jax.lax.cond(
                on > 0,
                lambda x, w=weight, b=bias: used * jax.nn.relu(w @ x + b[:, None]),
                lambda x: x,
                x,
            )
        y = self.readout @ x + self.readout_bias[:, None]
        return y.T.reshape(*inputs.shape[:-1], -1)

    def trained(self) -> tuple[Any, ...]:
        """All weights and biases."""
        return (
            self.first,
            self.first_bias,
            self.hidden,
            self.hidden_bias,
            self.readout,
            self.readout_bias,
        )

    def fixed(self) -> tuple[Any, ...]:
        """Which units and layers are used, and the scaling."""
        return self.unit, self.layer, self.scaling


def padded(student: MlpStandIn, *, width: int, depth: int) -> MlpStandIn:
    """The same function with room for more: trained, it stays what the small one becomes.

    Args:
        student: Any.
        width: Units that there is to be room for.
        depth: Layers after the first that there is to be room for.

    Raises:
        InputError: If there is less room than the student has.
    """
    more_units, more_layers = width - student.unit.size, depth - student.layer.size
    if more_units < 0 or more_layers < 0:
        raise InputError(
            f"Room must be at least that of the student, {student.unit.size} units and "
            f"{student.layer.size} layers; got {width} and {depth}. Pad to the largest of a sweep."
        )
    units, layers = (0, more_units), (0, more_layers)
    return MlpStandIn(
        first=jnp.pad(student.first, (units, (0, 0))),
        first_bias=jnp.pad(student.first_bias, units),
        hidden=jnp.pad(student.hidden, (layers, units, units)),
        hidden_bias=jnp.pad(student.hidden_bias, (layers, units)),
        readout=jnp.pad(student.readout, ((0, 0), units)),
        readout_bias=student.readout_bias,
        unit=jnp.pad(student.unit, units),
        layer=jnp.pad(student.layer, layers),
        scaling=student.scaling,
    )


@dataclass(frozen=True)
class LinearForm(AbstractForm):
    """A linear map."""

    def draw(self, *, n_inputs: int, n_outputs: int, key: PRNGKeyArray) -> LinearStandIn:
        """A random one; `fit_linear` needs none."""
        weight, bias = drawn(key, n_outputs, n_inputs)
        return LinearStandIn(
            weight=weight, bias=bias, scaling=StandInScaling.none(n_inputs, n_outputs)
        )


@dataclass(frozen=True)
class MlpForm(AbstractForm):
    """Layers of rectified units.

    Attributes:
        width: Units of each layer, h.
        depth: Layers after the first, n; 0 leaves one hidden layer.
        room_width: Units that there is to be room for; 0 for `width`.
        room_depth: Layers that there is to be room for; 0 for `depth`.
    """

    width: int = 256
    depth: int = 4
    room_width: int = 0
    room_depth: int = 0

    def __post_init__(self) -> None:
        check_size("width", self.width, 1)
        check_size("depth", self.depth, 0)

    def draw(self, *, n_inputs: int, n_outputs: int, key: PRNGKeyArray) -> MlpStandIn:
        """A random one, the same whatever the room."""
        h, n = self.width, self.depth
        first, last, *rest = jax.random.split(key, 2 + n)
        of_first, of_last = drawn(first, h, n_inputs), drawn(last, n_outputs, h)
        layers = [drawn(k, h, h) for k in rest]
        student = MlpStandIn(
            first=of_first[0],
            first_bias=of_first[1],
            hidden=jnp.stack([w for w, _ in layers]) if n else jnp.zeros((0, h, h)),
            hidden_bias=jnp.stack([b for _, b in layers]) if n else jnp.zeros((0, h)),
            readout=of_last[0],
            readout_bias=of_last[1],
            unit=jnp.ones(h),
            layer=jnp.ones(n),
            scaling=StandInScaling.none(n_inputs, n_outputs),
        )
        return padded(student, width=self.room_width or h, depth=self.room_depth or n)


@dataclass(frozen=True)
class AsPublishedForm(AbstractForm):
    """What the published recurrent student computes: one hidden layer, and no recurrence.

    In the authors' code the readout is applied to the first rectified layer; the LSTM and the
    layers after it are computed and thrown away. Every number published for it is one of this net.

    Attributes:
        width: Units of the layer.

    Source:
        Code of Liu, Mavor-Parker and Barry (2022). Weights that change nothing are left out.
    """

    width: int = 256

    def draw(self, *, n_inputs: int, n_outputs: int, key: PRNGKeyArray) -> MlpStandIn:
        """A random one."""
        form = MlpForm(self.width, 0)
        return form.draw(n_inputs=n_inputs, n_outputs=n_outputs, key=key)
