"""Head-direction and grid cells: peaks where they should be, rotations, errors."""

import jax
import numpy as np
import pytest

from neuroloom.arena import GridCells, HeadDirectionCells
from neuroloom.errors import InputError


def test_a_head_direction_cell_peaks_at_its_direction_and_wraps():
    cells = HeadDirectionCells(np.array([0.1, 6.2]), width=0.5)
    around = np.linspace(-np.pi, np.pi, 721)
    rate = cells.rates(around)
    assert rate.shape == (721, 2)
    np.testing.assert_allclose(around[rate.argmax(axis=0)], [0.1, 6.2 - 2 * np.pi], atol=0.005)
    np.testing.assert_allclose(cells.rates(around), cells.rates(around + 4 * np.pi), atol=1e-12)
    assert cells.rates(np.array([0.1]))[0, 0] == 1.0
    # One width away a narrow cell has fallen to exp(-1/2), as a Gaussian has.
    narrow = HeadDirectionCells(np.array([0.0]), width=0.05)
    assert narrow.rates(np.array([0.05]))[0, 0] == pytest.approx(np.exp(-0.5), rel=1e-3)
    assert np.isnan(cells.rates(np.array([np.nan]))).all()


def test_drawn_directions_cover_the_circle(key):
    cells = HeadDirectionCells.draw(key=key, n_cells=2000)
    assert abs(np.exp(1j * cells.preferred).mean()) < 0.05
    other = HeadDirectionCells.draw(key=jax.random.key(1), n_cells=2000)
    assert (cells.preferred != other.preferred).any()


def test_grid_fields_stand_at_the_corners_of_the_stated_triangles():
    cells = GridCells(np.array([0.3]), np.array([0.2]), np.array([[0.7, -0.4]]))
    spacing = 2 / np.sqrt(3) * 0.3
    way = 0.2 + np.pi / 6 + np.arange(6) * np.pi / 3
    center = np.array([0.7, -0.4])
    corners = center + spacing * np.stack([np.cos(way), np.sin(way)], axis=1)
    np.testing.assert_allclose(cells.rates(corners), 1.0)
    np.testing.assert_allclose(cells.rates(center[None]), 1.0)
    between = center + 0.5 * (corners - center)
    assert (cells.rates(between) < 0.6).all()
    # A field ends half a width along a wave from its center.
    edge = center + 0.3 * cells.field_width / 2 * np.array([np.cos(way[0]), np.sin(way[0])])
    assert cells.rates(edge[None])[0, 0] == pytest.approx(0, abs=1e-12)
    rate = cells.rates(np.random.default_rng(0).uniform(-3, 3, (5000, 2)))
    assert rate.min() == 0
    assert 0.99 < rate.max() <= 1


def test_turning_the_plane_turns_a_grid_cell(rng):
    position, turn = rng.uniform(-1, 1, (50, 2)), 0.7
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    center = np.array([[0.2, 0.1]])
    cells = GridCells(np.array([0.5]), np.array([0.3]), center)
    others = GridCells(np.array([0.5]), np.array([0.3 + turn]), center @ turned.T)
    np.testing.assert_allclose(cells.rates(position), others.rates(position @ turned.T), atol=1e-12)


def test_grid_modules_are_shared_out_evenly_and_phases_cover_the_tile(key, rng):
    cells = GridCells.draw(key=key, n_cells=1200)
    assert [int((cells.wavelength == each).sum()) for each in (0.3, 0.5, 0.8)] == [400] * 3
    assert set(cells.orientation[cells.wavelength == 0.5]) == {0.1}
    mean = cells.rates(rng.uniform(0, 1, (20, 2)))[:, :400].mean(axis=1)
    assert mean.std() / mean.mean() < 0.15  # no place is preferred


def test_what_is_no_cell_is_said(key):
    one = np.ones(1)
    with pytest.raises(InputError, match=r"`width` must be above 0 rad; got 0.*Leave it out"):
        HeadDirectionCells(one, width=0.0)
    with pytest.raises(
        InputError, match=r"`preferred` must be finite; 1 of 1 .*Give one direction"
    ):
        HeadDirectionCells(one * np.nan)
    with pytest.raises(InputError, match=r"`wavelength` must be above 0 m; .*Give one a cell"):
        GridCells(0 * one, one, np.ones((1, 2)))
    with pytest.raises(InputError, match=r"`field_width` must be above 0 and at most 1; got 2"):
        GridCells(one, one, np.ones((1, 2)), field_width=2.0)
    with pytest.raises(InputError, match=r"`orientations` must be as many as `wavelengths`; got 3"):
        GridCells.draw(key=key, n_cells=3, wavelengths=(0.3,))
