"""Null wirings against networkx: degree sequences, and the clustering its own rewiring leaves."""

import networkx as nx
import numpy as np
import pytest

from neuroloom.connectome import Connectome, erdos_renyi, rewire
from strategies import random_connectome


def directed(connectome):
    graph = nx.DiGraph()
    graph.add_nodes_from(range(connectome.n_neurons))
    chemical = connectome.kind == 0
    graph.add_edges_from(zip(connectome.pre[chemical], connectome.post[chemical], strict=True))
    return graph


def undirected(connectome):
    graph = nx.Graph()
    graph.add_nodes_from(range(connectome.n_neurons))
    electrical = connectome.kind == 1
    graph.add_edges_from(zip(connectome.pre[electrical], connectome.post[electrical], strict=True))
    return graph


def small_world(kind):
    """A ring of 120 with neighbors up to 4 apart: strongly clustered, so that rewiring shows."""
    n = 120
    pre = np.repeat(np.arange(n), 4)
    post = (pre + np.tile([1, 2, 3, 4], n)) % n
    low, high = np.minimum(pre, post), np.maximum(pre, post)
    ends = (low, high) if kind == 1 else (pre, post)
    one = np.ones(pre.size, int)
    return Connectome(np.arange(n), *ends, one * kind, one, one * (kind == 0))


def test_degree_sequences_agree_with_networkx():
    before = random_connectome(100, 900, np.random.default_rng(0))
    after = rewire(before, rng=np.random.default_rng(1))
    assert dict(directed(before).in_degree()) == dict(directed(after).in_degree())
    assert dict(directed(before).out_degree()) == dict(directed(after).out_degree())
    assert dict(undirected(before).degree()) == dict(undirected(after).degree())


@pytest.mark.parametrize("kind", [0, 1], ids=["directed", "undirected"])
def test_rewiring_leaves_as_much_clustering_as_the_swaps_of_networkx(kind):
    """Means of 12 draws, within 5 standard errors; the original has several times as much."""
    before = small_world(kind)
    graph_of = undirected if kind else directed
    ours, theirs = [], []
    for seed in range(12):
        made = rewire(before, rng=np.random.default_rng(seed))
        ours.append(nx.average_clustering(graph_of(made)))
        graph = graph_of(before)
        if kind:
            nx.double_edge_swap(graph, nswap=3000, max_tries=10**5, seed=seed)
        else:
            nx.directed_edge_swap(graph, nswap=1500, max_tries=10**5, seed=seed)
        theirs.append(nx.average_clustering(graph))
    error = np.hypot(np.std(ours), np.std(theirs)) / np.sqrt(len(ours))
    assert abs(np.mean(ours) - np.mean(theirs)) < 5 * error
    assert nx.average_clustering(graph_of(before)) > 4 * np.mean(ours)


def test_erdos_renyi_has_the_degree_variance_of_networkx():
    """Every node sends and receives in the original, so all ordered pairs are places."""
    before = small_world(0)
    n, m = before.n_neurons, before.n_connections
    ours, theirs = [], []
    for seed in range(20):
        made = erdos_renyi(before, rng=np.random.default_rng(seed))
        ours.append(np.var([d for _, d in directed(made).out_degree()]))
        graph = nx.gnm_random_graph(n, m, seed=seed, directed=True)
        theirs.append(np.var([d for _, d in graph.out_degree()]))
    error = np.hypot(np.std(ours), np.std(theirs)) / np.sqrt(len(ours))
    assert abs(np.mean(ours) - np.mean(theirs)) < 5 * error
    assert np.var([d for _, d in directed(before).out_degree()]) == 0
