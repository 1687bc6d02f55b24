"""Boundary-vector cells against RatInABox, where it is installed; see benchmarks/arena.py."""

import numpy as np
import pytest

from neuroloom.arena import BoundaryCells, rectangle

pytest.importorskip("ratinabox", reason="RatInABox is not installed; see benchmarks/arena.py")

BARRIER = [[0.5, 0.2], [0.5, 0.8]]


def both(barriers):
    """Our cells in their arena, and theirs with the same tunings."""
    from ratinabox import Agent, Environment
    from ratinabox.Neurons import BoundaryVectorCells

    rng = np.random.default_rng(0)
    cells = BoundaryCells(rng.uniform(0, 1, 100), rng.uniform(0, 2 * np.pi, 100))
    arena = rectangle(1.0, 1.0).with_barriers(np.array(barriers, float).reshape(-1, 2, 2))
    environment = Environment()
    for barrier in barriers:
        environment.add_wall(np.array(barrier))
    bearing = np.pi / 2 - cells.bearing
    tuning = (cells.distance, bearing, cells.radial_width, np.full(100, cells.s_angle))
    theirs = BoundaryVectorCells(
        Agent(environment), params={"n": 100, "cell_arrangement": lambda **_: tuning}
    )
    return arena, cells, theirs


@pytest.mark.parametrize("barriers", [[], [BARRIER], [BARRIER, [[0.1, 0.7], [0.4, 0.9]]]])
def test_rates_equal_those_of_ratinabox_with_its_rays_put_right(barriers, rng):
    """Its rays are at 0, 0, 2, ..., 356 degrees: 0 is there twice and 358 is missing.

    Where a wall ends between the two, that alone makes up to a tenth.
    """
    arena, cells, theirs = both(barriers)
    theirs.test_angles = cells.ray_angle
    theirs.test_directions = np.stack([np.cos(cells.ray_angle), np.sin(cells.ray_angle)], axis=1)
    turned = cells.ray_angle[:, None] - theirs.tuning_angles
    theirs.cell_fr_norm = np.exp((np.cos(turned) - 1) / cells.s_angle**2).sum(axis=0)
    position = rng.uniform(0.01, 0.99, (60, 2))
    expected = theirs.get_state(evaluate_at=None, pos=position).T
    found = cells.rates(arena, position)
    assert np.abs(found - expected).max() < 1e-5
    assert found.max() > 0.3


def test_rates_of_cells_that_look_away_from_east_equal_those_of_ratinabox_as_it_ships(rng):
    arena, cells, theirs = both([BARRIER])
    away = np.cos(cells.bearing - np.pi / 2) < 0.5
    position = rng.uniform(0.01, 0.99, (60, 2))
    expected = theirs.get_state(evaluate_at=None, pos=position).T[:, away]
    assert away.sum() > 50
    assert np.abs(cells.rates(arena, position)[:, away] - expected).max() < 2e-3
