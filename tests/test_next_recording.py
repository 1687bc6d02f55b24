"""Which neurons a run on activity says to record next, and what that rests on."""

from dataclasses import replace

import numpy as np
import pytest

from make_activity_files import Teacher, connectome_of, recording_of
from neuroloom.studies.activity.choices import share, sign
from neuroloom.studies.activity.ensemble import Ensemble, predict_with_fit
from neuroloom.studies.activity.next_recording import PLAN_COLUMNS, plan_next
from neuroloom.studies.activity.partition import divide

TEACHER = Teacher()  # types T0 to T4, 8 neurons each
RECORDED = np.arange(40) < 24  # nobody of T3 and T4


@pytest.fixture(scope="module")
def fitted():
    connectome = connectome_of(TEACHER)
    whole = recording_of(TEACHER, connectome)
    recording = replace(whole, activity=np.where(RECORDED, whole.activity, np.nan))
    partition = divide(recording, fraction=0.2, rng=np.random.default_rng(0))
    groups = share(connectome, "cell_type")
    ensemble = Ensemble(groups, n_members=2, n_steps=100)
    rng = np.random.default_rng(1)
    fit = ensemble.fit(sign(connectome, "transmitter"), partition.training, rng=rng)
    return fit, predict_with_fit(fit, partition.visible).effect, partition, connectome


def planned(fitted, n=3, partition=None):
    fit, predicted, own, _ = fitted
    rng = np.random.default_rng(2)
    return plan_next(fit, predicted, partition or own, n, rng=rng)


def test_neurons_of_the_types_that_nobody_recorded_come_first(fitted):
    table = planned(fitted).table
    connectome = fitted[3]
    names = connectome.neuron_id.astype(str).tolist()
    types = [connectome.column("cell_type")[names.index(name)] for name in table["neuron"]]
    assert set(types[:2]) == {"T3", "T4"}


def test_the_plan_is_beside_random_and_worst_in_the_unit_of_the_recording(fitted):
    table, sentences = planned(fitted, n=4)
    assert table.columns.tolist() == PLAN_COLUMNS
    assert table["order"].tolist() == [1, 2, 3, 4]
    assert (table["error_after"] <= table["error_before"]).all()
    np.testing.assert_array_equal(table["error_before"][1:], table["error_after"][:-1])
    assert (table["random_low"] <= table["random_after"]).all()
    assert (table["random_after"] <= table["random_high"]).all()
    assert (table["error_after"] < table["random_after"]).all()
    assert (table["random_after"] <= table["worst_after"]).all()
    assert sentences[0].startswith("record next: " + ", ".join(table["neuron"]) + ";")
    assert "16 neurons not recorded" in sentences[0]
    assert " Hz " in sentences[0]


def test_no_recorded_neuron_is_planned_and_no_more_than_there_are(fitted):
    table = planned(fitted, n=99).table
    connectome = fitted[3]
    left = set(connectome.neuron_id[~RECORDED].astype(str))
    assert set(table["neuron"]) == left
    assert len(table) == 16
    assert table["error_after"].iloc[-1] == 0.0


def test_what_held_out_neurons_did_changes_no_plan_but_how_far_it_is_trusted(fitted):
    partition = fitted[2]
    wild = np.where(partition.held_out, 10 + 3 * partition.recording.activity, 0.0)
    activity = np.where(partition.held_out, wild, partition.recording.activity)
    changed = replace(partition, recording=replace(partition.recording, activity=activity))
    before, after = planned(fitted), planned(fitted, partition=changed)
    assert before.table.equals(after.table)
    assert before.sentences[0] == after.sentences[0]
    assert before.sentences[1] != after.sentences[1]


def test_where_all_neurons_are_recorded_there_is_no_plan(fitted):
    fit, predicted, partition, _ = fitted
    recording = replace(partition.recording, activity=predicted.mean(axis=-1))
    everyone = replace(partition, recording=recording)
    found = plan_next(fit, predicted, everyone, 3, rng=np.random.default_rng(0))
    assert not len(found.table)
    assert "every neuron of the connectome is recorded" in found.sentences[0]
