"""A run folder is read strictly: what is missing or broken is one error with a way out."""

import json

import numpy as np
import pytest
import xarray as xr

from neuroloom.errors import StudyError
from neuroloom.report.contents import read_run
from neuroloom.report.heldout import (
    binned,
    ensemble_mean,
    ensemble_spread,
    held_out_entries,
    over_time,
)
from runs_on_disk import activity_run, response_run

FILES = ["config.json", "scores.csv", "scores_per_neuron.csv", "predictions.nc", "wiring.npz"]


@pytest.fixture
def run(tmp_path):
    return activity_run(tmp_path / "run", n_steps=20)


def test_a_folder_comes_back_as_it_was_written(run):
    contents = read_run(run)
    assert contents.about["job"] == "activity"
    assert contents.scores[0].arm == "default"
    assert contents.scores[0].value == pytest.approx(0.62)
    assert contents.predictions["predicted"].dims == ("trial", "time", "neuron", "member")
    assert contents.wiring.neuron_id.tolist() == [row.neuron for row in contents.neurons]
    assert contents.unit == "dF/F"


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(run, name):
    (run / name).unlink()
    with pytest.raises(StudyError, match=rf"must hold `{name}`.*Give the folder of a finished run"):
        read_run(run)


@pytest.mark.parametrize("name", FILES)
def test_an_unreadable_file_is_named(run, name):
    (run / name).write_bytes(b"\x00\xff broken")
    with pytest.raises(StudyError, match=rf"`{name}`.*Remove the file and run again"):
        read_run(run)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named(run, name):
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: 40 if name.endswith("csv") else len(content) // 2])
    with pytest.raises(StudyError, match=rf"`{name}`.*Remove the file and run again"):
        read_run(run)


@pytest.mark.parametrize("name", FILES)
def test_an_empty_file_is_named(run, name):
    (run / name).write_bytes(b"")
    with pytest.raises(StudyError, match=rf"`{name}`.*Remove the file and run again"):
        read_run(run)


def test_a_folder_that_is_not_there_is_said_to_be_so(tmp_path):
    with pytest.raises(StudyError, match=r"does not exist.*Give the folder of a finished run"):
        read_run(tmp_path / "nowhere")


def test_a_file_is_no_folder(run):
    with pytest.raises(StudyError, match="is a file"):
        read_run(run / "scores.csv")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"question": None}, "no text under question"),
        ({"job": "knitting"}, "`job` is 'knitting', not responses, activity or study"),
        ({"audit": "all well"}, "`audit` is no list"),
        ({"coverage": [0.9]}, "`coverage` is no object"),
        ({"coverage": {"nominal": "much"}}, "`nominal` is 'much', not a number"),
        ({"elapsed_seconds": "long"}, "`elapsed_seconds` is 'long', not a number"),
    ],
)
def test_a_wrong_entry_of_the_config_is_named(run, change, found):
    about = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(about | change))
    with pytest.raises(StudyError, match=found):
        read_run(run)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("arm,split\ndefault,pooled\n", "column measure, unit, value, low, high, n is missing"),
        ("arm,split,measure,unit,value,low,high,n\n", "it has no rows"),
        ("arm,split,measure,unit,value,low,high,n\ndefault,a,b,,much,,,\n", "'much'"),
    ],
)
def test_a_wrong_score_table_is_refused(run, text, found):
    (run / "scores.csv").write_text(text)
    with pytest.raises(StudyError, match=found):
        read_run(run)


