"""States from a network and its inputs: over time, or where it comes to rest."""

from collections.abc import Callable
from typing import NamedTuple, no_type_check

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from neuroloom.errors import InputError, SimulationError
from neuroloom.networks import (
    AbstractIntegrator,
    ForwardEuler,
    GainSide,
    RateNetwork,
    RateNoise,
    StateNoise,
)
from neuroloom.networks.recurrence import Drive, euler, euler_with_adjoint

__all__ = ["linear_response", "simulate", "steady_state"]


@no_type_check  # shapes are checked here, in words, also where a run-time checker is at work
def simulate(
    network: RateNetwork,
    inputs: Float[Array, "*trial time neuron"],
    *,
    dt: float | Float[Array, ""],
    initial: Float[Array, "*trial neuron"] | None = None,
    clamp: Float[Array, "*trial time neuron"] | None = None,
    noise: StateNoise | RateNoise | None = None,
    key: PRNGKeyArray | None = None,
    integrator: AbstractIntegrator | None = None,
    adjoint: bool = True,
) -> Float[Array, "*trial time neuron"]:
    r"""States x of every neuron after each step of `integrator`.

    Forward Euler unless said otherwise: $x_{t+1} = x_t + \Delta t\, \dot x(x_t, u_t)$.

    Args:
        network: Parameters and equation.
        inputs: u, in units of the state, held over each step. Any trial axes in front.
        dt: Step in seconds, above 0; below the shortest tau, or forward Euler is unstable.
        initial: State before the first step; default 0.
        clamp: Rates that replace what neurons send during each step, NaN where a neuron is free. A
            clamped neuron still has a state of its own, driven by the others: what the network says
            of it while its true rate is handed to everyone else.
        noise: `StateNoise` or `RateNoise`; needs `key`.
        key: Randomness of the noise.
        integrator: How a step is taken; default `ForwardEuler()`. `ExponentialEuler()` costs the
            same and bears steps longer than tau.
        adjoint: Whether to use our own gradient of the loop: exact, faster, and it keeps the states
            only; reverse mode (`jax.grad`, `jax.vjp`) and derivatives of such gradients. False
            takes JAX's, which forward mode (`jax.jvp`, as in Gauss-Newton) needs.

    Returns:
        States, as long as `inputs`. Rates are `network.rate(states)`.

    Raises:
        InputError: If shapes or `dt` do not fit, or noise comes without a key.

    Example:
        >>> import numpy as np
        >>> from neuroloom.connectome import Connectome
        >>> from neuroloom.networks import Linear
        >>> a_to_b = Connectome(
        ...     neuron_id=np.array(["a", "b"]), pre=np.array([0]), post=np.array([1]),
        ...     kind=np.array([0]), count=np.array([2]), sign=np.array([1]))
        >>> network = RateNetwork.from_connectome(a_to_b, activation=Linear())
        >>> push_a = jnp.zeros((200, 2)).at[:, 0].set(1.0)
        >>> simulate(network, push_a, dt=0.01)[-1].round(3).tolist()
        [1.0, 2.0]
    """
    _check(network, inputs, dt, initial, clamp, noise, key)
    shape = inputs.shape
    u = jnp.moveaxis(inputs.reshape(-1, *shape[-2:]), 1, 0)
    x0 = jnp.zeros(u.shape[1:], u.dtype) if initial is None else initial.reshape(u.shape[1:])
    held = None if clamp is None else jnp.moveaxis(clamp.reshape(-1, *shape[-2:]), 1, 0)
    method = integrator or ForwardEuler()
    states = _euler(network, u, x0, held, noise, key, dt, method, adjoint)
    return jnp.moveaxis(states, 0, 1).reshape(shape)


@eqx.filter_jit
def _euler(
    network: RateNetwork,
    u: Float[Array, "time trial neuron"],
    x0: Float[Array, "trial neuron"],
    held: Float[Array, "time trial neuron"] | None,
    noise: StateNoise | RateNoise | None,
    key: PRNGKeyArray | None,
    dt: float | Float[Array, ""],
    method: AbstractIntegrator,
    adjoint: bool,
) -> Float[Array, "time trial neuron"]:
    prepared = network.prepare()
    drawn = None
    if noise is not None and key is not None:
        keys = jax.random.split(key, u.shape[0])
        drawn = noise.sd * jax.vmap(lambda k: jax.random.normal(k, x0.shape, x0.dtype))(keys)
    over_a_step = (dt, prepared.tau, prepared.leak)
    state_noise = None
    if drawn is not None and isinstance(noise, StateNoise):
        state_noise = drawn * method.noise_root(*over_a_step)[None, None, :]
    drive = Drive(
        prepared=prepared,
        activation=network.activation,
        fraction=method.fraction(*over_a_step),
        initial=x0,
        inputs=u,
        held=held,
        rate_noise=drawn if isinstance(noise, RateNoise) else None,
        state_noise=state_noise,
    )
    return (euler_with_adjoint if adjoint else euler)(network, drive)


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


def _check(
    network: RateNetwork,
    inputs: Array,
    dt: float | Array,
    initial: Array | None,
    clamp: Array | None,
    noise: StateNoise | RateNoise | None,
    key: PRNGKeyArray | None,
) -> None:
    if inputs.ndim < 2 or inputs.shape[-1] != network.n_neurons:
        raise InputError(
            f"`inputs` must be (..., time, neuron) with {network.n_neurons} neurons; its shape is "
            f"{inputs.shape}. Put trials in front and neurons last."
        )
    if not isinstance(dt, Tracer) and not float(dt) > 0:
        raise InputError(f"`dt` must be above 0 seconds; got {dt}. Give the step in seconds.")
    if initial is not None and initial.shape != (*inputs.shape[:-2], inputs.shape[-1]):
        raise InputError(
            f"`initial` must be one state a trial and neuron, {inputs.shape[:-2]} and "
            f"{inputs.shape[-1]}; its shape is {initial.shape}. Leave it out to start at 0."
        )
    if clamp is not None and clamp.shape != inputs.shape:
        raise InputError(
            f"`clamp` must have the shape of `inputs`, {inputs.shape}; its shape is {clamp.shape}. "
            "Put NaN where a neuron is free."
        )
    if noise is not None and key is None:
        raise InputError(
            "Noise must come with `key`, its randomness; got none. Pass `key=jax.random.key(0)`."
        )
