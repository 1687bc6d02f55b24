"""Where a body meets a circuit: which cells sense and move which joints, in any body."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.datasets import connectome
from neuroloom.errors import InputError
from neuroloom.networks.policies import AnatomicalPorts, shuffle_ports


def anatomical(n_joints, name="worm-motor-segments"):
    circuit = connectome(name)
    ports = AnatomicalPorts.from_connectome(
        circuit, n_observations=n_joints, joint_angles=tuple(range(n_joints))
    )
    return circuit, ports


def test_cells_sense_the_joint_ahead_of_their_segment():
    circuit, ports = anatomical(5)
    place = {name: n for n, name in enumerate(circuit.neuron_id.tolist())}
    _, drive = ports.drive(ports.initial(), jnp.array([0.0, 0.3, 0.0, 0.0, 0.0]))
    tonic = np.asarray(ports.drive(ports.initial(), jnp.zeros(5))[1])
    felt = np.asarray(drive) - tonic
    # The second joint is felt by B cells of segment 4, dorsal ones where it bends up.
    assert felt[place["DB4"]] == pytest.approx(0.3)
    assert felt[place["VB7"]] == 0
    assert felt[[place["DB3"], place["DB5"]]] == pytest.approx(0)
    _, down = ports.drive(ports.initial(), jnp.array([0.0, -0.3, 0.0, 0.0, 0.0]))
    assert (np.asarray(down) - tonic)[place["VB7"]] == pytest.approx(0.3)


def test_the_oscillator_beats_in_the_head_with_its_period():
    circuit, ports = anatomical(5)
    ports = eqx.tree_at(lambda p: p.log_period, ports, jnp.log(8.0))
    db1 = circuit.neuron_id.tolist().index("DB1")
    state, heard = ports.initial(), []
    for _ in range(16):
        state, drive = ports.drive(state, jnp.zeros(5))
        heard.append(float(drive[db1]))
    np.testing.assert_allclose(heard[:8], heard[8:], atol=1e-5)
    assert np.argmax(heard[:8]) == 2
    still = ports.without_oscillator()
    drives = [float(still.drive(jnp.array(phase), jnp.zeros(5))[1][db1]) for phase in (0.0, 0.25)]
    assert drives[0] == drives[1]


@pytest.mark.parametrize("n_joints", [2, 5, 11])
def test_dorsal_muscles_turn_joints_up_in_any_body(n_joints):
    circuit, ports = anatomical(n_joints)
    dorsal = (circuit.column("node_kind") == "muscle") & (circuit.column("side_dv") == "dorsal")
    np.testing.assert_allclose(ports.act(jnp.asarray(dorsal, float)), 1)
    front = dorsal & (circuit.column("segment") <= 3)
    torque = np.asarray(ports.act(jnp.asarray(front, float)))
    assert torque[0] == 1
    assert torque[-1] == 0
    assert ports.sensory[:, :n_joints].any()


def test_shuffled_ports_keep_every_sensor_and_the_circuit(rng):
    circuit, ports = anatomical(5, "worm-motor")
    label = np.where(
        circuit.column("node_kind") == "muscle",
        circuit.column("side_dv"),
        circuit.column("cell_type"),
    )
    for within in (True, False):
        other = shuffle_ports(ports, circuit, within_class=within, rng=rng)
        assert sorted(map(tuple, other.sensory)) == sorted(map(tuple, ports.sensory))
        senses = other.sensory.any(1)
        classes = set(label[senses].tolist())
        assert (classes == {"DA", "VA", "DB", "VB"}) is within
        dorsal = other.motor.sum(0) > 0
        assert (set(label[dorsal].tolist()) == {"dorsal"}) is within


def test_ports_without_a_body_or_columns_are_refused():
    circuit = connectome("worm-motor")
    with pytest.raises(InputError, match="LearnedPorts"):
        AnatomicalPorts.from_connectome(circuit, n_observations=4, joint_angles=())
    bare = replace(circuit, neurons={"node_kind": circuit.column("node_kind")})
    with pytest.raises(InputError, match="cell_type, segment, side_dv"):
        AnatomicalPorts.from_connectome(bare, n_observations=4, joint_angles=(0,))
    neurons = circuit.select(circuit.column("node_kind") == "neuron")
    with pytest.raises(InputError, match="no node of kind `muscle`"):
        AnatomicalPorts.from_connectome(neurons, n_observations=4, joint_angles=(0, 1))


def sensed(circuit, ports, group, n_joints):
    """{cell: {joint: weight}} of stretch of `b+`, `b-`, `a+` or `a-`."""
    first = ("b+", "b-", "a+", "a-").index(group) * n_joints
    part = ports.sensory[:, first : first + n_joints]
    return {
        str(circuit.neuron_id[cell]): {int(j): float(row[j]) for j in np.flatnonzero(row)}
        for cell, row in enumerate(part)
        if row.any()
    }


def test_b_cells_sense_ahead_and_a_cells_behind_on_their_own_side():
    circuit, ports = anatomical(5)  # as many joints as borders: joint k is border k + 1
    assert sensed(circuit, ports, "b+", 5) == {f"DB{s}": {s - 3: 1.0} for s in range(3, 7)}
    assert sensed(circuit, ports, "a+", 5) == {f"DA{s}": {s: 1.0} for s in range(1, 5)}
    ventral = sensed(circuit, ports, "b-", 5)
    assert ventral == {f"VB{n}": {(n + 1) // 2 - 3: 1.0} for n in range(5, 13)}
    assert sensed(circuit, ports, "a-", 5) == {f"VA{n}": {(n + 1) // 2: 1.0} for n in range(1, 9)}


def test_classes_and_distance_are_what_is_asked_for():
    circuit = connectome("worm-motor-segments")
    ports = AnatomicalPorts.from_connectome(
        circuit,
        n_observations=5,
        joint_angles=(0, 1, 2, 3, 4),
        b_cells=("AS",),
        a_cells=("DD",),
        ahead=1,
    )
    felt = sensed(circuit, ports, "b+", 5)
    assert felt == {f"AS{n}": {(n + 1) // 2 - 2: 1.0} for n in range(3, 13)}
    assert sensed(circuit, ports, "a+", 5) == {f"DD{s}": {s - 1: 1.0} for s in range(1, 6)}


def test_constant_currents_and_the_oscillator_reach_their_classes():
    circuit, ports = anatomical(5)
    names = circuit.neuron_id

    def of(column):
        return set(names[ports.sensory[:, 20 + column] == 1].tolist())

    b_cells = {f"DB{n}" for n in range(1, 7)} | {f"VB{n}" for n in range(1, 13)}
    a_cells = {f"DA{n}" for n in range(1, 7)} | {f"VA{n}" for n in range(1, 13)}
    assert (of(0), of(1)) == ({"DB1"}, {"VB1", "VB2"})
    assert (of(2), of(3)) == (b_cells, a_cells)
    gains = ports.gains._replace(tonic_b=jnp.log(2.0), tonic_a=jnp.log(3.0))
    _, drive = eqx.tree_at(lambda p: p.gains, ports, gains).drive(jnp.zeros(()), jnp.zeros(5))
    place = {name: n for n, name in enumerate(names.tolist())}
    found = [float(drive[place[name]]) for name in ("DB4", "VA4", "AS4", "DD4", "MDL4")]
    np.testing.assert_allclose(found, [2, 3, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize("name", ["worm-motor-segments", "worm-motor"])
def test_a_joint_is_moved_by_the_segments_before_and_behind_it(name):
    circuit, ports = anatomical(5, name)
    side, segment = circuit.column("side_dv"), circuit.column("segment")
    muscle = circuit.column("node_kind") == "muscle"
    activity = np.random.default_rng(0).uniform(0, 0.3, circuit.n_neurons)
    expected = [
        np.mean(activity[muscle & (side == "dorsal") & np.isin(segment, (k, k + 1))])
        - np.mean(activity[muscle & (side == "ventral") & np.isin(segment, (k, k + 1))])
        for k in range(1, 6)
    ]
    np.testing.assert_allclose(ports.act(jnp.asarray(activity)), expected, atol=1e-6)


@pytest.mark.parametrize("n_joints", range(2, 12))
def test_every_body_is_sensed_and_moved_alike_from_head_and_tail(n_joints):
    circuit, ports = anatomical(n_joints)
    segment, side = circuit.column("segment"), circuit.column("side_dv")
    for name, sign in (("dorsal", 1), ("ventral", -1)):
        np.testing.assert_allclose(ports.motor[:, side == name].sum(1), sign)
    # Turned round, segment s is 7 - s and joint k is the last but k.
    per_segment = np.array([np.abs(ports.motor[:, segment == s]).sum(1) for s in range(1, 7)])
    np.testing.assert_allclose(per_segment, per_segment[::-1, ::-1], atol=1e-12)
    # B cells of a segment sense what A cells of the segment opposite do, mirrored.
    stretch = ports.sensory[:, : 4 * n_joints].reshape(-1, 4, n_joints)
    is_cell = {kind: np.char.startswith(circuit.neuron_id, kind) for kind in ("DB", "DA")}
    b_rows = stretch[is_cell["DB"], 0][np.argsort(segment[is_cell["DB"]])]
    a_rows = stretch[is_cell["DA"], 2][np.argsort(segment[is_cell["DA"]])]
    np.testing.assert_allclose(b_rows, a_rows[::-1, ::-1], atol=1e-12)
    np.testing.assert_allclose(b_rows.sum(1), [0, 0, 1, 1, 1, 1])


def test_within_classes_each_class_keeps_its_sensors_and_each_side_its_muscles(rng):
    circuit, ports = anatomical(5)
    cell_type, side = circuit.column("cell_type"), circuit.column("side_dv")
    before = [ports.sensory.copy(), ports.motor.copy()]
    other = shuffle_ports(ports, circuit, within_class=True, rng=rng)
    for name in np.unique(cell_type):
        for where in ("dorsal", "ventral"):
            mine = (cell_type == name) & (side == where)
            for one, two in ((other.sensory, ports.sensory), (other.motor.T, ports.motor.T)):
                assert sorted(map(tuple, one[mine])) == sorted(map(tuple, two[mine]))
    for old, new in zip(before, (ports.sensory, ports.motor), strict=True):
        np.testing.assert_array_equal(old, new)  # what was given did not change
    again = shuffle_ports(ports, circuit, within_class=True, rng=np.random.default_rng(5))
    same = shuffle_ports(ports, circuit, within_class=True, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(again.sensory, same.sensory)


def test_ports_that_cannot_differ_are_refused(rng):
    names = ("DB1", "DB3", "DA1", "DA3", "MDL1", "MVL1")
    whole = connectome("worm-motor-segments")
    few = whole.select(np.isin(whole.neuron_id, names))
    few = replace(few, neurons={**few.neurons, "cell_type": few.neuron_id})
    ports = AnatomicalPorts.from_connectome(
        few, n_observations=2, joint_angles=(0, 1), b_cells=("DB1", "DB3"), a_cells=("DA1", "DA3")
    )
    with pytest.raises(InputError, match="Shuffle across classes"):
        shuffle_ports(ports, few, within_class=True, rng=rng)


def test_ports_without_cells_that_sense_are_refused():
    circuit = connectome("worm-motor-segments")
    two = {"n_observations": 2, "joint_angles": (0, 1)}
    with pytest.raises(InputError, match="b_cells"):
        AnatomicalPorts.from_connectome(circuit, **two, b_cells=("XB",), a_cells=("XA",))
    with pytest.raises(InputError, match="Lower `ahead`"):
        AnatomicalPorts.from_connectome(circuit, **two, ahead=6)
    with pytest.raises(InputError, match="at least 1"):
        AnatomicalPorts.from_connectome(circuit, **two, ahead=0)
