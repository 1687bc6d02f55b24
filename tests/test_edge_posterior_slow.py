"""Slow sensors, late drive and combined forecasts, on small networks that are known."""

import numpy as np
import pytest
from scipy import signal
from sklearn.metrics import average_precision_score

from neuroloom.errors import InputError
from neuroloom.fitting.coupling import EdgePosterior, Lasso
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.estimates import least_squares
from neuroloom.fitting.coupling.factors import find_factors
from neuroloom.fitting.coupling.lagged import LaggedFrames
from neuroloom.fitting.coupling.late_drive import late_directions
from neuroloom.fitting.coupling.linear_estimates import choose_past
from neuroloom.fitting.coupling.slow_sensor import (
    input_moments,
    input_weight,
    of_measured,
    sensor_of,
    through_sensor,
    undone,
)
from neuroloom.fitting.coupling.twin import simulate_twin

N = 20
DECAY = 0.8


def network(rng, n=N):
    there = (rng.random((n, n)) < 0.15) & ~np.eye(n, dtype=bool)
    return there * rng.normal(0.25, 0.05, (n, n)) * np.where(np.arange(n) % 4, 1, -1)


def inputs(weight, rng, n_steps):
    x = np.zeros((n_steps, len(weight)))
    shock = rng.normal(size=x.shape)
    for t in range(1, n_steps):
        x[t] = weight @ x[t - 1] + shock[t]
    return x


@pytest.fixture(scope="module")
def slow():
    """Through a sensor with noise of its own: as many lags as one likes would follow that."""
    rng = np.random.default_rng(0)
    weight = network(rng)
    shown = signal.lfilter([1.0], [1.0, -DECAY], inputs(weight, rng, 2_500), axis=0)
    return weight, (shown + 0.2 * rng.normal(size=shown.shape))[None]


@pytest.fixture(scope="module")
def found(slow):
    return EdgePosterior().fit(slow[1][:, :2_000], rng=np.random.default_rng(0))


def precision(weight, score):
    off = ~np.eye(len(weight), dtype=bool)
    return average_precision_score(weight[off] != 0, score[off])


def test_a_slow_sensor_is_undone_and_its_forecast_is_of_what_it_shows(slow, found):
    weight, y = slow
    assert found.decay == pytest.approx(DECAY, abs=0.03)
    assert found.n_lags == found.n_input_lags + 1 == 2
    lagged = EdgePosterior(n_lags=2).fit(y[:, :2_000], rng=np.random.default_rng(0))
    assert lagged.decay == 0
    assert precision(weight, found.probability) >= precision(weight, lagged.probability)
    errors = [
        np.nanmean((one.predict(y)[:, 2_000:] - y[:, 2_000:]) ** 2) for one in (found, lagged)
    ]
    assert errors[0] < errors[1]


def test_activity_that_is_slow_by_itself_is_left_as_it_is():
    """Neurons that keep their own past and hear others at once: y = .9 y + W y, no sensor."""
    rng = np.random.default_rng(1)
    weight = 0.9 * np.eye(N) + 0.15 * network(rng)
    y = inputs(weight, rng, 2_000)[None]
    assert sensor_of(y) > 0.8
    n_lags, errors, decay = choose_past(y, None)
    assert (n_lags, decay) == (1, 0.0)
    assert set(errors) >= {1, 2}


def test_moments_of_what_goes_in_are_those_of_activity_undone():
    y = np.random.default_rng(2).normal(size=(2, 300, 4)).cumsum(1)
    told = input_moments(LaggedFrames(y, 3).moments(), DECAY)
    counted = LaggedFrames(undone(y, DECAY), 2).moments()
    for name in ("now", "past", "cross", "now_mean", "past_mean", "n_frames", "n_lags"):
        np.testing.assert_allclose(getattr(told, name), getattr(counted, name), atol=1e-8)


def test_a_forecast_of_what_goes_in_forecasts_what_is_measured():
    rng = np.random.default_rng(3)
    y = rng.normal(size=(1, 50, 4)).cumsum(1)
    behavior = rng.normal(size=(1, 50, 1))
    weight, cue = rng.normal(size=(2, 4, 4)), rng.normal(size=(2, 4, 1))
    inner = Coupling(weight, cue, rng.normal(size=4), {})
    shown = through_sensor(inner, DECAY).predict(y, behavior)
    x = inner.predict(undone(y, DECAY), behavior)
    np.testing.assert_allclose(shown[:, 3:], (x[:, 3:] + DECAY * y[:, 2:-1]), atol=1e-9)
    assert np.isnan(shown[:, :3]).all()
    coefficient = weight.swapaxes(1, 2).reshape(8, 4)
    flat = through_sensor(inner, DECAY).weight.swapaxes(1, 2).reshape(12, 4)
    np.testing.assert_allclose(of_measured(coefficient, 2, DECAY), flat, atol=1e-12)
    own = np.diagonal(through_sensor(inner, DECAY).weight, axis1=1, axis2=2)
    back = input_weight(own, DECAY)
    np.testing.assert_allclose(back, np.diagonal(weight, axis1=1, axis2=2), atol=1e-12)


