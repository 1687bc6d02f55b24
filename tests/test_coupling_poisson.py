"""Coupled Poisson regression: planted chains, other solvers, optimality, what is left out."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import gammaln
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import average_precision_score

from neuroloom.analysis.forecasts import SPIKES, bits_per_spike, coupling_gain
from neuroloom.errors import InputError
from neuroloom.fitting.baselines import fit_alone
from neuroloom.fitting.coupling import (
    L1,
    L2,
    EachLag,
    Exponential,
    GroupL1,
    Poisson,
    RaisedCosine,
    Softplus,
)
from neuroloom.fitting.coupling.history import filtered

LINKS = [Exponential(), Softplus()]
PENALTIES = [L2(0.01), L1(1.5), GroupL1(1.5)]


def simulated(rng, weight, *, link=None, base=-2.0, n_steps=1500, n_trials=2, delay=1, drive=None):
    """Spikes n_t with drive base + W n_{t-delay} (+ what is given), by a loop of its own."""
    softplus = isinstance(link, Softplus)
    n = len(weight)
    spikes = np.zeros((n_trials, n_steps, n))
    for t in range(n_steps):
        u = np.full((n_trials, n), base)
        if t >= delay:
            u = u + spikes[:, t - delay] @ np.asarray(weight).T
        if drive is not None and t > 0:
            u = u + drive[:, t - 1]
        rate = np.logaddexp(0, u) if softplus else np.exp(u)
        spikes[:, t] = rng.poisson(np.minimum(rate, 5.0))
    return spikes


def planted(rng, n=4, **options):
    weight = np.where(rng.random((n, n)) < 0.4, 0.6 * rng.normal(size=(n, n)), 0.0)
    np.fill_diagonal(weight, -0.8)
    return simulated(rng, weight, **options), weight


def rows_of(spikes, functions, behavior=None):
    """Predictors (function by function; neurons, then channels) and targets, the slow way."""
    n_lags = len(functions)
    source = spikes if behavior is None else np.concatenate([spikes, behavior], axis=2)
    past, now = [], []
    for trial in range(len(spikes)):
        for t in range(n_lags, spikes.shape[1]):
            window = source[trial, t - n_lags : t][::-1]
            if np.isfinite(window).all() and np.isfinite(spikes[trial, t]).all():
                past.append((functions.T @ window).ravel())
                now.append(spikes[trial, t])
    return np.array(past), np.array(now)


def standardized(found, method, spikes, behavior=None):
    """Predictors of SD 1, coefficients on them, spikes, drive and curvature at the mean rate."""
    functions = method.basis.functions
    past, now = rows_of(spikes, functions, behavior)
    sd = past.std(axis=0)
    kernel = np.concatenate([found.weight, found.behavior_weight], axis=2)
    w = np.einsum("lk,lij->kji", np.linalg.pinv(functions).T, kernel).reshape(len(sd), -1)
    level = now.mean(axis=0)
    link = method.link
    slope = link.slope(link.inverse(level), level)
    return past / sd, w * sd[:, None], now, past @ w + found.intercept, slope**2 / level


@pytest.mark.parametrize("link", LINKS)
def test_a_link_has_its_slope_and_its_inverse(link):
    drive = np.linspace(-30, 5, 40)
    rate = link.rate(drive)
    slope = [approx_fprime(np.array([u]), lambda u: link.rate(u)[0], 1e-7)[0] for u in drive]
    np.testing.assert_allclose(link.slope(drive, rate), slope, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(link.inverse(rate), drive, rtol=1e-9)
    assert link.rate(np.array([-1e4]))[0] > 0


def test_raised_cosines_are_bumps_that_begin_one_step_back_and_end_in_time():
    functions = RaisedCosine(5, 30).functions
    assert functions.shape == (30, 5)
    np.testing.assert_allclose(functions.sum(axis=0), 1)
    assert (functions >= 0).all()
    peaks = functions.argmax(axis=0)
    assert peaks[0] == 0
    assert (np.diff(peaks) > 0).all()
    assert functions[-1, -1] < 0.05 * functions[:, -1].max()
    assert functions[29, 0] == 0
    widths = [(f > f.max() / 2).sum() for f in functions.T]
    assert widths == sorted(widths)


def test_the_past_of_every_frame_stays_within_its_trial(rng):
    source = rng.normal(size=(2, 12, 3))
    functions = RaisedCosine(2, 4).functions
    counts = np.zeros((2, 12), bool)
    counts[:, 4:] = True
    counts[1, 6] = False
    expected, _ = rows_of(source, functions)
    found = filtered(source, functions, counts)
    np.testing.assert_allclose(found, np.delete(expected, 8 + 2, axis=0))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("sign", [1, -1])
def test_coupling_goes_from_pre_to_post_with_its_sign(rng, penalty, link, sign):
    weight = np.zeros((2, 2))
    weight[1, 0] = 1.5 * sign  # 0 drives 1
    spikes = simulated(rng, weight, link=link, base=-0.5, n_steps=2000)
    found = Poisson(EachLag(2), penalty, link).fit(spikes)
    assert sign * found.connectivity[1, 0] > 0.5
    assert abs(found.connectivity[0, 1]) < 0.2
    assert not np.diag(found.connectivity).any()
    assert sign * found.weight[0, 1, 0] > 0.5
    assert abs(found.weight[1, 1, 0]) < 0.2


def test_a_planted_chain_is_recovered_at_its_delay(rng):
    weight = np.array([[0.0, 0.0], [1.2, 0.0]])
    spikes = simulated(rng, weight, base=-1.5, n_steps=6000, delay=3)
    found = Poisson(EachLag(4), L2(1e-6)).fit(spikes)
    expected = np.zeros((4, 2, 2))
    expected[2, 1, 0] = 1.2
    np.testing.assert_allclose(found.weight, expected, atol=0.17)
    np.testing.assert_allclose(found.intercept, -1.5, atol=0.15)
    smooth = Poisson(RaisedCosine(4, 8), L1()).fit(spikes)
    assert smooth.weight[:, 1, 0].argmax() in (2, 3)
    assert smooth.connectivity[1, 0] > 0.8


def test_with_a_ridge_it_equals_scikit_learn(rng):
    behavior = rng.normal(size=(2, 1500, 1))
    spikes, _ = planted(rng, drive=0.5 * behavior)
    method = Poisson(EachLag(2), L2(0.03))
    found = method.fit(spikes, behavior)
    z, beta, now, drive, curvature = standardized(found, method, spikes, behavior)
    for neuron in range(4):
        peer = PoissonRegressor(
            alpha=0.03 * curvature.mean(), solver="newton-cholesky", tol=1e-10
        ).fit(z, now[:, neuron])
        np.testing.assert_allclose(beta[:, neuron], peer.coef_, atol=1e-6)
        np.testing.assert_allclose(np.exp(drive[:, neuron]), peer.predict(z), rtol=1e-5)
    assert (found.behavior_weight[0] > np.abs(found.behavior_weight[1]) + 0.1).all()


def test_with_a_softplus_it_equals_a_general_minimizer(rng):
    spikes, _ = planted(rng, n=2, link=Softplus(), base=-0.5, n_steps=400)
    method = Poisson(EachLag(1), L2(0.05), Softplus())
    z, beta, now, drive, curvature = standardized(method.fit(spikes), method, spikes)

    def objective(p, neuron):
        rate = np.logaddexp(0, z @ p[1:] + p[0])
        loss = (rate - now[:, neuron] * np.log(rate)).mean()
        return loss + 0.025 * curvature.mean() * (p[1:] ** 2).sum()

    for neuron in range(2):
        best = minimize(objective, np.zeros(3), args=(neuron,), tol=1e-12).x
        np.testing.assert_allclose(beta[:, neuron], best[1:], atol=1e-5)
        np.testing.assert_allclose(drive[:, neuron], z @ best[1:] + best[0], atol=1e-4)


@pytest.mark.parametrize("penalty", [L1(1.5), GroupL1(1.5)])
@pytest.mark.parametrize("link", LINKS)
def test_a_sparse_fit_is_optimal(rng, penalty, link):
    """Subgradients: what is there balances the threshold; what is not is below it."""
    behavior = rng.normal(size=(2, 800, 1))
    spikes, _ = planted(rng, n=5, link=link, base=-1.0, n_steps=800, drive=0.3 * behavior)
    method = Poisson(RaisedCosine(3, 6), penalty, link)
    z, beta, now, drive, curvature = standardized(
        method.fit(spikes, behavior), method, spikes, behavior
    )
    rate = link.rate(drive)
    push = link.slope(drive, rate) * (1 - now / rate) / len(now)
    np.testing.assert_allclose(push.sum(axis=0), 0, atol=1e-7)
    z = z - z.mean(axis=0)
    n_zero = 0
    for post in range(5):
        gradient = (z.T @ push[:, post]).reshape(3, 6)  # function, neuron or channel
        b = beta[:, post].reshape(3, 6)
        b = np.where(np.abs(b) < 1e-9, 0.0, b)
        for column in range(6):
            g, own = gradient[:, column], b[:, column]
            if column in (post, 5):  # free, but for a ridge of 1e-4
                np.testing.assert_allclose(g, -1e-4 * curvature[post] * own, atol=1e-7)
                assert own.any()
                continue
            threshold = 1.5 * np.sqrt(curvature[post] / len(now))
            if isinstance(penalty, GroupL1):
                threshold *= np.sqrt(3)
                length = np.linalg.norm(own)
                if length:
                    assert own.all()
                    np.testing.assert_allclose(g, -threshold * own / length, atol=1e-6)
                else:
                    assert np.linalg.norm(g) < threshold + 1e-6
                    n_zero += 1
            else:
                there = own != 0
                np.testing.assert_allclose(g[there], -threshold * np.sign(own[there]), atol=1e-6)
                assert (np.abs(g[~there]) < threshold + 1e-6).all()
                n_zero += (~there).sum()
    assert n_zero > 5


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("link", LINKS)
def test_a_fit_takes_few_newton_steps(rng, penalty, link):
    spikes, _ = planted(rng, link=link, base=-1.5)
    assert Poisson(RaisedCosine(3, 6), penalty, link).fit(spikes).chosen["steps"] <= 7


@pytest.mark.parametrize("penalty", PENALTIES)
def test_masked_bins_do_not_matter(rng, penalty):
    """A hole in a trial is the end of one trial and the beginning of another."""
    spikes, _ = planted(rng, n=3, n_trials=1, n_steps=1200)
    method = Poisson(RaisedCosine(2, 4), penalty)
    holed = spikes.copy()
    holed[0, 700:710, 1] = np.nan
    apart = np.full((2, 1200, 3), np.nan)
    apart[0, :700], apart[1, :490] = spikes[0, :700], spikes[0, 710:]
    one, other = method.fit(holed), method.fit(apart)
    np.testing.assert_allclose(one.weight, other.weight, atol=1e-6)
    np.testing.assert_allclose(one.intercept, other.intercept, atol=1e-6)
    assert np.abs(one.weight - method.fit(spikes).weight).max() > 1e-4
    lost = np.isnan(one.predict(holed))[0]
    assert lost[:4].all()
    assert lost[701:714].all()
    assert not lost[4:701].any()
    assert not lost[714:].any()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_relabelling_neurons_relabels_the_coupling_and_units_of_behavior_do_not_matter(
    rng, penalty
):
    behavior = rng.normal(size=(2, 900, 2))
    spikes, _ = planted(rng, n_steps=900)
    order = np.array([2, 0, 3, 1])
    method = Poisson(RaisedCosine(2, 4), penalty)
    one = method.fit(spikes, behavior)
    other = method.fit(spikes[:, :, order], 1e3 * behavior + 7)
    np.testing.assert_allclose(other.weight, one.weight[:, order][:, :, order], atol=1e-5)
    np.testing.assert_allclose(
        1e3 * other.behavior_weight, one.behavior_weight[:, order], atol=1e-5
    )


def test_noise_gets_a_strong_penalty_and_coupling_a_weak_one(rng):
    noise = rng.poisson(0.3, size=(1, 1200, 6)).astype(float)
    noisy = Poisson(RaisedCosine(3, 6)).fit(noise)
    assert noisy.chosen["strength"] >= 1.5
    assert (noisy.connectivity != 0).mean() < 0.25
    assert Poisson(RaisedCosine(3, 6), L2()).fit(noise).chosen["strength"] >= 1
    spikes, _ = planted(rng, n=6, n_steps=3000)
    assert Poisson(RaisedCosine(3, 6), L2()).fit(spikes).chosen["strength"] < 1


@pytest.mark.parametrize("penalty", [L1, L2])
def test_the_penalty_is_that_of_the_best_likelihood_at_the_end_of_training(rng, penalty):
    spikes, _ = planted(rng, n=5, n_trials=1, n_steps=1501)
    found = Poisson(EachLag(1), penalty()).fit(spikes)
    late = np.full((1, 1501, 5), np.nan)
    late[:, 1201:] = spikes[:, 1201:]
    known = np.where(np.isnan(late), 0.0, 1.0)
    losses = []
    for strength in penalty().grid:
        rate = Poisson(EachLag(1), penalty(strength)).fit(spikes[:, :1201]).predict(spikes)
        entry = rate - spikes * np.log(rate)
        losses.append((entry[:, 1:] * known[:, 1:]).sum())
    assert found.chosen["strength"] == penalty().grid[int(np.argmin(losses))]
    assert 0 < np.argmin(losses) < len(losses) - 1
    given = Poisson(EachLag(1), penalty(found.chosen["strength"])).fit(spikes)
    np.testing.assert_allclose(given.weight, found.weight, atol=1e-5)


@pytest.mark.parametrize("penalty", [L1(50.0), GroupL1(50.0)])
def test_a_neurons_own_past_goes_free(rng, penalty):
    spikes, _ = planted(rng)
    found = Poisson(RaisedCosine(2, 4), penalty).fit(spikes)
    assert not found.connectivity.any()
    assert np.diag(found.weight.sum(axis=0)).max() < -0.2
    alone = fit_alone(Poisson(RaisedCosine(2, 4), penalty), spikes)
    np.testing.assert_allclose(found.predict(spikes), alone.predict(spikes), atol=1e-5)


def test_a_neuron_that_never_fires_twice_in_a_row_has_finite_weights(rng):
    spikes = rng.poisson(0.3, size=(1, 1000, 2)).astype(float)
    for t in range(1, 1000):
        spikes[0, t, 0] *= spikes[0, t - 1, 0] == 0
    found = Poisson(EachLag(1), L1(1.0)).fit(spikes)
    assert -20 < found.weight[0, 0, 0] < -3
    late = np.zeros((1, 1000, 2))
    late[0, :, 0] = spikes[0, :, 1]
    late[0, 0, 1] = 1.0
    silent = Poisson(EachLag(1), L1(1.0)).fit(late)
    assert np.isfinite(silent.weight).all()
    assert silent.predict(late)[0, 1:, 1].max() < 1e-3


@pytest.mark.parametrize("penalty", [L2(), L1(), GroupL1()])
def test_a_planted_network_is_found_and_forecasts_better_than_its_parts(rng, penalty):
    n = 12
    weight = np.where(rng.random((n, n)) < 0.12, rng.choice([-1.5, 0.8], (n, n)), 0.0)
    np.fill_diagonal(weight, -1.0)
    spikes = simulated(rng, weight, base=-1.7, n_steps=3000, n_trials=1)
    new = simulated(rng, weight, base=-1.7, n_steps=1500, n_trials=1)
    method = Poisson(RaisedCosine(2, 3), penalty)
    found = method.fit(spikes)
    off = ~np.eye(n, dtype=bool)
    score = average_precision_score(weight[off] != 0, np.abs(found.connectivity[off]))
    assert score > 0.85
    strong = (weight != 0) & off & (found.connectivity != 0)
    assert (np.sign(found.connectivity[strong]) == np.sign(weight[strong])).mean() > 0.9
    alone = fit_alone(method, spikes).predict(new)
    gain = coupling_gain(found.predict(new), alone, new, rng=rng, scoring=SPIKES)
    bits = gain[gain["measure"] == "bits_per_spike"].iloc[0]
    assert bits["low"] > 0
    assert bits_per_spike(found.predict(new), new) > 0.05


def test_the_likelihood_is_that_of_the_forecast(rng):
    spikes, _ = planted(rng, n_steps=300)
    found = Poisson(EachLag(1), L2(0.1)).fit(spikes)
    new = spikes.copy()
    new[0, 50, 2] = np.nan
    rate = found.predict(new)
    drive = found.intercept + spikes[1, 10] @ found.weight[0].T
    np.testing.assert_allclose(rate[1, 11], np.exp(drive))
    entry = rate - new * np.log(rate) + gammaln(new + 1)
    np.testing.assert_allclose(found.nll(new), np.nanmean(entry, axis=(0, 1)))
    assert np.isnan(found.predict(spikes[:, :1])).all()


def test_what_cannot_be_fitted_is_refused_with_what_to_do(rng):
    spikes, _ = planted(rng, n_steps=100)
    with pytest.raises(InputError, match="Fit counts by bin"):
        Poisson().fit(0.5 * spikes)
    with pytest.raises(InputError, match="Fit counts by bin"):
        Poisson().fit(-spikes)
    with pytest.raises(InputError, match="Use fewer lags"):
        Poisson(EachLag(100)).fit(spikes)
    with pytest.raises(InputError, match="One step back is 1"):
        EachLag(0)
    with pytest.raises(InputError, match="`EachLag` for a kernel without a shape"):
        RaisedCosine(5, 4)
    for penalty in (L1, L2, GroupL1):
        with pytest.raises(InputError, match="Leave it out to choose"):
            penalty(-1.0)
    with pytest.raises(InputError, match="in the same order"):
        Poisson(EachLag(1), L2(1.0)).fit(spikes).predict(spikes[:, :, :3])
