"""States from a network and its inputs: over time (Euler), or where it comes to rest."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError, SimulationError
from neuroloom.networks import GainSide, PreparedNetwork, RateNetwork, RateNoise, StateNoise

__all__ = ["linear_response", "simulate", "steady_state"]


def simulate(
    network: RateNetwork,
    inputs: Float[Array, "*trial time neuron"],
    *,
    dt: float,
    initial: Float[Array, "*trial neuron"] | None = None,
    clamp: Float[Array, "*trial time neuron"] | None = None,
    noise: StateNoise | RateNoise | None = None,
    key: PRNGKeyArray | None = None,
) -> Float[Array, "*trial time neuron"]:
    r"""States x of every neuron after each step of forward Euler.

    $$x_{t+1} = x_t + \Delta t\, \dot x(x_t, u_t)$$

    Args:
        network: Parameters and equation.
        inputs: u, in units of the state, held over each step. Any trial axes in front.
        dt: Step in seconds, above 0; below the shortest tau, or Euler is unstable.
        initial: State before the first step; default 0.
        clamp: Rates that replace what neurons send during each step, NaN where a neuron is free. A
            clamped neuron still has a state of its own, driven by the others: what the network says
            of it while its true rate is handed to everyone else.
        noise: `StateNoise` or `RateNoise`; needs `key`.
        key: Randomness of the noise.

    Returns:
        States, as long as `inputs`. Rates are `network.rate(states)`.

    Raises:
        InputError: If shapes or `dt` do not fit, or noise comes without a key.

    Example:
        >>> from neuroloom.networks import Linear
        >>> network = RateNetwork.from_connectome(chain(2), activation=Linear())  # doctest: +SKIP
    """
    _check(network, inputs, dt, noise, key)
    shape = inputs.shape
    u = jnp.moveaxis(inputs.reshape(-1, *shape[-2:]), 1, 0)
    x0 = jnp.zeros(u.shape[1:], u.dtype) if initial is None else initial.reshape(u.shape[1:])
    held = None if clamp is None else jnp.moveaxis(clamp.reshape(-1, *shape[-2:]), 1, 0)
    states = _euler(network, u, x0, held, noise, key, dt)
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
) -> Float[Array, "time trial neuron"]:
    prepared = network.prepare()
    step = partial(_step, network, prepared, noise, dt)
    keys = None if key is None else jax.random.split(key, u.shape[0])
    _, states = jax.lax.scan(lambda x, now: (step(x, *now),) * 2, x0, (u, held, keys))
    return states


def _step(
    network: RateNetwork,
    prepared: PreparedNetwork,
    noise: StateNoise | RateNoise | None,
    dt: float | Float[Array, ""],
    x: Float[Array, "trial neuron"],
    u: Float[Array, "trial neuron"],
    held: Float[Array, "trial neuron"] | None,
    key: PRNGKeyArray | None,
) -> Float[Array, "trial neuron"]:
    rates = network.rate(x, prepared)
    if isinstance(noise, RateNoise) and key is not None:
        rates = rates + noise.sd * jax.random.normal(key, x.shape, x.dtype)
    if held is not None:
        rates = jnp.where(jnp.isnan(held), rates, jnp.nan_to_num(held))
    alpha = (dt / prepared.tau)[None, :]
    x = x + alpha * (network.current(x, rates, prepared) + u - x)
    if isinstance(noise, StateNoise) and key is not None:
        x = x + noise.sd * jnp.sqrt(dt) * jax.random.normal(key, x.shape, x.dtype)
    return x


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

    Damped fixed-point iteration, $x \leftarrow x + a\,(F(x) - x)$ with $F(x) = u + \text{current}(x)$;
    time constants do not matter for where it rests. The gradient is that of the implicit function
    theorem, by the same iteration on the adjoint, so memory does not grow with iterations.

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
    parts, form = eqx.partition(network, eqx.is_inexact_array)

    def force(theta: tuple, x: Array) -> Array:
        net, drive = eqx.combine(theta[0], form), theta[1]
        prepared = net.prepare()
        return drive + net.current(x, net.rate(x, prepared), prepared)

    def iterate(function: object, start: Array) -> Array:
        def more(carry: tuple) -> Array:
            n, _, change = carry
            return (n < max_steps) & (change > tolerance)

        def again(carry: tuple) -> tuple:
            n, x, _ = carry
            gap = function(x) - x  # pyright: ignore[reportCallIssue]
            return n + 1, x + damping * gap, jnp.abs(gap).max()

        infinite = jnp.asarray(jnp.inf, start.dtype)
        return jax.lax.while_loop(more, again, (0, start, infinite))[1]

    @jax.custom_vjp
    def rest(theta: tuple) -> Array:
        return iterate(lambda x: force(theta, x), jax.lax.stop_gradient(x0))

    def forward(theta: tuple) -> tuple[Array, tuple]:
        x = rest(theta)
        return x, (theta, x)

    def backward(kept: tuple, cotangent: Array) -> tuple:
        theta, x = kept
        pull_x = jax.vjp(lambda y: force(theta, y), x)[1]
        adjoint = iterate(lambda a: cotangent + pull_x(a)[0], cotangent)
        return jax.vjp(lambda t: force(t, x), theta)[1](adjoint)

    rest.defvjp(forward, backward)
    x = rest((parts, u))
    residual = jnp.abs(force((parts, u), x) - x).max()
    if not isinstance(residual, jax.core.Tracer) and not float(residual) <= 2 * tolerance:
        raise SimulationError(
            f"The network must come to rest; after {max_steps} iterations |dx/dt| tau is still "
            f"{float(residual):.3g}. Lower the gain or `scale`, lower `damping`, or use `simulate`."
        )
    return x.reshape(inputs.shape)


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
    slope = jax.jvp(
        lambda y: network.activation(y), (_inside(network, prepared, x),), (jnp.ones_like(x),)
    )[1]
    weights = network.wiring.matrix(network.weight)
    jacobian = weights * (prepared.gain * slope)[None, :]
    if network.gain_side is GainSide.POSTSYNAPTIC:
        jacobian = prepared.gain[:, None] * weights * slope[None, :]
    gap = network.gap_wiring.matrix(network.coupling * network.gap_strength)
    jacobian = jacobian + gap - jnp.diag(prepared.leak)
    flat = inputs.reshape(-1, inputs.shape[-1])
    changed = jnp.linalg.solve(jnp.eye(x.size, dtype=x.dtype) - jacobian, flat.T).T
    return changed.reshape(inputs.shape)


def _inside(network: RateNetwork, prepared: PreparedNetwork, x: Array) -> Array:
    return x + prepared.bias if network.gain_side is GainSide.PRESYNAPTIC else x


def _check(
    network: RateNetwork,
    inputs: Array,
    dt: float,
    noise: StateNoise | RateNoise | None,
    key: PRNGKeyArray | None,
) -> None:
    if inputs.ndim < 2 or inputs.shape[-1] != network.n_neurons:
        raise InputError(
            f"`inputs` must be (..., time, neuron) with {network.n_neurons} neurons; its shape is "
            f"{inputs.shape}. Put trials in front and neurons last."
        )
    if not isinstance(dt, jax.core.Tracer) and not dt > 0:
        raise InputError(f"`dt` must be above 0 seconds; got {dt}. Give the step in seconds.")
    if noise is not None and key is None:
        raise InputError(
            "Noise must come with `key`, its randomness; got none. Pass `key=jax.random.key(0)`."
        )
