"""Which kernel a product takes, and what stands in for it where there is none."""

import os
import subprocess
import sys

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.wiring import DenseWiring, SparseWiring, choose_wiring

WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
import numpy as np
from neuroloom.wiring import SparseWiring
wiring = SparseWiring.from_ends(np.array([0, 1]), np.array([1, 0]), 2)
print(wiring.describe())
print(wiring(np.array([2.0, 3.0]), np.array([5.0, 7.0])).tolist())
"""


DAMAGED = """
import numba
def damaged(*_, **__):
    raise EOFError("Ran out of input")
numba.cfunc = damaged
import numpy as np
from neuroloom.wiring import SparseWiring
wiring = SparseWiring.from_ends(np.array([0, 1]), np.array([1, 0]), 2)
print(wiring(np.array([2.0, 3.0]), np.array([5.0, 7.0])).tolist())
print(wiring.describe())
"""


REFUSED = """
import jax
def refuse(*_, **__):
    raise RuntimeError("version 0.0 is not supported")
jax.ffi.register_ffi_target = refuse
import numpy as np
from neuroloom.wiring import SparseWiring
wiring = SparseWiring.from_ends(np.array([0, 1]), np.array([1, 0]), 2)
print(wiring(np.array([2.0, 3.0]), np.array([5.0, 7.0])).tolist())
print(wiring.describe())
"""


def run_python(code, **variables):
    environment = os.environ | variables
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_without_numba_products_are_right_and_the_operator_says_why():
    said, product = run_python(WITHOUT_NUMBA)
    assert said.startswith("2 connections, by gather and segment sum: numba cannot be imported (")
    assert product == "[21.0, 10.0]"


def test_a_kernel_that_xla_refuses_is_replaced_and_the_operator_says_why():
    product, said = run_python(REFUSED)
    assert product == "[21.0, 10.0]"
    assert "or registered (RuntimeError: version 0.0 is not supported)" in said


def test_damaged_files_of_numba_do_not_stop_a_product():
    product, said = run_python(DAMAGED)
    assert product == "[21.0, 10.0]"
    assert "(EOFError: Ran out of input)" in said
    assert said.endswith("remove them or set NUMBA_CACHE_DIR")


def test_importing_the_package_and_building_an_operator_does_not_import_numba():
    code = (
        "import sys; import numpy as np; from neuroloom.wiring import SparseWiring; "
        "SparseWiring.from_ends(np.array([0]), np.array([1]), 2); print('numba' in sys.modules)"
    )
    assert run_python(code) == ["False"]


def test_more_connections_than_32_bits_count_are_refused():
    end = np.broadcast_to(np.int32(0), 2**31)
    with pytest.raises(InputError, match=r"fewer than 2\^31 connections; got 2,147,483,648"):
        SparseWiring.from_ends(end, end, 1)


@pytest.mark.parametrize(("end", "bad"), [("pre", 2), ("post", -1)])
def test_an_end_that_is_no_neuron_is_refused(end, bad):
    ends = {"pre": np.array([0]), "post": np.array([1])} | {end: np.array([bad])}
    with pytest.raises(InputError, match=rf"`{end}`.*got {bad}.*Take them from a `Connectome`"):
        choose_wiring(ends["pre"], ends["post"], 2)


@pytest.mark.parametrize(
    ("n_neurons", "n_connections", "kind"),
    [
        (500, 100, DenseWiring),
        (501, 100, SparseWiring),
        (2_000, 399_000, SparseWiring),
        (2_000, 401_000, DenseWiring),
        (40_000, 50_000, SparseWiring),
    ],
)
def test_the_operator_is_chosen_by_the_measured_crossover(n_neurons, n_connections, kind, rng):
    """docs/performance.md: small graphs dense, larger ones from 10 % of all pairs on."""
    ends = rng.integers(0, n_neurons, (2, n_connections))
    assert isinstance(choose_wiring(*ends, n_neurons), kind)
