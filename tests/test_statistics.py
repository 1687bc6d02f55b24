"""Graph statistics against networkx, dense linear algebra and plain loops."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrices_by_loops import dense, made, ring
from neuroloom.connectome import (
    AllExcitatory,
    Connectome,
    Dropped,
    TransmitterSigns,
    summarize,
)
from neuroloom.connectome.statistics import (
    degrees,
    dyads,
    effective_connectivity,
    path_lengths,
    paths,
    reciprocity,
    spectral_radius,
    spectrum,
    type_blocks,
)
from neuroloom.connectome.statistics.pairs import sorted_keys
from neuroloom.datasets import connectome
from neuroloom.errors import InputError, SimulationError
from strategies import connectomes, random_connectome

SIGN = {1: "+", -1: "-", 0: "?"}


def graph(c):
    """A networkx graph of the chemical and neuromuscular connections; nodes are positions."""
    found = nx.DiGraph()
    found.add_nodes_from(range(c.n_neurons))
    directed = c.kind != 1
    found.add_edges_from(zip(c.pre[directed].tolist(), c.post[directed].tolist(), strict=True))
    return found


def no_loops(g):
    g = g.copy()
    g.remove_edges_from(list(nx.selfloop_edges(g)))
    return g


@settings(max_examples=50)
@given(connectomes())
def test_degrees_equal_those_of_networkx_and_of_a_dense_matrix(c):
    g, w, table = graph(c), dense(c), degrees(c)
    assert table.index.tolist() == c.neuron_id.tolist()
    assert table["in_partners"].tolist() == [d for _, d in g.in_degree()]
    assert table["out_partners"].tolist() == [d for _, d in g.out_degree()]
    np.testing.assert_allclose(table["in_contacts"], w.sum(1))
    np.testing.assert_allclose(table["out_contacts"], w.sum(0))
    if (c.kind == 1).any():
        both = dense(c, electrical=True) - w
        np.testing.assert_allclose(table["electrical_contacts"], both.sum(0))
        gap = {frozenset((a, b)) for a, b, k in zip(c.pre, c.post, c.kind, strict=True) if k == 1}
        assert table["electrical_partners"].tolist() == [
            sum(i in ends for ends in gap) for i in range(c.n_neurons)
        ]


def test_a_sends_and_b_receives(a_to_b):
    table = degrees(a_to_b)
    assert table.loc["a", ["in_partners", "out_partners", "out_contacts"]].tolist() == [0, 1, 2]
    assert table.loc["b", ["in_contacts", "chemical_in_contacts", "out_contacts"]].tolist() == [
        *(2, 2, 0)
    ]
    both = effective_connectivity(a_to_b, np.array(["a", "b"]), hops=1).value[0]
    np.testing.assert_array_equal(both, [[0, 0], [1, 0]])  # [target, source]
    np.testing.assert_array_equal(path_lengths(a_to_b, np.array(["a", "b"])), [[0, 1], [-1, 0]])
    assert dyads(a_to_b).one_way == {"+": 1, "-": 0, "?": 0}
    assert spectral_radius(a_to_b) == 0


@given(connectomes())
def test_reciprocity_equals_that_of_networkx(c):
    g, found = no_loops(graph(c)), reciprocity(c)
    assert found.n_pairs == g.number_of_edges()
    if found.n_pairs:
        assert found.share == pytest.approx(nx.overall_reciprocity(g))
    w = dense(c)
    np.fill_diagonal(w, 0)
    assert found.contacts == pytest.approx(w.sum())
    if found.contacts:
        assert found.weighted == pytest.approx(np.minimum(w, w.T).sum() / w.sum())
    else:
        assert np.isnan(found.weighted)


@given(connectomes())
def test_motifs_of_two_equal_a_loop_over_pairs(c):
    signs = {}
    for pre, post, kind, sign in zip(c.pre, c.post, c.kind, c.sign, strict=True):
        if kind != 1:
            signs.setdefault((int(pre), int(post)), set()).add(int(sign))
    mark = {pair: SIGN[min(s)] if len(s) == 1 else "?" for pair, s in signs.items()}
    n_null, one_way, mutual = 0, dict.fromkeys("+-?", 0), dict.fromkeys(dyads(c).mutual, 0)
    for a, b in combinations(range(c.n_neurons), 2):
        seen = [mark[pair] for pair in ((a, b), (b, a)) if pair in mark]
        if not seen:
            n_null += 1
        elif len(seen) == 1:
            one_way[seen[0]] += 1
        else:
            mutual["".join(sorted(seen, key="+-?".index))] += 1
    found = dyads(c)
    assert (found.n_null, found.one_way, found.mutual) == (n_null, one_way, mutual)
    loops = [m for (a, b), m in mark.items() if a == b]
    assert found.to_itself == {m: loops.count(m) for m in "+-?"}


@settings(max_examples=50)
@given(connectomes().filter(lambda c: "cell_type" in c.neurons))
def test_type_blocks_equal_a_loop_over_connected_pairs(c):
    w, types = dense(c), c.column("cell_type")
    there = np.zeros_like(w, bool)
    directed = c.kind != 1
    there[c.post[directed], c.pre[directed]] = True
    table = type_blocks(c)
    assert table["contacts"].is_monotonic_decreasing
    assert len(table) == len(table[["pre_type", "post_type"]].drop_duplicates())
    rows = {(r.pre_type, r.post_type): r for r in table.itertuples()}
    for a in np.unique(types):
        for b in np.unique(types):
            inside = np.outer(types == b, types == a) & ~np.eye(c.n_neurons, dtype=bool)
            n = int((there & inside).sum())
            assert n == (rows[a, b].n_connections if (a, b) in rows else 0)
            if n:
                row = rows[a, b]
                assert row.contacts == pytest.approx(w[inside].sum())
                assert row.n_pairs == inside.sum()
                assert row.density == pytest.approx(n / inside.sum())


def test_a_type_sends_along_the_arrow(a_to_b):
    typed = Connectome(
        *(a_to_b.neuron_id, a_to_b.pre, a_to_b.post, a_to_b.kind, a_to_b.count, a_to_b.sign),
        neurons={"cell_type": np.array(["A", ""])},
    )
    (row,) = type_blocks(typed).itertuples()
    assert (row.pre_type, row.post_type, row.contacts, row.density) == ("A", "", 2, 1.0)
    with pytest.raises(InputError, match="it has node_kind"):
        type_blocks(a_to_b)


@given(connectomes(), st.booleans(), st.booleans())
def test_the_spectral_radius_is_that_of_the_dense_matrix(c, signed, electrical):
    w = dense(c, signed=signed, electrical=electrical)
    found = spectrum(c, signed=signed, unknown_sign=Dropped(), electrical=electrical)
    assert found.complete
    assert found.values.size == c.n_neurons
    exact = np.linalg.eigvals(w)
    # A defective eigenvalue moves by the root of the rounding: compare at the size of the matrix.
    size = max(np.abs(w).max(initial=0), 1)
    assert found.radius == pytest.approx(np.abs(exact).max(), rel=1e-6, abs=1e-2 * size)
    np.testing.assert_allclose(found.values.sum(), np.trace(w), atol=1e-9 * size * c.n_neurons)


def test_the_spectral_radius_of_a_directed_matrix_is_not_a_symmetric_solver_s(rng):
    n = 60
    w = np.where(rng.random((n, n)) < 0.2, rng.integers(1, 9, (n, n)), 0)
    w = np.triu(w, 1) * 9  # nearly feed-forward, with few ways back
    w[[40, 50], [3, 9]] = 1
    sign = rng.choice([-1, 1], n)
    post, pre = np.nonzero(w)
    c = made(n, np.c_[pre, post, w[post, pre], sign[pre]])
    exact = np.abs(np.linalg.eigvals(w * sign)).max()
    assert spectral_radius(c) == pytest.approx(exact, rel=1e-9)
    assert np.abs(np.linalg.eigvalsh(w * sign, UPLO="U")).max() > 1.5 * exact


@pytest.mark.parametrize("sparse_above", [2, 2_000])
def test_a_feed_forward_graph_has_radius_zero_with_either_solver(rng, sparse_above):
    n = 400
    pre, post = np.triu_indices(n, 1)
    keep = rng.random(pre.size) < 0.1
    mixed = rng.permutation(n)
    edges = np.c_[mixed[pre[keep]], mixed[post[keep]], rng.integers(1, 99, (keep.sum(), 1))]
    c = made(n, np.c_[edges, np.ones(len(edges), int)])
    assert spectral_radius(c, sparse_above=sparse_above) == 0.0
    assert spectrum(c).n_recurrent == 1


@pytest.mark.parametrize("signed", [True, False])
def test_arnoldi_gives_the_largest_eigenvalue_of_the_dense_solver(rng, signed):
    c = random_connectome(250, 4_000, rng)
    exact = np.abs(np.linalg.eigvals(dense(c, signed=signed)))
    assert spectral_radius(c, signed=signed, sparse_above=2) == pytest.approx(exact.max(), rel=1e-4)
    leading = spectrum(c, signed=False, sparse_above=2, n_leading=4)
    assert not leading.complete
    assert leading.n_recurrent > 200
    again = spectrum(c, signed=False, sparse_above=2, n_leading=4)
    np.testing.assert_array_equal(leading.values, again.values)


def test_a_loop_to_itself_a_ring_and_a_cancelled_connection_have_their_known_radius():
    alone = made(3, [(0, 0, 7, -1), (0, 1, 50, 1), (1, 2, 50, 1)])
    assert spectral_radius(alone) == 7
    assert spectral_radius(ring(20, count=3, sign=-1)) == pytest.approx(3)
    c = Connectome(  # chemical + and neuromuscular - of one size cancel: no way back is left
        *(np.array(["a", "b"]), np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([0, 2, 0])),
        *(np.array([4, 4, 1]), np.array([1, -1, 1])),
    )
    assert spectral_radius(c) == 0
    assert spectral_radius(c, signed=False) == pytest.approx(np.sqrt(8))


def test_a_long_ring_is_refused_by_arnoldi_with_the_way_out():
    with pytest.raises(SimulationError, match="Pass `sparse_above=150`"):
        spectral_radius(ring(150), sparse_above=100)
    assert spectral_radius(ring(150), sparse_above=150) == pytest.approx(1)


def test_electrical_connections_join_the_spectrum_only_where_asked():
    c = Connectome(
        *(np.array(["a", "b"]), np.array([0]), np.array([1]), np.array([1])),
        *(np.array([5]), np.array([0])),
    )
    assert spectral_radius(c) == 0
    assert spectral_radius(c, electrical=True) == pytest.approx(5)


def test_unknown_signs_are_refused_until_a_rule_says_what_they_are():
    c = made(2, [(0, 1, 2, 0), (1, 0, 8, -1)])
    for function in (
        lambda **rule: spectral_radius(c, **rule),
        lambda **rule: effective_connectivity(c, c.neuron_id, hops=1, signed=True, **rule).value,
    ):
        with pytest.raises(InputError, match=r"1 of 2 connections .*Pass `unknown_sign="):
            function()
    assert spectral_radius(c, unknown_sign=AllExcitatory()) == pytest.approx(4)
    assert spectral_radius(c, unknown_sign=Dropped()) == 0
    assert spectral_radius(c, signed=False) == pytest.approx(4)


@given(connectomes())
def test_path_lengths_equal_those_of_networkx(c):
    found = path_lengths(c, c.neuron_id)
    exact = np.full_like(found, -1)
    for source, lengths in nx.all_pairs_shortest_path_length(graph(c)):
        for target, steps in lengths.items():
            exact[source, target] = steps
    np.testing.assert_array_equal(found, exact)
    summary = paths(c, rng=np.random.default_rng(0))
    apart = ~np.eye(c.n_neurons, dtype=bool)
    assert summary.n_unreached == (exact[apart] == -1).sum()
    counts = np.bincount(exact[apart & (exact > 0)], minlength=1)[1:]
    assert summary.n_of_length.tolist() == counts.tolist()
    parts = sorted(map(len, nx.strongly_connected_components(graph(c))), reverse=True)
    assert summary.part_sizes.tolist() == parts
    assert summary.n_islands == nx.number_weakly_connected_components(graph(c))


def test_paths_from_more_than_64_sources_and_down_a_long_chain_are_exact(rng):
    c = random_connectome(300, 900, rng)
    found = path_lengths(c, c.neuron_id[::-1])[::-1]
    exact = dict(nx.all_pairs_shortest_path_length(graph(c)))
    for i in range(300):
        assert {j: int(d) for j, d in enumerate(found[i]) if d >= 0} == exact[i]
    chain = made(2_000, [(i, i + 1, 1, 1) for i in range(1_999)])
    steps = path_lengths(chain, chain.neuron_id[:2])
    assert steps[0].tolist() == list(range(2_000))
    assert steps[1].tolist() == [-1, *range(1_999)]


def test_sampled_sources_estimate_the_mean_and_are_the_generator_s(rng):
    c = random_connectome(600, 6_000, rng)
    every = paths(c, rng=np.random.default_rng(0), n_sources=600)
    some = paths(c, rng=np.random.default_rng(0), n_sources=100)
    assert (every.sampled, some.sampled, some.n_sources) == (False, True, 100)
    assert some.mean == pytest.approx(every.mean, rel=0.05)
    assert some.n_of_length.sum() + some.n_unreached == 100 * 599
    same = paths(c, rng=np.random.default_rng(0), n_sources=100)
    assert same.n_of_length.tolist() == some.n_of_length.tolist()
    with pytest.raises(InputError, match="Leave it out for 512"):
        paths(c, rng=rng, n_sources=0)


def test_keys_too_large_to_be_packed_are_sorted_all_the_same(rng):
    key = rng.integers(0, 2**61, 1_000)
    key[500:] = key[:500]
    for above, keys in ((2**61, key), (2**20, key % 2**20)):
        order = np.argsort(keys, kind="stable")
        found, place = sorted_keys(keys, above)
        np.testing.assert_array_equal(found, keys[order])
        np.testing.assert_array_equal(place, order)


def test_nothing_is_wrong_with_a_connectome_of_nothing():
    empty = made(0, np.zeros((0, 4), int))
    alone = made(2, np.zeros((0, 4), int))
    for c in (empty, alone):
        assert np.isnan(reciprocity(c).share)
        assert dyads(c).n_null == c.n_neurons // 2
        assert spectral_radius(c) == 0
        assert np.isnan(paths(c, rng=np.random.default_rng(0)).mean)
        assert len(degrees(c)) == c.n_neurons
        assert "density" in dict(summarize(c).rows) or c.n_neurons == 0


def test_the_worm_has_the_figures_that_the_docs_quote():
    worm = connectome("worm")
    assert reciprocity(worm).share == pytest.approx(0.2764, abs=1e-4)
    assert dyads(worm).mutual["??"] == 669
    w = dense(worm)
    exact = np.abs(np.linalg.eigvals(w)).max()
    assert spectral_radius(worm, signed=False) == pytest.approx(exact, rel=1e-9)
    assert exact == pytest.approx(106.098, abs=1e-3)
    rule = TransmitterSigns(glutamate=1, otherwise=1)
    signed = np.abs(np.linalg.eigvals(dense(rule(worm), signed=True))).max()
    assert spectral_radius(worm, unknown_sign=rule) == pytest.approx(signed, rel=1e-9)
