"""Places in place of classes: found where they are, left alone where not, blind to the own pair."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from neuroloom.fitting.coupling import EdgePosterior, simulate_twin
from neuroloom.fitting.coupling.edge_model import fit_edge_model, infer_edges
from neuroloom.fitting.coupling.edge_pairs import Pairs
from neuroloom.fitting.coupling.edge_places import Alike, neighbor_prior, placed

N = 60
NOISE = 0.35


def along_a_line(rng, order=None):
    """Neurons drive those 4 to 9 places further on, the nearer the more: transposed it is other."""
    at = np.arange(N) if order is None else order
    ahead = (at[:, None] - at[None, :]) % N
    return np.where((ahead >= 4) & (ahead < 10), 1.0 - 0.1 * (ahead - 4), 0.0)


def anywhere(rng):
    """Connections at random: nothing of one pair tells of another."""
    there = rng.random((N, N)) < 0.2
    return np.where(there, rng.normal(1, 0.3, (N, N)), 0.0) * ~np.eye(N, dtype=bool)


def seen(weight, rng, noise=NOISE, **known):
    return Pairs(
        weight + noise * rng.normal(size=weight.shape),
        np.full(weight.shape, noise**2),
        known.get("direction", np.zeros((N, 0))),
        known.get("group", np.zeros((N, N), int)),
        known.get("sign", np.zeros(N, int)),
    )


def halves_and_all(weight, rng):
    one, other = (seen(weight, rng, NOISE * np.sqrt(2)) for _ in range(2))
    both = Pairs(
        (one.estimate + other.estimate) / 2, one.variance / 2, one.direction, one.group, one.sign
    )
    return both, (one, other)


def precision(weight, probability):
    off = ~np.eye(N, dtype=bool)
    return average_precision_score((weight != 0)[off], probability[off])


@pytest.mark.parametrize("shuffled", [False, True])
def test_places_are_found_whatever_the_order_of_neurons(rng, shuffled):
    weight = along_a_line(rng, rng.permutation(N) if shuffled else None)
    both, halves = halves_and_all(weight, rng)
    classes = fit_edge_model(both, rng)
    found = placed(classes, both, halves)
    assert found.places is not None
    assert found.places.evidence > 30
    before, after = (precision(weight, m.probability) for m in (classes, found))
    assert after > before + 0.03
    assert precision(weight.T, found.probability) < 0.5 * after
    expected = found.places.density * found.places.mean
    assert np.corrcoef(expected.ravel(), weight.ravel())[0, 1] > 0.4


def test_where_connections_are_at_random_nothing_is_placed(rng):
    both, halves = halves_and_all(anywhere(rng), rng)
    classes = fit_edge_model(both, rng)
    assert placed(classes, both, halves) is classes


def test_without_connections_there_is_nothing_to_place(rng):
    both, halves = halves_and_all(np.zeros((N, N)), rng)
    none = fit_edge_model(both, rng)
    assert placed(none, both, halves) is none


def any_likeness(rng):
    fold = np.arange(N) % 3
    return Alike(rng.random((3, N, N)), rng.random((3, N, N)), fold)


def test_a_pair_has_no_part_in_its_own_prior(rng):
    pairs = seen(along_a_line(rng), rng)
    q, mean = rng.random((N, N)), rng.normal(size=(N, N))
    variance = np.full((N, N), 0.1)
    alike = any_likeness(rng)
    found = neighbor_prior(q, mean, variance, pairs, alike)
    changed_q, changed_mean = q.copy(), mean.copy()
    changed_q[3, 7], changed_mean[3, 7] = 1 - q[3, 7], -5.0
    changed = neighbor_prior(changed_q, changed_mean, variance, pairs, alike)
    for one, other in zip(found[:2], changed[:2], strict=True):
        own, next_to_it = abs(one - other)[3, 7], abs(one - other)[4, 8]
        assert own < 0.05 * next_to_it  # what is left is the mean of all, which pairs lean on


def test_a_pair_has_no_part_in_how_alike_its_neurons_are(rng):
    weight = along_a_line(rng)
    changed = weight.copy()
    changed[3, 7] = 5.0
    one, other = Alike.of(weight, 4), Alike.of(changed, 4)
    np.testing.assert_array_equal(one.post[one.fold[7]], other.post[one.fold[7]])
    np.testing.assert_array_equal(one.pre[one.fold[3]], other.pre[one.fold[3]])
    elsewhere = one.fold != one.fold[7]
    assert not np.allclose(one.post[one.fold[elsewhere][0]], other.post[one.fold[elsewhere][0]])


def test_the_prior_is_the_weighted_mean_over_neighboring_pairs(rng):
    pairs = seen(along_a_line(rng), rng)
    q, mean = rng.random((N, N)), rng.normal(size=(N, N))
    alike = any_likeness(rng)
    density, mu, spread = neighbor_prior(q, mean, np.full((N, N), 0.1), pairs, alike)
    i, j = 5, 13
    off = ~np.eye(N, dtype=bool)
    weight = np.outer(alike.post[alike.fold[j], i], alike.pre[alike.fold[i], j]) * off
    weight[i, j] = 0.0
    expected = ((weight * q).sum() + 2 * q[off].mean()) / (weight.sum() + 2)
    np.testing.assert_allclose(density[i, j], expected)
    overall = (q * mean)[off].sum() / q[off].sum()
    here = ((weight * q * mean).sum() + 2 * overall) / ((weight * q).sum() + 2)
    np.testing.assert_allclose(mu[i, j], here)
    around = (weight * q * ((mean - here) ** 2 + 0.1)).sum()
    within = (q * ((mean - mu) ** 2 + 0.1))[off].sum() / q[off].sum()
    # the second moment around a mean that leans on that of all is a little below
    np.testing.assert_allclose(
        spread[i, j], (around + 2 * within) / ((weight * q).sum() + 2), rtol=0.02
    )


def test_densities_of_wired_and_unwired_pairs_stay_apart(rng):
    weight = along_a_line(rng)
    group = (weight != 0).astype(int)
    pairs = seen(weight, rng, group=group)
    q = np.where(group == 1, 0.9, 0.05)
    alike = Alike(np.ones((3, N, N)), np.ones((3, N, N)), np.arange(N) % 3)
    density, _, _ = neighbor_prior(q, weight, np.full((N, N), 0.1), pairs, alike)
    off = ~np.eye(N, dtype=bool)
    np.testing.assert_allclose(density[(group == 1) & off], 0.9, atol=0.01)
    np.testing.assert_allclose(density[(group == 0) & off], 0.05, atol=0.01)


def test_other_estimates_are_read_with_the_same_places(rng):
    weight = along_a_line(rng)
    both, halves = halves_and_all(weight, rng)
    found = placed(fit_edge_model(both, rng), both, halves)
    again = infer_edges(found, halves[0])
    assert again.places is found.places
    assert precision(weight, again.probability) > precision(
        weight, infer_edges(fit_edge_model(both, rng), halves[0]).probability
    )


def test_the_recommended_default_places_neurons_of_a_ring(rng):
    weight = 0.08 * along_a_line(rng)
    x = np.zeros((1, 3_000, N))
    for t in range(1, x.shape[1]):
        x[0, t] = weight @ x[0, t - 1] + rng.normal(size=N)
    found = EdgePosterior(n_lags=1).fit(x)
    assert found.model.places is not None
    assert precision(weight, found.probability) > 0.7
    short = EdgePosterior(n_lags=1).fit(x[:, : 3 * N])  # a half would not hold enough frames
    assert short.model.places is None
    _, drawn = simulate_twin(found, 100, rng)
    there = drawn != 0
    right, turned = ((one & (weight != 0)).sum() / there.sum() for one in (there, there.T))
    assert right > 0.3  # three times chance: a tenth of the pairs are connected
    assert turned < 0.15
