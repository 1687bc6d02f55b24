from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from neuroloom.errors import InputError
from neuroloom.recording import (
    Recording,
    read_csv,
    read_netcdf,
    read_npz,
    read_nwb,
    read_recording,
    write_csv,
    write_netcdf,
    write_npz,
    write_zarr,
)
from recordings import assert_same, parts

NWB = Path(__file__).resolve().parents[2] / "shared/data/format_samples/nwb"
needs_samples = pytest.mark.skipif(not NWB.is_dir(), reason="no ../shared/data beside the project")
reuse_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(("write", "read"), [(write_npz, read_npz), (write_netcdf, read_netcdf)])
def test_nothing_is_lost_to_a_file_and_back(write, read, tmp_path):
    @settings(max_examples=15)
    @given(parts())
    def check(arguments):
        recording = Recording(**arguments)
        write(tmp_path / "recording", recording)
        assert_same(recording, read(tmp_path / "recording"))
        assert_same(recording, read_recording(tmp_path / "recording"))

    check()


@settings(reuse_folder, max_examples=50)
@given(parts(plain=True))
def test_activity_times_and_ids_survive_csv_to_the_last_digit(tmp_path, arguments):
    recording = Recording(**arguments)
    path = tmp_path / "recording.csv"
    write_csv(path, recording)
    assert_same(recording, read_recording(path), but={"trials"})


def test_the_worm_survives_npz_and_netcdf(tmp_path):
    from neuroloom.datasets.worm_responses import find_atlas, worm_responses

    if find_atlas() is None:
        pytest.skip("the extra `worm` is not installed")
    recording = worm_responses()
    for write in (write_npz, write_netcdf):
        write(tmp_path / "worm", recording)
        assert_same(recording, read_recording(tmp_path / "worm"))


def test_what_a_csv_cannot_hold_is_refused_not_dropped(tmp_path):
    recording = Recording(
        np.zeros((1, 2, 1)), np.array(["a"]), kind="rate", dt=1.0, behavior={"x": np.zeros((1, 2))}
    )
    with pytest.raises(InputError, match=r"also has behavior. Write NPZ or NetCDF"):
        write_csv(tmp_path / "r.csv", recording)
    for names in (["a b", "c"], ["time", "c"], ["12", "13"], ["1.5", "c"]):
        plain = Recording(np.zeros((1, 2, 2)), np.array(names), kind="rate", dt=1.0)
        with pytest.raises(InputError, match="Write NPZ or NetCDF"):
            write_csv(tmp_path / "r.csv", plain)


