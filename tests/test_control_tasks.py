"""Bodies: equal to Gymnasium's, the same whatever the batch, clear about what does not fit."""

import numpy as np
import pytest

from neuroloom.errors import InputError, SimulationError
from neuroloom.tasks.control import Integrator, NcapSwim, Noisy, Swimmer
from neuroloom.tasks.control.ncap_swim import swim_speed

mujoco = pytest.importorskip("mujoco", reason="bodies need the extra `control`")


def test_the_swimmer_of_three_links_is_gymnasiums(rng):
    gymnasium = pytest.importorskip("gymnasium", reason="the oracle is Gymnasium's body")
    theirs = gymnasium.make("Swimmer-v5").unwrapped
    ours = Swimmer(n_links=3)
    assert (ours.n_observations, ours.n_actions, ours.dt) == (8, 2, 0.04)
    starts = ours.draw_starts(rng, 2)
    actions = rng.uniform(-1.3, 1.3, (60, 2, 2))
    running = ours.begin(starts)
    rewards = np.array([running.step(action) for action in actions])
    for episode in range(2):
        theirs.reset()
        theirs.set_state(starts[episode, :5], starts[episode, 5:])
        steps = [theirs.step(np.clip(action[episode], -1, 1)) for action in actions]
        np.testing.assert_allclose(rewards[:, episode], [s[1] for s in steps], atol=4e-8)
        np.testing.assert_allclose(running.observation[episode], steps[-1][0], atol=1e-6)
    theirs.close()


@pytest.mark.parametrize("task", [Swimmer(n_links=4), NcapSwim(n_links=5)], ids=str)
def test_a_batch_is_its_episodes_on_any_number_of_threads(task, rng):
    starts = task.draw_starts(rng, 5)
    actions = rng.uniform(-1, 1, (6, 5, task.n_actions))

    def rewards(chosen, n_threads):
        running = task.begin(starts[chosen], n_threads=n_threads)
        found = np.array([running.step(action[chosen]) for action in actions])
        running.close()
        return found

    whole = rewards(np.arange(5), 1)
    np.testing.assert_array_equal(whole, rewards(np.arange(5), 2))
    for episode in range(5):
        np.testing.assert_array_equal(whole[:, [episode]], rewards([episode], 1))


def test_starts_and_names_are_those_of_the_body():
    rng = np.random.default_rng
    task = Swimmer(n_links=12, integrator=Integrator.EULER)
    np.testing.assert_array_equal(task.draw_starts(rng(1), 3), task.draw_starts(rng(1), 3))
    assert np.abs(task.draw_starts(rng(1), 50)).max() <= 0.1
    assert task.joint_angles == tuple(range(1, 12))
    assert "12 links, Euler" in task.name
    swim = NcapSwim()
    starts = swim.draw_starts(rng(0), 200)
    assert np.abs(starts[:, 3:8]).max() <= 2 * np.pi / 6
    assert (starts[:, 8:] == 0).all()
    assert swim.n_observations == 5


def test_joint_angles_are_where_the_task_says(rng):
    task = Swimmer(n_links=5)
    starts = task.draw_starts(rng, 1)
    running = task.begin(starts)
    angles = running.observation[0, list(task.joint_angles)]
    np.testing.assert_allclose(angles, starts[0, 3:7], rtol=1e-6)


def test_a_positive_torque_turns_its_joint_up():
    task = Swimmer(n_links=4, spread=0.0)
    running = task.begin(np.zeros((3, 12)))
    for _ in range(5):
        running.step(np.eye(3))
    bent = running.observation[:, list(task.joint_angles)]
    assert (np.diag(bent) > 0.01).all()
    assert (np.diag(bent) == bent.max(axis=1)).all()


def test_speed_is_that_of_the_head_along_its_axis():
    state = np.zeros((3, 14))
    state[:, 2] = [0.0, np.pi / 2, 0.0]  # the head points to -y, to +x, to -y
    state[:, 7:9] = [[0.0, -0.3], [0.3, 0.0], [0.3, 0.0]]
    np.testing.assert_allclose(swim_speed(state, 7), [0.3, 0.3, 0.0], atol=1e-12)
    assert np.clip(0.082 / 0.1, 0, 1) == pytest.approx(0.82)


def test_noise_is_on_what_is_seen_and_not_on_the_body(rng):
    task = Swimmer(n_links=3)
    starts = task.draw_starts(rng, 2)
    plain, noisy = task.begin(starts), Noisy(task, 0.5, seed=1).begin(starts)
    away = noisy.observation - plain.observation
    assert 0.1 < np.abs(away).mean() < 1
    np.testing.assert_allclose(away[0], away[1], atol=1e-6)  # all policies meet the same noise
    action = np.ones((2, 2))
    np.testing.assert_array_equal(plain.step(action), noisy.step(action))
    np.testing.assert_array_equal(plain.state(), noisy.state())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Swimmer(n_links=2), "must be 3 to 12"),
        (lambda: NcapSwim(n_links=13), "must be 3 to 12"),
        (lambda: Swimmer(timestep=0.0), "`timestep` above 0"),
        (lambda: NcapSwim(n_steps=0), "at least 1"),
        (lambda: Noisy(Swimmer(), -0.1), "at least 0"),
        (lambda: Swimmer().begin(np.zeros((2, 10))), "Draw them with"),
    ],
)
def test_what_does_not_fit_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_a_state_that_leaves_the_numbers_is_an_error_with_its_episode():
    running = Swimmer(n_links=3).begin(np.zeros((2, 10)))
    with pytest.raises(SimulationError, match="episode 1"):
        running.step(np.array([[0.0, 0.0], [np.nan, 0.0]]))
