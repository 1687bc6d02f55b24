"""Every reader against damaged copies of its format: an `InputError` or a read, never else."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from fuzzing import MODULES

HERE = Path(__file__).parent
SAMPLES = [(m, name) for m in MODULES for name in importlib.import_module(m).SAMPLES]
ALL = 100_000  # damaged copies of the slow test, over all formats


def fuzz(module, name, n, seed):
    command = [sys.executable, "-X", "faulthandler", str(HERE / "fuzzing.py"), module, name]
    told = subprocess.run(
        [*command, str(n), str(seed)], capture_output=True, text=True, timeout=3000, check=False
    )
    assert told.returncode == 0, f"{name}: exit {told.returncode}\n{told.stderr[-3000:]}"
    return told.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(("module", "name"), SAMPLES)
def test_a_sample_is_read_and_its_damaged_copies_are_refused_or_read(module, name, tmp_path):
    samples = importlib.import_module(module)
    samples.READERS[name](samples.SAMPLES[name](tmp_path))
    assert "refused" in fuzz(module, name, 25, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name"), SAMPLES)
def test_no_damage_among_a_hundred_thousand_does_anything_else(module, name):
    print(module, name, fuzz(module, name, -(-ALL // len(SAMPLES)), seed=1))