@pytest.mark.parametrize("separator", [",", "\t", ";", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_is_read_whatever_separates_it(separator, end, tmp_path):
    rows = ["time AVAL VB01", "3.0 1.5 2", "3.5 NaN 4", "4.0 5 -6e-1", ""]
    text = end.join(row.replace(" ", separator) for row in rows)
    (tmp_path / "r.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    recording = read_recording(tmp_path / "r.txt", kind="calcium")
    assert recording.neuron_id.tolist() == ["AVAL", "VB01"]
    assert (recording.dt, recording.start) == (0.5, 3.0)
    np.testing.assert_array_equal(recording.activity, [[[1.5, 2], [np.nan, 4], [5, -0.6]]])


def test_header_ids_of_18_digits_become_exact_numbers(tmp_path):
    (tmp_path / "r.csv").write_text("time,720575940621039145,720575940621039146\n0,1,2\n1,3,4\n")
    recording = read_csv(tmp_path / "r.csv", kind="rate")
    assert recording.neuron_id.dtype == np.int64
    assert recording.neuron_id.tolist() == [720575940621039145, 720575940621039146]


def test_a_csv_with_trials_is_cut_into_them(tmp_path):
    (tmp_path / "r.csv").write_text("trial,time,a\n7,0,1\n7,1,2\n5,0,3\n5,1,4\n")
    recording = read_csv(tmp_path / "r.csv", kind="rate")
    assert recording.activity[..., 0].tolist() == [[1, 2], [3, 4]]
    assert recording.trials["trial"].tolist() == [7, 5]


def test_a_gzipped_csv_is_recognized_by_content(tmp_path):
    import gzip

    (tmp_path / "r").write_bytes(gzip.compress(b"time,a\n0,1\n1,2\n"))
    assert read_recording(tmp_path / "r", kind="rate").n_steps == 2


def test_an_npz_by_other_names_is_read_through_keys_and_the_rest_is_named(tmp_path):
    path = tmp_path / "r.npz"
    np.savez(path, F=np.arange(6.0).reshape(3, 2), ids=np.array([5, 6]), t=np.arange(3.0), extra=1)
    keys = {"activity": "F", "neuron_id": "ids", "time": "t"}
    recording = read_npz(path, kind="calcium", keys=keys)
    assert recording.activity.tolist() == [[[0, 1], [2, 3], [4, 5]]]
    assert recording.audit == (
        "took activity (time, neuron) as a single trial",
        "did not read the arrays extra of r.npz",
    )


def test_fortran_order_is_read_as_it_was_meant(tmp_path):
    activity = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
    np.savez(tmp_path / "r.npz", activity=activity, neuron_id=np.arange(4), dt=0.1)
    recording = read_npz(tmp_path / "r.npz", kind="rate")
    np.testing.assert_array_equal(recording.activity, activity)


def uneven_files(folder):
    time = np.array([0.0, 1.0, 2.5, 3.0])
    values = np.stack([2 * time, 1 - time], axis=1)[None]
    np.savez(folder / "r.npz", activity=values, neuron_id=np.array(["a", "b"]), time=time)
    rows = "\n".join(f"{t},{a},{b}" for t, (a, b) in zip(time, values[0], strict=True))
    (folder / "r.csv").write_text(f"time,a,b\n{rows}\n")
    even = Recording(values, np.array(["a", "b"]), kind="rate", dt=1.0).to_xarray()
    even = even.assign_coords(time=time)
    del even.attrs["dt"]
    even.to_netcdf(folder / "r.nc", engine="h5netcdf")
    return [folder / "r.npz", folder / "r.csv", folder / "r.nc"]


def test_an_uneven_clock_is_refused_unless_resampled_and_the_audit_says_how(tmp_path):
    for path in uneven_files(tmp_path):
        with pytest.raises(InputError, match="resample=1"):
            read_recording(path, kind="rate")
        recording = read_recording(path, kind="rate", resample=0.5)
        np.testing.assert_allclose(recording.time, np.arange(7) / 2)
        np.testing.assert_allclose(recording.activity[0, :, 0], np.arange(7))
        np.testing.assert_allclose(recording.activity[0, :, 1], 1 - np.arange(7) / 2)
        assert [s for s in recording.audit if "0.5 to 1.5 s apart, to 7 samples 0.5 s apart" in s]


def nwb_file():
    pynwb = pytest.importorskip("pynwb", reason="the extra `nwb` is not installed")
    return pynwb.NWBFile(
        session_description="made for a test",
        identifier="none",
        session_start_time=datetime(2026, 1, 1, tzinfo=UTC),
        experimenter="Somebody Private",
    )


def write_nwb(path, file):
    import pynwb

    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)


def add_units(file, observed=None):
    file.add_unit_column("quality", "a column that other files lack")
    trains = {10: [0.05, 0.1, 0.31], 11: [], 12: [0.399, 0.4]}
    for unit, times in trains.items():
        options = {} if observed is None else {"obs_intervals": observed[unit]}
        file.add_unit(spike_times=times, id=unit, quality="good", **options)


def add_series(file, name="dff", **clock):
    from pynwb.ophys import DfOverF, ImageSegmentation, OpticalChannel, RoiResponseSeries

    device = file.create_device("scope")
    channel = OpticalChannel(name="c", description="d", emission_lambda=500.0)
    plane = file.create_imaging_plane(
        name="p",
        optical_channel=channel,
        description="d",
        device=device,
        excitation_lambda=600.0,
        indicator="GCaMP",
        location="head",
    )
    module = file.create_processing_module("ophys", "d")
    segmentation = ImageSegmentation()
    module.add(segmentation)
    table = segmentation.create_plane_segmentation(name="s", description="d", imaging_plane=plane)
    for roi in (101, 102, 103):
        table.add_roi(image_mask=np.zeros((2, 2)), id=roi)
    region = table.create_roi_table_region(region=[2, 0], description="d")
    data = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    series = RoiResponseSeries(name=name, data=data, rois=region, unit="dF/F", **clock)
    container = DfOverF()
    module.add(container)
    container.add_roi_response_series(series)


def test_spikes_are_counted_in_the_bins_they_fall_into(tmp_path):
    file = nwb_file()
    add_units(file)
    file.add_epoch(start_time=0.0, stop_time=0.3)
    file.add_epoch(start_time=0.3, stop_time=0.4)
    write_nwb(tmp_path / "r.nwb", file)
    recording = read_recording(tmp_path / "r.nwb", dt=0.1)
    assert recording.kind == "spike_count"
    assert recording.neuron_id.tolist() == [10, 11, 12]
    assert recording.activity[0].T.tolist() == [[1, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 2]]
    assert recording.audit[1].startswith("counted 5 of 5 spikes in 4 bins of 0.1 s from 0 s on")
    assert "Private" not in str(recording.to_xarray().attrs)


def test_spikes_outside_the_epochs_are_counted_out_loud(tmp_path):
    file = nwb_file()
    add_units(file)
    file.add_epoch(start_time=0.1, stop_time=0.3)
    write_nwb(tmp_path / "r.nwb", file)
    recording = read_nwb(tmp_path / "r.nwb", dt=0.1)
    assert recording.activity[0].T.tolist() == [[1, 0], [0, 0], [0, 0]]
    assert recording.audit[1].startswith("counted 1 of 5 spikes")
    # With wide bins the last one reaches past the epoch; what came after it stays out.
    wide = read_nwb(tmp_path / "r.nwb", dt=0.15)
    assert wide.activity.sum() == 1


def test_a_unit_that_was_not_watched_is_missing_and_not_silent(tmp_path):
    file = nwb_file()
    whole, half = [[0.0, 0.4]], [[0.0, 0.2]]
    add_units(file, {10: whole, 11: half, 12: whole})
    file.add_epoch(start_time=0.0, stop_time=0.4)
    write_nwb(tmp_path / "r.nwb", file)
    recording = read_nwb(tmp_path / "r.nwb", dt=0.1)
    np.testing.assert_array_equal(recording.activity[0, :, 1], [0, 0, np.nan, np.nan])
    assert recording.observed[0, :, [0, 2]].all()
    assert "set 2 of 12 bins to not observed" in recording.audit[2]


def test_a_fluorescence_series_has_the_ids_of_its_regions(tmp_path):
    file = nwb_file()
    add_series(file, rate=4.0, starting_time=2.0, conversion=10.0, offset=1.0)
    write_nwb(tmp_path / "r.nwb", file)
    recording = read_recording(tmp_path / "r.nwb")
    assert recording.neuron_id.tolist() == [103, 101]
    assert (recording.kind, recording.dt, recording.start) == ("calcium", 0.25, 2.0)
    np.testing.assert_array_equal(recording.activity[0], [[11, 21], [31, np.nan], [51, 61]])
    assert recording.unit == "dF/F"


def test_uneven_timestamps_of_a_series_need_resampling(tmp_path):
    file = nwb_file()
    add_series(file, timestamps=[0.0, 1.0, 3.0])
    write_nwb(tmp_path / "r.nwb", file)
    with pytest.raises(InputError, match=r"resample=1\.5"):
        read_nwb(tmp_path / "r.nwb")
    recording = read_nwb(tmp_path / "r.nwb", resample=1.0)
    assert recording.activity[0, :, 0].tolist() == [1, 3, 4, 5]


def test_of_units_and_a_series_one_must_be_chosen(tmp_path):
    file = nwb_file()
    add_units(file)
    add_series(file, rate=4.0)
    write_nwb(tmp_path / "r.nwb", file)
    with pytest.raises(InputError, match=r"holds 2: units, processing/ophys/DfOverF/dff. Pass"):
        read_nwb(tmp_path / "r.nwb", dt=0.1)
    assert read_nwb(tmp_path / "r.nwb", series="dff").kind == "calcium"
    assert read_nwb(tmp_path / "r.nwb", series="units", dt=0.1).kind == "spike_count"
    with pytest.raises(InputError, match="`series` must name one of"):
        read_nwb(tmp_path / "r.nwb", series="dfff")


@needs_samples
def test_the_sample_of_spikes_has_its_published_numbers():
    recording = read_recording(NWB / "pynapple_A8604-211122.nwb", dt=0.5)
    assert recording.n_neurons == 3
    assert recording.activity.sum() == 21_354
    assert recording.time[-1] + 0.5 == pytest.approx(1087.53, abs=0.5)
    import h5py

    with h5py.File(NWB / "pynapple_A8604-211122.nwb") as file:  # an independent count
        times, ends = file["units/spike_times"][()], file["units/spike_times_index"][()].tolist()
    first = times[: ends[0]]
    counts = np.histogram(first, np.arange(recording.n_steps + 1) * 0.5)[0]
    np.testing.assert_array_equal(recording.activity[0, :, 0], counts)


@needs_samples
def test_a_file_of_metadata_only_is_answered_in_words():
    with pytest.raises(InputError, match="It may hold metadata only"):
        read_recording(NWB / "simple_example_latest.nwb")


def test_uncompressed_size_is_bounded_by_the_size_of_the_file(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "r.nc", "w") as file:
        file.create_dataset("activity", shape=(1, 10**7, 10**4), dtype="f8", chunks=(1, 1000, 1000))
    with pytest.raises(InputError, match="without compression, or in parts"):
        read_recording(tmp_path / "r.nc")


@pytest.mark.parametrize("write", [write_npz, write_netcdf, write_csv])
def test_what_the_caller_says_must_agree_with_the_file(write, tmp_path):
    recording = Recording(np.ones((1, 3, 1)), np.array(["a"]), kind="calcium", dt=0.1)
    write(tmp_path / "r", recording)
    assert read_recording(tmp_path / "r", kind="calcium", dt=0.1).dt == 0.1
    with pytest.raises(InputError, match="Leave `kind` out"):
        read_recording(tmp_path / "r", kind="rate")
    with pytest.raises(InputError, match="Leave `dt` out"):
        read_recording(tmp_path / "r", dt=0.2)


def test_counts_are_not_interpolated(tmp_path):
    recording = Recording(np.ones((1, 3, 1)), np.array(["a"]), kind="spike_count", dt=1.0)
    write_npz(tmp_path / "r.npz", recording)
    with pytest.raises(InputError, match="another `dt`"):
        read_npz(tmp_path / "r.npz", resample=0.5)
    write_npz(tmp_path / "q.npz", replace(recording, kind="rate"))
    assert read_npz(tmp_path / "q.npz", resample=0.5).n_steps == 5


@pytest.mark.parametrize(
    ("write", "change"),
    [
        (write_netcdf, {"behavior": {"cm/s": np.zeros((1, 4))}}),
        (write_netcdf, {"name": "a\0b"}),
        (write_netcdf, {"neuron_id": np.array(["a\ud800", "b"])}),
        (write_zarr, {"behavior": {"cm/s": np.zeros((1, 4))}}),
        (write_zarr, {"neuron_id": np.array(["a\ud800", "b"])}),
        (write_npz, {"behavior": {"": np.zeros((1, 4))}}),
    ],
)
def test_a_name_that_a_file_cannot_hold_is_refused_and_nothing_is_written(write, change, tmp_path):
    plain = Recording(np.zeros((1, 4, 2)), np.array(["a", "b"]), kind="rate", dt=0.1)
    with pytest.raises(InputError, match="must"):
        write(tmp_path / "r", replace(plain, **change))
    assert list(tmp_path.iterdir()) == []
