"""Students of the arms: what is recorded, of whom, and by which method they are trained."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuroloom.connectome import Connectome
from neuroloom.fitting import AbstractMethod, FirstOrder, Lesson, SecondOrder, Student
from neuroloom.networks import RateNetwork, StateNoise
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.synthetic_config import (
    Published,
    StudentFit,
    SyntheticConfig,
)
from neuroloom.studies.constrained_networks.teachers.teacher import Teacher

__all__ = [
    "cycling_seconds",
    "method_of",
    "on_all_pairs",
    "record",
    "recorded_sets",
    "seconds_of",
    "student_of",
    "student_rates",
]


def method_of(how: StudentFit) -> AbstractMethod:
    """The method of training that these numbers are of."""
    if isinstance(how, Published):
        return FirstOrder(
            learning_rate=how.learning_rate,
            n_steps=how.n_steps,
            batch_size=how.batch_size,
            clip_norm=how.clip_norm,
            noise=how.noise_step_sd,
            stop_below=how.stop_below,
        )
    return SecondOrder(
        horizons=how.horizons,
        n_clamped=how.n_clamped,
        n_free=how.n_free,
        n_inner=how.n_inner,
        n_inner_free=how.n_inner_free,
        damping=how.damping,
        stop_below=how.stop_below,
        together=how.together,
    )


def student_of(
    network: RateNetwork, recorded: Bool[np.ndarray, " neuron"], teacher: Teacher
) -> Student:
    """A student that starts as this network and is shown the neurons that were recorded."""
    return Student(network, jnp.asarray(recorded, teacher.rates.dtype), teacher.dt)


def record(teacher: Teacher, trials: slice, *, noise_step_sd: float, seed: int) -> Lesson:
    """The teacher's rates in some trials, recorded once while noise moved its state.

    Args:
        teacher: Whose activity.
        trials: Which of its trials.
        noise_step_sd: Noise per step on the state; 0 for none.
        seed: Of the noise.
    """
    inputs, initial = teacher.inputs[trials], teacher.initials[trials]
    if not noise_step_sd:
        return Lesson(inputs, initial, teacher.rates[trials])
    noise = StateNoise.from_step_sd(noise_step_sd, dt=teacher.dt)
    states = simulate(
        teacher.network,
        inputs,
        dt=teacher.dt,
        initial=initial,
        noise=noise,
        key=jax.random.key(seed),
    )
    return Lesson(inputs, initial, teacher.network.rate(states))


def recorded_sets(
    n_neurons: int, n_recorded: Sequence[int], seeds: Sequence[int]
) -> dict[tuple[int, int], Bool[np.ndarray, " neuron"]]:
    """Which neurons are recorded, by number and seed: the first of one random order a seed.

    Numbers above that of the neurons are left out.
    """
    orders = {seed: np.random.default_rng((seed, 2)).permutation(n_neurons) for seed in seeds}
    return {
        (m, seed): np.argsort(order) < m
        for m in n_recorded
        if m <= n_neurons
        for seed, order in orders.items()
    }


def on_all_pairs(network: RateNetwork, weight: Float[np.ndarray, "post pre"]) -> RateNetwork:
    """The network with another matrix of weights, on a connection between every two neurons.

    Its `strength` is the weight itself, of either sign, so that students of different wirings have
    arrays of one shape.

    Args:
        network: Its time constants, gains, biases and activation.
        weight: W[post, pre].
    """
    n = len(weight)
    post, pre = np.divmod(np.arange(n * n), n)
    every = Connectome(
        neuron_id=np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(n * n, int),
        count=np.ones(n * n, int),
        sign=np.ones(n * n, int),
    )
    made = RateNetwork.from_connectome(
        every, tau=network.tau, gain=network.gain, bias=network.bias, activation=network.activation
    )
    strength = jnp.asarray(weight[post, pre], made.strength.dtype)
    return eqx.tree_at(lambda k: k.strength, made, strength)


def student_rates(
    network: RateNetwork, teacher: Teacher, trials: slice
) -> Float[Array, "trial time neuron"]:
    """What a network does in the teacher's trials, from the teacher's start and without noise."""
    states = simulate(
        network, teacher.inputs[trials], dt=teacher.dt, initial=teacher.initials[trials]
    )
    return network.rate(states)


def seconds_of(how: StudentFit, *, n_students: int, n_neurons: int, n_trials: int) -> float:
    """How long students take to train on two cores, for 400 steps of time a trial: a guess.

    From 9 ms of one core for a derivative of 6 trials of 300 neurons, and 22 ms of two for a step
    of Adam on 32; compiling not counted.
    """
    if isinstance(how, Published):
        batch = min(how.batch_size, n_trials)
        return n_students * how.n_steps * (1e-3 + 7e-9 * batch * n_neurons**2)
    clamped = how.n_clamped * sum(how.horizons) * (how.n_inner + 1)  # in lengths of a trial
    n_derivatives = 2 * (clamped + how.n_free * (how.n_inner_free + 1))
    return n_students * n_derivatives * (1e-3 + 6e-9 * n_trials * n_neurons**2)


def cycling_seconds(
    ours: SyntheticConfig, how: StudentFit, n_students: int, *, n_trials: int | None = None
) -> float:
    """`seconds_of` students of the cycling teacher; `n_trials` defaults to `n_trained`."""
    return seconds_of(
        how,
        n_students=n_students,
        n_neurons=ours.cycling.n_neurons,
        n_trials=n_trials or ours.n_trained,
    )
