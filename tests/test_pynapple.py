"""pynapple objects in and out; its own counts are the oracle."""

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.recording import Recording, from_pynapple, to_pynapple

nap = pytest.importorskip("pynapple", reason="pynapple, of the extra `nwb`, is not installed")
EPOCHS = nap.IntervalSet([0.0, 3.0], [1.2, 4.6])


def frame(**options):
    values = np.arange(20.0).reshape(10, 2)
    return nap.TsdFrame(t=np.arange(10) / 2, d=values, columns=["a", "b"], **options)


def spikes(support):
    times = {3: [0.1, 0.2, 1.0, 3.05], 720575940621039145: [0.5, 4.4]}
    group = {key: nap.Ts(np.array(t), time_support=support) for key, t in times.items()}
    return nap.TsGroup(group, time_support=support)


def test_a_frame_is_time_by_neuron():
    recording = from_pynapple(frame(), kind="rate", unit="Hz")
    np.testing.assert_array_equal(recording.activity[0], np.arange(20.0).reshape(10, 2))
    assert recording.neuron_id.tolist() == ["a", "b"]
    assert (recording.dt, recording.start, recording.unit) == (0.5, 0.0, "Hz")


def test_between_epochs_nothing_was_observed():
    recording = from_pynapple(frame(time_support=EPOCHS), kind="rate")
    expected = [0, 2, 4, np.nan, np.nan, np.nan, 12, 14, 16, 18]
    np.testing.assert_array_equal(recording.activity[0, :, 0], expected)
    assert "3 of 10 steps are NaN" in recording.audit[-1]


def test_epochs_become_trials_if_they_are_asked_to():
    recording = from_pynapple(frame(time_support=EPOCHS), kind="rate", trials=True)
    np.testing.assert_array_equal(recording.activity[..., 0], [[0, 2, 4, np.nan], [12, 14, 16, 18]])
    assert recording.trials["start_time"].tolist() == [0.0, 3.0]


def test_spikes_are_counted_as_pynapple_counts_them():
    support = nap.IntervalSet(0.0, 5.0)
    recording = from_pynapple(spikes(support), dt=0.25)
    counts = spikes(support).count(0.25)
    np.testing.assert_array_equal(recording.activity[0], counts.values)
    assert recording.neuron_id.tolist() == [3, 720575940621039145]
    assert recording.kind == "spike_count"


def test_bins_that_are_not_inside_an_epoch_are_missing():
    recording = from_pynapple(spikes(EPOCHS), dt=0.4)
    left = 0.4 * np.arange(12)
    inside = (left + 0.4 <= 1.2 + 1e-9) | ((left >= 3.0 - 1e-9) & (left + 0.4 <= 4.6 + 0.21))
    np.testing.assert_array_equal(recording.observed[0, :, 0], inside)
    trials = from_pynapple(spikes(EPOCHS), dt=0.4, trials=True)
    np.testing.assert_array_equal(trials.activity[0, :, 0], [2, 0, 1, np.nan])
    np.testing.assert_array_equal(trials.activity[1, :, 1], [0, 0, 0, 1])


def test_a_recording_goes_to_a_frame_and_back():
    values = np.random.default_rng(0).normal(size=(1, 6, 2))
    values[0, 3, 1] = np.nan
    ids = np.array([720575940621039145, 7])
    recording = Recording(values, ids, kind="rate", dt=0.1, start=2.0)
    there = to_pynapple(recording)
    assert type(there).__name__ == "TsdFrame"
    np.testing.assert_allclose(there.index, 2 + 0.1 * np.arange(6))
    back = from_pynapple(there, kind="rate")
    np.testing.assert_array_equal(back.activity, values)
    assert back.neuron_id.tolist() == ids.tolist()
    assert back.dt == pytest.approx(0.1)


def test_what_does_not_fit_is_refused_in_words():
    tensor = nap.TsdTensor(t=np.arange(3), d=np.zeros((3, 2, 2)))
    with pytest.raises(InputError, match=r"got TsdTensor. Take the columns"):
        from_pynapple(tensor, kind="rate")
    with pytest.raises(InputError, match="Pass `kind=`"):
        from_pynapple(frame())
    with pytest.raises(InputError, match="Pass `dt=`"):
        from_pynapple(spikes(EPOCHS))
    with pytest.raises(InputError, match="Choose a narrower `dt`"):
        from_pynapple(spikes(EPOCHS), dt=1.5, trials=True)
    uneven = nap.TsdFrame(t=np.array([0, 1, 3.0]), d=np.zeros((3, 1)), columns=["a"])
    with pytest.raises(InputError, match="evenly spaced"):
        from_pynapple(uneven, kind="rate")
    off = nap.TsdFrame(
        t=np.array([0, 1, 2, 5.3, 6.3]),
        d=np.zeros((5, 1)),
        columns=["a"],
        time_support=nap.IntervalSet([0, 5.0], [2.5, 6.5]),
    )
    with pytest.raises(InputError, match="Pass `trials=True`"):
        from_pynapple(off, kind="rate")
    two = Recording(np.zeros((2, 3, 1)), np.array(["a"]), kind="rate", dt=1.0)
    with pytest.raises(InputError, match="Select one trial"):
        to_pynapple(two)
