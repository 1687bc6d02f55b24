"""A network to first order in its unknown parameters: products with S and its transpose."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from neuroloom.analysis.identifiability.sensitivity import LARGEST, Sensitivity
from neuroloom.errors import InputError
from neuroloom.fitting.trainable import trainable_mask

__all__ = ["Linearization", "linearize"]

_CHUNK = 20_000_000  # numbers that one batch of products may hold: 80 MB in single precision


@dataclass(frozen=True, eq=False)
class Linearization:
    r"""$\delta r = S\,\delta z$ around a network, with S never formed until it is asked for.

    Attributes:
        activity: What the neurons do in the network itself, unit of activity.
        parameters: Values of the unknown parameters, in the order of the columns of S.
        prior_sd: Their prior SDs; z is in units of these.
        unravel: From parameters to the network that has them.
        forward: S v for one v, in JAX.
        backward: S' w for one w, in JAX.
        n_at_once: Products that are made together.
        done: Called with the number of products whenever some are made; moves a progress bar.
    """

    activity: Float[np.ndarray, "neuron sample"]
    parameters: Float[np.ndarray, " parameter"]
    prior_sd: Float[np.ndarray, " parameter"]
    unravel: Callable[[Array], Any]
    forward: Callable[[Array], Array]
    backward: Callable[[Array], Array]
    n_at_once: int
    done: Callable[[int], object] = field(default=lambda n: None, repr=False)

    @property
    def n_parameters(self) -> int:
        """Number of unknown parameters."""
        return len(self.parameters)

    def apply(
        self, directions: Float[np.ndarray, "parameter direction"]
    ) -> Float[np.ndarray, "neuron sample direction"]:
        """S times each direction, given in units of the prior SD: one forward sensitivity each."""
        found = self._in_chunks(self.forward, directions * self.prior_sd[:, None])
        return found.reshape(*self.activity.shape, directions.shape[1])

    def apply_transposed(
        self, activity: Float[np.ndarray, "neuron sample direction"]
    ) -> Float[np.ndarray, "parameter direction"]:
        """S' times each direction of activity, in units of the prior SD: one gradient each."""
        flat = activity.reshape(-1, activity.shape[2])
        return self._in_chunks(self.backward, flat) * self.prior_sd[:, None]

    def sensitivity(self) -> Sensitivity:
        """All of S: exact, where it is small enough.

        Raises:
            InputError: If it has more than 10^8 entries.
        """
        size = self.activity.size * self.n_parameters
        if size > LARGEST:
            n, k = self.activity.shape
            raise InputError(
                f"All sensitivities must have at most {LARGEST:,} entries; {n:,} neurons x {k:,} "
                f"samples x {self.n_parameters:,} parameters are {size:,}. Take fewer samples "
                "(`every`), share parameters by cell type, or use `leading_sensitivity`."
            )
        return Sensitivity(self.apply(np.eye(self.n_parameters)))

    def _in_chunks(
        self, product: Callable[[Array], Array], vectors: Float[np.ndarray, "long direction"]
    ) -> Float[np.ndarray, "other direction"]:
        dtype = self.prior_dtype
        parts = []
        for start in range(0, vectors.shape[1], self.n_at_once):
            part = vectors[:, start : start + self.n_at_once]
            missing = self.n_at_once - part.shape[1]  # one shape, compiled once
            padded = np.pad(part, ((0, 0), (0, missing)))
            made = np.asarray(product(jnp.asarray(padded.T, dtype)), np.float64)
            parts.append(made[: part.shape[1]].T)
            self.done(part.shape[1])
        return np.concatenate(parts, axis=1)

    @property
    def prior_dtype(self) -> Any:
        """Precision in which the network computes."""
        return jnp.asarray(0.0).dtype


