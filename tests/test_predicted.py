"""Predictions of a run as a recording, and from the command line as files."""

import numpy as np
import pytest
import xarray as xr

from neuroloom.cli import main
from neuroloom.recording import read_recording
from neuroloom.recording.files import recognize
from neuroloom.report.predicted import predicted_recording
from recordings import assert_same
from runs_on_disk import activity_run, response_run


@pytest.mark.parametrize("make", [activity_run, response_run])
def test_predictions_are_the_mean_over_members_with_the_measured_beside(make, tmp_path):
    run = make(tmp_path / "run")
    with xr.open_dataset(run / "predictions.nc", engine="h5netcdf") as file:
        data = file.load()
    found = predicted_recording(run)
    members = data["predicted"].values.astype(float)
    np.testing.assert_allclose(found.activity, np.mean(members, -1), rtol=1e-6)
    np.testing.assert_allclose(found.annotations["sd"], np.std(members, -1, ddof=1), rtol=1e-3)
    np.testing.assert_array_equal(found.annotations["measured"], data["measured"].values)
    assert found.neuron_id.tolist() == data["neuron"].values.tolist()
    np.testing.assert_allclose(found.time, data["time"].values)
    if make is response_run:
        assert found.kind == "response"
        assert found.trials["stimulated"].tolist() == data["trial"].values.tolist()
    assert any("mean over the 3 members" in sentence for sentence in found.audit)


@pytest.mark.parametrize("make", [activity_run, response_run])
@pytest.mark.parametrize("ending", ["nc", "nwb"])
def test_the_command_line_writes_predictions_in_the_format_of_the_ending(
    make, ending, tmp_path, capsys
):
    if ending == "nwb":
        pynwb = pytest.importorskip("pynwb")
    run, out = make(tmp_path / "run"), tmp_path / f"p.{ending}"
    assert main(["report", str(run), "--predictions", str(out)]) == 0
    assert f"wrote {out}" in capsys.readouterr().out
    assert recognize(out) == {"nc": "netcdf"}.get(ending, ending)
    assert_same(predicted_recording(run), read_recording(out))
    if ending == "nwb":
        assert pynwb.validate(path=str(out)) == []


def test_a_name_without_a_format_is_refused_before_the_report_is_written(tmp_path, capsys):
    run = response_run(tmp_path / "run")
    before = sorted(run.rglob("*"))
    assert main(["report", str(run), "--predictions", str(tmp_path / "p.csv")]) != 0
    assert "`--predictions` must end in one of" in capsys.readouterr().err
    assert sorted(run.rglob("*")) == before
