"""Teachers and students in the larva's mushroom body, with parameters by cell type."""

from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, Shaped

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import GainSide, RateNetwork, Softplus, global_value, per_group, per_neuron
from neuroloom.networks.constraints import Exponential
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.real_circuits_config import LarvaConfig
from neuroloom.studies.constrained_networks.zebrafish.wiring import spectral_abscissa

__all__ = [
    "Odors",
    "Student",
    "TypeParameters",
    "by_type",
    "carried",
    "draw_types",
    "odors",
    "rate_residuals",
    "shown",
    "signed_by_type",
    "teacher_network",
    "weight_scale",
]


@dataclass(frozen=True, eq=False)
class TypeParameters:
    """Gain and bias of each cell type.

    Attributes:
        names: The types, in the order of the alphabet.
        gain: Above 0, dimensionless.
        bias: In the unit of the state.
    """

    names: tuple[str, ...]
    gain: Float[np.ndarray, " type"]
    bias: Float[np.ndarray, " type"]


class Student(eqx.Module):
    """A network that is shown some neurons.

    Attributes:
        network: Wiring of its side, parameters by type.
        observed: 1 where a neuron is recorded, else 0.
        dt: Step, in seconds.
    """

    network: RateNetwork
    observed: Float[Array, " neuron"]
    dt: float = eqx.field(static=True)

    def rates(self, inputs: Float[Array, "trial time neuron"]) -> Float[Array, "trial time neuron"]:
        """What every neuron sends."""
        return self.network.rate(simulate(self.network, inputs, dt=self.dt, adjoint=False))


class Odors(NamedTuple):
    """Trials, one odor each, and what the teacher does in them.

    Attributes:
        inputs: Drive of every neuron, in the unit of the state.
        targets: The teacher's rates.
    """

    inputs: Float[Array, "trial time neuron"]
    targets: Float[Array, "trial time neuron"]


def signed_by_type(connectome: Connectome, inhibitory: tuple[str, ...]) -> Connectome:
    """The same connections; what cells of the inhibitory types send has sign -1, the rest +1.

    Raises:
        InputError: If a type to inhibit is not there.
    """
    cell_type = connectome.column("cell_type")
    unknown = sorted(set(inhibitory) - set(cell_type.tolist()))
    if unknown:
        raise InputError(
            f"The inhibitory types must be types of the wiring; {', '.join(unknown)} is not. It "
            f"has {', '.join(np.unique(cell_type).tolist())}. Name one of these."
        )
    sign = np.where(np.isin(cell_type[connectome.pre], inhibitory), -1, 1)
    return connectome.with_signs(
        sign, f"signs by type: {', '.join(inhibitory)} inhibit, all others excite (assumed)"
    )


def weight_scale(circuit: Connectome, radius: float) -> float:
    """Weight of one synapse, so that the spectral radius of |W| is `radius`.

    Signs are left out: below 1 / gain, no choice of gains by type can then make a network grow
    without bound, whatever excitation it leaves without its inhibition.
    """
    network = RateNetwork.from_connectome(circuit)
    return radius / spectral_abscissa(eqx.tree_at(lambda w: w.sign, network, abs(network.sign)))


def draw_types(
    names: tuple[str, ...], settings: LarvaConfig, rng: np.random.Generator
) -> TypeParameters:
    """A teacher's parameters, drawn for each type."""
    return TypeParameters(
        names=names,
        gain=rng.uniform(settings.gain_low, settings.gain_high, len(names)),
        bias=rng.normal(0, settings.bias_sd, len(names)),
    )


