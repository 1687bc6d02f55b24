"""Orders of recording: greedy, lazy, worst, random, and the closed form of linear networks."""

from itertools import permutations

import numpy as np
import pytest

from neuroloom.analysis.candidates import Candidates
from neuroloom.analysis.identifiability import Sensitivity, predicted_error
from neuroloom.analysis.recording_order import (
    greedy_order,
    linear_order,
    random_orders,
    worst_order,
)
from neuroloom.errors import InputError


def sensitivity(rng, n=8, k=3, p=10):
    sizes = 0.6 ** np.arange(p)
    return Sensitivity(rng.normal(size=(n, k, p)) * sizes * rng.lognormal(size=(n, 1, 1)))


def dense_total(s, recorded, noise):
    """Posterior trace by the textbook formula."""
    rows = s.value[sorted(recorded)].reshape(-1, s.n_unknowns)
    covariance = np.linalg.inv(rows.T @ rows / noise**2 + np.eye(s.n_unknowns))
    return np.einsum("nkp,pq,nkq->", s.value, covariance, s.value) / s.n_samples


def greedy_by_hand(s, n, noise, known=(), score=max):
    chosen = []
    for _ in range(n):
        left = [v for v in range(s.n_neurons) if v not in chosen and v not in known]
        before = dense_total(s, [*known, *chosen], noise)
        drop = {v: before - dense_total(s, [*known, *chosen, v], noise) for v in left}
        chosen.append(score(left, key=drop.__getitem__))
    return chosen


@pytest.mark.parametrize("slack", [2.0, np.inf])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_is_what_trying_every_neuron_with_dense_algebra_gives(seed, slack):
    s = sensitivity(np.random.default_rng(seed))
    found = greedy_order(Candidates.of(s, noise=0.3), 5, slack=slack)
    assert found.neuron.tolist() == greedy_by_hand(s, 5, 0.3)
    totals = [dense_total(s, found.neuron[:m].tolist(), 0.3) for m in range(6)]
    np.testing.assert_allclose(found.total_error, np.array(totals) / 8)
    np.testing.assert_allclose(found.gain, -np.diff(totals))


def test_lazy_evaluates_fewer_gains_for_the_same_order(rng):
    c = Candidates.of(sensitivity(rng, n=60, k=1, p=20), noise=0.2)
    lazy, plain = greedy_order(c, 15), greedy_order(c, 15, slack=np.inf)
    assert lazy.neuron.tolist() == plain.neuron.tolist()
    assert lazy.n_evaluations < plain.n_evaluations
    assert plain.n_evaluations == sum(60 - m for m in range(15))


def test_where_gains_only_shrink_lazy_needs_no_slack(rng):
    """Neurons that share no unknown: a gain falls only when the neuron itself is recorded."""
    value = np.zeros((12, 2, 24))
    for neuron in range(12):
        value[neuron, :, 2 * neuron : 2 * neuron + 2] = rng.normal(size=(2, 2))
    c = Candidates.of(Sensitivity(value), noise=0.2)
    lazy, plain = greedy_order(c, 12, slack=1.0), greedy_order(c, 12, slack=np.inf)
    assert plain.n_grew == 0
    assert lazy.neuron.tolist() == plain.neuron.tolist()


def test_gains_grow_in_linear_networks_and_slack_is_what_bears_it():
    """V-optimal gains are not submodular: lazy without slack parts from plain greedy."""
    parted = {1.0: 0, 2.0: 0, 4.0: 0}
    for seed in range(20):
        c = Candidates.of(sensitivity(np.random.default_rng(seed), n=60, k=1, p=20), noise=0.2)
        plain = greedy_order(c, 10, slack=np.inf)
        assert plain.n_grew > 0
        for slack in parted:
            parted[slack] += (
                greedy_order(c, 10, slack=slack).neuron.tolist() != plain.neuron.tolist()
            )
    assert parted[1.0] > parted[2.0] >= parted[4.0]


def test_what_is_recorded_already_counts_and_is_not_chosen_again(rng):
    s = sensitivity(rng)
    known = np.isin(np.arange(8), [2, 5])
    found = greedy_order(Candidates.of(s, noise=0.3, recorded=known), 6)
    assert found.neuron.tolist() == greedy_by_hand(s, 6, 0.3, known=(2, 5))
    assert found.unrecorded_error[-1] == 0.0  # nobody is left
    expected = predicted_error(s, known, noise=0.3).mean_square[~known].mean()
    assert found.unrecorded_error[0] == pytest.approx(expected)


