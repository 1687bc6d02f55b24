"""Behavior and trials out of NWB, and what we write into it, held against pynwb."""

from datetime import datetime

import h5py
import numpy as np
import pytest
from hypothesis import given, settings

from neuroloom.errors import InputError
from neuroloom.recording import (
    Linear,
    Nearest,
    Recording,
    read_connectivity,
    read_nwb,
    read_recording,
    write_connectivity,
    write_nwb,
)
from recordings import assert_same, parts
from samples_recordings import CONNECTIVITY, SESSION, nwb_session, plain, recording

pynwb = pytest.importorskip("pynwb", reason="the extra `nwb` is not installed")


def test_behavior_is_left_out_in_words_unless_a_rule_is_given(tmp_path):
    found = read_nwb(nwb_session(tmp_path / "r.nwb", units=False))
    assert found.behavior == {}
    assert "did not read the behavior place, speed, lick" in found.audit[-1]
    assert "Private" not in repr(found.to_xarray())


def test_behavior_comes_onto_the_clock_by_straight_lines(tmp_path):
    found = read_nwb(nwb_session(tmp_path / "r.nwb", units=False), behavior=Linear())
    time = np.arange(17) / 4
    np.testing.assert_allclose(
        found.behavior["speed_cm_per_s"][0], np.interp(time, np.arange(21) / 5, np.arange(21))
    )
    np.testing.assert_allclose(found.behavior["place_0_meters"][0], 2 * time)
    np.testing.assert_allclose(found.behavior["place_1_meters"][0], -2 * time)
    assert found.behavior["lick_events"][0].tolist() == [0, 2, *[0] * 6, 1, *[0] * 8]
    assert any("put speed (21 samples)" in s and "linear" in s for s in found.audit)


def test_the_nearest_sample_is_never_a_mixture(tmp_path):
    found = read_nwb(nwb_session(tmp_path / "r.nwb", units=False), behavior=Nearest(("speed",)))
    assert set(found.behavior) == {"speed_cm_per_s"}
    expected = np.ceil(5 * np.arange(17) / 4 - 0.5)  # halfway, the earlier
    np.testing.assert_array_equal(found.behavior["speed_cm_per_s"][0], expected)
    with pytest.raises(InputError, match="Did you mean `speed`"):
        read_nwb(tmp_path / "r.nwb", behavior=Linear(("sped",)))


def test_behavior_outside_its_samples_or_in_a_gap_is_missing(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=False)
    with h5py.File(path, "r+") as file:
        place = file["processing/behavior/Position/place"]
        del place["timestamps"]
        place["timestamps"] = np.array([1.0, 1.1, 1.2, 1.3, 1.4, 3.0, 3.1, 3.2, 3.3])
    found = read_nwb(path, behavior=Linear(("place",))).behavior["place_0_meters"][0]
    seen = [n for n, t in enumerate(np.arange(17) / 4) if 1 <= t <= 1.4 or 3 <= t <= 3.3]
    assert np.flatnonzero(~np.isnan(found)).tolist() == seen


def add_behavior(path, **data):
    """Further series, ten samples a second."""
    with h5py.File(path, "r+") as file:
        for name, values in data.items():
            group = file.create_group(f"processing/behavior/{name}")
            group.attrs["neurodata_type"] = "TimeSeries"
            group["data"] = values
            group["timestamps"] = np.arange(len(values)) / 10


def test_behavior_that_is_no_numbers_does_not_keep_the_rest_from_being_read(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=False)
    runs = np.arange(41) % 4 == 0
    add_behavior(path, notes=["a", "b"], pose=np.zeros((41, 3, 2)), runs=runs)
    found = read_nwb(path, behavior=Linear())
    assert "speed_cm_per_s" in found.behavior
    for said in ("notes, which holds no numbers", "pose, which has 3 axes", "runs, which is true"):
        assert any(f"did not read {said}" in sentence for sentence in found.audit)
    near = read_nwb(path, behavior=Nearest(("runs",))).behavior["runs"][0]
    at = np.ceil(10 * np.arange(17) / 4 - 0.5).astype(int)  # halfway, the earlier
    np.testing.assert_array_equal(near, runs[at])
    with pytest.raises(InputError, match=r"`notes` of .* holds no numbers. Leave it out of"):
        read_nwb(path, behavior=Linear(("notes",)))


def test_times_of_behavior_that_do_not_rise_are_refused_by_the_series_name(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=False)
    with h5py.File(path, "r+") as file:
        file["processing/behavior/Position/place/timestamps"][3] = 0
    with pytest.raises(InputError, match=r"`place` of .*must rise.*Linear\(\('speed', 'lick'"):
        read_nwb(path, behavior=Linear())


def test_an_angle_is_not_interpolated_across_its_wrap(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=False)
    with h5py.File(path, "r+") as file:
        speed = file["processing/behavior/BehavioralTimeSeries/speed"]
        speed["data"][:] = np.arange(21.0) % 6.28
        speed["data"].attrs["unit"] = "radians"
    with pytest.raises(InputError, match=r"jumps by more than half a turn 3 times.*Nearest\(\)"):
        read_nwb(path, behavior=Linear())
    assert "speed_radians" in read_nwb(path, behavior=Nearest()).behavior


