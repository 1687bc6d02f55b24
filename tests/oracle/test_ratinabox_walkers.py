"""Motion, head-direction and grid cells against RatInABox, where it is installed."""

import numpy as np
import pytest

from neuroloom.arena import (
    GridCells,
    HeadDirectionCells,
    OrnsteinUhlenbeckMotion,
    rectangle,
    walk,
)

ratinabox = pytest.importorskip("ratinabox", reason="ratinabox (extra `spatial`) is missing")
pytestmark = pytest.mark.filterwarnings("default")
DT = 0.05


@pytest.fixture
def agents():
    from ratinabox.Agent import Agent
    from ratinabox.Environment import Environment

    ratinabox.verbose = False
    np.random.seed(0)  # noqa: NPY002 - it draws from NumPy's global generator
    box = Environment(params={"scale": 1.0, "aspect": 1.0})
    return [Agent(box, params={"dt": DT}) for _ in range(8)]


def measured(position):
    """Speeds, turns far from walls in rad/s, distances from the wall of a box of 1 m."""
    velocity = np.diff(position[:, 100:], axis=1) / DT
    angle = np.arctan2(velocity[..., 1], velocity[..., 0])
    turn = ((np.diff(angle, axis=1) + np.pi) % (2 * np.pi) - np.pi) / DT
    inside = position[:, 100:]
    wall = np.minimum(inside, 1 - inside).min(axis=-1)
    return np.linalg.norm(velocity, axis=-1), turn[wall[:, 1:-1] > 0.12], wall


def test_euler_steps_move_walkers_as_ratinabox_moves_them(agents, key):
    for _ in range(1500):
        for agent in agents:
            agent.update()
    theirs = measured(np.array([agent.history["pos"] for agent in agents]))
    motion = OrnsteinUhlenbeckMotion(euler=True)
    walked = walk(rectangle(1.0, 1.0), motion, key=key, n_walkers=300, n_steps=1500)
    ours = measured(walked.position)
    # Three standard errors of theirs: some 400 independent speeds, 100 independent places.
    assert ours[0].mean() == pytest.approx(theirs[0].mean(), abs=0.008)
    assert ours[0].std() == pytest.approx(theirs[0].std(), abs=0.006)
    assert ours[1].std() == pytest.approx(theirs[1].std(), rel=0.03)
    assert np.median(ours[2]) == pytest.approx(np.median(theirs[2]), abs=0.04)
    assert (ours[2] < 0.1).mean() == pytest.approx((theirs[2] < 0.1).mean(), abs=0.12)


def test_grid_and_head_direction_cells_have_the_rates_of_ratinabox(agents, rng):
    from ratinabox.Neurons import GridCells as TheirGrids
    from ratinabox.Neurons import HeadDirectionCells as TheirHeads

    position = rng.uniform(0, 1, (40, 2))
    scale, turn = rng.uniform(0.2, 0.8, 5), rng.uniform(0, 1, 5)
    phase = rng.uniform(0, 2 * np.pi, (5, 2))
    theirs = TheirGrids(
        agents[0], params={"gridscale": scale, "orientation": turn, "phase_offset": phase}
    ).get_state(evaluate_at=None, pos=position)
    ours = GridCells(scale, turn, scale[:, None] * phase / (2 * np.pi)).rates(position)
    np.testing.assert_allclose(ours, theirs.T, atol=1e-9)

    heads = TheirHeads(agents[0], params={"n": 7})
    cells = HeadDirectionCells(heads.preferred_angles)
    for angle in rng.uniform(-np.pi, np.pi, 10):
        way = np.array([np.cos(angle), np.sin(angle)])
        theirs = heads.get_state(evaluate_at=None, head_direction=way)[:, 0]
        np.testing.assert_allclose(cells.rates(np.array([angle]))[0], theirs, atol=1e-6)
