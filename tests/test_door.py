"""One door: each sample is known by its content, and options it does not have are refused."""

import shutil

import pytest

import samples_formats
from neuroloom.connectome import BothWays, Electrical, KeepFirst, read_connectome
from neuroloom.errors import InputError
from strategies import edges_of

EDGE = "<node id='b'/><edge source='b' target='a'/></graph></graphml>"


NEED_MORE = {
    "graphml undirected": "Electrical",
    "graphml both ways": "BothWays",
    "sparse npz": "read_sparse_npz",
    "sparse coo": "read_sparse_npz",
}


@pytest.mark.parametrize("name", sorted(samples_formats.SAMPLES.keys() - NEED_MORE))
def test_the_door_reads_what_the_reader_reads(name, tmp_path):
    path = samples_formats.SAMPLES[name](tmp_path)
    hidden = tmp_path / "a-name-that-says-nothing"
    shutil.copy(path, hidden)
    made, expected = read_connectome(hidden), samples_formats.READERS[name](path)
    assert edges_of(made) == edges_of(expected)
    assert made.neuron_id.tolist() == expected.neuron_id.tolist()


@pytest.mark.parametrize(("name", "word"), NEED_MORE.items())
def test_the_door_says_what_more_it_must_know(name, word, tmp_path):
    with pytest.raises(InputError, match=word):
        read_connectome(samples_formats.SAMPLES[name](tmp_path))


def test_the_decision_on_edges_without_direction_goes_through_the_door(tmp_path):
    path = tmp_path / "g"
    path.write_text(
        "<?xml version='1.0'?><graphml>"
        "<key id='c' for='edge' attr.name='count' attr.type='int'><default>1</default></key>"
        "<graph edgedefault='undirected'><node id='a'/>" + EDGE
    )
    with pytest.raises(InputError, match=r"Electrical\(\)"):
        read_connectome(path)
    assert read_connectome(path, undirected=Electrical()).kind.tolist() == [1]
    assert read_connectome(path, undirected=BothWays()).n_connections == 2


def test_an_option_that_a_format_does_not_have_is_refused(tmp_path):
    (tmp_path / "w").write_text("pre\tpost\ttype\tsynapses\nAVAL\tVB01\tchemical\t3\n")
    assert read_connectome(tmp_path / "w", count_unit="synapses").neuron_id.tolist() == [
        "AVAL",
        "VB1",
    ]
    with pytest.raises(InputError, match=r"`neuropil` must go with.*Witvliet.*Leave it out"):
        read_connectome(tmp_path / "w", neuropil="EB")
    with pytest.raises(InputError, match="`undirected` must go with"):
        read_connectome(tmp_path / "w", undirected=Electrical())
    (tmp_path / "e.csv").write_text("pre,post,count\n1,2,3\n")
    with pytest.raises(InputError, match="`undirected` must go with"):
        read_connectome(tmp_path / "e.csv", undirected=Electrical())
    with pytest.raises(InputError, match=r"`undirected` must be .*; got <class"):
        read_connectome(tmp_path / "e.csv", undirected=Electrical)


def test_a_worm_table_with_neurons_beside_it_is_an_edge_list(tmp_path):
    (tmp_path / "w").write_text("pre\tpost\ttype\tsynapses\nAVAL\tVB01\tchemical\t3\n")
    (tmp_path / "n").write_text("neuron_id\nAVAL\nVB01\n")
    made = read_connectome(tmp_path / "w", neurons=tmp_path / "n", on_duplicate=KeepFirst())
    assert made.neuron_id.tolist() == ["AVAL", "VB01"]
