"""Decoders: against dense arithmetic, on simulated place cells, and with walls."""

import numpy as np
import pytest
from scipy.stats import poisson

from neuroloom.analysis.decoding import (
    Bayesian,
    MaximumLikelihood,
    MotionFilter,
    MotionSmoother,
    SpatialBins,
    decode_counts,
    decode_features,
    decode_regression,
    decoders,
    given_maps,
    nearest_neighbors,
    path_errors,
    rate_maps,
    ridge,
    spread_over,
)
from neuroloom.errors import InputError, SimulationError
from place_fields import box, fields, session, walk

ALL = (
    MaximumLikelihood(),
    Bayesian(),
    MotionFilter(0.02, 0.01),
    MotionSmoother(0.02, 0.01),
)


@pytest.fixture(scope="module")
def small():
    """Three cells, twelve bins of uneven occupancy, and a dense answer for everything."""
    rng = np.random.default_rng(1)
    bins = SpatialBins((0.0, 0.0), 1.0, (4, 3))
    path = rng.random((400, 2)) * [4, 3] * rng.random((400, 1)) ** 0.3
    maps = rate_maps(
        rng.poisson(1.0, (400, 3)).astype(float), path, bins, dt=0.5, smooth=spread_over(bins, 0.6)
    )
    counts = rng.poisson(1.0, (9, 3)).astype(float)
    likelihood = poisson.pmf(counts[:, :, None], 0.5 * maps.rate).prod(axis=1)
    return maps, counts, likelihood


def entropy(posterior):
    return -(posterior * np.log2(posterior)).sum(axis=1)


def check(path, posterior, bins):
    posterior = posterior / posterior.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(path.position, bins.center[posterior.argmax(axis=1)])
    np.testing.assert_allclose(path.mean, posterior @ bins.center, atol=1e-9)
    np.testing.assert_allclose(path.entropy, entropy(posterior), atol=1e-9)


@pytest.mark.parametrize("block", [10**6, 24])
def test_decoders_equal_dense_arithmetic(small, block, monkeypatch):
    monkeypatch.setattr(decoders, "_BLOCK", block)
    maps, counts, likelihood = small
    prior = maps.occupancy / maps.occupancy.sum()
    check(decode_counts(counts, maps, MaximumLikelihood(), dt=0.5), likelihood, maps.bins)
    check(decode_counts(counts, maps, Bayesian(), dt=0.5), likelihood * prior, maps.bins)

    jump = 0.05
    moves = spread_over(maps.bins, 0.7)(np.eye(12))
    moves = (1 - jump) * moves + jump * prior[:, None]
    starts = np.zeros(9, bool)
    starts[5] = True
    forward = np.empty((9, 12))
    backward = np.ones((9, 12))
    for n in range(9):
        before = prior if n in (0, 5) else moves @ forward[n - 1]
        forward[n] = likelihood[n] * before
        forward[n] /= forward[n].sum()
    for n in reversed(range(8)):
        if n + 1 != 5:
            backward[n] = moves.T @ (likelihood[n + 1] * backward[n + 1])
    for decoder, dense in (
        (MotionFilter(0.7, jump), forward),
        (MotionSmoother(0.7, jump), forward * backward),
    ):
        check(decode_counts(counts, maps, decoder, dt=0.5, starts=starts), dense, maps.bins)


def test_the_filter_is_causal_and_the_smoother_is_not(small):
    maps, counts, _ = small
    later = counts.copy()
    later[6:] += 4
    for decoder in ALL:
        before, after = (decode_counts(c, maps, decoder, dt=0.5).mean[:6] for c in (counts, later))
        assert np.array_equal(before, after) == decoder.is_causal


def test_a_cell_that_was_not_observed_changes_nothing(small):
    maps, counts, _ = small
    hidden = counts.copy()
    hidden[2, 1] = np.nan
    path = decode_counts(hidden, maps, Bayesian(), dt=0.5)
    rest = np.array([True, False, True])
    without = decode_counts(
        counts[:, rest], given_maps(maps.rate[rest], maps.bins), MaximumLikelihood(), dt=0.5
    )
    whole = decode_counts(counts, maps, Bayesian(), dt=0.5)
    np.testing.assert_allclose(np.delete(path.mean, 2, axis=0), np.delete(whole.mean, 2, axis=0))
    flat = decode_counts(hidden, given_maps(maps.rate, maps.bins), MaximumLikelihood(), dt=0.5)
    np.testing.assert_allclose(flat.mean[2], without.mean[2])


