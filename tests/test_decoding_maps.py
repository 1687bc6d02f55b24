"""Bins, diffusion between them, and rate maps."""

import numpy as np
import pytest

from neuroloom.analysis.decoding import SpatialBins, given_maps, rate_maps, spread_over
from neuroloom.errors import InputError
from place_fields import box, session


def test_a_position_falls_into_the_bin_whose_center_is_nearest(rng):
    bins = SpatialBins((-1.0, 2.0), 0.25, (4, 6))
    position = np.array([-1.0, 2.0]) + rng.random((200, 2)) * [1.0, 1.5]
    distance = np.linalg.norm(position[:, None] - bins.center, axis=2)
    np.testing.assert_array_equal(bins.index(position), distance.argmin(axis=1))


def test_positions_outside_or_not_observed_have_no_bin():
    bins = SpatialBins((0.0,), 1.0, (3,))
    where = np.array([[-0.1], [0.0], [2.9], [3.0], [np.nan]])
    np.testing.assert_array_equal(bins.index(where), [-1, 0, 2, -1, -1])


def test_covering_bins_hold_every_position(rng):
    position = rng.normal(size=(100, 2))
    position[3] = np.nan
    index = SpatialBins.covering(position, 0.3).index(position)
    assert index[3] == -1
    assert (np.delete(index, 3) >= 0).all()


def test_diffusion_has_the_variance_it_is_asked_for_and_is_gaussian():
    bins = SpatialBins((0.0, 0.0), 0.02, (51, 51))
    mass = np.zeros(bins.n_bins)
    mass[25 * 51 + 25] = 1.0
    after = spread_over(bins, 0.06)(mass)
    away = bins.center - bins.center[25 * 51 + 25]
    np.testing.assert_allclose(after @ away**2, [0.06**2] * 2, rtol=1e-3)
    gauss = np.exp(-(away**2).sum(axis=1) / (2 * 0.06**2)) * 0.02**2 / (2 * np.pi * 0.06**2)
    assert np.abs(after - gauss).max() < 0.03 * gauss.max()


def test_diffusion_is_symmetric_and_keeps_the_sum(rng):
    bins = SpatialBins((0.0, 0.0), 0.1, (7, 5))
    inside = rng.random(bins.n_bins) < 0.8
    matrix = spread_over(bins, 0.2, inside=inside)(np.eye(bins.n_bins))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=0), 1.0, atol=1e-12)
    assert (matrix >= 0).all()
    assert np.abs(matrix[~inside][:, inside]).max() == 0.0


def test_half_a_variance_twice_is_the_variance_once(rng):
    bins = SpatialBins((0.0,), 0.1, (20,))
    mass = rng.random(20)
    half = spread_over(bins, 0.3 / np.sqrt(2))
    np.testing.assert_allclose(half(half(mass)), spread_over(bins, 0.3)(mass), atol=1e-6)


@pytest.mark.parametrize("wall", [[[0.5, 0.0], [0.5, 1.0]], [[0.0, 0.3], [1.0, 0.3]]])
def test_nothing_crosses_a_wall_and_a_door_lets_it_through(wall):
    bins = box()
    wall = np.array([wall])
    axis = 0 if wall[0, 0, 0] == wall[0, 1, 0] else 1
    beyond = bins.center[:, axis] > wall[0, 0, axis]
    mass = np.where(beyond, 0.0, 1.0)
    walled, door = spread_over(bins, 0.2, walls=wall), wall.copy()
    door[0, 1, 1 - axis] = 0.8
    assert walled(mass)[beyond].max() == 0.0
    np.testing.assert_allclose(walled(mass), mass, atol=1e-12)
    assert spread_over(bins, 0.2, walls=door)(mass)[beyond].sum() > 0.5


def test_a_wall_is_no_barrier_to_those_who_walk_along_it():
    bins = SpatialBins((0.0, 0.0), 1.0, (3, 1))
    along = np.array([[[0.0, 0.5], [3.0, 0.5]]])
    start = np.array([1.0, 0.0, 0.0])
    assert spread_over(bins, 1.0, walls=along)(start)[2] > 0.01