def test_the_error_of_unrecorded_neurons_after_every_step_is_the_posterior_one(rng):
    s = sensitivity(rng)
    found = greedy_order(Candidates.of(s, noise=0.3), 4)
    for m in range(5):
        recorded = np.isin(np.arange(8), found.neuron[:m])
        expected = predicted_error(s, recorded, noise=0.3).mean_square
        assert found.unrecorded_error[m] == pytest.approx(expected[~recorded].mean())
        assert found.total_error[m] == pytest.approx(expected.mean())


def test_forbidden_neurons_are_never_chosen(rng):
    eligible = np.ones(8, bool)
    eligible[[0, 3]] = False
    c = Candidates.of(sensitivity(rng), noise=0.3)
    orders = [
        greedy_order(c, 8, eligible=eligible),
        worst_order(c, 8, eligible=eligible),
        *random_orders(c, 8, n_draws=3, rng=rng, eligible=eligible),
    ]
    for found in orders:
        assert sorted(found.neuron.tolist()) == [1, 2, 4, 5, 6, 7]


def test_costs_are_what_gains_are_divided_by_and_the_budget_holds(rng):
    s = sensitivity(rng)
    c = Candidates.of(s, noise=0.3)
    free = greedy_order(c, 1).neuron[0]
    cost = np.ones(8)
    cost[free] = 1e6
    dear = greedy_order(c, 8, cost=cost, budget=5.0)
    assert free not in dear.neuron
    assert len(dear.neuron) == 5
    gain = c.knowledge().gains(np.arange(8))
    cost = rng.uniform(1, 5, 8)
    assert greedy_order(c, 1, cost=cost).neuron[0] == np.argmax(gain / cost)
    assert cost[worst_order(c, 8, cost=cost, budget=6.0).neuron].sum() <= 6.0


def test_with_a_single_pick_nothing_beats_greedy_and_nothing_is_worse_than_worst(rng):
    c = Candidates.of(sensitivity(rng), noise=0.3)
    best, worst = greedy_order(c, 1), worst_order(c, 1)
    for draw in random_orders(c, 1, n_draws=20, rng=rng):
        assert best.total_error[1] <= draw.total_error[1] + 1e-12
        assert draw.total_error[1] <= worst.total_error[1] + 1e-12


def test_greedy_is_near_the_best_of_all_sets(rng):
    s = sensitivity(rng, n=6)
    found = greedy_order(Candidates.of(s, noise=0.3), 3)
    best = min(dense_total(s, chosen, 0.3) for chosen in permutations(range(6), 3))
    start = dense_total(s, [], 0.3)
    assert start - found.total_error[3] * 6 >= (1 - 1 / np.e) * (start - best)


def test_the_closed_form_of_a_linear_network_is_greedy_without_noise(rng):
    w = 0.8 * rng.normal(size=(30, 30)) / np.sqrt(30)
    response = np.linalg.solve(np.eye(30) - w, w)
    s = Sensitivity(response[:, None, :])
    found = greedy_order(Candidates.of(s, noise=0.0), 20)
    assert linear_order(response, 20).tolist() == found.neuron.tolist()
    plain = greedy_order(Candidates.of(s, noise=0.0), 20, slack=np.inf)
    assert plain.neuron.tolist() == found.neuron.tolist()
    worst = worst_order(Candidates.of(s, noise=0.0), 10)
    assert linear_order(response, 10, worst=True).tolist() == worst.neuron.tolist()


def test_deflation_keeps_a_neuron_that_says_the_same_as_a_recorded_one_for_later():
    response = np.array([[3.0, 0.0, 0.0], [2.9, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]])
    assert linear_order(response, 3).tolist() == [0, 2, 3]
    # the score looks at directions, not lengths: row 1 ties with row 0 and comes right after in
    # the worst order only once it is known
    assert linear_order(response, 4, worst=True).tolist() == [3, 2, 0, 1]


def test_of_a_low_rank_network_rank_neurons_tell_everything(rng):
    response = rng.normal(size=(20, 4)) @ rng.normal(size=(4, 20))
    c = Candidates.of(Sensitivity(response[:, None, :]), noise=0.0)
    found = greedy_order(c, 6)
    assert found.total_error[3] > 1e-6
    np.testing.assert_allclose(found.total_error[4:], 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "instruction"),
    [
        ({"n": 0}, "Say how many neurons"),
        ({"cost": np.array([1.0, 0.0, 1, 1, 1, 1, 1, 1])}, "make it not eligible"),
        ({"cost": np.ones(3)}, "in the order of the neurons"),
        ({"budget": 0.0}, "Leave it out for no limit"),
        ({"slack": 0.5}, "`inf` to compute every gain"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused(rng, options, instruction):
    c = Candidates.of(sensitivity(rng), noise=0.3)
    options = {"n": 2} | options
    with pytest.raises(InputError, match=instruction):
        greedy_order(c, options.pop("n"), **options)
