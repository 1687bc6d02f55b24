"""Ceilings, floor and fixed points of learners, measures of their curves, similarity codes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.arena import rectangle
from neuroloom.errors import InputError
from neuroloom.fitting.values import (
    SuccessorFeatures,
    best_moves,
    episodes_to,
    excess_area,
    expected_steps,
    landmark_code,
    learnt_successor_features,
    learnt_successor_values,
    optimal_values,
    successor_matrix,
)
from neuroloom.fitting.values.learner import Moved, normalized
from neuroloom.tasks import GoalArena

# Three places in a row, the goal on the right: move 0 goes left, move 1 right.
LINE = np.array([[0, 1], [0, 2], [1, 2]])
RIGHT = np.array([False, False, True])


@pytest.fixture(scope="module")
def task():
    arena = rectangle(0.5, 0.4).with_barriers(np.array([[[0.2, 0.0], [0.2, 0.25]]]))
    return GoalArena(arena, np.array([0.45, 0.05]), step=0.1, goal_radius=0.06)


def bumps(task, n=14, width=0.12):
    centers = np.random.default_rng(3).uniform((0, 0), (0.5, 0.4), (n, 2))
    squared = ((task.positions[:, None] - centers) ** 2).sum(axis=-1)
    return np.exp(-squared / (2 * width**2))


def test_successor_matrix_of_a_line_adds_up_its_walks():
    at, chance = np.eye(3), np.array([[0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    total = np.zeros((3, 3))
    for _ in range(400):
        total += at
        at = 0.9 * at @ chance
    np.testing.assert_allclose(successor_matrix(LINE, 0.9), total)


def test_successor_matrix_has_starts_in_rows():
    only_right = np.array([[1], [2], [2]])
    np.testing.assert_allclose(
        successor_matrix(only_right, 0.5), [[1, 0.5, 0.5], [0, 1, 1], [0, 0, 2]]
    )


def test_optimal_values_are_the_discount_to_the_power_of_shortest_ways(task):
    values = optimal_values(task.transitions, task.at_goal, 0.9)
    away = ~task.at_goal
    shortest = task.shortest()
    np.testing.assert_allclose(values.max(axis=1)[away], 0.9 ** (shortest[away] - 1))
    np.testing.assert_allclose(optimal_values(LINE, RIGHT, 0.5)[:2], [[0.25, 0.5], [0.25, 1]])


def test_the_best_policy_takes_the_shortest_ways(task):
    policy = best_moves(optimal_values(task.transitions, task.at_goal, 0.9))
    steps = expected_steps(policy, task.transitions, task.at_goal, step_limit=50)
    np.testing.assert_allclose(steps, task.shortest())


def test_steps_of_a_random_walk_are_those_of_gamblers_and_of_many_walks(task):
    # Reflected at the left: from distance d of n, n (n + 1) - k (k + 1) moves with k = n - d.
    walk = best_moves(np.zeros((3, 2)), exploration=1.0)
    np.testing.assert_allclose(expected_steps(walk, LINE, RIGHT, step_limit=1000), [6, 4, 0])
    np.testing.assert_allclose(expected_steps(walk, LINE, RIGHT, step_limit=2), [2, 1.5, 0])
    n, limit = len(task.positions), 40
    expected = expected_steps(
        best_moves(np.zeros((n, 8))), task.transitions, task.at_goal, step_limit=limit
    )
    rng = np.random.default_rng(0)
    start = rng.integers(n, size=5000)
    at, steps = start.copy(), np.zeros(len(start))
    for _ in range(limit):
        steps += ~task.at_goal[at]
        drawn = task.transitions[at, rng.integers(8, size=len(at))]
        at = np.where(task.at_goal[at], at, drawn)
    assert abs(steps.mean() - expected[start].mean()) < 4 * steps.std() / np.sqrt(len(start))


def test_exploring_mixes_the_best_moves_with_any():
    policy = best_moves(np.array([[1.0, 0, 1, 0]]), exploration=0.2)
    np.testing.assert_allclose(policy, [[0.45, 0.05, 0.45, 0.05]])


def test_learnt_values_on_a_one_hot_code_are_the_successor_matrix(task):
    found = learnt_successor_values(
        np.eye(len(task.positions)), task.transitions, task.at_goal, discount=0.9, ridge=1e-10
    )
    met = successor_matrix(task.transitions, 0.9) @ task.at_goal
    np.testing.assert_allclose(found, met[task.transitions], rtol=1e-6)


def test_learnt_values_do_not_know_the_scale_of_a_code(task):
    code = bumps(task)
    first, second = (
        learnt_successor_values(scale * code, task.transitions, task.at_goal, discount=0.9)
        for scale in (1.0, 1e3)
    )
    np.testing.assert_allclose(first, second, rtol=1e-6)


def test_agents_that_know_the_learnt_features_learn_nothing_more_on_average(task):
    code, learner = bumps(task), SuccessorFeatures(0.8, 0.3, 0.3)
    maps, regress = learnt_successor_features(code, task.transitions, discount=0.8, ridge=1e-12)
    worth = regress @ task.at_goal.astype(float)
    before = np.asarray(normalized(jnp.asarray(code)))

    def change(known, place, move):
        end = jnp.asarray(task.transitions)[place, move]
        values, kept = learner.values(known, jnp.asarray(code)[end])
        reward = jnp.asarray(task.at_goal, float)[end]
        moved = Moved(
            before=jnp.asarray(before)[place],
            code=jnp.asarray(code)[place],
            move=move,
            after=jnp.asarray(code)[end],
            reward=reward,
            over=reward > 0,
            following=move,
            rate=jnp.asarray(1.0),
            map_rate=jnp.asarray(1.0),
            reward_direction=jnp.asarray(before)[end],
        )
        learnt = learner.learn(known, moved, values, kept)
        return jax.tree.map(lambda new, old: new - old, learnt, known)

    places, moves = (grid.ravel() for grid in np.indices(task.transitions.shape))
    every = jax.jit(jax.vmap(change, in_axes=(None, 0, 0)))
    for known, still in (((maps, worth), True), ((1.1 * maps, 1.1 * worth), False)):
        for part in every(jax.tree.map(jnp.asarray, known), places, moves):
            mean, spread = np.asarray(part).mean(axis=0), np.abs(part).mean()
            assert (np.abs(mean).max() < 1e-3 * spread) == still


def test_episodes_are_counted_until_a_window_is_good():
    fewest = np.full((3, 6), 4)
    steps = np.array([[40, 40, 8, 8, 8, 40], [4] * 6, [40] * 6])
    found = episodes_to(steps, fewest, within=2.0, window=3)
    np.testing.assert_array_equal(found, [2, 0, np.inf])
    with pytest.raises(InputError, match="practice for longer"):
        episodes_to(steps, fewest, window=7)


def test_the_area_is_0_for_shortest_ways_and_1_for_a_walk():
    fewest, of_walk = np.full((3, 4), 4), np.full((3, 4), 24.0)
    steps = np.array([[4] * 4, [24] * 4, [24, 14, 4, 4]])
    np.testing.assert_allclose(excess_area(steps, fewest, of_walk), [0, 1, 0.375])
    with pytest.raises(InputError, match="away from the goal"):
        excess_area(steps, fewest, fewest.astype(float))


def test_landmarks_tell_an_angle_and_no_scale():
    code = np.array([[3.0, 0], [0, 0.1], [1, 1], [0, 0]])
    found = landmark_code(code, 10 * code[:3], width=0.5)
    np.testing.assert_allclose(np.diag(found[:3]), 1)
    np.testing.assert_allclose(found[0], np.exp([0, -2 / 0.5, -(2 - np.sqrt(2)) / 0.5]))
    np.testing.assert_allclose(found[3], np.exp(-1 / 0.5))


def test_a_linear_reader_of_broad_fields_is_lost_and_one_of_landmarks_is_not(task):
    code = bumps(task, n=8)
    steps = {}
    for name, features in (("broad", code), ("landmarks", landmark_code(code, code))):
        values = learnt_successor_values(
            features, task.transitions, task.at_goal, discount=0.9, ridge=1e-4
        )
        policy = best_moves(values, exploration=0.1)
        found = expected_steps(policy, task.transitions, task.at_goal, step_limit=100)
        steps[name] = found.sum() / task.shortest().sum()
    assert steps["landmarks"] < 1.3
    assert steps["broad"] > 3


def test_numbers_out_of_range_are_refused(task):
    n = len(task.positions)
    with pytest.raises(InputError, match=r"Try 0\.95"):
        successor_matrix(LINE, 1.0)
    with pytest.raises(InputError, match="at its default"):
        learnt_successor_values(np.eye(n), task.transitions, task.at_goal, discount=0.9, ridge=0.0)
    with pytest.raises(InputError, match="at its default"):
        landmark_code(np.eye(2), np.eye(2), width=0.0)
    with pytest.raises(InputError, match="with the same cells"):
        landmark_code(np.eye(2), np.eye(3))


def test_a_code_without_a_fixed_point_is_refused():
    # Values 1, 2 and 2: by its norm the first place weighs most, and moves double its code.
    grows = np.array([[1.0], [2.5], [2.5]])
    with pytest.raises(InputError, match="smaller discount"):
        learnt_successor_values(grows, np.array([[1], [1], [1]]), RIGHT, discount=0.95)
