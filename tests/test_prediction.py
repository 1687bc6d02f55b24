import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import neuroloom as nl
from neuroloom.datasets.worm_responses import find_atlas, single_trials, worm_responses
from neuroloom.fitting import Fit
from neuroloom.recording import homolog_groups
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.placement import place
from neuroloom.studies.prediction import connectome_checksum, find_companions, on_trials_of, predict
from neuroloom.studies.responses.model import ResponseModel
from responses import planted_responses, small_worm

TINY = PredictConfig(n_members=2, n_null_draws=2, n_folds=2, n_resamples=20, nulls=("rewire",))
needs_wheel = pytest.mark.skipif(find_atlas() is None, reason="the extra `worm` is not installed")


@pytest.fixture(scope="module")
def worm():
    return small_worm(np.random.default_rng(1), unknown=True)


@pytest.fixture(scope="module")
def recording(worm):
    return planted_responses(worm, np.random.default_rng(2))


@pytest.fixture(scope="module")
def run(worm, recording, tmp_path_factory):
    return predict(worm, recording, TINY, out=tmp_path_factory.mktemp("runs"), progress=False)


def test_a_run_leaves_behind_what_the_design_lists(run):
    held = {path.name for path in run.iterdir()}
    assert {
        "config.json", "scores.csv", "scores_per_neuron.csv", "predictions.nc", "wiring.npz",
        "fit.eqx", "finished",
    } <= held  # fmt: skip
    about = json.loads((run / "config.json").read_text())
    assert about["config"]["n_members"] == 2
    assert about["versions"]["jax"]
    assert len({d["checksum"] for d in about["data"]}) == 2
    assert about["coverage"]["nominal"] == 0.95
    assert 0 < about["coverage"]["interval_achieved"] <= 1
    said = " ".join(about["methods"])
    assert "2 members, 1 null wirings x 2 draws" in said
    assert "steady state" in said
    assert "68 connections with" in said


def test_the_headline_rows_are_there(run):
    table = pd.read_csv(run / "scores.csv")
    assert list(table) == ["arm", "split", "measure", "unit", "value", "low", "high", "n"]
    for measure in ("auroc", "auprc", "prevalence", "correlation", "mse", "identity_r2"):
        row = table[
            (table.arm == "default")
            & (table.split == "held-out stimulated, pooled")
            & (table.measure == measure)
        ]
        assert len(row) == 1
    null = table[(table.arm == "null: rewire") & (table.measure == "auroc")]
    assert (null["n"] == 2).all()
    assert not table.duplicated(["arm", "split", "measure"]).any()


def test_predictions_name_their_neurons_and_were_all_held_out(run, recording):
    with xr.open_dataset(run / "predictions.nc", engine="h5netcdf") as data:
        assert data.sizes["member"] == 2
        assert data["neuron"].to_numpy().tolist() == recording.neuron_id.tolist()
        assert data["trial"].to_numpy().tolist() == recording.column("stimulated").tolist()
        np.testing.assert_array_equal(data["measured"].to_numpy(), recording.activity)
        assert (data["held_out"].to_numpy() == 1).all()
        inside = ~np.isnan(data["low"].to_numpy())
        mean = data["predicted"].to_numpy().mean(-1)
        assert (data["low"].to_numpy()[inside] < mean[inside]).all()
        assert (mean[inside] < data["high"].to_numpy()[inside]).all()


def test_the_fitted_members_can_be_loaded_and_used(run, worm):
    from neuroloom.studies.responses.arms import SIGN_RULES

    signed, _ = SIGN_RULES["transmitter"].resolve(worm)
    model = ResponseModel.from_connectome(signed, homolog_groups(worm.neuron_id))
    fitted = Fit.load(run / "fit.eqx", model, ResponseModel.trainable)
    assert fitted.n_members == 2
    effect = fitted.member(0).network.steady_response(jnp.array([0]))
    assert np.isfinite(np.asarray(effect)).all()


def test_a_finished_run_is_not_run_again(run, worm, recording):
    before = (run / "scores.csv").stat().st_mtime_ns
    assert predict(worm, recording, TINY, out=run.parent, progress=False) == run
    assert (run / "scores.csv").stat().st_mtime_ns == before


