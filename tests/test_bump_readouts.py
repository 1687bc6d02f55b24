"""Read-outs of a bump against closed forms, and matched sets against what they promise."""

import numpy as np
import pytest

from neuroloom.analysis.bump import (
    activity_left,
    bump_amplitude,
    displacement,
    drift,
    gain_ratio,
    matched_sets,
    members,
    population_angle,
    surviving,
    towards,
    turning_gain,
)
from neuroloom.errors import InputError

DT = 0.025


def turns(rng, n_trials=40, n_steps=201):
    """Turns with momentum, in rad/step, and the angle after each."""
    velocity = np.zeros((n_trials, n_steps))
    for t in range(1, n_steps):
        velocity[:, t] = 0.8 * velocity[:, t - 1] + 0.03 * rng.normal(size=n_trials)
    return velocity, np.cumsum(velocity, axis=1)


def test_displacement_is_signed_counter_clockwise_and_wraps():
    decoded = np.radians([[10.0, 350.0, 180.0, 181.0]])
    reference = np.radians([[350.0, 10.0, 0.0, 0.0]])
    found = displacement(decoded, reference)
    np.testing.assert_allclose(found, [[20.0, -20.0, 180.0, -179.0]], atol=1e-9)


def test_towards_counts_the_way_to_the_target_across_zero():
    decoded, reference = np.radians([350.0, 80.0]), np.radians([300.0, 40.0])
    found = towards(decoded, reference, np.radians(10.0))
    np.testing.assert_allclose(found, [50.0, -40.0], atol=1e-9)


def test_drift_is_the_slope_in_degrees_per_second_across_the_wrap():
    time = DT * np.arange(100)
    decoded = np.radians(np.stack([170 + 90 * time, 10 - 45 * time])) % (2 * np.pi)
    np.testing.assert_allclose(drift(decoded, dt=DT), [90.0, -45.0], atol=1e-6)
    late = np.where(time < 1.0, 0.0, np.radians(30 * (time - 1.0)))[None]
    np.testing.assert_allclose(drift(late, dt=DT, start=41), [30.0], atol=1e-6)


def test_amplitude_and_angle_of_a_cosine_bump_are_its_own():
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    where = np.array([[0.3, 2.0]])
    bump = 1.5 + 0.7 * np.cos(angle[None, None] - where[:, :, None])
    np.testing.assert_allclose(bump_amplitude(bump, angle), 0.7)
    np.testing.assert_allclose(population_angle(bump, angle), where)
    outputs = 0.8 * np.stack([np.sin(where), np.cos(where)], axis=-1)
    np.testing.assert_allclose(bump_amplitude(outputs), 0.8)
    np.testing.assert_allclose(population_angle(outputs), where)


def test_a_bump_that_died_once_is_dead():
    found = surviving(np.array([[2.0, 0.9, 0.4, 3.0]]), np.ones((1, 4)), fraction=0.5)
    assert found.tolist() == [[True, True, False, False]]


def test_activity_left_is_that_of_the_others():
    reference = np.ones((1, 2, 3))
    rates = reference.copy()
    rates[:, :, 0], rates[:, 1, 1:] = 0.0, 0.5
    np.testing.assert_allclose(activity_left(rates, reference, (0,)), [[1.0, 0.5]])
    assert np.isnan(activity_left(rates, 0 * reference)).all()


def test_gains_of_either_side_and_the_drift_are_recovered_exactly(rng):
    velocity, _ = turns(rng)
    moved = 0.9 * np.maximum(velocity, 0) + 0.2 * np.minimum(velocity, 0) + 0.01
    decoded = np.cumsum(moved, axis=1) % (2 * np.pi)
    found = turning_gain(decoded, velocity, window=20, start=10, rng=rng)
    for one, true in ((found.positive, 0.9), (found.negative, 0.2), (found.drift, 0.01)):
        assert one.value == pytest.approx(true, abs=1e-9)
        assert one.low <= one.value + 1e-9
        assert one.value - 1e-9 <= one.high


def test_without_a_drift_turns_to_one_side_are_lost_where_the_bump_drifts_away(rng):
    velocity, _ = turns(rng)
    decoded = np.cumsum(0.5 * velocity + 0.1, axis=1)
    lost = turning_gain(decoded, velocity, drift=False, rng=rng)
    assert lost.negative.high < 0
    assert lost.positive.low > 1
    assert lost.drift.value == 0
    kept = turning_gain(decoded, velocity, rng=rng)
    assert kept.negative.value == pytest.approx(0.5) == kept.positive.value


