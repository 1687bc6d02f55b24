"""NCAP's circuit: its equations by hand, and the swim of its golden numbers."""

import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks.policies import NcapPolicy, flatten, n_parameters
from neuroloom.simulation.policies import perform_policies
from neuroloom.tasks.control import NcapSwim

PLACES = (0, 1, 2, 3, 4)


@pytest.mark.parametrize("shared", [True, False])
def test_torques_follow_the_equations(shared):
    policy = NcapPolicy.for_joints(5, PLACES, shared=shared)
    assert n_parameters(policy) == (4 if shared else 30)
    angle = np.array([0.5, -0.3, 0.2, 0.0, 0.9])
    q = np.clip(angle / (2 * np.pi / 6), -1, 1)
    state, torque = policy(policy.initial(), jnp.asarray(angle, jnp.float32))
    wanted = [1.0]  # the oscillator begins with the dorsal side
    wanted += list(q[:-1])  # each joint bends as the one ahead of it
    np.testing.assert_allclose(torque, wanted, atol=1e-6)
    half = jnp.asarray(30)
    np.testing.assert_allclose(policy(half, jnp.zeros(5))[1], [-1, 0, 0, 0, 0], atol=1e-6)
    assert state == 1


def test_weights_are_held_at_their_sign():
    policy = NcapPolicy.for_joints(5, PLACES)
    vector, rebuild = flatten(policy)
    flipped = rebuild(-vector)
    angle = jnp.full(5, 0.4)
    np.testing.assert_allclose(flipped(flipped.initial(), angle)[1], 0, atol=1e-7)
    cut = policy.without(oscillator=True, proprioception=True)
    np.testing.assert_allclose(cut(cut.initial(), angle)[1], 0, atol=1e-7)
    with pytest.raises(InputError, match="Take a body with joints, and 60"):
        NcapPolicy.for_joints(5, PLACES, period=1)


def test_each_side_of_each_joint_has_weights_of_its_own(rng):
    policy = NcapPolicy.for_joints(5, PLACES, shared=False)
    _, rebuild = flatten(policy)
    values = rng.uniform(0.2, 0.9, 30)
    values[20:] *= -1
    osc, prop, ipsi = values[:2], values[2:10].reshape(2, 4), values[10:20].reshape(2, 5)
    angle = rng.uniform(-1, 1, 5)
    for step in (0, 30):
        wanted = np.zeros(5)
        for side in (0, 1):
            stretch = np.clip((1 - 2 * side) * angle / (2 * np.pi / 6), 0, 1)
            driven = osc[side] * ((step < 30) == (side == 0))
            for joint in range(5):
                cell = prop[side, joint - 1] * stretch[joint - 1] if joint else driven
                wanted[joint] += (1 - 2 * side) * ipsi[side, joint] * cell
        found = rebuild(values)(jnp.asarray(step), jnp.asarray(angle))[1]
        np.testing.assert_allclose(found, wanted, atol=1e-6)
        values[20:] = -5  # contralateral weights have no effect
        found = rebuild(values)(jnp.asarray(step), jnp.asarray(angle))[1]
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_an_odd_period_gives_the_ventral_side_more():
    policy, state, first = NcapPolicy.for_joints(5, PLACES, period=5), jnp.asarray(0), []
    for _ in range(6):
        state, torque = policy(state, jnp.zeros(5))
        first.append(float(torque[0]))
    assert first == [1, 1, -1, -1, -1, 1]


@pytest.mark.slow
def test_it_swims_untrained_by_its_oscillator_and_its_sense_of_stretch():
    pytest.importorskip("mujoco", reason="bodies need the extra `control`")
    task = NcapSwim()
    starts = np.concatenate([task.draw_starts(np.random.default_rng(s), 1) for s in range(6)])

    def returns(policy):
        vector, rebuild = flatten(policy)
        return perform_policies(rebuild(vector[None]), task, starts=starts).total[0]

    whole = NcapPolicy.for_joints(5, task.joint_angles)
    found = returns(whole)
    assert (found > 750).all()
    assert (found < 850).all()
    assert (returns(whole.without(oscillator=True)) < 150).all()
    assert (returns(whole.without(proprioception=True)) < 200).all()
    for period, wanted in ((30, 496), (45, 650), (90, 785)):
        other = NcapPolicy.for_joints(5, task.joint_angles, period=period)
        assert returns(other).mean() == pytest.approx(wanted, abs=20)