def test_a_neuron_may_be_called_na_and_a_number_may_be_absent(run):
    (run / "scores_per_neuron.csv").write_text(
        "neuron,role,measure,value,n\nNA,held-out,correlation,,\nnan,held-out,correlation,0.5,3\n"
    )
    neurons = read_run(run).neurons
    assert [row.neuron for row in neurons] == ["NA", "nan"]
    assert np.isnan(neurons[0].value)
    assert np.isnan(neurons[0].n)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda d: d.drop_vars("measured"), "variable measured is missing"),
        (lambda d: d.assign(measured=d["measured"].isel(trial=0)), "`measured` has axes"),
        (lambda d: d.drop_vars("neuron"), "axis neuron has no coordinate"),
        (lambda d: d.assign(low=d["low"].astype(str)), "`low` holds .*, not numbers"),
    ],
)
def test_wrong_predictions_are_refused(run, change, found):
    with xr.open_dataset(run / "predictions.nc", engine="h5netcdf") as file:
        data = file.load()
    change(data).to_netcdf(run / "predictions.nc", engine="h5netcdf")
    with pytest.raises(StudyError, match=found):
        read_run(run)


def test_axes_in_another_order_are_put_right(run):
    expected = read_run(run).predictions["measured"].to_numpy()
    with xr.open_dataset(run / "predictions.nc", engine="h5netcdf") as file:
        data = file.load()
    data.transpose("neuron", "time", ...).to_netcdf(run / "predictions.nc", engine="h5netcdf")
    np.testing.assert_array_equal(read_run(run).predictions["measured"].to_numpy(), expected)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"pre": np.array([99])}, "`pre` has 1 positions that are no neuron"),
        ({"count": np.array([1, 2])}, "unequal lengths"),
        ({"neuron_id": np.array(["a", "b"], object)}, "wiring.npz"),
    ],
)
def test_a_wrong_wiring_is_refused(run, change, found):
    one = {name: np.array([0]) for name in ("pre", "post", "kind", "count", "sign")}
    arrays = {"neuron_id": np.array(["a", "b"])} | one | change
    np.savez(run / "wiring.npz", **arrays)
    with pytest.raises(StudyError, match=found):
        read_run(run)


def dataset(predicted, measured, held_out=None):
    entry = ("trial", "time", "neuron")
    data = {"predicted": ((*entry, "member"), predicted), "measured": (entry, measured)}
    if held_out is not None:
        data["held_out"] = (entry, held_out)
    return xr.Dataset(data)


def test_mean_and_spread_leave_a_diverged_member_out():
    predicted = np.array([1.0, 3.0, np.nan]).reshape(1, 1, 1, 3)
    data = dataset(predicted, np.zeros((1, 1, 1)))
    assert ensemble_mean(data).item() == 2.0
    assert ensemble_spread(data).item() == pytest.approx(np.std([1.0, 3.0], ddof=1))


def test_only_held_out_measured_and_predicted_entries_are_scored():
    predicted = np.array([1.0, 1.0, np.nan, 1.0]).reshape(1, 1, 4, 1)
    measured = np.array([1.0, np.nan, 1.0, 1.0]).reshape(1, 1, 4)
    held_out = np.array([1, 1, 1, 0], np.int8).reshape(1, 1, 4)
    assert held_out_entries(dataset(predicted, measured, held_out))[0, 0].tolist() == [
        True,
        False,
        False,
        False,
    ]
    assert held_out_entries(dataset(predicted, measured))[0, 0].tolist() == [
        True,
        False,
        False,
        True,
    ]


def test_the_mean_over_time_passes_over_gaps():
    values = np.array([[[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]]])
    np.testing.assert_array_equal(over_time(values), [[2.0, np.nan]])


def test_bins_hold_every_entry_once_and_keep_ties_together(rng):
    by = rng.integers(0, 7, 100).astype(float)
    parts = binned(by, 10)
    assert sorted(np.concatenate(parts).tolist()) == list(range(100))
    ends = [(by[part].min(), by[part].max()) for part in parts]
    assert all(ends[i][1] < ends[i + 1][0] for i in range(len(ends) - 1))


def test_a_response_run_is_read_with_its_baselines(tmp_path):
    data = read_run(response_run(tmp_path / "run")).predictions
    assert data["baseline_score"].dims == ("baseline", "trial", "time", "neuron")
    assert "null: rewire" in data["baseline"].to_numpy()
