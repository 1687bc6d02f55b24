"""MATLAB files, version 5 and 7.3, by an explicit layout."""

import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from neuroloom.errors import InputError
from neuroloom.recording import MatlabLayout, matlab_variables, read_matlab, read_recording
from samples_recordings import MATLAB, SAMPLES, matlab_73, plain

DATA = Path(__file__).resolve().parents[2] / "shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the project")


def saved(folder, packed=False, **variables):
    scipy.io.savemat(folder / "v.mat", variables, do_compression=packed)
    return folder / "v.mat"


@pytest.mark.parametrize("sample", ["matlab 5", "matlab 5, packed", "matlab 7.3"])
def test_three_versions_hold_the_same_recording(sample, tmp_path):
    recording = read_matlab(SAMPLES[sample](tmp_path), MATLAB, kind="calcium")
    np.testing.assert_array_equal(recording.activity, plain().activity)
    assert recording.neuron_id.tolist() == ["AVAL", "AVAR", "ASHL"]
    assert recording.dt == 0.25
    np.testing.assert_array_equal(recording.behavior["speed"], np.arange(6.0)[None])


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_axes_are_named_in_the_order_that_matlab_shows(version, tmp_path):
    values = np.arange(24.0).reshape(2, 3, 4)  # MATLAB's size is 2 x 3 x 4
    if version == "5":
        path = saved(tmp_path, x=values)
    else:
        path = matlab_73(tmp_path / "v.mat")
        with h5py.File(path, "r+") as file:
            file["x"] = values.T
            file["x"].attrs["MATLAB_class"] = np.bytes_("double")
    layout = MatlabLayout("x", ("neuron", "trial", "time"))
    recording = read_matlab(path, layout, kind="rate", dt=1.0)
    assert recording.activity.shape == (3, 4, 2)
    assert recording.activity[1, 2, 0] == values[0, 1, 2]
    assert recording.neuron_id.tolist() == [1, 2]


def test_large_ids_survive_as_integers_and_are_refused_as_doubles(tmp_path):
    ids = np.array([720575940621039145, 720575940621039146])
    path = saved(
        tmp_path, x=np.zeros((4, 2)), whole=ids, double=ids.astype(float), small=[3.0, 4.0]
    )

    def read(name):
        layout = MatlabLayout("x", ("time", "neuron"), neuron_id=name)
        return read_matlab(path, layout, kind="rate", dt=1.0)

    assert read("whole").neuron_id.tolist() == ids.tolist()
    assert read("small").neuron_id.tolist() == [3, 4]
    assert read("small").neuron_id.dtype == np.int64
    with pytest.raises(InputError, match=r"below 2\^53.*Save them as int64"):
        read("double")


