"""Walkers: how they move in the open is theory; walls hold them in every arena."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from neuroloom.arena import (
    OrnsteinUhlenbeckMotion,
    PublishedMotion,
    draw_starts,
    load_arena,
    rectangle,
    walk,
    wall_distance,
)
from neuroloom.arena.barriers import from_walls
from neuroloom.arena.motion import State
from neuroloom.errors import InputError

OPEN = rectangle(1_000.0, 1_000.0, name="open")
FAST = OrnsteinUhlenbeckMotion(speed_scale=2.0)
DT = 0.05


def crossings(walls, position):
    """Steps on both sides of a wall whose ends are on both sides of the step, in 64 bits."""
    a, b = (walls[:, end, None, :] for end in (0, 1))
    p, q = (part.reshape(-1, 2)[None] for part in (position[:, :-1], position[:, 1:]))

    def left(u, v, w):
        return np.sign((v - u)[..., 0] * (w - u)[..., 1] - (v - u)[..., 1] * (w - u)[..., 0])

    return ((left(a, b, p) * left(a, b, q) <= 0) & (left(p, q, a) * left(p, q, b) <= 0)).sum()


@pytest.mark.parametrize("name", ["star", "four-rooms"])
@pytest.mark.parametrize("motion", [FAST, PublishedMotion(length=1.0)], ids=["ou", "published"])
def test_walkers_stay_inside_and_never_cross_a_wall(name, motion, key):
    arena = load_arena(name)
    walked = walk(arena, motion, key=key, n_walkers=60, n_steps=400, dt=0.1)
    assert arena.contains(walked.position).all()
    assert crossings(arena.walls, walked.position.astype(float)) == 0
    assert wall_distance(arena, walked.position.reshape(-1, 2)).min() >= 0.99e-4
    assert (~walked.free).sum() > 100  # walls were met
    speed = np.linalg.norm(walked.velocity[:, 1:], axis=-1)
    assert (speed[:, 200:].max(axis=1) > 0).all()  # nobody is stuck


def test_single_precision_keeps_walkers_inside_too(key):
    with jax.enable_x64(False):
        arena = load_arena("four-rooms")
        walked = walk(arena, FAST, key=key, n_walkers=60, n_steps=400, dt=0.1)
    assert walked.position.dtype == np.float32
    assert crossings(arena.walls, walked.position.astype(float)) == 0
    assert arena.contains(walked.position).all()


def test_velocity_is_the_step_taken_and_the_same_key_the_same_walk(key):
    first, again, other = (
        walk(load_arena("star"), FAST, key=k, n_walkers=60, n_steps=400, dt=0.1)
        for k in (key, key, jax.random.key(1))
    )
    np.testing.assert_array_equal(first.position, again.position)
    assert (first.position != other.position).all()
    np.testing.assert_allclose(
        first.position[:, 1:], first.position[:, :-1] + 0.1 * first.velocity[:, 1:], atol=1e-12
    )
    np.testing.assert_allclose(first.time, 0.1 * np.arange(400))


@pytest.mark.parametrize("euler", [False, True])
def test_speed_and_rotation_have_their_stationary_distribution_and_memory(euler, key):
    motion = OrnsteinUhlenbeckMotion(euler=euler, head_tau=0.0)
    walked = walk(OPEN, motion, key=key, n_walkers=400, n_steps=600)
    velocity = walked.velocity[:, 100:]
    speed = np.linalg.norm(velocity, axis=-1)
    keep = 1 - DT / 0.7 if euler else np.exp(-DT / 0.7)
    sd = (2 * DT / 0.7 / (1 - keep**2)) ** 0.5 if euler else 1.0
    normal = special.ndtri(-np.expm1(-(speed**2) / (2 * 0.08**2)))
    assert normal.std() == pytest.approx(sd, abs=0.015)
    for lag in (1, 14):
        found = np.mean(normal[:, lag:] * normal[:, :-lag]) / normal.var()
        assert found == pytest.approx(keep**lag, abs=0.02)
    if not euler:
        assert speed.mean() == pytest.approx(0.08 * np.sqrt(np.pi / 2), rel=0.015)
        assert stats.kstest(speed[:, ::50].ravel(), stats.rayleigh(scale=0.08).cdf).statistic < 0.02
    angle = np.unwrap(np.arctan2(velocity[..., 1], velocity[..., 0]), axis=1)
    np.testing.assert_allclose(np.cos(angle), np.cos(walked.head_direction[:, 100:]), atol=1e-6)
    rotation = np.diff(angle, axis=1) / DT
    keep = 1 - DT / 0.08 if euler else np.exp(-DT / 0.08)
    sd = np.radians(120) * (1 / np.sqrt(1 - DT / (2 * 0.08)) if euler else 1)
    assert rotation.std() == pytest.approx(sd, rel=0.01)
    for lag in (1, 2):
        found = np.mean(rotation[:, lag:] * rotation[:, :-lag]) / rotation.var()
        assert found == pytest.approx(keep**lag, abs=0.01)


def test_exact_steps_do_not_depend_on_dt_and_the_head_follows_with_its_time_constant(key):
    fine = walk(OPEN, OrnsteinUhlenbeckMotion(), key=key, n_walkers=400, n_steps=600, dt=0.01)
    angle = np.unwrap(np.arctan2(fine.velocity[..., 1], fine.velocity[..., 0]), axis=1)
    assert (np.diff(angle, axis=1)[:, 100:] / 0.01).std() == pytest.approx(
        np.radians(120), rel=0.02
    )
    # The head lags: it agrees best with where the walker went some steps before.
    head = fine.head_direction
    agreement = [
        np.cos(head[:, 100:] - angle[:, 100 - lag : 600 - lag]).mean() for lag in range(0, 40)
    ]
    assert 5 <= int(np.argmax(agreement)) <= 25  # tau is 15 steps


moved = jax.jit(
    lambda motion, state, barriers, key, dt: motion.step(state, barriers, key, dt),
    static_argnums=(0, 4),
)


def row(value):
    return jnp.array([[value]], float)


def test_a_walker_that_meets_a_wall_is_mirrored_at_half_the_scale_of_speeds(key):
    motion = OrnsteinUhlenbeckMotion(rotation_sd=0.0, speed_tau=1e12, wall_strength=0.0)
    barriers = from_walls(rectangle(1.0, 1.0).walls)
    state = State(
        row(0.001), row(0.5), row(-0.08), row(0.06), row(0.0), row(-0.8), row(0.6), row(1) > 0
    )
    after = moved(motion, state, barriers, key, DT)
    assert not after.free
    np.testing.assert_allclose([after.velocity_x[0, 0], after.velocity_y[0, 0]], [0.032, 0.024])
    np.testing.assert_allclose([after.x[0, 0], after.y[0, 0]], [0.001 + 0.0016, 0.5012])
    free = moved(motion, state._replace(x=row(0.5)), barriers, key, DT)
    np.testing.assert_allclose([free.x[0, 0], free.y[0, 0]], [0.496, 0.503], atol=1e-6)


def test_walls_push_by_the_published_formula(key):
    motion = OrnsteinUhlenbeckMotion(rotation_sd=0.0, speed_tau=1e12)
    barriers = from_walls(rectangle(1.0, 1.0).walls)
    state = State(
        row(0.04), row(0.5), row(0.0), row(0.08), row(0.0), row(0.0), row(1.0), row(1) > 0
    )
    after = moved(motion, state, barriers, key, DT)
    gain = 3 * 0.25 * (0.08 / 0.1) ** 2 * 0.06 * DT
    carried = 6 * 0.25 * 0.08 * (1 - np.sqrt(1 - 0.6**2)) * DT
    assert after.velocity_x[0, 0] == pytest.approx(gain)
    assert after.x[0, 0] == pytest.approx(0.04 + carried + gain * DT)


def test_walkers_with_more_thigmotaxis_spend_more_time_at_walls(key):
    box = rectangle(1.0, 1.0)
    near = []
    for thigmotaxis in (0.0, 1.0):
        motion = OrnsteinUhlenbeckMotion(thigmotaxis=thigmotaxis)
        walked = walk(box, motion, key=key, n_walkers=200, n_steps=800)
        near.append((wall_distance(box, walked.position[:, 200:].reshape(-1, 2)) < 0.1).mean())
    assert near[0] < 0.7 * near[1]


@pytest.mark.parametrize("published", [False, True])
def test_the_published_velocity_spreads_with_or_without_its_defect(published, key):
    motion = PublishedMotion(start_sd=0.0, length=1.0, published_noise=published)
    walked = walk(OPEN, motion, key=key, n_walkers=3000, n_steps=42, dt=0.1)
    variance = walked.velocity[:, 41].var()  # 40 gains of noise before the last step
    assert variance == pytest.approx(40 * 0.1 * (0.1 if published else 1.0), rel=0.06)


def test_the_published_walker_stays_at_a_wall_and_turns_by_a_von_mises_angle(key):
    motion = PublishedMotion(noise_sd=0.0)
    barriers = from_walls(rectangle(1.0, 1.0).walls)
    one = jnp.ones((1, 20_000))
    state = State(0.01 * one, 0.5 * one, -0.6 * one, 0.8 * one, 0 * one, one, 0 * one, one > 0)
    after = moved(motion, state, barriers, key, 0.1)
    assert not after.free.any()
    np.testing.assert_array_equal(after.x, state.x)
    turn = np.arctan2(after.velocity_y, after.velocity_x) - np.arctan2(-0.8, 0.6)
    assert np.cos(turn).mean() == pytest.approx(special.iv(1, 2) / special.iv(0, 2), abs=0.01)
    assert np.sin(turn).mean() == pytest.approx(0, abs=0.015)
    np.testing.assert_allclose(after.velocity_x**2 + after.velocity_y**2, 1.0)


def test_starts_are_uniform_inside(key):
    arena = load_arena("l-shape")
    start = draw_starts(arena, key=key, n_walkers=3000)
    assert arena.contains(start).all()
    corner = (start < 1.6).all(axis=1).mean()  # one of three equal squares
    assert corner == pytest.approx(1 / 3, abs=0.03)


def test_what_cannot_be_walked_is_said(key):
    box = rectangle(1.0, 1.0)

    def walked(motion=FAST, **settings):
        return walk(box, motion, key=key, **{"n_walkers": 2, "n_steps": 3, **settings})

    with pytest.raises(InputError, match=r"`n_walkers` must be at least 1; got 0. Ask for more"):
        walked(n_walkers=0)
    with pytest.raises(InputError, match=r"`dt` must be above 0 s; got 0.0. Leave it out"):
        walked(dt=0.0)
    with pytest.raises(InputError, match=r"1 of 2 are not, the first at .*Leave it out"):
        walked(start=np.array([[0.5, 0.5], [1.5, 0.5]]))
    with pytest.raises(InputError, match="1 starts for 2 walkers"):
        walked(start=np.array([[0.5, 0.5]]))
    with pytest.raises(InputError, match=r"`rotation_tau` must be finite and above 0; got 0.0"):
        OrnsteinUhlenbeckMotion(rotation_tau=0.0)
    with pytest.raises(InputError, match="`thigmotaxis` must be from 0 to 1; got 2"):
        OrnsteinUhlenbeckMotion(thigmotaxis=2.0)
    with pytest.raises(InputError, match="`length` must be finite and above 0"):
        PublishedMotion(length=0.0)
    sliver = rectangle(1.0, 1.5e-4)
    with pytest.raises(InputError, match=r"must have room for walkers; 0 of .*Give `start`"):
        draw_starts(sliver, key=key, n_walkers=2)
