"""The worm's motor circuits have the numbers of their sources."""

from collections import Counter

import numpy as np
import pytest

from neuroloom.connectome import KINDS, lesion
from neuroloom.datasets import connectome
from neuroloom.errors import InputError

ELECTRICAL = KINDS.index("electrical")


def edges(circuit, pre, post, sign):
    chosen = pre[circuit.pre] & post[circuit.post] & (circuit.kind != ELECTRICAL)
    chosen &= circuit.sign == sign
    return int(chosen.sum()), int(circuit.count[chosen].sum())


def test_the_cord_has_cooks_numbers():
    circuit = connectome("worm-motor/command")
    kind, number = circuit.column("node_kind"), circuit.column("row")
    motor, command = (kind == "neuron") & (number > 0), (kind == "neuron") & (number == 0)
    muscle = kind == "muscle"
    classes = Counter(circuit.column("cell_type")[motor].tolist())
    assert classes == {"DA": 9, "DB": 7, "AS": 11, "VA": 12, "VB": 11, "VC": 6, "DD": 6, "VD": 13}
    assert (muscle.sum(), command.sum()) == (95, 10)
    assert edges(circuit, motor, motor, 1) == (348, 2337)
    assert edges(circuit, motor, motor, -1) == (53, 145)
    assert edges(circuit, motor, muscle, 1) == (363, 1399)
    assert edges(circuit, motor, muscle, -1) == (121, 609)
    assert edges(circuit, command, motor, 1) == (164, 641)
    joined = circuit.kind == ELECTRICAL

    def junctions(one, other):
        ends = (one[circuit.pre] & other[circuit.post]) | (other[circuit.pre] & one[circuit.post])
        return joined & ends

    # The source counts entries of a symmetric table: 239 are 118 pairs and 3 of a cell with itself.
    own = junctions(motor, motor)
    itself = own & (circuit.pre == circuit.post)
    assert (2 * (own & ~itself).sum() + itself.sum(), itself.sum()) == (239, 3)
    assert 2 * circuit.count[own].sum() - circuit.count[itself].sum() == 808
    pairs = junctions(command, motor)
    assert (pairs.sum(), circuit.count[pairs].sum()) == (99, 453)
    assert 2 * junctions(muscle, muscle).sum() == 192


def test_the_cord_without_command_is_its_part():
    whole, cord = connectome("worm-motor/command"), connectome("worm-motor")
    assert cord.n_neurons == whole.n_neurons - 10
    assert cord.obeys_dale
    by_sign = {
        cell_type: set(cord.sign[(cord.column("cell_type")[cord.pre] == cell_type)].tolist()) - {0}
        for cell_type in ("DD", "VD", "DB", "VC")
    }
    assert by_sign == {"DD": {-1}, "VD": {-1}, "DB": {1}, "VC": {1}}


def test_segments_have_haspels_numbers():
    circuit = connectome("worm-motor-segments")
    chemical = circuit.kind != ELECTRICAL
    assert ((circuit.sign > 0).sum(), (circuit.sign < 0).sum()) == (370, 114)
    assert (~chemical).sum() == 89
    muscle = circuit.column("node_kind") == "muscle"
    assert (muscle.sum(), (~muscle).sum()) == (72, 66)
    per_segment = np.bincount(circuit.column("segment")[~muscle])[1:]
    assert per_segment.tolist() == [11] * 6
    assert circuit.obeys_dale


@pytest.mark.parametrize("name", ["worm-motor", "worm-motor-segments"])
def test_cells_serve_the_side_they_are_named_for(name):
    circuit = connectome(name)
    side, kind = circuit.column("side_dv"), circuit.column("node_kind")
    onto = (kind[circuit.post] == "muscle") & (circuit.kind != ELECTRICAL)
    same = side[circuit.pre[onto]] == side[circuit.post[onto]]
    assert np.average(same, weights=circuit.count[onto]) > 0.9
    # Front to back: senders of a segment reach muscles near it.
    segment = circuit.column("segment")
    gap = segment[circuit.post[onto]] - segment[circuit.pre[onto]]
    assert abs(np.average(gap, weights=circuit.count[onto])) < 1.5
    assert set(circuit.column("quadrant")[kind == "muscle"].tolist()) == {"DL", "DR", "VL", "VR"}


def test_segments_of_the_cord_are_sixths_of_rows_and_of_classes():
    circuit = connectome("worm-motor/command")
    segment = dict(zip(circuit.neuron_id.tolist(), circuit.column("segment").tolist(), strict=True))
    rows = [segment[f"dBWML{row}"] for row in range(1, 25)]
    assert rows == [s for s in range(1, 7) for _ in range(4)]
    assert [segment[f"DD{n}"] for n in range(1, 7)] == [1, 2, 3, 4, 5, 6]
    assert [segment[f"VA{n}"] for n in range(1, 13)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert [segment[name] for name in ("DB1", "DB7", "VD13", "AVAL", "PVCR")] == [1, 6, 6, 0, 0]


def test_connections_known_from_the_literature_go_the_right_way():
    # White et al. 1986: VB and DB drive muscles of their side and D cells of the other one; VD
    # inhibits VB and ventral muscles; no muscle sends.
    for name in ("worm-motor", "worm-motor-segments"):
        circuit = connectome(name)
        chemical = circuit.kind != ELECTRICAL
        pre = circuit.column("cell_type")[circuit.pre[chemical]]
        post = circuit.column("cell_type")[circuit.post[chemical]]
        sign = circuit.sign[chemical]
        for one, other, expected in (("DB", "VD", 1), ("VB", "DD", 1), ("VD", "VB", -1)):
            between = (pre == one) & (post == other)
            assert between.any()
            assert (sign[between] == expected).all()
        assert not (pre == "muscle").any()


def test_a_lesion_cuts_every_connection_of_its_cells_and_no_other():
    circuit = connectome("worm-motor-segments")
    lost = circuit.column("cell_type") == "VD"
    damaged = lesion(circuit, lost)
    assert damaged.neuron_id.tolist() == circuit.neuron_id.tolist()
    assert not (lost[damaged.pre] | lost[damaged.post]).any()
    rest = circuit.select(~lost)
    assert damaged.select(~lost).n_connections == damaged.n_connections == rest.n_connections
    assert damaged.count.sum() == pytest.approx(rest.count.sum())
    assert (damaged.kind == ELECTRICAL).sum() == (rest.kind == ELECTRICAL).sum() < 89
    assert "12 of 138 nodes lost their 173 of 573 connections" in damaged.audit[-1]


def test_a_lesion_of_nobody_is_refused():
    circuit = connectome("worm-motor-segments")
    with pytest.raises(InputError, match="name of a class"):
        lesion(circuit, circuit.column("cell_type") == "XX")
    with pytest.raises(InputError, match="For a class, use"):
        lesion(circuit, np.ones(3, bool))
