"""A name or a file becomes a connectome or a recording; what is neither is told what is near."""

import re

import numpy as np
import pytest

from neuroloom.connectome import Connectome, Sum
from neuroloom.connectome import write_csv as write_edges
from neuroloom.datasets.worm_responses import find_atlas
from neuroloom.errors import InputError
from neuroloom.recording import Recording, write_csv, write_netcdf
from neuroloom.studies.inspection import inspect, inspect_connectome, inspect_recording
from neuroloom.studies.sources import load_connectome, load_recording

needs_wheel = pytest.mark.skipif(find_atlas() is None, reason="the extra `worm` is not installed")


@pytest.fixture
def wiring(tmp_path, a_to_b):
    """Edges and neurons, as files."""
    write_edges(tmp_path / "edges.csv", a_to_b, neurons=tmp_path / "neurons.csv")
    return tmp_path / "edges.csv", tmp_path / "neurons.csv"


@pytest.fixture
def rates():
    activity = np.arange(12.0).reshape(1, 4, 3)
    activity[0, :, 2] = np.nan
    return Recording(
        activity=activity,
        neuron_id=np.array(["a", "b", "c"]),
        kind="calcium",
        dt=0.5,
        unit="dF/F",
        behavior={"speed": np.zeros((1, 4))},
        citation="Somebody (2020)",
        audit=("made for a test",),
    )


@pytest.fixture
def bare(tmp_path):
    """Activity as many labs have it: nothing says what it is."""
    path = tmp_path / "activity.csv"
    path.write_text("time,a,b\n0,1,2\n0.5,3,4\n1,5,6\n")
    return path


def test_a_name_is_a_dataset():
    assert load_connectome("worm").n_neurons == 473


@needs_wheel
def test_a_name_is_a_recording():
    assert load_recording("worm-responses").activity.shape == (173, 1, 300)


def test_a_file_is_read_with_its_options(wiring, bare, a_to_b):
    edges, neurons = wiring
    assert load_connectome(str(edges)).neuron_id.tolist() == ["a", "b"]
    read = load_connectome(str(edges), neurons=neurons)
    assert (read.pre, read.post, read.count) == (a_to_b.pre, a_to_b.post, a_to_b.count)
    recording = load_recording(str(bare), kind="rate")
    assert (recording.kind, recording.dt) == ("rate", 0.5)
    assert load_recording(str(bare), kind="rate", resample=0.25).activity[0, :, 0].tolist() == [
        *range(1, 6)
    ]
    with pytest.raises(InputError, match="Pass `kind=`"):
        load_recording(str(bare))


@pytest.mark.parametrize(
    ("load", "source", "told"),
    [
        (load_connectome, "wurm", "does not exist as a file. Did you mean `worm`?"),
        (load_recording, "worm-response", "Did you mean `worm-responses`?"),
        (load_recording, "zzz", "Known: fly-heading, rat-place-cells, worm-responses, "),
        (load_connectome, "worm-responses", "is a recording. Use it as the recording."),
        (load_recording, "worm", "is a connectome. Use it as the connectome."),
    ],
)
def test_what_is_neither_name_nor_file_is_told_what_is_near(load, source, told):
    with pytest.raises(InputError, match=re.escape(told)):
        load(source)


def test_a_folder_is_a_connectome_or_no_recording(tmp_path):
    with pytest.raises(InputError, match="A folder must hold one table of connections"):
        load_connectome(str(tmp_path))
    with pytest.raises(InputError, match="A folder must be a Zarr store"):
        load_recording(str(tmp_path))


