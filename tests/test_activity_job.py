"""The job on a user's own files: held-out neurons over time, and what is said of them.

All outcomes but two come from one teacher of one size, so that the fit is compiled once.
"""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from make_activity_files import Teacher, connectome_of, recording_of, write_files
from neuroloom.connectome.nulls import rewire
from neuroloom.connectome.read import read_connectome
from neuroloom.errors import InputError, SimulationError, StudyError
from neuroloom.recording import read_recording
from neuroloom.studies.activity.choices import share, sign
from neuroloom.studies.activity.ensemble import Ensemble, predict_with_fit
from neuroloom.studies.activity.job import predict_activity
from neuroloom.studies.activity.partition import divide
from neuroloom.studies.activity.scoring import HELD_OUT, OBSERVED
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.placement import Placed, place

TEACHER = Teacher()
CONFIG = PredictConfig(n_members=2, n_null_draws=1, nulls=("rewire",), n_steps=200, n_resamples=50)


@pytest.fixture(scope="module")
def placed():
    connectome = connectome_of(TEACHER)
    return place(connectome, recording_of(TEACHER, connectome))


@pytest.fixture(scope="module")
def outcome(placed):
    return predict_activity(placed, CONFIG, progress=False)


def value(outcome, arm, split, measure):
    return outcome.scores.set_index(["arm", "split", "measure"])["value"][arm, split, measure]


def held_out_neurons(outcome):
    return outcome.predictions["held_out"].to_numpy().any(axis=(0, 1))


def test_held_out_neurons_of_a_teacher_with_known_wiring_are_identified(outcome):
    assert outcome.answer.startswith("Identified")
    assert "is identified by an ensemble of 2" in outcome.answer
    assert value(outcome, "default", HELD_OUT, "correlation") > 0.9
    assert value(outcome, "default", HELD_OUT, "identity_r2") > 0.9
    for arm in set(outcome.scores["arm"]):
        if arm.startswith(("null: ", "baseline: ")) and "own" not in arm and "ridge" not in arm:
            assert value(outcome, arm, HELD_OUT, "identity_r2_median") < 0.5, arm


def test_the_plan_of_a_fit_that_explains_nothing_says_so(placed, outcome):
    poor = predict_activity(placed, replace(CONFIG, n_steps=1), progress=False)
    assert poor.answer.startswith("Not explained")
    assert any("take the order as a hint" in sentence for sentence in poor.methods)
    assert not any("take the order as a hint" in sentence for sentence in outcome.methods)


def test_every_arm_is_scored_on_the_same_entries_and_own_past_only_where_it_exists(outcome):
    counts = outcome.scores[~outcome.scores["arm"].str.startswith("null")]
    assert set(counts[counts["split"] == HELD_OUT]["n"]) == {8}
    assert set(counts[counts["split"] == OBSERVED]["n"]) == {32}
    own = outcome.scores[outcome.scores["arm"].str.contains("own")]
    assert set(own["split"]) == {OBSERVED}
    assert outcome.scores[["value", "low", "high"]].notna().all().all()


