"""What every level of realism owes its equation: accuracy, stability, derivatives, populations."""

from functools import partial

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
    Artificial,
    CircuitPolicy,
    Conductance,
    Izhikevich,
    LeakyRate,
    LearnedPorts,
    flatten,
    is_parameter,
)
from neuroloom.networks.policies.levels import Received, Spiking
from neuroloom.networks.policies.ports import AbstractPorts

LEVELS = (Artificial(), Alif(), Izhikevich(), LeakyRate(), Conductance())
every_level = pytest.mark.parametrize("level", LEVELS, ids=lambda level: type(level).__name__)


class Direct(AbstractPorts):
    """What is seen is the current into each cell; the action is what each cell sends."""

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)

    def initial(self):
        return jnp.zeros(0)

    def drive(self, state, observation):
        return state, observation

    def act(self, activity):
        return activity


# Neurons a and b, muscle c: a excites b, b inhibits c, c excites a; gap junctions a-b and b-c.
PRE, POST, SIGN = np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([1, -1, 1])
ONE, OTHER = np.array([0, 1]), np.array([1, 2])


def three_cells(place=(0, 1, 2)):
    """The three cells, cell k at `place[k]`."""
    place = np.asarray(place)
    names = np.empty(3, "U1")
    names[place] = ["a", "b", "c"]
    ends = np.sort(np.stack([place[ONE], place[OTHER]]), axis=0)
    return Connectome(
        neuron_id=names,
        pre=np.concatenate([place[PRE], ends[0]]),
        post=np.concatenate([place[POST], ends[1]]),
        kind=np.array([0, 0, 0, 1, 1]),
        count=np.array([1, 2, 3, 1, 2]),
        sign=np.concatenate([SIGN, [0, 0]]),
        count_unit="synapses",
        neurons={"node_kind": np.where(names == "c", "muscle", "neuron"), "cell_type": names},
    )


def policy_of(level, place=(0, 1, 2)):
    return CircuitPolicy.from_connectome(
        three_cells(place), Direct(3, 3), level=level, count_scale=0.3
    )


@eqx.filter_jit
def course(policy, seen):
    """State and action after each step."""

    def step(state, observation):
        state, action = policy(state, observation)
        return state, (state[1], action)

    return jax.lax.scan(step, policy.initial(), seen)[1]


@every_level
def test_names_and_order_of_cells_do_not_matter(level, rng):
    place = np.array([2, 0, 1])
    seen = rng.uniform(0, 2, (40, 3))
    moved = np.empty_like(seen)
    moved[:, place] = seen
    plain = course(policy_of(level).prepare(), jnp.asarray(seen))[1]
    other = course(policy_of(level, place).prepare(), jnp.asarray(moved))[1]
    assert plain.any()
    np.testing.assert_allclose(other[:, place], plain, rtol=1e-9, atol=1e-12)


@every_level
def test_a_population_is_its_members_one_by_one(level, rng):
    vector, rebuild = flatten(policy_of(level))
    rows = vector + rng.normal(0, 0.5, (5, vector.size))
    seen = jnp.asarray(rng.uniform(0, 2, (30, 3)))
    parameters, fixed = eqx.partition(rebuild(rows), is_parameter)

    def actions(mine):
        return course(eqx.combine(mine, fixed).prepare(), seen)[1]

    alone = np.stack([course(rebuild(row).prepare(), seen)[1] for row in rows])
    assert np.ptp(alone, axis=0).max() > 1e-3
    np.testing.assert_allclose(jax.vmap(actions)(parameters), alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("level", [LeakyRate(), Conductance(substeps=3)])
def test_gradients_are_finite_differences(level, rng):
    vector, rebuild = flatten(policy_of(level))
    seen = jnp.asarray(rng.uniform(0.1, 0.3, (6, 3)))
    weight = rng.normal(size=(6, 3))

    def value(row):
        return jnp.sum(course(rebuild(row).prepare(), seen)[1] * weight)

    gradient = jax.grad(value)(jnp.asarray(vector))
    step = 1e-6 * np.eye(vector.size)
    differences = [(value(vector + d) - value(vector - d)) / 2e-6 for d in step]
    assert (np.abs(gradient) > 1e-6).all()
    np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-8)


@every_level
def test_other_weights_of_one_circuit_use_the_same_program(level):
    vector, rebuild = flatten(policy_of(level))
    traces = []

    @eqx.filter_jit
    def step(policy, state):
        traces.append(1)
        return policy(state, jnp.ones(3))

    for row in (vector, vector + 1):
        policy = rebuild(row)
        step(policy, policy.initial())
    assert len(traces) == 1


def coupling(log_gap):
    """The Laplacian of the gap junctions, as a matrix."""
    size = 0.3 * np.array([1, 2]) * np.exp(log_gap)
    matrix = np.zeros((3, 3))
    for here, there, g in zip(ONE, OTHER, size, strict=True):
        matrix[here, there] += g
        matrix[there, here] += g
    return matrix - np.diag(matrix.sum(1))


def by_runge_kutta(drift, state, duration, n=4000):
    dt = duration / n
    for _ in range(n):
        k1 = drift(state)
        k2 = drift(state + dt / 2 * k1)
        k3 = drift(state + dt / 2 * k2)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + drift(state + dt * k3))
    return state


def order(levels, final, exact):
    """How fast errors fall where each level has half the sub-step of the one before."""
    errors = [np.abs(np.asarray(final(policy_of(level))) - exact).max() for level in levels]
    return np.log2(errors[-2] / errors[-1])


