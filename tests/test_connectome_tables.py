"""Two pandas tables become a connectome, or one error; every policy says what it did."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloom.connectome import (
    KINDS,
    Connectome,
    Drop,
    KeepFirst,
    Refuse,
    Sum,
    from_tables,
)
from neuroloom.errors import InputError
from strategies import assert_same, connectomes, edges_of

ROOT_IDS = [720575940621039145, 720575940621039146, 720575940621039147]


def neurons(**columns):
    return pd.DataFrame({"neuron_id": ["a", "b", "c"]} | columns)


def rows(**columns):
    return pd.DataFrame({"pre": ["a", "b"], "post": ["b", "c"], "count": [3, 5]} | columns)


def without(frame, column):
    return frame.drop(columns=column)


FAULTS = {
    "no pre": ((neurons(), without(rows(), "pre")), "a column `pre`.*Rename the column"),
    "no post": ((neurons(), without(rows(), "post")), "a column `post`.*Rename the column"),
    "no count": ((neurons(), without(rows(), "count")), "a column `count`.*Rename the column"),
    "no ids": ((pd.DataFrame({"side": ["L"]}), rows()), "a column `neuron_id`.*Rename"),
    "two counts": (
        (neurons(), rows(weight=[1, 1], synapses=[1, 1]).drop(columns="count")),
        "Rename the right one to `count`",
    ),
    "a column twice": ((neurons(), pd.concat([rows(), rows()], axis=1)), "Rename or remove"),
    "no table": ((neurons(), [("a", "b", 3)]), "Pass a `pandas.DataFrame`"),
    "ids as floats": (
        (neurons(neuron_id=[1.0, 2.0, 3.0]), rows(pre=[1, 2], post=[2, 3])),
        "a float cannot hold 18 digits.*dtype=str",
    ),
    "ends as floats": ((None, rows(pre=[7.2e17, 1.0])), "a float cannot hold 18 digits.*dtype=str"),
    "an end lost to NaN": (
        (None, rows(pre=[1, np.nan], post=[2, 3])),
        "Every neuron id must be given.*row 1 .*`pre`.*Fill it in",
    ),
    "a missing end": ((None, rows(pre=["a", None])), "given.*row 1 .*Fill it in"),
    "an end that says nan": ((None, rows(pre=["a", "nan"])), "'nan' in row 1 .*Fill it in"),
    "an end that was a float": ((None, rows(pre=["7.2e17", "b"])), "export the ids as text"),
    "an end on two lines": ((None, rows(pre=["a\nb", "b"])), "Check the quotes"),
    "ends as dates": ((None, rows(pre=pd.to_datetime(["2020-01-01"] * 2))), "as int64 or text"),
    "ends of two types": ((None, rows(pre=["a", 7])), "of one type.*Convert it to int64 or to"),
    "an end beyond 64 bits": ((None, rows(pre=[2**70, 1])), "Convert it to int64 or to text"),
    "whole numbers and text": (
        (neurons(neuron_id=[1, 2, 3]), rows()),
        "`pre` of the table of connections has text such as 'a'.*without going through floats",
    ),
    "text that holds whole numbers": (
        (neurons(neuron_id=[1, 2, 3]), rows(pre=["1", "2"], post=["2", "3"])),
        "without going through floats",
    ),
    "a repeated neuron": (
        (neurons(neuron_id=["a", "a", "b"]), rows()),
        r"'a' has 2 .*row 0 \(from 0\), row 1.*Remove the repeated rows",
    ),
    "a dangling end": (
        (neurons(), rows(post=["b", "d"])),
        "'d' in row 1 .*column `post`.*1 connections dangle.*on_dangling=Drop",
    ),
    "an end with other padding": (
        (neurons(neuron_id=["VB1", "VB2", "c"]), rows(pre=["VB01", "VB2"], post=["c", "c"])),
        "'VB01'.*zero padding",
    ),
    "a negative count": ((None, rows(count=[3, -1])), "-1 in row 1 .*a column `sign`"),
    "a missing count": ((None, rows(count=[3, np.nan])), "row 1 .*or remove the row"),
    "an infinite count": ((None, rows(count=[3, np.inf])), "inf in row 1"),
    "a fraction": ((None, rows(count=[3, 2.5])), "2.5 in row 1 .*count_unit='mean_synapses'"),
    "a count in words": ((None, rows(count=["3", "many"])), "'many' in row 1 .*Correct the cell"),
    "counts that are true": ((None, rows(count=[True, False])), "Export it as numbers"),
    "an unknown kind": ((None, rows(kind=["chemical", "magic"])), "'magic' in row 1 .*Write chem"),
    "a missing kind": ((None, rows(kind=["chemical", None])), "nothing in row 1 .*Write chemical"),
    "a sign that is a weight": ((None, rows(sign=[1, 0.5])), "0.5 in row 1 .*sizes into the count"),
    "a sign in a gap junction": (
        (None, rows(kind=["electrical"] * 2, sign=[0, -1])),
        "-1 in row 1 .*Blank those cells",
    ),
    "a repeated connection": (
        (None, rows(pre=["a", "a"], post=["b", "b"])),
        r"a -> b \(chemical\) is in row 0 \(from 0\) and row 1 .*on_duplicate=Sum",
    ),
    "a mirrored gap junction": (
        (None, rows(pre=["a", "b"], post=["b", "a"], kind=["electrical"] * 2)),
        r"a - b \(electrical\).*in both directions.*`KeepFirst\(\)`",
    ),
    "no row and no neurons": ((None, rows()[:0]), "Pass `neurons=`"),
    "no neuron": ((neurons()[:0], rows()[:0]), "A table of neurons must have a row"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_that_is_not_strict_is_refused(fault):
    (cells, connections), instruction = FAULTS[fault]
    with pytest.raises(InputError, match=f"(?s){instruction}") as caught:
        from_tables(cells, connections)
    message = str(caught.value)
    assert "must" in message
    assert ";" in message
    assert message.endswith((".", "?"))


@pytest.mark.parametrize(
    ("option", "instruction"),
    [
        ({"on_duplicate": Sum}, r"`Refuse\(\)` or `Sum\(\)` or `KeepFirst\(\)`.*parentheses"),
        ({"on_duplicate": Drop()}, r"`KeepFirst\(\)`"),
        ({"on_duplicate": "sum"}, r"`KeepFirst\(\)`"),
        ({"on_dangling": Sum()}, r"`Refuse\(\)` or `Drop\(\)`"),
        ({"count_unit": "synapse"}, "Did you mean `synapses`"),
    ],
)
def test_a_wrong_option_is_refused(option, instruction):
    with pytest.raises(InputError, match=instruction):
        from_tables(None, rows(), **option)


def test_a_connection_in_a_table_goes_from_pre_to_post():
    made = Connectome.from_tables(neurons(), rows())
    assert edges_of(made) == [("a", "b", 0, 3, 0), ("b", "c", 0, 5, 0)]
    assert made.count_unit == "synapses"


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64", "str", "object", "category"])
def test_ids_of_18_digits_pass_through_every_type(kind):
    pre = pd.Series(ROOT_IDS[:2]).astype("str" if kind == "category" else kind).astype(kind)
    post = pd.Series(ROOT_IDS[1:]).astype("str" if kind == "category" else kind).astype(kind)
    made = from_tables(None, pd.DataFrame({"pre": pre, "post": post, "count": [1, 2]}))
    ids = ROOT_IDS if kind in ("int64", "uint64", "Int64", "object") else list(map(str, ROOT_IDS))
    assert made.neuron_id.tolist() == ids


@pytest.mark.parametrize(
    ("pre", "post", "count", "own"),
    [
        ("pre_root_id", "post_root_id", "syn_count", "root_id"),
        ("bodyId_pre", "bodyId_post", "weight", "bodyId"),
        ("body_pre", "body_post", "weight", "body"),
        ("Source", "Target", "Weight", "Id"),
        ("Presynaptic_ID", "Postsynaptic_ID", "Connectivity", "Root ID"),
        ("pre", "post", "synapses", "name"),
    ],
)
def test_names_of_public_tables_are_known_and_told(pre, post, count, own):
    cells = neurons().rename(columns={"neuron_id": own})
    made = from_tables(cells, rows().rename(columns={"pre": pre, "post": post, "count": count}))
    assert edges_of(made) == [("a", "b", 0, 3, 0), ("b", "c", 0, 5, 0)]
    assert f"`{count}` as count" in made.audit[0]
    assert f"took `{own}` as the ids of neurons" in made.audit


def test_our_own_name_wins_over_others_and_the_rest_is_told():
    made = from_tables(None, rows(weight=[0.1, 0.2], norm=[0.5, 0.5]))
    assert made.count.tolist() == [3, 5]
    assert "left out the columns `weight`, `norm` of the connections" in made.audit


def test_further_columns_are_kept_with_their_types():
    large = [720575940621039145, None, 7]
    cells = neurons(
        side=["L", None, "R"],
        x_nm=[1.5, np.nan, 3.0],
        n=[1, 2, 3],
        traced=[True, False, True],
        soma=pd.array([1, None, 3], "Int64"),
        supervoxel=pd.array(large, "Int64"),
        type=["k", "l", "m"],
    )
    made = from_tables(cells, rows())
    assert made.column("side").tolist() == ["L", "", "R"]
    np.testing.assert_array_equal(made.column("x_nm"), [1.5, np.nan, 3.0])
    assert made.column("n").dtype == np.int64
    assert made.column("traced").tolist() == [True, False, True]
    np.testing.assert_array_equal(made.column("soma"), [1.0, np.nan, 3.0])
    assert made.column("supervoxel").tolist() == ["720575940621039145", "", "7"]
    assert made.column("type").tolist() == ["k", "l", "m"]
    assert made.column("node_kind").tolist() == ["neuron"] * 3


def test_a_table_from_elsewhere_gets_our_words_for_type_and_transmitter():
    cells = pd.DataFrame({"root_id": ["a", "b", "c"], "type": list("klm"), "nt_type": ["ACH"] * 3})
    made = from_tables(cells, rows())
    assert made.column("cell_type").tolist() == ["k", "l", "m"]
    assert made.column("neurotransmitter").tolist() == ["ACH"] * 3
    assert "took `type` as cell_type" in made.audit


def test_without_a_table_of_neurons_the_ends_are_the_neurons():
    made = from_tables(None, rows(pre=["c", "b"], post=["b", "a"]))
    assert made.neuron_id.tolist() == ["a", "b", "c"]
    assert edges_of(made) == [("c", "b", 0, 3, 0), ("b", "a", 0, 5, 0)]
    assert "no table of neurons: the 3 neurons are those that occur as ends" in made.audit


def test_a_table_without_rows_is_fine_with_neurons():
    made = from_tables(neurons(), rows()[:0])
    assert (made.n_neurons, made.n_connections) == (3, 0)
    assert made.neuron_id.tolist() == ["a", "b", "c"]


def test_spaces_around_ids_go_and_zero_padding_stays():
    made = from_tables(neurons(neuron_id=["VB01", "b ", " c"]), rows(pre=["VB01 ", "b"]))
    assert made.neuron_id.tolist() == ["VB01", "b", "c"]
    assert "removed spaces around 1 ids of `pre`" in made.audit
    assert "removed spaces around 2 ids of `neuron_id`" in made.audit


def test_a_sum_adds_counts_and_tells_mixed_signs():
    table = rows(pre=["a", "a"], post=["b", "b"], sign=[1, -1])
    made = from_tables(None, pd.concat([table, rows(sign=[1, 1])[1:]]), on_duplicate=Sum())
    assert edges_of(made) == [("a", "b", 0, 8, 0), ("b", "c", 0, 5, 1)]
    assert made.audit[-1] == (
        "kept 2 of 3 connections, because 1 rows repeat a connection: their counts are added; 1 of "
        "them mix signs and have sign 0"
    )


def test_keeping_the_first_drops_the_mirror_of_a_gap_junction():
    table = pd.DataFrame(
        {
            "pre": ["b", "a", "c"],
            "post": ["a", "b", "c"],
            "count": [4, 4, 1],
            "kind": "gap jn",
        }
    )
    made = from_tables(None, table, on_duplicate=KeepFirst())
    assert edges_of(made) == [("a", "b", 1, 4, 0), ("c", "c", 1, 1, 0)]
    assert made.audit[-2:] == (
        "swapped the ends of 1 electrical ones, which have no order",
        "kept 2 of 3 connections, because 1 rows repeat a connection: the first of each is kept, "
        "and 4 synapses of the others are left out",
    )
    assert from_tables(None, table, on_duplicate=Sum()).count.tolist() == [8, 1]


def test_the_same_pair_of_two_kinds_is_no_duplicate():
    table = rows(pre=["a", "a"], post=["b", "b"], kind=["chemical", "electrical"])
    assert from_tables(None, table).n_connections == 2


def test_dropping_dangling_ends_is_told_with_numbers():
    made = from_tables(neurons(), rows(post=["b", "d"]), on_dangling=Drop())
    assert edges_of(made) == [("a", "b", 0, 3, 0)]
    assert made.audit[-1] == (
        "kept 1 of 2 connections, because 1 with 5 synapses have an end that is not in the table "
        "of neurons"
    )


def test_signs_come_from_the_connection_before_the_sender():
    cells = neurons(sign=[1, -1, 0])
    assert from_tables(cells, rows()).sign.tolist() == [1, -1]
    assert "from the column `sign` of presynaptic neurons: 1 +, 1 -" in from_tables(
        cells, rows()
    ).audit[-1].replace("took signs ", "")
    assert from_tables(cells, rows(sign=[-1, np.nan])).sign.tolist() == [-1, 0]
    assert from_tables(cells, rows(pre=["c", "a"], post=["a", "b"])).sign.tolist() == [0, 1]
    assert from_tables(None, rows(sign=["+", "inhibitory"])).sign.tolist() == [1, -1]
    assert from_tables(None, rows()).sign.tolist() == [0, 0]
    electrical = from_tables(cells, rows(kind=["electrical", "chemical"]))
    assert electrical.sign.tolist() == [0, -1]


def test_a_sender_with_one_transmitter_keeps_it_and_one_with_several_does_not():
    table = pd.DataFrame(
        {
            "pre": ["a", "a", "b", "b"],
            "post": ["b", "c", "a", "c"],
            "count": [1, 1, 1, 1],
            "nt_type": ["ACH", "ACH", "GABA", "GLUT"],
        }
    )
    made = from_tables(neurons(), table)
    assert made.column("neurotransmitter").tolist() == ["ACH", "", ""]
    assert made.audit[-1].startswith("took the transmitter of 1 neurons from their connections; ")
    assert "(such as b), which stay without" in made.audit[-1]


def test_averages_may_be_fractions_and_whole_counts_may_be_floats():
    table = rows(count=[2.5, 0.0])
    assert from_tables(None, table, count_unit="mean_synapses").count.tolist() == [2.5, 0.0]
    whole = from_tables(None, rows(count=[2.0, 3.0])).count
    assert whole.tolist() == [2, 3]
    assert whole.dtype == np.int64


def test_the_callers_tables_stay_as_they_were():
    cells, table = neurons(side=["L", None, "R"]), rows(pre=["a ", "a"], post=["b", "b"])
    before = cells.copy(), table.copy()
    from_tables(cells, table, on_duplicate=Sum())
    pd.testing.assert_frame_equal(cells, before[0])
    pd.testing.assert_frame_equal(table, before[1])


@settings(max_examples=50)
@given(connectomes(), st.sampled_from([Refuse(), Sum(), KeepFirst()]))
def test_tables_of_a_connectome_give_it_back(connectome, policy):
    cells = pd.DataFrame({"neuron_id": connectome.neuron_id} | dict(connectome.neurons))
    ends = {end: connectome.neuron_id[getattr(connectome, end)] for end in ("pre", "post")}
    kind = np.array(KINDS)[connectome.kind]
    table = pd.DataFrame(ends | {"kind": kind, "count": connectome.count, "sign": connectome.sign})
    made = from_tables(cells, table, count_unit=connectome.count_unit, on_duplicate=policy)
    assert_same(made, connectome, but=("name", "audit"))
    assert made.audit == ()


@settings(max_examples=50)
@given(
    st.lists(st.tuples(*[st.sampled_from("abc")] * 2, st.sampled_from(KINDS), st.integers(0, 9)))
)
def test_policies_agree_with_a_dictionary(listed):
    table = pd.DataFrame(listed, columns=["pre", "post", "kind", "count"])
    total, first = Counter(), {}
    for pre, post, kind, count in listed:
        key = (*(sorted((pre, post)) if kind == "electrical" else (pre, post)), KINDS.index(kind))
        total[key] += count
        first.setdefault(key, count)
    summed = from_tables(neurons(), table, on_duplicate=Sum())
    assert [(row[:3], row[3]) for row in edges_of(summed)] == list(total.items())
    kept = from_tables(neurons(), table, on_duplicate=KeepFirst())
    assert [(row[:3], row[3]) for row in edges_of(kept)] == list(first.items())
    assert any("because" in line for line in kept.audit) == (len(first) < len(listed))
