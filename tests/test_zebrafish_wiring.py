"""The integrator of the zebrafish: its wiring, its scale, and what its classes of cells do."""

from pathlib import Path

import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.datasets.zebrafish_oculomotor import zebrafish_wiring
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.zebrafish.classes import (
    recorded_population,
    wired_population,
)
from neuroloom.studies.constrained_networks.zebrafish.wiring import (
    integrator_network,
    oculomotor_circuit,
    per_total_input,
    senders_only,
    spectral_abscissa,
)

DATA = Path(__file__).resolve().parents[1].parent / "shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the project")


def wiring(connections, labels, totals) -> Connectome:
    """`connections`: (pre, post, synapses), positions in `labels`."""
    pre, post, count = np.array(connections).T
    return Connectome(
        neuron_id=np.arange(len(labels)),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), np.int64),
        count=count,
        sign=np.zeros(len(pre), np.int64),
        neurons={"cell_type": np.array(labels), "total_inputs": np.array(totals)},
    )


LABELS = ["Int", "Int", "ABD_m", "DOs", "Axl", "vSPNs", "Int"]


@pytest.fixture
def small():
    """Two cells that excite each other, and drive an abducens cell, which a vestibular one stops.

    The last cell is heard by nobody but an output; `vSPNs` has no input synapse at all.
    """
    connections = [(0, 1, 300), (1, 0, 100), (0, 2, 10), (3, 2, 4), (0, 3, 2), (4, 0, 5)]
    return wiring([*connections, (2, 0, 7), (1, 6, 3)], LABELS, [1_000, 1_000, 20, 10, 9, 0, 30])


def weights(circuit):
    """W[post, pre], from the lists of ends."""
    matrix = np.zeros((circuit.n_neurons, circuit.n_neurons))
    np.add.at(matrix, (circuit.post, circuit.pre), circuit.sign * circuit.count)
    return matrix


def test_each_row_is_a_share_of_the_receivers_total_and_vestibular_cells_inhibit(small):
    circuit = per_total_input(oculomotor_circuit(small))
    assert circuit.column("cell_type").tolist() == ["Int", "Int", "ABD_m", "DOs", "vSPNs", "Int"]
    expected = np.zeros((6, 6))
    expected[1, 0], expected[0, 1] = 0.3, 0.1  # above 255 synapses: no small whole numbers
    expected[2, 0], expected[2, 3] = 0.5, -0.2
    expected[3, 0], expected[5, 1] = 0.2, 0.1
    np.testing.assert_allclose(weights(circuit), expected)
    told = " ".join(circuit.audit)
    assert "1 cells have a total of 0, receive nothing and stay" in told
    assert "no cell is labelled MO" in told
    assert "left out what ABD_m, ABD_i, vSPNs send: 1 connections" in told


def test_a_receiver_with_a_total_of_zero_is_refused(small):
    wrong = wiring([(0, 1, 3), (1, 5, 2), (3, 0, 1)], LABELS, [5, 5, 5, 5, 5, 0, 5])
    with pytest.raises(InputError, match="Correct the column, or leave these cells out"):
        per_total_input(oculomotor_circuit(wrong))


def test_a_wiring_without_the_labels_is_refused(a_to_b):
    with pytest.raises(InputError, match="cell_type"):
        oculomotor_circuit(a_to_b)
    with pytest.raises(InputError, match="rename the labels of yours"):
        oculomotor_circuit(wiring([(0, 1, 1)], ["EPG", "EPG"], [1, 1]))


def test_cells_that_send_nothing_go_one_after_another(small):
    chain = wiring(
        [(0, 1, 1), (1, 0, 1), (0, 2, 1), (2, 3, 1)], ["Int", "DOs", "Int", "Int"], [9] * 4
    )
    kept = senders_only(oculomotor_circuit(chain))
    assert kept.neuron_id.tolist() == [0, 1]  # 3 sends nothing; without it, neither does 2
    assert "dropped 2 of 4 cells that send nothing" in kept.audit[-1]
    assert senders_only(kept) is kept