def test_paths_lead_through_structs_and_cells_counted_from_one(tmp_path):
    sessions = np.zeros((1, 2), dtype=object)
    sessions[0, 0], sessions[0, 1] = {"dff": np.zeros((3, 2))}, {"dff": np.ones((3, 2))}
    structs = np.array(
        [[(np.full((3, 2), 5.0),), (np.full((3, 2), 7.0),)]], dtype=[("dff", object)]
    )
    path = saved(tmp_path, packed=True, sessions=sessions, structs=structs)

    def value(where):
        layout = MatlabLayout(where, ("time", "neuron"))
        return read_matlab(path, layout, kind="rate", dt=1.0).activity[0, 0, 0]

    assert value("sessions{2}.dff") == 1
    assert value("sessions{1,1}.dff") == 0
    assert value("structs(2).dff") == 7
    for where, instruction in {
        "sessions{3}.dff": "counted from 1",
        "sessions{0}.dff": "counted from 1",
        "sessions(1).dff": "Braces open cells",
        "structs.dff": r"structs\(1\).dff",
        "structs(1).dfff": "Did you mean `dff`",
        "structs(1)!": "go on with",
        "session": "Did you mean `sessions`",
        "sessions{1}": "a field or a cell of it",
    }.items():
        with pytest.raises(InputError, match=f"(?s){instruction}"):
            value(where)


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_two_indices_are_row_and_column_and_one_runs_down_the_columns(version, tmp_path):
    path = tmp_path / "v.mat"
    cells = np.empty((2, 3), dtype=object)
    for row in range(2):
        for column in range(3):
            cells[row, column] = np.full((4, 1), 10.0 * row + column)
    if version == "5":
        scipy.io.savemat(path, {"c": cells})
    else:
        matlab_73(path)
        with h5py.File(path, "r+") as file:
            references = file.create_dataset("c", (3, 2), dtype=h5py.ref_dtype)
            references.attrs["MATLAB_class"] = np.bytes_("cell")
            for (row, column), values in np.ndenumerate(cells):
                item = file.create_dataset(f"#refs#/c{row}{column}", data=values.T)
                item.attrs["MATLAB_class"] = np.bytes_("double")
                references[column, row] = item.ref

    def value(where):
        layout = MatlabLayout(where, ("time", "neuron"))
        return read_matlab(path, layout, kind="rate", dt=1.0).activity[0, 0, 0]

    assert [value(f"c{{{n}}}") for n in (1, 2, 3)] == [0, 10, 1]
    assert value("c{2,1}") == 10
    assert value("c{1,3}") == 2
    with pytest.raises(InputError, match="counted from 1"):
        value("c{3,1}")


def test_without_a_layout_the_variables_are_listed(tmp_path):
    for sample in ("matlab 5", "matlab 7.3"):
        path = SAMPLES[sample](tmp_path)
        with pytest.raises(InputError, match=r"session.dff \(double 6 x 3\).*MatlabLayout"):
            read_recording(path, kind="rate")
        assert matlab_variables(path)["names"] in ("cell 1 x 3", "cell 3 x 1")
        assert matlab_variables(path)["names{2}"] == "char 1 x 4"


def test_a_layout_says_each_axis_and_its_unit_of_time(tmp_path):
    for axes in (("neuron",), ("time", "time"), ("time", "cell"), ()):
        with pytest.raises(InputError, match="`axes` must name each axis"):
            MatlabLayout("x", axes)
    with pytest.raises(InputError, match="`seconds` must be a number above 0"):
        MatlabLayout("x", ("time",), seconds=0)
    path = saved(tmp_path, x=np.zeros((4, 2)), t=np.arange(4.0) * 250)
    layout = MatlabLayout("x", ("time", "neuron"), time="t", seconds=0.001)
    assert read_matlab(path, layout, kind="rate").dt == 0.25
    with pytest.raises(InputError, match="axes must fit the activity"):
        read_matlab(path, MatlabLayout("x", ("time",)), kind="rate", dt=1.0)
    with pytest.raises(InputError, match=r"`kind`|Pass `kind=`"):
        read_matlab(path, layout)


def test_trial_columns_and_padded_names_are_read(tmp_path):
    path = saved(
        tmp_path, x=np.zeros((2, 4, 3)), side=np.array(["L ", "R "]), names=["a", "bb", "c"]
    )
    layout = MatlabLayout(
        "x", ("trial", "time", "neuron"), neuron_id="names", trials={"side": "side"}
    )
    recording = read_matlab(path, layout, kind="rate", dt=1.0)
    assert recording.trials["side"].tolist() == ["L", "R"]
    assert recording.neuron_id.tolist() == ["a", "bb", "c"]


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def version_5(*variables):
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    return head[:116] + bytes(8) + head[124:] + b"".join(variables)


def matrix(code, sizes, body, name=b"x"):
    flags = element(6, struct.pack("<II", code, 0))
    return element(
        14, flags + element(5, struct.pack(f"<{len(sizes)}i", *sizes)) + element(1, name) + body
    )


