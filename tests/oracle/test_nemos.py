"""Poisson regression with a ridge against nemos in its own environment.

Set NEMOS_PYTHON to a Python that imports nemos; `benchmarks/poisson_coupling.py` says how.
"""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from neuroloom.fitting.coupling import L2, Poisson, RaisedCosine

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "poisson_coupling.py"
PYTHON = os.environ.get("NEMOS_PYTHON", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(PYTHON).is_file(),
        reason="NEMOS_PYTHON names no Python with nemos; see benchmarks/poisson_coupling.py",
    ),
]


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARK.parent)
        spec = importlib.util.spec_from_file_location("poisson_benchmark", BENCHMARK)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def test_kernels_equal_those_of_nemos(benchmark):
    rng = np.random.default_rng(0)
    _, spikes = benchmark.simulated(5, 4000, 0.4, 0.5, rng)
    basis = RaisedCosine(3, 8)
    found = Poisson(basis, L2(0.02)).fit(spikes)
    z, sd, y = benchmark.standardized(spikes, basis.functions)
    answer = benchmark.ask(PYTHON, z, y, np.array([0.02 * y.mean()]), "1e-10")
    w = (answer["coefficient"] / sd[:, None]).reshape(3, 5, 5)
    expected = np.einsum("lk,kji->lij", basis.functions, w)
    np.testing.assert_allclose(found.weight, expected, atol=1e-5)