def test_the_slowest_mode_is_scaled_and_nothing_else(small):
    circuit = per_total_input(oculomotor_circuit(small))
    plain = integrator_network(circuit, abscissa=None)
    assert spectral_abscissa(plain) == pytest.approx(np.sqrt(0.3 * 0.1))
    scaled = integrator_network(circuit, abscissa=0.9)
    assert spectral_abscissa(scaled) == pytest.approx(0.9)
    np.testing.assert_allclose(
        np.asarray(scaled.weight), np.asarray(plain.weight) * 0.9 / np.sqrt(0.03)
    )


def test_a_wiring_without_loops_cannot_be_scaled():
    chain = wiring([(0, 1, 1), (1, 2, 1)], ["DOs", "Int", "Int"], [9, 9, 9])
    with pytest.raises(InputError, match="give one with excitatory loops"):
        integrator_network(per_total_input(oculomotor_circuit(chain)), abscissa=0.9)


def test_sensitivity_and_persistence_are_those_of_matrix_powers(small):
    circuit = per_total_input(oculomotor_circuit(small))
    found = wired_population(integrator_network(circuit, abscissa=0.9), circuit)
    matrix = weights(circuit)
    matrix *= 0.9 / np.linalg.eigvals(matrix).real.max()
    step = np.eye(6) + 0.1 * (matrix - np.eye(6))
    states = np.array([np.linalg.matrix_power(step, k) @ np.ones(6) for k in range(62)])
    early, late = states[23:34].mean(0), states[50:61].mean(0)
    held = states[23:61].mean(0)
    compared = [0, 1, 2, 5]
    assert found.label.tolist() == ["integrator", "integrator", "abducens", "integrator"]
    np.testing.assert_allclose(found.sensitivity, np.abs(held)[compared], rtol=1e-6)
    np.testing.assert_allclose(found.persistence, (late / early)[compared], rtol=1e-6)


def test_two_cells_that_hold_forever_persist_and_a_cell_without_input_does_not():
    loop = wiring(
        [(0, 1, 1), (1, 0, 1), (0, 2, 1), (3, 4, 1)],
        ["Int", "Int", "ABD_m", "DOs", "Int"],
        [1, 1, 1, 0, 5],
    )
    circuit = per_total_input(oculomotor_circuit(loop))
    found = wired_population(integrator_network(circuit, abscissa=1.0), circuit)
    np.testing.assert_allclose(found.persistence[:3], 1, rtol=1e-6)
    assert found.sensitivity[3] < 0.2 * found.sensitivity[0]
    assert np.isnan(found.persistence[3]) or found.persistence[3] < 0.5


def test_a_wiring_without_abducens_cells_is_refused():
    loop = wiring([(0, 1, 1), (1, 0, 1), (2, 0, 1)], ["Int", "Int", "DOs"], [5, 5, 5])
    circuit = per_total_input(oculomotor_circuit(loop))
    with pytest.raises(InputError, match="Label abducens cells ABD_m or ABD_i"):
        wired_population(integrator_network(circuit, abscissa=0.9), circuit)


@needs_data
def test_the_fish_has_the_published_counts_of_cells_and_synapses():
    circuit = oculomotor_circuit(zebrafish_wiring(data=DATA))
    assert circuit.n_neurons == 609 - 251
    motor = circuit.column("cell_type") == "ABD_m"
    heard = circuit.count[motor[circuit.post]].sum()
    assert heard == 3_379 - 248  # all of them, less those of the axial cells
    assert not motor[circuit.pre].any()
    inhibits = circuit.column("cell_type") == "DOs"
    assert ((circuit.sign == -1) == inhibits[circuit.pre]).all()
    assert senders_only(circuit).n_neurons == 279  # at least 261 in the source
    shares = per_total_input(circuit)
    assert np.bincount(shares.post, shares.count).max() <= 1
    assert "2 cells have a total of 0" in " ".join(shares.audit)


@needs_data
def test_recorded_cells_are_of_two_classes_and_hold_some_of_their_response():
    cells = recorded_population(data=DATA)
    assert (cells.label == "abducens").sum() == 45
    assert cells.sensitivity.min() == pytest.approx(0.949317, abs=1e-6)
    persistence = cells.of("persistence", "integrator")
    assert 0 < np.median(persistence) < 1
    assert len(persistence) > 500
