from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloom.errors import InputError
from neuroloom.recording import Recording, Stimulus
from recordings import assert_same, parts


def small(**options):
    defaults = {
        "activity": np.arange(24.0).reshape(2, 4, 3),
        "neuron_id": np.array(["a", "b", "c"]),
        "kind": "rate",
        "dt": 0.5,
        "start": 1.0,
    }
    return Recording(**defaults | options)


def test_a_recording_knows_its_sizes_and_times():
    recording = small()
    assert (recording.n_trials, recording.n_steps, recording.n_neurons) == (2, 4, 3)
    assert recording.time.tolist() == [1.0, 1.5, 2.0, 2.5]
    assert "2 trials x 4 steps of 0.5 s x 3 neurons, rate; 24 of 24" in repr(recording)


def test_a_recording_cannot_be_changed_and_does_not_change_its_arguments():
    values = np.arange(24.0).reshape(2, 4, 3)
    recording = small(activity=values)
    values[:] = -1
    assert recording.activity[0, 0, 1] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        recording.activity[0] = 0
    with pytest.raises(TypeError):
        recording.trials["animal"] = np.zeros(2)
    with pytest.raises(AttributeError):
        recording.dt = 1.0


def test_missing_samples_are_not_observed():
    values = np.zeros((1, 2, 2))
    values[0, 1, 0] = np.nan
    recording = small(activity=values, neuron_id=np.array([1, 2]))
    assert recording.observed.tolist() == [[[True, True], [False, True]]]


def test_ids_of_18_digits_survive():
    ids = np.array([720575940621039145, 720575940621039146, 2**62 + 1])
    recording = small(neuron_id=ids)
    assert recording.neuron_id.tolist() == ids.tolist()
    assert recording.select(neurons=ids == ids[1]).neuron_id.tolist() == [720575940621039146]
    assert Recording.from_xarray(recording.to_xarray()).neuron_id.tolist() == ids.tolist()


@given(parts(), st.data())
def test_selecting_is_indexing_every_part(arguments, data):
    recording = Recording(**arguments)

    def mask(n):
        return np.array(
            data.draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda m: any(m)))
        )

    t, n = mask(recording.n_trials), mask(recording.n_neurons)
    part = recording.select(trials=t, neurons=n)
    np.testing.assert_array_equal(part.activity, recording.activity[t][:, :, n])
    np.testing.assert_array_equal(part.annotations["q"], recording.annotations["q"][t][:, :, n])
    np.testing.assert_array_equal(part.trials["animal"], recording.trials["animal"][t])
    np.testing.assert_array_equal(part.behavior["speed"], recording.behavior["speed"][t])
    assert part.neuron_id.tolist() == recording.neuron_id[n].tolist()
    kept = [s for s in recording.stimuli if t[s.trial]]
    assert [s.onset for s in part.stimuli] == [s.onset for s in kept]
    for new, old in zip(part.stimuli, kept, strict=True):
        assert part.trials["n"][new.trial] == recording.trials["n"][old.trial]


def test_a_selected_block_of_time_keeps_its_clock():
    part = small().select(time=np.array([False, True, True, False]))
    assert part.time.tolist() == [1.5, 2.0]
    assert part.activity[1, 0].tolist() == [15, 16, 17]
    assert part.audit == (
        "kept 2 of 2 trials, 2 of 4 steps and 3 of 3 neurons, because only those were selected",
    )


@given(parts())
def test_nothing_is_lost_to_xarray_and_back(arguments):
    recording = Recording(**arguments)
    assert_same(recording, Recording.from_xarray(recording.to_xarray()))


def test_a_dataset_made_by_hand_needs_little():
    import xarray as xr

    dataset = xr.Dataset(
        {"activity": (("neuron", "time"), [[1, 2, 3], [4, 5, 6]]), "weather": ((), 1)},
        coords={"time": [0.0, 0.5, 1.0], "neuron": ["a", "b"]},
        attrs={"kind": "rate"},
    )
    recording = Recording.from_xarray(dataset)
    assert recording.activity.tolist() == [[[1, 4], [2, 5], [3, 6]]]
    assert recording.dt == 0.5
    assert recording.audit == ("did not read the variables weather",)


