"""Tuning to heading and, at the preferred heading, to angular velocity."""

import numpy as np
import pytest

from made_turns import made_turns, made_units
from neuroloom.analysis.tuning import VelocityFit, head_direction_tuning
from neuroloom.analysis.tuning.sums import sums_by_bin
from neuroloom.errors import InputError

PREFERRED = np.deg2rad([10.5, 100.5, 359.5, 200.5])
GAIN = np.array([0.0, 3.0, -3.0, 1.0])


@pytest.fixture
def turns(rng):
    return made_turns(rng)


def by_loops(heading, velocity, rate):
    """The measures of section 5, one sample after another."""
    degree = np.rad2deg(heading.ravel()) % 360
    v, r = np.rad2deg(velocity.ravel()), rate.ravel()
    curve = np.array([r[degree.astype(int) == k].mean() for k in range(360)])
    top = curve.argmax() + 0.5
    limit = 3 * v[v != 0].std()
    near = (np.abs((degree - top + 180) % 360 - 180) <= 1.5) & (np.abs(v) <= limit)
    edges = np.linspace(-limit, limit, 101)
    x, y = [], []
    for k in range(100):
        inside = near & (v >= edges[k]) & (v < edges[k + 1])
        if inside.any() and not edges[k] <= 0 < edges[k + 1]:
            x.append((edges[k] + edges[k + 1]) / 2)
            y.append(r[inside].mean())
    x, y = np.array(x), np.array(y)
    if (y >= 0.05).sum() > len(y) / 4:
        x, y = x[y >= 0.05], y[y >= 0.05]
    return curve, np.deg2rad(top), np.polyfit(x, y, 1)[0]


def test_it_agrees_with_the_definition_by_loops(rng, turns):
    rates = made_units(*turns, PREFERRED, GAIN, base=0.1) + 0.02 * rng.normal(size=(40, 400, 4))
    tuning = head_direction_tuning(*turns, rates)
    for i in range(4):
        curve, preferred, slope = by_loops(*turns, rates[..., i])
        np.testing.assert_allclose(tuning.curve[i], curve, rtol=1e-9)
        np.testing.assert_allclose(tuning.strength[i], curve.max() - curve.min(), rtol=1e-9)
        np.testing.assert_allclose(tuning.preferred[i], preferred)
        np.testing.assert_allclose(tuning.slope[i], slope, rtol=1e-9)


def test_a_rate_that_is_a_line_has_that_slope_in_rate_per_degree(turns):
    rates = 0.5 + 2.0 * np.stack([turns[1], -turns[1]], axis=-1)
    tuning = head_direction_tuning(*turns, rates)
    per_degree = 2.0 * np.pi / 180
    np.testing.assert_allclose(tuning.slope, [per_degree, -per_degree], rtol=0.02)
    np.testing.assert_allclose(tuning.intercept, 0.5, atol=0.005)


def test_bins_below_the_least_rate_are_dropped_only_where_enough_others_are_active(turns):
    rates = made_units(*turns, PREFERRED[:2], np.array([8.0, 8.0]), base=0.0) + 0.01
    rates[..., 1] *= 0.1  # active in fewer than a quarter of the bins
    tuning = head_direction_tuning(*turns, rates)
    active = tuning.velocity_curve >= 0.05
    np.testing.assert_array_equal(tuning.fitted[0], active[0])
    assert active[1].sum() < tuning.fitted[1].sum()
    all_bins = head_direction_tuning(*turns, rates, fit=VelocityFit(least_rate=0.0))
    assert tuning.slope[0] > 1.3 * all_bins.slope[0]  # the silent half would flatten the line
    np.testing.assert_allclose(tuning.slope[1], all_bins.slope[1])


def test_standing_still_does_not_count_into_the_slope(turns):
    rates = made_units(*turns, PREFERRED, GAIN)
    off = np.where((turns[1] == 0)[..., None], 0.0, rates)
    slope = head_direction_tuning(*turns, rates).slope
    preferred = head_direction_tuning(*turns, off).preferred
    assert np.abs(head_direction_tuning(*turns, off).slope - slope).max() < 0.01
    assert np.isfinite(preferred).all()


