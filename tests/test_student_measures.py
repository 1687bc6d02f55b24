"""Measures of students: errors by split, ceilings, matching, M*, and dimension."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloom.analysis.dimensionality import participation_ratio, variance_spectrum
from neuroloom.analysis.matching import match_units, weight_errors
from neuroloom.analysis.recovery import (
    activity_errors,
    neuron_errors,
    parameter_errors,
    permutation_ceiling,
)
from neuroloom.analysis.threshold import enough_recorded
from neuroloom.errors import InputError

RECORDED = np.array([True, False, True, False, False])


@pytest.fixture
def pair(rng):
    return rng.normal(size=(2, 3, 40, 5))


def value(table, **where):
    for column, wanted in where.items():
        table = table[table[column] == wanted]
    assert len(table) == 1
    return float(table["value"].iloc[0])


def test_errors_are_those_of_a_loop_over_neurons_with_numpy(pair):
    student, teacher = pair
    table = activity_errors(student, teacher, RECORDED)
    for split, inside in (("recorded", RECORDED), ("unrecorded", ~RECORDED)):
        square, rho = [], []
        for i in np.flatnonzero(inside):
            a, b = student[..., i].ravel(), teacher[..., i].ravel()
            square.append(np.mean((a - b) ** 2))
            rho.append(np.corrcoef(a, b)[0, 1])
        assert value(table, split=split, measure="mse") == pytest.approx(np.mean(square))
        assert value(table, split=split, measure="one_minus_rho") == pytest.approx(1 - np.mean(rho))
        absolute = value(table, split=split, measure="one_minus_abs_rho")
        assert absolute == pytest.approx(1 - np.mean(np.abs(rho)))


def test_a_perfect_student_has_no_error_and_a_mirrored_one_only_without_sign(pair):
    teacher = pair[1]
    perfect = activity_errors(teacher, teacher, RECORDED)
    assert np.abs(perfect["value"]).max() < 1e-12
    mirrored = activity_errors(-teacher, teacher, RECORDED)
    assert value(mirrored, split="unrecorded", measure="one_minus_abs_rho") == pytest.approx(0)
    assert value(mirrored, split="unrecorded", measure="one_minus_rho") == pytest.approx(2)
    assert value(mirrored, split="unrecorded", measure="mse") > 1


def test_a_constant_teacher_is_left_out_and_counted_and_a_constant_student_scores_zero(pair):
    student, teacher = pair.copy()
    teacher[..., 1] = 0.3 + 1e-9 * student[..., 1]
    student[..., 3] = 0.1
    table = neuron_errors(student, teacher, RECORDED)
    assert table.constant.tolist() == ["", "teacher", "", "student", ""]
    assert np.isnan(table.rho[1])
    assert table.rho[3] == 0
    means = activity_errors(student, teacher, RECORDED)
    row = means[(means.split == "unrecorded") & (means.measure == "one_minus_rho")].iloc[0]
    assert (row.n, row.n_constant) == (2, 1)
    rho = np.corrcoef(student[..., 4].ravel(), teacher[..., 4].ravel())[0, 1]
    assert row.value == pytest.approx(1 - (0 + rho) / 2)
    mse = means[(means.split == "unrecorded") & (means.measure == "mse")].iloc[0]
    assert (mse.n, mse.n_constant) == (3, 0)


def test_a_split_without_neurons_is_no_number(pair):
    table = activity_errors(*pair, np.ones(5, bool))
    assert np.isnan(value(table, split="unrecorded", measure="mse"))


def test_a_diverged_student_is_refused_and_not_averaged(pair):
    student, teacher = pair.copy()
    student[0, 1, 2] = np.inf
    with pytest.raises(InputError, match="Leave out a student that diverged"):
        activity_errors(student, teacher, RECORDED)
    with pytest.raises(InputError, match="Put neurons last"):
        activity_errors(student[..., :4], teacher, RECORDED)


def test_the_ceiling_is_the_mean_error_of_the_teacher_under_other_names(rng):
    teacher = rng.normal(size=(2, 30, 6)) * np.arange(1, 7) + 3
    teacher[..., 5] = 2.0
    table = permutation_ceiling(teacher, rng=np.random.default_rng(5), n_permutations=20)
    again = np.random.default_rng(5)
    found = []
    for _ in range(20):
        order = again.permutation(6)
        # a neuron that is renamed to a constant one is followed by nothing: rho 0, not missing
        errors = neuron_errors(teacher[..., order], teacher, np.zeros(6, bool))
        rho = errors.rho.dropna()
        found.append([errors.mse.mean(), 1 - rho.abs().mean(), 1 - rho.mean()])
    np.testing.assert_allclose(table["value"], np.mean(found, 0))
    np.testing.assert_allclose(table["low"], np.min(found, 0))
    np.testing.assert_allclose(table["high"], np.max(found, 0))
    assert table.n_constant.tolist() == [0, 1, 1]


def test_a_ceiling_of_one_neuron_is_refused(rng):
    with pytest.raises(InputError, match="at least 2 neurons"):
        permutation_ceiling(rng.normal(size=(5, 1)), rng=rng)


def test_parameter_errors_are_root_mean_squares_by_split():
    student, teacher = np.array([1.0, 2, 3, 4, 5]), np.array([1.0, 1, 1, 1, 1])
    table = parameter_errors(student, teacher, RECORDED)
    assert value(table, split="recorded") == pytest.approx(np.sqrt((0 + 4) / 2))
    assert value(table, split="unrecorded") == pytest.approx(np.sqrt((1 + 9 + 16) / 3))


def test_matching_finds_the_names_that_were_shuffled_among_unrecorded_units(rng):
    teacher = rng.normal(size=(3, 50, 8))
    recorded = np.arange(8) < 3
    names = np.r_[np.arange(3), 3 + rng.permutation(5)]
    student = teacher[..., names] + 0.01 * rng.normal(size=teacher.shape)
    order = match_units(student, teacher, recorded)
    assert np.abs(student[..., order] - teacher).max() < 0.1
    weight = rng.normal(size=(8, 8))
    renamed = weight[np.ix_(names, names)]
    table = weight_errors(renamed[np.ix_(order, order)], weight, recorded)
    assert table["value"].max() == 0
    assert weight_errors(renamed, weight, recorded)["value"].max() > 0


def test_no_assignment_beats_the_matching(rng):
    student, teacher = rng.normal(size=(2, 20, 6))
    recorded = np.arange(6) == 5
    order = match_units(student, teacher, recorded)
    assert order[5] == 5
    best = min(
        ((student[:, list(p)] - teacher[:, :5]) ** 2).sum()
        for p in itertools.permutations(range(5))
    )
    assert ((student[:, order[:5]] - teacher[:, :5]) ** 2).sum() == pytest.approx(best)


def test_weight_errors_keep_the_blocks_apart(rng):
    teacher = np.zeros((5, 5))
    student = teacher.copy()
    student[0, 2] = 2.0  # recorded to recorded
    student[1, 0] = 10.0  # recorded to unrecorded
    student[3, 1] = 3.0  # unrecorded to unrecorded
    table = weight_errors(student, teacher, RECORDED)
    assert value(table, block="all") == pytest.approx((4 + 100 + 9) / 25)
    assert value(table, block="recorded to recorded") == pytest.approx(4 / 4)
    assert value(table, block="unrecorded to unrecorded") == pytest.approx(9 / 9)
    with pytest.raises(InputError, match="Rows are post"):
        weight_errors(student[:4], teacher, RECORDED)


def test_enough_is_interpolated_in_the_logarithm_between_the_neighbors():
    m = np.array([1, 2, 4, 8, 16])
    error = 1 - 0.25 * np.log2(m)  # 1, .75, .5, .25, 0: crosses .2 at 2^3.2
    found = enough_recorded(m, error)
    assert found.value == pytest.approx(2**3.2)
    assert (found.lowest, found.highest) == (8, 16)


def test_a_curve_that_rises_again_is_not_enough_at_its_first_crossing():
    found = enough_recorded(np.array([1, 2, 4, 8]), np.array([0.9, 0.1, 0.3, 0.1]))
    assert (found.lowest, found.highest) == (4, 8)


def test_a_curve_that_never_crosses_says_so_and_has_no_number():
    m = np.array([1, 2, 4])
    never = enough_recorded(m, np.array([0.9, 0.5, 0.3]))
    assert np.isnan(never.value)
    assert (never.lowest, never.highest) == (4, np.inf)
    assert never.verdict.startswith("never")
    always = enough_recorded(m, np.array([0.1, 0.05, 0.01]))
    assert np.isnan(always.value)
    assert (always.lowest, always.highest) == (0, 1)
    assert "from the smallest number on" in always.verdict


@pytest.mark.parametrize(
    ("m", "error"), [([2, 1], [0.5, 0.1]), ([1, 2], [0.5, np.nan]), ([0, 1], [0.5, 0.1]), ([], [])]
)
def test_a_sweep_out_of_order_or_with_holes_is_refused(m, error):
    with pytest.raises(InputError, match="Sort the sweep"):
        enough_recorded(np.array(m, float), np.array(error, float))


@given(st.integers(1, 6))
def test_equal_independent_components_give_their_number_as_dimension(k):
    t = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    waves = np.stack([np.sin((j + 1) * t) for j in range(k)], 1)
    mixing = np.linalg.qr(np.random.default_rng(k).normal(size=(9, 9)))[0][:k]
    activity = 5 + waves @ mixing
    assert participation_ratio(activity) == pytest.approx(k)
    np.testing.assert_allclose(variance_spectrum(activity)[:k], 0.5)


def test_dimension_of_known_variances_is_the_closed_form(rng):
    variance = np.array([4.0, 1.0, 0.25])
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    waves = np.stack([np.cos((j + 1) * t) for j in range(3)], 1) * np.sqrt(2 * variance)
    spectrum = variance_spectrum(waves.reshape(4, 16, 3))
    np.testing.assert_allclose(spectrum, variance)
    assert participation_ratio(waves) == pytest.approx(5.25**2 / (16 + 1 + 0.0625))


def test_activity_that_does_not_vary_has_no_dimension():
    with pytest.raises(InputError, match="Take a longer"):
        participation_ratio(np.full((10, 3), 0.7))
    with pytest.raises(InputError, match="Leave out what was not measured"):
        variance_spectrum(np.array([[1.0, np.nan], [0.0, 1.0]]))
