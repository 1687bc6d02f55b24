"""One step, and twenty, of the fly's visual system against flyvis 1.2.0 in its own environment.

Set FLYVIS_PYTHON to a Python that imports flyvis; `benchmarks/flyvis.py` says how to make one.
"""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "flyvis.py"
PYTHON = os.environ.get("FLYVIS_PYTHON", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(PYTHON).is_file(),
        reason="FLYVIS_PYTHON names no Python with flyvis; see benchmarks/flyvis.py",
    ),
]


@pytest.fixture(scope="module")
def benchmark():
    """The comparison itself is in the benchmark; it is loaded under another name than flyvis."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARK.parent)
        spec = importlib.util.spec_from_file_location("flyvis_benchmark", BENCHMARK)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dumped(benchmark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flyvis")
    peer = benchmark.Peer(PYTHON, str(folder))
    try:
        peer.ask(dump=str(folder / "flyvis.npz"))
    finally:
        peer.close()
    with np.load(folder / "flyvis.npz") as file:
        return dict(file)


def test_the_lattice_equals_flyvis_edge_by_edge(benchmark, dumped):
    assert len(dumped["bias"]) == 45_669
    assert len(dumped["pre"]) == 1_513_231
    assert benchmark.same_lattice(dumped).endswith("equal edge by edge")


@pytest.mark.parametrize("compiled", [True, False])
def test_one_step_and_twenty_equal_flyvis_to_1e_5(benchmark, dumped, compiled):
    first, last, largest = benchmark.differences(
        benchmark.network_of(dumped, compiled=compiled), dumped
    )
    assert first < 1e-5
    assert last < 1e-5
    assert largest > 0.1


def test_a_transposed_wiring_is_noticed(benchmark, dumped):
    swapped = dumped | {"pre": dumped["post"], "post": dumped["pre"]}
    first, _, _ = benchmark.differences(benchmark.network_of(swapped), dumped)
    assert first > 1e-3
