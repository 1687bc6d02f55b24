"""Tuning to any variable: bins, curves, bootstrap over trials, nulls."""

import numpy as np
import pytest

from made_turns import made_turns, made_units
from neuroloom.analysis.tuning import (
    CircularBins,
    LinearBins,
    ProductBins,
    TimeShift,
    bootstrap_tuning,
    chance,
    head_direction_tuning,
    null_tuning,
    tuning_curve,
)
from neuroloom.errors import InputError

DEGREES = CircularBins(36)


@pytest.fixture
def turns(rng):
    return made_turns(rng)


def test_a_curve_is_the_mean_in_each_bin_and_knows_how_many(rng):
    values = rng.uniform(-1.2, 1.2, (5, 80))
    values[rng.random((5, 80)) < 0.1] = np.nan
    rates = rng.random((5, 80, 3))
    rates[rng.random(rates.shape) < 0.1] = np.nan
    curve = tuning_curve(values, rates, LinearBins(-1.0, 1.0, 4), least_samples=3)
    for k, low in enumerate((-1.0, -0.5, 0.0, 0.5)):
        inside = (values >= low) & (values < low + 0.5)
        for i in range(3):
            seen = rates[inside][:, i]
            seen = seen[~np.isnan(seen)]
            np.testing.assert_allclose(curve.rate[i, k], seen.mean())
            assert curve.occupancy[i, k] == len(seen)
    np.testing.assert_allclose(curve.bins.center, [-0.75, -0.25, 0.25, 0.75])


def test_bins_with_too_few_samples_have_no_rate():
    values = np.array([[0.1, 0.9, 0.9]])
    curve = tuning_curve(values, np.ones((1, 3, 1)), LinearBins(0.0, 1.0, 2), least_samples=2)
    np.testing.assert_array_equal(curve.rate, [[np.nan, 1.0]])


def test_one_degree_bins_of_heading_are_those_of_head_direction_tuning(turns):
    rates = made_units(*turns, np.array([1.0, 4.0]), np.array([0.0, 3.0]))
    curve = tuning_curve(turns[0], rates, CircularBins(360))
    other = head_direction_tuning(*turns, rates)
    np.testing.assert_allclose(curve.rate, other.curve)
    np.testing.assert_allclose(curve.strength, other.strength)
    np.testing.assert_allclose(curve.preferred, other.preferred)


def test_a_period_may_be_in_any_unit(turns):
    rates = made_units(*turns, np.array([2.0]), np.zeros(1))
    rad = tuning_curve(turns[0], rates, CircularBins(90))
    hours = tuning_curve(turns[0] * 12 / np.pi, rates, CircularBins(90, period=24.0))
    np.testing.assert_allclose(rad.rate, hours.rate)
    np.testing.assert_allclose(rad.preferred * 12 / np.pi, hours.preferred)
    np.testing.assert_allclose(rad.vector[:, 0], hours.vector[:, 0])


def test_the_mean_vector_points_where_the_bump_is(turns):
    preferred = np.array([0.1, 3.0, 6.2])
    rates = made_units(*turns, preferred, np.zeros(3), sharpness=2.0)
    length, direction = tuning_curve(turns[0], rates, CircularBins(72)).vector.T
    np.testing.assert_allclose(np.angle(np.exp(1j * (direction - preferred))), 0, atol=0.01)
    np.testing.assert_allclose(length, 0.698, atol=0.01)  # I1(2) / I0(2)


def test_what_bins_explain_is_one_without_noise_and_their_number_over_samples_of_noise(rng):
    values = rng.uniform(0, 1, (10, 500))
    bins = LinearBins(0.0, 1.0, 10)
    steps = bins.center[bins.index(values)][..., None]
    np.testing.assert_allclose(tuning_curve(values, steps, bins).explained, 1.0)
    noise = rng.normal(size=(10, 500, 200))
    explained = tuning_curve(values, noise, bins).explained
    np.testing.assert_allclose(explained.mean(), 9 / 4999, rtol=0.1)


def test_two_variables_at_once(rng):
    values = rng.uniform(0, 1, (4, 3000, 2))
    rates = (2 * (values[..., :1] > 0.5) + (values[..., 1:] > 0.5)).astype(float)
    bins = ProductBins(LinearBins(0.0, 1.0, 2), LinearBins(0.0, 1.0, 2))
    curve = tuning_curve(values, rates, bins)
    np.testing.assert_allclose(curve.rate, [[0, 1, 2, 3]])
    np.testing.assert_allclose(curve.preferred, [[0.75, 0.75]])


