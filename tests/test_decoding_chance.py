"""Errors with their unit, and what a decoder must beat."""

import numpy as np
import pytest

from neuroloom.analysis.decoding import (
    Bayesian,
    circular_shifts,
    decode_counts,
    error_table,
    guess_by_occupancy,
    guess_evenly,
    path_errors,
    rate_maps,
    shifted_medians,
    shuffled_medians,
    spread_over,
    stay_put,
)
from neuroloom.analysis.decoding.chance import exchanged
from neuroloom.errors import InputError
from place_fields import box, session


def test_errors_are_distances_and_nan_where_either_is():
    decoded = np.array([[0.0, 0.0], [3.0, 4.0], [np.nan, 0.0]])
    np.testing.assert_allclose(path_errors(decoded, np.zeros((3, 2))), [0.0, 5.0, np.nan])


def test_the_table_carries_units_and_fractions(rng):
    errors = np.array([1.0, 2.0, np.nan, 3.0, 10.0])
    table = error_table(errors, unit="pixel", below=(3.0,), length=100.0, block=1, rng=rng)
    rows = table.set_index(["measure", "unit"])["value"]
    assert rows["median error", "pixel"] == 2.5
    assert rows["mean error", "pixel"] == 4.0
    assert rows["median error", "fraction of track length"] == pytest.approx(0.025)
    assert rows["mean error", "fraction of track length"] == pytest.approx(0.04)
    assert rows["share of steps below 3 pixel", "1"] == 0.5
    assert (table["n"] == 4).all()
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()


def test_blocks_widen_the_interval_of_errors_that_go_together(rng):
    errors = np.repeat(rng.random(40), 50)
    width = [
        error_table(errors, unit="m", block=block, rng=np.random.default_rng(0)).loc[1]
        for block in (1, 50)
    ]
    narrow, wide = (row["high"] - row["low"] for row in width)
    assert wide > 4 * narrow


@pytest.fixture(scope="module")
def counted():
    """Maps with uneven occupancy, counts and path."""
    rng = np.random.default_rng(3)
    maps, counts, path = session(20, 1200, rng, bins=box(0.1))
    path = np.column_stack([path[:, 0], path[:, 1] * 0.7])
    smooth = spread_over(maps.bins, 0.05)
    return rate_maps(counts, path, maps.bins, dt=0.1, smooth=smooth), counts, path


def test_guesses_are_drawn_as_they_say(counted, rng):
    maps, _, path = counted
    bins = maps.bins
    for guess, weight in (
        (guess_evenly, maps.visited / maps.visited.sum()),
        (guess_by_occupancy, maps.occupancy / maps.occupancy.sum()),
    ):
        drawn = np.bincount(bins.index(guess(maps, 40_000, rng=rng)), minlength=bins.n_bins)
        assert np.abs(drawn / 40_000 - weight).max() < 0.01
    still = np.linalg.norm(path - stay_put(maps), axis=1).mean()
    others = [np.linalg.norm(path - c, axis=1).mean() for c in bins.center[maps.visited]]
    assert still < min(others) + 0.01


def test_true_spikes_beat_every_shift_and_every_exchange(counted, rng):
    maps, counts, path = counted
    true = np.median(path_errors(decode_counts(counts, maps, Bayesian(), dt=0.1).position, path))
    shifts = circular_shifts(len(counts), 12, least=100, rng=rng)
    shifted = shifted_medians(counts, maps, path, Bayesian(), dt=0.1, shifts=shifts)
    shuffled = shuffled_medians(counts, maps, path, Bayesian(), dt=0.1, n_draws=12, rng=rng)
    assert true < 0.1 < min(shifted.min(), shuffled.min())
    assert shifted.std() > 0
    nothing = shifted_medians(counts, maps, path, Bayesian(), dt=0.1, shifts=np.array([0]))
    assert nothing[0] == true


def test_shifts_keep_their_distance_and_do_not_repeat(rng):
    shifts = circular_shifts(100, 61, least=20, rng=rng)
    np.testing.assert_array_equal(shifts, np.arange(20, 81))


def test_every_cell_gets_another_map(rng):
    for n in (2, 3, 9):
        order = exchanged(n, rng)
        assert (order != np.arange(n)).all()
        np.testing.assert_array_equal(np.sort(order), np.arange(n))


def test_wrong_input_is_told_what_to_do(counted, rng):
    maps, counts, path = counted
    with pytest.raises(InputError, match="Compare the same steps"):
        path_errors(np.zeros((2, 2)), np.zeros((3, 2)))
    with pytest.raises(InputError, match="true positions are known"):
        error_table(np.array([np.nan]), unit="m", rng=rng)
    with pytest.raises(InputError, match="`length` must be above 0 m"):
        error_table(np.ones(3), unit="m", length=0.0, rng=rng)
    with pytest.raises(InputError, match="Use fewer shifts"):
        circular_shifts(100, 62, least=20, rng=rng)
    one = maps.reordered(np.array([0]))
    with pytest.raises(InputError, match="`shifted_medians`"):
        shuffled_medians(counts[:, :1], one, path, Bayesian(), dt=0.1, n_draws=1, rng=rng)