def hole():
    return np.array([True, False, True, True])


@pytest.mark.parametrize(
    ("act", "instruction"),
    [
        (lambda: small(activity=np.zeros((4, 3))), r"Add `\[None\]`"),
        (lambda: small(activity=np.zeros((2, 3, 4))), "transpose if time comes last"),
        (lambda: small(activity=np.full((2, 4, 3), np.inf)), r"got inf at \(0, 0, 0\) \(24 such"),
        (lambda: small(activity=np.zeros((2, 4, 3), complex)), "must be real numbers"),
        (lambda: small(activity=np.full((2, 4, 3), None)), "write NaN where"),
        (lambda: small(activity=np.zeros((0, 4, 3))), "Check that the file"),
        (lambda: small(activity=np.full((2, 4, 3), 2**60)), "look like ids"),
        (lambda: small(activity=np.ma.zeros((2, 4, 3))), "filled"),
        (lambda: small(neuron_id=np.array([1.0, 2.0, 3.0])), "read ids as int64"),
        (lambda: small(neuron_id=np.array(["a", "a", "c"])), "Rename or merge"),
        (lambda: small(neuron_id=np.array(["a", " ", "c"])), "Name every neuron"),
        (lambda: small(kind="calcum"), "Did you mean `calcium`"),
        (lambda: small(kind="response"), "For activity over time use"),
        (lambda: small(kind="spike_count", activity=np.full((2, 4, 3), 0.5)), "say `kind='rate'`"),
        (lambda: small(dt=None), "sampling interval"),
        (lambda: small(dt=-1.0), "sampling interval"),
        (lambda: small(start=np.nan), "Use 0"),
        (lambda: small(inputs=np.zeros((2, 4, 1))), "Name every channel"),
        (lambda: small(input_name=("a",)), "Give both or neither"),
        (lambda: small(inputs=np.zeros((2, 3, 1)), input_name=("a",)), "The axes are"),
        (lambda: small(inputs=np.full((2, 4, 1), np.nan), input_name=("a",)), "`behavior`"),
        (lambda: small(behavior={"x": np.zeros((4, 2))}), "must have the shape"),
        (lambda: small(trials={"x": np.zeros(3)}), "Give every trial an entry"),
        (lambda: small(annotations={"q": np.zeros((2, 3))}), "must have the shape"),
        (lambda: small(n_observations=np.zeros((2, 4, 3))), "Use 0 where nothing"),
        (lambda: small(n_observations=np.full((2, 4, 3), -1)), "24 below 0"),
        (lambda: small(stimuli=(Stimulus(2, 0.0),)), "Count trials from 0"),
        (lambda: Stimulus(0, 0.0, -1.0), "Leave the event out"),
        (lambda: small().select(neurons=np.array([True])), "numpy.isin"),
        (lambda: small().select(neurons=np.zeros(3, bool)), "Check the ids or the split"),
        (lambda: small().select(time=hole()), "Select each block by itself"),
        (lambda: small().column("animal"), "Add it with"),
        (lambda: Recording.from_xarray(small().to_xarray().drop_vars("activity")), "Rename the"),
        (lambda: Recording.from_xarray(small().to_xarray().drop_vars("neuron")), "Assign it"),
        (lambda: Recording.from_xarray(small().to_xarray().drop_attrs()), "Set it to `rate`"),
        (
            lambda: Recording.from_xarray(small().to_xarray().assign_attrs(start=3.0)),
            "Remove one of the two",
        ),
        (
            lambda: Recording.from_xarray(small().to_xarray().rename(time="frame")),
            "only `trial` may be absent",
        ),
    ],
)
def test_what_is_no_recording_says_what_to_do(act, instruction):
    with pytest.raises(InputError, match=instruction):
        act()


def test_a_replaced_part_is_checked_again():
    with pytest.raises(InputError, match="finite"):
        replace(small(), activity=np.full((2, 4, 3), -np.inf))