def test_what_happens_before_the_start_is_no_part_of_the_gain(rng):
    velocity, angle = turns(rng)
    decoded = angle.copy()
    decoded[:, :50] = rng.normal(size=(len(angle), 50))
    decoded[:, 50:] -= decoded[:, 50:51] - 0.1
    found = turning_gain(decoded, velocity, window=20, start=50, rng=rng)
    assert found.positive.value == pytest.approx(1.0, abs=1e-9)


def test_intervals_of_a_gain_hold_the_truth_as_often_as_they_say(rng):
    inside = []
    for _ in range(200):
        velocity, _ = turns(rng, n_trials=30, n_steps=61)
        decoded = np.cumsum(0.7 * velocity + 0.05 * rng.normal(size=velocity.shape), axis=1)
        found = turning_gain(decoded, velocity, window=20, n_draws=200, rng=rng).positive
        inside.append(found.low <= 0.7 <= found.high)
    assert 0.88 <= np.mean(inside) <= 0.99


def test_the_ratio_of_gains_is_paired_by_trial(rng):
    velocity, angle = turns(rng)
    wobble = np.cumsum(0.1 * rng.normal(size=angle.shape), axis=1)
    reference = angle + wobble
    decoded = np.cumsum(np.diff(reference, prepend=0), axis=1) * 0.5
    positive, negative = gain_ratio(decoded, reference, velocity, rng=rng)
    for one in (positive, negative):
        np.testing.assert_allclose([one.value, one.low, one.high], 0.5, atol=1e-9)


def test_matched_sets_are_as_many_and_as_active_and_ignore_labels(rng):
    rate = rng.gamma(1.0, size=100)
    neurons = members(np.where(rate > np.median(rate), "compass", "weak"), "compass")
    active = np.flatnonzero(rate > 0.2)
    wanted = [n for n in neurons if n in active][:30]
    among = np.isin(np.arange(100), active)
    drawn = matched_sets(rate, wanted, n_draws=50, among=among, rng=rng)
    assert len(drawn) == 50
    assert len(set(drawn)) == 50
    spread = np.std([rate[list(one)].mean() for one in drawn])
    for one in drawn:
        assert len(set(one)) == len(wanted)
        assert set(one) <= set(active)
    means = [rate[list(one)].mean() for one in drawn]
    assert np.mean(means) == pytest.approx(rate[wanted].mean(), rel=0.1)
    unmatched = [rate[rng.choice(active, 30, replace=False)].mean() for _ in range(50)]
    assert abs(np.mean(means) - rate[wanted].mean()) < 0.5 * abs(
        np.mean(unmatched) - rate[wanted].mean()
    )
    assert spread < np.std(unmatched)
    chosen = np.bincount(np.concatenate(drawn), minlength=100)
    assert (chosen[wanted] > 0).any()
    assert (chosen[wanted] < 50).any()


@pytest.mark.parametrize(
    ("call", "instruction"),
    [
        (lambda r: drift(np.zeros((1, 5)), dt=DT, start=4), "Widen `start`"),
        (lambda r: surviving(np.ones((1, 1)), np.ones((1, 1)), fraction=0.0), "0.5 for half"),
        (lambda r: activity_left(*[np.ones((1, 1, 2))] * 2, (0, 1)), "share of all neurons"),
        (lambda r: bump_amplitude(np.ones((1, 1, 3))), "same units in both"),
        (lambda r: turning_gain(np.ones((2, 5)), np.ones((2, 5)), rng=r), "Lengthen the trial"),
        (lambda r: turning_gain(np.ones((2, 50)), np.ones((2, 50)), rng=r), "both signs"),
        (lambda r: matched_sets(np.ones(3), (), rng=r), "members"),
        (lambda r: matched_sets(np.ones(3), (0, 3), rng=r), "members"),
        (lambda r: matched_sets(np.ones(3), (0,), among=np.zeros(3, bool), rng=r), "Widen"),
    ],
)
def test_errors_say_what_to_do(call, instruction, rng):
    with pytest.raises(InputError, match=instruction):
        call(rng)
