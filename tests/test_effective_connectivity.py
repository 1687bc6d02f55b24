"""Effective connectivity over several steps equals powers of the dense matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrices_by_loops import dense, made, ring
from neuroloom.connectome import (
    Dropped,
)
from neuroloom.connectome.statistics import (
    effective_connectivity,
    effective_type_connectivity,
)
from neuroloom.errors import InputError
from strategies import connectomes, random_connectome


@settings(max_examples=50)
@given(connectomes(), st.booleans(), st.booleans(), st.booleans())
def test_effective_connectivity_equals_powers_of_the_dense_matrix(c, signed, electrical, normal):
    w = dense(c, signed=signed, electrical=electrical)
    if normal:
        received = dense(c, electrical=electrical).sum(1)
        w = np.divide(w, received[:, None], out=np.zeros_like(w), where=received[:, None] > 0)
    found = effective_connectivity(
        c,
        c.neuron_id[::2],
        c.neuron_id[::-1],
        hops=3,
        signed=signed,
        unknown_sign=Dropped(),
        electrical=electrical,
        normalized=normal,
    )
    for hop in (1, 2, 3):
        exact = np.linalg.matrix_power(w, hop)[::-1, ::2]
        np.testing.assert_allclose(found.value[hop - 1], exact, rtol=1e-9, atol=1e-12)
    assert found.source.tolist() == c.neuron_id[::2].tolist()
    assert found.target.tolist() == c.neuron_id[::-1].tolist()


def test_blocks_of_columns_change_nothing(rng, monkeypatch):
    c = random_connectome(90, 900, rng)
    whole = effective_connectivity(c, c.neuron_id, hops=2).value
    types = effective_type_connectivity(c, np.array(list("CAB")), hops=2).value
    monkeypatch.setattr("neuroloom.connectome.statistics.effective._BLOCK_BYTES", 8 * 90 * 2)
    np.testing.assert_array_equal(effective_connectivity(c, c.neuron_id, hops=2).value, whole)
    again = effective_type_connectivity(c, np.array(list("CAB")), hops=2).value
    np.testing.assert_allclose(again, types, rtol=1e-12)


def test_types_sum_over_sources_and_average_over_targets(rng):
    c = random_connectome(60, 700, rng)
    types = np.array(["B", "A"])
    each = effective_connectivity(c, c.neuron_id, hops=2, signed=True).value
    found = effective_type_connectivity(c, types, hops=2, signed=True)
    column = c.column("cell_type")
    for i, post in enumerate(types):
        for j, pre in enumerate(types):
            exact = each[:, column == post][:, :, column == pre].sum(2).mean(1)
            np.testing.assert_allclose(found.value[:, i, j], exact, rtol=1e-12)


def test_an_inhibited_inhibitor_excites_and_all_input_adds_up_to_one():
    c = made(3, [(0, 1, 2, -1), (1, 2, 3, -1)])
    two = effective_connectivity(c, c.neuron_id[:1], c.neuron_id[2:], hops=2, signed=True)
    assert two.value.ravel().tolist() == [0, 1]
    w = ring(5)
    total = effective_connectivity(w, w.neuron_id, hops=4).value.sum(2)
    np.testing.assert_allclose(total, 1)


def test_a_result_that_would_not_fit_is_refused_before_it_is_made():
    c = ring(1_000)
    with pytest.raises(InputError, match=r"are 0.1 GB. Name fewer sources or `targets`"):
        effective_connectivity(c, c.neuron_id, hops=10, most_gb=0.01)
    with pytest.raises(InputError, match="One hop is a connection"):
        effective_connectivity(c, c.neuron_id, hops=0)
    with pytest.raises(InputError, match="'X' does not"):
        effective_type_connectivity(
            random_connectome(9, 20, np.random.default_rng(0)), np.array(["A", "X"]), hops=1
        )
