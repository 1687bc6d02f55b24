"""Scores of firing-rate maps and of what students explain, against what they must be."""

import numpy as np
import pytest

from neuroloom.analysis.explained import epochs_to, explained, needed_for
from neuroloom.analysis.maps import (
    center_error,
    field_centers,
    global_ssim,
    map_correlation,
    map_r2,
    spatial_information,
    windowed_ssim,
)
from neuroloom.errors import InputError

GRID = np.stack(np.meshgrid(np.arange(20), np.arange(20), indexing="xy"), -1).reshape(-1, 2) / 20.0


def bump(x, y, height=1.0):
    return height * np.exp(-((GRID - [x, y]) ** 2).sum(1) / (2 * 0.1**2))[None]


def test_equal_maps_are_alike_and_an_error_is_counted_in_variance(rng):
    true = np.concatenate([bump(0.3, 0.4, 5.0), bump(0.6, 0.2)])
    for score in (map_correlation, map_r2, global_ssim):
        np.testing.assert_allclose(score(true, true), 1.0)
    np.testing.assert_allclose(map_correlation(2 * true + 1, true), 1.0)
    off = true + true.std(1, keepdims=True)
    np.testing.assert_allclose(map_r2(off, true), 0.0, atol=1e-12)
    flat = np.broadcast_to(true.mean(1, keepdims=True), true.shape)
    np.testing.assert_allclose(map_r2(flat, true), 0.0, atol=1e-12)
    np.testing.assert_array_equal(map_correlation(flat, true), 0.0)
    assert np.isnan(map_r2(true, flat)).all()
    assert np.isnan(map_correlation(true, flat)).all()


def test_global_ssim_is_its_formula_with_either_span():
    p, t = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 2.0, 5.0]])
    mp, mt, vp, vt, c = 2.0, 3.0, 2 / 3, 2.0, (1 + 0 + 2) / 3
    for span, used in ((None, 5.0), (10.0, 10.0)):
        c1, c2 = (0.01 * used) ** 2, (0.03 * used) ** 2
        wanted = (2 * mp * mt + c1) * (2 * c + c2) / ((mp**2 + mt**2 + c1) * (vp + vt + c2))
        np.testing.assert_allclose(global_ssim(p, t, span=span), [wanted])


def test_published_ssim_does_not_hang_on_the_unit_and_a_fixed_span_does():
    p, t = bump(0.3, 0.4), bump(0.4, 0.4)
    np.testing.assert_allclose(global_ssim(7 * p, 7 * t), global_ssim(p, t))
    assert abs(global_ssim(7 * p, 7 * t, span=1.0) - global_ssim(p, t, span=1.0))[0] > 1e-6


def test_silent_maps_look_alike_at_once_and_windows_see_what_moved():
    p, t = bump(0.2, 0.2), bump(0.35, 0.2)
    square = [m.reshape(1, 20, 20) for m in (p, t)]
    inside = np.ones((20, 20), bool)
    np.testing.assert_allclose(windowed_ssim(square[1], square[1], inside), 1.0)
    assert windowed_ssim(*square, inside)[0] < 0.9


def test_a_wide_window_is_the_global_score_and_what_is_outside_does_not_count(rng):
    p, t = rng.random((2, 1, 6, 6))
    inside = np.ones((6, 6), bool)
    wide = windowed_ssim(p, t, inside, width=100.0)
    np.testing.assert_allclose(wide, global_ssim(p.reshape(1, -1), t.reshape(1, -1)), rtol=1e-2)
    inside[:, 4:] = False
    before = windowed_ssim(p, t, inside)
    p[:, :, 4:], t[:, :, 4:] = np.nan, 1e6
    np.testing.assert_allclose(windowed_ssim(p, t, inside), before)


def test_a_field_that_moved_is_as_far_off_as_it_moved():
    true, moved = bump(0.4, 0.5), bump(0.45, 0.4)
    np.testing.assert_allclose(field_centers(true, GRID), [[0.4, 0.5]], atol=1e-9)
    np.testing.assert_allclose(center_error(moved, true, GRID), [np.hypot(0.05, 0.1)], atol=1e-9)
    assert np.isnan(center_error(0 * true, true, GRID)).all()


