"""Tasks: what is asked for, when, and how often."""

import jax
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.tasks import Cycling


@pytest.fixture(scope="module")
def trials():
    return jax.tree.map(np.asarray, Cycling()(jax.random.key(3), 2_000))


def test_the_target_is_the_sine_since_the_pulse_for_as_many_cycles_as_its_channel_asks(trials):
    """Against a loop over trials, written from the sentence."""
    dt, omega = 0.05, 3.0
    for i in range(200):
        expected = np.zeros(400)
        pulses = np.argwhere(trials.inputs[i])
        for step, channel in pulses:
            for k in range(400):
                since = (k + 1) * dt - step * dt
                if 0 <= since < (2, 5)[channel] * 2 * np.pi / omega:
                    expected[k] = np.sin(omega * since)
        assert len(pulses) <= 1
        np.testing.assert_allclose(trials.targets[i, :, 0], expected, atol=1e-9)


def test_a_pulse_is_one_step_of_height_one_between_two_and_five_seconds(trials):
    _, step, _ = np.nonzero(trials.inputs)
    assert set(np.unique(trials.inputs)) == {0.0, 1.0}
    assert (step * 0.05 >= 2.0 - 1e-9).all()
    assert (step * 0.05 < 5.0).all()
    assert np.mean(step * 0.05) == pytest.approx(3.475, abs=0.1)
    assert len(np.unique(step)) == 60


def test_a_fifth_of_the_trials_are_catch_trials_and_stay_at_zero(trials):
    catch = ~trials.inputs.any((1, 2))
    assert catch.mean() == pytest.approx(0.2, abs=0.03)
    assert not trials.targets[catch].any()
    assert trials.targets[~catch].any((1, 2)).all()


def test_channels_are_equally_likely_and_every_target_counts(trials):
    n_pulses = trials.inputs.sum((0, 1))
    assert n_pulses[0] / n_pulses.sum() == pytest.approx(0.5, abs=0.04)
    assert trials.mask.all()
    assert trials.mask.shape == trials.targets.shape


def test_the_same_key_gives_the_same_trials_and_another_key_others(key):
    task = Cycling()
    one, again = task(key, 8), task(key, 8)
    other = task(jax.random.key(9), 8)
    np.testing.assert_array_equal(one.inputs, again.inputs)
    assert not np.array_equal(one.inputs, other.inputs)


def test_trials_can_be_drawn_inside_a_compiled_function(key):
    task = Cycling()
    inside = jax.jit(lambda k: task(k, 4))(key)
    np.testing.assert_allclose(inside.targets, task(key, 4).targets, atol=1e-9)


def test_a_trial_too_short_for_its_cycles_is_refused_with_the_way_out():
    with pytest.raises(InputError, match="Start earlier, or lengthen the trial"):
        Cycling(duration=12.0)
    with pytest.raises(InputError, match="Give seconds"):
        Cycling(dt=0.0)
    with pytest.raises(InputError, match="a fraction such as"):
        Cycling(catch=1.5)
