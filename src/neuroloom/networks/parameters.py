"""Parameters that state their unit and their sharing: per neuron, per cell type, or global."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from neuroloom.errors import InputError
from neuroloom.networks.constraints import AbstractConstraint, Free

__all__ = ["Shared", "global_value", "per_group", "per_neuron"]


FREE = Free()


class Shared(eqx.Module):
    """One value a group of neurons.

    Attributes:
        value: The raw value of each group, which an optimizer moves. Without a constraint it is the
            parameter itself; read parameters with `expand`.
        group: The group of each neuron.
        sharing: `neuron`, `cell_type` (or another column), or `global`; for reports.
        unit: Unit of the parameter; for reports.
        constraint: From raw values to parameters.
    """

    value: Float[Array, " group"]
    group: Int[Array, " neuron"]
    sharing: str = eqx.field(static=True)
    unit: str = eqx.field(static=True)
    constraint: AbstractConstraint = eqx.field(static=True, default=FREE)

    def expand(self) -> Float[Array, " neuron"]:
        """The parameter of each neuron, in `unit`."""
        return self.constraint(self.value)[self.group]


def per_neuron(
    value: Float[np.ndarray, " neuron"] | float,
    n_neurons: int,
    *,
    unit: str,
    constraint: AbstractConstraint = FREE,
) -> Shared:
    """A free value for every neuron.

    Args:
        value: The values, or one value to start every neuron from, in `unit`.
        n_neurons: Number of neurons.
        unit: Unit of the value.
        constraint: Where it may go while it is trained.

    Raises:
        InputError: If the values are not one a neuron, or outside the constraint's range.
    """
    raw = _values(value, n_neurons, constraint)
    return Shared(raw, jnp.arange(n_neurons), "neuron", unit, constraint)


def per_group(
    value: Float[np.ndarray, " group"] | float,
    label: Shaped[np.ndarray, " neuron"],
    *,
    unit: str,
    sharing: str = "cell_type",
    constraint: AbstractConstraint = FREE,
) -> Shared:
    """A free value for every distinct label, such as a cell type. Unlabelled neurons share one.

    Args:
        value: Values to start the groups from, in the order of their sorted labels, or one value
            for all, in `unit`.
        label: The group of each neuron.
        unit: Unit of the value.
        sharing: What the label is, for reports.
        constraint: Where it may go while it is trained.

    Example:
        >>> gain = per_group(1.0, np.array(["AVA", "AVA", "ASH"]), unit="1")
        >>> gain.value.shape, gain.expand().shape
        ((2,), (3,))
    """
    names, group = np.unique(label, return_inverse=True)
    raw = _values(value, len(names), constraint)
    return Shared(raw, jnp.asarray(group), sharing, unit, constraint)


def global_value(
    value: float, n_neurons: int, *, unit: str, constraint: AbstractConstraint = FREE
) -> Shared:
    """One value for all neurons."""
    raw = _values(value, 1, constraint)
    return Shared(raw, jnp.zeros(n_neurons, jnp.int32), "global", unit, constraint)


def _values(
    value: Float[np.ndarray, " group"] | float, n: int, constraint: AbstractConstraint
) -> Array:
    values = np.asarray(value, dtype=float)
    if values.ndim and values.shape != (n,):
        raise InputError(
            f"A parameter must have one value a group ({n}) or a single one; its shape is "
            f"{values.shape}. Give the values in the order of the connectome's neurons."
        )
    if not np.isfinite(values).all():
        raise InputError(
            f"A parameter must be finite; {(~np.isfinite(values)).sum()} values are not. Give a "
            "starting value for every group."
        )
    return jnp.asarray(constraint.raw(np.broadcast_to(values, (n,)).copy()))
