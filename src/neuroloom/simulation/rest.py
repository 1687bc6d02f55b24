"""Where a network comes to rest under constant input, and how it answers small changes of it."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, Int, PyTree

from neuroloom.errors import InputError, SimulationError
from neuroloom.networks import GainSide, RateNetwork

__all__ = ["linear_response", "steady_state"]


def steady_state(
    network: RateNetwork,
    inputs: Float[Array, "*trial neuron"],
    *,
    initial: Float[Array, "*trial neuron"] | None = None,
    tolerance: float = 1e-5,
    max_steps: int = 2_000,
    damping: float = 0.5,
) -> Float[Array, "*trial neuron"]:
    r"""States at which the network rests under constant input: x with dx/dt = 0.

    Damped fixed-point iteration, $x \leftarrow x + a\,(F(x) - x)$ with
    $F(x) = u + \text{current}(x)$; time constants do not matter for where it rests. The gradient is
    that of the implicit function theorem, by the same iteration on the adjoint, so memory does not
    grow with iterations.

    Args:
        network: Parameters and equation.
        inputs: Constant input, in units of the state. Any trial axes in front.
        initial: Where to start; default 0. With several fixed points it decides which is found.
        tolerance: Largest |F(x) - x| that counts as rest.
        max_steps: Iterations at most.
        damping: a, between 0 and 1.

    Raises:
        SimulationError: If it has not come to rest (checked outside jit only).
    """
    if inputs.shape[-1] != network.n_neurons:
        raise InputError(
            f"`inputs` must have one entry a neuron ({network.n_neurons}) on the last axis; its "
            f"shape is {inputs.shape}. Put trials in front."
        )
    u = inputs.reshape(-1, inputs.shape[-1])
    x0 = jnp.zeros_like(u) if initial is None else initial.reshape(u.shape)
    limits = _Limits(
        jnp.asarray(tolerance, u.dtype), jnp.asarray(max_steps), jnp.asarray(damping, u.dtype)
    )
    x, residual = _rest(network, u, x0, limits)
    if not isinstance(residual, Tracer) and not float(residual) <= 2 * tolerance:
        raise SimulationError(
            f"The network must come to rest; after {max_steps} iterations |dx/dt| tau is still "
            f"{float(residual):.3g}. Lower the gain or `scale`, lower `damping`, or use `simulate`."
        )
    return x.reshape(inputs.shape)


class _Limits(NamedTuple):
    tolerance: Float[Array, ""]
    max_steps: Int[Array, ""]
    damping: Float[Array, ""]


@eqx.filter_jit
def _rest(
    network: RateNetwork,
    u: Float[Array, "trial neuron"],
    x0: Float[Array, "trial neuron"],
    limits: _Limits,
) -> tuple[Float[Array, "trial neuron"], Float[Array, ""]]:
    """The fixed point, and how far from it the iteration stopped."""
    parts, form = eqx.partition(network, eqx.is_inexact_array)
    x = _fixed_point((parts, u), form, *jax.lax.stop_gradient((x0, limits)))
    still, theta = jax.lax.stop_gradient((x, (parts, u)))
    return x, jnp.abs(_force(theta, form, still) - still).max()


def _force(theta: tuple, form: PyTree, x: Array) -> Array:
    """Where x is driven, F(x) = u + current(x); theta holds every number it depends on."""
    network, u = eqx.combine(theta[0], form), theta[1]
    prepared = network.prepare()
    return u + network.current(x, network.rate(x, prepared), prepared)


def _iterate(function: Callable[[Array], Array], start: Array, limits: _Limits) -> Array:
    def more(carry: tuple) -> Array:
        n, _, change = carry
        return (n < limits.max_steps) & (change > limits.tolerance)

    def again(carry: tuple) -> tuple:
        n, x, _ = carry
        gap = function(x) - x
        return n + 1, x + limits.damping * gap, jnp.abs(gap).max()

    infinite = jnp.asarray(jnp.inf, start.dtype)
    return jax.lax.while_loop(more, again, (jnp.asarray(0), start, infinite))[1]


@eqx.filter_custom_vjp
def _fixed_point(theta: tuple, form: PyTree, x0: Array, limits: _Limits) -> Array:
    return _iterate(lambda x: _force(theta, form, x), x0, limits)


@_fixed_point.def_fwd
def _fixed_point_forward(
    perturbed: PyTree, theta: tuple, form: PyTree, x0: Array, limits: _Limits
) -> tuple[Array, Array]:
    del perturbed
    x = _iterate(lambda x: _force(theta, form, x), x0, limits)
    return x, x


@_fixed_point.def_bwd
def _fixed_point_backward(
    x: Array,
    cotangent: Array,
    perturbed: PyTree,
    theta: tuple,
    form: PyTree,
    x0: Array,
    limits: _Limits,
) -> tuple:
    del perturbed, x0
    pull_x = jax.vjp(lambda y: _force(theta, form, y), x)[1]
    adjoint = _iterate(lambda a: cotangent + pull_x(a)[0], cotangent, limits)
    return jax.vjp(lambda t: _force(t, form, x), theta)[1](adjoint)[0]


def linear_response(
    network: RateNetwork,
    inputs: Float[Array, "*trial neuron"],
    *,
    around: Float[Array, " neuron"] | None = None,
) -> Float[Array, "*trial neuron"]:
    r"""Small steady changes of the states under small constant inputs, by one dense solve.

    $$\delta x = (I - J)^{-1} u, \qquad J = \partial\, \text{current} / \partial x$$

    Args:
        network: Parameters and equation.
        inputs: Small constant inputs, in units of the state. Any trial axes in front.
        around: State to linearize at; default 0.
    """
    x = jnp.zeros(network.n_neurons, inputs.dtype) if around is None else around
    prepared = network.prepare()
    slope = jax.jvp(lambda y: network.rate(y, prepared), (x,), (jnp.ones_like(x),))[1]
    jacobian = network.wiring.matrix(network.weight) * slope[None, :]
    if network.gain_side is GainSide.POSTSYNAPTIC:
        jacobian = prepared.gain[:, None] * jacobian
    gap = network.gap_wiring.matrix(network.coupling * network.gap_strength)
    jacobian = jacobian + gap - jnp.diag(prepared.leak)
    flat = inputs.reshape(-1, inputs.shape[-1])
    changed = jnp.linalg.solve(jnp.eye(x.size, dtype=x.dtype) - jacobian, flat.T).T
    return changed.reshape(inputs.shape)