def test_other_numbers_or_data_get_another_folder(worm, recording):
    count = worm.count.copy()
    count[0] += 1
    assert connectome_checksum(replace(worm, count=count)) != connectome_checksum(worm)
    renamed = replace(worm, neurons={**worm.neurons, "cell_type": worm.neuron_id})
    assert connectome_checksum(renamed) != connectome_checksum(worm)


SCRIPT = """
import sys, numpy as np
from pathlib import Path
sys.path.insert(0, {tests!r})
from responses import planted_responses, small_worm
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.prediction import predict
worm = small_worm(np.random.default_rng(1), unknown=True)
recording = planted_responses(worm, np.random.default_rng(2))
config = PredictConfig(n_members=1, n_null_draws=2, n_folds=2, n_resamples=20, nulls=("rewire",))
print(predict(worm, recording, config, out=Path({out!r}), progress=False))
"""


def _start(out):
    script = SCRIPT.format(tests=str(Path(__file__).parent), out=str(out))
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_a_killed_run_carries_on_to_the_same_numbers(tmp_path):
    process = _start(tmp_path / "killed")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if len(list((tmp_path / "killed").glob("*/cells/*/*.npz"))) >= 3:
            break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not list((tmp_path / "killed").glob("*/finished"))
    tables = []
    for out in ("killed", "whole"):
        process = _start(tmp_path / out)
        printed, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        tables.append(pd.read_csv(Path(printed.strip()) / "scores.csv"))
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_another_animals_responses_are_laid_on_the_same_trials(recording):
    order = np.random.default_rng(0).permutation(recording.n_trials)[:-3]
    fewer = replace(
        recording,
        activity=recording.activity[order],
        trials={"stimulated": recording.column("stimulated")[order]},
        n_observations=recording.n_observations[order],
        annotations={"q": recording.annotations["q"][order]},
    )
    laid = on_trials_of(recording, fewer)
    kept = np.isin(np.arange(recording.n_trials), order)
    np.testing.assert_array_equal(laid.activity[kept], recording.activity[kept])
    assert np.isnan(laid.activity[~kept]).all()
    assert (laid.n_observations[~kept] == 0).all()


@needs_wheel
def test_single_trials_stand_at_the_pair_that_they_belong_to():
    recording = worm_responses()
    placed = place(nl.datasets.connectome("worm"), recording)
    found = find_companions(placed, recording)
    assert found.single.size == single_trials().dff.size
    flat = placed.recording.activity.ravel()
    total = np.bincount(found.entry, found.single, flat.size)
    n = np.bincount(found.entry, minlength=flat.size)
    np.testing.assert_array_equal(n, placed.recording.n_observations.ravel())
    np.testing.assert_allclose(total[n > 0] / n[n > 0], flat[n > 0], atol=1e-5)
    assert set(found.transfer) == {"unc-31"}


@needs_wheel
@pytest.mark.slow
def test_the_worms_responses_are_predicted_above_the_issues_bound(tmp_path):
    """The demo's sizes reach what is asked of the full preset; the rewired wiring does not.

    Bounds of issue 2: AUROC 0.74 pooled, 0.71 as the mean over trial-count strata.
    """
    run = predict(out=tmp_path, progress=False)
    table = pd.read_csv(run / "scores.csv").set_index(["arm", "split", "measure"])
    pooled = "held-out stimulated, pooled"
    strata = "held-out stimulated, mean over trial counts"
    assert table.loc[("default", pooled, "auroc"), "value"] >= 0.74
    assert table.loc[("default", strata, "auroc"), "value"] >= 0.71
    default = table.loc[("default", pooled, "auroc"), "value"]
    assert default > table.loc[("null: rewire", pooled, "auroc"), "high"]
    assert table.loc[("baseline: number of trials alone", pooled, "auroc"), "value"] == (
        pytest.approx(0.661, abs=5e-4)
    )
    assert table.loc[("default", pooled, "prevalence"), "value"] == pytest.approx(1150 / 23901)