def test_relabelling_cells_changes_nothing(small, rng):
    maps, counts, _ = small
    order = np.array([2, 0, 1])
    a = decode_counts(counts, maps, Bayesian(), dt=0.5)
    b = decode_counts(counts[:, order], maps.reordered(order), Bayesian(), dt=0.5)
    np.testing.assert_allclose(a.mean, b.mean)


def test_more_cells_decode_better_and_a_hundred_reach_five_centimeters(rng):
    medians = []
    for n_cells in (10, 40, 100):
        maps, counts, path = session(n_cells, 1500, rng)
        decoded = decode_counts(counts, maps, MaximumLikelihood(), dt=0.1)
        medians.append(np.median(path_errors(decoded.position, path)))
    assert medians[0] > medians[1] > medians[2]
    assert medians[2] < 0.05  # m


def test_motion_helps_and_the_future_helps_more(rng):
    maps, counts, path = session(10, 1500, rng, bins=box(0.05), peak=8.0)
    step_sd = float(np.sqrt((np.diff(path, axis=0) ** 2).mean()))
    static, forward, both = (
        np.mean(path_errors(decode_counts(counts, maps, d, dt=0.1).position, path))
        for d in (Bayesian(), MotionFilter(step_sd), MotionSmoother(step_sd))
    )
    assert static > 1.5 * forward > 1.5 * both


def test_silent_steps_are_counted_and_answered(rng):
    maps, _ = fields(box(0.1), 5, rng)
    counts = np.zeros((4, 5))
    counts[1, 2] = 3
    path = decode_counts(counts, maps, MaximumLikelihood(), dt=0.1)
    np.testing.assert_array_equal(path.silent, [True, False, True, True])
    assert path.silent_fraction == 0.75
    quietest = maps.bins.center[maps.rate.sum(axis=0).argmin()]
    np.testing.assert_allclose(path.position[0], quietest)
    assert np.isfinite(path.position).all()


def test_without_a_spike_the_filter_stays_where_it_was():
    bins = SpatialBins((0.0,), 0.1, (10,))
    maps = given_maps(np.where(np.arange(10) == 3, 30.0, 1.0)[None], bins)
    counts = np.array([[9.0], [0.0], [0.0]])
    # Silence speaks against bin 3 and for its neighbors, not for the far end.
    path = decode_counts(counts, maps, MotionFilter(0.05, 0.0), dt=0.02)
    np.testing.assert_allclose(path.position[:, 0], 0.35, atol=0.11)


def test_an_impossible_leap_needs_a_jump():
    bins = SpatialBins((0.0,), 1.0, (200,))
    rate = np.full((2, 200), 1e-3)
    rate[0, 0] = rate[1, 199] = 1e4
    counts = np.array([[900.0, 0.0], [0.0, 900.0], [0.0, 900.0]])
    maps = given_maps(rate, bins)
    path = decode_counts(counts, maps, MotionFilter(0.5, 0.0), dt=0.1)
    assert np.isfinite(path.mean).all()
    assert np.isfinite(path.entropy).all()
    for decoder in (MotionFilter(0.5, 0.001), MotionSmoother(0.5, 0.001)):
        path = decode_counts(counts, maps, decoder, dt=0.1)
        np.testing.assert_allclose(path.position[:, 0], [0.5, 199.5, 199.5])
    with pytest.raises(SimulationError, match="Give `jump` a value above 0"):
        decode_counts(counts, maps, MotionSmoother(0.5, 0.0), dt=0.1)


def test_a_filter_with_a_wall_stays_on_its_side(rng):
    bins = box(0.05)
    wall = np.array([[[0.5, 0.0], [0.5, 1.0]]])
    left = bins.center[:, 0] < 0.5
    # One cell fires alike on either side of the wall; another told the side at first.
    side = np.where(left, 40.0, 0.01)
    both = 30 * np.exp(-((np.abs(bins.center[:, 0] - 0.5) - 0.05) ** 2) / 0.02) + 0.1
    maps = given_maps(np.stack([side, both]), bins)
    counts = np.zeros((60, 2))
    counts[0, 0] = 8
    counts[:, 1] = 3
    counts[1:, 0] = np.nan
    walled, open_box = (
        decode_counts(counts, maps, MotionFilter(0.05, 0.0, walls), dt=0.1).mean[-1, 0]
        for walls in (wall, None)
    )
    assert walled < 0.5
    assert abs(open_box - 0.5) < 0.02


