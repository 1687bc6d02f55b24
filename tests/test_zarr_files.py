"""Zarr stores, version 2 and 3, folder and zip: read exactly, or refused before they unpack."""

import json
import shutil
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings

from neuroloom.errors import InputError
from neuroloom.recording import Recording, read_recording, read_zarr, write_zarr
from recordings import assert_same, parts
from samples_recordings import plain

zarr = pytest.importorskip("zarr", reason="the extra `zarr` is not installed")
xr = pytest.importorskip("xarray")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", ["r.zarr", "r.zip"])
def test_nothing_is_lost_to_a_store_and_back(version, name, tmp_path):
    @settings(max_examples=6)
    @given(parts())
    def check(arguments):
        path = tmp_path / name
        if path.is_dir():
            shutil.rmtree(path)
        recording = Recording(**arguments)
        write_zarr(path, recording, version=version)
        assert_same(recording, read_zarr(path))
        assert_same(recording, read_recording(path))

    check()


def store(folder, version=2, recording=None):
    write_zarr(folder / "r.zarr", recording or plain(), version=version)
    return folder / "r.zarr"


def edited(path, name, change):
    file = path / name
    about = json.loads(file.read_text())
    change(about)
    file.write_text(json.dumps(about))
    return path


def test_a_store_by_xarray_alone_is_read(tmp_path):
    values = np.arange(8.0).reshape(4, 2)
    dataset = xr.Dataset(
        {"activity": (("time", "neuron"), values)},
        coords={"time": np.arange(4) * 0.5, "neuron": [720575940621039145, 7]},
        attrs={"kind": "rate"},
    )
    with zarr.config.set({"array.write_empty_chunks": True}):
        dataset.to_zarr(tmp_path / "x", zarr_format=2, encoding={"activity": {"chunks": (3, 1)}})
    recording = read_recording(tmp_path / "x")
    np.testing.assert_array_equal(recording.activity[0], values)
    assert recording.neuron_id.tolist() == [720575940621039145, 7]


@pytest.mark.parametrize("version", [2, 3])
def test_an_axis_without_a_name_is_refused(version, tmp_path):
    if version == 2:
        path = edited(store(tmp_path), "activity/.zattrs", lambda a: a.clear())
    else:

        def unname(about):
            about["dimension_names"] = ["trial", None, "neuron"]

        path = edited(store(tmp_path, 3), "activity/zarr.json", unname)
    with pytest.raises(InputError, match=r"Each axis .* must have a name.*Write it with xarray"):
        read_recording(path)


@pytest.mark.parametrize("version", [2, 3])
def test_an_incomplete_copy_is_not_filled_up_unless_it_is_asked_for(version, tmp_path):
    path = store(tmp_path, version)
    (path / ("activity/0.0.0" if version == 2 else "activity/c/0/0/0")).unlink()
    with pytest.raises(InputError, match=r"1 of 1 of `activity`.*fill_missing=True"):
        read_recording(path)
    recording = read_zarr(path, fill_missing=True)
    assert not recording.observed.any()
    assert any("took 1 missing chunks of `activity` as 'NaN'" in s for s in recording.audit)


def test_a_huge_shape_of_few_bytes_is_refused(tmp_path):
    def grow(about):
        about["shape"] = [1, 10**9, 10**4]

    with pytest.raises(InputError, match=r"all arrays together .* without compression"):
        read_recording(edited(store(tmp_path), "activity/.zarray", grow))


def test_a_huge_chunk_is_refused(tmp_path):
    def grow(about):
        about["chunks"] = [1, 10**6, 10**6]

    with pytest.raises(InputError, match="a chunk of `activity`"):
        read_recording(edited(store(tmp_path), "activity/.zarray", grow))