def test_a_twin_of_a_slow_sensor_is_slow(found):
    twin, truth = simulate_twin(found, 3_000, np.random.default_rng(4))
    assert sensor_of(twin) == pytest.approx(found.decay, abs=0.05)
    known = EdgePosterior(n_lags=1, decay=found.decay).fit(twin, rng=np.random.default_rng(5))
    assert precision(truth, known.probability) > 0.7


def test_a_decay_is_a_share():
    with pytest.raises(InputError, match="`decay` must be at least 0 and below 1"):
        EdgePosterior(decay=1.0)


@pytest.fixture(scope="module")
def late():
    """Half of the neurons hear a drive two steps after the others."""
    rng = np.random.default_rng(6)
    n, n_steps = 100, 5_000
    loading = rng.normal(size=n)
    after = np.arange(n) >= n // 2
    z = signal.lfilter([np.sqrt(1 - 0.81)], [1.0, -0.9], rng.normal(size=n_steps + 2))
    heard = np.where(after, z[:-2, None], z[2:, None]) * loading
    weight = 0.3 * network(rng, n)
    x = np.zeros((n_steps, n))
    shock = rng.normal(size=x.shape)
    for t in range(1, n_steps):
        x[t] = weight @ x[t - 1] + 2 * heard[t] + shock[t]
    return weight, x[None], np.where(after, loading, 0.0)


def test_late_drive_is_found_in_what_earlier_steps_say(late):
    weight, x, loading = late
    moments = LaggedFrames(x, 2).moments()
    ones = np.ones(len(weight))
    factors = find_factors(least_squares(moments)[1], moments.n_frames, n=1)
    direction = late_directions(moments, factors, ones, weight)
    known = factors.directions()
    np.testing.assert_allclose(direction.T @ direction, np.eye(direction.shape[1]), atol=1e-9)
    np.testing.assert_allclose(known.T @ direction, 0.0, atol=1e-9)
    spanned = np.concatenate([known, direction], axis=1)
    unit = loading / np.linalg.norm(loading)
    assert np.linalg.norm(known.T @ unit) < 0.6
    assert np.linalg.norm(spanned.T @ unit) > 0.9
    none = find_factors(np.eye(len(weight)), moments.n_frames)
    assert late_directions(moments, none, ones, weight).shape == (len(weight), 0)
    one = LaggedFrames(x, 1).moments()
    assert late_directions(one, factors, ones, weight).shape == (len(weight), 0)
    few = LaggedFrames(x[:, :, :60], 2).moments()
    factors = find_factors(least_squares(few)[1], few.n_frames, n=1)
    assert late_directions(few, factors, ones[:60], weight[:60, :60]).shape == (60, 0)


def test_late_drive_is_not_taken_for_connections(late):
    weight, x, _ = late
    found = EdgePosterior(n_lags=2).fit(x, rng=np.random.default_rng(0))
    off = ~np.eye(len(weight), dtype=bool)
    sure = found.probability[off] > 0.9
    assert precision(weight, found.probability) > 0.6
    assert (weight[off] != 0)[sure].mean() > 0.85


def test_a_forecast_is_combined_with_a_lasso_where_blocks_say_so():
    """Few strong connections of every size: sparse, and unlike what classes would draw."""
    rng = np.random.default_rng(7)
    weight = network(rng) * rng.exponential(1.0, (N, N))
    x = inputs(0.8 * weight / max(1, np.abs(np.linalg.eigvals(weight)).max()), rng, 900)[None]
    train, test = x[:, :600], x[:, 600:]
    found = EdgePosterior(n_lags=1).fit(train, rng=np.random.default_rng(0))
    assert 0 <= found.coupling.chosen["share of the lasso"] <= 1
    lasso = Lasso(1).fit(train)
    ours, other = (np.nanmean((one.predict(test) - test) ** 2) for one in (found, lasso))
    assert ours <= 1.002 * other