def test_features_are_decoded_by_the_nearest_template(rng):
    bins = box(0.1)
    templates = rng.normal(size=(bins.n_bins, 6))
    place = rng.integers(bins.n_bins, size=30)
    features = templates[place] + 0.01 * rng.normal(size=(30, 6))
    path = decode_features(features, templates, bins, MaximumLikelihood(), noise_sd=0.01)
    np.testing.assert_allclose(path.position, bins.center[place])
    assert path.entropy.max() < 1e-6
    vague = decode_features(features, templates, bins, MaximumLikelihood(), noise_sd=1.0)
    np.testing.assert_allclose(vague.position, bins.center[place])
    assert vague.entropy.min() > 0.1
    inside = bins.center[:, 0] < 0.5
    part = decode_features(
        features, templates, bins, MaximumLikelihood(), noise_sd=0.01, inside=inside
    )
    assert part.position[:, 0].max() < 0.5


def test_regression_decodes_smooth_features_and_ridge_recovers_a_plane(rng):
    bins, path = box(0.05), walk(300, 0.1, rng)
    _, rate = fields(bins, 20, rng)
    known, new = rate(bins.center), rate(path)
    near = decode_regression(known, bins.center, new, nearest_neighbors())
    assert np.median(path_errors(near, path)) < 0.03
    turn = rng.normal(size=(2, 5))
    plane = decode_regression(bins.center @ turn, bins.center, path @ turn, ridge())
    np.testing.assert_allclose(plane, path, atol=0.01)
    new[4] = np.nan
    assert np.isnan(decode_regression(known, bins.center, new, ridge())[4]).all()


@pytest.mark.slow
def test_two_hundred_cells_on_forty_thousand_bins_fit_in_memory(rng):
    import tracemalloc

    bins = box(0.005)
    maps, rate = fields(bins, 200, rng)
    path = walk(1000, 0.1, rng)
    counts = rng.poisson(rate(path) * 0.1).astype(float)
    tracemalloc.start()
    for decoder in (MaximumLikelihood(), MotionSmoother(0.02)):
        decoded = decode_counts(counts, maps, decoder, dt=0.1)
        assert np.median(path_errors(decoded.position, path)) < 0.05
    assert tracemalloc.get_traced_memory()[1] < 1e9
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("call", "instruction"),
    [
        (lambda m, c: decode_counts(c[:, :2], m, Bayesian(), dt=1.0), "maps are .cell, bin."),
        (lambda m, c: decode_counts(c, m, Bayesian(), dt=-1.0), "width of a step"),
        (lambda m, c: decode_counts(-c, m, Bayesian(), dt=1.0), "decode_features"),
        (
            lambda m, c: decode_counts(c, m, MotionFilter(1.0), dt=1.0, starts=np.ones(2, bool)),
            "if no step is missing",
        ),
        (lambda m, c: MotionFilter(0.0), "steps of the training path"),
        (lambda m, c: MotionFilter(1.0, 1.0), "write 0.001"),
        (
            lambda m, c: decode_features(c, c, m.bins, Bayesian(), noise_sd=1.0),
            "at `bins.center`",
        ),
        (
            lambda m, c: decode_features(
                c, np.full((12, 3), np.nan), m.bins, Bayesian(), noise_sd=1.0
            ),
            "not observed",
        ),
        (
            lambda m, c: decode_features(c, np.ones((12, 3)), m.bins, Bayesian(), noise_sd=0.0),
            "give a small one",
        ),
        (lambda m, c: decode_regression(c, c[:, :2], c[:, :2], ridge()), "same cells"),
        (
            lambda m, c: decode_regression(c * np.nan, c[:, :2], c, ridge()),
            "Leave those samples out",
        ),
    ],
)
def test_wrong_input_is_told_what_to_do(small, call, instruction):
    maps, counts, _ = small
    with pytest.raises(InputError, match=instruction):
        call(maps, counts)