def test_a_chunk_that_unpacks_to_more_than_it_says_is_refused(tmp_path):
    def pack(about):
        about["compressor"] = {"id": "zlib", "level": 9}

    path = edited(store(tmp_path), "activity/.zarray", pack)
    (path / "activity/0.0.0").write_bytes(zlib.compress(bytes(10**8)))
    with pytest.raises(InputError, match="must unpack to what its array says, 144 bytes"):
        read_recording(path)
    (path / "activity/0.0.0").write_bytes(zlib.compress(plain().activity.tobytes()))
    np.testing.assert_array_equal(read_recording(path).activity, plain().activity)


@pytest.mark.parametrize("place", ["filters", "compressor"])
def test_a_codec_that_could_run_code_is_never_opened(place, tmp_path):
    def poison(about):
        codec = {"id": "pickle"}
        about[place] = [codec] if place == "filters" else codec

    with pytest.raises(InputError, match="uses pickle, which is never opened"):
        read_recording(edited(store(tmp_path), "neuron/.zarray", poison))


def test_python_objects_without_a_codec_are_refused(tmp_path):
    def poison(about):
        about |= {"dtype": "|O", "filters": None}

    with pytest.raises(InputError, match="never opened"):
        read_recording(edited(store(tmp_path), "neuron/.zarray", poison))


def test_a_fill_value_among_the_numbers_is_not_guessed_at(tmp_path):
    def fill(value):
        def change(about):
            about["fill_value"] = value

        return change

    values = plain().activity.copy()
    values[0, :2, 0] = 0, -1
    recording = Recording(values, plain().neuron_id, kind="calcium", dt=0.25)
    path = edited(store(tmp_path, 2, recording), "activity/.zarray", fill(0.0))
    read = read_recording(path)
    np.testing.assert_array_equal(read.activity, values)
    assert "took 1 zeros of `activity`, its fill value, as numbers" in read.audit
    with pytest.raises(InputError, match="may mean `missing`"):
        read_recording(edited(path, "activity/.zarray", fill(-1.0)))


FAULTS = {
    "metadata cut off": (
        lambda p: (p / "activity/.zarray").write_text('{"shape": [1,'),
        "export it",
    ),
    "without metadata": (lambda p: (p / "activity/.zarray").unlink(), "must belong to an array"),
    "of version 1": (
        lambda p: edited(p, "activity/.zarray", lambda a: a.update(zarr_format=1)),
        "version 2 or 3",
    ),
    "of negative size": (
        lambda p: edited(p, "activity/.zarray", lambda a: a.update(shape=[1, -6, 3])),
        "must have a shape",
    ),
    "with an empty chunk": (lambda p: (p / "activity/0.0.0").write_bytes(b""), "export it again"),
    "with a chunk cut off": (
        lambda p: (p / "activity/0.0.0").write_bytes((p / "activity/0.0.0").read_bytes()[:-5]),
        "unpacks to an unstated size",
    ),
    "with a link out of it": (
        lambda p: (p / "activity/0.0.1").symlink_to(p / "time/0"),
        "is a link",
    ),
    "without activity": (lambda p: shutil.rmtree(p / "activity"), "variable `activity`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_store_is_answered_in_three_parts(fault, tmp_path):
    change, instruction = FAULTS[fault]
    path = store(tmp_path)
    change(path)
    with pytest.raises(InputError, match=f"(?s){instruction}") as caught:
        read_recording(path)
    assert "must" in str(caught.value)


def test_writing_does_not_replace_a_folder_with_content(tmp_path):
    path = store(tmp_path)
    with pytest.raises(InputError, match="must not replace a folder"):
        write_zarr(path, plain())
    with pytest.raises(InputError, match="`version` must be 2 or 3"):
        write_zarr(tmp_path / "x", plain(), version=4)
    assert [p.name for p in tmp_path.iterdir()] == ["r.zarr"]


def test_a_member_of_a_zip_without_a_name_is_refused(tmp_path):
    write_zarr(tmp_path / "r.zip", plain(), version=2)
    with zipfile.ZipFile(tmp_path / "r.zip", "a") as archive:
        archive.writestr(zipfile.ZipInfo("\0nameless"), b"x")
    with pytest.raises(InputError, match="must belong to an array or a group"):
        read_recording(tmp_path / "r.zip")
