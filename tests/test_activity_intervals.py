"""Which neurons are held out to calibrate intervals, and the intervals that come of it."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.studies.activity.intervals import activity_intervals, held_out_errors
from neuroloom.studies.activity.partition import divide, others_held_out
from neuroloom.studies.config import PredictConfig


def recorded(activity, names=None):
    names = np.array([f"n{i}" for i in range(activity.shape[2])]) if names is None else names
    return Recording(activity, np.array(names), kind="rate", dt=0.1)


def off_by(recording, off, spread=0.1):
    """Predictions of two members that differ by 2 x `spread` and err by `off`, neuron by neuron."""
    return (recording.activity + off)[..., None] + np.array([-1, 1]) * np.reshape(spread, (-1, 1))


def test_an_interval_is_as_wide_as_the_errors_of_the_other_held_out_neurons(rng):
    recording = recorded(rng.normal(size=(1, 100, 10)))
    partition = divide(recording, fraction=0.2, rng=rng)
    first, second = np.flatnonzero(partition.held_out)
    off = np.full(10, 0.3)
    off[[first, second]] = 0.5, -2.0
    found = activity_intervals(off_by(recording, off), partition, level=0.5)
    np.testing.assert_allclose(found.half_width[:, :, first], 2.0)
    np.testing.assert_allclose(found.half_width[:, :, second], 0.5)
    np.testing.assert_allclose(found.half_width[:, :, partition.observed], 2.0)
    assert found.coverage["nominal"] == 0.5
    assert found.coverage["interval_achieved"] == pytest.approx(0.5)
    assert found.coverage["n"] == 200
    assert found.coverage["n_neurons"] == 2


def test_intervals_of_neurons_never_recorded_follow_the_spread_of_their_own_members(rng):
    activity = rng.normal(size=(1, 60, 60))
    activity[:, :, 50:] = np.nan
    recording = recorded(activity)
    whole = divide(recording, fraction=0.2, rng=rng)
    spread = np.exp(rng.normal(size=60))
    spread[whole.observed] = 0.01
    off = np.where(rng.random(60) < 0.5, -1, 1) * spread
    off[whole.observed] = 0.01
    predicted = off_by(replace(recording, activity=np.nan_to_num(activity)), off, spread)
    found = activity_intervals(predicted, whole, level=0.8)
    unseen = found.half_width[0, 0, 50:]
    assert np.corrcoef(unseen, spread[50:])[0, 1] > 0.999
    times = (found.half_width[0, 0] / spread)[whole.held_out]
    assert times.max() < 1.5 * times.min()
    assert "in proportion to the spread" in found.sentences[0]
    assert found.coverage["interval_achieved"] >= 0.8
    levels = found.calibration["level"].tolist()
    assert levels == [0.5, 0.6, 0.7, 0.8, 0.9]  # of 10 neurons, 9 others: not enough for 0.95


def test_errors_of_a_neuron_and_its_homolog_never_enter_its_own_interval(rng):
    cells = ("ASH", "AVA", "RIM", "SMD", "AIB", "AVE", "RIA", "PVC", "AIY", "AIZ")
    recording = recorded(rng.normal(size=(1, 80, 20)), [c + side for c in cells for side in "LR"])
    partition = divide(recording, fraction=0.6, rng=rng)
    off = np.where(rng.random(20) < 0.5, -1, 1) * (0.5 + rng.random(20))
    predicted = off_by(recording, off)
    before = activity_intervals(predicted, partition, level=0.7)
    pair = np.flatnonzero(partition.held_out)[:2]
    assert recording.neuron_id[pair[0]][:-1] == recording.neuron_id[pair[1]][:-1]
    for one in pair:
        moved = recording.activity.copy()
        moved[:, :, one] += 100.0
        wild = replace(partition, recording=replace(recording, activity=moved))
        after = activity_intervals(predicted, wild, level=0.7)
        np.testing.assert_array_equal(after.half_width[..., pair], before.half_width[..., pair])
        assert (after.half_width != before.half_width).any()


def test_too_few_held_out_neurons_give_no_finite_interval_and_say_what_to_do(rng):
    recording = recorded(rng.normal(size=(1, 50, 20)))
    partition = divide(recording, fraction=0.2, rng=rng)
    found = activity_intervals(off_by(recording, 0.3), partition, level=0.9)
    assert np.isinf(found.half_width).all()
    assert "interval_achieved" not in found.coverage
    assert "needs 10 held-out neurons" in found.sentences[0]
    assert "there are 4. Record more" in found.sentences[0]
    assert found.calibration["level"].max() < 0.8


def test_errors_of_other_held_out_sets_count_too(rng):
    recording = recorded(rng.normal(size=(1, 50, 20)))
    partition = divide(recording, fraction=0.2, rng=rng)
    sets = others_held_out(partition, 9, rng=rng)
    predicted = off_by(recording, 0.3)
    others = [held_out_errors(predicted, one) for one in sets]
    found = activity_intervals(predicted, partition, others, level=0.9)
    np.testing.assert_allclose(found.half_width, 0.3)
    assert found.coverage["n_neurons"] == 20
    assert "by one of 5 ensembles" in found.sentences[0]


def test_every_neuron_is_held_out_in_one_set_at_most_and_never_from_its_homolog(rng):
    names = [f"{cell}{side}" for cell in ("ASH", "AVA", "RIM", "SMD", "AIB") for side in "LR"]
    activity = rng.normal(size=(1, 50, 11))
    activity[:, :, 10] = np.nan
    partition = divide(recorded(activity, [*names, "PVQ"]), fraction=0.2, rng=rng)
    sets = others_held_out(partition, 3, rng=rng)
    assert len(sets) == 3
    held_out = np.stack([partition.held_out, *(one.held_out for one in sets)])
    assert held_out.sum(axis=0).max() == 1
    assert not held_out[:, 10].any()
    np.testing.assert_array_equal(held_out[:, 0:10:2], held_out[:, 1:10:2])
    for one in sets:
        assert one.held_out.sum() == partition.held_out.sum()
        assert (one.observed[:10] == ~one.held_out[:10]).all()
        assert not one.training.observed[:, :, one.held_out].any()
        assert one.training.observed[:, :, partition.held_out].any()
    assert len(others_held_out(partition, 99, rng=rng)) == 4
    assert others_held_out(partition, 0, rng=rng) == []


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        ({"level": 90.0}, r"say 0\.9"),
        ({"n_calibrations": -1}, "scored held-out neurons alone"),
        ({"n_planned": -1}, "nothing is planned"),
    ],
)
def test_numbers_out_of_range_are_refused_with_a_way_out(number, way_out):
    with pytest.raises(InputError, match=way_out):
        PredictConfig(**number)