@pytest.mark.parametrize("others", [{}, {"capacitance": 2.0, "leak": 0.5, "rest": -0.3}])
def test_conductances_converge_to_their_equation(others):
    drive, duration = np.array([0.7, -0.2, 0.4]), 2.0
    reversal = {"reversal_excitatory": 1.5, "reversal_inhibitory": -0.5} if others else {}
    high, low = (1.5, -0.5) if others else (1.0, -1.0)
    capacity, leak, rest = others.values() if others else (1.0, 1.0, 0.0)
    size, toward = np.zeros((2, 3, 3))
    size[POST, PRE] = 0.3 * np.array([1, 2, 3]) * np.exp(-1)
    toward[POST, PRE] = np.where(SIGN > 0, high, low)

    def drift(v):
        open_now = 1 / (1 + np.exp(-v))
        driven = (size * (toward - v[:, None])) @ open_now
        return (leak * (rest - v) + driven + coupling(-1) @ v + drive) / capacity

    def final(policy):
        return course(policy.prepare(), jnp.asarray(drive[None]))[0][-1]

    exact = by_runge_kutta(drift, np.full(3, rest), duration)
    made = partial(Conductance, **others, **reversal)
    levels = [made(substeps=n, dt=duration / n) for n in (200, 400)]
    assert order(levels, final, exact) == pytest.approx(1, abs=0.1)


def test_izhikevich_cells_below_threshold_converge_to_their_equation():
    drive, duration = np.array([0.02, -0.3, 0.0]), 4.0

    def drift(state):
        v, u = state
        current = 20 * drive + coupling(2) @ v
        return np.stack(
            [0.04 * v * v + 5 * v + 140 - u + current, 0.02 * (0.25 * v - u)],
        )

    def final(policy):
        return course(policy.prepare(), jnp.asarray(drive[None]))[0].v[-1]

    rest = np.full(3, Izhikevich().rest)
    exact = by_runge_kutta(drift, np.stack([rest, 0.25 * rest]), duration)[0]
    levels = [Izhikevich(substeps=n, dt_ms=duration / n) for n in (200, 400)]
    assert order(levels, final, exact) == pytest.approx(1, abs=0.1)


def test_gap_junctions_of_alif_cells_even_out_and_never_overshoot():
    policy = policy_of(Alif()).prepare()
    received = policy._received(policy.prepared)
    v = np.array([0.9, -0.4, 0.3])
    state = Alif().initial(3)._replace(v=jnp.asarray(v))
    laplacian = coupling(-1)
    total = -np.diag(laplacian)
    mean = (laplacian @ v + total * v) / total
    wanted = np.exp(-1 / 20) * (v + (1 - np.exp(-total)) * (mean - v))
    later = Alif().advance(state, received, jnp.zeros(3), None)
    np.testing.assert_allclose(later.v, wanted, rtol=1e-12)
    strong = eqx.tree_at(lambda p: p.log_gap, policy_of(Alif()), jnp.full(2, 5.0)).prepare()
    later = Alif().advance(state, strong._received(strong.prepared), jnp.zeros(3), None)
    assert v.min() <= later.v.min() <= later.v.max() <= v.max()


@pytest.mark.parametrize("level", [Alif(), Izhikevich()], ids=["Alif", "Izhikevich"])
def test_gap_junctions_of_a_whole_circuit_keep_spiking_cells_in_range(level, rng):
    """With Euler's steps these blew up in 135 and 2 control steps, and fell silent unnoticed."""
    circuit = connectome("worm-motor-segments")
    ports = LearnedPorts.random(circuit, n_observations=4, n_actions=2, key=jax.random.key(0))
    policy = CircuitPolicy.from_connectome(circuit, ports, level=level)
    states, _ = course(policy.prepare(), jnp.asarray(rng.uniform(-1, 1, (150, 4))))
    v, _, spikes, _ = (np.asarray(part) for part in states)
    assert np.abs(v).max() < (10 if isinstance(level, Alif) else 200)
    assert spikes[-50:].any()


def alone(n):
    def zero(sent):
        return jnp.zeros_like(sent)

    return Received(zero, zero, zero, jnp.zeros(n))


def test_no_inhibition_makes_an_izhikevich_cell_fire():
    level, drive = Izhikevich(), -jnp.array([1.0, 10.0, 100.0, 1000.0])
    state, spikes = level.initial(4), 0.0
    for _ in range(100):
        state = level.advance(state, alone(4), drive, None)
        spikes += float(state.spikes[0].sum())
    assert spikes == 0
    assert (np.diff(state.v) < 0).all()


@pytest.mark.parametrize("level", [Alif(), Izhikevich()], ids=["Alif", "Izhikevich"])
def test_a_membrane_that_is_no_number_is_not_taken_for_a_silent_one(level):
    state = level.initial(2)
    assert isinstance(state, Spiking)
    state = level.advance(
        state._replace(v=state.v.at[0].set(jnp.inf)), alone(2), jnp.zeros(2), None
    )
    assert np.isnan(level.activity(state)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("made", "advice"),
    [
        (partial(Alif, gamma=1.0), r"exp\(-1 / n\)"),
        (partial(Izhikevich, dt_ms=2.0), "more `substeps`"),
        (partial(Conductance, leak=0.0), "Leave them out"),
    ],
)
def test_constants_of_no_cell_are_refused(made, advice):
    with pytest.raises(InputError, match=advice):
        made()
