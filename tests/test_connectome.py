"""The connectome: what it refuses, and what selecting and merging keep."""

from collections import Counter, defaultdict
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloom.connectome import Connectome, summarize
from neuroloom.errors import InputError
from strategies import assert_same, connectomes, edges_of

PARTS = {
    "neuron_id": np.array(["a", "b", "c"]),
    "pre": np.array([0, 1]),
    "post": np.array([1, 2]),
    "kind": np.array([0, 1]),
    "count": np.array([3, 5]),
    "sign": np.array([-1, 0]),
}

FAULTS = {
    "ids as floats": ({"neuron_id": np.array([1.0, 2.0, 3.0])}, "read ids as int64"),
    "ids that repeat": ({"neuron_id": np.array(["a", "a", "b"])}, "Remove the repeated rows"),
    "an empty id": ({"neuron_id": np.array(["a", "", "b"])}, "Name every neuron"),
    "ids of two types": ({"neuron_id": np.array(["a", 2, 3], object)}, "read ids as int64"),
    "ids in a matrix": ({"neuron_id": np.zeros((3, 1), int)}, "read ids as int64"),
    "no array of ids": ({"neuron_id": None}, "read ids as int64"),
    "ends as floats": ({"pre": np.array([0.0, 1.0])}, "Convert them to integers"),
    "an end outside": ({"post": np.array([1, 3])}, "`Connectome.from_tables`"),
    "a negative end": ({"pre": np.array([-1, 1])}, "`Connectome.from_tables`"),
    "ends of two lengths": ({"pre": np.array([0])}, "Give every connection all five"),
    "an unknown kind": ({"kind": np.array([0, 3])}, "Map your own kinds"),
    "a kind that wraps around": ({"kind": np.array([256, 1])}, "Map your own kinds"),
    "a sign that is a weight": ({"sign": np.array([-2, 0])}, "Put sizes into `count`"),
    "a sign that wraps around": ({"sign": np.array([255, 0])}, "Put sizes into `count`"),
    "a negative count": ({"count": np.array([3, -5])}, "into `sign`"),
    "a count that is NaN": ({"count": np.array([3, np.nan])}, "Remove those rows"),
    "a fraction of a synapse": ({"count": np.array([3, 0.5])}, "count_unit='mean_synapses'"),
    "ids taken for counts": ({"count": np.array([720575940621039145, 1])}, "a column of ids"),
    "counts as text": ({"count": np.array(["3", "5"])}, "Convert them where they are read"),
    "an unknown unit": ({"count_unit": "synapse"}, "Did you mean `synapses`"),
    "an electrical one backward": ({"pre": np.array([0, 2]), "post": np.array([1, 1])}, "Swap"),
    "an electrical one with a sign": ({"sign": np.array([1, 1])}, "has no sign"),
    "a connection that repeats": (
        {"pre": np.array([0, 0]), "post": np.array([1, 1]), "kind": np.array([0, 0])},
        "`on_duplicate=Sum\\(\\)`",
    ),
    "a short column": ({"neurons": {"side": np.array(["L"])}}, "Give every neuron an entry"),
    "a column with holes": (
        {"neurons": {"side": np.array(["L", None, "R"], object)}},
        "Put an empty string",
    ),
    "a column named as the ids": ({"neurons": {"neuron_id": np.arange(3)}}, "`original_id`"),
    "columns in no mapping": ({"neurons": [1, 2, 3]}, "dict\\(cell_type"),
    "an unknown kind of node": ({"neurons": {"node_kind": np.array(["glia"] * 3)}}, "Use `other`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_part_is_refused_with_its_way_out(fault):
    change, instruction = FAULTS[fault]
    with pytest.raises(InputError, match=instruction) as caught:
        Connectome(**(PARTS | change))
    assert "must" in str(caught.value)
    assert ";" in str(caught.value)


def test_a_connection_goes_from_pre_to_post(a_to_b):
    assert edges_of(a_to_b) == [("a", "b", 0, 2, 1)]


def test_ids_of_18_digits_are_kept():
    ids = np.array([720575940621039145, 720575940621039146])
    made = Connectome(ids, *(np.zeros(0, int) for _ in range(5)))
    assert made.neuron_id.tolist() == [720575940621039145, 720575940621039146]
    assert made.positions(np.array([720575940621039146])).tolist() == [1]


def test_a_connectome_does_not_change():
    count = np.array([3, 5])
    made = Connectome(**(PARTS | {"count": count}))
    count[0] = 9
    assert made.count.tolist() == [3, 5]
    with pytest.raises(ValueError, match="read-only"):
        made.count[0] = 1
    with pytest.raises(FrozenInstanceError):
        made.count = count
    with pytest.raises(TypeError):
        made.neurons["side"] = np.array(["L"] * 3)


def test_the_repr_tells_sizes_and_signs():
    assert repr(Connectome(**PARTS, name="x")) == (
        "Connectome(x: 3 neurons, 2 connections: 1 chemical, 1 electrical; 8 synapses; "
        "signs 0 +, 1 -, 0 unknown)"
    )
    averages = Connectome(
        **(PARTS | {"count": np.array([0.1, 0.2]), "count_unit": "mean_synapses"})
    )
    assert "; 0.3 mean_synapses;" in repr(averages)


@settings(max_examples=60)
@given(connectomes(), st.data())
def test_selecting_keeps_the_connections_among_the_selected(connectome, data):
    n = connectome.n_neurons
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    selected = connectome.select(keep)
    names = {i for i, k in zip(connectome.neuron_id.tolist(), keep, strict=True) if k}
    assert selected.neuron_id.tolist() == connectome.neuron_id[keep].tolist()
    assert edges_of(selected) == [
        row for row in edges_of(connectome) if row[0] in names and row[1] in names
    ]
    for name, values in connectome.neurons.items():
        np.testing.assert_array_equal(selected.neurons[name], values[keep])


def test_selecting_says_what_it_left_out(a_to_b):
    selected = a_to_b.select(np.array([True, False]))
    assert selected.audit[-1].startswith("kept 1 of 2 nodes and 0 of 1 connections, because only")


@pytest.mark.parametrize("keep", [np.array([1, 0]), np.array([True]), ["a"], None])
def test_a_selection_that_is_no_mask_is_refused(a_to_b, keep):
    with pytest.raises(InputError, match=r"np\.isin"):
        a_to_b.select(keep)


@settings(max_examples=60)
@given(connectomes(), st.data())
def test_coarsening_adds_the_counts_between_labels(connectome, data):
    n = connectome.n_neurons
    label = np.array(data.draw(st.lists(st.sampled_from("xyz"), min_size=n, max_size=n)))
    merged = connectome.coarsen(label)
    total, signs = Counter(), defaultdict(set)
    group = dict(zip(connectome.neuron_id.tolist(), label.tolist(), strict=True))
    for pre, post, kind, count, sign in edges_of(connectome):
        a, b = group[pre], group[post]
        key = (*sorted((a, b)), kind) if kind == 1 else (a, b, kind)
        total[key] += count
        signs[key].add(sign)
    assert {row[:3] for row in edges_of(merged)} == set(signs)
    for pre, post, kind, count, sign in edges_of(merged):
        assert count == pytest.approx(total[pre, post, kind])
        assert sign == (signs[pre, post, kind].pop() if len(signs[pre, post, kind]) == 1 else 0)


@settings(max_examples=60)
@given(connectomes())
def test_coarsening_to_single_neurons_changes_only_their_order(connectome):
    merged = connectome.coarsen(connectome.neuron_id)
    in_order = [(*sorted(r[:2]), *r[2:]) if r[2] == 1 else r for r in edges_of(connectome)]
    assert sorted(edges_of(merged)) == sorted(in_order)
    order = np.argsort(connectome.neuron_id)
    for name, values in connectome.neurons.items():
        np.testing.assert_array_equal(merged.neurons[name], values[order])


def test_merging_by_type_drops_what_varies_and_says_so():
    parts = PARTS | {
        "neurons": {
            "cell_type": np.array(["T", "T", "U"]),
            "side": np.array(["L", "R", "L"]),
            "class": np.array(["k", "k", "m"]),
        }
    }
    merged = Connectome(**parts).merge()
    assert edges_of(merged) == [("T", "T", 0, 3, -1), ("T", "U", 1, 5, 0)]
    assert set(merged.neurons) == {"cell_type", "class", "node_kind"}
    assert merged.audit[-1] == "dropped the columns side: they vary within a node"


def test_merging_by_a_column_with_holes_is_refused():
    parts = PARTS | {"neurons": {"cell_type": np.array(["T", "", "U"])}}
    with pytest.raises(InputError, match="Select the labelled neurons first"):
        Connectome(**parts).merge()


def test_positions_find_every_id_and_name_the_missing():
    made = Connectome(**PARTS)
    assert made.positions(np.array(["c", "a", "c"])).tolist() == [2, 0, 2]
    assert made.positions(np.array([], str)).tolist() == []
    with pytest.raises(InputError, match=r"'AVAL' is not .*zero padding"):
        made.positions(np.array(["a", "AVAL"]))
    with pytest.raises(InputError, match="without going through floats"):
        made.positions(np.array([7]))
    with pytest.raises(InputError, match="int64 or str"):
        made.positions(np.array([7.0]))


@settings(max_examples=60)
@given(connectomes())
def test_kinds_part_the_connections(connectome):
    parts = [connectome.of_kind(k) for k in ("chemical", "electrical", "neuromuscular")]
    assert sorted(row for c in parts for row in edges_of(c)) == sorted(edges_of(connectome))
    assert [set(c.kind.tolist()) <= {k} for k, c in enumerate(parts)] == [True] * 3
    assert_same(connectome.of_kind("chemical", "electrical", "neuromuscular"), connectome)


def test_an_unknown_kind_or_column_is_answered_with_the_nearest(a_to_b):
    with pytest.raises(InputError, match="Did you mean `chemical`"):
        a_to_b.of_kind("chemcal")
    with pytest.raises(InputError, match="Did you mean `node_kind`"):
        a_to_b.column("nodekind")


@settings(max_examples=60)
@given(connectomes())
def test_dales_law_is_one_sign_a_sender(connectome):
    sent = defaultdict(set)
    for pre, *_, sign in edges_of(connectome):
        sent[pre].add(sign)
    assert connectome.obeys_dale == all({1, -1} - signs for signs in sent.values())


@settings(max_examples=60)
@given(connectomes())
def test_a_summary_counts_what_is_there(connectome):
    facts = dict(summarize(connectome).rows)
    rows = edges_of(connectome)
    for kind, name in enumerate(("chemical", "electrical", "neuromuscular")):
        inside = [row[3] for row in rows if row[2] == kind]
        assert (f"{name} connections" in facts) == bool(inside)
        if inside and connectome.count_unit == "synapses":
            assert facts[f"{name} connections"].startswith(
                f"{len(inside):,} with {sum(inside):,} synapses"
            )
    pairs = {row[:2] for row in rows if row[2] != 1}
    if pairs:
        out = Counter(pre for pre, _ in pairs)
        assert f"most {max(out.values())} (" in facts["out-degree"]
        into = Counter(post for _, post in pairs)
        name = facts["in-degree"].partition("(")[2].rstrip(")")
        assert {str(k): v for k, v in into.items()}[name] == max(into.values())
    apart = {(a, b) for a, b in pairs if a != b}
    if apart:
        share = 100 * sum((b, a) in apart for a, b in apart) / len(apart)
        assert facts["reciprocity"].startswith(f"{share:.1f} % of {len(apart)} ")
    assert facts["self-connections"] == str(sum(row[0] == row[1] for row in rows))
    touched = {end for row in rows for end in row[:2]}
    assert int(facts["nodes without a connection"].split()[0]) == connectome.n_neurons - len(
        touched
    )


def test_a_summary_of_two_neurons_reads_like_this(a_to_b):
    assert summarize(a_to_b).rows == (
        ("nodes", "2 neurons"),
        ("chemical connections", "1 with 2 synapses (median 2, most 2)"),
        ("signs", "1 +, 0 -, 0 unknown"),
        ("obeys Dale's law", "yes"),
        ("out-degree", "median 0.5, most 1 (a)"),
        ("in-degree", "median 0.5, most 1 (b)"),
        ("reciprocity", "0.0 % of 1 connected ordered pairs"),
        ("density", "50 % of ordered pairs"),
        ("self-connections", "0"),
        ("nodes without a connection", "0"),
    )
    assert str(summarize(a_to_b)).splitlines()[0].split() == ["nodes", "2", "neurons"]


def test_a_density_below_a_hundredth_of_a_percent_is_not_said_to_be_nothing():
    sparse = Connectome(
        neuron_id=np.arange(300),
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([0]),
        count=np.array([1]),
        sign=np.array([0]),
        count_unit="synapses",
    )
    assert dict(summarize(sparse).rows)["density"] == "0.00111 % of ordered pairs"
