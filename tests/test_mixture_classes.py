"""Our rule for the classes: planted classes come back, at any scale; noise is not tuned."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm

from made_ring import made_inputs, made_ring
from made_turns import made_turns, made_units
from neuroloom.analysis.tuning import (
    MixtureRule,
    TimeShift,
    TrialExchange,
    head_direction_tuning,
    mixture_classes,
    published_classes,
    tuning_null,
)
from neuroloom.analysis.tuning.slope_mixture import fit_slope_mixtures
from neuroloom.errors import InputError


def sorted_units(turns, rates, *, seed=0, **options):
    tuning = head_direction_tuning(*turns, rates)
    null = tuning_null(*turns, rates, tuning, rng=np.random.default_rng(seed), **options)
    return mixture_classes(tuning, null)


def ring_run(rng, ring, noise=0.0, n_trials=40):
    inputs, heading, velocity = made_inputs(rng, n_trials)
    rates = ring.run(inputs, noise=noise, rng=rng)
    return (heading[:, 10:], velocity[:, 10:]), rates[:, 10:]


@pytest.mark.parametrize("scale", [0.01, 1.0, 300.0])
def test_planted_classes_of_a_ring_are_recovered_at_any_scale_of_rates(rng, scale):
    ring = made_ring(rng=rng, n_silent=3)
    turns, rates = ring_run(rng, ring)
    found = sorted_units(turns, scale * rates)
    np.testing.assert_array_equal(found.classes, ring.classes)
    assert found.chosen.kinds == (-1, 0, 1)
    np.testing.assert_allclose(found.chosen.part, 1 / 3, atol=0.01)
    assert found.gain_over_null > 100
    if scale == 0.01:  # the published bounds do not bear it
        assert (published_classes(head_direction_tuning(*turns, scale * rates)) == "removed").all()


def test_they_are_recovered_at_any_scale_of_velocities(rng):
    ring = made_ring(rng=rng)
    turns, rates = ring_run(rng, ring)
    np.testing.assert_array_equal(
        sorted_units((turns[0], 0.1 * turns[1]), rates).classes, ring.classes
    )


def test_they_are_recovered_under_noise_in_the_network(rng):
    ring = made_ring(rng=rng, n_silent=3)
    turns, rates = ring_run(rng, ring, noise=0.2, n_trials=100)
    found = sorted_units(turns, rates)
    expected = np.where(ring.classes == "removed", "weak", ring.classes)  # noise varies, untuned
    np.testing.assert_array_equal(found.classes, expected)
    published = published_classes(head_direction_tuning(*turns, rates))
    assert np.isin(published[ring.classes == "removed"], ["shifter+", "shifter-"]).any()


def test_a_ring_without_one_class_has_none_of_it(rng):
    ring = made_ring(rng=rng)
    turns, rates = ring_run(rng, ring)
    kept = ring.classes != "shifter-"
    found = sorted_units(turns, rates[..., kept])
    np.testing.assert_array_equal(found.classes, ring.classes[kept])
    assert found.chosen.part[0] < 1e-6


def test_compass_units_alone_have_no_kinds(rng):
    turns = made_turns(rng)
    rates = made_units(*turns, np.linspace(0, 6, 20), np.zeros(20))
    found = sorted_units(turns, rates + 0.05 * rng.normal(size=rates.shape))
    assert found.chosen.kinds in ((), (0,))
    assert (found.classes == "compass").all()
    np.testing.assert_allclose(found.probability[:, 1], 1.0)


def smooth_noise(rng, n_units=30):
    white = rng.normal(size=(40, 400, n_units))
    return lfilter([0.1], [1, -0.97], white, axis=1)


def test_noise_as_slow_as_the_animal_is_not_called_tuned(rng):
    turns = made_turns(rng)
    found = sorted_units(turns, smooth_noise(rng))
    assert not found.tuned.any()
    assert (found.classes == "weak").all()
    assert np.isnan(found.slope).all()


def test_a_trace_of_heading_is_weak_unless_the_null_alone_decides(rng):
    turns = made_turns(rng)
    rates = 0.08 * np.cos(turns[0])[..., None] + turns[1][..., None] * np.array([3.0, -3.0])
    tuning = head_direction_tuning(*turns, rates)
    null = tuning_null(*turns, rates, tuning, rng=rng)
    assert ((null.measured_explained > 0.1) & (null.measured_explained < 0.2)).all()
    assert (mixture_classes(tuning, null).classes == "weak").all()
    found = mixture_classes(tuning, null, rule=MixtureRule(least_explained=0.0))
    np.testing.assert_array_equal(found.tuned, null.p_explained <= 0.05)


def test_a_unit_of_turning_alone_is_weak(rng):
    turns = made_turns(rng)
    rates = 0.5 + turns[1][..., None] + 0.01 * rng.normal(size=(40, 400, 2))
    assert (sorted_units(turns, rates).classes == "weak").all()


def test_the_noise_of_a_slope_is_its_standard_error(rng):
    turns = made_turns(rng, 60, still=False)
    rates = made_units(*turns, np.deg2rad([40.5, 220.5]), np.zeros(2), sharpness=0.2)
    rates = rates + 0.3 * rng.normal(size=rates.shape)
    tuning = head_direction_tuning(*turns, rates)
    null = tuning_null(*turns, rates, tuning, rng=rng)
    degree = np.rad2deg(turns[0]) % 360
    for i in range(2):
        off = (degree - np.rad2deg(tuning.preferred[i]) + 180) % 360 - 180
        v = np.rad2deg(turns[1][(np.abs(off) <= 1.5) & (turns[1] != 0)])
        expected = 0.3 / (v.std() * np.sqrt(v.size))
        np.testing.assert_allclose(null.noise[i], expected, rtol=0.25)
    assert (null.p_slope > 0.01).all()


def test_what_a_line_explains_is_not_counted_as_noise(rng):
    turns = made_turns(rng)
    rates = made_units(*turns, np.zeros(1), np.full(1, 6.0))
    tuning = head_direction_tuning(*turns, rates)
    null = tuning_null(*turns, rates, tuning, rng=rng)
    assert null.noise[0] < 0.3 * null.slope.std()
    np.testing.assert_allclose(null.p_slope, 1 / 101)


def test_missing_rates_are_left_out_of_the_null(rng):
    turns = made_turns(rng)
    rates = made_units(*turns, np.array([0.0, 2.0]), np.array([0.0, 5.0]))
    gone = rng.random(rates.shape) < 0.2
    whole, holes = (
        tuning_null(
            *turns,
            r,
            head_direction_tuning(*turns, rates),
            rng=np.random.default_rng(1),
            n_draws=20,
        )
        for r in (rates, np.where(gone, np.nan, rates))
    )
    np.testing.assert_allclose(holes.measured_slope, whole.measured_slope, atol=0.01)
    np.testing.assert_allclose(holes.measured_explained, whole.measured_explained, atol=0.03)
    assert np.isfinite(holes.noise).all()


def test_the_same_generator_gives_the_same_null(rng):
    turns = made_turns(rng, 10)
    rates = made_units(*turns, np.zeros(1), np.ones(1))
    one, other = (sorted_units(turns, rates, n_draws=20) for _ in range(2))
    np.testing.assert_array_equal(one.noise, other.noise)


def log_likelihood(slope, noise, mixture):
    """By the definition."""
    total = np.sqrt(mixture.sd**2 + noise[:, None] ** 2)
    each = mixture.part * norm.pdf(slope[:, None], mixture.mean, total)
    return np.log(each.sum(axis=1)).sum()


PARTS, SPREADS = np.array([0.2, 0.5, 0.3]), np.array([0.05, 0.02, 0.05])


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_mixture_is_recovered_through_uneven_noise(seed):
    rng = np.random.default_rng(seed)
    kind = rng.choice([-1, 0, 1], size=400, p=PARTS)
    true = 0.2 * kind + np.where(kind == 0, 0.02, 0.05) * rng.normal(size=400)
    noise = rng.uniform(0.0, 0.08, 400)
    slope = true + noise * rng.normal(size=400)
    mixtures = fit_slope_mixtures(slope, noise, least_sd=0.005, largest_sd=0.04)
    best = min(mixtures, key=lambda mixture: mixture.bic)
    assert best.kinds == (-1, 0, 1)
    np.testing.assert_allclose(best.part, PARTS, atol=0.07)
    np.testing.assert_allclose(best.mean, [-0.2, 0, 0.2], atol=0.02)
    np.testing.assert_allclose(best.sd, SPREADS, atol=0.015)
    likelihood = log_likelihood(slope, noise, best)
    np.testing.assert_allclose(best.log_likelihood, likelihood)
    turning = np.array([1.0, 0.0, 1.0])
    for change in (-0.03, 0.03):  # it is at the top, in the spread as well
        other = replace(best, sd=best.sd * (1 + change * turning))
        assert log_likelihood(slope, noise, other) < likelihood
    probability = best.probability(slope, noise)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    planted = replace(best, part=PARTS, mean=0.2 * np.array([-1.0, 0.0, 1.0]), sd=SPREADS)
    best_possible = (planted.probability(slope, noise).argmax(axis=1) - 1 == kind).mean()
    assert (probability.argmax(axis=1) - 1 == kind).mean() > best_possible - 0.02


@pytest.mark.parametrize("seed", range(3))
def test_slopes_of_noise_alone_have_no_kinds(seed):
    rng = np.random.default_rng(seed)
    noise = rng.uniform(0.02, 0.2, 100)
    mixtures = fit_slope_mixtures(
        noise * rng.normal(size=100), noise, least_sd=0.01, largest_sd=0.034
    )
    assert min(mixtures, key=lambda mixture: mixture.bic).kinds == ()


@pytest.mark.parametrize("shuffle", [TrialExchange(), TimeShift()])
def test_a_shuffle_moves_every_value_and_keeps_them_all(shuffle, rng):
    values = np.arange(60.0).reshape(6, 10)
    moved = shuffle(values, rng=rng)
    assert (moved != values).all()
    np.testing.assert_array_equal(np.sort(moved.ravel()), values.ravel())


def test_a_shift_is_never_small(rng):
    values = np.tile(np.arange(50.0), (200, 1))
    shift = (values - TimeShift(0.2)(values, rng=rng)) % 50
    assert (shift.min(), shift.max()) == (10, 40)


def test_one_trial_cannot_be_exchanged(rng):
    with pytest.raises(InputError, match="Use `TimeShift` on a single trial"):
        TrialExchange()(np.zeros((1, 5)), rng=rng)


def test_a_trial_of_one_step_cannot_be_shifted(rng):
    with pytest.raises(InputError, match="Use `TrialExchange` on many short trials"):
        TimeShift()(np.zeros((3, 1)), rng=rng)


def test_a_shift_of_half_a_trial_is_refused():
    with pytest.raises(InputError, match="part of the length of a trial"):
        TimeShift(0.5)


def test_constants_out_of_range_are_refused():
    with pytest.raises(InputError, match="They are parts and chances"):
        MixtureRule(level=1.5)
    with pytest.raises(InputError, match="`least_sd` at most `largest_sd`"):
        MixtureRule(least_sd=0.1)


def test_a_null_of_other_units_or_without_draws_is_refused(rng):
    turns = made_turns(rng, 10)
    rates = made_units(*turns, np.zeros(2), np.ones(2))
    tuning = head_direction_tuning(*turns, rates)
    with pytest.raises(InputError, match="100 shows chances"):
        tuning_null(*turns, rates, tuning, rng=rng, n_draws=0)
    null = tuning_null(*turns, rates, tuning, rng=rng, n_draws=2)
    one = head_direction_tuning(*turns, rates[..., :1])
    with pytest.raises(InputError, match="Make it with `tuning_null` from the same rates"):
        mixture_classes(one, null)
