"""Euler over time, forward or exponential, with a gradient that keeps the states and nothing else.

The methods of `integrators.py` differ in the fraction of a step alone, so one loop and one way back
serve all; how the fraction depends on dt, tau and leak is left to automatic differentiation.

Automatic differentiation of a loop keeps every intermediate value of every step. Here the way back
computes them again from the states, one step at a time, and the gradient of the weights is taken
once, over all steps together, after the loop. Only gradients that somebody asks for are computed.

Trials are independent, so both loops run on several devices at once where the ambient mesh
(`jax.set_mesh`) has an axis named `trial`; `fit` sets one for a single network.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import AxisType, PartitionSpec
from jaxtyping import Array, Float, PyTree

from neuroloom.networks.activations import AbstractActivation
from neuroloom.networks.rate_network import GainSide, PreparedNetwork, RateNetwork

__all__ = ["TRIAL_AXIS", "Drive", "euler", "euler_with_adjoint"]

TRIAL_AXIS = "trial"


class Drive(NamedTuple):
    """Everything that a loop over time differentiates by.

    Attributes:
        prepared: Parameters of the network, per neuron.
        activation: From state to rate.
        fraction: Part of (what a neuron receives, minus its state) that a step adds to its state;
            dt / tau in forward Euler.
        initial: State before the first step.
        inputs: u, held over each step.
        held: Rates that replace what neurons send, NaN where a neuron is free; or None.
        rate_noise: Added to the rates at each step; or None.
        state_noise: Added to the states after each step; or None.
    """

    prepared: PreparedNetwork
    activation: AbstractActivation
    fraction: Float[Array, " neuron"]
    initial: Float[Array, "trial neuron"]
    inputs: Float[Array, "time trial neuron"]
    held: Float[Array, "time trial neuron"] | None
    rate_noise: Float[Array, "time trial neuron"] | None
    state_noise: Float[Array, "time trial neuron"] | None


# A gradient is a `Drive` with None where nobody asked; a specification has one for every field.
_filled: Any = Drive


def euler(network: RateNetwork, drive: Drive) -> Float[Array, "time trial neuron"]:
    """States after each step, differentiable in both modes and to any order.

    Args:
        network: Its equation; the parameters in use are those of `drive`.
        drive: What acts on it.
    """
    network = _with_activation(network, drive)
    return _loop(network, drive, partial(network.rate, prepared=drive.prepared))


def euler_with_adjoint(network: RateNetwork, drive: Drive) -> Float[Array, "time trial neuron"]:
    """As `euler`, differentiable in reverse mode only: faster, in less memory, on all devices.

    Args:
        network: Its equation; the parameters in use are those of `drive`.
        drive: What acts on it.
    """
    n_trials, n_parts = drive.initial.shape[0], _n_parts()
    padded = -(-n_trials // n_parts) * n_parts
    states = _euler_with_adjoint(_pad(drive, padded), jax.lax.stop_gradient(network))
    return states if padded == n_trials else states[:, :n_trials]


@eqx.filter_custom_vjp
def _euler_with_adjoint(drive: Drive, network: RateNetwork) -> Float[Array, "time trial neuron"]:
    return _states(drive, network)


@_euler_with_adjoint.def_fwd
def _forward(perturbed: PyTree, drive: Drive, network: RateNetwork) -> tuple[Array, Array]:
    del perturbed
    states = _states(drive, network)
    return states, states


@_euler_with_adjoint.def_bwd
def _backward(
    states: Array, cotangent: Array, perturbed: Drive, drive: Drive, network: RateNetwork
) -> Drive:
    several = _n_parts() > 1

    def backward(drive: Drive, states: Array, cotangent: Array) -> Drive:
        gradient = _adjoint(network, drive, states, cotangent, perturbed)
        if not several:
            return gradient
        shared = jax.lax.psum(gradient[:_N_SHARED], TRIAL_AXIS)
        return _filled(*shared, *gradient[_N_SHARED:])

    run = _over_trials(backward, (_BY_TRIAL, _TIME_FIRST, _TIME_FIRST), _BY_TRIAL)
    return run(drive, states, cotangent)


def _states(drive: Drive, network: RateNetwork) -> Float[Array, "time trial neuron"]:
    def forward(drive: Drive) -> Array:
        net = _with_activation(network, drive)
        return _loop(net, drive, lambda x: net.rate_with_slope(x, drive.prepared)[0])

    return _over_trials(forward, (_BY_TRIAL,), _TIME_FIRST)(drive)


def _loop(network: RateNetwork, drive: Drive, rate: Callable[[Array], Array]) -> Array:
    """The only place where a step of Euler is written."""

    def step(x: Array, now: tuple) -> tuple[Array, Array]:
        u, held, rate_noise, state_noise = now
        rates = _sent(rate(x), held, rate_noise)
        received = network.current(x, rates, drive.prepared)
        x = x + drive.fraction[None, :] * (received + u - x)
        x = x if state_noise is None else x + state_noise
        return x, x

    given = (drive.inputs, drive.held, drive.rate_noise, drive.state_noise)
    return jax.lax.scan(step, drive.initial, given)[1]


def _sent(rates: Array, held: Array | None, noise: Array | None) -> Array:
    rates = rates if noise is None else rates + noise
    return rates if held is None else jnp.where(jnp.isnan(held), rates, jnp.nan_to_num(held))


def _adjoint(
    network: RateNetwork, drive: Drive, states: Array, cotangent: Array, perturbed: Any
) -> Drive:
    """Gradient of every perturbed leaf of `drive`, None for the others.

    With l the cotangent of the state after a step, s that of the rates during it, x the state
    before it and a the fraction: l a is the cotangent of what was received, s its pull back through
    the wiring, and (1 - a) l + gap currents + s dr/dx the cotangent of x.
    """
    prepared, fraction = drive.prepared, drive.fraction[None, :]
    network = _with_activation(network, drive)
    presynaptic = network.gain_side is GainSide.PRESYNAPTIC
    asked = perturbed.prepared
    of_current = asked if not presynaptic else asked._replace(gain=False, bias=False)
    later = any(of_current) or perturbed.fraction or perturbed.inputs or perturbed.state_noise
    of_sent = (
        presynaptic and asked.gain,
        presynaptic and asked.bias,
        any(jax.tree.leaves(perturbed.activation)),
    )
    keep_sent = bool(perturbed.held or perturbed.rate_noise)
    shaped, unshaped = eqx.partition(drive.activation, perturbed.activation)

    def back(carry: tuple, now: tuple) -> tuple[tuple, tuple]:
        after, sums = carry
        n, given, held = now
        x = jnp.where(n == 0, drive.initial, states[jnp.maximum(n - 1, 0)])
        after = after + given
        pushed = fraction * after
        pull = jax.vjp(lambda y, r: network.current(y, r, prepared), x, x)[1]
        through_gaps, of_rates = pull(pushed)
        free = of_rates if held is None else jnp.where(jnp.isnan(held), of_rates, 0)
        inside = network.inside(x, prepared)
        sent, slope = network.activation.with_slope(inside)
        gain = prepared.gain[None, :] if presynaptic else jnp.ones((1, 1), x.dtype)
        through = free * (gain * slope)
        gains, biases, shape = sums
        if of_sent[0]:
            gains = gains + free * sent
        if of_sent[1]:
            biases = biases + through
        if of_sent[2]:
            more = jax.vjp(lambda s: gain * eqx.combine(s, unshaped)(inside), shaped)[1](free)[0]
            shape = jax.tree.map(jnp.add, shape, more)
        before = after - pushed + through_gaps + through
        kept = (after if later else None, of_rates if keep_sent else None)
        return (before, (gains, biases, shape)), kept

    zero = jnp.zeros_like(drive.initial)
    sums = (
        zero if of_sent[0] else None,
        zero if of_sent[1] else None,
        jax.tree.map(jnp.zeros_like, shaped) if of_sent[2] else None,
    )
    steps = (jnp.arange(states.shape[0]), cotangent, drive.held)
    (initial, sums), (after, of_rates) = jax.lax.scan(back, (zero, sums), steps, reverse=True)
    gains, biases, shape = sums
    parameters: Any
    parameters, of_fraction = _of_received(
        network, drive, states, after, of_current, perturbed.fraction
    )
    free = None if drive.held is None else jnp.isnan(drive.held)
    return _filled(
        prepared=parameters._replace(
            tau=None,
            gain=gains.sum(0) if gains is not None else parameters.gain,
            bias=biases.sum(0) if biases is not None else parameters.bias,
        ),
        activation=shape if of_sent[2] else jax.tree.map(lambda _: None, drive.activation),
        fraction=of_fraction,
        initial=initial,
        inputs=drive.fraction[None, None, :] * after if perturbed.inputs else None,
        held=_part(free, of_rates, clamped=True) if perturbed.held else None,
        rate_noise=_part(free, of_rates, clamped=False) if perturbed.rate_noise else None,
        state_noise=after if perturbed.state_noise else None,
    )


def _of_received(
    network: RateNetwork,
    drive: Drive,
    states: Array,
    after: Array | None,
    asked: PreparedNetwork,
    of_fraction: bool,
) -> tuple[PreparedNetwork, Array | None]:
    """Gradients of what shapes the received current, and of the fraction.

    One product over all steps where the wiring can do that in little memory; else step by step,
    because the gradient of a segment sum keeps one value a connection and batch entry.
    """
    wanted, rest = eqx.partition(drive.prepared, asked)
    if not (any(asked) or of_fraction):
        return wanted, None
    shape = (1,) * (states.ndim - 1) + drive.fraction.shape

    def add(total: tuple, now: tuple) -> tuple[tuple, None]:
        x, after, u, held, noise = now
        rates = _sent(network.rate(x, drive.prepared), held, noise)

        def received(parameters: PreparedNetwork) -> Array:
            return network.current(x, rates, eqx.combine(parameters, rest))

        value, pull = jax.vjp(received, wanted)
        wide = drive.fraction.reshape(shape[-x.ndim :])
        change = (after * (value + u - x)).reshape(-1, x.shape[-1]).sum(0)
        return jax.tree.map(jnp.add, total, (pull(wide * after)[0], change)), None

    before = jnp.concatenate([drive.initial[None], states[:-1]])
    over = (before, after, drive.inputs, drive.held, drive.rate_noise)
    zero = jax.tree.map(jnp.zeros_like, (wanted, drive.fraction))
    at_once = network.wiring.sums_over_steps and network.gap_wiring.sums_over_steps
    total, change = (add(zero, over) if at_once else jax.lax.scan(add, zero, over))[0]
    return total, change if of_fraction else None


def _part(free: Array | None, of_rates: Array, *, clamped: bool) -> Array:
    """Where rates were clamped, or where they were free."""
    if free is None:
        return of_rates
    return jnp.where(free, 0, of_rates) if clamped else jnp.where(free, of_rates, 0)


def _with_activation(network: RateNetwork, drive: Drive) -> RateNetwork:
    return eqx.tree_at(lambda n: n.activation, network, drive.activation)


# The leading fields of a `Drive` are shared by all trials; the others have a trial axis.
_N_SHARED = 3
_TIME_FIRST = PartitionSpec(None, TRIAL_AXIS)
_BY_TRIAL = _filled(*[PartitionSpec()] * _N_SHARED, PartitionSpec(TRIAL_AXIS), *[_TIME_FIRST] * 4)


def _n_parts() -> int:
    """Over how many devices the ambient mesh asks trials to be spread."""
    mesh = jax.sharding.get_abstract_mesh()
    if TRIAL_AXIS not in mesh.axis_names:
        return 1
    kind = dict(zip(mesh.axis_names, mesh.axis_types, strict=True))[TRIAL_AXIS]
    return 1 if kind is AxisType.Manual else mesh.shape[TRIAL_AXIS]


def _over_trials(function: Callable, in_specs: PyTree, out_specs: PyTree) -> Callable:
    if _n_parts() == 1:
        return function
    return jax.shard_map(
        function,
        in_specs=in_specs,
        out_specs=out_specs,
        axis_names={TRIAL_AXIS},
        check_vma=False,
    )


def _pad(drive: Drive, n_trials: int) -> Drive:
    """Repeat the last trial; what its copies give is thrown away."""
    missing = n_trials - drive.initial.shape[0]
    if missing == 0:
        return drive

    def longer(array: Array, axis: int) -> Array:
        last = jax.lax.slice_in_dim(array, array.shape[axis] - 1, None, axis=axis)
        return jnp.concatenate([array, jnp.repeat(last, missing, axis)], axis)

    by_step = jax.tree.map(lambda a: longer(a, 1), drive[_N_SHARED + 1 :])
    return _filled(*drive[:_N_SHARED], longer(drive.initial, 0), *by_step)
