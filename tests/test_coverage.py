import numpy as np
import pytest

from neuroloom.analysis.coverage import (
    achieved_coverage,
    conformal_half_width,
    ensemble_half_width,
)
from neuroloom.errors import InputError


def test_conformal_intervals_cover_what_they_promise_at_every_number_of_trials(rng):
    n = rng.integers(1, 20, size=20_000)
    error = rng.standard_t(3, size=n.size) / np.sqrt(n)
    half = conformal_half_width(error, n, rng.integers(0, 5, size=n.size))
    assert achieved_coverage(error, half) == pytest.approx(0.95, abs=0.01)
    for low, high in ((1, 3), (10, 20)):
        some = (n >= low) & (n <= high)
        assert achieved_coverage(error[some], half[some]) == pytest.approx(0.95, abs=0.015)


def test_the_error_of_an_entry_never_enters_its_own_interval(rng):
    error, n, fold = rng.normal(size=100), np.ones(100, np.int64), np.arange(100) % 5
    before = conformal_half_width(error, n, fold)
    error = np.where(fold == 2, 1e6, error)
    after = conformal_half_width(error, n, fold)
    np.testing.assert_array_equal(before[fold == 2], after[fold == 2])
    assert (before[fold != 2] != after[fold != 2]).all()


@pytest.mark.parametrize("n_members", [2, 3, 8])
def test_the_ensemble_interval_holds_a_further_member_as_often_as_it_says(rng, n_members):
    members = rng.normal(size=(20_000, n_members + 1))
    half = ensemble_half_width(members[:, :-1])
    error = members[:, :-1].mean(axis=1) - members[:, -1]
    assert achieved_coverage(error, half) == pytest.approx(0.95, abs=0.006)


def test_what_cannot_be_an_interval_is_refused_with_what_to_do():
    one, ones = np.ones(3), np.ones(3, np.int64)
    with pytest.raises(InputError, match="Hold out in folds"):
        conformal_half_width(one, ones, ones)
    with pytest.raises(InputError, match="Leave them out"):
        conformal_half_width(one, 0 * ones, np.arange(3))
    with pytest.raises(InputError, match="Fit more members"):
        ensemble_half_width(np.ones((3, 1)))
