"""Long work survives kill -9, Ctrl-C, a full disk and damaged files."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fit_job
from neuroloom.errors import StudyError
from neuroloom.fitting import fit


@pytest.fixture(scope="module")
def uninterrupted():
    return fit_job.job(None)


def same_numbers(one, other):
    np.testing.assert_array_equal(one.history, other.history)
    np.testing.assert_array_equal(one.validation_history, other.validation_history)
    pairs = zip(jax.tree.leaves(one.parameters), jax.tree.leaves(other.parameters), strict=True)
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)


def checks_done(path):
    return json.loads(path.read_bytes().split(b"\n")[0])["n_done"] if path.exists() else 0


def stop_another_process(path, number):
    """Start the job elsewhere, send a signal after three checks, and return what it said."""
    process = subprocess.Popen(
        [sys.executable, str(Path(fit_job.__file__)), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    deadline = time.monotonic() + 120
    while checks_done(path) < 3:
        assert process.poll() is None, "the job ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(number)
    said = process.communicate(timeout=60)[0]
    return process.returncode, said


def test_a_killed_fit_resumes_to_identical_numbers(tmp_path, uninterrupted):
    path = tmp_path / "fit.checkpoint"
    code, said = stop_another_process(path, signal.SIGKILL)
    assert (code, said) == (-signal.SIGKILL, "")
    assert 3 <= checks_done(path) < fit_job.N_CHECKS
    same_numbers(fit_job.job(path), uninterrupted)


def test_ctrl_c_returns_what_there_is_and_leaves_a_resumable_checkpoint(tmp_path, uninterrupted):
    path = tmp_path / "fit.checkpoint"
    code, said = stop_another_process(path, signal.SIGINT)
    assert code == 0
    word, n_checks = said.split()
    assert word == "interrupted"
    assert 3 <= int(n_checks) < fit_job.N_CHECKS
    assert checks_done(path) >= int(n_checks) - 1
    same_numbers(fit_job.job(path), uninterrupted)


def small(path, *, seed=0, n_steps=20, trials=None):
    import equinox as eqx

    class Point(eqx.Module):
        w: jax.Array

    trials = jnp.arange(6.0) if trials is None else trials
    return fit(
        Point(jnp.zeros(2)),
        trials,
        lambda net, t, weight, key: jnp.sum(weight * (net.w.sum() - t) ** 2),
        trainable=lambda n: n.w,
        key=jax.random.key(seed),
        n_members=2,
        n_steps=n_steps,
        check_every=10,
        checkpoint=path,
        progress=False,
    )


def test_a_finished_checkpoint_is_not_fitted_again(tmp_path):
    path = tmp_path / "fit.checkpoint"
    first = small(path)
    written = path.read_bytes()
    same_numbers(small(path), first)
    assert path.read_bytes() == written


@pytest.mark.parametrize("change", [{"seed": 1}, {"n_steps": 30}, {"trials": jnp.arange(1.0, 7.0)}])
def test_a_checkpoint_of_another_fit_is_refused(tmp_path, change):
    path = tmp_path / "fit.checkpoint"
    small(path)
    with pytest.raises(StudyError, match=r"other data, numbers or starting values\. Remove it"):
        small(path, **change)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[: len(b) // 2],
        lambda b: b[:5],
        lambda b: b"",
        lambda b: b"[1, 2]\n" + b.split(b"\n", 1)[1],
        lambda b: b[:-20] + bytes([b[-20] ^ 1]) + b[-19:],
        lambda b: b"neuron,count\na,1\n",
        lambda b: b"\xff\xfe\x00" * 40,
    ],
    ids=["half", "start", "empty", "list", "one bit", "table", "binary"],
)
def test_a_damaged_checkpoint_is_refused(tmp_path, damage):
    path = tmp_path / "fit.checkpoint"
    small(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StudyError, match=r"a whole checkpoint.*Remove it to start again"):
        small(path)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudyError, match="choose another folder"):
        small(tmp_path / "file" / "fit.checkpoint")


def test_a_full_disk_is_an_error_and_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "fit.checkpoint"
    path.write_bytes(b"")
    small(tmp_path / "other")
    written = (tmp_path / "other").read_bytes()
    path.write_bytes(written)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        path.unlink()
        with pytest.raises(StudyError, match="Free some space"):
            small(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other"]
    assert (tmp_path / "other").read_bytes() == written
