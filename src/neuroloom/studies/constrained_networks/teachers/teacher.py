"""What a teacher is: a network whose parameters and whole activity are known."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.connectome import Connectome
from neuroloom.networks import RateNetwork
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.teachers_config import TeacherConfig

__all__ = ["Drawn", "Teacher", "assemble"]


class Drawn(NamedTuple):
    """Everything of a teacher that was drawn or trained, before it is run.

    Attributes:
        connectome: Its weights: sign times count.
        gain: Gains, dimensionless.
        bias: Biases, in units of the state.
        initial: State before the first step.
        inputs: Input of each neuron, in units of the state, held over each step.
        readout: Weights of the outputs, or None.
        targets: What the outputs were trained to be, or None.
        notes: How it was made, a sentence each.
    """

    connectome: Connectome
    gain: Float[np.ndarray, " neuron"]
    bias: Float[np.ndarray, " neuron"]
    initial: Float[np.ndarray, " neuron"]
    inputs: Float[np.ndarray, "trial time neuron"]
    readout: Float[np.ndarray, "output neuron"] | None = None
    targets: Float[np.ndarray, "trial time output"] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Teacher:
    """A network with known parameters, and what all of its neurons did without noise.

    Attributes:
        config: What it is, its seed included.
        connectome: Its wiring; weights are sign times count.
        network: Its equation and parameters. Students start from it.
        initial: State before the first step, of every trial.
        inputs: Input of each neuron, in units of the state.
        states: States after each step.
        rates: Rates after each step: what is recorded.
        readout: Weights of the outputs, or None.
        targets: What the outputs should be, or None.
        notes: How it was made, for reports.
    """

    config: TeacherConfig
    connectome: Connectome
    network: RateNetwork
    initial: Float[Array, " neuron"]
    inputs: Float[Array, "trial time neuron"]
    states: Float[Array, "trial time neuron"]
    rates: Float[Array, "trial time neuron"]
    readout: Float[Array, "output neuron"] | None
    targets: Float[Array, "trial time output"] | None
    notes: tuple[str, ...]

    @property
    def dt(self) -> float:
        """Step, in seconds."""
        return self.config.dt

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.network.n_neurons

    @property
    def initials(self) -> Float[Array, "trial neuron"]:
        """The state before the first step, once a trial, as `simulate` takes it."""
        return jnp.broadcast_to(self.initial, (self.inputs.shape[0], self.n_neurons))

    def __repr__(self) -> str:
        """Kind, sizes and seed."""
        trial, time, _ = self.inputs.shape
        return (
            f"Teacher({type(self.config).__name__}, seed {self.config.seed}, {self.n_neurons:,} "
            f"neurons, {self.connectome.n_connections:,} connections, {trial} trials of {time} "
            f"steps of {self.dt:g} s)"
        )


def assemble(
    config: TeacherConfig,
    drawn: Drawn,
    network: RateNetwork,
    states: Float[np.ndarray, "trial time neuron"] | None = None,
) -> Teacher:
    """Run a drawn teacher without noise.

    Args:
        config: What it is.
        drawn: Its arrays.
        network: Its equation with these arrays.
        states: Its activity, if that was computed before.
    """
    inputs = jnp.asarray(drawn.inputs)
    initial = jnp.asarray(drawn.initial)
    if states is None:
        start = jnp.broadcast_to(initial, (len(inputs), initial.size))
        run = simulate(network, inputs, dt=config.dt, initial=start)
    else:
        run = jnp.asarray(states)
    return Teacher(
        config=config,
        connectome=drawn.connectome,
        network=network,
        initial=initial,
        inputs=inputs,
        states=run,
        rates=network.rate(run),
        readout=None if drawn.readout is None else jnp.asarray(drawn.readout),
        targets=None if drawn.targets is None else jnp.asarray(drawn.targets),
        notes=drawn.notes,
    )
