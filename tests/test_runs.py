import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest

from neuroloom.errors import StudyError
from neuroloom.runs import (
    ProgressBar,
    atomic_write,
    checksum,
    config_hash,
    is_finished,
    locked,
    mark_finished,
    peak_memory_gb,
    progress_bar,
    provenance,
    run_folder,
    write_json,
)
from neuroloom.studies.config import PredictConfig

OTHER = {
    "level": 0.8,
    "n_calibrations": 2,
    "n_planned": 3,
    "n_members": 4,
    "n_null_draws": 3,
    "nulls": ("rewire",),
    "n_folds": 6,
    "held_out": 0.25,
    "sign_rule": "excitatory",
    "sharing": "global",
    "q_below": 0.01,
    "n_steps": 401,
    "n_resamples": 201,
    "seed": 1,
}


@dataclass(frozen=True)
class Odd:
    """A config with what JSON does not know."""

    value: object = 0.0


def run(script, *arguments, **options):
    """A fresh Python that runs this script."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_file_is_seen_whole_or_not_at_all(tmp_path, before):
    path = tmp_path / "deep" / "scores.csv"
    if before is not None:
        path.parent.mkdir()
        path.write_bytes(before)
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert (path.read_bytes() if path.exists() else None) == before
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["scores.csv"]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_a_block_that_raises_leaves_the_old_file_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "scores.csv"
    path.write_bytes(b"old")

    def write_half():
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        write_half()
    assert caught.value is error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["scores.csv"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from neuroloom.errors import StudyError
from neuroloom.runs import atomic_write
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))  # no file may grow beyond this
try:
    with atomic_write(Path(sys.argv[1])) as file:
        file.write(b"x" * int(sys.argv[2]))
except StudyError as error:
    print(error)
    sys.exit(3)
"""


