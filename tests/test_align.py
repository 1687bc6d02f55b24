import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloom.errors import InputError
from neuroloom.recording.align import align

NODES = np.array(["ASHL", "ASHR", "VB1", "VB10", "AVAL", "AWCL", "AWCR", "BWM-DL01", "RIH"])
names = st.lists(
    st.sampled_from(
        ["ASH", "ASHL", "ASHR", "VB1", "VB01", "VB001", "vb1", "VB10", " AVAL", "AVAL", "AVA", "X"]
    ),
    unique=True,
    min_size=1,
)


def rows(alignment):
    table = alignment.table()
    return {r.recording_id: (r.connectome_id, r.status) for r in table.itertuples()}


def test_every_recorded_name_gets_one_row_and_the_right_status():
    found = align(np.array(["ASHL", "VB01", "AVA", "ASH", "AWCON", "XYZ", "AVAL "]), NODES)
    assert rows(found) | {"": None} == {
        "ASHL": ("ASHL", "matched"),
        "VB01": ("VB1", "matched"),
        "AVAL ": ("AVAL", "matched"),
        "AVA": ("", "ambiguous"),
        "ASH": ("", "ambiguous"),
        "AWCON": ("", "ambiguous"),
        "XYZ": ("", "unmatched in recording"),
        "": None,
    }
    assert found.how == ("same id", "zero padding", "spaces")
    notes = found.table().set_index("recording_id")["note"]
    assert notes["ASH"] == "could be ASHL or ASHR"
    assert notes["AWCON"] == "could be AWCL or AWCR"
    assert notes["VB01"] == "zero padding"


def test_one_candidate_without_its_side_is_still_not_matched():
    found = align(np.array(["AVA"]), NODES)
    assert found.n_matched == 0
    assert found.candidates == (("AVAL",),)


def test_the_other_side_is_no_candidate():
    found = align(np.array(["ASHL"]), np.array(["ASHR"]))
    assert found.status == ("unmatched in recording",)


def test_a_difference_of_case_is_ambiguous():
    assert align(np.array(["ashl"]), NODES).status == ("ambiguous",)


def test_two_recorded_neurons_that_would_be_one_node_are_both_set_aside():
    found = align(np.array(["VB1", "VB01", "ASHL"]), NODES)
    assert found.status == ("duplicate", "duplicate", "matched")
    assert found.connectome.tolist() == [0]
    repeated = align(np.array(["ASHL", "ASHL"]), NODES)
    assert repeated.status == ("duplicate", "duplicate")


def test_two_nodes_that_differ_in_padding_only_are_told_apart_or_ambiguous():
    nodes = np.array(["VB1", "VB01"])
    assert align(np.array(["VB01", "VB1"]), nodes).connectome.tolist() == [1, 0]
    assert align(np.array(["VB001"]), nodes).status == ("ambiguous",)


def test_zeros_inside_a_number_or_in_a_bare_number_stay():
    assert align(np.array(["VB100"]), NODES).n_matched == 0
    assert align(np.array(["007"]), np.array(["7"])).status == ("unmatched in recording",)


def test_ids_of_18_digits_match_to_the_last_digit():
    ids = np.array([720575940621039145, 720575940621039146])
    found = align(ids[:1], ids[::-1].copy())
    assert (found.recording.tolist(), found.connectome.tolist()) == ([0], [1])
    assert found.how == ("same id",)


def test_digits_as_text_match_the_number_and_the_table_says_so():
    found = align(np.array(["720575940621039145", "7"]), np.array([7, 720575940621039145]))
    assert found.connectome.tolist() == [1, 0]
    assert set(found.table()["note"]) == {"same digits"}
    assert align(np.array(["07"]), np.array([7])).n_matched == 0


@given(names, names)
def test_matches_are_one_to_one_and_every_neuron_is_accounted_for(recorded, nodes):
    found = align(np.array(recorded), np.array(nodes))
    assert len(set(found.connectome.tolist())) == found.n_matched == len(set(found.recording))
    for i, j in zip(found.recording, found.connectome, strict=True):
        assert recorded[i].strip().replace("VB0", "VB").replace("VB0", "VB") == nodes[
            j
        ].strip().replace("VB0", "VB").replace("VB0", "VB")
    assert len(found.status) == len(recorded)
    assert found.status.count("matched") == found.n_matched
    assert len(found.table()) == len(recorded) + len(nodes) - found.n_matched
    # Whatever is the same on both sides is matched, unless another name claims it too.
    for name in set(recorded) & set(nodes):
        assert found.status[recorded.index(name)] in ("matched", "duplicate")


def test_the_audit_counts_everything():
    found = align(np.array(["ASHL", "VB01", "ASH", "XYZ"]), NODES)
    assert found.audit == (
        "matched 2 of 4 recorded neurons to the connectome (1 by same id, 1 by zero padding); 1 "
        "are not in it, 1 are ambiguous, 0 are duplicates, and 7 of 9 nodes have no recording"
    )
    assert found.audit in repr(found)


def test_float_ids_are_refused_with_the_way_out():
    with pytest.raises(InputError, match="read ids as int64 or str"):
        align(np.array([1.0]), NODES)
