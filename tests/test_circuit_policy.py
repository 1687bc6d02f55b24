"""One circuit at five levels: direction, signs, sharing, equations."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.datasets import connectome
from neuroloom.errors import InputError
from neuroloom.networks.policies import (
    Alif,
    AnatomicalPorts,
    Artificial,
    CircuitPolicy,
    Conductance,
    Izhikevich,
    LeakyRate,
    LearnedPorts,
    Sharing,
    flatten,
    n_parameters,
    shuffle_ports,
)
from neuroloom.networks.policies.levels import Received
from neuroloom.networks.policies.ports import AbstractPorts

LEVELS = (Artificial(), Alif(), Izhikevich(), LeakyRate(), Conductance())


class Driven(AbstractPorts):
    """Drives cell 0 with what is seen; the action is every cell."""

    n_observations: int = eqx.field(static=True, default=1)
    n_actions: int = eqx.field(static=True, default=2)

    def initial(self):
        return jnp.zeros(0)

    def drive(self, state, observation):
        return state, jnp.zeros(self.n_actions).at[0].set(observation[0])

    def act(self, activity):
        return activity


def two_cells(sign=1, electrical=False):
    return Connectome(
        neuron_id=np.array(["a", "b"]),
        pre=np.array([0, 0])[: 1 + electrical],
        post=np.array([1, 1])[: 1 + electrical],
        kind=np.array([0, 1])[: 1 + electrical],
        count=np.array([1, 1])[: 1 + electrical],
        sign=np.array([sign, 0])[: 1 + electrical],
        count_unit="synapses",
        neurons={
            "node_kind": np.array(["neuron", "neuron"]),
            "cell_type": np.array(["x", "y"]),
        },
    )


def run(policy, seen, n=60):
    state, step = policy.initial(), eqx.filter_jit(policy.prepare())
    for _ in range(n):
        state, action = step(state, jnp.array([seen]))
    return np.asarray(action)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: type(level).__name__)
def test_a_drives_b_and_b_does_not_drive_a(level):
    strong = {"log_excitatory": 1.0}
    policy = CircuitPolicy.from_connectome(
        two_cells(), Driven(), level=type(level)(**strong), sharing=Sharing.GLOBAL
    )
    cut = eqx.tree_at(lambda p: p.magnitude, policy, np.zeros(1))
    driven, alone, still = run(policy, 0.8), run(cut, 0.8), run(policy, 0.0)
    assert driven[1] > alone[1] + 1e-3
    assert driven[0] == pytest.approx(alone[0], abs=1e-6)
    assert driven[0] > still[0]


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: type(level).__name__)
def test_no_search_changes_a_sign(level, rng):
    circuit = connectome("worm-motor-segments")
    policy = CircuitPolicy.from_connectome(
        circuit, Driven(1, circuit.n_neurons), level=level, sharing=Sharing.CLASS_PAIR
    )
    vector, rebuild = flatten(policy)
    for row in vector + rng.normal(0, 3, (4, vector.size)):
        sign = np.sign(np.asarray(rebuild(row).weight))
        np.testing.assert_array_equal(sign, circuit.sign[circuit.kind != 1])


def test_sharing_counts_its_groups():
    circuit = connectome("worm-motor-segments")
    chemical = circuit.kind != 1
    cell_type = circuit.column("cell_type")
    pairs = set(
        zip(
            cell_type[circuit.pre[chemical]].tolist(),
            cell_type[circuit.post[chemical]].tolist(),
            circuit.sign[chemical].tolist(),
            strict=True,
        )
    )
    found = {}
    for sharing in Sharing:
        policy = CircuitPolicy.from_connectome(
            circuit, Driven(1, circuit.n_neurons), level=Artificial(), sharing=sharing
        )
        found[sharing] = policy.log_weight.size, policy.log_gap.size
    assert found[Sharing.GLOBAL] == (2, 1)
    assert found[Sharing.BLOCK] == (4, 1)
    assert found[Sharing.CLASS_PAIR][0] == len(pairs)
    assert found[Sharing.CONNECTION] == (484, 89)


def test_the_mini_replication_has_its_14_parameters():
    circuit = connectome("worm-motor-segments")
    ports = AnatomicalPorts.from_connectome(
        circuit, n_observations=14, joint_angles=tuple(range(1, 6))
    )
    policy = CircuitPolicy.from_connectome(circuit, ports, sharing=Sharing.BLOCK, count_scale=0.1)
    assert n_parameters(policy) == 14
    both = np.abs(np.asarray(policy.weight))
    np.testing.assert_allclose(both, circuit.count[circuit.kind != 1] / 10, rtol=1e-6)


def test_gap_junctions_are_a_laplacian():
    circuit = connectome("worm-motor")
    policy = CircuitPolicy.from_connectome(
        circuit, Driven(1, circuit.n_neurons), level=Artificial()
    ).prepare()
    received = policy._received(policy.prepared)
    even = received.gap(jnp.ones(circuit.n_neurons))
    np.testing.assert_allclose(even, 0, atol=1e-5)
    one = jnp.zeros(circuit.n_neurons).at[3].set(1.0)
    flow = np.asarray(received.gap(one))
    assert flow.sum() == pytest.approx(0, abs=1e-5)
    assert flow[3] < 0
    assert (np.delete(flow, 3) >= 0).all()


def test_prepared_or_not_is_the_same_policy(rng):
    circuit = connectome("worm-motor-segments")
    ports = LearnedPorts.random(circuit, n_observations=3, n_actions=2, key=jax.random.key(0))
    policy = CircuitPolicy.from_connectome(circuit, ports, level=Conductance())
    seen = jnp.asarray(rng.normal(size=3), jnp.float32)
    for one, other in zip(
        jax.tree.leaves(policy(policy.initial(), seen)),
        jax.tree.leaves(policy.prepare()(policy.initial(), seen)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def nothing(n):
    def zero(sent):
        return jnp.zeros_like(sent)

    return Received(zero, zero, zero, jnp.zeros(n))


def test_alif_decays_as_stated_and_adapts():
    level = Alif()
    state = level.initial(1)._replace(v=jnp.array([0.5]), slow=jnp.array([0.4]))
    later = level.advance(state, nothing(1), jnp.zeros(1), None)
    assert later.v[0] == pytest.approx(0.5 * np.exp(-1 / 20))
    assert later.slow[0] == pytest.approx(0.4 * np.exp(-1 / 10))
    fired = level.advance(state, nothing(1), jnp.array([2.0]), None)
    assert fired.spikes[0, 0] == 1
    assert fired.slow[0] == pytest.approx(0.4 * np.exp(-1 / 10) + 0.5)
    reset = level.advance(fired, nothing(1), jnp.zeros(1), None)
    assert reset.v[0] == 0


def test_izhikevich_rests_where_its_equation_does_and_fires_when_driven():
    level = Izhikevich()
    assert level.rest == pytest.approx(-64.4, abs=0.05)
    state = level.initial(1)
    for _ in range(200):
        state = level.advance(state, nothing(1), jnp.zeros(1), None)
    assert state.v[0] == pytest.approx(level.rest, abs=0.05)
    assert state.slow[0] == pytest.approx(0.25 * level.rest, abs=0.05)
    spikes = 0.0
    for _ in range(500):
        state = level.advance(state, nothing(1), jnp.array([1.0]), None)
        spikes += float(state.spikes[0, 0])
    assert spikes > 5


def test_spikes_of_izhikevich_cells_arrive_a_millisecond_later():
    level = Izhikevich(dt_ms=0.2)
    state = level.initial(2)
    heard = []

    def chemical(sent):
        heard.append(float(sent[0]))
        return jnp.zeros_like(sent)

    received = nothing(2)._replace(chemical=chemical)
    state = state._replace(spikes=state.spikes.at[0, 0].set(1.0))
    for _ in range(6):
        state = level.advance(state, received, jnp.zeros(2), None)
    assert heard == [0, 0, 0, 0, 1, 0]


def test_a_membrane_with_conductances_relaxes_to_its_closed_form():
    level = Conductance(dt=0.1)
    received = Received(
        chemical=lambda sent: jnp.full_like(sent, 0.5),
        unsigned=lambda sent: jnp.full_like(sent, 1.5),
        gap=jnp.zeros_like,
        gap_total=jnp.zeros(1),
    )
    state = jnp.array([0.9])
    wanted = (0.5 + 0.2) / 2.5
    once = level.advance(state, received, jnp.array([0.2]), None)
    np.testing.assert_allclose(once, wanted + (0.9 - wanted) * np.exp(-0.25), rtol=1e-6)


def test_leaky_cells_leak_and_stay_between_0_and_1():
    level = LeakyRate()
    leak = jnp.array([0.5, 0.1])
    state = level.advance(jnp.array([0.8, 0.8]), nothing(2), jnp.array([0.0, 9.0]), leak)
    np.testing.assert_allclose(state, [0.4, 1.0], rtol=1e-6)
    with pytest.raises(InputError, match="between 0 and 1"):
        LeakyRate(neuron_leak=1.0)


def test_what_cannot_be_a_circuit_is_refused():
    with pytest.raises(InputError, match="known sign"):
        CircuitPolicy.from_connectome(two_cells(sign=0), Driven())
    with pytest.raises(InputError, match="above 0"):
        CircuitPolicy.from_connectome(two_cells(), Driven(), count_scale=-1.0)
    with pytest.raises(InputError, match="at least 1"):
        Artificial(substeps=0)


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
    with pytest.raises(InputError, match="segment, side_dv"):
        AnatomicalPorts.from_connectome(two_cells(), n_observations=4, joint_angles=(0,))
    neurons = circuit.select(circuit.column("node_kind") == "neuron")
    with pytest.raises(InputError, match="no node of kind `muscle`"):
        AnatomicalPorts.from_connectome(neurons, n_observations=4, joint_angles=(0, 1))
