"""Simple policies by their formulas; populations at work; tasks as environments."""

import sys
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks.policies import (
    LinearPolicy,
    NeighborPolicy,
    PerceptronPolicy,
    RecurrentPolicy,
    flatten,
    n_parameters,
)
from neuroloom.simulation.policies import perform_policies, watch
from neuroloom.tasks.control import ControlTask, Running, Swimmer
from neuroloom.tasks.control.control_environment import control_environment


class _Adding(Running):
    def __init__(self, starts, bound):
        self._at, self._bound = np.array(starts), bound
        self.alive = np.ones(len(starts), bool)
        self._see()

    def _step(self, action):
        self._at = self._at + action
        self.alive = self.alive & (self._at[:, 0] < self._bound)
        self._see()
        return self._at[:, 0]

    def state(self):
        return self._at.copy()

    def _see(self):
        self.observation = np.concatenate([self._at, self._at * 0 + 1], 1, dtype=np.float32)


@dataclass(frozen=True)
class Add(ControlTask):
    """Actions add up to a place, which is the reward; beyond a bound an episode ends."""

    bound: float = 100.0
    name = "add"
    n_observations = 2
    n_actions = 1
    n_steps = 5
    dt = 0.5
    joint_angles = ()

    def draw_starts(self, rng, n):
        return rng.uniform(0, 1, (n, 1))

    def begin(self, starts, *, n_threads=1):
        return _Adding(starts, self.bound)


def constant(*values):
    """A population whose members add their value at each step."""
    _, rebuild = flatten(LinearPolicy.zeros(2, 1))
    return rebuild(np.array([[0.0, 0.0, value] for value in values]))


def test_a_linear_policy_is_a_product_of_what_it_uses():
    policy = LinearPolicy.zeros(4, 2, used=(3, 1))
    policy = eqx.tree_at(lambda p: p.weight, policy, jnp.array([[1.0, 10.0], [2.0, 0.0]]))
    policy = eqx.tree_at(lambda p: p.bias, policy, jnp.array([0.5, 0.0]))
    _, action = policy(policy.initial(), jnp.array([9.0, 2.0, 9.0, 3.0]))
    np.testing.assert_allclose(action, [3 + 20 + 0.5, 6])
    assert n_parameters(policy) == 6
    assert n_parameters(LinearPolicy.zeros(14, 5, used=range(1, 6), bias=False)) == 25
    with pytest.raises(InputError, match="Leave it out for all"):
        LinearPolicy.zeros(4, 2, used=(4,))


@pytest.mark.parametrize("squashed", [True, False])
def test_a_perceptron_is_layers_of_tanh(squashed):
    key = jax.random.key(0)
    policy = PerceptronPolicy.random(3, 2, hidden=(4, 5), gain=2.0, key=key)
    policy = PerceptronPolicy(3, 2, policy.weights, policy.biases, 2.0, squashed)
    first, second, third = (np.asarray(w) for w in policy.weights)
    seen = np.array([0.3, -2.0, 1.0])
    last = third @ np.tanh(second @ np.tanh(first @ seen))
    _, action = policy(policy.initial(), jnp.asarray(seen))
    np.testing.assert_allclose(action, 2 * (np.tanh(last) if squashed else last))


def test_a_recurrent_policy_remembers():
    policy = RecurrentPolicy.random(2, 1, n_units=3, gain=3.0, key=jax.random.key(1))
    w, u, v = (np.asarray(a) for a in (policy.recurrent, policy.input_weight, policy.output_weight))
    state, units = policy.initial(), np.zeros(3)
    for seen in np.array([[1.0, -1.0], [0.0, 0.5]]):
        state, action = policy(state, jnp.asarray(seen))
        units = np.tanh(w @ units + u @ seen)
        np.testing.assert_allclose(state, units)
        np.testing.assert_allclose(action, 3 * np.tanh(v @ units))
    assert n_parameters(policy) == 9 + 6 + 3 + 3


def test_returns_are_sums_of_rewards_of_each_member_and_episode():
    starts = np.array([[0.0], [0.5]])
    found = perform_policies(constant(1.0, 2.0, -1.0), Add(), starts=starts, n_threads=1)
    expected = np.array([[15.0, 17.5], [30.0, 32.5], [-15.0, -12.5]])
    np.testing.assert_allclose(found.total, expected)
    assert found.n_steps == 3 * 2 * 5


def test_an_episode_that_ended_earns_and_counts_no_more():
    found = perform_policies(constant(1.0, 0.1), Add(2.5), starts=np.zeros((1, 1)), n_threads=1)
    # 1 + 2 + 3, where the third passes the bound and still counts; 0.1 x 15 never does.
    np.testing.assert_allclose(found.total[:, 0], [6.0, 1.5], atol=1e-6)
    assert found.n_steps == 3 + 5


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_a_population_earns_what_its_members_earn_alone(n_threads):
    policy = RecurrentPolicy.random(2, 1, n_units=4, key=jax.random.key(0))
    vector, rebuild = flatten(policy)
    rows = vector + np.random.default_rng(0).normal(size=(5, vector.size))
    starts = Add().draw_starts(np.random.default_rng(1), 3)
    together = perform_policies(rebuild(rows), Add(), starts=starts, n_threads=n_threads)
    for row, total in zip(rows, together.total, strict=True):
        one, running = rebuild(row), [Add().begin(start[None]) for start in starts]
        for episode, alone in enumerate(running):
            state, earned = one.initial(), 0.0
            for _ in range(5):
                state, action = one(state, jnp.asarray(alone.observation[0]))
                earned += alone.step(np.asarray(action)[None])[0]
            assert total[episode] == pytest.approx(earned, rel=1e-5)


