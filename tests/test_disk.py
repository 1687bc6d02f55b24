"""Files on disk: one error in three parts, and never half a file."""

import errno
import os

import numpy as np
import pytest

from neuroloom.connectome import (
    Connectome,
    read_connectome,
    write_csv,
    write_graphml,
    write_parquet,
)
from neuroloom.disk import check_expansion, first_bytes, speaking_of, written_whole
from neuroloom.errors import InputError


@pytest.mark.parametrize(
    "error", [OSError("x"), EOFError(), KeyError("x"), MemoryError(), SystemError("x")]
)
def test_what_a_broken_file_raises_is_one_error_with_its_name(error, tmp_path):
    said = pytest.raises(InputError, match=r"a.csv must be a whole.*Copy or export it again")
    with said, speaking_of(tmp_path / "a.csv"):
        raise error


def test_a_bug_is_not_taken_for_a_broken_file(tmp_path):
    with pytest.raises(AttributeError), speaking_of(tmp_path):
        raise AttributeError


def test_a_file_must_be_there_and_hold_data(tmp_path):
    with pytest.raises(InputError, match=r"is a folder\. Check the path"):
        first_bytes(tmp_path)
    with pytest.raises(InputError, match=r"is not there\. Check the path"):
        first_bytes(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(InputError, match=r"0 bytes.*Copy or export it again"):
        first_bytes(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"abc")
    assert first_bytes(tmp_path / "x", 2) == b"ab"


def test_what_unpacks_to_too_much_is_refused_by_ratio_and_size(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(1000))
    check_expansion(path, 2**26)
    check_expansion(path, 200_000, always_fine=0)
    with pytest.raises(InputError, match=r"the table in .* 200,001 bytes.*without compression"):
        check_expansion(path, 200_001, "the table", always_fine=0)


@pytest.mark.parametrize("folder", [False, True])
def test_a_write_that_fails_leaves_what_was_there(folder, tmp_path):
    path = tmp_path / "x"
    if not folder:
        path.write_text("before")

    def fail():
        with written_whole(path, folder=folder) as beside:
            beside.mkdir() if folder else beside.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ([] if folder else ["x"])
    assert folder or path.read_text() == "before"


def test_a_full_disk_is_one_error(tmp_path):
    said = pytest.raises(InputError, match=r"No space left.*Free some space")
    with said, written_whole(tmp_path / "x"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("kind", ["csv", "parquet", "graphml"])
def test_a_connectome_that_cannot_be_written_leaves_the_last_one(kind, tmp_path, monkeypatch):
    made = Connectome(
        neuron_id=np.array([1, 2]),
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([0]),
        count=np.array([3]),
        sign=np.array([0]),
    )

    def write(path):
        if kind == "graphml":
            write_graphml(path, made)
        else:
            {"csv": write_csv, "parquet": write_parquet}[kind](path, made, neurons=tmp_path / "n")

    write(tmp_path / "e")
    replaced = os.replace

    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="Nothing was left there"):
        write(tmp_path / "e")
    monkeypatch.setattr(os, "replace", replaced)
    neurons = None if kind == "graphml" else tmp_path / "n"
    assert read_connectome(tmp_path / "e", neurons=neurons).count.tolist() == [3]
    assert {p.name for p in tmp_path.iterdir()} <= {"e", "n"}
