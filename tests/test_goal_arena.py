"""The arena with a goal: moves, walls, shortest ways, and the environment of Gymnasium."""

import importlib.util

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from neuroloom.arena import rectangle
from neuroloom.errors import InputError
from neuroloom.tasks import MOVES, GoalArena, goal_environment

BARRIER = np.array([[[0.5, 0.0], [0.5, 0.6]]])


@pytest.fixture(scope="module")
def task():
    arena = rectangle(1.0, 1.0).with_barriers(BARRIER)
    return GoalArena(arena, np.array([0.85, 0.15]), step=0.1, goal_radius=0.06, step_limit=30)


def place(task, xy):
    return int(np.linalg.norm(task.positions - xy, axis=1).argmin())


def test_east_is_east_and_north_is_up(task):
    for move, end in ((0, (0.35, 0.25)), (2, (0.25, 0.35)), (1, (0.35, 0.35)), (5, (0.15, 0.15))):
        start = np.array([0.25, 0.25])
        np.testing.assert_allclose(task.moved(start, np.asarray(move)), end)


def test_walls_and_barriers_stop_moves_and_the_gap_does_not(task):
    beside, above, corner = np.array([[0.45, 0.25], [0.45, 0.75], [0.95, 0.95]])
    np.testing.assert_array_equal(task.moved(beside, np.asarray(0)), beside)
    np.testing.assert_allclose(task.moved(above, np.asarray(0)), [0.55, 0.75])
    np.testing.assert_array_equal(task.moved(corner, np.asarray(1)), corner)
    # A diagonal that grazes the end of the barrier is stopped as well.
    graze = np.array([0.45, 0.55])
    np.testing.assert_array_equal(task.moved(graze, np.asarray(1)), graze)


def test_the_table_holds_the_moves_of_every_position(task):
    n = len(task.positions)
    for move in range(len(MOVES)):
        ends = task.moved(task.positions, np.full(n, move))
        np.testing.assert_allclose(ends, task.positions[task.transitions[:, move]], atol=1e-12)


def test_shortest_ways_are_those_of_dijkstra(task):
    n = len(task.positions)
    start = np.repeat(np.arange(n), len(MOVES))
    graph = csr_array((np.ones(start.size), (start, task.transitions.ravel())), shape=(n, n))
    goals = np.flatnonzero(task.at_goal)
    expected = dijkstra(graph, unweighted=True)[:, goals].min(axis=1)
    np.testing.assert_array_equal(task.shortest(), expected)
    # Around the barrier: up to the gap and down again.
    assert task.shortest()[place(task, [0.45, 0.15])] == 11


def test_a_position_without_a_way_is_infinitely_far():
    arena = rectangle(1.0, 1.0).with_barriers(np.array([[[0.5, 0.0], [0.5, 1.0]]]))
    task = GoalArena(arena, np.array([0.85, 0.15]), step=0.1, goal_radius=0.06)
    assert np.isinf(task.shortest()[task.positions[:, 0] < 0.5]).all()


def test_a_moved_goal_is_elsewhere_and_the_walls_are_not(task):
    other = task.with_goal(np.array([0.15, 0.85]))
    assert not (other.at_goal & task.at_goal).any()
    np.testing.assert_array_equal(other.transitions, task.transitions)


def test_rounding_does_not_decide_what_is_at_the_goal():
    arena = rectangle(1.0, 1.0)
    inner = [xy for xy in arena.grid(0.1) if xy.min() > 0.1 and xy.max() < 0.9]
    for goal in inner:  # itself and its four neighbors, at exactly the radius
        assert GoalArena(arena, goal, step=0.1, goal_radius=0.1).at_goal.sum() == 5


def test_a_goal_outside_is_refused(task):
    with pytest.raises(InputError, match="Move it inside the arena"):
        task.with_goal(np.array([3.0, 3.0]))
    with pytest.raises(InputError, match="Leave it at its default"):
        GoalArena(task.arena, task.goal, step_limit=0)


def test_the_environment_says_what_to_install(task):
    if importlib.util.find_spec("gymnasium") is not None:
        pytest.skip("gymnasium is installed")
    with pytest.raises(InputError, match="control"):
        goal_environment(task)


def test_the_environment_passes_the_check_of_gymnasium(task):
    checker = pytest.importorskip("gymnasium.utils.env_checker", reason="gymnasium not installed")
    checker.check_env(goal_environment(task), skip_render_check=True)


def test_the_environment_moves_as_the_table_does(task):
    pytest.importorskip("gymnasium", reason="gymnasium not installed")
    environment = goal_environment(task)
    rng = np.random.default_rng(0)
    for seed in range(5):
        seen, _ = environment.reset(seed=seed)
        at = place(task, seen)
        for n in range(task.step_limit):
            move = int(rng.integers(8))
            seen, reward, terminated, truncated, _ = environment.step(move)
            at = task.transitions[at, move]
            np.testing.assert_allclose(seen, task.positions[at], atol=1e-9)
            assert terminated == task.at_goal[at] == (reward == 1)
            assert truncated == (n == task.step_limit - 1 and not terminated)
            if terminated:
                break


def test_options_move_the_goal_and_the_animal(task):
    pytest.importorskip("gymnasium", reason="gymnasium not installed")
    environment = goal_environment(task)
    _, known = environment.reset(options={"position": (0.25, 0.85), "goal": (0.15, 0.85)})
    np.testing.assert_array_equal(known["goal"], [0.15, 0.85])
    _, reward, terminated, _, _ = environment.step(4)
    assert (reward, terminated) == (1.0, True)
    with pytest.raises(InputError, match="Leave it out"):
        environment.reset(options={"gaol": (0.1, 0.1)})
    with pytest.raises(InputError, match=r"task\.positions"):
        environment.reset(options={"position": (4.0, 4.0)})
