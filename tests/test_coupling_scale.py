"""Neurons that are rarely active, slow or in other units: estimates that do not depend on it."""

import warnings

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.fitting.coupling import EdgePosterior, LaggedFrames, Ridge, own_scale, simulate_twin
from neuroloom.fitting.coupling.validation import relative_error


def chain(rng, n_steps=1_000, n=6, noise=1.0):
    """0 drives 1; the others do nothing but make noise."""
    x = noise * rng.normal(size=(1, n_steps, n))
    x[:, 1:, 1] += 0.5 * x[:, :-1, 0]
    return x


def test_a_neuron_silent_in_a_block_does_not_decide_for_the_others():
    rng = np.random.default_rng(0)
    x = chain(rng)
    silent = x.copy()
    silent[:, 250:, 5] = 0.0  # in three of four blocks
    silent[:, 250:260, 5] = x[:, 250:260, 5]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Ridge(1).fit(silent)
        found = EdgePosterior().fit(silent)
    assert all(0 < error < 1.5 for error in found.lag_error.values())
    folds = list(LaggedFrames(silent, 1).folds(4))
    training, held_out = folds[2]
    fitted = np.zeros((6, 6))
    five = relative_error(fitted, training, held_out)
    without = [list(LaggedFrames(x[:, :, :5], 1).folds(4))[2]]
    assert five == pytest.approx(relative_error(np.zeros((5, 5)), *without[0]))


def test_where_all_are_silent_the_error_is_that_of_the_mean():
    x = chain(np.random.default_rng(1))
    x[:, 500:] = 0.0
    training, held_out = list(LaggedFrames(x, 1).folds(4))[3]
    assert relative_error(np.zeros((6, 6)), training, held_out) == 1.0


def test_own_scale_leaves_out_the_past_and_common_drive():
    rng = np.random.default_rng(2)
    own = np.array([0.5, 1.0, 2.0, 4.0, 1.0, 1.0, 1.0, 1.0])
    x = np.zeros((1, 20_000, 8))
    shared = rng.normal(size=20_000)
    for t in range(1, 20_000):
        x[0, t] = 0.8 * x[0, t - 1] + own * rng.normal(size=8) + 1.5 * shared[t]
    np.testing.assert_allclose(own_scale(x), own, rtol=0.1)
    np.testing.assert_allclose(own_scale(x * 7.0), 7 * own_scale(x), rtol=1e-6)


def test_own_scale_needs_frames_and_never_is_zero():
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(own_scale(rng.normal(size=(1, 12, 6))), np.ones(6))
    copies = chain(rng)
    copies[:, :, 4] = copies[:, :, 3]
    copies[:, 1:, 5] = copies[:, :-1, 4]  # known from the past
    assert (own_scale(copies) > 0).all()


def test_a_twin_of_slow_neurons_ends_and_rests():
    rng = np.random.default_rng(4)
    x = np.zeros((1, 4_000, 5))
    for t in range(2, 4_000):
        x[0, t] = 1.2 * x[0, t - 1] - 0.202 * x[0, t - 2] + rng.normal(size=5)  # root .997
        x[0, t, 1] += 0.3 * x[0, t - 1, 0]
    edges = EdgePosterior(n_lags=2).fit(x)
    activity, weight = simulate_twin(edges, 3_000, np.random.default_rng(5))
    assert np.isfinite(activity).all()
    assert activity.std() < 20 * x.std()
    assert weight.shape == (5, 5)


def test_a_slow_sensor_gets_at_least_two_lags():
    x = chain(np.random.default_rng(6))
    assert EdgePosterior().fit(x).n_lags == 1
    found = EdgePosterior(least_lags=2).fit(x)
    assert found.n_lags == 2
    assert 1 not in found.lag_error


def test_lags_beside_the_list_are_asked_for_by_number():
    with pytest.raises(InputError, match="Give `n_lags` for any other number"):
        EdgePosterior(least_lags=4)
    with pytest.raises(InputError, match="Use fewer lags"):
        EdgePosterior().fit(np.zeros((3, 1, 2)))