@pytest.mark.parametrize(("size", "code"), [(65_536, 0), (65_537, 3), (1_000_000, 3)])
def test_a_full_disk_leaves_the_old_file_and_says_what_to_do(tmp_path, size, code):
    path = tmp_path / "fit.eqx"
    path.write_bytes(b"old")
    done = run(FULL_DISK, path, size)
    assert done.returncode == code, done.stderr
    assert names(tmp_path) == ["fit.eqx"]
    if code:
        assert "Free some space or choose another folder with `--out`" in done.stdout
        assert path.read_bytes() == b"old"
    else:
        assert path.stat().st_size == size


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "fit.eqx"
    path.write_bytes(b"old")
    done = run(
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from neuroloom.runs import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as file:\n"
        "    file.write(b'x' * 100_000)\n    os.kill(os.getpid(), signal.SIGKILL)",
        path,
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_a_folder_that_cannot_be_made_is_answered_with_another_folder(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    inside = tmp_path / "file" / "runs"
    with (
        pytest.raises(StudyError, match="choose another folder with `--out`"),
        atomic_write(inside),
    ):
        raise AssertionError("the block must not begin")
    with pytest.raises(StudyError, match="Choose a folder that can be written with `--out`"):
        run_folder(inside, "predict", PredictConfig(), {})
    with pytest.raises(StudyError, match="Choose another folder with `--out`"), locked(inside):
        raise AssertionError("the block must not begin")


def test_json_holds_numbers_and_no_nan(tmp_path):
    path = tmp_path / "config.json"
    value = {
        "nan": float("nan"),
        "array": np.array([[1.5, np.inf], [np.nan, -np.inf]]),
        "number": np.float64(0.1),
        "whole": np.int64(720575940621039145),
        "yes": np.bool_(True),
        "config": replace(PredictConfig(), seed=7),
        "text": "µm",
        3: ("a", None),
    }
    write_json(path, value)
    read = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert read["nan"] is None
    assert read["array"] == [[1.5, None], [None, None]]
    assert (read["number"], read["whole"], read["yes"]) == (0.1, 720575940621039145, True)
    assert (read["config"]["type"], read["config"]["seed"]) == ("PredictConfig", 7)
    assert (read["text"], read["3"]) == ("µm", ["a", None])
    assert read["config"]["nulls"] == ["rewire", "shuffle_weights"]


def test_the_hash_changes_with_every_field_of_the_config():
    assert set(OTHER) == {field.name for field in fields(PredictConfig)}
    base = PredictConfig()
    hashes = [config_hash(base, {})]
    hashes += [config_hash(replace(base, **{name: OTHER[name]}), {}) for name in OTHER]
    assert len(set(hashes)) == len(OTHER) + 1
    assert all(len(h) == 10 and set(h) <= set("0123456789abcdef") for h in hashes)
    assert config_hash(replace(base), {}) == hashes[0]


def test_the_hash_changes_with_the_data_and_not_with_their_order():
    data = {"connectome": "12", "recording": "34"}
    changed = [{}, data, data | {"recording": "35"}, {"connectome": "34", "recording": "12"}]
    assert len({config_hash(PredictConfig(), d) for d in changed}) == 4
    turned = dict(reversed(list(data.items())))
    assert config_hash(PredictConfig(), turned) == config_hash(PredictConfig(), data)


def test_values_that_json_writes_alike_have_hashes_of_their_own():
    values = [None, float("nan"), float("inf"), float("-inf"), 0.0, 0, False, "0", "None"]
    assert len({config_hash(Odd(value), {}) for value in values}) == len(values)
    assert config_hash(Odd(float("nan")), {}) == config_hash(Odd(float("nan")), {})


def test_the_hash_of_a_set_is_the_same_in_every_process():
    script = (
        "from dataclasses import dataclass\nfrom neuroloom.runs import config_hash\n"
        "@dataclass\nclass Odd:\n    value: object\n"
        "print(config_hash(Odd({'rewire', 'shuffle_weights', 'erdos_renyi', 'x', 'y'}), {}))"
    )
    printed = [run(script, env=os.environ | {"PYTHONHASHSEED": seed}) for seed in "0123"]
    assert len({done.stdout for done in printed}) == 1
    assert len(printed[0].stdout.strip()) == 10, printed[0].stderr


def test_a_run_comes_back_to_its_folder_and_another_run_does_not(tmp_path):
    one = run_folder(tmp_path, "predict", PredictConfig(), {"recording": "1"})
    assert one == run_folder(tmp_path, "predict", PredictConfig(), {"recording": "1"})
    assert one != run_folder(tmp_path, "predict", PredictConfig(seed=1), {"recording": "1"})
    assert one != run_folder(tmp_path, "predict", PredictConfig(), {"recording": "2"})
    assert one.is_dir()
    assert not is_finished(one)
    mark_finished(one)
    assert is_finished(one)


HOLD = """
import sys, time
from pathlib import Path
from neuroloom.runs import locked
with locked(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(folder):
    """Another process that has locked the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "in\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_process_is_kept_out_until_the_first_is_killed(tmp_path):
    with holder(tmp_path) as process:
        with pytest.raises(StudyError, match="Wait for it, or choose another folder"):
            locked(tmp_path).__enter__()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with locked(tmp_path):
            assert (tmp_path / ".lock").exists()


def test_a_lock_ends_with_its_block_also_when_the_block_raises(tmp_path):
    for _ in range(2):
        with pytest.raises(ValueError, match="mine"), locked(tmp_path):
            raise ValueError("mine")


def test_a_checksum_changes_with_content_type_shape_and_order(tmp_path):
    one, two = np.arange(6.0), np.arange(6.0)[::-1]
    inputs = [
        (one,),
        (two,),
        (one.reshape(2, 3),),
        (one.reshape(3, 2),),
        (one.astype(np.float32),),
        (one.astype(int),),
        (one, two),
        (two, one),
        (one, "rate"),
        (one, "calcium"),
        (one, None),
        ("ab", "c"),
        ("a", "bc"),
        (),
    ]
    assert len({checksum(*values) for values in inputs}) == len(inputs)
    assert checksum(np.arange(12.0)[::2]) == checksum(np.arange(12.0)[::2].copy())


def test_a_checksum_of_a_file_is_of_its_content_and_not_of_its_name(tmp_path):
    first, copy, other = (tmp_path / name for name in ("a", "b", "c"))
    content = bytes(range(256)) * 8_200  # more than one block of a mebibyte
    first.write_bytes(content)
    copy.write_bytes(content)
    other.write_bytes(content[:-1] + b"\0")
    assert checksum(first) == checksum(copy) != checksum(other)


def test_provenance_has_versions_machine_and_time_and_nothing_else():
    made = provenance()
    assert set(made) == {"versions", "machine", "created"}
    assert made["versions"]["numpy"] == np.__version__
    assert {"python", "neuroloom", "jax", "equinox", "optax"} <= set(made["versions"])
    assert str(Path.home()) not in json.dumps(made)


def test_peak_memory_is_in_gigabytes_and_counts_what_was_used():
    block = np.ones(40_000_000 // 8)
    assert 0.04 < peak_memory_gb() < 64
    assert block.nbytes == 40_000_000


def test_a_progress_bar_that_is_switched_off_is_silent(capfd):
    with progress_bar("fits", total=3, enabled=False) as bar:
        bar.advance(note="loss 1")
        bar.advance(2)
    assert capfd.readouterr() == ("", "")


def test_a_progress_bar_never_writes_to_the_output(capfd):
    with progress_bar("fits", total=3) as bar:
        bar.advance(3, note="loss 1")
    assert capfd.readouterr().out == ""


def test_a_progress_bar_counts_down_from_the_time_it_is_told(capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    bar = ProgressBar("cells", 3, enabled=True)
    bar.start()
    bar.advance(note="students, seed 3", left=7_500)
    bar.stop()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capfd.readouterr().err)
    assert "1/3" in text
    assert re.search(r"left (2:05:00|2:04:59)", text)
    assert "students, seed 3" in text
