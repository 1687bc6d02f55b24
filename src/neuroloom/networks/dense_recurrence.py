"""The loop over time of a dense network whose slope follows from its rate, with its way back.

`recurrence.py` serves every network. Where the wiring is a matrix, nothing is clamped and time
constants are not trained, less will do: the way back needs what neurons sent and the noise in it,
not the states, because the slopes of these activations are functions of the rate. Each step is then
one matrix product and one pass over the neurons, in both directions, and the gradient of the
weights is one product over all steps.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuroloom.networks.activations import AbstractActivation, Linear, Relu, Retanh, Tanh
from neuroloom.networks.rate_network import GainSide, RateNetwork
from neuroloom.wiring import DenseWiring

__all__ = ["DenseLoop", "dense_loop", "is_dense", "run_dense"]

# The slope of each activation as a function of its value.
_SLOPES = {
    Linear: jnp.ones_like,
    Relu: lambda rate: (rate > 0).astype(rate.dtype),
    Retanh: lambda rate: jnp.where(rate > 0, 1 - rate * rate, 0),
    Tanh: lambda rate: 1 - rate * rate,
}


class DenseLoop(NamedTuple):
    """What one step multiplies by: x <- leak x + sent @ weight + push.

    Attributes:
        weight: Share of a step that what each `pre` sends has in the state of each `post`.
        leak: Share of its state that a neuron keeps.
        fraction: Share of what it receives that a neuron takes up, dt / tau.
    """

    weight: Float[Array, "pre post"]
    leak: Float[Array, " neuron"]
    fraction: Float[Array, " neuron"]


def is_dense(network: RateNetwork) -> bool:
    """Whether `run_dense` can run it."""
    return (
        isinstance(network.wiring, DenseWiring)
        and not network.gap_strength.shape[-1]
        and network.gain_side is GainSide.POSTSYNAPTIC
        and type(network.activation) in _SLOPES
    )


def dense_loop(network: RateNetwork, dt: float | Float[Array, ""]) -> DenseLoop:
    """The step of a network under forward Euler; gradients in tau are not for `run_dense`."""
    prepared = network.prepare()
    fraction = jax.lax.stop_gradient(dt / prepared.tau)
    weight = prepared.weights * (fraction * prepared.gain)[None, :]
    return DenseLoop(weight, 1 - fraction, fraction)


def run_dense(
    activation: AbstractActivation,
    loop: DenseLoop,
    pushes: Float[Array, "time trial neuron"],
    initial: Float[Array, "trial neuron"],
    noise: Float[Array, "time trial neuron"],
) -> tuple[Float[Array, "time trial neuron"], Float[Array, "trial neuron"]]:
    """What every neuron sends during each step, and the states after the last one.

    Differentiable in reverse mode by the weights, the pushes and the initial states.

    Args:
        activation: One of those that `is_dense` knows.
        loop: From `dense_loop`.
        pushes: What a step adds beside the wiring: the fraction times bias and input.
        initial: States before the first step.
        noise: Added to what is sent; not differentiated.
    """
    return _run(type(activation), loop.weight, loop.leak, pushes, initial, noise)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(
    kind: type[AbstractActivation],
    weight: Array,
    leak: Array,
    pushes: Array,
    initial: Array,
    noise: Array,
) -> tuple[Array, Array]:
    activation = kind()

    def step(x: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        push, drawn = now
        sent = activation(x) + drawn
        return leak[None, :] * x + sent @ weight + push, sent

    last, sent = jax.lax.scan(step, initial, (pushes, noise))
    return sent, last


def _forward(kind: type[AbstractActivation], *arguments: Array) -> tuple[tuple, tuple]:
    sent, last = _run(kind, *arguments)  # pyright: ignore[reportGeneralTypeIssues]
    weight, leak, _, _, noise = arguments
    return (sent, last), (weight, leak, sent, noise)


def _backward(
    kind: type[AbstractActivation], kept: tuple, cotangents: tuple[Array, Array]
) -> tuple:
    """With l the cotangent of the states after a step, W' l is that of what was sent in it."""
    weight, leak, sent, noise = kept
    of_sent, of_last = cotangents
    slope = _SLOPES[kind]

    def back(after: Array, now: tuple) -> tuple[Array, Array]:
        given, sent, drawn = now
        through = (given + after @ weight.T) * slope(sent - drawn)
        return leak[None, :] * after + through, after

    initial, after = jax.lax.scan(back, of_last, (of_sent, sent, noise), reverse=True)
    n = weight.shape[0]
    of_weight = sent.reshape(-1, n).T @ after.reshape(-1, n)
    return of_weight, jnp.zeros_like(leak), after, initial, jnp.zeros_like(noise)


_run.defvjp(_forward, _backward)
