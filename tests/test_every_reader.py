"""The same faults for every format: one `InputError` of three parts, and never a wrong read."""

import gzip
import importlib
import io
import pickle
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from pyarrow import feather
from scipy import sparse

from fuzzing import MODULES
from neuroloom.connectome import from_scipy, read_connectome, read_graphml, write_graphml
from neuroloom.errors import InputError
from neuroloom.recording import read_recording

SAMPLES = {
    f"{module.removeprefix('samples_')}: {name}": (importlib.import_module(module), name)
    for module in MODULES
    for name in importlib.import_module(module).SAMPLES
}


def _cut(share):
    return lambda data: data[: int(len(data) * share)]


FAULTS = {
    "empty": lambda data: b"",
    "one byte": lambda data: data[:1],
    "cut at a tenth": _cut(0.1),
    "cut in the middle": _cut(0.5),
    "all zero": lambda data: bytes(len(data)),
    "noise": lambda data: np.random.default_rng(0).bytes(len(data)),
    "UTF-16": lambda data: data.decode("latin-1").encode("utf-16"),
    "a pickle": lambda data: pickle.dumps({"pre": [1], "post": [2], "count": [3]}),
    "a zip of itself": lambda data: _zipped(data),
    "packed twice": lambda data: gzip.compress(gzip.compress(data)),
    "a bomb": lambda data: gzip.compress(data[:64] + bytes(2**28), 9),
}


def _zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data", data)
    return file.getvalue()


# Half of a plain table of numbers may be one: nothing in it says where it ends.
NO_FAULT = {("recordings: csv", "cut in the middle")}


@pytest.mark.parametrize(
    ("sample", "fault"), [(s, f) for s in SAMPLES for f in FAULTS if (s, f) not in NO_FAULT]
)
def test_a_fault_is_one_error_in_three_parts(sample, fault, tmp_path):
    module, name = SAMPLES[sample]
    sound = module.SAMPLES[name](tmp_path)
    sound.write_bytes(FAULTS[fault](sound.read_bytes()))
    with pytest.raises(InputError) as caught:
        module.READERS[name](sound)
    text = str(caught.value)
    assert "must" in text
    assert "; " in text
    assert text.rstrip().endswith((".", "?"))
    assert len(text) < 2000


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_file_that_is_not_there_is_said_to_be_so(sample, tmp_path):
    module, name = SAMPLES[sample]
    path = module.SAMPLES[name](tmp_path)
    path.unlink() if path.is_file() else shutil.rmtree(path)
    with pytest.raises(InputError, match=r"not there|is no|does not exist|nothing"):
        module.READERS[name](path)


def rows(n, rng):
    """So many connections, each once, between 20,000 neurons with 18-digit ids."""
    key = np.sort(rng.choice(20_000 * 20_000, n, replace=False))
    ids = 720575940600000001 + rng.permutation(20_000)
    return ids, key // 20_000, key % 20_000, rng.integers(1, 99, n)


def same(made, ids, pre, post, count):
    order = np.lexsort((made.neuron_id[made.post], made.neuron_id[made.pre]))
    expected = np.lexsort((ids[post], ids[pre]))
    np.testing.assert_array_equal(made.neuron_id[made.pre][order], ids[pre][expected])
    np.testing.assert_array_equal(made.neuron_id[made.post][order], ids[post][expected])
    np.testing.assert_array_equal(made.count[order], count[expected])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["codex", "male", "graphml", "scipy"])
def test_a_million_connections_are_read_to_the_last(kind, tmp_path, rng):
    ids, pre, post, count = rows(1_000_000, rng)
    path = tmp_path / "e"
    if kind == "codex":
        table = pd.DataFrame({"pre_root_id": ids[pre], "post_root_id": ids[post]})
        table = table.assign(neuropil="EB", syn_count=count, nt_type="ACH")
        table.to_csv(tmp_path / "e.gz", index=False)
        made = read_connectome(tmp_path / "e.gz")
    elif kind == "male":
        table = pd.DataFrame({"body_pre": ids[pre], "body_post": ids[post], "weight": count})
        feather.write_feather(table, str(path))
        made = read_connectome(path)
    else:
        entries = (count, (post, pre))
        made = from_scipy(sparse.coo_array(entries, shape=(20_000,) * 2), ids, rows="post")
        if kind == "graphml":
            write_graphml(path, made)
            made = read_graphml(path)
    same(made, ids, pre, post, count)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_a_million_samples_are_read_to_the_last(kind, tmp_path, rng):
    time, activity = np.arange(1_000_000) * 0.5, rng.integers(0, 9, (1_000_000, 2)).astype(float)
    activity[rng.integers(1_000_000, size=50), 0] = np.nan
    path = tmp_path / "r"
    if kind == "csv":
        table = pd.DataFrame(activity, columns=["AVAL", "AVAR"])
        table.insert(0, "time", time)
        table.to_csv(path, index=False)
    else:
        with path.open("wb") as file:
            np.savez(file, activity=activity, time=time, neuron_id=np.array(["AVAL", "AVAR"]))
    made = read_recording(path, kind="rate")
    np.testing.assert_array_equal(made.activity[0], activity)
    assert made.neuron_id.tolist() == ["AVAL", "AVAR"]
