"""Sorted matrices, spectra of rings, and how evenly directions cover the circle."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.analysis.anatomy import (
    gaps_around,
    harmonic_share,
    preferred_tiling,
    sorted_matrix,
    weight_spectrum,
)
from neuroloom.errors import InputError
from ring_circuits import planted


def test_sorting_undoes_a_shuffle_of_the_neurons(rng):
    circuit = planted(8)
    order = rng.permutation(24)
    mixed = replace(
        circuit,
        weight=circuit.weight[np.ix_(order, order)],
        preferred=circuit.preferred[order] - 2 * np.pi * (np.arange(24) % 2),
        classes=circuit.classes[order],
    )
    again = sorted_matrix(mixed)
    np.testing.assert_array_equal(again.weight, circuit.weight)
    np.testing.assert_array_equal(order[again.order], np.arange(24))
    np.testing.assert_array_equal(again.classes, circuit.classes)
    np.testing.assert_allclose(again.preferred, circuit.preferred, atol=1e-12)
    assert again.start.tolist() == [0, 8, 16, 24]


def test_sorting_leaves_out_other_classes_and_puts_untuned_neurons_last():
    circuit = planted(4)
    circuit.preferred[1] = np.nan
    found = sorted_matrix(circuit, ("shifter-", "nobody", "compass"))
    assert found.order.tolist() == [8, 9, 10, 11, 0, 2, 3, 1]
    assert found.start.tolist() == [0, 4, 8]
    assert sorted_matrix(circuit, ()).weight.shape == (0, 0)


def test_the_bump_of_a_ring_is_its_leading_pair_of_modes():
    n = 24
    angle = np.arange(n) * 2 * np.pi / n
    d = angle[:, None] - angle[None, :]
    ring = (3.0 * np.cos(d) + 0.8 * np.cos(2 * d) - 0.5) * 2 / n
    found = weight_spectrum(ring)
    np.testing.assert_allclose(np.real(found.eigenvalue[:5]), [3, 3, 0.8, 0.8, 0], atol=1e-9)
    assert np.real(found.eigenvalue[-1]) == pytest.approx(-1.0)
    assert found.radius == pytest.approx(3.0)
    assert found.n_growing == 2
    share = harmonic_share(found.vector, angle)
    np.testing.assert_allclose(share[:4], [1, 1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(
        harmonic_share(found.vector[:, :4], angle, harmonic=2), [0, 0, 1, 1], atol=1e-9
    )


def test_a_ring_that_turns_has_complex_modes():
    n = 24
    angle = np.arange(n) * 2 * np.pi / n
    shifted = 3.0 * np.cos(angle[:, None] - angle[None, :] - np.pi / 4) * 2 / n
    found = weight_spectrum(shifted)
    np.testing.assert_allclose(
        found.eigenvalue[:2], 3 * np.exp(1j * np.array([1, -1]) * np.pi / 4), atol=1e-9
    )
    untuned = np.where(np.arange(n) % 3 == 0, np.nan, angle)
    np.testing.assert_allclose(harmonic_share(found.vector[:, :2], untuned), 1.0)


def test_an_even_ring_is_evener_than_chance_and_two_heaps_are_not(rng):
    ring = np.arange(12) * np.pi / 6
    even = preferred_tiling(ring, rng=rng, n_draws=199)
    assert even.evenness == pytest.approx(1.0)
    assert even.p_more_even == 1 / 200
    assert even.p_less_even == 1.0
    assert even.resultant == pytest.approx(0.0, abs=1e-12)
    heaps = preferred_tiling(np.r_[np.tile([0.0, np.pi], 6), np.nan], rng=rng, n_draws=199)
    assert heaps.n == 12
    assert heaps.evenness == pytest.approx(1 - 300 / 330)
    assert heaps.resultant == pytest.approx(0.0, abs=1e-12)
    assert heaps.largest_gap == pytest.approx(180.0)
    assert heaps.p_less_even == 1 / 200
    one = preferred_tiling(np.full(5, 1.0), rng=rng, n_draws=9)
    assert one.evenness == pytest.approx(0.0)
    assert one.resultant == pytest.approx(1.0)


def test_random_directions_are_as_even_as_chance(rng):
    p = [
        preferred_tiling(rng.uniform(0, 2 * np.pi, 20), rng=rng, n_draws=99).p_more_even
        for _ in range(100)
    ]
    assert 0.4 < np.mean(p) < 0.6


def test_gaps_go_all_the_way_around(rng):
    assert gaps_around(rng.uniform(-9, 9, 7)).sum() == pytest.approx(360.0)


def test_what_has_no_spectrum_or_tiling_is_refused(rng):
    with pytest.raises(InputError, match=r"Give W\[post, pre\]"):
        weight_spectrum(np.ones((2, 3)))
    with pytest.raises(InputError, match="1 is the bump"):
        harmonic_share(np.ones((2, 1), complex), np.zeros(2))
    with pytest.raises(InputError, match="leave it out"):
        preferred_tiling(np.array([1.0, np.nan]), rng=rng)
