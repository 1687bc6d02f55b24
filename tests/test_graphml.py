"""GraphML: what is written comes back, networkx reads the same, and no direction is guessed."""

import gzip
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from neuroloom.connectome import KINDS, Connectome, Drop, KeepFirst, Sum
from neuroloom.connectome.graphml import is_graphml, read_graphml, write_graphml
from neuroloom.connectome.policies import BothWays, Electrical
from neuroloom.errors import InputError
from samples_formats import GRAPHML, graphml_own
from strategies import assert_same, connectomes, edges_of

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "format_samples"
HEAD = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
EDGES = (
    '<key id="c" for="edge" attr.name="count" attr.type="int"/>'
    '<key id="k" for="edge" attr.name="kind" attr.type="string"/>'
)


def put(folder, text, name="g.graphml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def graph(*edges, nodes="ab", default="directed", keys=EDGES):
    named = "".join(f'<node id="{node}"/>' for node in nodes)
    inside = named + "".join(edges)
    return f'{HEAD}{keys}<graph edgedefault="{default}">{inside}</graph></graphml>'


def edge(a, b, count=1, kind="", **attributes):
    extra = "".join(f' {name}="{value}"' for name, value in attributes.items())
    data = f'<data key="c">{count}</data>' + (f'<data key="k">{kind}</data>' if kind else "")
    return f'<edge source="{a}" target="{b}"{extra}>{data}</edge>'


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(connectomes())
def test_a_written_connectome_comes_back_to_the_last_digit(tmp_path, connectome):
    for name in ("a.graphml", "a.graphml.gz"):
        write_graphml(tmp_path / name, connectome)
        assert_same(read_graphml(tmp_path / name), connectome)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(connectomes())
def test_networkx_reads_the_same_nodes_edges_and_columns(tmp_path, connectome):
    write_graphml(tmp_path / "a.graphml", connectome)
    found = nx.read_graphml(tmp_path / "a.graphml", force_multigraph=True)
    rows = [
        (a, b, data["kind"], data["count"], data["sign"]) for a, b, data in found.edges(data=True)
    ]
    mine = [(str(a), str(b), KINDS[k], n, s) for a, b, k, n, s in edges_of(connectome)]
    assert sorted(rows) == sorted(mine)
    assert list(found) == [str(word) for word in connectome.neuron_id.tolist()]
    for name in set(connectome.neurons) - {"note"}:  # of which some is text that XML cannot hold
        values = [data[name] for _, data in found.nodes(data=True)]
        np.testing.assert_array_equal(np.array(values), connectome.neurons[name])


def test_eighteen_digits_survive_and_zero_padding_stays_text(tmp_path):
    text = graph(edge(720575940621039145, 9, 12), nodes=[720575940621039145, 9])
    made = read_graphml(put(tmp_path, text))
    assert edges_of(made) == [(720575940621039145, 9, 0, 12, 0)]
    assert made.neuron_id.dtype == np.int64
    padded = read_graphml(put(tmp_path, text.replace('"9"', '"09"')))
    assert padded.neuron_id.tolist() == ["720575940621039145", "09"]


def test_ids_that_look_like_numbers_come_back_as_the_text_they_were(tmp_path):
    ids = np.array(["12", "13"])
    made = Connectome(ids, *(np.array([n]) for n in (0, 1, 0, 3, 1)))
    write_graphml(tmp_path / "a.graphml", made)
    assert_same(read_graphml(tmp_path / "a.graphml"), made)


def test_source_is_pre_and_target_is_post(tmp_path):
    assert edges_of(read_graphml(put(tmp_path, graph(edge("b", "a", 3))))) == [("b", "a", 0, 3, 0)]


def test_an_undirected_edge_is_refused_until_its_meaning_is_said(tmp_path):
    path = put(tmp_path, graph(edge("b", "a", 3), edge("b", "b", 2), default="undirected"))
    with pytest.raises(InputError, match=r"2 undirected edges of 2.*Electrical\(\).*BothWays\(\)"):
        read_graphml(path)
    one = read_graphml(path, undirected=Electrical())
    assert edges_of(one) == [("a", "b", 1, 3, 0), ("b", "b", 1, 2, 0)]
    both = read_graphml(path, undirected=BothWays())
    assert sorted(edges_of(both)) == [("a", "b", 0, 3, 0), ("b", "a", 0, 3, 0), ("b", "b", 0, 2, 0)]
    assert any("2 undirected edges as connections both ways" in line for line in both.audit)
    with pytest.raises(InputError, match=r"`undirected` must be .*with its parentheses"):
        read_graphml(path, undirected=Electrical)


def test_an_edge_may_have_another_direction_than_its_graph(tmp_path):
    path = put(tmp_path, graph(edge("b", "a", 3, directed="false"), edge("a", "b", 4)))
    made = read_graphml(path, undirected=Electrical())
    assert edges_of(made) == [("a", "b", 1, 3, 0), ("a", "b", 0, 4, 0)]
    turned = graph(edge("b", "a", 3, directed="true"), default="undirected")
    assert edges_of(read_graphml(put(tmp_path, turned))) == [("b", "a", 0, 3, 0)]


def test_an_undirected_edge_that_says_it_is_electrical_needs_no_policy_and_no_other_may(tmp_path):
    path = put(tmp_path, graph(edge("b", "a", 3, "electrical"), default="undirected"))
    assert edges_of(read_graphml(path)) == [("a", "b", 1, 3, 0)]
    path = put(tmp_path, graph(edge("b", "a", 3, "chemical"), default="undirected"))
    with pytest.raises(InputError, match=r"'chemical' in the edge of line 1.*BothWays\(\)"):
        read_graphml(path, undirected=Electrical())
    assert read_graphml(path, undirected=BothWays()).n_connections == 2


def test_the_count_is_chosen_by_name_or_said_and_never_guessed(tmp_path):
    keys = EDGES.replace('"count"', '"weight"').replace('"kind"', '"synapses"')
    path = put(tmp_path, graph(edge("a", "b", 3, "8"), keys=keys))
    with pytest.raises(InputError, match=r"has weight, synapses\. Pass `count='\.\.\.'`"):
        read_graphml(path)
    assert read_graphml(path, count="weight").count.tolist() == [3]
    assert read_graphml(path, count="synapses").count.tolist() == [8]
    assert read_graphml(path, count=5).count.tolist() == [5]
    with pytest.raises(InputError, match="Did you mean `weight`"):
        read_graphml(path, count="wieght")
    for odd in (-1, True, 1.5):
        with pytest.raises(InputError, match=r"Pass (the contacts|one of these)"):
            read_graphml(path, count=odd)


def test_attributes_of_nodes_become_columns_of_their_type_with_defaults(tmp_path):
    keys = EDGES + (
        '<key id="t" for="node" attr.name="cell_type" attr.type="string"/>'
        '<key id="n" for="node" attr.name="group" attr.type="long"/>'
        '<key id="d" for="node" attr.name="traced" attr.type="boolean">'
        "<default>true</default></key>"
        '<key id="x" for="node" attr.name="x_nm" attr.type="double"/>'
        '<key id="y" for="node" yfiles.type="nodegraphics"/>'
    )
    nodes = (
        '<node id="a"><data key="t">12</data><data key="n">720575940621039145</data>'
        '<data key="x">INF</data></node>'
        '<node id="b"><data key="t">7</data><data key="n">3</data><data key="d">0</data>'
        '<data key="y"><y:Shape xmlns:y="urn:y">odd<y:b/></y:Shape></data></node>'
    )
    made = read_graphml(put(tmp_path, graph(nodes, edge("a", "b"), nodes="", keys=keys)))
    assert made.column("cell_type").tolist() == ["12", "7"]
    assert made.column("group").tolist() == [720575940621039145, 3]
    assert made.column("traced").tolist() == [True, False]
    np.testing.assert_array_equal(made.column("x_nm"), [np.inf, np.nan])
    assert any("left out 1 elements" in line for line in made.audit)


def test_a_default_count_holds_for_edges_without_one(tmp_path):
    keys = EDGES.replace('"int"/>', '"int"><default>7</default></key>')
    text = graph('<edge source="a" target="b"/>', edge("b", "a", 2), keys=keys)
    assert read_graphml(put(tmp_path, text)).count.tolist() == [7, 2]


def test_a_graph_without_edges_is_an_empty_wiring(tmp_path):
    for keys in (EDGES, ""):
        made = read_graphml(put(tmp_path, graph(keys=keys)))
        assert (made.n_neurons, made.n_connections) == (2, 0)


def test_a_repeated_edge_or_a_dangling_end_follows_the_policies(tmp_path):
    path = put(tmp_path, graph(edge("a", "b", 1), "\n", edge("a", "b", 2)))
    with pytest.raises(InputError, match="the edge of line 1 and the edge of line 2"):
        read_graphml(path)
    assert read_graphml(path, on_duplicate=Sum()).count.tolist() == [3]
    assert read_graphml(path, on_duplicate=KeepFirst()).count.tolist() == [1]
    path = put(tmp_path, graph(edge("a", "b", 1), edge("a", "c", 2)))
    with pytest.raises(InputError, match=r"'c' in the edge of line 1.*on_dangling=Drop"):
        read_graphml(path)
    assert read_graphml(path, on_dangling=Drop()).count.tolist() == [1]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_another_encoding_and_a_prefix_of_the_namespace_are_read(tmp_path, prefix):
    plain = edges_of(read_graphml(put(tmp_path, prefix + graph(edge("a", "b", 3)).encode())))
    assert edges_of(read_graphml(put(tmp_path, graph(edge("a", "b", 3)).encode("utf-16")))) == plain
    named = graph(edge("a", "b", 3)).replace("xmlns=", "xmlns:g=")
    named = named.replace("</", "</g:").replace("<", "<g:").replace("<g:/g:", "</g:")
    assert edges_of(read_graphml(put(tmp_path, named))) == plain
    bare = graph(edge("a", "b", 3)).replace(HEAD, "<graphml>")
    assert edges_of(read_graphml(put(tmp_path, bare))) == plain


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">' for k in range(12))
    + "]>"
)
FAULTS = {
    "a billion laughs": (
        LAUGHS + graph(f'<node id="c"><data key="k">&{chr(109)};</data></node>'),
        "must not define a document type.*Remove it",
    ),
    "an outer entity": (
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + graph("&a;"),
        "must not define a document type",
    ),
    "a document type alone": ('<!DOCTYPE graphml SYSTEM "x.dtd">' + graph(), "Remove it"),
    "two graphs": (
        graph().replace("</graphml>", '<graph edgedefault="directed"/></graphml>'),
        "one graph a file",
    ),
    "a nested graph": (
        graph('<node id="c"><graph edgedefault="directed"/></node>'),
        "one graph a file",
    ),
    "a hyperedge": (graph("<hyperedge/>"), "Replace it by edges"),
    "a tower of elements": (graph("<desc>" * 10**6), "nested less than 100 deep"),
    "no graph": (HEAD + "</graphml>", "Export it again"),
    "no node": (graph(nodes=""), "Export it again with its nodes"),
    "another root": ("<html></html>", "Export the graph as GraphML"),
    "no edgedefault": (graph().replace("edgedefault", "x"), "Export the graph again"),
    "a strange edgedefault": (graph(default="both"), "'both'. Correct it"),
    "a node without id": (graph("<node/>"), "`id`.*Export the graph again"),
    "an edge without target": (graph('<edge source="a"/>'), "`target`.*Export the graph again"),
    "a strange direction": (graph(edge("a", "b", directed="maybe")), "'maybe'. Correct it"),
    "a node twice": (graph('<node id="a"/>'), "Remove the repeated rows"),
    "an empty id": (graph('<node id=""/>'), "Fill it in"),
    "a key twice": (graph(keys=EDGES + EDGES), "Remove one"),
    "a name twice": (
        graph(edge("a", "b", 1, "x"), keys=EDGES.replace('"kind"', '"count"')),
        "Rename one",
    ),
    "a strange type": (graph(keys=EDGES.replace('"int"', '"vector"')), "'vector'. Correct it"),
    "data of no key": (graph('<node id="c"><data key="z"/></node>'), "Declare it on top"),
    "data twice": (
        graph(edge("a", "b").replace("<data", '<data key="c">4</data><data')),
        "`count` twice. Remove one",
    ),
    "no count": (graph('<edge source="a" target="b"/>', keys=""), "`count=1`"),
    "a count missing": (graph(edge("a", "b"), '<edge source="b" target="a"/>'), "'' in the edge"),
    "a count of words": (graph(edge("a", "b", "many")), "'many' in the edge of line 1"),
    "a negative count": (graph(edge("a", "b", -1)), "'-1' in the edge of line 1"),
    "a fraction": (graph(edge("a", "b", 1.5)), "mean_synapses"),
    "an unknown kind": (graph(edge("a", "b", 1, "magic")), "'magic' in the edge of line 1"),
    "text cut off": (graph(edge("a", "b"))[:-30], "Copy or export it again"),
    "nothing": ("", "Copy or export it again"),
    "no XML": ("pre,post\n", "Copy or export it again"),
    "NUL bytes": (graph("\0"), "Copy or export it again"),
    "Latin-1": (graph(nodes="ä").encode("latin-1"), "Copy or export it again"),
    "a gzip cut off": (gzip.compress(graph().encode() * 9)[:60], "Copy or export it again"),
    "a bomb": (gzip.compress(graph(" " * 10**8).encode()), "save it again without compression"),
    "many attributes that none has": (
        graph(
            nodes=range(5_000),
            keys="".join(
                f'<key id="{k}" for="node" attr.name="n{k}"><default>x</default></key>'
                for k in range(4_000)
            ),
        ),
        "declares 4,000 for 5,000 nodes.*Remove those that few have",
    ),
    "a statement that is none": (
        graph(
            '<data key="s">[1]</data>',
            keys='<key id="s" for="graph" attr.name="neuroloom" attr.type="string"/>',
        ),
        "remove the attribute",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_is_one_error_with_what_to_do(tmp_path, fault):
    text, instruction = FAULTS[fault]
    path = put(tmp_path, text)
    with pytest.raises(InputError, match=f"(?s){instruction}") as caught:
        read_graphml(path)
    assert str(path) in str(caught.value)


def test_what_would_not_come_back_is_not_written(tmp_path):
    empty = np.zeros(0, int)
    for odd in ("12.0", " a", "NaN", "a\nb", "\uffff"):
        with pytest.raises(InputError, match="Rename those neurons"):
            write_graphml(tmp_path / "a", Connectome(np.array([odd, "b"]), *[empty] * 5))
    for name, values in (("z", np.array([1j, 0])), (" ", np.array([1, 2])), ("\x01", np.ones(2))):
        made = Connectome(np.array(["a", "b"]), *[empty] * 5, neurons={name: values})
        with pytest.raises(InputError, match="Convert, rename or remove the column"):
            write_graphml(tmp_path / "a", made)
    with pytest.raises(InputError, match="Select at least one"):
        write_graphml(tmp_path / "a", Connectome(np.array([], int), *[empty] * 5))


def test_the_unit_of_the_file_must_agree_with_the_argument(tmp_path):
    path = graphml_own(tmp_path)
    assert read_graphml(path, count_unit="synapses").count_unit == "synapses"
    with pytest.raises(InputError, match="Leave the argument out"):
        read_graphml(path, count_unit="em_sections")


def test_a_head_is_recognized_by_its_root(tmp_path):
    for text in (GRAPHML, graph(), "\n" + graph()):
        assert is_graphml(text.encode()[:4096])
    assert is_graphml(graph().encode("utf-16"))
    assert is_graphml(b"\xef\xbb\xbf" + graph().encode())
    for text in ("<html>graphml</html>", "a,graphml\n", "", "<neuroml/>"):
        assert not is_graphml(text.encode())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared format samples are not there")
def test_the_public_sample_has_167_nodes_and_1258_edges_as_networkx_reads_them():
    path = next((SHARED / "graphml_neuroml").glob("*.graphml"))
    made = read_graphml(path, undirected=Electrical(), count="wnorm", count_unit="mean_synapses")
    found = nx.read_graphml(path)
    assert (made.n_neurons, made.n_connections) == (167, 1_258)
    weights = {frozenset((a, b)): data["wnorm"] for a, b, data in found.edges(data=True)}
    assert {frozenset((a, b)): n for a, b, _, n, _ in edges_of(made)} == weights


IGRAPH = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="v_name" for="node" attr.name="name" attr.type="string"/>
<key id="v_side" for="node" attr.name="side" attr.type="string"/>
<key id="e_weight" for="edge" attr.name="weight" attr.type="double"/>
<graph id="G" edgedefault="directed">
<node id="n0"><data key="v_name">720575940621039145</data><data key="v_side">L</data></node>
<node id="n1"><data key="v_name">720575940621039146</data><data key="v_side">R</data></node>
<edge source="n0" target="n1"><data key="e_weight">3</data></edge>
</graph></graphml>"""


def test_the_names_that_igraph_writes_can_be_the_ids(tmp_path):
    path = tmp_path / "igraph.graphml"
    path.write_text(IGRAPH)
    made = read_graphml(path, neuron_id="name")
    assert made.neuron_id.tolist() == [720575940621039145, 720575940621039146]
    assert (made.pre.tolist(), made.post.tolist(), made.count.tolist()) == ([0], [1], [3])
    assert made.column("side").tolist() == ["L", "R"]
    assert "name" not in made.neurons
    assert "took the node attribute `name` as the ids of neurons" in made.audit
    plain = read_graphml(path)
    assert plain.neuron_id.tolist() == ["n0", "n1"]
    assert any("neuron_id='name'" in line for line in plain.audit)


@pytest.mark.parametrize(
    ("text", "attribute", "told"),
    [
        (IGRAPH, "label", "must name an attribute of the nodes; .* has name, side, no `label`"),
        (IGRAPH.replace("9146", "9145"), "name", "Each neuron must have one row; 7205"),
        (IGRAPH.replace("720575940621039146", ""), "name", "Every neuron id must be given"),
        (IGRAPH.replace("720575940621039146", "7.2e17"), "name", "went through a float"),
        (IGRAPH.replace('target="n1"', 'target="n7"'), "name", "must be nodes of the file.*'n7'"),
        (IGRAPH.replace('"n1"><data', '"n0"><data'), "name", "Each neuron must have one row; 'n0'"),
    ],
)
def test_names_that_are_no_ids_are_refused(tmp_path, text, attribute, told):
    path = tmp_path / "igraph.graphml"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_graphml(path, neuron_id=attribute)
