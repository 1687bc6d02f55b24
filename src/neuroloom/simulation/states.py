"""States of a network over time."""

from typing import no_type_check

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks import (
    AbstractIntegrator,
    ForwardEuler,
    RateNetwork,
    RateNoise,
    StateNoise,
)
from neuroloom.networks.recurrence import Drive, euler, euler_with_adjoint

__all__ = ["simulate"]


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