def by_type(
    circuit: Connectome, types: TypeParameters, settings: LarvaConfig, *, scale: float
) -> RateNetwork:
    r"""A network whose neurons have the gain and bias of their type.

    $$\tau \dot x_i = -x_i + g_i\, (W\, \mathrm{softplus}(x))_i + b_i + u_i$$

    Args:
        circuit: Signed.
        types: Parameters, of exactly the types of the circuit.
        settings: tau.
        scale: Weight of one synapse.

    Raises:
        InputError: If the types of the circuit are others.

    Source:
        Spec, section 2, larva; there gain and bias are one a neuron.
    """
    label, n = circuit.column("cell_type"), circuit.n_neurons
    found = tuple(np.unique(label).tolist())
    if found != types.names:
        raise InputError(
            f"Parameters must be of the types of the wiring, {', '.join(found)}; they are of "
            f"{', '.join(types.names)}. Carry parameters between wirings with the same types."
        )
    network = RateNetwork.from_connectome(
        circuit,
        tau=global_value(settings.tau, n, unit="s"),
        gain=per_group(1.0, label, unit="1", constraint=Exponential()),
        bias=per_group(0.0, label, unit="state"),
        scale=scale,
        activation=Softplus(),
        gain_side=GainSide.POSTSYNAPTIC,
    )
    values = (jnp.log(jnp.asarray(types.gain)), jnp.asarray(types.bias))
    return eqx.tree_at(lambda w: (w.gain.value, w.bias.value), network, values)


def teacher_network(
    circuit: Connectome,
    types: TypeParameters,
    settings: LarvaConfig,
    rng: np.random.Generator,
    *,
    scale: float,
) -> RateNetwork:
    """As `by_type`, but every neuron departs from its type by `within_type_sd`."""
    typed, n = by_type(circuit, types, settings, scale=scale), circuit.n_neurons
    sd = settings.within_type_sd
    gain = np.asarray(typed.gain.expand(), float) * np.exp(rng.normal(0, sd, n))
    bias = np.asarray(typed.bias.expand(), float) + rng.normal(0, sd, n)
    own = (per_neuron(gain, n, unit="1"), per_neuron(bias, n, unit="state"))
    return eqx.tree_at(lambda w: (w.gain, w.bias), typed, own)


def carried(learned: RateNetwork, names: tuple[str, ...]) -> TypeParameters:
    """The parameters by type of a network of `by_type`, to take them to another wiring."""
    return TypeParameters(
        names=names,
        gain=np.exp(np.asarray(learned.gain.value, float)),
        bias=np.asarray(learned.bias.value, float),
    )


def odors(
    cell_type: Shaped[np.ndarray, " neuron"], settings: LarvaConfig, rng: np.random.Generator
) -> Float[Array, "trial time neuron"]:
    """Inputs of `n_odors` trials: each odor drives projection neurons of its own, for a while.

    Args:
        cell_type: Of every neuron; those of type `PN` are driven.
        settings: Times, fraction and strength.
        rng: Randomness.
    """
    n_steps = round(settings.duration / settings.dt)
    time = settings.dt * np.arange(n_steps)
    on = (time >= settings.odor_on - 1e-9) & (time < settings.odor_off - 1e-9)
    shape = (settings.n_odors, len(cell_type))
    driven = (rng.random(shape) < settings.active) & (cell_type == "PN")
    drive = driven * rng.exponential(settings.drive, shape)
    return jnp.asarray(on[None, :, None] * drive[:, None, :])


def rate_residuals(
    student: Student, batch: Odors, weight: Float[Array, " trial"], key: PRNGKeyArray
) -> Float[Array, "trial time neuron"]:
    """Differences of recorded rates; the sum of their squares is the mean squared error."""
    del key
    rates = student.rates(batch.inputs)
    n = jnp.sum(weight) * rates.shape[1] * jnp.sum(student.observed)
    root = jnp.sqrt(weight[:, None, None] * student.observed[None, None, :] / n)
    return root * (rates - batch.targets)


def shown(n_recorded: int, n_neurons: int, rng: np.random.Generator) -> Bool[np.ndarray, " neuron"]:
    """Which neurons are recorded: the first of an order drawn at random."""
    return rng.permutation(n_neurons) < n_recorded
