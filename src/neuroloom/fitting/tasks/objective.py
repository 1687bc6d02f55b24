"""The loss of training on a task and its gradient, a few trials at a time.

What a network computed stays in cache when it is needed again on the way back only if there is
little of it: so the trials of an update are taken in chunks, and gradients add up over them.
"""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree, Shaped

from neuroloom.fitting.tasks.training import TaskTraining
from neuroloom.networks import AbstractActivation, TaskNetwork
from neuroloom.networks.dense_recurrence import DenseLoop, dense_loop, run_dense
from neuroloom.simulation.perform import DrawnNoise, draw_noise, respond
from neuroloom.tasks import Trials

__all__ = ["Terms", "chunk_size", "loss_and_gradient"]

LARGEST_CHUNK = 25
SMALLEST_CHUNK = 8


class Terms(NamedTuple):
    """What a loss is made of: mean squared error of outputs, mean squared rate."""

    error: Float[Array, ""]
    activity: Float[Array, ""]


class Prepared(NamedTuple):
    """A dense network, ready for many chunks."""

    loop: DenseLoop
    input_weight: Float[Array, "input neuron"]
    bias: Float[Array, " neuron"]
    output_weight: Float[Array, "neuron output"]
    output_bias: Float[Array, " output"]
    initial: Float[Array, " neuron"]


def chunk_size(n_trials: int, largest: int = LARGEST_CHUNK) -> int:
    """The largest part of the trials, at most `largest`, that divides them; all, if it is tiny."""
    parts = [n for n in range(1, min(n_trials, largest) + 1) if n_trials % n == 0]
    return parts[-1] if parts[-1] >= min(SMALLEST_CHUNK, n_trials) else n_trials


def loss_and_gradient(
    parameters: PyTree,
    rest: PyTree,
    trials: Trials,
    activity_penalty: Float[Array, ""],
    training: TaskTraining,
    key: PRNGKeyArray,
    dt: float,
    *,
    quick: bool,
) -> tuple[Float[Array, ""], Terms, PyTree]:
    """The loss of `TaskTraining`, what it is made of, and its gradient in `parameters`.

    Args:
        parameters: What is trained of a `TaskNetwork`, None elsewhere.
        rest: Everything else of it.
        trials: Of one update.
        activity_penalty: lambda.
        training: The other numbers.
        key: Randomness of the noise.
        dt: Step, in seconds.
        quick: Whether to take the loop for dense networks, which gives no gradient in tau.
    """
    network = _unclamped(eqx.combine(parameters, rest))
    others = eqx.filter(network, eqx.is_inexact_array, inverse=True)
    n_trials, n_steps, _ = trials.inputs.shape
    size = chunk_size(n_trials)
    n_rates = n_trials * n_steps * network.n_neurons
    n_counted = trials.mask.sum()

    def prepare(parameters: PyTree) -> tuple[PyTree, Array]:
        network = _unclamped(eqx.combine(parameters, rest))
        weights = (network.input_weight, network.network.weight, network.output_weight)
        penalty = jnp.stack([jnp.mean(w * w) for w in weights]).sum()
        ready = _prepared(network, dt) if quick else eqx.filter(network, eqx.is_inexact_array)
        return ready, penalty

    def loss(ready: PyTree, chunk: Trials, noise: DrawnNoise | None) -> tuple[Array, Terms]:
        if quick:
            outputs, squares = _run_prepared(ready, network.network.activation, chunk, noise)
        else:
            outputs, squares = _run_any(eqx.combine(ready, others), chunk, noise, dt)
        wrong = jnp.where(chunk.mask, outputs - chunk.targets, 0)
        terms = Terms((wrong * wrong).sum() / n_counted, squares / n_rates)
        return terms.error + activity_penalty * terms.activity, terms

    (ready, weight_term), pull = jax.vjp(prepare, parameters)

    def add(total: tuple, now: tuple) -> tuple[tuple, None]:
        n, chunk = now
        noise = None
        if training.noise:
            drawn_by = jax.random.fold_in(key, n)
            noise = draw_noise(training.noise, drawn_by, n_steps, size, network.n_neurons)
        (_, terms), gradient = jax.value_and_grad(loss, has_aux=True)(ready, chunk, noise)
        return jax.tree.map(jnp.add, total, (terms, gradient)), None

    chunks = jax.tree.map(lambda array: _in_chunks(array, size), trials)
    nothing = jax.tree.map(jnp.zeros_like, (Terms(weight_term, weight_term), ready))
    (terms, gradient), _ = jax.lax.scan(add, nothing, (jnp.arange(n_trials // size), chunks))
    weight_penalty = jnp.full_like(weight_term, training.weight_penalty)
    (of_parameters,) = pull((gradient, weight_penalty))
    total = terms.error + activity_penalty * terms.activity + weight_penalty * weight_term
    return total, terms, of_parameters


def _in_chunks(array: Array, size: int) -> Shaped[Array, "chunk time trial value"]:
    """Trials in chunks, time first."""
    return jnp.moveaxis(array.reshape(-1, size, *array.shape[1:]), 2, 1)


def _prepared(network: TaskNetwork, dt: float) -> Prepared:
    loop = dense_loop(network.network, dt)
    return Prepared(
        loop=loop,
        input_weight=network.input_weight.T * loop.fraction[None, :],
        bias=network.network.bias.expand() * loop.fraction,
        output_weight=network.output_weight.T,
        output_bias=network.output_bias,
        initial=network.initial,
    )


def _run_prepared(
    ready: Prepared, activation: AbstractActivation, chunk: Trials, noise: DrawnNoise | None
) -> tuple[Array, Array]:
    """Outputs, and the sum of squared rates."""
    n_steps, n_trials, _ = chunk.inputs.shape
    n_neurons = ready.bias.shape[0]
    pushes = chunk.inputs @ ready.input_weight + ready.bias[None, None, :]
    initial = jnp.broadcast_to(ready.initial, (n_trials, n_neurons))
    if noise is None:
        noise = DrawnNoise(jnp.zeros((n_steps, n_trials, n_neurons)), jnp.zeros_like(initial))
    sent, states = run_dense(activation, ready.loop, pushes, initial, noise.sent)
    last = activation(states) + noise.last
    read = jnp.concatenate([(sent @ ready.output_weight)[1:], (last @ ready.output_weight)[None]])
    squares = (sent * sent).sum() - (sent[0] * sent[0]).sum() + (last * last).sum()
    return read + ready.output_bias[None, None, :], squares


def _run_any(
    network: TaskNetwork, chunk: Trials, noise: DrawnNoise | None, dt: float
) -> tuple[Array, Array]:
    initial = jnp.broadcast_to(network.initial, (chunk.inputs.shape[1], network.n_neurons))
    _, rates, outputs = respond(network, chunk.inputs, initial, dt, noise)
    return outputs, (rates * rates).sum()


def _unclamped(network: TaskNetwork) -> TaskNetwork:
    """Where signs are kept, strengths are at least 0 here, and their gradient at 0 is wanted."""
    if not network.network.clamp_signs:
        return network
    inner = dataclasses.replace(network.network, clamp_signs=False)
    return dataclasses.replace(network, network=inner)