def test_a_cell_that_fires_in_one_of_eight_places_says_three_bits():
    one = np.eye(8)[:1] * 4.0
    np.testing.assert_allclose(spatial_information(one), [3.0])
    np.testing.assert_allclose(spatial_information(np.ones((1, 8))), [0.0], atol=1e-12)
    half = np.array([4.0, 4, 4, 4, 0, 0, 0, 0])[None]
    often = np.array([1.0, 1, 1, 1, 3, 3, 3, 3])
    np.testing.assert_allclose(spatial_information(half, often), [2.0])
    assert np.isnan(spatial_information(0 * one)).all()


def test_explained_is_against_the_training_mean_and_the_dead_are_counted(rng):
    y = rng.normal(size=(50, 3))
    y[:, 2] = 4.0
    y[0, 0] = np.nan
    found = explained(np.broadcast_to([0.5, 0.5, 9.0], y.shape), y, np.array([0.5, 0.2, 9.0]))
    np.testing.assert_allclose(found.fve[0], 0.0, atol=1e-12)
    off = [((c - y[:, 1]) ** 2).sum() for c in (0.5, 0.2)]
    np.testing.assert_allclose(found.fve[1], 1 - off[0] / off[1])
    assert (found.n_dead, np.isnan(found.fve[2])) == (1, True)
    np.testing.assert_allclose((found.mean, found.median), (found.fve[:2].mean(),) * 2)
    three = explained(y[1:, [0, 1, 1]] * [0.0, 0.5, 9.0], y[1:, [0, 1, 1]], np.zeros(3))
    np.testing.assert_allclose((three.median, three.fve[2]), (0.0, -63.0), atol=1e-9)
    half = explained(y / 2, y, np.zeros(3))
    np.testing.assert_allclose(half.fve[:2], 0.75)
    tiny = (1e-30 * y[1:, :2]).astype(np.float32)  # squares that single precision does not hold
    np.testing.assert_allclose(explained(tiny / 2, tiny, np.zeros(2)).fve, 0.75, rtol=1e-5)


def test_amount_needed_lies_between_points_on_the_logarithm_and_is_kept_afterwards():
    n, score = np.array([1, 10, 100, 1000]), np.array([0.0, 0.4, 0.8, 1.0])
    np.testing.assert_allclose(needed_for(n, score), 10**2.5)
    np.testing.assert_allclose(needed_for(n, np.array([0.95, 0.2, 0.7, 1.0])), 10 ** (2 + 2 / 3))
    assert needed_for(n, np.ones(4)) == 1
    assert np.isnan(needed_for(n, -score))


def test_epochs_to_a_criterion_start_at_0_and_may_never_end():
    error = np.array([[0.1, 3.0, 3.0], [0.1, 1.0, 3.0], [0.1, 0.5, 3.0]])
    np.testing.assert_array_equal(epochs_to(error, 1.0), [0, 1, np.inf])


@pytest.mark.parametrize(
    ("call", "instruction"),
    [
        (lambda: map_r2(bump(0, 0), np.zeros((1, 3))), "on one grid"),
        (lambda: global_ssim(bump(0, 0) * np.nan, bump(0, 0)), "points inside alone"),
        (
            lambda: windowed_ssim(np.ones((1, 2, 2)), np.ones((1, 2, 2)), np.zeros((2, 2), bool)),
            "Check the grid",
        ),
        (lambda: spatial_information(-bump(0, 0)), "Cut predicted maps off"),
        (lambda: explained(np.ones((3, 2)), np.ones((4, 2)), np.ones(2)), "held-out inputs"),
        (lambda: needed_for(np.array([2, 1]), np.ones(2)), "Sort the curve"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_a_way_out(call, instruction):
    with pytest.raises(InputError, match=instruction):
        call()
