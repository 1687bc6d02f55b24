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
