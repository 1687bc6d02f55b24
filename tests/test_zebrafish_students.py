"""Teachers and students of the integrator, against exact linear algebra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.real_circuits_config import IntegratorConfig
from neuroloom.studies.constrained_networks.zebrafish.students import (
    Student,
    bursts,
    least_expected_error,
    prior_of_start,
    residuals,
    sensitivity,
    started,
    teacher_network,
)

SETTINGS = IntegratorConfig(duration=4.0, pulses=(0.5, 2.0))


@pytest.fixture
def shares(rng):
    """Twelve cells, two of them inhibitory; counts are shares."""
    n = 12
    post, pre = np.nonzero(rng.random((n, n)) < 0.4)
    return Connectome(
        neuron_id=np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), int),
        count=rng.uniform(0.05, 0.3, len(pre)),
        sign=np.where(pre < 2, -1, 1),
        count_unit="mean_synapses",
    )


def matrix(shares):
    found = np.zeros((shares.n_neurons,) * 2)
    found[shares.post, shares.pre] = shares.sign * shares.count
    return found * 0.9 / np.linalg.eigvals(found).real.max()


def states_of(effective, inputs, dt=0.1):
    """Forward Euler of dx/dt = -x + A x + u, in four lines."""
    x, found = np.zeros(len(effective)), []
    for u in np.asarray(inputs):
        x = x + dt * (-x + effective @ x + u)
        found.append(x)
    return np.array(found)


def test_the_teachers_gains_undo_its_weights(shares, rng):
    gain = np.exp(rng.normal(0, 0.3, 12))
    teacher = teacher_network(shares, SETTINGS, gain)
    trial = bursts(teacher, SETTINGS)
    np.testing.assert_allclose(
        trial.targets[0], states_of(matrix(shares), trial.inputs[0]), atol=1e-9
    )
    np.testing.assert_allclose(
        teacher.wiring.matrix(teacher.weight), matrix(shares) / gain[None, :], rtol=1e-6
    )


def test_bursts_come_at_their_onsets_for_one_step_each(shares):
    inputs = np.asarray(bursts(teacher_network(shares, SETTINGS, np.ones(12)), SETTINGS).inputs)
    assert np.flatnonzero(inputs[0, :, 0]).tolist() == [5, 20]
    assert 0.1 * np.linalg.norm(inputs[0, 5]) == pytest.approx(10.5)


def test_sensitivity_is_the_finite_difference(shares, rng):
    gain = np.exp(rng.normal(0, 0.3, 12))
    teacher = teacher_network(shares, SETTINGS, gain)
    trial = bursts(teacher, SETTINGS)
    exact = sensitivity(teacher, trial.inputs[0], dt=0.1)
    weights = matrix(shares) / gain[None, :]
    for j in (0, 7):
        up, down = (gain * np.exp(np.eye(12)[j] * step) for step in (1e-5, -1e-5))
        rise = [states_of(weights * g[None, :], trial.inputs[0]) for g in (up, down)]
        np.testing.assert_allclose(exact[:, :, j], (rise[0] - rise[1]) / 2e-5, atol=1e-6)


def test_a_start_is_the_teachers_gains_in_another_order_times_one_half(shares, rng):
    gain = np.exp(rng.normal(0, 0.3, 12))
    student = started(teacher_network(shares, SETTINGS, gain), np.arange(12) < 3, SETTINGS, rng)
    found = np.asarray(student.network.gain.expand())
    assert not np.allclose(found, gain / 2)
    np.testing.assert_allclose(np.sort(found), np.sort(gain) / 2, rtol=1e-6)


def test_the_sum_of_squared_residuals_is_the_error_of_recorded_cells(shares, rng):
    teacher = teacher_network(shares, SETTINGS, np.ones(12))
    trial = bursts(teacher, SETTINGS)
    observed = np.arange(12) < 3
    student = started(teacher, observed, SETTINGS, rng)
    found = residuals(student, trial, jnp.ones(1), jax.random.key(0))
    states = simulate(student.network, trial.inputs, dt=0.1)
    expected = ((states - trial.targets)[0][:, observed] ** 2).mean()
    assert (np.asarray(found) ** 2).sum() == pytest.approx(float(expected), rel=1e-6)


def test_what_no_recording_can_tell_is_the_start_and_what_all_tell_is_nothing(shares, rng):
    gain = np.exp(rng.normal(0, 0.3, 12))
    teacher = teacher_network(shares, SETTINGS, gain)
    s = sensitivity(teacher, bursts(teacher, SETTINGS).inputs[0], dt=0.1)
    prior = prior_of_start(gain, 0.5)
    nobody = np.zeros(12, bool)
    before = np.einsum("tip,pq,tiq->", s, prior, s) / (s.shape[0] * 12)
    assert least_expected_error(s, nobody, prior, 1e-3) == pytest.approx(before, rel=1e-6)
    errors = [least_expected_error(s, np.arange(12) < m, prior, 1e-4) for m in (1, 4, 11)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-4 * before


def test_the_least_expected_error_is_that_of_the_dense_posterior(shares, rng):
    gain = np.exp(rng.normal(0, 0.3, 12))
    teacher = teacher_network(shares, SETTINGS, gain)
    s = sensitivity(teacher, bursts(teacher, SETTINGS).inputs[0], dt=0.1)
    observed, prior = np.arange(12) < 2, prior_of_start(gain, 0.5)
    seen, unseen = (s[:, mask].reshape(-1, 12) for mask in (observed, ~observed))
    left = np.linalg.inv(seen.T @ seen / 0.01**2 + np.linalg.inv(prior))
    expected = np.trace(unseen @ left @ unseen.T) / len(unseen)
    assert least_expected_error(s, observed, prior, 0.01) == pytest.approx(expected, rel=1e-6)


def test_a_student_is_an_own_module_per_recorded_set(shares, rng):
    teacher = teacher_network(shares, SETTINGS, np.ones(12))
    student = started(teacher, np.arange(12) < 3, SETTINGS, rng)
    assert isinstance(student, Student)
    assert np.asarray(student.observed).tolist() == [1.0] * 3 + [0.0] * 9
