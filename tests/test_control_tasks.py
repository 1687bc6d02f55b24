"""Bodies: equal to Gymnasium's, the same whatever the batch, clear about what does not fit."""

import numpy as np
import pytest

from neuroloom.errors import InputError, SimulationError
from neuroloom.tasks.control import (
    CartPole,
    DelayedMemory,
    Digits,
    GymBody,
    GymTask,
    Integrator,
    NcapSwim,
    Noisy,
    Swimmer,
)
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


@pytest.mark.parametrize("body", GymBody, ids=lambda body: body.value)
def test_bodies_with_contacts_are_gymnasiums(body, rng):
    gymnasium = pytest.importorskip("gymnasium", reason="the oracle is Gymnasium's body")
    theirs, ours = gymnasium.make(body.value).unwrapped, GymTask(body)
    assert theirs.observation_space.shape == (ours.n_observations,)
    assert theirs.action_space.shape == (ours.n_actions,)
    assert theirs.dt == pytest.approx(ours.dt)
    starts = ours.draw_starts(rng, 2)
    actions = rng.uniform(-1, 1, (40, 2, ours.n_actions))
    running = ours.begin(starts, n_threads=2)
    for episode, start in enumerate(starts):
        theirs.reset()
        theirs.set_state(start[: theirs.model.nq], start[theirs.model.nq :])
        if episode == 0:
            np.testing.assert_allclose(running.observation[0], theirs._get_obs(), atol=1e-6)
        one = ours.begin(starts[[episode]])
        for action in actions:
            alive = one.alive[0]
            reward = one.step(action[[episode]])
            seen, wanted, ended, _, _ = theirs.step(action[episode])
            np.testing.assert_allclose(reward, wanted if alive else 0, atol=4e-8)
            np.testing.assert_allclose(one.observation[0], seen, atol=1e-5, rtol=1e-6)
            if ended:
                assert not one.alive[0]
                break
    for action in actions:
        running.step(action)
    running.close()
    theirs.close()


def test_starts_of_a_gymnasium_body_spread_as_its_own():
    pytest.importorskip("gymnasium", reason="its models")
    task = GymTask(GymBody.HALF_CHEETAH)
    starts = task.draw_starts(np.random.default_rng(0), 4000)
    assert np.abs(starts[:, :9]).max() <= 0.1
    np.testing.assert_allclose(starts[:, 9:].std(0), 0.1, rtol=0.1)
    hopper = GymTask(GymBody.HOPPER).draw_starts(np.random.default_rng(0), 1000)
    assert abs(hopper[:, 1].mean() - 1.25) < 1e-3
    assert np.abs(hopper[:, 6:]).max() <= 5e-3
    with pytest.raises(InputError, match="at least 1"):
        GymTask(GymBody.ANT, n_steps=0)


def test_digits_pay_for_the_right_name_only():
    task = Digits(n_steps=2)
    starts = task.draw_starts(np.random.default_rng(0), 300)
    assert len(np.unique(starts)) == 300
    running = task.begin(starts)
    label = running.state()[:, 0].astype(int)
    right = np.eye(10)[label]
    assert not running.step(right).any()
    some = np.where(np.arange(300)[:, None] < 200, right, np.eye(10)[(label + 1) % 10])
    np.testing.assert_array_equal(running.step(some), np.arange(300) < 200)
    running = Digits(n_steps=1).begin(starts)
    assert not running.step(np.zeros((300, 10))).any()
    assert running.observation.shape == (300, 64)
    assert running.observation.min() == 0
    assert running.observation.max() == 1
    with pytest.raises(InputError, match="positions of images"):
        task.begin(np.array([[1500]]))


def test_held_out_digits_are_others():
    images = [
        {row.tobytes() for row in task.begin(task.draw_starts(np.random.default_rng(0), n))
         .observation}
        for task, n in ((Digits(), 1438), (Digits(held_out=True), 359))
    ]  # fmt: skip
    assert sum(map(len, images)) == 1797
    assert not images[0] & images[1]


def test_the_pole_is_gymnasiums(rng):
    gymnasium = pytest.importorskip("gymnasium", reason="the oracle is Gymnasium's pole")
    theirs, task = gymnasium.make("CartPole-v1").unwrapped, CartPole()
    starts = task.draw_starts(rng, 3)
    actions = rng.integers(0, 2, (60, 3))
    running = task.begin(starts)
    for action in actions:
        running.step(np.where(action, 0.5, -0.5)[:, None])
    for episode in range(3):
        theirs.reset()
        theirs.state = starts[episode].copy()
        one, earned, wanted = task.begin(starts[[episode]]), 0.0, 0.0
        for action in actions[:, episode]:
            earned += one.step(np.array([[1.0 if action else -1.0]]))[0]
            _, reward, ended, _, _ = theirs.step(int(action))
            wanted += reward
            np.testing.assert_allclose(one.state()[0], theirs.state, atol=1e-12)
            if ended:
                break
        assert ended is not bool(one.alive[0])
        assert earned == wanted
        np.testing.assert_array_equal(running.state()[episode], one.state()[0])
    with pytest.raises(InputError, match="at least 1"):
        CartPole(n_steps=0)


def test_memory_pays_for_the_cue_after_the_silence():
    task = DelayedMemory(n_cue=2, n_delay=3, n_answer=1)
    starts = task.draw_starts(np.random.default_rng(0), 6)
    assert starts.sum() == 0
    running = task.begin(starts)
    seen, earned = [], []
    for _ in range(task.n_steps):
        seen.append(running.observation.copy())
        earned.append(running.step(np.where(np.arange(6) < 4, starts[:, 0], 0.0)[:, None]))
    cue, asked = np.array(seen).transpose(2, 0, 1)
    np.testing.assert_array_equal(cue[:2], np.tile(starts[:, 0], (2, 1)))
    assert not cue[2:].any()
    assert asked[:, 0].tolist() == [0, 0, 0, 0, 0, 1]
    assert not np.array(earned[:-1]).any()
    np.testing.assert_array_equal(earned[-1], np.arange(6) < 4)
    with pytest.raises(InputError, match="at least 1"):
        DelayedMemory(n_cue=0)
