"""Teachers and students on the integrator's wiring; what a recorded set can and cannot tell."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.networks import RateNetwork, per_neuron
from neuroloom.networks.constraints import Exponential
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.real_circuits_config import IntegratorConfig
from neuroloom.studies.constrained_networks.zebrafish.wiring import integrator_network

__all__ = [
    "Bursts",
    "Student",
    "bursts",
    "least_expected_error",
    "prior_of_start",
    "residuals",
    "sensitivity",
    "started",
    "teacher_network",
]


class Student(eqx.Module):
    """A network that is shown some cells.

    Attributes:
        network: Same wiring as the teacher's, gains of its own.
        observed: 1 where a cell is recorded, else 0.
        dt: Step, in seconds.
    """

    network: RateNetwork
    observed: Float[Array, " neuron"]
    dt: float = eqx.field(static=True)


class Bursts(NamedTuple):
    """The one trial, and what the teacher does in it.

    Attributes:
        inputs: Bursts to every cell alike, in the unit of the state per second times tau.
        targets: The teacher's states.
    """

    inputs: Float[Array, "trial time neuron"]
    targets: Float[Array, "trial time neuron"]


def teacher_network(
    shares: Connectome, settings: IntegratorConfig, gain: Float[np.ndarray, " neuron"]
) -> RateNetwork:
    """A network whose gains undo its weights: W diag(1/g), so that W (g o x) is the wiring's W x.

    Args:
        shares: Of `per_total_input`.
        settings: Abscissa and tau.
        gain: The teacher's g, above 0.

    Source:
        Spec of Fig. 5 g-i, where log g is trained.
    """
    n = shares.n_neurons
    network = integrator_network(
        shares,
        abscissa=settings.abscissa,
        tau=settings.tau,
        gain=per_neuron(gain, n, unit="1", constraint=Exponential()),
    )
    undone = network.strength / jnp.asarray(gain)[network.pre]
    return eqx.tree_at(lambda w: w.strength, network, undone)


def bursts(network: RateNetwork, settings: IntegratorConfig) -> Bursts:
    """The published pulses through an input vector of length 1, equal for all cells.

    The source's input vector is not stated in what we have; ours is the same for every cell.
    """
    n, dt = network.n_neurons, settings.dt
    onset = np.zeros(round(settings.duration / dt))
    onset[[round(at / dt) for at in settings.pulses]] = settings.burst / dt / np.sqrt(n)
    inputs = jnp.asarray(np.tile(onset[None, :, None], (1, 1, n)))
    return Bursts(inputs, simulate(network, inputs, dt=dt))


def started(
    teacher: RateNetwork,
    observed: Bool[np.ndarray, " neuron"],
    settings: IntegratorConfig,
    rng: np.random.Generator,
) -> Student:
    """A student before training: the teacher's gains in another order, times `start_gain`."""
    gain = settings.start_gain * rng.permutation(np.asarray(teacher.gain.expand(), float))
    raw = jnp.asarray(np.log(gain), teacher.gain.value.dtype)
    network = eqx.tree_at(lambda w: w.gain.value, teacher, raw)
    return Student(network, jnp.asarray(observed, raw.dtype), settings.dt)


def residuals(
    student: Student, batch: Bursts, weight: Float[Array, " trial"], key: PRNGKeyArray
) -> Float[Array, "trial time neuron"]:
    """Differences of recorded states; the sum of their squares is the mean squared error."""
    del key
    states = simulate(student.network, batch.inputs, dt=student.dt, adjoint=False)
    n = jnp.sum(weight) * states.shape[1] * jnp.sum(student.observed)
    root = jnp.sqrt(weight[:, None, None] * student.observed[None, None, :] / n)
    return root * (states - batch.targets)


def sensitivity(
    network: RateNetwork, inputs: Float[Array, "time neuron"], *, dt: float
) -> Float[np.ndarray, "time neuron parameter"]:
    r"""How every state changes with every log gain, exactly, of a linear network.

    $$S_{t+1} = S_t + \frac{\Delta t}{\tau}\left(-S_t + W\,\mathrm{diag}(g)\,S_t
    + W\,\mathrm{diag}(g \circ x_t)\right)$$

    Args:
        network: Linear, gain on the presynaptic side.
        inputs: One trial.
        dt: Step, in seconds.
    """
    prepared = network.prepare()
    gain = np.asarray(prepared.gain, float)
    sent = np.asarray(network.wiring.matrix(network.weight), float) * gain[None, :]
    step = (dt / np.asarray(prepared.tau, float))[:, None]
    given = np.asarray(inputs, float)
    found = np.empty((*given.shape, gain.size))
    x, s = np.zeros(gain.size), np.zeros((gain.size, gain.size))
    for t, u in enumerate(given):
        s = s + step * (-s + sent @ s + sent * x[None, :])
        x = x + step[:, 0] * (-x + sent @ x + u)
        found[t] = s
    return found


def least_expected_error(
    s: Float[np.ndarray, "time neuron parameter"],
    observed: Bool[np.ndarray, " neuron"],
    prior: Float[np.ndarray, "parameter parameter"],
    accuracy: float,
) -> float:
    r"""Expected mean squared error of unrecorded states that no student can go below.

    $$E_u = \frac{1}{T n_u} \mathrm{tr}\, S_u \left(\frac{S_R^\top S_R}{a^2}
    + C_0^{-1}\right)^{-1} S_u^\top$$

    Args:
        s: Of `sensitivity`, at the teacher.
        observed: Which cells are recorded.
        prior: C0, second moment of the start about the teacher.
        accuracy: a, root of the mean squared error to which recorded states are known; above 0.

    Source:
        Section 5 of the spec: posterior of the linearized problem. Exact near the teacher only.
    """
    seen = s[:, observed].reshape(-1, s.shape[2])
    unseen = s[:, ~observed].reshape(-1, s.shape[2])
    # C0 - C0 S' (S C0 S' + a^2)^-1 S C0, through the small side
    root = np.linalg.cholesky(prior)
    inner = np.eye(len(prior)) + root.T @ (seen.T @ seen) @ root / accuracy**2
    left = np.linalg.solve(np.linalg.cholesky(inner), root.T)
    return float(((unseen @ left.T) ** 2).sum() / len(unseen))


def prior_of_start(gain: Float[np.ndarray, " neuron"], start_gain: float) -> np.ndarray:
    """Second moment of a start's log gains about the teacher's: another order, times a factor."""
    n, spread = len(gain), float(np.var(np.log(gain)))
    return 2 * spread * np.eye(n) + np.log(start_gain) ** 2 * np.ones((n, n))
