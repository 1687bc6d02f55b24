"""Scores of an estimated connectivity: against libraries, by hand, and blind to the diagonal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from neuroloom.analysis.edges import (
    calibration_table,
    class_means,
    edge_scores,
    excitation_score,
    precision_at,
    scored_pairs,
    sign_accuracy,
    stability,
)
from neuroloom.errors import InputError

N = 12
OFF = ~np.eye(N, dtype=bool)
TYPES = np.repeat(["a", "b", "c"], [7, 4, 1])


def circuit(seed=0, density=0.3):
    """Weights, signs by sender with a few exceptions, and a noisy estimate of them."""
    rng = np.random.default_rng(seed)
    sender = np.where(np.arange(N) < 8, 1.0, -1.0)
    size = np.abs(1 + 0.3 * rng.normal(size=(N, N)))
    truth = (rng.random((N, N)) < density) * size * sender
    return truth, truth + 0.3 * rng.normal(size=(N, N)), rng


def values(estimate, truth, **rest):
    return {name: score.value for name, score in edge_scores(estimate, truth, **rest).items()}


@given(st.integers(0, 10_000), st.booleans())
def test_edge_scores_equal_scikit_learn_and_scipy(seed, sparse):
    truth, estimate, rng = circuit(seed)
    if sparse:
        estimate = np.where(np.abs(estimate) > 0.5, estimate, 0.0)
    probability = rng.random((N, N))
    found = values(estimate, truth, probability=probability)
    edge, size = (truth != 0)[OFF], np.abs(estimate[OFF])
    assert found["auroc"] == pytest.approx(roc_auc_score(edge, size))
    assert found["auprc"] == pytest.approx(average_precision_score(edge, size))
    assert found["probability_auroc"] == pytest.approx(roc_auc_score(edge, probability[OFF]))
    assert found["probability_auprc"] == pytest.approx(
        average_precision_score(edge, probability[OFF])
    )
    pearson = stats.pearsonr(estimate[OFF], truth[OFF]).statistic
    assert found["pearson"] == pytest.approx(pearson)
    ranks = stats.spearmanr(estimate[OFF], truth[OFF]).statistic
    assert found["spearman"] == pytest.approx(ranks)
    assert found["prevalence"] == pytest.approx(edge.mean())
    assert found["n_pairs"] == N * (N - 1)
    assert found["n_edges"] == edge.sum()


def test_a_perfect_estimate_scores_one_and_its_negative_has_all_signs_wrong():
    truth, _, _ = circuit()
    found = values(3 * truth, truth, cell_type=TYPES)
    ones = ("auroc", "auprc", "precision_at_k", "pearson", "spearman", "sign_accuracy")
    ones += ("sign_accuracy_nonzero", "ei_separation", "class_pearson")
    assert {name: found[name] for name in ones} == {name: pytest.approx(1) for name in ones}
    against = values(-truth, truth, cell_type=TYPES)
    assert against["auroc"] == against["auprc"] == 1
    assert against["pearson"] == pytest.approx(-1)
    assert against["class_pearson"] == pytest.approx(-1)
    assert against["sign_accuracy"] == against["ei_separation"] == 0


def test_a_transposed_estimate_is_not_the_estimate():
    truth = np.zeros((3, 3))
    truth[1, 0], truth[2, 1] = 1.0, -1.0  # 0 -> 1 excites, 1 -> 2 inhibits
    right, turned = values(truth, truth), values(truth.T, truth)
    assert (right["auroc"], right["precision_at_k"], right["ei_separation"]) == (1, 1, 1)
    assert turned["precision_at_k"] == 0
    assert turned["auroc"] < 0.5
    assert turned["pearson"] <= 0
    assert turned["ei_separation"] < 1


def test_the_diagonal_does_not_matter_whatever_it_holds():
    truth, estimate, rng = circuit()
    clean = values(estimate, truth, probability=np.clip(np.abs(estimate), 0, 1), cell_type=TYPES)
    garbage_estimate, garbage_truth = estimate.copy(), truth.copy()
    np.fill_diagonal(garbage_estimate, [np.nan, np.inf, 1e9] * 4)
    np.fill_diagonal(garbage_truth, rng.normal(size=N) * 1e6)
    probability = np.clip(np.abs(estimate), 0, 1)
    np.fill_diagonal(probability, -7.0)
    found = values(garbage_estimate, garbage_truth, probability=probability, cell_type=TYPES)
    assert found == pytest.approx(clean, rel=0, abs=0, nan_ok=True)
    estimates = np.stack([estimate, truth])
    spoiled = np.stack([garbage_estimate, garbage_truth])
    assert stability(spoiled) == stability(estimates)


def test_relabelling_neurons_changes_no_score():
    truth, estimate, rng = circuit()
    probability = rng.random((N, N))
    new = rng.permutation(N)
    turned = np.ix_(new, new)
    before = values(estimate, truth, probability=probability, cell_type=TYPES)
    after = values(
        estimate[turned], truth[turned], probability=probability[turned], cell_type=TYPES[new]
    )
    assert after == pytest.approx(before, nan_ok=True)


def test_neurons_not_seen_and_unknown_truths_are_left_out():
    truth, estimate, rng = circuit()
    seen = rng.random(N) < 0.6
    kept = np.ix_(seen, seen)
    inside = values(estimate[kept], truth[kept], cell_type=TYPES[seen])
    spoiled = np.where(np.outer(seen, seen), estimate, np.nan)
    assert values(spoiled, truth, cell_type=TYPES, seen=seen) == inside
    unknown = truth.copy()
    unknown[0, 1], unknown[2, 3] = np.nan, np.nan
    spoiled = estimate.copy()
    spoiled[0, 1] = np.nan
    assert values(spoiled, unknown)["n_pairs"] == N * (N - 1) - 2


def test_precision_at_k_is_by_hand_and_is_chance_for_an_estimate_of_nothing():
    score = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    edge = np.array([True, False, True, True, False])
    assert [precision_at(score, edge, k) for k in (1, 2, 3, 4, 5)] == pytest.approx(
        [1, 1 / 2, 2 / 3, 3 / 4, 3 / 5]
    )
    truth, _, _ = circuit()
    nothing = values(np.zeros((N, N)), truth)
    assert nothing["precision_at_k"] == pytest.approx(nothing["prevalence"])
    assert nothing["auroc"] == 0.5
    assert nothing["auprc"] == pytest.approx(nothing["prevalence"])
    assert nothing["sign_accuracy"] == 0
    assert np.isnan(nothing["sign_accuracy_nonzero"])
    assert np.isnan(nothing["pearson"])


def test_ties_at_the_last_place_count_as_their_mean():
    score, edge = np.array([2.0, 1.0, 1.0, 1.0, 0.0]), np.array([True, True, False, False, True])
    rng = np.random.default_rng(0)
    drawn = [
        edge[np.lexsort((rng.random(5), -score))[:3]].mean()  # random order within ties
        for _ in range(4_000)
    ]
    assert precision_at(score, edge, 3) == pytest.approx(np.mean(drawn), abs=0.02)


def test_signs_are_those_of_edges_alone():
    estimate = np.array([0.2, -0.1, 0.0, 9.0, -9.0])
    truth = np.array([1.0, 1.0, -1.0, 0.0, 0.0])
    assert sign_accuracy(estimate, truth) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert np.isnan(sign_accuracy(estimate, np.zeros(5))).all()


def test_excitation_is_that_of_the_sender():
    truth = np.zeros((5, 5))
    truth[[2, 3, 4], 0] = 1.0  # 0 excites three neurons
    truth[[2, 3], 1] = -1.0  # 1 inhibits two of them; nobody else sends, 0 and 1 receive nothing
    assert excitation_score(scored_pairs(truth, truth)) == 1
    assert excitation_score(scored_pairs(-truth, truth)) == 0
    received = np.zeros((5, 5))
    received[4] = 1.0  # what a neuron receives says nothing of what it sends
    assert excitation_score(scored_pairs(received, truth)) == 0.5
    received[4, 1] = 0.9
    assert excitation_score(scored_pairs(received, truth)) == 1
    assert np.isnan(excitation_score(scored_pairs(truth, np.abs(truth))))
    assert np.isnan(excitation_score(scored_pairs(truth, np.zeros((5, 5)))))


def test_class_means_are_post_by_pre_over_all_pairs_of_different_neurons():
    truth = np.zeros((3, 3))
    truth[2, 0] = 4.0  # from a to b
    labels = np.array(["a", "a", "b"])
    estimated, true = class_means(scored_pairs(2 * truth, truth), labels)
    np.testing.assert_array_equal(true, [[0, 0], [2, np.nan]])
    np.testing.assert_array_equal(estimated, 2 * true)
    found = edge_scores(truth, truth, cell_type=labels)
    assert found["n_class_pairs"] == (3, "pairs of types")


def test_stability_is_the_mean_correlation_of_two_estimates():
    _, estimate, rng = circuit()
    others = np.stack([estimate, estimate + rng.normal(size=(N, N)), rng.normal(size=(N, N))])
    r = np.corrcoef(others[:, OFF])
    assert stability(others) == pytest.approx((r[0, 1] + r[0, 2] + r[1, 2]) / 3)
    assert stability(np.stack([estimate, 2 * estimate + 1])) == pytest.approx(1)
    assert np.isnan(stability(np.zeros((2, N, N))))


def test_probabilities_that_edges_are_drawn_from_are_calibrated():
    rng = np.random.default_rng(3)
    probability = rng.random(40_000)
    edge = rng.random(40_000) < probability
    table = calibration_table(probability, edge)
    assert table.n_pairs.sum() == 40_000
    assert table.expected_error < 0.02
    assert table.largest_gap() < 0.03
    too_sure = calibration_table(np.where(probability > 0.5, 1.0, 0.0), edge)
    assert too_sure.expected_error == pytest.approx(0.25, abs=0.01)
    assert too_sure.gap[-1] > 0 > too_sure.gap[0]


def test_a_calibration_table_is_by_hand():
    probability = np.array([0.0, 0.05, 0.1, 0.95, 1.0])
    edge = np.array([False, True, False, True, True])
    table = calibration_table(probability, edge)
    np.testing.assert_array_equal(table.n_pairs, [2, 1, 0, 0, 0, 0, 0, 0, 0, 2])
    np.testing.assert_allclose(table.mean_probability[[0, 1, 9]], [0.025, 0.1, 0.975])
    np.testing.assert_allclose(table.observed[[0, 1, 9]], [0.5, 0, 1])
    assert np.isnan(table.observed[2:9]).all()
    assert table.expected_error == pytest.approx((2 * 0.475 + 0.1 + 2 * 0.025) / 5)
    assert table.largest_gap(at_least=2) == pytest.approx(0.475)
    assert np.isnan(table.largest_gap())
    np.testing.assert_allclose(table.low, np.arange(10) / 10)
    np.testing.assert_allclose(table.high[-1], 1)


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda w: edge_scores(np.zeros((2, 3, 3)), w), "Score one lag"),
        (lambda w: edge_scores(w[:2, :2], w), "Restrict the truth"),
        (lambda w: edge_scores(w, w, seen=np.array([0, 1])), "Give a mask, not positions"),
        (lambda w: edge_scores(w, w, seen=np.array([True, False, False])), "Check `seen`"),
        (lambda w: edge_scores(w + np.array([[0], [np.nan], [0]]), w), "2 of 6 pairs .* post 1"),
        (lambda w: edge_scores(w, w, cell_type=np.array(["a"])), "Restrict it to the neurons"),
        (lambda w: edge_scores(w, w, probability=np.zeros((2, 2))), "`probability` must be"),
        (lambda w: edge_scores(w, w, probability=w + 2), "Give edge probabilities, not weights"),
        (lambda w: precision_at(w[0], w[0] > 0, 4), "1 to the 3 pairs there are; got 4"),
        (lambda w: stability(w[None]), "Repeat the fit with another seed"),
        (lambda w: stability(np.stack([w, w * np.nan])), "Leave out the member that diverged"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_a_way_out(make, instruction):
    w = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    with pytest.raises(InputError, match=instruction):
        make(w)
