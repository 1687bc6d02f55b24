"""Bodies that fall, batches whose bodies touch the ground, and the plates of NCAP."""

import sys

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.tasks.control import CartPole, GymBody, GymTask, NcapSwim, gym_body
from neuroloom.tasks.control.ncap_swim import swim_speed

pytest.importorskip("mujoco", reason="bodies need the extra `control`")

# Places of a state that differ from the posture of the model, and what they are then.
FALLS = {
    "tilts, and comes back": (GymBody.HOPPER, {2: 0.15, 8: 1.0}),
    "sinks": (GymBody.HOPPER, {1: 0.72, 3: -1.0, 4: -1.0, 7: -1.5}),
    "turns faster than is shown": (GymBody.HOPPER, {9: 14.0}),
    "jumps, and comes back": (GymBody.ANT, {2: 0.98, 17: 1.5}),
    "hits the ground, and rises": (GymBody.ANT, {2: 0.75, 17: -14.0}),
}


@pytest.mark.parametrize(("body", "places"), FALLS.values(), ids=FALLS)
def test_a_body_falls_where_gymnasiums_falls_and_stays_down(body, places):
    gymnasium = pytest.importorskip("gymnasium", reason="the oracle is Gymnasium's body")
    theirs, task = gymnasium.make(body.value).unwrapped, GymTask(body)
    theirs.reset()
    start = np.concatenate([theirs.init_qpos, theirs.init_qvel])
    start[list(places)] = list(places.values())
    theirs.set_state(start[: theirs.model.nq], start[theirs.model.nq :])
    running, action = task.begin(start[None]), np.full(task.n_actions, 0.1)
    fell, alive = [], True
    for _ in range(14):
        reward = running.step(action[None])[0]
        seen, wanted, ended, _, _ = theirs.step(action)
        np.testing.assert_allclose(reward, wanted if alive else 0, atol=4e-8)
        np.testing.assert_allclose(running.observation[0], seen, atol=1e-5, rtol=1e-6)
        alive = alive and not ended
        assert bool(running.alive[0]) is alive
        fell.append(ended)
    theirs.close()
    assert any(fell)


@pytest.mark.parametrize("body", GymBody, ids=lambda body: body.value)
def test_bodies_with_contacts_do_not_feel_their_batch(body, rng):
    pytest.importorskip("gymnasium", reason="its models")
    task = GymTask(body)
    starts, actions = task.draw_starts(rng, 5), rng.uniform(-1, 1, (12, 5, task.n_actions))

    def played(chosen, n_threads):
        running = task.begin(starts[chosen], n_threads=n_threads)
        rewards = np.array([running.step(action[chosen]) for action in actions])
        running.close()
        return rewards, running.state()

    rewards, state = played(np.arange(5), 2)
    for episode in range(5):
        alone = played([episode], 1)
        np.testing.assert_array_equal(rewards[:, [episode]], alone[0])
        np.testing.assert_array_equal(state[[episode]], alone[1])


def test_plates_swim_as_dm_controls():
    # dm_control 1.0.50 with MuJoCo 3.17: its six-link swimmer, 60 control steps from here.
    start = np.zeros((1, 16))
    start[0, 2:8] = [0.7, 0.4, -0.3, 0.2, 0.5, -0.4]
    running = NcapSwim().begin(start)
    for step in range(60):
        running.step(np.sin(0.1 * step + np.arange(5))[None])
    wanted = [-0.013172339548, 0.099846661593, 1.465907108161, -0.281077032778]
    wanted += [-0.166305739738, -0.103394440967, -0.090943823286, 0.860286957676]
    np.testing.assert_allclose(running.state()[0, :8], wanted, atol=1e-9)
    np.testing.assert_allclose(swim_speed(running.state(), 8), -0.0662090676953316, atol=1e-9)


def test_hinges_of_plates_stop_where_dm_controls_do():
    # The same body, its hinges driven against their stops (60 degrees) for 40 control steps.
    running = NcapSwim().begin(np.zeros((1, 16)))
    for _ in range(40):
        running.step(np.ones((1, 5)))
    stopped = [1.11226136132759, 0.37685684140687, -0.56677578015306]
    stopped += [0.37377157684226, 1.1122525122999]
    np.testing.assert_allclose(running.state()[0, 3:8], stopped, atol=1e-9)


def test_a_cart_is_lost_where_gymnasiums_is():
    gymnasium = pytest.importorskip("gymnasium", reason="the oracle is Gymnasium's pole")
    theirs, start = gymnasium.make("CartPole-v1").unwrapped, np.array([2.3, 1.0, 0.0, 0.0])
    theirs.reset()
    theirs.state = start.copy()
    running, ends = CartPole().begin(start[None]), []
    for push in (1, 0) * 4:
        running.step(np.array([[1.0 if push else -1.0]]))
        ends.append((theirs.step(push)[2], not running.alive[0]))
        if ends[-1][0]:
            break
    assert ends[-1] == (True, True)
    assert all(ours == wanted for wanted, ours in ends)
    assert abs(theirs.state[2]) < 0.2  # it was the cart, not the pole


@pytest.mark.parametrize(
    ("module", "task"),
    [("mujoco", NcapSwim()), ("gymnasium.envs.mujoco", GymTask(GymBody.ANT))],
    ids=["mujoco", "gymnasium"],
)
def test_an_absent_extra_is_named_with_what_to_install(module, task, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    gym_body._model_text.cache_clear()
    size = 16 if module == "mujoco" else 29
    with pytest.raises(InputError, match=r"Install `neuroloom\[control\]`, or take a"):
        task.begin(np.zeros((1, size)))
