"""Pieces of flies' trials, and how a heading that is said follows them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compass import bump, recording, turns
from neuroloom.connectome import AllExcitatory
from neuroloom.errors import InputError
from neuroloom.networks import GainSide, RateNetwork, Retanh, TaskNetwork, all_to_all
from neuroloom.studies.head_direction.animal.config import ActivityConfig
from neuroloom.studies.head_direction.animal.following import (
    best_gain,
    bump_match,
    exchanged,
    follow,
    heading_error,
    integrated,
    lead,
    pushed_direction,
    turning_speed,
)
from neuroloom.studies.head_direction.animal.turning import (
    bump_of,
    fly_pieces,
    inputs_of,
    roi_angles,
)
from neuroloom.tasks import AngularIntegration, Trials

DT = 0.05
CONFIG = ActivityConfig(n_orientation_trials=1, n_scored_trials=1)


def fly(region="EB", mirrored=False, ahead=0.0, gain=1.0, n=400):
    """Trials of a fly whose bump turns as it does, gain times; P-EN1 ahead by so many s of turn."""
    rng = np.random.default_rng(5)
    angle = roi_angles(region)
    trials = {}
    for condition in ("Dark", "1x"):
        trials[condition] = []
        for _ in range(2):
            heading = turns(rng, n, DT)
            place = gain * heading + 1.3
            pen1 = place + ahead * np.gradient(heading, DT)
            parts = [bump(angle, place), bump(angle, pen1)]
            parts = [part[:, ::-1] if mirrored else part for part in parts]
            trials[condition].append(recording("fly", condition, *parts, heading, DT))
    return trials


def pieces(n_steps=100, **options):
    return fly_pieces(fly(**options), options.get("region", "EB"), CONFIG, dt=DT, n_steps=n_steps)


def test_pieces_follow_each_other_without_gap_or_overlap():
    found = pieces()
    assert found.heading.shape == (6, 101)  # 400 steps hold three pieces and their ends
    assert found.condition == ("Dark",) * 3 + ("1x",) * 3
    original = fly()["Dark"][1].behavior["heading_rad"][0]
    np.testing.assert_allclose(found.heading[:3, 1:].ravel(), original[1:301])
    np.testing.assert_array_equal(found.heading[0, -1], found.heading[1, 0])


def test_a_bump_belongs_to_the_moment_after_each_step():
    found = pieces(n=1200)
    for bumps in (found.epg, found.pen1):
        late, now, early = (
            bump_match(found.heading[:, 1 + k : 99 + k], bumps[:, 1:99]) for k in (0, 1, 2)
        )
        assert now > max(late, early)


@pytest.mark.parametrize("region", ["EB", "PB"])
def test_the_sense_of_regions_is_found_and_bumps_turn_with_the_fly(region):
    for mirrored in (False, True):
        found = pieces(region=region, mirrored=mirrored)
        assert found.reflected == mirrored
        assert found.agreement > 0.9
        assert bump_match(found.heading[:, 1:], found.epg) > 0.95
        assert bump_match(-found.heading[:, 1:], found.epg) < 0.6


def test_a_network_is_shown_the_cue_and_then_the_turns():
    heading = np.array([[1.0, 1.5, 1.2]])
    found = inputs_of(heading, 4)
    assert found.shape == (1, 6, 3)
    np.testing.assert_allclose(found[0, :, 0], [0, 0, 0, 0, 0.5, -0.3])
    np.testing.assert_allclose(found[0, :, 1], [np.sin(1.0)] * 4 + [0, 0])
    np.testing.assert_allclose(found[0, :, 2], [np.cos(1.0)] * 4 + [0, 0])


def test_the_heading_of_the_inputs_is_the_flys_for_the_task():
    found = pieces(n_steps=20)
    inputs = jnp.asarray(inputs_of(found.heading, 10))
    task = AngularIntegration(n_steps=30, cue_steps=10)
    trials = Trials(inputs, jnp.zeros((len(inputs), 30, 2)), jnp.ones((len(inputs), 30, 2), bool))
    said = np.asarray(task.heading(trials), float)[:, 10:]
    assert heading_error(said, found) < 1e-3


def test_turning_integrated_exactly_is_the_heading_and_holding_is_not():
    found = pieces()
    assert heading_error(integrated(found, 1.0), found) == pytest.approx(0, abs=1e-9)
    assert heading_error(integrated(found, 0.0), found) > 20
    assert heading_error(integrated(exchanged(found), 1.0), found) > 20
    np.testing.assert_array_equal(exchanged(found).heading[:, 0], found.heading[:, 0])
    one = found._replace(heading=np.zeros((1, 3)))
    assert heading_error(np.array([[np.pi, np.pi / 2]]), one) == pytest.approx(135)


def test_a_match_ignores_the_offset_and_weighs_the_bump():
    said = np.array([[0.3, 1.0, -2.0]])
    assert bump_match(said, np.exp(1j * (said + 0.7))) == pytest.approx(1)
    heavy = np.array([[1.0, 1.0, 2.0]]) * np.exp(1j * said)
    opposite = np.array([[0.3, 1.0, -2.0 + np.pi]])
    assert bump_match(opposite, heavy) == pytest.approx(0, abs=1e-12)


def test_the_gain_of_other_flies_is_found():
    others = [pieces(gain=0.5, n=1200), pieces(gain=0.5, mirrored=True, n=1200)]
    assert best_gain(others, (0.0, 0.25, 0.5, 0.75, 1.0)) == 0.5
    with pytest.raises(InputError, match="at least two flies"):
        best_gain([], (0.0, 1.0))


def test_a_planted_lead_is_found_in_either_sense():
    speed = np.array([[2.0, 2.0, -2.0, -2.0, 0.0]])
    behind = np.exp(1j * np.array([[0.1, 0.9, 2.0, -1.0, 0.4]]))
    ahead = behind * np.exp(1j * np.deg2rad(20) * np.sign(speed)) * np.exp(0.6j)
    assert lead(ahead, behind, speed, 1.0) == pytest.approx(40)
    assert lead(behind, ahead, speed, 1.0) == pytest.approx(-40)
    assert np.isnan(lead(ahead, behind, np.abs(speed), 1.0))
    for sign in (1, -1):
        found = pieces(ahead=0.1 * sign)
        seen = lead(found.pen1, found.epg, turning_speed(found, CONFIG, DT), 0.5)
        assert np.sign(seen) == sign
        assert 5 < abs(seen) < 40


def test_regions_count_about_their_mean_in_sds():
    angle = roi_angles("EB")
    activity = np.random.default_rng(0).normal(size=(50, 16))
    size = np.arange(1.0, 17.0)
    level = np.full(16, 0.2), np.full(16, 2.0)
    scaled = bump_of(activity * size + 3, angle, (level[0] * size + 3, level[1] * size))
    np.testing.assert_allclose(scaled, bump_of(activity, angle, level))
    still = bump_of(np.full((1, 16), 0.2), angle, level)
    np.testing.assert_allclose(still, 0, atol=1e-12)


@pytest.fixture(scope="module")
def network():
    wired = RateNetwork.from_connectome(
        AllExcitatory()(all_to_all(3)), activation=Retanh(), gain_side=GainSide.POSTSYNAPTIC
    )
    start = TaskNetwork.around(wired, n_inputs=3, n_outputs=2, key=jax.random.key(0))
    weight = jnp.zeros((3, 3)).at[1, 0].set(2.0).at[2, 0].set(-1.0)  # 0 -> 1 and, less, 2
    made = start.with_weight(weight)
    read = jnp.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])  # sine from 1, cosine from 2
    heard = jnp.array([[5.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return replace(made, output_weight=read, input_weight=heard)


def test_neurons_push_the_outputs_by_those_they_send_to(network):
    found = pushed_direction(network)
    assert found[0] == pytest.approx(np.arctan2(2.0, -1.0))
    assert np.isnan(found[1:]).all()


def test_a_network_is_followed_fly_by_fly(network):
    both = [pieces(), pieces(mirrored=True).of("Dark")]
    task = AngularIntegration(dt=0.025, n_steps=110)
    found = follow(network, task, both, np.array([True, True, True]))
    assert [len(one.outputs) for one in found] == [6, 3]
    alone = follow(network, task, both[1:], np.array([True, True, True]))[0]
    np.testing.assert_allclose(found[1].outputs, alone.outputs, atol=1e-6)
    assert found[0].heading.shape == (6, 100)
    pushed = np.angle(found[0].shifters[np.abs(found[0].shifters) > 1e-9])
    axis = np.arctan2(2.0, -1.0)
    np.testing.assert_allclose(np.abs(np.sin(pushed - axis)), 0, atol=1e-6)
    none = follow(network, task, both, np.zeros(3, bool))
    assert lead(none[0].shifters, none[0].outputs, np.ones((6, 100)), 0.5) != 0  # one way only: NaN
    assert (none[0].shifters == 0).all()


def test_too_few_or_too_short_trials_are_refused():
    with pytest.raises(InputError, match="Lower `n_orientation_trials`"):
        fly_pieces(fly(), "EB", replace(CONFIG, n_orientation_trials=2), dt=DT, n_steps=100)
    with pytest.raises(InputError, match="Shorten `n_steps`"):
        fly_pieces(fly(), "EB", CONFIG, dt=DT, n_steps=400)