def test_the_outcome_follows_the_contract_of_a_run_folder(outcome):
    predictions = outcome.predictions
    assert predictions["predicted"].dims == ("trial", "time", "neuron", "member")
    assert predictions["baseline_score"].dims == ("baseline", "trial", "time", "neuron")
    assert "null: rewire" in predictions["baseline"].to_numpy()
    assert np.isfinite(predictions["predicted"]).all()
    assert (predictions["low"] < predictions["high"]).all()
    assert predictions.attrs == {"unit": "Hz", "kind": "rate"}
    held_out = set(predictions["neuron"].to_numpy()[held_out_neurons(outcome)])
    roles = outcome.neurons.groupby("role")["neuron"].agg(set)
    assert roles["held-out"] == held_out
    assert roles["observed"].isdisjoint(held_out)
    assert outcome.coverage["nominal"] == 0.9
    assert 0.85 < outcome.coverage["interval_achieved"] < 0.97
    assert outcome.coverage["n_neurons"] == 40  # each of them held out once
    assert outcome.tables["coverage"]["level"].tolist() == [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    assert "no rule was needed" in " ".join(outcome.methods)
    assert set(outcome.tables) == {"coverage"}
    assert "every neuron of the connectome is recorded" in " ".join(outcome.methods)


def test_held_out_activity_never_influences_a_prediction(placed, outcome, rng):
    wild = placed.recording.activity.copy()
    neurons = held_out_neurons(outcome)
    wild[:, :, neurons] = 1e3 * rng.random(wild[:, :, neurons].shape) + 50
    recording = replace(placed.recording, activity=wild)
    changed = predict_activity(replace(placed, recording=recording), CONFIG, progress=False)
    for name in ("predicted", "baseline_score", "held_out"):
        np.testing.assert_array_equal(changed.predictions[name], outcome.predictions[name])
    assert value(changed, "default", HELD_OUT, "mse") > 1e4
    assert value(changed, "default", OBSERVED, "mse") == value(outcome, "default", OBSERVED, "mse")


def test_activity_of_the_unseen_time_never_influences_the_fit(placed, rng):
    wild = placed.recording.activity.copy()
    wild[:, 480:] *= 3
    partitions = [
        divide(r, fraction=0.2, rng=np.random.default_rng(0))
        for r in (placed.recording, replace(placed.recording, activity=wild))
    ]
    np.testing.assert_array_equal(*(p.training.activity for p in partitions))


def test_with_the_wrong_wiring_held_out_neurons_are_not_identified(placed):
    wrong = rewire(placed.connectome, rng=np.random.default_rng(5))
    outcome = predict_activity(replace(placed, connectome=wrong), CONFIG, progress=False)
    assert outcome.answer.startswith("Not ")
    assert "Their activity over time is not " in outcome.answer
    assert value(outcome, "default", HELD_OUT, "identity_r2_median") < 0.5


def test_few_recorded_neurons_of_free_parameters_explain_themselves_and_no_other(placed):
    few = np.zeros(40, bool)
    few[::4] = True
    activity = np.where(few, placed.recording.activity, np.nan)
    recording = replace(placed.recording, activity=activity)
    config = replace(CONFIG, sharing="neuron", n_null_draws=0, held_out=0.4)
    outcome = predict_activity(replace(placed, recording=recording), config, progress=False)
    assert outcome.answer.startswith("Not identified")
    assert value(outcome, "default", OBSERVED, "identity_r2_median") > 0.3


def test_a_killed_run_carries_on_to_the_same_numbers(placed, outcome, tmp_path):
    whole = predict_activity(placed, CONFIG, cells=tmp_path, progress=False)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert [name.rsplit(".")[-1] for name in kept] == ["eqx", *["npz"] * 6]
    next(tmp_path.glob("null*.npz")).unlink()
    next(tmp_path.glob("default*-2.npz")).unlink()
    again = predict_activity(placed, CONFIG, cells=tmp_path, progress=False)
    for resumed in (whole, again):
        pd.testing.assert_frame_equal(resumed.scores, outcome.scores, check_exact=True)
        np.testing.assert_array_equal(
            resumed.predictions["predicted"], outcome.predictions["predicted"]
        )
        np.testing.assert_array_equal(resumed.predictions["high"], outcome.predictions["high"])
        assert eqx.tree_equal(resumed.fits["fit"].parameters, outcome.fits["fit"].parameters)


def test_a_damaged_kept_result_is_named_with_the_way_out(placed, outcome, tmp_path):
    predict_activity(placed, CONFIG, cells=tmp_path, progress=False)
    path = next(tmp_path.glob("null*.npz"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StudyError, match=rf"{path.name}.*Remove that file"):
        predict_activity(placed, CONFIG, cells=tmp_path, progress=False)


def test_gaps_in_the_recording_change_little(placed, outcome, rng):
    activity = placed.recording.activity.copy()
    for neuron in range(40):
        start = rng.integers(0, 550)
        activity[:, start : start + 40, neuron] = np.nan
    activity[:, :, 7] = np.nan
    recording = replace(placed.recording, activity=activity)
    gappy = predict_activity(replace(placed, recording=recording), CONFIG, progress=False)
    assert np.isfinite(gappy.predictions["predicted"]).all()
    assert gappy.answer.startswith("Identified")
    assert str(placed.connectome.neuron_id[7]) not in set(gappy.neurons["neuron"])


def test_a_member_that_diverges_while_predicting_is_named_and_left_out(placed, outcome):
    partition = divide(placed.recording, fraction=0.2, rng=np.random.default_rng(0))
    fitted = outcome.fits["fit"]
    poison = jnp.array([jnp.nan, 1.0])
    broken = jax.tree.map(lambda p: jax.vmap(jnp.multiply)(p, poison), fitted.parameters)
    prediction = predict_with_fit(replace(fitted, parameters=broken), partition.visible)
    assert prediction.notes == ("member 0 diverged while predicting and was left out",)
    assert prediction.effect.shape[-1] == 1
    assert np.isfinite(prediction.effect).all()
    nothing = jax.tree.map(lambda p: p * jnp.nan, fitted.parameters)
    with pytest.raises(SimulationError, match="--resample"):
        predict_with_fit(replace(fitted, parameters=nothing), partition.visible)


@pytest.mark.slow
def test_a_member_that_diverges_while_fitted_is_named_and_left_out(placed):
    partition = divide(placed.recording, fraction=0.2, rng=np.random.default_rng(0))
    wiring, groups = sign(placed.connectome, "dropped"), share(placed.connectome, "global")
    some = Ensemble(groups, n_members=4, n_steps=25, learning_rate=30.0)
    fitted = some.fit(wiring, partition.training, rng=np.random.default_rng(0))
    prediction = predict_with_fit(fitted, partition.visible)
    lost = [note for note in prediction.notes if "diverged" in note]
    assert 0 < len(lost) < 4
    assert all(note.startswith("member ") for note in lost)
    assert prediction.effect.shape[-1] == 4 - len(lost)
    assert np.isfinite(prediction.effect).all()


def test_a_response_and_an_unknown_null_are_refused_with_a_way_out(placed):
    response = replace(
        placed.recording,
        activity=placed.recording.activity[:, :1],
        kind="response",
        dt=None,
        inputs=None,
        input_name=(),
    )
    with pytest.raises(InputError, match="stimulated neurons held out"):
        predict_activity(replace(placed, recording=response), CONFIG, progress=False)
    with pytest.raises(InputError, match="Did you mean `rewire`"):
        predict_activity(placed, replace(CONFIG, nulls=("rewird",)), progress=False)


def test_the_files_of_a_teacher_hold_what_was_made(tmp_path):
    pytest.importorskip("pynwb", reason="the extra `nwb` is not installed")
    write_files(tmp_path, TEACHER)
    connectome = read_connectome(tmp_path / "edges.csv", neurons=tmp_path / "neurons.csv")
    made = connectome_of(TEACHER)
    recording = read_recording(tmp_path / "rec.nwb")
    assert connectome.neuron_id.tolist() == made.neuron_id.tolist()
    assert connectome.n_connections == made.n_connections
    activity = recording_of(TEACHER, made, inputs=False).activity
    np.testing.assert_allclose(recording.activity, activity)
    laid: Placed = place(connectome, recording)
    assert laid.recording.neuron_id.tolist() == made.neuron_id.tolist()
