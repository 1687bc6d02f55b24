"""Twins of a fit: refitted as the recording was, those that never fire left out."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.fitting.coupling import EdgePosterior, PoissonLikelihood
from neuroloom.studies.twins import recovered, refitted_twin, twin_calibration


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(4)
    x = np.zeros((1, 4_000, 4))
    for t in range(1, x.shape[1]):
        drive = np.log(0.3) + np.array([0.0, 1.0 * x[0, t - 1, 0], 0.0, 0.0])
        x[0, t] = rng.poisson(np.exp(np.minimum(drive, 2.0)))
    return EdgePosterior(n_lags=1, likelihood=PoissonLikelihood()).fit(x)


def test_a_twin_is_fitted_as_the_recording_was(counts):
    twin = refitted_twin(counts, 2_000, [0, 1])
    assert twin is not None
    edges, truth = twin
    assert edges.likelihood == counts.likelihood
    assert edges.n_lags == counts.n_lags
    assert edges.probability.shape == truth.shape
    again = refitted_twin(counts, 2_000, [0, 1])
    assert again is not None
    np.testing.assert_array_equal(again[1], truth)


def silenced(edges, n_silent):
    intercept = edges.coupling.intercept.copy()
    intercept[:n_silent] = -40.0
    weight = edges.coupling.weight.copy()
    weight[:, :n_silent] = 0.0
    return replace(edges, coupling=replace(edges.coupling, intercept=intercept, weight=weight))


def test_neurons_that_never_fire_are_left_out_of_a_twin(counts):
    twin = refitted_twin(silenced(counts, 1), 2_000, [0, 2])
    assert twin is not None
    assert twin[0].probability.shape == twin[1].shape == (3, 3)
    assert refitted_twin(silenced(counts, 3), 2_000, [0, 3]) is None


def test_twins_of_different_sizes_are_scored_together(counts):
    twins = [refitted_twin(one, 2_000, [0, 4]) for one in (counts, silenced(counts, 1))]
    both = [twin for twin in twins if twin is not None]
    table = twin_calibration(both)
    assert table is not None
    assert table.n_pairs.sum() == 4 * 3 + 3 * 2
    assert np.isfinite(recovered(both)["prevalence"])
    assert twin_calibration([]) is None
    assert recovered([]) == {}