def test_a_member_without_numbers_fails_alone():
    population = constant(1.0, np.nan, 2.0)
    found = perform_policies(population, Add(), starts=np.zeros((2, 1)), n_threads=1)
    np.testing.assert_array_equal(np.isnan(found.total), [[False] * 2, [True] * 2, [False] * 2])
    np.testing.assert_allclose(found.total[[0, 2], 0], [15.0, 30.0])


def test_an_error_in_one_part_reaches_the_caller():
    class Refusing(Add):
        def begin(self, starts, *, n_threads=1):
            raise InputError("no")

    with pytest.raises(InputError, match="no"):
        perform_policies(constant(1.0, 2.0), Refusing(), starts=np.zeros((1, 1)), n_threads=2)


def test_watching_shows_every_step_in_order():
    one = jax.tree.map(lambda leaf: leaf[0], constant(2.0))
    seen = watch(one, Add(), rng=np.random.default_rng(0))
    start = Add().draw_starts(np.random.default_rng(0), 1)[0, 0]
    places = start + 2.0 * np.arange(6)
    np.testing.assert_allclose(seen.observation[:, 0], places[:-1], rtol=1e-6)
    np.testing.assert_allclose(seen.state[:, 0], places[1:])
    np.testing.assert_allclose(seen.reward, places[1:])
    np.testing.assert_array_equal(seen.action, np.full((5, 1), 2.0))
    assert seen.dt == 0.5


def test_policies_that_do_not_fit_are_refused():
    starts = np.zeros((1, 1))
    with pytest.raises(InputError, match="sizes of the task"):
        perform_policies(LinearPolicy.zeros(3, 1), Add(), starts=starts)
    with pytest.raises(InputError, match="sizes of the task"):
        watch(LinearPolicy.zeros(2, 2), Add(), rng=np.random.default_rng(0))
    single = RecurrentPolicy.random(2, 1, n_units=4, key=jax.random.key(0))
    with pytest.raises(InputError, match="`rebuild`"):
        perform_policies(single, Add(), starts=starts)


def test_an_environment_gives_what_the_task_gives():
    gymnasium = pytest.importorskip("gymnasium")
    task = Add(2.5)
    environment = control_environment(task)
    assert isinstance(environment, gymnasium.Env)
    seen, _ = environment.reset(options={"start": np.array([0.25])})
    np.testing.assert_allclose(seen, [0.25, 1.0])
    steps = [environment.step(np.array([1.0], np.float32)) for _ in range(3)]
    np.testing.assert_allclose([step[1] for step in steps], [1.25, 2.25, 3.25])
    assert [step[2:4] for step in steps] == [(False, False), (False, False), (True, False)]
    environment.reset(seed=0)
    ends = [environment.step(np.array([0.0], np.float32))[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]
    first, _ = environment.reset(seed=3)
    again, _ = environment.reset(seed=3)
    np.testing.assert_array_equal(first, again)
    with pytest.raises(InputError, match="Leave it out"):
        environment.reset(options={"strat": 1})
    with pytest.raises(InputError, match="call `reset` first"):
        control_environment(task).step(np.zeros(1))


@pytest.mark.filterwarnings("ignore:.*infinity. This is probably too:UserWarning")
def test_a_swimmer_passes_the_check_of_gymnasium():
    pytest.importorskip("mujoco", reason="bodies need the extra `control`")
    checker = pytest.importorskip("gymnasium.utils.env_checker")
    checker.check_env(control_environment(Swimmer(n_links=3)), skip_render_check=True)


def test_without_gymnasium_an_environment_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(InputError, match=r"Install `neuroloom\[control\]`"):
        control_environment(Add())


def test_a_joint_acts_on_the_angles_around_it():
    policy = NeighborPolicy.zeros(14, (1, 2, 3, 4, 5), reach=1)
    policy = eqx.tree_at(lambda p: p.weight, policy, jnp.array([10.0, 1.0, 100.0]))
    seen = jnp.arange(14.0)  # joint angles 1 to 5
    _, action = policy(policy.initial(), seen)
    np.testing.assert_allclose(action, [1 + 200, 10 + 2 + 300, 20 + 3 + 400, 30 + 4 + 500, 40 + 5])
    _, longer = policy.for_joints(9, (2, 3, 4, 5, 6, 7))(policy.initial(), jnp.arange(9.0))
    np.testing.assert_allclose(
        longer[1:-1], [20 + 3 + 400, 30 + 4 + 500, 40 + 5 + 600, 50 + 6 + 700]
    )
    with pytest.raises(InputError, match="0 joints"):
        NeighborPolicy.zeros(3, ())
