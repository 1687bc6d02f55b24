"""Every reader against every kind of broken file: one error in three parts, or a correct read."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.recording import Recording, read_recording, write_netcdf, write_npz

h5py = pytest.importorskip("h5py")

VALUES = np.arange(12.0).reshape(1, 4, 3)
IDS = np.array(["AVAL", "AVAR", "ASHL"])
TIME = np.arange(4) / 2
CSV = "time,AVAL,AVAR,ASHL\n0,0,1,2\n0.5,3,4,5\n1,6,7,8\n1.5,9,10,11\n"


def npz(folder, **parts):
    path = folder / "r.npz"
    whole = {"activity": VALUES, "neuron_id": IDS, "time": TIME, "kind": np.array("rate")} | parts
    np.savez(path, **{name: value for name, value in whole.items() if value is not None})
    return path


def csv(folder, text=CSV, **_):
    path = folder / "r.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def netcdf(folder, change=lambda dataset: dataset):
    path = folder / "r.nc"
    dataset = Recording(VALUES, IDS, kind="rate", dt=0.5).to_xarray()
    del dataset.attrs["dt"], dataset.attrs["start"]
    change(dataset).to_netcdf(path, engine="h5netcdf")
    return path


def nwb(folder, change=lambda file: None):
    """Units and nothing else, written by hand: what pynwb would not let us break."""
    path = folder / "r.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.5.0"
        units = file.create_group("units")
        units["id"] = np.array([4, 5])
        units["spike_times"] = np.array([0.1, 0.3, 0.9])
        units["spike_times_index"] = np.array([2, 3], np.uint8)
        change(file)
    return path


def series(folder, change=lambda group, table: None):
    path = folder / "s.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.5.0"
        table = file.create_group("processing/ophys/regions")
        table["id"] = np.array([11, 12, 13])
        group = file.create_group("processing/ophys/dff")
        group.attrs["neurodata_type"] = "RoiResponseSeries"
        group["data"] = VALUES[0]
        group["timestamps"] = TIME
        group["rois"] = np.array([0, 1, 2])
        group["rois"].attrs["table"] = table.ref
        change(group, table)
    return path


def replaced(group, name, values):
    attributes = dict(group[name].attrs)
    del group[name]
    if values is not None:
        group[name] = values
        group[name].attrs.update(attributes)


def cut(path, share=0.6):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def written(path, data):
    path.write_bytes(data)
    return path


def evil_npz(folder):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6, 10**3)}
    )
    with zipfile.ZipFile(folder / "r.npz", "w") as archive:
        archive.writestr("activity.npy", buffer.getvalue())
    return folder / "r.npz"


def flipped(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(bytes(data))
    return path


nan_time = np.array([0, np.nan, 1, 1.5])
back_time = np.array([0, 1, 0.5, 1.5])
infinite = np.where(VALUES == 7, np.inf, VALUES)
objects = np.array([{"a": 1}, None, "x"], dtype=object)

FAULTS = {
    "npz empty": (lambda f: written(f / "r.npz", b""), "is empty"),
    "npz truncated": (lambda f: cut(npz(f)), "Copy or export it again"),
    "npz with a flipped byte": (lambda f: flipped(npz(f), 200), "Copy or export|Save it again"),
    "npz without ids": (lambda f: npz(f, neuron_id=None), "`neuron_id`.*keys="),
    "npz without activity": (lambda f: npz(f, activity=None), "`activity`.*keys="),
    "npz without a clock": (lambda f: npz(f, time=None), "pass `dt=`"),
    "npz with duplicate neurons": (lambda f: npz(f, neuron_id=IDS[[0, 0, 1]]), "Rename or merge"),
    "npz with NaN time": (lambda f: npz(f, time=nan_time), "sample 1 is at nan.*Remove those"),
    "npz with time going back": (lambda f: npz(f, time=back_time), "Sort the samples"),
    "npz with float ids": (lambda f: npz(f, neuron_id=np.array([7e17, 1, 2])), "int64"),
    "npz with infinite values": (lambda f: npz(f, activity=infinite), r"at \(0, 2, 1\).*Write NaN"),
    "npz of another shape": (lambda f: npz(f, activity=VALUES[..., :2]), "transpose if time"),
    "npz transposed": (lambda f: npz(f, activity=VALUES.swapaxes(1, 2)), "transpose if time"),
    "npz of times too many": (lambda f: npz(f, time=np.arange(5.0)), "one time a sample"),
    "npz of pickled ids": (lambda f: npz(f, neuron_id=objects), "never opened"),
    "npz of pickled extras": (lambda f: npz(f, extra=objects), "never opened"),
    "npz of text activity": (lambda f: npz(f, activity=VALUES.astype(str)), "real numbers"),
    "npz of dates": (lambda f: npz(f, time=TIME.astype("M8[s]")), "Save it as numbers"),
    "npz of no trials": (lambda f: npz(f, activity=VALUES[:0]), "Check that the file"),
    "npz of a wrong kind": (lambda f: npz(f, kind=np.array("raet")), "Did you mean `rate`"),
    "npz with two dts": (lambda f: npz(f, dt=np.array([1, 2])), "sample times as `time`"),
    "npz with a contradicting dt": (lambda f: npz(f, dt=0.7), "Remove one of the two"),
    "npz with a stray stimulus": (
        lambda f: npz(f, **{"stimuli/onset": np.zeros(2)}),
        "Add what is missing",
    ),
    "npz bomb": (evil_npz, "without compression, or in parts"),
    "xlsx": (
        lambda f: _zip(f / "r.xlsx", {"xl/workbook.xml": b"<a/>"}),
        "export the table inside as CSV",
    ),
    "csv empty": (lambda f: csv(f, ""), "is empty"),
    "csv of blank lines": (lambda f: csv(f, "\n\n"), "Export it again"),
    "csv of a header only": (lambda f: csv(f, "time,a\n"), "at least one row"),
    "csv without time": (lambda f: csv(f, CSV.replace("time", "tmie")), "Did you mean `tmie`"),
    "csv with duplicate neurons": (
        lambda f: csv(f, CSV.replace("AVAR", "AVAL")),
        "`AVAL` occurs 2 times.*Rename",
    ),
    "csv with NaN time": (lambda f: csv(f, CSV.replace("0.5,", "nan,")), "Remove those samples"),
    "csv with a blank time": (lambda f: csv(f, CSV.replace("0.5,", ",")), "Remove those samples"),
    "csv with time going back": (lambda f: csv(f, CSV.replace("1.5,", "0.2,")), "Sort the samples"),
    "csv with float ids": (lambda f: csv(f, CSV.replace("AVAR", "7.2e+17")), "ids as text"),
    "csv with float-like ids": (lambda f: csv(f, CSV.replace("AVAR", "12.0")), "ids as text"),
    "csv separated by bars": (lambda f: csv(f, CSV.replace(",", "|")), "comma, tab, semicolon"),
    "csv whose rows are separated otherwise": (
        lambda f: csv(f, "time,a,b\n0;1;2\n1;3;4\n"),
        "line 2 of .* has 1. Check the separator",
    ),
    "csv with decimal commas": (
        lambda f: csv(f, "time;a\n0;1,5\n1;2,5\n"),
        "decimal point.*'1,5' in line 2, column `a`",
    ),
    "csv with a short row": (lambda f: csv(f, CSV[:-4]), "whether the file was cut off"),
    "csv with a blank row": (
        lambda f: csv(f, CSV.replace("\n1,", "\n\n1,")),
        "line 4 .*whether the file was cut off",
    ),
    "csv with words": (lambda f: csv(f, CSV.replace("7", "high")), "'high' in line 4, column `AV"),
    "csv with grouped digits": (lambda f: csv(f, CSV.replace("7", "7_0")), "'7_0' in line 4"),
    "csv with infinite values": (lambda f: csv(f, CSV.replace(",7,", ",inf,")), "Write NaN"),
    "csv in UTF-16": (lambda f: csv(f, CSV.encode("utf-16")), "Save it as UTF-8"),
    "csv in Latin-1": (
        lambda f: csv(f, CSV.replace("AVAR", "AVÄR").encode("latin-1")),
        "Copy or export it again",
    ),
    "csv with mixed trials": (
        lambda f: csv(f, "trial,time,a\n0,0,1\n1,0,1\n0,1,2\n1,1,2\n"),
        "Sort by trial",
    ),
    "csv with an unnamed column": (lambda f: csv(f, "time,a,\n0,1,2\n1,2,3\n"), "Name every"),
    "csv.gz truncated": (
        lambda f: cut(csv(f, gzip.compress(CSV.encode() * 50)), 0.5),
        "Copy or export it again",
    ),
    "csv.gz of nothing": (lambda f: csv(f, gzip.compress(b"")), "unpacks to nothing"),
    "csv.gz of a binary": (
        lambda f: csv(f, gzip.compress(npz(f).read_bytes())),
        "Unpack it with `gunzip`",
    ),
    "netcdf empty": (lambda f: written(f / "r.nc", b""), "is empty"),
    "netcdf truncated": (lambda f: cut(netcdf(f)), "Copy or export it again"),
    "netcdf signature only": (lambda f: cut(netcdf(f), 0.01), "Copy or export it again"),
    "netcdf without activity": (lambda f: netcdf(f, lambda d: d.rename(activity="x")), "Rename"),
    "netcdf without ids": (lambda f: netcdf(f, lambda d: d.drop_vars("neuron")), "Assign it"),
    "netcdf without a clock": (lambda f: netcdf(f, lambda d: d.drop_vars("time")), "pass `dt=`"),
    "netcdf without a kind": (lambda f: netcdf(f, lambda d: d.drop_attrs()), "Set it to `rate`"),
    "netcdf with duplicate neurons": (
        lambda f: netcdf(f, lambda d: d.assign_coords(neuron=IDS[[0, 0, 1]])),
        "Rename or merge",
    ),
    "netcdf with NaN time": (
        lambda f: netcdf(f, lambda d: d.assign_coords(time=nan_time)),
        "Remove those samples",
    ),
    "netcdf with time going back": (
        lambda f: netcdf(f, lambda d: d.assign_coords(time=back_time)),
        "Sort the samples",
    ),
    "netcdf with float ids": (
        lambda f: netcdf(f, lambda d: d.assign_coords(neuron=[7e17, 1.0, 2.0])),
        "read ids as int64",
    ),
    "netcdf in milliseconds": (
        lambda f: netcdf(f, lambda d: d.assign_coords(time=("time", TIME, {"units": "ms"}))),
        "Convert it, and set `units`",
    ),
    "netcdf with infinite values": (
        lambda f: netcdf(f, lambda d: d.assign(activity=(d["activity"].dims, infinite))),
        "Write NaN",
    ),
    "netcdf with other dimensions": (
        lambda f: netcdf(f, lambda d: d.rename(trial="animal")),
        "only `trial` may be absent",
    ),
    "netcdf of text": (
        lambda f: netcdf(f, lambda d: d.assign(activity=d["activity"].astype(str))),
        "real numbers",
    ),
    "nwb truncated": (lambda f: cut(nwb(f)), "Copy or export it again"),
    "nwb without spikes": (lambda f: nwb(f, lambda h: h.pop("units")), "metadata only"),
    "nwb without an index": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "spike_times_index", None)),
        "Export it again",
    ),
    "nwb without ids": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "id", None)),
        "Export",
    ),
    "nwb with duplicate units": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "id", np.array([4, 4]))),
        "Rename or merge",
    ),
    "nwb with float ids": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "id", np.array([4.0, 5.0]))),
        "read ids as int64",
    ),
    "nwb with NaN spikes": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "spike_times", nan_time[:3])),
        "Remove those entries",
    ),
    "nwb with an index going back": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "spike_times_index", np.array([4, 3]))),
        "The file is damaged",
    ),
    "nwb with an index too short": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "spike_times_index", np.array([3]))),
        "The file is damaged",
    ),
    "nwb with text for spikes": (
        lambda f: nwb(f, lambda h: replaced(h["units"], "spike_times", np.array([b"a"] * 3))),
        "Export the file again",
    ),
    "series without data": (lambda f: series(f, lambda g, t: replaced(g, "data", None)), "`data`"),
    "series without a clock": (
        lambda f: series(f, lambda g, t: replaced(g, "timestamps", None)),
        "Add one of them",
    ),
    "series without regions": (
        lambda f: series(f, lambda g, t: replaced(g, "rois", None)),
        "save the data as NPZ",
    ),
    "series with regions outside the table": (
        lambda f: series(f, lambda g, t: replaced(g, "rois", np.array([0, 1, 3]))),
        "one region of its table",
    ),
    "series with a repeated region": (
        lambda f: series(f, lambda g, t: replaced(g, "rois", np.array([0, 1, 1]))),
        "Rename or merge",
    ),
    "series with float ids": (
        lambda f: series(f, lambda g, t: replaced(t, "id", np.array([1.0, 2.0, 3.0]))),
        "read ids as int64",
    ),
    "series with NaN time": (
        lambda f: series(f, lambda g, t: replaced(g, "timestamps", nan_time)),
        "Remove those samples",
    ),
    "series with time going back": (
        lambda f: series(f, lambda g, t: replaced(g, "timestamps", back_time)),
        "Sort the samples",
    ),
    "series transposed": (
        lambda f: series(f, lambda g, t: replaced(g, "data", VALUES[0].T)),
        "transpose the data|one region",
    ),
    "series with infinite values": (
        lambda f: series(f, lambda g, t: replaced(g, "data", infinite[0])),
        "Remove those entries",
    ),
    "pickle": (lambda f: written(f / "r.npz", pickle.dumps({"a": 1})), "never opened.*as .npz"),
    "npy": (lambda f: (np.save(f / "r.npy", VALUES), f / "r.npy")[1], "Save an .npz"),
    "netcdf 3": (lambda f: written(f / "r.nc", b"CDF\x01" + bytes(40)), "as NetCDF 4"),
    "parquet": (lambda f: written(f / "r.parquet", b"PAR1" + bytes(40)), "Save it as CSV"),
    "noise": (lambda f: written(f / "r.dat", b"\x01\x00\x02" * 9), "Convert it"),
    "a folder": (lambda f: f, "Check the path"),
    "nothing at all": (lambda f: f / "none.npz", "Check the path"),
}


def _zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_is_answered_in_three_parts(fault, tmp_path):
    make, instruction = FAULTS[fault]
    path = make(tmp_path)
    kind = "rate" if fault.startswith("csv") else None
    dt = 0.4 if fault.startswith("nwb") else None
    with pytest.raises(InputError, match=f"(?s){instruction}") as caught:
        read_recording(path, kind=kind, dt=dt)
    message = str(caught.value)
    assert "must" in message or "may" in message
    assert message.rstrip().endswith((".", "?", "`"))
    assert message.count(";") >= 1
    assert "Traceback" not in message
    assert type(caught.value) is InputError


@pytest.mark.parametrize("make", [npz, csv, netcdf, series])
def test_the_same_files_unbroken_are_read_exactly(make, tmp_path):
    recording = read_recording(make(tmp_path), kind="rate")
    np.testing.assert_array_equal(recording.activity, VALUES)
    np.testing.assert_array_equal(recording.time, TIME)
    ids = [11, 12, 13] if make is series else IDS.tolist()
    assert recording.neuron_id.tolist() == ids


def test_the_same_units_unbroken_are_counted(tmp_path):
    recording = read_recording(nwb(tmp_path), dt=0.4)
    assert recording.activity[0].T.tolist() == [[2, 0], [0, 1]]


@pytest.mark.parametrize("write", [write_npz, write_netcdf])
def test_a_file_cut_anywhere_is_never_read_as_something_else(write, tmp_path):
    recording = Recording(VALUES, IDS, kind="rate", dt=0.5)
    write(tmp_path / "whole", recording)
    data = (tmp_path / "whole").read_bytes()
    for end in range(0, len(data), max(1, len(data) // 40)):
        with pytest.raises(InputError):
            read_recording(written(tmp_path / "cut", data[:end]))


@pytest.mark.parametrize("make", [npz, netcdf, nwb, series])
def test_a_flipped_byte_raises_our_error_or_nothing(make, tmp_path):
    path = make(tmp_path)
    data = path.read_bytes()
    for at in np.random.default_rng(0).integers(0, len(data), 60):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        try:
            read_recording(written(path, bytes(broken)), dt=0.5 if make is nwb else None)
        except InputError as error:
            assert str(error)  # noqa: PT017