def test_the_bootstrap_is_that_of_trials_drawn_one_by_one(rng):
    values = rng.uniform(0, 1, (6, 50))
    values[0, :20] = np.nan
    rates = rng.random((6, 50, 2))
    rates[1, :10, 0] = np.nan
    bins = LinearBins(0.0, 1.0, 5)
    drawn = bootstrap_tuning(values, rates, bins, rng=np.random.default_rng(3), n_draws=4)
    times = np.random.default_rng(3).multinomial(6, np.full(6, 1 / 6), size=4)
    for d in range(4):
        trials = np.repeat(np.arange(6), times[d])
        alone = tuning_curve(values[trials], rates[trials], bins)
        np.testing.assert_allclose(drawn.rate[d], alone.rate)
        np.testing.assert_allclose(drawn.total[d], alone.total)
        np.testing.assert_allclose(drawn.explained[d], alone.explained)


def test_bootstrap_intervals_cover_the_truth(rng):
    covered = []
    for _ in range(40):
        values = rng.uniform(0, 1, (30, 20))
        rates = values[..., None] + 0.3 * rng.normal(size=(30, 1, 1))  # noise shared by a trial
        drawn = bootstrap_tuning(values, rates, LinearBins(0.0, 1.0, 2), rng=rng)
        low, high = np.quantile(drawn.rate[:, 0], [0.025, 0.975], axis=0)
        covered.append((low <= [0.25, 0.75]) & (high >= [0.25, 0.75]))
    assert 0.85 < np.mean(covered) <= 1.0


def test_a_tuned_unit_is_above_its_null_and_slow_noise_is_not(rng, turns):
    tuned = made_units(*turns, np.array([1.0]), np.zeros(1))
    slow = np.cumsum(rng.normal(size=(40, 400, 20)), axis=1)
    rates = np.concatenate([tuned, slow], axis=-1)
    curve = tuning_curve(turns[0], rates, DEGREES)
    null = null_tuning(turns[0], rates, DEGREES, rng=rng, n_draws=99)
    p = chance(curve.explained, null.explained)
    np.testing.assert_allclose(p[0], 0.01)
    assert (p[1:] < 0.05).mean() <= 0.15
    naive = 35 / 15999  # what white noise would explain
    assert (curve.explained[1:] > 5 * naive).all()


def test_a_single_trial_is_shifted_in_time(rng):
    heading = np.cumsum(0.2 * rng.normal(size=(1, 4000)), axis=1)
    rates = np.stack([np.cos(heading), rng.normal(size=heading.shape)], axis=-1)
    null = null_tuning(heading, rates, DEGREES, rng=rng, n_draws=50, shuffle=TimeShift())
    p = chance(tuning_curve(heading, rates, DEGREES).explained, null.explained)
    np.testing.assert_allclose(p[0], 1 / 51)
    assert p[1] > 1 / 51


def test_the_same_generator_gives_the_same_draws(turns):
    rates = made_units(*turns, np.array([1.0]), np.zeros(1))
    for make in (bootstrap_tuning, null_tuning):
        one, other = (
            make(turns[0], rates, DEGREES, rng=np.random.default_rng(5), n_draws=3).rate
            for _ in range(2)
        )
        np.testing.assert_array_equal(one, other)
        assert (one[0] != one[1]).any()


def test_a_constant_rate_explains_nothing(turns):
    curve = tuning_curve(turns[0], np.full((40, 400, 1), 0.1), DEGREES)
    assert np.isnan(curve.explained).all()
    assert np.isnan(curve.preferred).all()
    assert np.isnan(chance(curve.explained, np.zeros((9, 1)))).all()


def test_what_cannot_be_done_is_refused(turns, rng):
    rates = made_units(*turns, np.array([1.0]), np.zeros(1))
    with pytest.raises(InputError, match="Cut them alike"):
        tuning_curve(turns[0][:5], rates, DEGREES)
    with pytest.raises(InputError, match="Look at the unit of `values`"):
        tuning_curve(turns[0], rates, LinearBins(-9.0, -8.0, 3))
    with pytest.raises(InputError, match="Cut the recording into trials"):
        bootstrap_tuning(turns[0][:1], rates[:1], DEGREES, rng=rng)
    with pytest.raises(InputError, match="Use `preferred`"):
        _ = tuning_curve(turns[0], rates, LinearBins(0.0, 1.0, 3)).vector
    with pytest.raises(InputError, match="Add a baseline"):
        _ = tuning_curve(turns[0], rates - 1, DEGREES).vector
    with pytest.raises(InputError, match="360 bins of 2 pi are degrees"):
        CircularBins(0)
    with pytest.raises(InputError, match="Exchange the ends"):
        LinearBins(1.0, 0.0, 3)
