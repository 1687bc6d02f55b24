"""What a task network does with its inputs: states, rates and outputs."""

from typing import NamedTuple, no_type_check

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks import RateNoise, TaskNetwork
from neuroloom.networks.noise import quick_normal
from neuroloom.networks.recurrence import Drive, euler_with_adjoint

__all__ = ["DrawnNoise", "Performance", "draw_noise", "perform", "respond"]


class Performance(NamedTuple):
    """What a network did, after each step.

    Attributes:
        states: x, in the unit of the state.
        rates: What each neuron sends, noise and clamps included.
        outputs: Read from these rates.
    """

    states: Float[Array, "trial time neuron"]
    rates: Float[Array, "trial time neuron"]
    outputs: Float[Array, "trial time output"]


@no_type_check  # shapes are checked here, in words, also where a run-time checker is at work
def perform(
    network: TaskNetwork,
    inputs: Float[Array, "trial time input"],
    *,
    dt: float,
    noise: RateNoise | None = None,
    key: PRNGKeyArray | None = None,
    clamp: Float[Array, "trial time neuron"] | None = None,
    current: Float[Array, "trial time neuron"] | None = None,
    initial: Float[Array, "trial neuron"] | None = None,
) -> Performance:
    r"""States, rates and outputs of a task network, by forward Euler.

    $$x_t = x_{t-1} + \frac{\Delta t}{\tau} (-x_{t-1} + W r_{t-1} + W_\mathrm{in} u_t + b), \qquad
    r_t = f(x_t) + \xi_t, \qquad y_t = W_\mathrm{out} r_t + b_\mathrm{out}$$

    One xi_t goes to the other neurons and to the outputs; the state before the first step sends
    f(x_0) without noise.

    Args:
        network: Parameters and equation.
        inputs: u, held over each step.
        dt: Step in seconds, above 0.
        noise: xi: `RateNoise` of the published training has `sd` 0.1. Needs `key`.
        key: Randomness of the noise.
        clamp: Rates held from the outside, NaN where a neuron is free. Entry t replaces what a
            neuron sends during step t, and its rate after it, which the outputs read.
        current: Added to what each neuron receives during each step, in the unit of the state.
        initial: State before the first step; default that of the network.

    Raises:
        InputError: If shapes or `dt` do not fit, or noise comes without a key.
    """
    _check(network, inputs, dt, noise, key, clamp, current, initial)
    return _perform(network, inputs, dt, noise, key, clamp, current, initial)


class DrawnNoise(NamedTuple):
    """Noise of one run, drawn.

    Attributes:
        sent: What is added to what neurons send during each step; 0 in the first one.
        last: What is added to the rates after the last step, which the outputs read.
    """

    sent: Float[Array, "time trial neuron"]
    last: Float[Array, "trial neuron"]


def draw_noise(
    sd: float, key: PRNGKeyArray, n_steps: int, n_trials: int, n_neurons: int
) -> DrawnNoise:
    """Rate noise of one run; the state before the first step sends without noise."""
    inside, outside = jax.random.split(key)
    drawn = sd * quick_normal(inside, (n_steps, n_trials, n_neurons))
    late = jnp.arange(n_steps)[:, None, None] > 0
    return DrawnNoise(jnp.where(late, drawn, 0), sd * quick_normal(outside, (n_trials, n_neurons)))


@eqx.filter_jit
def _perform(
    network: TaskNetwork,
    inputs: Array,
    dt: float | Array,
    noise: RateNoise | None,
    key: PRNGKeyArray | None,
    clamp: Array | None,
    current: Array | None,
    initial: Array | None,
) -> Performance:
    n_trials, n_steps, _ = inputs.shape
    x0 = network.initial if initial is None else initial
    drawn = None
    if noise is not None and key is not None:
        drawn = draw_noise(noise.sd, key, n_steps, n_trials, network.n_neurons)
    done = respond(
        network,
        jnp.moveaxis(inputs, 1, 0),
        jnp.broadcast_to(x0, (n_trials, network.n_neurons)),
        dt,
        drawn,
        *(None if a is None else jnp.moveaxis(a, 1, 0) for a in (clamp, current)),
    )
    return Performance(*(jnp.moveaxis(a, 0, 1) for a in done))


def respond(
    network: TaskNetwork,
    inputs: Float[Array, "time trial input"],
    initial: Float[Array, "trial neuron"],
    dt: float | Float[Array, ""],
    noise: DrawnNoise | None = None,
    clamp: Float[Array, "time trial neuron"] | None = None,
    current: Float[Array, "time trial neuron"] | None = None,
) -> tuple[Array, Array, Array]:
    """States, rates and outputs as `perform` gives them, time first, with noise that is drawn."""
    received = inputs @ network.input_weight.T
    received = received if current is None else received + current
    prepared = network.network.prepare()
    drive = Drive(
        prepared=prepared,
        activation=network.network.activation,
        fraction=dt / prepared.tau,
        initial=initial,
        inputs=received,
        held=clamp,
        rate_noise=None if noise is None else noise.sent,
        state_noise=None,
    )
    states = euler_with_adjoint(network.network, drive)
    rates = network.network.rate(states, prepared)
    if noise is not None:
        rates = rates + jnp.concatenate([noise.sent[1:], noise.last[None]])
    if clamp is not None:
        rates = jnp.where(jnp.isnan(clamp), rates, jnp.nan_to_num(clamp))
    outputs = rates @ network.output_weight.T + network.output_bias[None, None, :]
    return states, rates, outputs


def _check(
    network: TaskNetwork,
    inputs: Array,
    dt: float | Array,
    noise: RateNoise | None,
    key: PRNGKeyArray | None,
    clamp: Array | None,
    current: Array | None,
    initial: Array | None,
) -> None:
    if inputs.ndim != 3 or inputs.shape[-1] != network.n_inputs:
        raise InputError(
            f"`inputs` must be (trial, time, input) with {network.n_inputs} inputs; its shape is "
            f"{inputs.shape}. Take them from the trials of a task."
        )
    if not isinstance(dt, Tracer) and not float(dt) > 0:
        raise InputError(f"`dt` must be above 0 seconds; got {dt}. Give the step of the task.")
    if noise is not None and key is None:
        raise InputError(
            "Noise must come with `key`, its randomness; got none. Pass `key=jax.random.key(0)`."
        )
    by_step = (*inputs.shape[:2], network.n_neurons)
    asked = {
        "clamp": (clamp, by_step),
        "current": (current, by_step),
        "initial": (initial, (inputs.shape[0], network.n_neurons)),
    }
    for name, (array, shape) in asked.items():
        if array is not None and array.shape != shape:
            raise InputError(
                f"`{name}` must have shape {shape} here, trials first and neurons last; it has "
                f"{array.shape}. Broadcast it to all trials first."
            )
