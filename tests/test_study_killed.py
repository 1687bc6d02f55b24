"""Runs of a study that are killed, interrupted or lose a worker end at the same numbers."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mean_or_median.config import MeanOrMedianConfig
from mean_or_median.study import STUDY
from neuroloom.studies.framework import grid, run
from neuroloom.studies.framework.cluster import each_arm_first, share_of_cores, shared_programs

SLOW = MeanOrMedianConfig(seconds=0.25)
SAME = ("measurements.csv", "scores.csv", "claims.json")
DRIVER = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # as in fit_job.py
from neuroloom.studies.registry import STUDIES
STUDIES["mean-or-median"] = "mean_or_median"
from neuroloom.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""
needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="needs the extra `cluster`"
)


def command(folder, *more, seconds=SLOW.seconds):
    """`neuroloom run` of the two arms in a process group of its own."""
    driver = folder / "driver.py"
    driver.write_text(DRIVER)
    words = ["run", "mean-or-median", "--seconds", str(seconds), "--arm", "mean", "median"]
    paths = [str(Path(__file__).parent), *sys.path]
    return subprocess.Popen(
        [sys.executable, str(driver), *words, "--out", str(folder), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )


def cells(folder):
    return list(folder.glob("mean-or-median-*/cells/*.json"))


def begun(folder):
    """Process and cell of everything that was begun, in order of time."""
    lines = [
        line.split(" ", 2)
        for file in folder.glob("mean-or-median-*/cells/*.begun")
        for line in file.read_text().splitlines()
    ]
    return [line[1:] for line in sorted(lines, key=lambda line: int(line[0]))]


def wait_for(what, folder, n):
    until = time.monotonic() + 60
    while len(what(folder)) < n:
        assert time.monotonic() < until, "nothing happens"
        time.sleep(0.02)


def contents(run_folder):
    return [(run_folder / name).read_bytes() for name in SAME]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What an uninterrupted run leaves."""
    out = tmp_path_factory.mktemp("whole")
    return contents(run(STUDY, SLOW, out=out, arms=["mean", "median"], progress=False))


def test_a_killed_run_carries_on_to_the_same_numbers(whole, tmp_path):
    child = command(tmp_path)
    wait_for(cells, tmp_path, 5)
    child.kill()
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    before = {file: file.stat().st_mtime_ns for file in cells(tmp_path)}
    assert 5 <= len(before) < 16
    n_begun = len(begun(tmp_path))
    folder = run(STUDY, SLOW, out=tmp_path, arms=["mean", "median"], progress=False)
    assert contents(folder) == whole
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert len(begun(tmp_path)) - n_begun == 16 - len(before)


def test_ctrl_c_stops_with_what_is_there_and_says_how_to_go_on(whole, tmp_path):
    child = command(tmp_path)
    wait_for(cells, tmp_path, 3)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=30)
    assert child.returncode == 130
    n_done = len(cells(tmp_path))
    assert f"Stopped: {n_done} of 16 cells are done; what there is lies in" in told
    assert "The same command carries on" in told
    assert "Traceback" not in told
    (folder,) = tmp_path.glob("mean-or-median-*")
    assert len((folder / "measurements.csv").read_text().splitlines()) == 1 + 2 * n_done
    assert "are not done" in (folder / "claims.json").read_text()
    again = command(tmp_path)
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert contents(folder) == whole


@needs_dask
def test_a_killed_worker_loses_nothing(whole, tmp_path):
    """Two worker processes; one gets SIGKILL while it is at a cell, which another one does."""
    child = command(tmp_path, "--cluster", "local:2")
    wait_for(begun, tmp_path, 3)
    workers = {int(process) for process, _ in begun(tmp_path)}
    assert child.pid not in workers
    victim = begun(tmp_path)[-1][0]
    started_with = Path(f"/proc/{victim}/environ")
    if started_with.exists():  # what glibc has read; Dask sets other variables later
        assert b"MALLOC_TRIM_THRESHOLD_=1073741824\0" in started_with.read_bytes()
    os.kill(int(victim), signal.SIGKILL)
    cell = [other for process, other in begun(tmp_path) if process == victim][-1]
    _, told = child.communicate(timeout=60)
    assert child.returncode == 0, told
    (folder,) = tmp_path.glob("mean-or-median-*")
    assert contents(folder) == whole
    assert len({process for process, _ in begun(tmp_path)}) == 3
    twice = [process for process, other in begun(tmp_path) if other == cell]
    assert len(twice) == 2
    assert twice[0] == victim


@needs_dask
def test_ctrl_c_stops_a_cluster_and_leaves_no_process(tmp_path):
    child = command(tmp_path, "--cluster", "local:2", seconds=0.4)
    wait_for(cells, tmp_path, 2)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: everybody gets it
    _, told = child.communicate(timeout=30)
    assert child.returncode == 130, told
    assert "The same command carries on" in told
    assert "Traceback" not in told
    until = time.monotonic() + 10
    while any(alive(int(process)) for process, _ in begun(tmp_path)):
        assert time.monotonic() < until, "a worker is left"
        time.sleep(0.1)


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@needs_dask
def test_no_cell_waits_for_a_busy_worker_while_another_is_free(tmp_path):
    child = command(tmp_path, "--patient", "--cluster", "local:2", "--n-seeds", "8", seconds=0.0)
    assert "1 of" not in child.communicate()[1], "a cell failed"
    assert child.returncode == 0
    assert len(cells(tmp_path)) == 32


def test_workers_of_one_machine_share_its_cores():
    shared = share_of_cores(2)
    assert int(shared["NPROC"]) * 2 <= max(2, os.cpu_count() or 1)
    assert f"device_count={shared['NPROC']} " in shared["XLA_FLAGS"]
    assert share_of_cores(10_000)["OPENBLAS_NUM_THREADS"] == "1"


def test_workers_of_one_machine_find_programs_that_another_has_compiled(tmp_path):
    code = """
import jax
found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name))
assert jax.jit(lambda x: x + 1)(1.0) == 2.0
print(found.count("/jax/compilation_cache/cache_hits"))
"""
    about = os.environ | shared_programs(str(tmp_path))
    hits = [
        int(subprocess.check_output([sys.executable, "-c", code], env=about, timeout=120))
        for _ in range(2)
    ]
    assert hits[0] == 0 < hits[1]


def test_a_cell_of_each_arm_comes_first_and_none_is_lost():
    cells = [*grid("a", seed=range(3)), *grid("b", seed=range(2)), *grid("c", seed=range(1))]
    found = each_arm_first(cells)
    assert [cell.arm for cell in found] == ["a", "b", "c", "a", "a", "b"]
    assert set(found) == set(cells)
    assert found[3:5] == cells[1:3]
