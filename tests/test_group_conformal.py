import math

import numpy as np
import pytest

from neuroloom.analysis.group_conformal import Calibration, GroupScores, least_groups
from neuroloom.errors import InputError


def neurons(rng, n, *, n_samples=40, offset=1.0):
    """Errors of exchangeable neurons: an offset of its own, and noise from sample to sample."""
    error = offset * rng.normal(size=(n, 1)) + 0.5 * rng.normal(size=(n, n_samples))
    return error.ravel(), np.repeat(np.arange(n), n_samples)


def by_hand(error, scale, group, level):
    """The definition, one candidate after another."""
    score = np.abs(error) / scale
    names = np.unique(group)
    for candidate in np.sort(score):
        share = sum((score[group == k] <= candidate).mean() for k in names) / (len(names) + 1)
        if share >= level - 1e-12:
            return candidate
    return math.inf


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("n", [4, 9, 10, 23])
def test_the_factor_is_that_of_the_definition(rng, n, level):
    error, group = neurons(rng, n, n_samples=7)
    keep = rng.random(error.size) < 0.7
    error, group = error[keep], group[keep] * 3 + 5
    scale = rng.uniform(0.5, 2.0, error.size)
    scores = GroupScores(error, scale, group)
    assert scores.factor(level) == by_hand(error, scale, group, level)
    expected = [
        by_hand(error[group != k], scale[group != k], group[group != k], level)
        for k in np.unique(group)
    ]
    np.testing.assert_array_equal(scores.factor_without(level), expected)


@pytest.mark.parametrize(("n", "level"), [(10, 0.9), (12, 0.8), (30, 0.9), (40, 0.95)])
def test_a_further_neuron_is_covered_as_promised_and_not_much_more(rng, n, level):
    covered = []
    for _ in range(600):
        error, group = neurons(rng, n + 1)
        last = group == n
        factor = GroupScores(error[~last], np.ones((~last).sum()), group[~last]).factor(level)
        covered.append((np.abs(error[last]) <= factor).mean())
    tolerance = 3 * np.std(covered) / math.sqrt(len(covered))
    assert np.mean(covered) >= level - tolerance
    assert np.mean(covered) <= level + 1.5 / (n + 1) + tolerance


def test_samples_of_a_neuron_count_as_one_neuron_however_many_there_are(rng):
    error, group = neurons(rng, 20)
    again = GroupScores(np.tile(error, 5), np.ones(5 * error.size), np.tile(group, 5))
    once = GroupScores(error, np.ones(error.size), group)
    assert again.factor(0.9) == once.factor(0.9)
    long = np.concatenate([error, np.full(10_000, 50.0)])
    one_more = GroupScores(long, np.ones(long.size), np.r_[group, np.full(10_000, 20)])
    assert one_more.factor(0.9) < 5.0


def test_the_coverage_reported_is_that_of_further_neurons(rng):
    reported, true = [], []
    for _ in range(150):
        error, group = neurons(rng, 41)
        first = group < 40
        scores = GroupScores(error[first], np.ones(first.sum()), group[first])
        reported.append(Calibration({"one": scores}).coverage(0.9).achieved)
        true.append((np.abs(error[~first]) <= scores.factor(0.9)).mean())
    assert np.mean(reported) == pytest.approx(np.mean(true), abs=0.035)
    assert np.std(reported) < np.std(true)


def test_errors_of_a_neuron_never_enter_its_own_interval(rng):
    error, group = neurons(rng, 20)
    spread = np.exp(rng.normal(size=20))[group]

    def made(values):
        even = GroupScores(values, np.ones(values.size), group)
        wide = GroupScores(values, spread, group)
        return Calibration({"even": even, "spread": wide}).chosen_without(0.9)

    before = made(error)
    after = made(np.where(group == 7, 1e3 * error + 99, error))
    assert before[7] == after[7]
    assert before[8] != after[8]


def test_a_scale_that_follows_the_errors_gives_narrower_intervals_of_the_same_coverage(rng):
    width, covered, taken = {"even": [], "spread": []}, [], []
    for _ in range(100):
        sd = np.exp(rng.normal(size=41))
        group = np.repeat(np.arange(41), 40)
        error = rng.normal(size=group.size) * sd[group]
        first = group < 40
        scores = {
            "even": GroupScores(error[first], np.ones(first.sum()), group[first]),
            "spread": GroupScores(error[first], sd[group[first]], group[first]),
        }
        name, factor = Calibration(scores).chosen(0.9)
        taken.append(name)
        covered.append((np.abs(error[~first]) <= factor * sd[40]).mean())
        for each, one in scores.items():
            width[each].append(one.factor(0.9) * np.exp(one.log_scale.mean()))
    assert set(taken) == {"spread"}
    assert np.mean(width["spread"]) < 0.75 * np.mean(width["even"])
    assert np.mean(covered) == pytest.approx(0.92, abs=0.02)


def test_a_scale_that_has_nothing_to_do_with_the_errors_is_not_taken(rng):
    error, group = neurons(rng, 40)
    noise = np.exp(2 * rng.normal(size=40))[group]
    calibration = Calibration(
        {
            "spread": GroupScores(error, noise, group),
            "even": GroupScores(error, np.ones(error.size), group),
        }
    )
    name, factor = calibration.chosen(0.9)
    assert name == "even"
    assert factor == calibration.scores["even"].factor(0.9)
    assert 0.8 < calibration.coverage(0.9).achieved < 0.98


def test_choosing_among_scales_keeps_the_promise(rng):
    covered = []
    for _ in range(400):
        error, group = neurons(rng, 21)
        scales = {str(i): np.exp(0.3 * rng.normal(size=21)) for i in range(3)}
        first = group < 20
        scores = {
            name: GroupScores(error[first], scale[group[first]], group[first])
            for name, scale in scales.items()
        }
        name, factor = Calibration(scores).chosen(0.9)
        covered.append((np.abs(error[~first]) <= factor * scales[name][20]).mean())
    assert np.mean(covered) > 0.9 - 3 * np.std(covered) / math.sqrt(len(covered))


@pytest.mark.parametrize(("level", "least"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19)])
def test_too_few_neurons_promise_nothing(rng, level, least):
    assert least_groups(level) == least
    for n, finite in ((least - 1, False), (least, True)):
        if n:
            error, group = neurons(rng, n)
            scores = GroupScores(error, np.ones(error.size), group)
            assert math.isfinite(scores.factor(level)) == finite
            # Each of them has one fewer to go by.
            assert not Calibration({"one": scores}).coverage(level).bounded


def test_what_cannot_be_calibrated_is_refused_with_what_to_do(rng):
    error, group = neurons(rng, 3)
    ones = np.ones(error.size)
    with pytest.raises(InputError, match="Leave entries that were not measured out"):
        GroupScores(np.where(group == 1, np.nan, error), ones, group)
    with pytest.raises(InputError, match="40 of 120 have not"):
        GroupScores(error, np.where(group == 1, 0.0, ones), group)
    with pytest.raises(InputError, match="hold out at least one neuron"):
        GroupScores(error[:0], ones[:0], group[:0])
    with pytest.raises(InputError, match=r"write 0\.9"):
        GroupScores(error, ones, group).factor(90.0)
