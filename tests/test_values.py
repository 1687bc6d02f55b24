"""Learners of values against what linear algebra and value iteration say."""

import jax
import numpy as np
import pytest

from neuroloom.arena import rectangle
from neuroloom.errors import InputError
from neuroloom.fitting.values import ActionValues, SuccessorFeatures, practice
from neuroloom.tasks import GoalArena

N_EPISODES, LIMIT = 200, 60


@pytest.fixture(scope="module")
def task():
    arena = rectangle(0.5, 0.4).with_barriers(np.array([[[0.2, 0.0], [0.2, 0.25]]]))
    return GoalArena(arena, np.array([0.45, 0.05]), step=0.1, goal_radius=0.06)


def walked(
    learner, task, at_goal, features=None, exploration=1.0, n=N_EPISODES, start_at=0, **more
):
    n_positions = len(task.positions)
    features = np.eye(n_positions)[None] if features is None else features
    start = np.random.default_rng(1).integers(n_positions, size=(len(features), n)) + start_at
    return practice(
        learner,
        features,
        task.transitions,
        at_goal,
        start,
        key=jax.random.key(2),
        exploration=np.full(len(features), exploration),
        step_limit=LIMIT,
        **more,
    )


def test_one_hot_successor_features_are_the_inverse_of_the_random_walk(task):
    learner = SuccessorFeatures(discount=0.9, step_size=0.9)
    n = len(task.positions)
    chances = np.zeros((n, n))
    for move in range(8):
        np.add.at(chances, (np.arange(n), task.transitions[:, move]), 1 / 8)
    maps, worth = walked(learner, task, np.zeros(n, bool)).state
    met = np.asarray(maps)[0].mean(axis=0).T  # by position, then by what is met from the next on
    expected = np.linalg.inv(np.eye(n) - 0.9 * chances)
    np.testing.assert_allclose(np.eye(n) + 0.9 * met, expected, atol=2e-2)
    assert not np.asarray(worth).any()


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_one_hot_q_learning_finds_the_shortest_ways_at_any_scale(task, scale):
    n = len(task.positions)
    learner = ActionValues(discount=0.9, step_size=0.9)
    found = walked(learner, task, task.at_goal, scale * np.eye(n)[None]).state
    values = scale * np.asarray(found)[0].max(axis=0)
    free = ~task.at_goal
    expected = 0.9 ** (task.shortest()[free] - 1)
    np.testing.assert_allclose(values[free], expected, rtol=2e-2)


def test_sarsa_of_a_random_walk_is_worth_less_than_the_best_policy(task):
    n = len(task.positions)
    of_walk = walked(ActionValues(0.9, 0.1, on_policy=True), task, task.at_goal).state
    best = walked(ActionValues(0.9, 0.9), task, task.at_goal).state
    chances = np.zeros((n, n))
    for move in range(8):
        np.add.at(chances, (np.arange(n), task.transitions[:, move]), 1 / 8)
    free = ~task.at_goal
    reward = chances[:, task.at_goal].sum(axis=1)
    worth = np.linalg.solve(np.eye(free.sum()) - 0.9 * chances[np.ix_(free, free)], reward[free])
    found = np.asarray(of_walk)[0].mean(axis=0)[free]
    assert np.corrcoef(found, worth)[0, 1] > 0.9
    assert (found < np.asarray(best)[0].max(axis=0)[free]).all()


def test_only_what_it_is_worth_is_learnt_when_maps_are_not(task):
    first = walked(SuccessorFeatures(), task, task.at_goal, n=20)
    then = walked(
        SuccessorFeatures(), task, task.at_goal, n=20, state=first.state, map_learning=False
    )
    np.testing.assert_array_equal(then.state[0], first.state[0])
    assert (np.asarray(then.state[1]) != np.asarray(first.state[1])).any()


def test_agents_learn_to_be_faster_than_a_random_walk(task):
    for learner in (ActionValues(0.9, 0.5), SuccessorFeatures(0.9, 0.5, 0.5)):
        walk = walked(learner, task, task.at_goal)
        learnt = walked(learner, task, task.at_goal, exploration=0.1)
        late = slice(-50, None)
        assert learnt.steps[0, late].mean() < 0.4 * walk.steps[0, late].mean()
        assert learnt.reached[0, late].all()


def test_an_agent_that_stops_stays_as_it_is_while_others_go_on(task):
    n = len(task.positions)
    both = np.stack([np.eye(n), np.eye(n)])
    at = int(np.flatnonzero(task.at_goal)[0])
    far = int(np.argmax(task.shortest()))
    found = practice(
        ActionValues(),
        both,
        task.transitions,
        task.at_goal,
        np.array([[at] * 5, [far] * 5]),
        key=jax.random.key(0),
        exploration=np.ones(2),
        step_limit=LIMIT,
    )
    assert not found.steps[0].any()
    assert found.reached[0].all()
    assert not np.asarray(found.state)[0].any()
    assert (found.steps[1] > 0).all()


def test_what_does_not_go_together_is_refused(task):
    n = len(task.positions)
    with pytest.raises(InputError, match="of one `GoalArena`"):
        walked(ActionValues(), task, task.at_goal, start_at=n)
    with pytest.raises(InputError, match="Leave out"):
        walked(ActionValues(), task, task.at_goal, np.full((1, n, n), np.nan))
