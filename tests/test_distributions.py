"""Distances between distributions by class, against planted shifts."""

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.zebrafish.distributions import (
    kolmogorov_smirnov,
    mean_distance,
    rank_among,
    resampled_distance,
    wasserstein,
)


def test_a_planted_shift_is_the_wasserstein_distance(rng):
    values = rng.normal(size=300)
    assert wasserstein(values, values + 0.7) == pytest.approx(0.7)
    assert wasserstein(values, values) == 0


def test_classes_count_the_same_however_many_cells_they_have(rng):
    one = {"few": np.zeros(2), "many": np.zeros(900)}
    other = {"few": np.full(3, 4.0), "many": np.zeros(10)}
    assert mean_distance(one, other, wasserstein) == pytest.approx(2.0)
    assert mean_distance(one, other, kolmogorov_smirnov) == pytest.approx(0.5)


def test_an_empty_class_is_refused():
    with pytest.raises(InputError, match="Leave out a class that one side lacks"):
        mean_distance({"a": np.zeros(2)}, {"a": np.zeros(0)}, wasserstein)
    with pytest.raises(InputError, match="same classes"):
        mean_distance({"a": np.zeros(2)}, {"b": np.zeros(2)}, wasserstein)


def test_intervals_hold_the_planted_shift_and_narrow_with_cells(rng):
    widths = []
    for n in (30, 3_000):
        one = {"a": rng.normal(size=n)}
        other = {"a": rng.normal(size=n) + 1.0}
        low, high = resampled_distance(one, other, wasserstein, rng=rng, n_resamples=100)
        assert low < 1.0 < high
        widths.append(high - low)
    assert widths[1] < 0.2 * widths[0]


def test_a_value_below_all_draws_has_the_smallest_rank_and_one_above_has_rank_1():
    draws = np.linspace(1, 2, 19)
    assert rank_among(0.5, draws) == pytest.approx(1 / 20)
    assert rank_among(3.0, draws) == 1
    assert rank_among(1.0, draws) == pytest.approx(2 / 20)  # a tie counts against the value
