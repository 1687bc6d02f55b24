"""The recommended estimator on spike counts: networks whose connections are known."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import average_precision_score

from neuroloom.analysis.forecasts import bits_per_spike
from neuroloom.errors import InputError
from neuroloom.fitting.coupling import (
    EdgePosterior,
    GaussianLikelihood,
    GroupL1,
    Poisson,
    PoissonLikelihood,
    RaisedCosine,
    by_number_of_factors,
    choose_likelihood,
    find_factors,
    likelihood_of,
    simulate_twin,
)
from neuroloom.fitting.coupling.estimates import Known, least_squares
from neuroloom.fitting.coupling.lag_profile import lag_profile
from neuroloom.fitting.coupling.lagged import LaggedFrames
from neuroloom.fitting.coupling.likelihoods import AbstractLikelihood

N, T = 20, 8_000
KERNEL = np.array([0.6, 0.3, 0.1])
OFF = ~np.eye(N, dtype=bool)


def spikes_of(weight, rng, n_steps=T, drive=0.0, base=0.15, loading=None):
    """log rate = b + W (spikes through KERNEL) - 1 own spike one step back + drive B z."""
    n = len(weight)
    loading = rng.normal(size=(n, 2)) if loading is None else loading
    x, z = np.zeros((n_steps, n)), np.zeros(2)
    for t in range(3, n_steps):
        z = 0.9 * z + np.sqrt(1 - 0.81) * rng.normal(size=2)
        heard = KERNEL @ x[t - 3 : t][::-1]
        u = np.log(base) + weight @ heard - x[t - 1] + drive * loading @ z
        x[t] = rng.poisson(np.exp(np.minimum(u, 1.5)))
    return x[None]


def network(rng):
    """A tenth of pairs connected; a quarter of neurons inhibit."""
    there = (rng.random((N, N)) < 0.1) & OFF
    return there * np.where(np.arange(N) % 4 == 0, -1.5, 0.8) * rng.uniform(0.8, 1.2, (N, N))


def precision(weight, score):
    return average_precision_score(weight[OFF] != 0, score[OFF])


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    weight = network(rng)
    return weight, spikes_of(weight, rng)


@pytest.fixture(scope="module")
def found(made):
    return EdgePosterior(n_bootstraps=5).fit(made[1], rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def estimates(made):
    return PoissonLikelihood().estimates(made[1], 3, None, Known.of(N, None, None, None))


def test_counts_are_fitted_as_counts_and_the_answer_says_so(made, found):
    assert found.likelihood.name == "Poisson"
    assert EdgePosterior(likelihood=GaussianLikelihood()).fit(made[1]).likelihood.name == "Gaussian"
    assert likelihood_of(made[1]) == PoissonLikelihood()
    silent = np.where(np.arange(T)[None, :, None] < 100, np.nan, made[1])
    assert likelihood_of(silent) == PoissonLikelihood()
    for other in (made[1] + 0.5, made[1] - 1, 100 * made[1]):
        assert likelihood_of(other) == GaussianLikelihood()


def test_connections_between_spiking_neurons_are_found(made, found):
    weight, x = made
    linear = EdgePosterior(likelihood=GaussianLikelihood()).fit(x)
    assert precision(weight, found.probability) > 0.9
    ours, others = (
        np.corrcoef(weight[OFF], one.connectivity[OFF])[0, 1] for one in (found, linear)
    )
    assert ours > others + 0.02
    assert precision(weight, found.probability) > precision(weight.T, found.probability) + 0.5
    slope, _ = np.polyfit(weight[OFF], found.connectivity[OFF], 1)
    assert slope == pytest.approx(1.0, abs=0.15)
    p = found.probability[OFF]
    assert p.sum() == pytest.approx((weight[OFF] != 0).sum(), rel=0.3)
    assert np.all((found.stability >= 0) & (found.stability <= 1))


def test_the_profile_is_the_kernel_that_made_the_spikes(found):
    np.testing.assert_allclose(found.profile[:3], KERNEL, atol=0.1)
    np.testing.assert_allclose(found.profile[3:], 0.0, atol=0.1)
    assert np.abs(found.profile).sum() == pytest.approx(1.0)


def test_no_profile_is_made_of_noise_and_noise_is_as_wide_as_said():
    z = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        rate = 0.1 * np.exp(0.8 * rng.normal(size=(1, 5_000, 10)))  # spikes vary more than Poisson
        x = rng.poisson(rate).astype(float)
        estimates = PoissonLikelihood().estimates(x, 5, None, Known.of(10, None, None, None))
        np.testing.assert_array_equal(estimates.profile, np.eye(5)[0])
        pairs = estimates.pairs()
        z.append((pairs.estimate / np.sqrt(pairs.variance))[~np.eye(10, dtype=bool)])
    assert np.std(z) == pytest.approx(1.0, abs=0.08)


def test_the_profile_does_not_depend_on_units(made):
    x = made[1] @ (np.eye(N) + np.random.default_rng(1).normal(size=(N, N)) / 20)
    units = np.exp(2 * np.random.default_rng(0).normal(size=N))
    one, other = (LaggedFrames(part, 3).moments() for part in (x, x * units))
    profiles = [lag_profile(m, find_factors(least_squares(m)[1], m.n_frames)) for m in (one, other)]
    np.testing.assert_allclose(profiles[0], profiles[1], rtol=1e-6)


def test_a_drives_b_and_not_the_other_way():
    weight = np.zeros((2, 2))
    weight[1, 0] = 1.0
    for sign in (1, -1):
        x = spikes_of(sign * weight, np.random.default_rng(2))
        pairs = PoissonLikelihood().estimates(x, 3, None, Known.of(2, None, None, None)).pairs()
        z = pairs.estimate / np.sqrt(pairs.variance)
        assert sign * z[1, 0] > 5
        assert abs(z[0, 1]) < 3


def test_estimates_are_the_regression_s_and_their_noise_is_as_wide_as_said(made, estimates):
    weight, x = made
    pairs = estimates.pairs()
    g = estimates.profile
    past = sum(g[lag] * x[0, 2 - lag : T - 1 - lag] for lag in range(3))
    i = 3
    own = np.stack([x[0, 2 - lag : T - 1 - lag, i] for lag in range(3)], axis=1)
    design = np.concatenate([np.delete(past, i, axis=1), own], axis=1)
    scaled = design / design.std(axis=0)
    alone = PoissonRegressor(alpha=1 / 25 / len(design), solver="newton-cholesky", tol=1e-9)
    alone.fit(scaled, x[0, 3:, i])
    np.testing.assert_allclose(
        np.delete(pairs.estimate[i], i), (alone.coef_ / design.std(axis=0))[: N - 1], atol=1e-4
    )
    z = ((pairs.estimate - weight) / np.sqrt(pairs.variance))[OFF]
    assert np.std(z) == pytest.approx(1.0, abs=0.12)
    assert np.mean(z) == pytest.approx(0.0, abs=0.15)


def test_weights_of_blocks_move_estimates_as_a_fit_of_those_blocks_does(made, estimates):
    x = made[1]
    half = np.where(np.arange(50) < 25, 1, 0)
    moved = estimates.pairs(half)
    part = x[:, : T // 2]
    again = PoissonLikelihood().estimates(part, 3, None, Known.of(N, None, None, None)).pairs()
    whole = estimates.pairs()
    change, refitted = (one.estimate[OFF] - whole.estimate[OFF] for one in (moved, again))
    assert np.corrcoef(change, refitted)[0, 1] > 0.9
    ratio = moved.variance[OFF] / whole.variance[OFF]
    np.testing.assert_allclose(ratio, 2.0)


def test_common_drive_is_told_from_connections_in_counts():
    rng = np.random.default_rng(3)
    weight, loading = network(rng), rng.normal(size=(N, 2))
    base = np.where(np.arange(N) < N // 2, 0.05, 0.4)
    x = spikes_of(weight, rng, n_steps=16_000, drive=0.5, base=base, loading=loading)
    found = EdgePosterior(n_lags=3).fit(x)
    without = EdgePosterior(n_lags=3, n_factors=0).fit(x)
    assert found.factors.n == 2
    assert precision(weight, found.probability) > precision(weight, without.probability) + 0.05
    assert without.probability.sum() > 2 * found.probability.sum()
    shared = np.linalg.svd(found.factors.directions().T @ np.linalg.qr(loading)[0])[1]
    assert shared.min() > 0.9
    table = by_number_of_factors(found, x, numbers=(0, 2))
    assert table["correlation"][1] == pytest.approx(1.0)
    assert table["connections"][0] > 1.3 * table["connections"][1]


def test_its_forecast_is_in_spikes_and_beats_the_group_lasso(made, found):
    weight, x = made
    new = spikes_of(weight, np.random.default_rng(9))
    rates = found.predict(new)
    assert np.isnan(rates[:, : found.n_lags]).all()
    assert (rates[:, found.n_lags :] > 0).all()
    assert np.nanmean(rates) == pytest.approx(new.mean(), rel=0.05)
    glm = Poisson(RaisedCosine(2, 5), GroupL1(1.0)).fit(x).predict(new)
    assert bits_per_spike(rates, new) > bits_per_spike(glm, new)
    changed = new.copy()
    changed[:, 100:] = 0.0
    np.testing.assert_array_equal(found.predict(changed)[:, :101], rates[:, :101])


def test_behavior_is_heard_where_it_acts():
    rng = np.random.default_rng(4)
    cue = rng.normal(size=(1, 4_000, 2)) + 5.0
    x = np.zeros((1, 4_000, 3))
    for t in range(1, 4_000):
        x[0, t] = rng.poisson(0.2 * np.exp([0.8 * (cue[0, t - 1, 1] - 5), 0, 0]))
    found = EdgePosterior(n_lags=2).fit(x, cue)
    assert found.coupling.behavior_weight[0, 0, 1] == pytest.approx(0.8, abs=0.1)
    quiet = found.coupling.behavior_weight.copy()
    quiet[0, 0, 1] = 0.0
    assert np.abs(quiet).max() < 0.15
    assert bits_per_spike(found.predict(x, cue), x) > 0.1


def test_pairs_without_a_coincidence_stay_finite():
    rng = np.random.default_rng(5)
    x = rng.poisson(0.2, size=(1, 2_000, 4)).astype(float)
    x[0, :, 3] = 0.0
    x[0, [500, 1500], 3] = 1.0
    found = EdgePosterior(n_lags=2).fit(x)
    assert np.isfinite(found.standard_error).all()
    assert np.isfinite(found.predict(x)[:, 2:]).all()
    assert found.probability[3].max() < 0.9


def test_a_spiking_twin_has_the_rates_of_the_recording(made, found):
    counts, weight = simulate_twin(found, 4_000, np.random.default_rng(6))
    assert (counts == np.round(counts)).all()
    assert counts.mean() == pytest.approx(made[1].mean(), rel=0.3)
    again = EdgePosterior(n_lags=found.n_lags).fit(counts)
    assert again.likelihood.name == "Poisson"
    assert precision(weight, again.probability) > 3 * (weight[OFF] != 0).mean()


def test_a_poisson_likelihood_refuses_what_is_no_count():
    x = np.random.default_rng(0).normal(size=(1, 300, 3))
    with pytest.raises(InputError, match="Give counts by bin, or use `GaussianLikelihood"):
        EdgePosterior(likelihood=PoissonLikelihood()).fit(x)
    with pytest.raises(InputError, match="Record longer"):
        EdgePosterior(n_lags=5).fit((x > 0)[:, :20].astype(float))


@pytest.mark.parametrize("likelihood", [GaussianLikelihood(), PoissonLikelihood()])
def test_relabelling_neurons_permutes_estimates(made, likelihood: AbstractLikelihood):
    x, order = made[1][:, :3_000], np.random.default_rng(7).permutation(N)
    one, other = (
        likelihood.estimates(part, 2, None, Known.of(N, None, None, None)).pairs()
        for part in (x, x[:, :, order])
    )
    np.testing.assert_allclose(other.estimate, one.estimate[np.ix_(order, order)], atol=1e-4)
    np.testing.assert_allclose(other.variance, one.variance[np.ix_(order, order)], rtol=1e-3)


def test_poisson_is_chosen_for_counts_but_not_where_rates_jump(made):
    assert choose_likelihood(made[1]) == PoissonLikelihood()
    assert choose_likelihood(made[1] + 0.5) == GaussianLikelihood()
    rng = np.random.default_rng(8)
    place = np.repeat(rng.integers(12, size=150), 20)  # each neuron fires at a place of its own
    rate = 0.01 + 1.5 * (place[:, None] == np.arange(12))
    jumping = rng.poisson(rate)[None].astype(float)
    assert choose_likelihood(jumping) == GaussianLikelihood()


def test_a_spiking_twin_that_runs_away_ends(found):
    wild = replace(found, factors=replace(found.factors, loading=np.full((N, 1), 8.0)))
    counts, weight = simulate_twin(wild, 500, np.random.default_rng(0))
    assert np.isfinite(counts).all()
    assert counts.max() < 200
    assert weight.shape == (N, N)
