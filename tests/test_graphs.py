"""networkx graphs: what goes out comes back, and what cannot be known is asked."""

import sys
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from neuroloom.connectome import Connectome, Sum
from neuroloom.connectome.graphml import write_graphml
from neuroloom.connectome.graphs import from_networkx, to_networkx
from neuroloom.connectome.policies import BothWays, Electrical
from neuroloom.errors import InputError
from strategies import assert_same, connectomes, edges_of

PARTS = ("pre", "post", "kind", "count", "sign")


def in_order(connectome):
    """With the connections sorted, because networkx has an order of its own."""
    order = np.lexsort((connectome.kind, connectome.post, connectome.pre))
    parts = {name: getattr(connectome, name)[order] for name in PARTS}
    return replace(connectome, **parts)


@settings(max_examples=80)
@given(connectomes())
def test_a_connectome_comes_back_from_its_graph_but_for_the_order_of_connections(connectome):
    assert_same(in_order(from_networkx(to_networkx(connectome))), in_order(connectome))


def test_the_graph_leads_from_pre_to_post_with_the_kind_as_key(a_to_b):
    graph = to_networkx(a_to_b)
    assert list(graph.edges(keys=True, data="count")) == [("a", "b", "chemical", 2)]
    assert list(graph.successors("a")) == ["b"]


@settings(max_examples=30)
@given(connectomes())
def test_one_kind_as_a_digraph_loses_nothing(connectome):
    part = connectome.of_kind("chemical")
    assert_same(in_order(from_networkx(nx.DiGraph(to_networkx(part)))), in_order(part))


def test_our_graphml_read_by_networkx_is_the_same_connectome(tmp_path, a_to_b):
    write_graphml(tmp_path / "a.graphml", a_to_b)
    assert_same(from_networkx(nx.read_graphml(tmp_path / "a.graphml")), a_to_b, but=("audit",))


def test_a_plain_digraph_with_weights_and_columns_is_read():
    graph = nx.DiGraph(name="mine")
    graph.add_node(720575940621039145, cell_type="A", x_nm=1.5)
    graph.add_node(9, cell_type="B")
    graph.add_edge(9, 720575940621039145, weight=4)
    made = from_networkx(graph)
    assert edges_of(made) == [(9, 720575940621039145, 0, 4, 0)]
    assert made.neuron_id.dtype == np.int64
    assert made.column("cell_type").tolist() == ["A", "B"]
    np.testing.assert_array_equal(made.column("x_nm"), [1.5, np.nan])
    assert made.name == "mine"


def test_an_undirected_graph_is_refused_until_its_meaning_is_said():
    graph = nx.Graph([("b", "a", {"weight": 3})])
    with pytest.raises(InputError, match=r"Electrical\(\).*BothWays\(\)"):
        from_networkx(graph)
    assert edges_of(from_networkx(graph, undirected=Electrical())) == [("b", "a", 1, 3, 0)]
    both = from_networkx(graph, undirected=BothWays())
    assert sorted(edges_of(both)) == [("a", "b", 0, 3, 0), ("b", "a", 0, 3, 0)]


def test_parallel_edges_are_refused_or_added():
    graph = nx.MultiDiGraph([("a", "b", {"count": 1}), ("a", "b", {"count": 2})])
    with pytest.raises(InputError, match=r"edge 0 \(from 0\) and edge 1.*on_duplicate=Sum"):
        from_networkx(graph)
    assert from_networkx(graph, on_duplicate=Sum()).count.tolist() == [3]


@pytest.mark.parametrize(
    ("graph", "instruction"),
    [
        ("edges.csv", "use `read_graphml`"),
        (nx.DiGraph(), "Add its neurons"),
        (nx.DiGraph([(1.5, 2, {"count": 1})]), r"1\.5 is a float .*not from floats"),
        (nx.DiGraph([("a", 2, {"count": 1})]), "2 is a int .*Relabel"),
        (nx.DiGraph([((1, 2), "a", {"count": 1})]), "is a tuple"),
        (nx.DiGraph([(True, False, {"count": 1})]), "True is a bool"),
        (nx.DiGraph([("a", "b")]), "`count=1`"),
        (nx.DiGraph([("a", "b", {"count": 1}), ("b", "a", {"count": "x"})]), "of one type"),
        (nx.DiGraph([("a", "b", {"count": -1})]), r"-1 in edge 0 \(from 0\)"),
        (nx.DiGraph([("a", "b", {"count": 1}), ("b", "a", {})]), "nothing in edge 1"),
        (nx.DiGraph([(10**30, 2, {"count": 1})]), "of one type"),
        (nx.DiGraph([("a", "b", {"count": 1})], neuroloom="{"), "remove the attribute"),
        (nx.DiGraph([("a", "b", {"count": 1, "kind": [1]})]), r"list<item: int64>.*to text"),
    ],
)
def test_a_graph_that_is_not_strict_is_one_error_with_what_to_do(graph, instruction):
    with pytest.raises(InputError, match=instruction):
        from_networkx(graph)


def test_a_graph_whose_nodes_have_each_their_own_attributes_is_refused():
    graph = nx.DiGraph()
    graph.add_nodes_from((k, {f"n{k}": 1}) for k in range(5_000))
    with pytest.raises(InputError, match="Remove those that few have"):
        from_networkx(graph)


def test_without_networkx_the_error_says_how_to_install_it(monkeypatch, a_to_b):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(InputError, match="pip install networkx"):
        to_networkx(a_to_b)
    with pytest.raises(InputError, match="pip install networkx"):
        from_networkx(a_to_b)


def test_an_empty_connectome_is_an_empty_graph():
    empty = Connectome(np.array([], int), *[np.zeros(0, int)] * 5)
    assert len(to_networkx(empty)) == 0


def test_a_unit_that_a_graph_does_not_state_is_assumed_aloud(a_to_b):
    graph = nx.DiGraph()
    graph.add_edge("a", "b", weight=2)
    assumed = "the graph does not say what its counts count: taken as synapses"
    assert assumed in from_networkx(graph).audit
    assert assumed not in from_networkx(graph, count_unit="em_sections").audit
    assert assumed not in from_networkx(to_networkx(a_to_b)).audit