def test_options_of_reading_reach_the_file(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("pre,post,count\n1,2,3\n1,2,4\n")
    assert load_connectome(str(path), on_duplicate=Sum()).count.tolist() == [7]
    with pytest.raises(InputError, match="`--on-duplicate` must go with a file"):
        load_connectome("worm", on_duplicate=Sum())


def test_a_table_of_neurons_beside_a_dataset_is_refused(wiring):
    with pytest.raises(InputError, match="Leave it out"):
        load_connectome("worm", neurons=wiring[1])


def test_inspecting_a_name_says_what_the_dataset_holds():
    found = inspect("worm")
    assert isinstance(found.value, Connectome)
    assert dict(found.rows)["nodes"] == "302 neurons, 135 muscles, 36 other"
    assert any("a transmitter is not a sign" in line for line in found.audit)


@needs_wheel
def test_inspecting_a_recording_counts_what_was_observed():
    rows = dict(inspect("worm-responses").rows)
    assert rows["trials x steps x neurons"] == "173 x 1 x 300"
    assert rows["observed"] == "23,901 of 51,900 entries; 93 neurons never"
    assert "GPL-3.0-or-later" in rows["licence"]


def test_inspecting_a_file_finds_out_what_it_is(wiring, rates, tmp_path):
    edges, neurons = wiring
    write_netcdf(tmp_path / "rates.nc", rates)
    for found in (inspect(edges, neurons=neurons), inspect(str(edges))):
        assert found.value.neuron_id.tolist() == ["a", "b"]
        assert dict(found.rows)["chemical connections"].startswith("1 with 2 synapses")
    found = inspect(tmp_path / "rates.nc")
    assert isinstance(found.value, Recording)
    assert found.value.neuron_id.tolist() == ["a", "b", "c"]


def test_inspecting_a_recording_takes_the_kind_that_its_file_lacks(bare):
    assert dict(inspect(bare, kind="rate", dt=0.5).rows)["kind"] == "rate"
    assert inspect(bare, kind="calcium", resample=0.25).value.n_steps == 5


def test_facts_of_a_recording_are_those_of_its_numbers(rates):
    rows = dict(inspect_recording(rates).rows)
    assert rows == {
        "trials x steps x neurons": "1 x 4 x 3",
        "kind": "calcium, in dF/F",
        "sampling": "every 0.5 s, 2 s a trial",
        "observed": "8 of 12 entries; 1 neurons never",
        "least, 5 %, median, 95 %, most": "0, 0.35, 5, 9.65, 10",
        "behavior": "speed",
        "citation": "Somebody (2020)",
    }


def test_a_recording_without_one_observed_entry_can_be_inspected():
    nothing = Recording(
        activity=np.full((1, 2, 2), np.nan),
        neuron_id=np.array(["a", "b"]),
        kind="rate",
        dt=0.1,
        n_observations=np.zeros((1, 2, 2), int),
    )
    rows = dict(inspect_recording(nothing).rows)
    assert rows["observed"] == "0 of 4 entries; 2 neurons never"
    assert "least, 5 %, median, 95 %, most" not in rows


def test_an_inspection_prints_title_facts_and_audit(rates, a_to_b):
    text = str(inspect_recording(rates))
    assert text.splitlines()[0] == repr(rates)
    assert "  kind: calcium, in dF/F" in text
    assert text.endswith("  audit: made for a test")
    assert str(inspect_connectome(a_to_b)).startswith("Connectome(2 neurons, 1 connection")


def test_a_file_that_is_neither_gets_the_reason_of_both_readers(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match=r"bad.csv reads as neither") as caught:
        inspect(path)
    _, connectome, recording = str(caught.value).splitlines()
    assert re.match(r"As a connectome: .*must have a column `pre`.*Rename the column", connectome)
    assert re.match(r"As a recording: .*Pass `kind=`", recording)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pre,post,count\na,b,1\na,b,2\n", "must occur once"),
        ("root_id,group,nt_type,nt_type_score\n1,2,ACH,1\n", "a table of neurons"),
        ('<graphml><graph edgedefault="directed"></graph></graphml>', "must have a node"),
    ],
)
@pytest.mark.parametrize("folder", [False, True])
def test_a_broken_connectome_is_not_called_a_broken_recording(tmp_path, text, told, folder):
    path = tmp_path / "wiring.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        inspect(tmp_path if folder else path)
    assert ("must hold one table of connections" if folder else told) in str(caught.value)
    assert "recording" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("worm-respones", "is none of these. Did you mean `worm-responses`?"),
        ("wrm", "Did you mean `worm`?"),
        ("zzz", "zebrafish-oculomotor. `neuroloom datasets` lists"),
    ],
)
def test_inspecting_nothing_is_told_what_is_near(source, told):
    with pytest.raises(InputError, match=re.escape(told)):
        inspect(source)


def test_inspecting_a_folder_says_that_it_is_one(tmp_path):
    both = r"(?s)As a connectome: A folder must.*As a recording: A folder must"
    with pytest.raises(InputError, match=both):
        inspect(tmp_path)


def test_a_table_of_neurons_makes_it_a_connectome(wiring, rates, tmp_path):
    write_csv(tmp_path / "rates.csv", Recording(rates.activity, rates.neuron_id, "rate", 0.5))
    with pytest.raises(InputError, match="must have a column `pre`"):
        inspect(tmp_path / "rates.csv", neurons=wiring[1])


def test_a_dataset_that_is_not_installed_is_answered_with_how_to_get_it(monkeypatch):
    from neuroloom.datasets import worm_responses

    monkeypatch.setattr(worm_responses, "find_atlas", lambda: None)
    told = r"^The dataset `worm-responses` must be installed.*pip install 'neuroloom\[worm\]'"
    with pytest.raises(InputError, match=told):
        inspect("worm-responses")


def test_a_member_of_a_dataset_is_opened_by_name_and_a_file_of_that_path_comes_first(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert load_connectome("worm-adult/7").name == "worm-adult/7"
    assert "worm-adult/7" in inspect("worm-adult/7").title
    (tmp_path / "worm-adult").mkdir()
    (tmp_path / "worm-adult/7").write_text("pre,post,count\na,b,3\n")
    assert load_connectome("worm-adult/7").n_connections == 1
    assert inspect("worm-adult/7").value.n_connections == 1
