import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from neuroloom.analysis import scores
from neuroloom.errors import InputError


@given(st.integers(0, 10_000), st.booleans())
def test_auroc_and_average_precision_equal_scikit_learn_with_ties_and_weights(seed, ties):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=80)
    if ties:
        score = np.round(score)
    label = rng.random(80) < 0.3
    label[:2] = [True, False]
    weight = rng.integers(0, 4, size=(3, 80))
    weight[:, :2] = 1
    for ours, theirs in (
        (scores.auroc, roc_auc_score),
        (scores.average_precision, average_precision_score),
    ):
        assert ours(score, label)[0] == pytest.approx(theirs(label, score))
        expected = [theirs(label, score, sample_weight=w) for w in weight]
        np.testing.assert_allclose(ours(score, label, weight), expected)


def test_correlation_is_blind_to_scale_and_the_squared_error_is_not(rng):
    measured = rng.normal(size=50)
    assert scores.correlation(3 * measured + 1, measured)[0] == pytest.approx(1)
    assert scores.mean_squared_error(3 * measured + 1, measured)[0] > 1
    assert scores.identity_r2(3 * measured + 1, measured)[0] < 0
    assert scores.identity_r2(measured, measured)[0] == 1
    assert scores.correlation(measured, measured, np.ones((2, 50))).shape == (2,)


def test_a_weighted_correlation_equals_the_correlation_of_repeated_pairs(rng):
    x, y = rng.normal(size=(2, 20))
    weight = rng.integers(0, 3, size=(1, 20))
    repeated = np.corrcoef(np.repeat(x, weight[0]), np.repeat(y, weight[0]))[0, 1]
    assert scores.correlation(x, y, weight)[0] == pytest.approx(repeated)


def test_resamples_draw_whole_groups(rng):
    group = np.array(["a", "a", "b", "c", "c", "c"])
    weight = scores.group_resamples(group, n_resamples=40, rng=rng)
    assert (weight[:, 0] == weight[:, 1]).all()
    assert (weight[:, 3:] == weight[:, 3:4]).all()
    np.testing.assert_array_equal(weight[:, 0] + weight[:, 2] + weight[:, 3], 3)


def test_an_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(200):
        x = rng.normal(size=60)
        weight = scores.group_resamples(np.arange(60), n_resamples=200, rng=rng)
        low, high = scores.interval(scores.mean_squared_error(x, np.zeros(60), weight))
        inside += low <= 1 <= high
    assert 0.85 < inside / 200 < 0.99


def test_a_score_that_is_not_finite_is_refused_with_what_to_do():
    with pytest.raises(InputError, match="diverged member must be left out"):
        scores.auroc(np.array([0.0, np.nan]), np.array([True, False]))
    with pytest.raises(InputError, match="Check the mask"):
        scores.mean_squared_error(np.array([]), np.array([]))
