"""Flip-flops, delayed match to sample and path integration, against loops from the sentence."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.tasks import AngularIntegration, Cycling, DelayedMatch, FlipFlop, PathIntegration


def drawn(task, n, seed=0):
    return jax.tree.map(np.asarray, task(jax.random.key(seed), n))


@pytest.fixture(scope="module")
def paths():
    return drawn(PathIntegration(), 400)


@pytest.mark.parametrize("task", [FlipFlop(), FlipFlop(n_bits=2, n_steps=50, pulse=0.2, width=8)])
def test_every_bit_holds_the_sign_of_its_last_pulse(task):
    trials = drawn(task, 200)
    held = np.zeros((200, task.n_bits))
    for step in range(task.n_steps):
        pulse = trials.inputs[:, step]
        held = np.where(pulse != 0, pulse, held)
        np.testing.assert_array_equal(trials.targets[:, step], held)
    assert trials.mask.all()
    assert (trials.inputs[:, 0] != 0).all()


def test_pulses_are_as_frequent_as_asked_last_their_width_and_have_either_sign():
    task = FlipFlop(n_bits=4, n_steps=80, pulse=0.3, width=5)
    inputs = drawn(task, 500).inputs
    slots = inputs.reshape(500, 16, 5, 4)
    np.testing.assert_array_equal(slots, np.broadcast_to(slots[:, :, :1], slots.shape))
    later = slots[:, 1:, 0]
    assert (later != 0).mean() == pytest.approx(0.3, abs=0.01)
    assert later[later != 0].mean() == pytest.approx(0, abs=0.03)
    assert abs(np.corrcoef(later.reshape(-1, 4).T) - np.eye(4)).max() < 0.03


@pytest.mark.parametrize("n_stimuli", [2, 5])
def test_a_trial_matches_where_sample_and_test_are_the_same_stimulus(n_stimuli):
    task = DelayedMatch(n_stimuli=n_stimuli, noise=0.0, delay=(0.5, 1.0))
    raw = task(jax.random.key(0), 600)
    trials = jax.tree.map(np.asarray, raw)
    stimulus = trials.inputs[:, :, 1:]
    on = stimulus.any(-1)
    sample, test = stimulus[:, 12].argmax(-1), np.zeros(600, int)
    for n in range(600):
        steps = np.flatnonzero(on[n])
        np.testing.assert_array_equal(steps[:20], np.arange(12, 32))
        assert len(steps) == 40
        assert 20 <= steps[20] - 32 <= 40
        assert (stimulus[n, steps[:20]].argmax(-1) == sample[n]).all()
        test[n] = stimulus[n, steps[-1]].argmax()
        np.testing.assert_array_equal(trials.inputs[n, :, 0], np.arange(128) <= steps[-1])
    match = sample == test
    np.testing.assert_array_equal(np.asarray(task.is_match(raw)), match)
    assert match.mean() == pytest.approx(0.5, abs=0.07)
    counts = np.bincount((test - sample)[~match] % n_stimuli, minlength=n_stimuli)[1:]
    assert counts.min() > 0.6 * counts.sum() / (n_stimuli - 1)
    expected = np.stack([np.ones(600), match, ~match], -1)
    deciding = trials.inputs[:, :, :1] == 0
    answers = np.where(deciding, expected[:, None] * [0, 1, 1], [1.0, 0, 0])
    np.testing.assert_array_equal(trials.targets, answers)
    assert np.asarray(task.correct(raw, raw.targets)).all()
    wrong = raw.targets[:, :, jnp.array([0, 2, 1])]
    assert not np.asarray(task.correct(raw, wrong)).any()


def test_stimuli_are_noisy_only_while_they_are_on_by_as_much_as_published():
    task = DelayedMatch(dt=0.1)
    stimulus = drawn(task, 500).inputs[:, :, 1:]
    on = stimulus.any(-1)
    assert on.sum(1).tolist() == [10] * 500
    apart = np.minimum(abs(stimulus[on]), abs(stimulus[on] - 1))
    assert np.sqrt((apart**2).mean()) == pytest.approx(0.1, rel=0.03)


def test_a_path_is_the_sum_of_its_velocities_from_the_middle_on(paths):
    inputs, position, mask = paths
    where = np.zeros((400, 2))
    for step in range(500):
        speed, sine, cosine = inputs[:, step].T
        where = where + 0.025 * speed[:, None] * np.stack([cosine, sine], -1)
        np.testing.assert_allclose(position[:, step], where, atol=1e-9)
    np.testing.assert_allclose((inputs[:, :, 1:] ** 2).sum(-1), 1, atol=1e-9)
    again = jax.tree.map(jnp.asarray, paths)
    np.testing.assert_allclose(PathIntegration().position(again), position, atol=1e-9)
    assert mask.all()


def test_a_path_stays_inside_and_touches_every_wall(paths):
    _, position, _ = paths
    assert abs(position).max() <= 0.5
    for side in (position.min((0, 1)), -position.max((0, 1))):
        assert (side < -0.49).all()


def test_speed_and_turning_are_as_asked_away_from_walls(paths):
    inputs, position, _ = paths
    free = (abs(position[:, 1:]) < 0.47).all(-1) & (abs(position[:, :-1]) < 0.47).all(-1)
    speed = inputs[:, :, 0]
    assert speed[:, 0].mean() == pytest.approx(0.16, rel=0.08)  # stationary from the start
    assert speed[:, 1:][free].mean() == pytest.approx(0.16, rel=0.05)
    assert speed[:, 1:][free].std() == pytest.approx(0.16 * np.sqrt(4 / np.pi - 1), rel=0.05)
    angle = np.arctan2(inputs[:, :, 1], inputs[:, :, 2])
    turn = np.angle(np.exp(1j * np.diff(angle, axis=1)))[free]
    assert turn.std() == pytest.approx(0.8 * np.sqrt(0.025), rel=0.03)
    assert turn.mean() == pytest.approx(0, abs=0.002)
    fast = np.where(free, speed[:, 1:], np.nan)
    pairs = np.stack([fast[:, :-20].ravel(), fast[:, 20:].ravel()])
    kept = np.corrcoef(pairs[:, np.isfinite(pairs).all(0)])[0, 1]
    assert kept == pytest.approx(np.exp(-2), abs=0.06)  # of a length: the square of the Gaussians'


@pytest.mark.parametrize(
    "task",
    [
        AngularIntegration(n_steps=20),
        Cycling(duration=16.0),
        FlipFlop(n_steps=10),
        DelayedMatch(dt=0.1),
        PathIntegration(n_steps=20),
    ],
)
def test_a_task_is_a_function_of_its_key_that_compiles_and_maps(task):
    one = task(jax.random.key(0), 3)
    for part, again in zip(one, task(jax.random.key(0), 3), strict=True):
        np.testing.assert_array_equal(part, again)
    assert one.inputs.shape == (3, task.n_steps, task.n_inputs)
    assert one.targets.shape == (3, task.n_steps, task.n_outputs)
    other = np.asarray(task(jax.random.key(1), 3).inputs)
    assert (np.asarray(one.inputs) != other).any()
    keys = jax.random.split(jax.random.key(0), 2)
    mapped = jax.eval_shape(jax.jit(jax.vmap(lambda key: task(key, 3))), keys)
    assert mapped.inputs.shape == (2, *one.inputs.shape)
    assert one.inputs.dtype == one.targets.dtype
    assert one.targets.shape == one.mask.shape


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: FlipFlop(pulse=2.0), "Use 1 and 0.5"),
        (lambda: FlipFlop(width=100), "Lengthen the trial"),
        (lambda: DelayedMatch(n_stimuli=1), "Use 0.025, 0.0316 and 2"),
        (lambda: DelayedMatch(delay=(1.0, 0.5)), "Give seconds"),
        (lambda: replace(PathIntegration(), side=0.0), "Give seconds, m, m/s and rad"),
    ],
)
def test_numbers_out_of_range_are_refused_with_the_way_out(make, instruction):
    with pytest.raises(InputError, match=instruction):
        make()
