"""Perturbed networks: two neurons by hand, and a ring attractor whose shifters are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.analysis.bump import (
    Clamp,
    Pulse,
    Scale,
    bump_amplitude,
    drift,
    gain_ratio,
    matched_sets,
    members,
    perturbed,
    population_angle,
    scaled,
    silence,
    stimulate,
    surviving,
    towards,
)
from neuroloom.errors import InputError
from neuroloom.networks import RateNoise, TaskNetwork
from neuroloom.simulation import perform
from neuroloom.tasks import AngularIntegration
from turning_ring import ANGLE, CLASSES, COMPASS, push_pull_ring, turning_ring

TASK = AngularIntegration(n_steps=211, still=0.0)
START = 30
DRIVE = jnp.ones((1, 40, 1))
PLUS, MINUS = members(CLASSES, "shifter+"), members(CLASSES, "shifter-")


@pytest.fixture(scope="module")
def ring():
    return turning_ring()


@pytest.fixture(scope="module")
def trials():
    return TASK(jax.random.key(1), 24)


@pytest.fixture(scope="module")
def sham(ring, trials):
    return perturbed(ring, trials.inputs, dt=TASK.dt)


@pytest.fixture
def pair(a_to_b):
    """a excites b; both are read."""
    network = TaskNetwork.from_connectome(a_to_b, n_inputs=1, n_outputs=2, key=jax.random.key(0))
    return TaskNetwork(
        network=network.with_weight(jnp.array([[0.0, 0.0], [0.8, 0.0]])).network,
        input_weight=jnp.array([[1.0], [0.0]]),
        output_weight=jnp.eye(2),
        output_bias=jnp.zeros(2),
        initial=jnp.zeros(2),
    )


def angles(performance):
    return np.asarray(TASK.decoded(performance.outputs), float)


def ratios(network, trials, sham, neurons, rng, *, drift=True):
    found = perturbed(network, trials.inputs, [silence(neurons, start=START)], dt=TASK.dt)
    velocity = np.asarray(TASK.angular_velocity(trials), float)
    return gain_ratio(angles(found), angles(sham), velocity, start=START, drift=drift, rng=rng)


def still(network, perturbations=(), degrees=(30, 150, 260), n_steps=80):
    """No turn after the cue, from these headings."""
    heading = np.radians(np.asarray(degrees, float))
    inputs = np.zeros((heading.size, n_steps, 3))
    inputs[:, :10, 1:] = np.stack([np.sin(heading), np.cos(heading)], axis=-1)[:, None]
    return perturbed(network, jnp.asarray(inputs), perturbations, dt=TASK.dt)


def test_without_perturbations_it_is_perform(ring, trials, sham):
    plain = perform(ring, trials.inputs, dt=TASK.dt)
    np.testing.assert_allclose(sham.outputs, plain.outputs, atol=1e-9)


def test_the_ring_of_the_tests_follows_turns(trials, sham):
    off = np.angle(np.exp(1j * (angles(sham) - np.asarray(TASK.heading(trials)))))
    assert np.degrees(np.abs(off[:, START:])).mean() < 25


def test_silencing_the_clockwise_shifters_removes_clockwise_turns_only(ring, trials, sham, rng):
    positive, negative = ratios(ring, trials, sham, MINUS, rng)
    assert negative.high < 0.3
    assert positive.low > 0.7


def test_silencing_the_other_shifters_removes_the_other_turns_only(ring, trials, sham, rng):
    positive, negative = ratios(ring, trials, sham, PLUS, rng)
    assert positive.high < 0.3
    assert negative.low > 0.7


def test_where_shifters_push_at_rest_the_gain_without_drift_is_lost_on_one_side(trials, rng):
    network = push_pull_ring()
    sham = perturbed(network, trials.inputs, dt=TASK.dt)
    off = np.angle(np.exp(1j * (angles(sham) - np.asarray(TASK.heading(trials)))))
    assert np.degrees(np.abs(off)).mean() < 5
    positive, negative = ratios(network, trials, sham, MINUS, rng, drift=False)
    assert negative.high < 0
    assert positive.low > 1
    positive, negative = ratios(network, trials, sham, MINUS, rng, drift=True)
    assert positive.value < 0.7
    assert negative.value < 0.7


def test_matched_random_sets_of_shifters_favor_no_side_as_much(ring, trials, sham, rng):
    mirrored = perturbed(ring, trials.inputs * jnp.array([[[-1.0, -1.0, 1.0]]]), dt=TASK.dt)
    rate = np.asarray((sham.rates + mirrored.rates).mean((0, 1)) / 2)
    ours = np.subtract(*(one.value for one in ratios(ring, trials, sham, MINUS, rng)))
    drawn = matched_sets(rate, MINUS, n_draws=6, n_strata=2, among=CLASSES != "compass", rng=rng)
    others = [
        np.subtract(*(one.value for one in ratios(ring, trials, sham, one, rng))) for one in drawn
    ]
    assert ours > 0.7
    assert np.abs(np.mean(others)) < 0.5 * ours


def test_stimulated_shifters_turn_the_bump_to_their_side_without_a_turn(ring):
    for neurons, sign in ((PLUS, 1), (MINUS, -1)):
        pushed = still(ring, [stimulate(neurons, 1.0, start=START)])
        found = drift(angles(pushed), dt=TASK.dt, start=START)
        assert (sign * found > 20).all()
    resting = drift(angles(still(ring)), dt=TASK.dt, start=START)
    assert np.abs(resting).max() < 5


def test_pushed_compass_units_take_the_bump_to_their_angle(ring):
    target = np.radians(90.0)
    near = tuple(int(i) for i in np.flatnonzero(np.abs(ANGLE - target) < 0.4))
    resting, pushed = (
        angles(still(ring, p))[:2] for p in ([], [stimulate(near, 1.5, start=START)])
    )
    assert (towards(pushed[:, -1], resting[:, -1], target) > 20).all()


def test_silencing_the_compass_kills_the_bump(ring):
    sham = still(ring)
    dead = still(ring, [silence(members(CLASSES, "compass"), start=START, n_steps=10)])
    amplitude, reference = (
        bump_amplitude(np.asarray(p.rates, float)[:, :, COMPASS], ANGLE) for p in (dead, sham)
    )
    alive = surviving(amplitude[:, START:], reference[:, START:])
    assert not alive.any()
    assert (amplitude[:, START - 1] == reference[:, START - 1]).all()
    start = population_angle(np.asarray(sham.rates, float)[:, :, COMPASS], ANGLE)[:, START]
    np.testing.assert_allclose(np.degrees(start) % 360, [30, 150, 260], atol=10)


def test_a_current_into_a_moves_b_and_one_into_b_does_not_move_a(pair):
    sham = perturbed(pair, DRIVE, dt=TASK.dt).states
    push_a = perturbed(pair, DRIVE, [stimulate((0,), 1.0)], dt=TASK.dt).states
    push_b = perturbed(pair, DRIVE, [stimulate((1,), 1.0)], dt=TASK.dt).states
    assert push_a[0, -1, 1] > sham[0, -1, 1] + 0.1
    np.testing.assert_array_equal(push_b[:, :, 0], sham[:, :, 0])


def test_currents_add_up_and_clamps_win_in_turn_within_their_steps(pair):
    run = lambda *p: perturbed(pair, DRIVE, p, dt=TASK.dt)  # noqa: E731
    twice = run(Pulse((0,), 0.2, 3, 4), Pulse((0,), 0.3, 3, 4))
    np.testing.assert_allclose(twice.states, run(Pulse((0,), 0.5, 3, 4)).states)
    held = run(Clamp((0, 1), 0.7, 2, 6), Clamp((1,), 0.1, 4, 2)).rates
    np.testing.assert_allclose(held[:, 2:8, 0], 0.7)
    np.testing.assert_allclose(held[:, 2:8, 1], [[0.7, 0.7, 0.1, 0.1, 0.7, 0.7]])
    sham = run().rates
    np.testing.assert_array_equal(held[:, :2], sham[:, :2])
    assert (held[:, 8, 0] != 0.7).all()


def test_a_scale_of_0_sends_nothing_like_silence_and_of_1_is_a_sham(pair):
    run = lambda *p: perturbed(pair, DRIVE, p, dt=TASK.dt)  # noqa: E731
    nothing, silent = run(Scale((0,), 0.0, 10, 10)), run(silence((0,), start=10, n_steps=10))
    for name in ("states", "rates", "outputs"):
        np.testing.assert_allclose(getattr(nothing, name), getattr(silent, name), atol=1e-9)
    assert float(abs(silent.states - run().states)[:, 10:].max()) > 0.01
    np.testing.assert_allclose(run(Scale((0,), 1.0, 10, 10)).outputs, run().outputs, atol=1e-9)


def test_scaled_weights_leave_what_the_outputs_read(pair):
    half = scaled(pair, (0,), 0.5, outputs=False)
    np.testing.assert_allclose(half.weight, [[0.0, 0.0], [0.4, 0.0]])
    np.testing.assert_array_equal(half.output_weight, pair.output_weight)
    both = scaled(pair, (0,), 0.5)
    np.testing.assert_allclose(both.output_weight, [[0.5, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(pair.weight[1, 0], 0.8)


def test_overlapping_scales_multiply_where_both_hold(pair):
    twice = [Scale((0,), 0.5, 10), Scale((0,), 0.5, 20, 10)]
    both, free = (perturbed(pair, DRIVE, p, dt=TASK.dt).rates for p in (twice, []))
    share = np.asarray(both[0, :, 0] / free[0, :, 0])
    np.testing.assert_allclose(share, np.repeat([1.0, 0.5, 0.25, 0.5], 10))


def test_the_same_key_gives_the_sham_the_same_noise(pair):
    noisy = {"dt": TASK.dt, "noise": RateNoise(0.1), "key": jax.random.key(3)}
    sham = perturbed(pair, DRIVE, **noisy).rates
    held = perturbed(pair, DRIVE, [silence((1,), start=5)], **noisy).rates
    np.testing.assert_array_equal(sham[:, :, 0], held[:, :, 0])
    assert sham.std() > 0.05


@pytest.mark.parametrize(
    ("call", "instruction"),
    [
        (lambda p: perturbed(p, jnp.zeros((1, 5, 1)), [silence((2,))], dt=0.1), "not ids"),
        (lambda p: perturbed(p, jnp.zeros((1, 5, 1)), [silence((0,), start=5)], dt=0.1), "earlier"),
        (lambda p: Scale((0,), -1.0), "Use 0 to silence"),
        (lambda p: Scale((), 1.0), "flatnonzero"),
    ],
)
def test_errors_say_what_to_do(pair, call, instruction):
    with pytest.raises(InputError, match=instruction):
        call(pair)