def test_turning_either_way_has_its_own_preferred_heading(turns):
    lag = np.sign(turns[1]) * np.deg2rad(20)
    rates = made_units(turns[0] - lag, turns[1], PREFERRED, np.zeros(4))
    tuning = head_direction_tuning(*turns, rates)
    for seen, shift in ((tuning.preferred_ccw, 20), (tuning.preferred_cw, -20)):
        off = np.rad2deg(np.angle(np.exp(1j * (seen - PREFERRED))))
        np.testing.assert_allclose(off, shift, atol=1.01)


def test_headings_may_be_any_turns_away(turns):
    rates = made_units(*turns, PREFERRED, GAIN)
    here = head_direction_tuning(*turns, rates)
    there = head_direction_tuning(turns[0] - 6 * np.pi, turns[1], rates)
    np.testing.assert_allclose(here.preferred, there.preferred)


def test_a_flat_unit_prefers_nothing(turns):
    tuning = head_direction_tuning(*turns, np.full((40, 400, 1), 0.3))
    assert np.isnan(tuning.preferred).all()
    np.testing.assert_allclose(tuning.strength, 0, atol=1e-12)


def test_samples_not_observed_are_as_if_they_had_not_been(rng, turns):
    heading, velocity = turns
    rates = made_units(*turns, PREFERRED, GAIN)
    gone = rng.random(rates.shape) < 0.3
    seen = head_direction_tuning(heading, velocity, np.where(gone, np.nan, rates))
    wrong = np.where(gone, 1e3, rates)
    for i in range(4):
        unknown = np.where(gone[..., i], np.nan, heading)
        alone = head_direction_tuning(unknown, velocity, wrong[..., [i]])
        np.testing.assert_allclose(seen.curve[i], alone.curve[0])
        np.testing.assert_allclose(seen.slope[i], alone.slope[0])


def test_the_order_of_trials_and_of_units_does_not_matter(turns):
    rates = made_units(*turns, PREFERRED, GAIN)
    whole = head_direction_tuning(*turns, rates)
    turned = head_direction_tuning(turns[0][::-1], turns[1][::-1], rates[::-1, :, ::-1])
    np.testing.assert_allclose(turned.slope[::-1], whole.slope)
    np.testing.assert_array_equal(turned.preferred[::-1], whole.preferred)


def test_sums_in_32_bits_are_added_in_64(rng):
    values = rng.random((5000, 3)).astype(np.float32)
    index = rng.integers(-1, 4, 5000)
    sums, counts = sums_by_bin(index, 4, values)
    for k in range(4):
        np.testing.assert_allclose(sums[k], values[index == k].astype(float).sum(axis=0))
        assert (counts[k] == (index == k).sum()).all()


def test_rates_of_other_trials_are_refused(turns):
    with pytest.raises(InputError, match="Cut them alike"):
        head_direction_tuning(*turns, np.zeros((40, 399, 2)))


def test_an_animal_that_never_turns_is_refused(turns):
    with pytest.raises(InputError, match="Give trials in which the animal turns"):
        head_direction_tuning(turns[0], 0 * turns[1], np.zeros((40, 400, 2)))


def test_headings_that_are_all_unknown_are_refused(turns):
    with pytest.raises(InputError, match="Check the reader"):
        head_direction_tuning(np.nan * turns[0], turns[1], np.zeros((40, 400, 2)))


def test_a_network_that_diverged_is_refused(turns):
    with pytest.raises(InputError, match="Look for a network that diverged"):
        head_direction_tuning(*turns, np.full((40, 400, 2), np.inf))


def test_an_odd_number_of_velocity_bins_is_refused(turns):
    with pytest.raises(InputError, match="lets 0 be an edge"):
        head_direction_tuning(*turns, np.zeros((40, 400, 2)), fit=VelocityFit(n_bins=99))


def test_an_index_beyond_the_bins_is_refused():
    with pytest.raises(InputError, match="Give -1 to samples outside"):
        sums_by_bin(np.array([2]), 2, np.zeros((1, 1)))


@pytest.mark.parametrize("top", [359, 0])
def test_a_preferred_heading_at_the_seam_is_like_any_other(turns, top):
    rates = made_units(*turns, np.array([2.0]), np.array([3.0]))
    here = head_direction_tuning(*turns, rates)
    moved = top - int(here.curve[0].argmax())
    there = head_direction_tuning(turns[0] + np.deg2rad(moved), turns[1], rates)
    assert there.curve[0].argmax() == top
    np.testing.assert_allclose(there.slope, here.slope, rtol=1e-6)
    np.testing.assert_allclose(there.velocity_curve, here.velocity_curve, rtol=1e-6)
