"""WormWideWeb: two generations of JSON, the processed HDF5 and its flat twin."""

import json

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.recording import KeepSurest, read_recording, read_wormwideweb
from samples_recordings import (
    LABELS,
    N_FRAMES,
    SAMPLES,
    flat_worm,
    frames,
    grouped_worm,
    worm_hdf5,
    worm_traces,
    worm_twin,
)


def written(folder, document):
    path = folder / "worm.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def label(name, confidence=None):
    return {"label": name, "neuron_class": name} | (
        {} if confidence is None else {"confidence": confidence}
    )


@pytest.mark.parametrize("sample", ["flat", "grouped", "gzip"])
def test_traces_come_time_first_and_unnormalized(sample, tmp_path):
    recording = read_recording(SAMPLES[f"worm json, {sample}"](tmp_path))
    np.testing.assert_array_equal(recording.activity[0], worm_traces().T)
    assert recording.neuron_id.tolist() == ["AVAL", "unlabelled-2", "RIA?"]
    assert (recording.kind, recording.unit) == ("calcium", "ratio")
    assert recording.audit[0] == "read the trace `original` in ratio"


def test_hdf5_holds_the_same_worm_the_other_way_round(tmp_path):
    recording = read_recording(SAMPLES["worm hdf5"](tmp_path))
    np.testing.assert_array_equal(recording.activity[0], worm_traces().T)
    assert recording.neuron_id.tolist() == [f"unlabelled-{n}" for n in (1, 2, 3)]
    assert recording.behavior["reversal"][0].sum() == 4


def test_the_flat_twin_names_its_neurons_and_asks_which_trace(tmp_path):
    path = SAMPLES["worm hdf5, flat twin"](tmp_path)
    with pytest.raises(InputError, match="trace='F20'"):
        read_recording(path)
    recording = read_wormwideweb(path, trace="F20")
    traces = worm_traces().T
    expected = traces / np.percentile(traces, 20, axis=0)
    np.testing.assert_array_equal(recording.activity[0], expected)
    assert recording.neuron_id.tolist() == ["AVAL", "unlabelled-2", "RIA?"]
    assert recording.unit == "F/F20"