def test_a_series_is_cut_into_trials_aligned_at_their_start(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=False)
    found = read_nwb(path, trials="trials", behavior=Linear(("speed",)))
    whole = read_nwb(path, behavior=Linear(("speed",)))
    assert found.activity.shape == (2, 8, 2)
    np.testing.assert_array_equal(found.activity[0, :4], whole.activity[0, 2:6])
    np.testing.assert_array_equal(found.activity[1], whole.activity[0, 8:16])
    assert np.isnan(found.activity[0, 4:]).all()
    name = "speed_cm_per_s"
    np.testing.assert_array_equal(found.behavior[name][1], whole.behavior[name][0, 8:16])
    assert found.trials["choice"].tolist() == ["left", ""]
    assert found.trials["correct"].tolist() == [True, False]
    assert found.trials["start_time"].tolist() == [0.5, 2.0]
    assert found.start == 0.0
    assert any("aligned 2 trials at their start" in s for s in found.audit)
    with pytest.raises(InputError, match="Did you mean `trials`"):
        read_nwb(path, trials="trails")


def test_a_trial_begins_with_the_first_sample_that_is_not_before_it(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=False)
    with h5py.File(path, "r+") as file:
        file["intervals/trials/start_time"][:] = 0.6, 3.9
        file["intervals/trials/stop_time"][:] = 1.1, 6.0  # samples end at 4 s
    whole, found = read_nwb(path), read_nwb(path, trials="trials")
    np.testing.assert_array_equal(found.activity[0, :2], whole.activity[0, 3:5])
    assert np.isnan(found.activity[0, 2:]).all()
    np.testing.assert_array_equal(found.activity[1, 0], whole.activity[0, 16])
    assert np.isnan(found.activity[1, 1:]).all()


def test_spikes_are_counted_from_the_start_of_each_trial(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=True)
    found = read_nwb(path, dt=0.4, trials="trials", behavior=Linear(("speed",)))
    # Trials are 0.5 to 1.5 s, two whole bins, and 2 to 4 s, five.
    assert found.activity.shape == (2, 5, 3)
    trains = {0: [0.05, 0.6, 1.2, 2.05], 1: [], 2: [0.4, 3.9]}
    for trial, (start, n) in enumerate([(0.5, 2), (2.0, 5)]):
        for unit, times in trains.items():
            expected = np.histogram(times, start + 0.4 * np.arange(n + 1))[0]
            np.testing.assert_array_equal(found.activity[trial, :n, unit], expected)
    assert np.isnan(found.activity[0, 2:]).all()
    speed = found.behavior["speed_cm_per_s"]
    np.testing.assert_allclose(speed[1], 5 * (2 + 0.4 * np.arange(5)))
    assert np.isnan(speed[0, 2:]).all()
    with pytest.raises(InputError, match="at least one bin"):
        read_nwb(path, dt=1.2, trials="trials")


def test_columns_of_references_and_ragged_columns_do_not_crash(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=True)
    with h5py.File(path, "r+") as file:
        file["units/electrode_group"] = np.array([file["units"].ref] * 3, dtype=h5py.ref_dtype)
        table = file["intervals/trials"]
        table["electrode"] = np.array([file["units"].ref] * 2, dtype=h5py.ref_dtype)
        table["tags"], table["tags_index"] = np.arange(2), np.array([1, 2])
    found = read_nwb(path, dt=0.5, trials="trials")
    assert set(found.trials) == {"choice", "correct", "start_time", "stop_time"}
    assert any("did not read its columns electrode, tags, tags_index" in s for s in found.audit)


def test_a_trial_that_ends_before_it_starts_is_refused(tmp_path):
    path = nwb_session(tmp_path / "r.nwb", units=True)
    with h5py.File(path, "r+") as file:
        file["intervals/trials/stop_time"][1] = 1.0
    with pytest.raises(InputError, match=r"the first is row 1.*Correct the table"):
        read_nwb(path, dt=0.1, trials="trials")


def test_a_connectivity_with_ids_that_are_no_text_is_refused(tmp_path):
    ids = {"pre": np.array(["a\0b", "b"]), "post": np.array(["b", "\ud800"])}
    for end, odd in ids.items():
        sound = {n: np.array(["a", "b"]) for n in ids} | {"weight": np.ones(2)}
        with pytest.raises(InputError, match="Unicode without NUL"):
            write_connectivity(tmp_path / "c.nc", sound | {end: odd})
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_lost_to_nwb_and_back(tmp_path):
    @settings(max_examples=8)
    @given(parts())
    def check(arguments):
        one = Recording(**arguments)
        write_nwb(tmp_path / "r.nwb", one, **SESSION)
        assert_same(one, read_nwb(tmp_path / "r.nwb"))
        assert_same(one, read_recording(tmp_path / "r.nwb"))

    check()