def linearize(
    network: eqx.Module,
    outputs: Callable[[Any], Float[Array, "trial time neuron"]],
    *,
    trainable: Callable[[Any], Any],
    prior_sd: PyTree,
    every: int = 1,
) -> Linearization:
    r"""The network's activity to first order in its unknown parameters.

    Args:
        network: Any Equinox module; the point at which it is linearized.
        outputs: From a network to what its neurons do, a pure function in JAX that forward mode can
            go through: `lambda n: n.rate(simulate(n, inputs, dt=0.01, adjoint=False))`.
        trainable: Picks the unknown parameters, such as `lambda n: (n.gain.value, n.bias.value)`.
        prior_sd: How far off each may be, as SD in its unit: numbers or arrays in the same
            structure as `trainable` returns, such as `(0.3, 0.5)`.
        every: Keeps every n-th sample of each trial, the n-th first; counts from `outputs`' time
            step. Noise then is that of a kept sample.

    Raises:
        InputError: If nothing is picked, the SDs do not fit, or no sample is kept.

    Source:
        Jacobian-vector and vector-Jacobian products by automatic differentiation, as in
        Gauss-Newton methods; nothing is approximated by differences.
    """
    mask = trainable_mask(network, trainable)
    free, fixed = eqx.partition(network, mask)
    theta, restore = ravel_pytree(free)
    spread = _spread(network, trainable, mask, prior_sd)
    shape = jax.eval_shape(outputs, network).shape
    if len(shape) != 3:
        raise InputError(
            f"`outputs` must return (trial, time, neuron); its shape is {shape}. Put trials in "
            "front, also if there is one."
        )
    if not 1 <= every <= shape[1]:
        raise InputError(
            f"`every` must be 1 to the number of time steps ({shape[1]}), or nothing is kept; got "
            f"{every}. 1 keeps all."
        )

    def activity(theta: Array) -> Array:
        made = outputs(eqx.combine(restore(theta), fixed))[:, every - 1 :: every]
        return jnp.moveaxis(made, 2, 0).reshape(shape[2], -1)

    now, tangent = jax.linearize(activity, theta)
    transposed = jax.linear_transpose(tangent, theta)
    return Linearization(
        activity=np.asarray(now, np.float64),
        parameters=np.asarray(theta, np.float64),
        prior_sd=spread,
        unravel=lambda theta: eqx.combine(restore(theta), fixed),
        forward=jax.jit(jax.vmap(lambda v: tangent(v).ravel())),
        backward=jax.jit(jax.vmap(lambda w: transposed(w.reshape(now.shape))[0])),
        n_at_once=int(np.clip(_CHUNK // np.prod(shape), 1, min(64, max(theta.size, 1)))),
    )


def _spread(
    network: eqx.Module, trainable: Callable[[Any], Any], mask: PyTree, prior_sd: PyTree
) -> Float[np.ndarray, " parameter"]:
    """The prior SD of every parameter, in the order in which they are raveled."""
    leaves, structure = jax.tree.flatten(network)
    chosen = jax.tree.leaves(mask)
    numbers = jax.tree.leaves(trainable(jax.tree.unflatten(structure, range(len(leaves)))))
    numbers = [number for number in numbers if chosen[number]]
    given = jax.tree.leaves(prior_sd)
    if len(given) != len(numbers):
        raise InputError(
            f"`prior_sd` must have one entry for each array that `trainable` picks "
            f"({len(numbers)}); it has {len(given)}. Give SDs in the same structure."
        )
    spread: dict[int, np.ndarray] = {}
    for number, sd in zip(numbers, given, strict=True):
        values, shape = np.asarray(sd, np.float64), leaves[number].shape
        if values.shape not in ((), shape) or not ((values > 0) & np.isfinite(values)).all():
            raise InputError(
                f"A prior SD must be above 0 and finite, one number or one a parameter {shape}; "
                f"got shape {values.shape}, smallest {values.min():g}. To hold a parameter fixed, "
                "leave it out of `trainable`."
            )
        spread[number] = np.broadcast_to(values, shape).ravel()
    return np.concatenate([spread[number] for number in sorted(spread)])