def test_maps_recover_planted_fields(rng):
    maps, counts, path = session(6, 40_000, rng, bins=box(0.1))
    found = rate_maps(counts, path, maps.bins, dt=0.1, smooth=spread_over(maps.bins, 0.0))
    seen = found.occupancy > 10
    assert seen.sum() > 80
    error = np.abs(found.rate[:, seen] - maps.rate[:, seen])
    assert np.median(error) < 0.5  # Hz, of fields of 20 Hz; counting alone makes .3
    assert np.corrcoef(found.rate[:, seen].ravel(), maps.rate[:, seen].ravel())[0, 1] > 0.99


def test_maps_are_spikes_over_seconds_in_each_bin():
    bins = SpatialBins((0.0,), 1.0, (3,))
    position = np.array([[0.5], [0.5], [1.5], [np.nan]])
    counts = np.array([[1.0, 0.0], [2.0, np.nan], [0.0, 4.0], [9.0, 9.0]])
    maps = rate_maps(counts, position, bins, dt=0.5, smooth=spread_over(bins, 0.0))
    np.testing.assert_allclose(maps.rate, [[3.0, 0.0, np.nan], [0.0, 8.0, np.nan]])
    np.testing.assert_array_equal(maps.visited, [True, True, False])
    np.testing.assert_allclose(maps.occupancy, [1.0, 0.5, 0.0])


def test_a_bin_seen_too_shortly_is_not_visited():
    bins = SpatialBins((0.0,), 1.0, (2,))
    position = np.array([[0.5], [0.5], [1.5]])
    maps = rate_maps(
        np.ones((3, 1)), position, bins, dt=0.1, smooth=spread_over(bins, 0.0), least_occupancy=0.15
    )
    np.testing.assert_array_equal(maps.visited, [True, False])


def test_maps_are_not_smoothed_through_a_wall():
    bins = box(0.1)
    position = bins.center
    counts = (position[:, :1] < 0.5).astype(float)
    wall = np.array([[[0.5, 0.0], [0.5, 1.0]]])
    sharp, soft = (
        rate_maps(counts, position, bins, dt=1.0, smooth=spread_over(bins, 0.2, walls=walls))
        for walls in (wall, None)
    )
    np.testing.assert_allclose(sharp.rate[0], counts[:, 0], atol=1e-9)
    assert soft.rate[0, position[:, 0] > 0.5].max() > 0.2


@pytest.mark.parametrize(
    ("call", "instruction"),
    [
        (lambda b: SpatialBins((0.0,), 1.0, (2, 2)), "one axis for a linear track"),
        (lambda b: SpatialBins((0.0,), 0.0, (2,)), "side of a bin"),
        (lambda b: SpatialBins.covering(np.full((3, 2), np.nan), 1.0), "columns of behavior"),
        (lambda b: b.index(np.zeros((3, 1))), "positions of the same kind"),
        (lambda b: spread_over(b, -1.0), "in the unit of positions"),
        (
            lambda b: spread_over(SpatialBins((0.0,), 1.0, (2,)), 1.0, walls=np.zeros((1, 2, 2))),
            "Leave them out on a track",
        ),
        (lambda b: given_maps(np.ones((2, 3)), b), "bins.center"),
        (lambda b: given_maps(-np.ones((2, b.n_bins)), b), "Clip a student's predictions"),
        (
            lambda b: rate_maps(
                np.ones((2, 1)), np.zeros((3, 2)), b, dt=1.0, smooth=spread_over(b, 0.0)
            ),
            "one clock",
        ),
        (
            lambda b: rate_maps(
                np.ones((3, 1)), np.zeros((3, 2)), b, dt=0.0, smooth=spread_over(b, 0.0)
            ),
            "width of a step",
        ),
        (
            lambda b: rate_maps(
                np.ones((3, 1)), np.full((3, 2), 9.0), b, dt=1.0, smooth=spread_over(b, 0.0)
            ),
            "larger bins",
        ),
    ],
)
def test_wrong_input_is_told_what_to_do(call, instruction):
    with pytest.raises(InputError, match=instruction):
        call(box(0.25))
