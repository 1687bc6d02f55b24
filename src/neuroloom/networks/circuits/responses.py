"""What a circuit answers to trials of input, and the circuits that are ready to answer."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from neuroloom.errors import InputError
from neuroloom.networks.circuits.feedback import (
    AbstractFeedback,
    FeedbackAsIs,
    FeedbackByBatch,
    FeedbackByStatistics,
)
from neuroloom.networks.circuits.kinds import CircuitKind, CircuitSize, circuit_connectome
from neuroloom.networks.circuits.layered_circuit import LayeredCircuit
from neuroloom.wiring import Block, LayeredWiring

__all__ = ["activity", "layered_circuit", "respond", "with_fixed_statistics"]


def layered_circuit(
    kind: CircuitKind,
    *,
    rng: np.random.Generator,
    scaled: bool = True,
    size: CircuitSize | None = None,
    gain: float = 1.0,
    clip: bool = False,
) -> LayeredCircuit:
    """A random circuit of one of the four kinds, properly scaled or as published.

    Scaled: what a neuron receives is divided by sqrt(connections onto it), lateral inhibition
    inhibits, rates are fed back as they are, and trials are independent. See also
    `with_fixed_statistics`. As published: nothing is divided, so that rates grow about elevenfold a
    layer, and rates that are fed back are standardized over the batch.

    Args:
        kind: Which paths there are.
        rng: Randomness.
        scaled: False for the published form with its defects.
        size: Default as published: 16 channels, five layers of 256, 16 outputs.
        gain: Weights are multiplied by this.
        clip: Whether rates are held between -Poisson(50) and Poisson(50).

    Example:
        >>> import jax.numpy as jnp, numpy as np
        >>> circuit = layered_circuit(CircuitKind.COMPLEX, rng=np.random.default_rng(0))
        >>> respond(circuit, jnp.ones((2, 3, 16))).shape
        (2, 3, 16)
    """
    connectome = circuit_connectome(kind, rng=rng, size=size, as_published=not scaled, clip=clip)
    feedback = FeedbackAsIs() if scaled else FeedbackByBatch()
    return LayeredCircuit.from_connectome(connectome, scaled=scaled, gain=gain, feedback=feedback)


def respond(
    circuit: LayeredCircuit, inputs: Float[Array, "trial time channel"]
) -> Float[Array, "trial time output"]:
    """Rates of the output neurons, dimensionless, to trials of input.

    Args:
        circuit: Any.
        inputs: Such as spike counts a bin.

    Raises:
        InputError: If the inputs have another number of channels than the circuit.
    """
    _check_channels(circuit, inputs)
    return _run(circuit, inputs, outputs_only=True)


def activity(
    circuit: LayeredCircuit, inputs: Float[Array, "trial time channel"]
) -> Float[Array, "trial time neuron"]:
    """Rates of all neurons, layer by layer, dimensionless.

    Args:
        circuit: Any.
        inputs: Such as spike counts a bin.

    Raises:
        InputError: If the inputs have another number of channels than the circuit.
    """
    _check_channels(circuit, inputs)
    return _run(circuit, inputs, outputs_only=False)


def with_fixed_statistics(
    circuit: LayeredCircuit,
    training: Float[Array, "trial time channel"],
    *,
    bound: float = 3.0,
    n_rounds: int = 3,
) -> LayeredCircuit:
    """The circuit whose feedback is standardized by numbers that are fixed from now on.

    The training trials are run with statistics over the batch, as published; mean and SD of every
    neuron over their trials and bins are kept. Because they change what is fed back, they are taken
    again with themselves in place, `n_rounds` times. Afterwards a trial is independent of others.

    Args:
        circuit: Any; one without feedback comes back unchanged in what it answers.
        training: Inputs of training trials only; at least two.
        bound: What is fed back stays within this many SD. Above 0.
        n_rounds: How often statistics are taken again.

    Raises:
        InputError: If there are fewer than two trials, if channels do not fit, or if `bound` is not
            above 0.
    """
    if training.shape[0] < 2:
        raise InputError(
            "`training` must have at least 2 trials, to have a spread over them; got "
            f"{training.shape[0]}. Draw more."
        )
    if not bound > 0:
        raise InputError(f"`bound` must be above 0; got {bound}. Use 3, in SD.")
    feedback: AbstractFeedback = FeedbackByBatch()
    for _ in range(n_rounds + 1):
        circuit = eqx.tree_at(lambda c: c.feedback, circuit, feedback)
        rates = activity(circuit, training)
        mean, sd = rates.mean((0, 1)), rates.std((0, 1), ddof=1)
        still = sd <= 1e-6 * jnp.abs(mean)  # rounding is no spread
        feedback = FeedbackByStatistics(mean, jnp.where(still, 0, sd), bound)
    return eqx.tree_at(lambda c: c.feedback, circuit, feedback)


def _run(circuit: LayeredCircuit, inputs: Array, *, outputs_only: bool) -> Array:
    return _steps(_without_ends(circuit), _matrices(circuit), inputs, outputs_only=outputs_only)


@eqx.filter_jit
def _steps(
    circuit: LayeredCircuit, matrices: tuple[Array, ...], inputs: Array, *, outputs_only: bool
) -> Array:
    keep = circuit.slices[-1] if outputs_only else slice(0, circuit.n_neurons)
    inputs = inputs.astype(circuit.bias.dtype)

    def step(carried: Array, shown: Array) -> tuple[Array, Array]:
        rates = circuit.rates(shown, carried, matrices)
        carries = circuit.feeds_back.any()
        return circuit.feedback(rates) if carries else carried, rates[:, keep]

    nothing = jnp.zeros((inputs.shape[0], circuit.n_neurons), inputs.dtype)
    _, kept = jax.lax.scan(step, nothing, jnp.swapaxes(inputs, 0, 1))
    return jnp.swapaxes(kept, 0, 1)


@eqx.filter_jit
def _prepared(wiring: LayeredWiring, weight: Array) -> tuple[Array, ...]:
    return wiring.prepare(weight)


def _without_ends(circuit: LayeredCircuit) -> LayeredCircuit:
    """The circuit without what tells random ones of one size apart: one program runs them all."""
    none = jnp.zeros(0, int)
    blocks = tuple(Block(block.post, block.pre, 0, 0) for block in circuit.wiring.blocks)
    return replace(
        circuit,
        weight=jnp.zeros(0, circuit.weight.dtype),
        wiring=LayeredWiring(none, none, circuit.wiring.sizes, blocks),
        notes=(),
    )


def _matrices(circuit: LayeredCircuit) -> tuple[Array, ...]:
    """`wiring.prepare`, by NumPy where nothing is traced: JAX compiles for each number of ends."""
    wiring = circuit.wiring
    ends = circuit.weight, wiring.post, wiring.pre
    if any(isinstance(values, Tracer) for values in ends):
        return _prepared(wiring, circuit.weight)
    weight, post, pre = map(np.asarray, ends)
    found = []
    for block in wiring.blocks:
        inside = slice(block.start, block.stop)
        matrix = np.zeros((wiring.sizes[block.pre], wiring.sizes[block.post]), weight.dtype)
        np.add.at(matrix, (pre[inside], post[inside]), weight[inside])
        found.append(jnp.asarray(matrix))
    return tuple(found)


def _check_channels(circuit: LayeredCircuit, inputs: Array) -> None:
    n = circuit.wiring.sizes[0]
    if inputs.shape[-1] != n:
        raise InputError(
            f"`inputs` must have one entry for each of the circuit's {n} channels on their last "
            f"axis; got shape {inputs.shape}. Order the axes as (trial, time, channel)."
        )
