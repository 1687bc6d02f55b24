"""The distribution behind estimated connections, and the factors of common drive."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, average_precision_score

from neuroloom.errors import InputError
from neuroloom.fitting.coupling import find_factors
from neuroloom.fitting.coupling.edge_model import fit_edge_model, infer_edges
from neuroloom.fitting.coupling.edge_pairs import Pairs

N = 60
TYPE = np.repeat([0, 1, 2], 20)
DENSITY = np.array([[0.1, 0.4, 0.1], [0.3, 0.1, 0.1], [0.1, 0.3, 0.4]])  # [post, pre]
MEAN = np.array([[0.5, -0.8, 0.5], [0.6, -0.7, 0.5], [0.5, -0.9, 0.5]])
NOISE = 0.15


def planted(rng, noise=NOISE, common=0.0, detour=0.0, n_factors=2):
    """Truth, and a noisy estimate of it with common drive and detours."""
    there = rng.random((N, N)) < DENSITY[TYPE][:, TYPE]
    np.fill_diagonal(there, False)
    truth = there * rng.normal(MEAN[TYPE][:, TYPE], 0.1)
    direction = np.linalg.qr(rng.normal(size=(N, n_factors)))[0]
    moved = common * direction @ rng.normal(size=(n_factors, N))
    moved = moved + np.where(TYPE[:, None] == 1, detour, 0.0)
    return truth, truth + moved + noise * rng.normal(size=(N, N)), direction


def pairs_of(estimate, direction=None, noise=NOISE, **known):
    n = len(estimate)
    given = {"group": np.zeros((n, n), int), "sign": np.zeros(n, int), "label": None} | known
    direction = np.zeros((n, 0)) if direction is None else direction
    return Pairs(estimate, np.full((n, n), noise**2), direction, **given)


def precision(truth, score):
    off = ~np.eye(len(truth), dtype=bool)
    return average_precision_score(truth[off] != 0, score[off])


def test_numbers_of_the_distribution_are_found():
    truth, estimate, _ = planted(np.random.default_rng(0))
    found = fit_edge_model(pairs_of(estimate, label=TYPE), np.random.default_rng(0))
    there = truth != 0
    observed = [[there[a == TYPE][:, b == TYPE].mean() for b in range(3)] for a in range(3)]
    np.testing.assert_allclose(found.density[0], observed, atol=0.06)
    np.testing.assert_allclose(found.slab_mean, MEAN, atol=0.12)
    assert np.sqrt(found.slab_variance).mean() == pytest.approx(0.1, abs=0.05)
    off = ~np.eye(N, dtype=bool)
    sure = found.probability > 0.9
    assert there[sure].mean() > 0.95
    assert found.probability[off].sum() == pytest.approx(there.sum(), rel=0.05)
    assert not np.diag(found.probability).any()
    error = ((found.weight - truth)[off] ** 2).mean()
    assert error < 0.4 * ((estimate - truth)[off] ** 2).mean()


def test_classes_of_senders_and_receivers_are_found_and_help():
    truth, estimate, _ = planted(np.random.default_rng(1), noise=0.25)
    found = fit_edge_model(pairs_of(estimate, noise=0.25), np.random.default_rng(0))
    assert found.slab_mean.shape[1] >= 2
    assert adjusted_rand_score(found.pre_class == found.pre_class[25], TYPE == 1) > 0.9
    assert precision(truth, found.probability) > precision(truth, np.abs(estimate)) + 0.03


def test_common_drive_is_told_from_connections_and_a_wrong_direction_costs_nothing():
    rng = np.random.default_rng(2)
    truth, estimate, direction = planted(rng, common=1.5)
    without = fit_edge_model(pairs_of(estimate, label=TYPE), rng)
    found = fit_edge_model(pairs_of(estimate, direction, label=TYPE), rng)
    clean, clear, _ = planted(np.random.default_rng(2))
    best = precision(clean, fit_edge_model(pairs_of(clear, label=TYPE), rng).probability)
    assert precision(truth, found.probability) > best - 0.03
    assert precision(truth, without.probability) < best - 0.1
    wrong = np.linalg.qr(rng.normal(size=(N, 6)))[0]
    spared = fit_edge_model(pairs_of(clear, wrong, label=TYPE), rng)
    assert precision(clean, spared.probability) > best - 0.03


def test_detours_shared_by_two_classes_are_no_connections():
    rng = np.random.default_rng(3)
    truth, estimate, _ = planted(rng, detour=0.3)
    found = fit_edge_model(pairs_of(estimate, label=TYPE), rng)
    np.testing.assert_allclose(found.detour[1], 0.3, atol=0.06)
    np.testing.assert_allclose(found.detour[[0, 2]], 0.0, atol=0.06)
    assert (truth != 0)[found.probability > 0.9].mean() > 0.93


def test_every_receiver_has_its_own_gain():
    rng = np.random.default_rng(4)
    truth, _, _ = planted(rng)
    gain = np.where(np.arange(N) % 2, 0.6, 1.6)
    estimate = gain[:, None] * truth + 0.05 * rng.normal(size=(N, N))
    found = fit_edge_model(pairs_of(estimate, label=TYPE, noise=0.05), rng)
    np.testing.assert_allclose(found.gain / found.gain.mean(), gain / gain.mean(), rtol=0.3)
    assert found.gain[gain > 1].min() > found.gain[gain < 1].max()


def test_a_connectome_counts_for_as_much_as_it_is_worth():
    rng = np.random.default_rng(5)
    truth, estimate, _ = planted(rng, noise=0.35)
    there = truth != 0
    good = there | (rng.random((N, N)) < 0.1)
    useless = rng.random((N, N)) < 0.25
    alone, helped, misled = (
        fit_edge_model(pairs_of(estimate, noise=0.35, label=TYPE, group=g.astype(int)), rng)
        for g in (np.zeros((N, N), bool), good, useless)
    )
    assert precision(truth, helped.probability) > precision(truth, alone.probability) + 0.1
    assert precision(truth, misled.probability) > precision(truth, alone.probability) - 0.03
    assert (helped.density[1] > helped.density[0]).all()


def test_known_signs_rule_out_the_other():
    rng = np.random.default_rng(6)
    truth, estimate, _ = planted(rng, noise=0.4)
    sign = np.where(TYPE == 1, -1, 1)
    found = fit_edge_model(pairs_of(estimate, noise=0.4, sign=sign), rng)
    blind = fit_edge_model(pairs_of(estimate, noise=0.4), rng)
    wrong = (np.sign(estimate) != sign) & (np.abs(estimate) > 0.4)
    assert found.probability[wrong].mean() < 0.7 * blind.probability[wrong].mean()
    assert precision(truth, found.probability) > precision(truth, blind.probability)
    off = ~np.eye(N, dtype=bool)
    assert (found.mean * sign)[off].min() > 0
    assert (blind.mean * sign)[off].min() < 0


def test_relabelling_neurons_relabels_the_answer():
    rng = np.random.default_rng(7)
    _, estimate, direction = planted(rng, common=1.0)
    order = rng.permutation(N)
    one = fit_edge_model(pairs_of(estimate, direction, label=TYPE), rng)
    other = fit_edge_model(
        pairs_of(estimate[order][:, order], direction[order], label=TYPE[order]), rng
    )
    np.testing.assert_allclose(other.probability, one.probability[order][:, order], atol=1e-6)


def test_units_do_not_matter():
    rng = np.random.default_rng(8)
    _, estimate, direction = planted(rng, common=1.0)
    one = fit_edge_model(pairs_of(estimate, direction, label=TYPE), rng)
    other = fit_edge_model(pairs_of(1e-4 * estimate, direction, 1e-4 * NOISE, label=TYPE), rng)
    np.testing.assert_allclose(other.probability, one.probability, atol=1e-6)
    np.testing.assert_allclose(other.weight, 1e-4 * one.weight, atol=1e-9)


def test_the_same_estimates_give_the_same_answer_again():
    rng = np.random.default_rng(9)
    _, estimate, direction = planted(rng, common=1.0)
    pairs = pairs_of(estimate, direction, label=TYPE)
    found = fit_edge_model(pairs, rng)
    again = infer_edges(found, pairs)
    np.testing.assert_allclose(again.probability, found.probability, atol=0.02)


def test_weights_are_the_posterior_of_bayes_rule():
    """One pair by hand: a spike and a slab, weighed by how well each explains the estimate."""
    from scipy.stats import norm

    rng = np.random.default_rng(10)
    _, estimate, _ = planted(rng)
    found = fit_edge_model(pairs_of(estimate, label=TYPE), rng)
    i, j = 3, 30
    x = estimate[i, j] - found.detour[0, 1]
    gain = found.gain[i]
    mean, sd = gain * found.slab_mean[0, 1], gain * np.sqrt(found.slab_variance[0, 1])
    rho = found.density[0, 0, 1]
    present = rho * norm.pdf(x, mean, np.hypot(sd, NOISE))
    absent = (1 - rho) * norm.pdf(x, 0, NOISE)
    assert found.probability[i, j] == pytest.approx(present / (present + absent))
    precise = 1 / sd**2 + 1 / NOISE**2
    assert found.mean[i, j] == pytest.approx((mean / sd**2 + x / NOISE**2) / precise)
    assert found.sd[i, j] == pytest.approx(precise**-0.5)


def test_factors_are_counted_and_their_loadings_found():
    rng = np.random.default_rng(11)
    n, n_frames = 50, 5_000
    loading = rng.normal(size=(n, 3))
    own = rng.uniform(1, 3, n)
    x = rng.normal(size=(n_frames, 3)) @ loading.T + np.sqrt(own) * rng.normal(size=(n_frames, n))
    found = find_factors(np.cov(x.T), float(n_frames))
    assert found.n == 3
    np.testing.assert_allclose(found.loading @ found.loading.T, loading @ loading.T, atol=0.5)
    np.testing.assert_allclose(found.own_variance, own, rtol=0.15)
    overlap = np.linalg.svd(np.linalg.qr(loading)[0].T @ found.directions())[1]
    assert overlap.min() > 0.99


def test_noise_alone_has_no_factor():
    x = np.random.default_rng(12).normal(size=(2_000, 40)) * np.geomspace(0.01, 100, 40)
    found = find_factors(np.cov(x.T), 2_000.0)
    assert found.n == 0
    assert found.loading.shape == (40, 0)
    assert found.edge == pytest.approx((1 + np.sqrt(0.02)) ** 2)
    np.testing.assert_allclose(found.own_variance, x.var(0, ddof=1))
    assert find_factors(np.cov(x.T), 2_000.0, n=2).n == 2


def test_a_number_of_factors_out_of_range_is_said():
    with pytest.raises(InputError, match=r"must be 0 to 3.*Leave it out to count"):
        find_factors(np.eye(4), 100.0, n=4)