def test_pynwb_reads_and_validates_what_we_write(tmp_path):
    path = tmp_path / "r.nwb"
    one = recording()
    write_nwb(path, one, connectivity=CONNECTIVITY, **SESSION)
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        module = file.processing["neuroloom"]
        rows = module["activity"].data[:]
        np.testing.assert_array_equal(rows, one.activity.reshape(10, 3))
        assert module["activity"].rate == 2.0
        assert module["neurons"]["neuron_id"][:].tolist() == one.neuron_id.tolist()
        assert file.trials["start_time"][:].tolist() == [1.0, 3.5]
        assert file.trials["animal"][:].tolist() == ["w1", "w2"]
        assert module["connectivity"]["pre"][:].tolist() == CONNECTIVITY["pre"].tolist()
        assert module["connectivity"]["post"][:].tolist() == CONNECTIVITY["post"].tolist()
        assert file.experimenter is None


def test_trial_columns_that_nwb_keeps_for_itself_come_back(tmp_path):
    columns = {"start_time": np.array([3.0]), "id": np.array(["x"]), "recording_a": np.array([1])}
    values = plain()
    one = Recording(values.activity, values.neuron_id, kind="calcium", dt=0.25, trials=columns)
    write_nwb(tmp_path / "r.nwb", one, **SESSION)
    assert_same(one, read_nwb(tmp_path / "r.nwb"))


def test_what_cannot_stand_in_nwb_is_refused_and_leaves_nothing(tmp_path):
    path = tmp_path / "r.nwb"
    values = plain()
    odd = Recording(
        values.activity, values.neuron_id, kind="rate", dt=1.0, behavior={"a/b": np.zeros((1, 6))}
    )
    with pytest.raises(InputError, match="Rename that column"):
        write_nwb(path, odd, **SESSION)
    with pytest.raises(InputError, match="a recording or a connectivity"):
        write_nwb(path, None, **SESSION)
    with pytest.raises(InputError, match="tzinfo=UTC"):
        write_nwb(path, values, **SESSION | {"session_start_time": datetime(2026, 1, 1)})
    with pytest.raises(InputError, match="`identifier` must not be empty"):
        write_nwb(path, values, **SESSION | {"identifier": " "})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "r.nwb"
    write_nwb(path, plain(), **SESSION)
    before = path.read_bytes()

    def fail(self, file):
        raise OSError("disk full")

    monkeypatch.setattr(pynwb.NWBHDF5IO, "write", fail)
    with pytest.raises(InputError, match=r"disk full.*Nothing was left there"):
        write_nwb(path, recording(), **SESSION)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.nwb"]


@pytest.mark.parametrize("ids", ["numbers", "names"])
@pytest.mark.parametrize("interval", [True, False])
@pytest.mark.parametrize("form", ["netcdf", "nwb"])
def test_a_connectivity_comes_back_as_it_was(ids, interval, form, tmp_path):
    given_parts = dict(CONNECTIVITY)
    if ids == "names":
        given_parts |= {"pre": np.array(["a", "b", "é"]), "post": np.array(["b", "c", "a"])}
    if not interval:
        given_parts = {n: v for n, v in given_parts.items() if n not in ("low", "high")}
    if form == "netcdf":
        write_connectivity(tmp_path / "c", given_parts)
    else:
        write_nwb(tmp_path / "c", None, connectivity=given_parts, **SESSION)
    found = read_connectivity(tmp_path / "c")
    assert set(found) == set(given_parts)
    assert found["unit"] == "Hz"
    for name in set(found) - {"unit"}:
        assert found[name].dtype.kind == given_parts[name].dtype.kind
        np.testing.assert_array_equal(found[name], given_parts[name])


WRONG = {
    "without weights": ({"weight": None}, "must have pre, post, weight"),
    "with float ids": ({"pre": np.array([1.0, 2.0, 3.0])}, "18 digits"),
    "with a weight too few": ({"weight": np.zeros(2)}, "of one length"),
    "with mixed ids": ({"post": np.array(["a", "b", "c"])}, "ids of one type"),
    "with NaN": ({"weight": np.array([1, np.nan, 2])}, "connection 1 has nan"),
    "upside down": ({"low": np.array([5.0, 0, 0]), "high": np.ones(3)}, "Check which is which"),
    "with more": ({"sign": np.ones(3)}, "remove the rest"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_connectivity_is_not_written(fault, tmp_path):
    change, instruction = WRONG[fault]
    wrong = {n: v for n, v in (CONNECTIVITY | change).items() if v is not None}
    with pytest.raises(InputError, match=instruction):
        write_connectivity(tmp_path / "c.nc", wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_no_connectivity(tmp_path):
    write_nwb(tmp_path / "r.nwb", plain(), **SESSION)
    with pytest.raises(InputError, match="Write it with `write_connectivity`"):
        read_connectivity(tmp_path / "r.nwb")