BROKEN = {
    "a struct of absurd size": (version_5(matrix(1, (2**31 - 1, 2**31 - 1), b"")), "It is damaged"),
    "numbers of absurd size": (
        version_5(matrix(6, (10**6, 10**6), element(9, bytes(8)))),
        "damaged",
    ),
    "a negative size": (version_5(matrix(6, (-1, 2), element(9, bytes(8)))), "damaged"),
    "an end too early": (version_5(matrix(6, (1, 1), element(9, bytes(8))))[:-4], "too early"),
    "no byte order": (b"MATLAB 5.0 MAT-file".ljust(200), "ends in IM or MI"),
    "cells inside cells for ever": (None, "inside each other"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_version_5_is_answered_in_three_parts(fault, tmp_path):
    data, instruction = BROKEN[fault]
    if data is None:
        inner = b""
        for _ in range(60):
            inner = matrix(1, (1, 1), inner or element(14, b""), b"")
        data = version_5(inner)
    (tmp_path / "v.mat").write_bytes(data)
    with pytest.raises(InputError, match=f"(?s){instruction}"):
        read_matlab(tmp_path / "v.mat", MatlabLayout("x", ("time",)), kind="rate", dt=1.0)


def test_a_packed_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("neuroloom.recording.files.ALWAYS_FINE", 2**20)
    data = zlib.compress(bytes(2**23), 9)
    (tmp_path / "v.mat").write_bytes(version_5(struct.pack("<II", 15, len(data)) + data))
    with pytest.raises(InputError, match=r"a variable in .* without compression"):
        matlab_variables(tmp_path / "v.mat")


def test_functions_and_objects_are_never_opened(tmp_path):
    function = matrix(16, (1, 1), element(14, b""), b"f")
    (tmp_path / "v.mat").write_bytes(version_5(function))
    with pytest.raises(InputError, match="Objects and functions are never opened"):
        read_matlab(tmp_path / "v.mat", MatlabLayout("f", ("time",)), kind="rate", dt=1.0)
    path = matlab_73(tmp_path / "w.mat")
    with h5py.File(path, "r+") as file:
        file["speed"].attrs["MATLAB_class"] = np.bytes_("function_handle")
        file["session/t"].attrs["MATLAB_object_decode"] = np.int32(3)
    for where in ("speed", "session.t"):
        with pytest.raises(InputError, match="Objects and functions are never opened"):
            read_matlab(path, MatlabLayout(where, ("time",)), kind="rate", dt=1.0)


def test_sparse_complex_and_logical_arrays_are_answered(tmp_path):
    import scipy.sparse

    path = saved(tmp_path, s=scipy.sparse.csc_matrix(np.eye(3)), c=np.ones(3) * 1j, words="hello")
    for where in ("s", "c", "words"):
        with pytest.raises(InputError, match=r"must lead to numbers|must be numbers"):
            read_matlab(path, MatlabLayout(where, ("time",)), kind="rate", dt=1.0)


@needs_data
def test_the_saccade_triggered_averages_have_their_published_shape():
    path = DATA / "zebrafish_oculomotor_vishwanathan2024/STA_EMCA.mat"
    original = scipy.io.loadmat(path)["STA"][0, 0]
    for side, missing in (("left", 0.35), ("right", 0.40)):
        layout = MatlabLayout(f"STA.{side}", ("time", "neuron"), time="staTime")
        recording = read_matlab(path, layout, kind="rate")
        np.testing.assert_array_equal(recording.activity[0], original[side])
        assert recording.activity.shape == (1, 181, 635)
        assert (~recording.observed).mean() == pytest.approx(missing, abs=0.01)
        assert recording.dt == pytest.approx(1 / 3)
        assert recording.start == -30


@needs_data
def test_nested_cells_of_spikes_are_walked_as_scipy_shows_them():
    path = DATA / "rat_place_cells_nelpy/linear-track/spikes.mat"
    tetrodes = scipy.io.loadmat(path)["spikes"][0, 0]
    listed = matlab_variables(path)
    assert listed["spikes{1}"] == f"cell {tetrodes.shape[0]} x {tetrodes.shape[1]}"