def test_the_zscored_trace_is_read_only_when_it_is_asked_for(tmp_path):
    recording = read_wormwideweb(written(tmp_path, flat_worm()), trace="zscored")
    np.testing.assert_allclose(recording.activity[0].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(recording.activity[0].std(axis=0), 1)
    assert "did not read trace_original" in recording.audit
    with pytest.raises(InputError, match="`trace` must be one of original, zscored, F20"):
        read_wormwideweb(written(tmp_path, flat_worm()), trace="z")


def test_the_interval_in_minutes_is_seconds_here(tmp_path):
    document = flat_worm()
    del document["timestamp_confocal"]
    recording = read_recording(written(tmp_path, document))
    assert recording.dt == pytest.approx(0.6)
    assert any("0.6 s apart, because there are no timestamps" in s for s in recording.audit)
    assert read_recording(written(tmp_path, flat_worm())).dt == pytest.approx(0.6)
    assert read_recording(written(tmp_path, flat_worm())).start == 5.0


@pytest.mark.parametrize("step", [0.6, 100.0])
def test_an_interval_in_another_unit_than_minutes_is_refused(step, tmp_path):
    with pytest.raises(InputError, match="one of the two is in another unit"):
        read_recording(written(tmp_path, flat_worm(avg_timestep=step)))


def test_a_break_of_the_clock_is_refused_and_each_stretch_can_be_read(tmp_path):
    time = frames()
    time[5:] += 60
    path = written(tmp_path, flat_worm(timestamp_confocal=time.tolist()))
    with pytest.raises(InputError, match=r"run without a break.*segment=.*0: 5 frames from 5 s"):
        read_recording(path)
    with pytest.raises(InputError, match="run without a break"):
        read_recording(path, resample=0.6)  # nothing is interpolated across a minute
    second = read_wormwideweb(path, segment=1)
    np.testing.assert_array_equal(second.activity[0], worm_traces().T[5:])
    assert second.start == pytest.approx(68.0)
    assert any("kept stretch 1 of 2, frames 6 to 12 of 12" in s for s in second.audit)
    assert second.stimuli == ()
    assert read_wormwideweb(path, segment=0).stimuli[0].name == "heat"
    with pytest.raises(InputError, match="`segment` must be 0 to 1"):
        read_wormwideweb(path, segment=2)


def test_ranges_without_timestamps_may_hide_a_break_and_are_refused(tmp_path):
    document = flat_worm(ranges=[[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])
    del document["timestamp_confocal"]
    with pytest.raises(InputError, match="session of 2 ranges must have timestamps"):
        read_recording(written(tmp_path, document))


def test_reversals_are_marked_in_the_frames_that_the_exporter_meant(tmp_path):
    vector = np.zeros(N_FRAMES, int)
    vector[2:4] = vector[7:9] = 1
    rise = np.diff(vector, append=0)  # as the exporter does, whose indices count from 1
    starts, stops = np.flatnonzero(rise == 1) + 1, np.flatnonzero(rise == -1) + 1
    pairs = np.stack([starts, stops], axis=1)
    for layout in (pairs, pairs.T, np.concatenate([starts, stops])[:, None]):
        path = written(tmp_path, flat_worm(reversal_events=layout.tolist()))
        recording = read_recording(path)
        np.testing.assert_array_equal(recording.behavior["reversal"][0], vector)
    odd = read_recording(written(tmp_path, flat_worm(reversal_events=[[9, 2], [4, 3]])))
    assert "reversal" not in odd.behavior
    assert any(s.startswith("did not read reversal_events") for s in odd.audit)


def test_behavior_has_its_units_and_events_their_times(tmp_path):
    recording = read_recording(written(tmp_path, flat_worm()))
    assert set(recording.behavior) == {
        *("velocity_mm_per_s", "head_curvature_rad", "pumping", "angular_velocity_rad_per_s"),
        *("body_curvature_rad", "reversal"),
    }
    (heat,) = recording.stimuli
    assert (heat.name, heat.onset) == ("heat", frames()[3])


def test_a_missing_value_is_null_and_becomes_nan(tmp_path):
    traces = worm_traces().tolist()
    traces[1][4] = None
    recording = read_recording(written(tmp_path, flat_worm(trace_original=traces)))
    assert np.argwhere(np.isnan(recording.activity[0])).tolist() == [[4, 1]]


def test_traces_turned_against_the_layout_are_turned_back_out_loud(tmp_path):
    path = written(tmp_path, flat_worm(trace_original=worm_traces().T.tolist()))
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.activity[0], worm_traces().T)
    assert any("took the traces as time by neuron" in s for s in recording.audit)


def test_two_neurons_with_one_label_are_refused_or_the_surest_keeps_it(tmp_path):
    labeled = {"1": label("AVAL", 2), "3": label("AVAL", 4.5)}
    path = written(tmp_path, flat_worm(labeled=labeled))
    with pytest.raises(InputError, match=r"`AVAL` to the rows 1, 3 .*KeepSurest"):
        read_recording(path)
    recording = read_wormwideweb(path, on_duplicate=KeepSurest())
    assert recording.neuron_id.tolist() == ["unlabelled-1", "unlabelled-2", "AVAL"]
    assert any("kept the label AVAL for the surest" in s for s in recording.audit)
    tied = written(tmp_path, flat_worm(labeled={"1": label("A", 3), "2": label("A", 3)}))
    with pytest.raises(InputError, match="One neuron must be surest"):
        read_wormwideweb(tied, on_duplicate=KeepSurest())
    rows = read_wormwideweb(path, labels=False)
    assert rows.neuron_id.tolist() == ["unlabelled-1", "unlabelled-2", "unlabelled-3"]


def test_neurons_of_an_unsettled_side_share_a_label_but_not_an_id(tmp_path):
    labeled = {"1": label("RIA?"), "3": label("RIA?")}
    recording = read_recording(written(tmp_path, flat_worm(labeled=labeled)))
    assert recording.neuron_id.tolist() == ["RIA?-1", "unlabelled-2", "RIA?-3"]
    assert any("kept the `?` of 2 neurons" in s for s in recording.audit)


def test_confidences_are_carried_in_words(tmp_path):
    recording = read_recording(written(tmp_path, grouped_worm()))
    assert any("AVAL 4.5, RIA? 2" in s for s in recording.audit)


def test_labels_keyed_by_segmented_regions_are_not_placed_on_traces(tmp_path):
    labeled = {"1": LABELS["1"], "180": LABELS["3"]}
    with pytest.raises(InputError, match=r"180 \(1 of 2 beyond\).*labels=False"):
        read_recording(written(tmp_path, grouped_worm(label=labeled)))


BROKEN = {
    "not an object": ("[1, 2]", "header|line"),
    "cut off": (json.dumps(flat_worm())[:-40], "Copy or export it again"),
    "nested too deep": ('{"trace_array": ' + "[" * 100_000, "Copy or export it again"),
    "with a key twice": ('{"uid": 1, "uid": 2}', "`uid` occurs 2 times"),
    "without a trace": ({"uid": "x"}, "must hold a trace"),
    "with rows of unequal length": (flat_worm(trace_original=[[1, 2], [3]]), "export it again"),
    "of text": (flat_worm(trace_original=[["1", "2"]] * 3), "must be numbers"),
    "of one axis": (flat_worm(trace_original=[1.0, 2.0]), "must have 2 axes"),
    "of nothing": (flat_worm(trace_original=[]), "one value a frame"),
    "with a neuron too few": (flat_worm(num_neurons=4), "one trace a neuron"),
    "with short behavior": (
        flat_worm(velocity=[1.0]),
        "one value a frame, 12; `velocity_mm_per_s`",
    ),
    "with times too few": (flat_worm(timestamp_confocal=[1.0, 2.0]), "one value a frame"),
    "with time going back": (
        flat_worm(timestamp_confocal=frames()[::-1].tolist()),
        "Sort the samples",
    ),
    "with an infinite interval": (
        json.dumps(flat_worm()).replace("0.01,", "1e999,"),
        "in another unit",
    ),
    "with labels of no text": (flat_worm(labeled={"1": {"label": 3}}), "labels=False"),
    "with labels in a list": (flat_worm(labeled=[1]), "Labels must be an object"),
    "with a huge number": ('{"max_t": ' + "9" * 5000 + "}", "Copy or export it again"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_json_is_answered_in_three_parts(fault, tmp_path):
    document, instruction = BROKEN[fault]
    with pytest.raises(InputError, match=f"(?s){instruction}") as caught:
        read_recording(written(tmp_path, document), kind="calcium")
    assert "must" in str(caught.value)
    assert str(caught.value).count(";") >= 1


def test_broken_hdf5_of_a_worm_is_refused(tmp_path):
    with pytest.raises(InputError, match="one value a frame"):
        read_recording(worm_hdf5(tmp_path / "a.h5", **{"timing/timestamp_confocal": frames()[:5]}))
    path = worm_hdf5(tmp_path / "b.h5", **{"timing/timestamp_confocal": None})
    with pytest.raises(InputError, match="must have a clock"):
        read_recording(path)
    names = np.array(["AVAL", "AVAL", "x"], dtype=object)
    with pytest.raises(InputError, match="`AVAL` to the rows 1, 2"):
        read_wormwideweb(worm_twin(tmp_path / "c.h5", neuropal_label=names), trace="F20")
