from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.recording import homolog_groups
from neuroloom.studies.responses.features import (
    contacts,
    propagation,
    responder_statistics,
    robust_responses,
    weighted_least_squares,
    wiring_features,
)
from responses import planted_responses, small_worm


@pytest.fixture
def a_to_b_and_gap():
    """a -> b inhibits with 4, b -- c is a gap junction of 2."""
    return Connectome(
        np.array(["a", "b", "c"]), np.array([0, 1]), np.array([1, 2]),
        np.array([0, 1]), np.array([4, 2]), np.array([-1, 0]),
    )  # fmt: skip


def test_contacts_go_from_row_to_column_and_gap_junctions_both_ways(a_to_b_and_gap):
    expected = np.array([[0, 4, 0], [0, 0, 2], [0, 2, 0]])
    np.testing.assert_array_equal(contacts(a_to_b_and_gap), expected)


def test_a_push_travels_along_connections_and_not_against_them(a_to_b_and_gap):
    travels = propagation(a_to_b_and_gap, 0.5)
    assert travels[0, 1] > 0
    assert travels[0, 2] > 0
    assert travels[1, 0] == 0
    assert propagation(a_to_b_and_gap, 0.5, signed=True)[0, 1] == pytest.approx(-travels[0, 1])


def test_propagation_is_the_katz_series(rng):
    connectome = small_worm(rng)
    weight = contacts(connectome)
    radius = np.abs(np.linalg.eigvals(weight)).max()
    series = sum(np.linalg.matrix_power(0.3 * weight / radius, k) for k in range(60))
    np.testing.assert_allclose(propagation(connectome, 0.3), series, atol=1e-12)


def test_the_series_counts_only_pairs_that_a_path_joins(rng):
    connectome = small_worm(rng, degree=2)
    graph = nx.DiGraph(np.argwhere(contacts(connectome) > 0).tolist())
    graph.add_nodes_from(range(connectome.n_neurons))
    reached = np.abs(propagation(connectome, 0.9)) > 1e-12
    for start in range(connectome.n_neurons):
        assert set(np.flatnonzero(reached[start])) == nx.descendants(graph, start) | {start}


def test_features_of_a_pair_are_those_of_its_ends(rng):
    connectome = small_worm(rng)
    features = wiring_features(connectome, np.array([5, 0]))
    weight = contacts(connectome)
    np.testing.assert_allclose(features[0, :, 0], np.log1p(weight[5]))
    np.testing.assert_allclose(features[0, :, 1], np.log1p(weight[:, 5]))
    np.testing.assert_allclose(features[1, :, -4], np.log1p(weight[0].sum()))
    np.testing.assert_allclose(features[1, :, -1], np.log1p(weight.sum(0)))


def test_a_mean_leaves_out_the_trial_itself_and_its_homologs(rng):
    recording = planted_responses(small_worm(rng), rng)
    group = homolog_groups(recording.column("stimulated"))
    known = responder_statistics(recording, group, q_below=0.05)
    q = recording.annotations["q"][:, 0]
    hits = (q < 0.05)[~np.isnan(q)].mean()
    for trial, neuron in ((3, 7), (20, 0)):
        others = q[(group != group[trial]), neuron]
        others = others[~np.isnan(others)]
        expected = ((others < 0.05).sum() + 10 * hits) / (others.size + 10)
        assert known.rate[trial, neuron] == pytest.approx(expected)
        assert known.n[trial, neuron] == pytest.approx(np.log1p(others.size))


def test_a_single_outlier_does_not_move_a_robust_response(rng):
    recording = planted_responses(small_worm(rng), rng)
    activity = np.array(recording.activity)
    place = tuple(np.argwhere(recording.observed)[0])
    activity[place] = -17.5
    robust, weight = robust_responses(replace(recording, activity=activity))
    assert robust.min() > -1
    assert weight[place[0], place[2]] == recording.n_observations[place]
    assert (weight[np.isnan(recording.activity[:, 0])] == 0).all()


def test_weighted_least_squares_recovers_a_line(rng):
    score = rng.standard_normal((5, 6))
    design = np.stack([np.ones_like(score), score], axis=-1)
    weight = rng.integers(0, 4, score.shape).astype(float)
    response = np.where(weight > 0, 2.0 - 3.0 * score, 99.0)
    np.testing.assert_allclose(weighted_least_squares(design, response, weight), [2.0, -3.0])
