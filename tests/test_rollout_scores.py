"""Scores of free-running rollouts: by horizon, and by spectrum."""

import numpy as np
import pytest

from neuroloom.analysis import forecasts as fc
from neuroloom.errors import InputError


def first_order(rng, n_trials, n_steps, *, decay, n_neurons=2):
    x = np.empty((n_trials, n_steps, n_neurons))
    state = rng.normal(size=(n_trials, n_neurons)) / np.sqrt(1 - decay**2)
    for t in range(n_steps):
        state = decay * state + rng.normal(size=state.shape)
        x[:, t] = state
    return x


def values(table, measure, arm):
    chosen = table[(table["measure"] == measure) & (table["arm"] == arm)]
    return chosen["value"].to_numpy()


def test_scores_by_horizon_of_the_best_forecast_of_an_autoregression(rng):
    decay, n_steps = 0.8, 5
    x = first_order(rng, 20_000, n_steps + 1, decay=decay)
    last, measured = x[:, 0], x[:, 1:]
    ahead = np.arange(1, n_steps + 1)
    best = last[:, None] * decay ** ahead[:, None]
    copied = np.repeat(last[:, None], n_steps, axis=1)
    table = fc.horizon_scores(
        {"best": best, "copy": copied}, measured, last, rng=rng, n_resamples=20
    )
    assert table["horizon"].unique().tolist() == ahead.tolist()
    variance = 1 / (1 - decay**2)
    np.testing.assert_allclose(values(table, "r", "best"), decay**ahead, atol=0.02)
    np.testing.assert_allclose(
        values(table, "mse", "best"), variance * (1 - decay ** (2 * ahead)), rtol=0.03
    )
    # Copying errs by 2 var (1 - decay^h).
    skill = 1 - (1 - decay ** (2 * ahead)) / (2 * (1 - decay**ahead))
    np.testing.assert_allclose(values(table, "skill", "best"), skill, atol=0.02)
    np.testing.assert_allclose(values(table, "skill", "copy"), 0, atol=1e-12)


def test_horizons_without_a_scored_origin_are_left_out(rng):
    measured = rng.normal(size=(30, 3, 2))
    predicted = rng.normal(size=(30, 3, 2))
    measured[:, 1] = np.nan
    table = fc.horizon_scores({"": predicted}, measured, measured[:, 0], rng=rng, n_resamples=5)
    assert table["horizon"].unique().tolist() == [1, 3]
    over_origins = fc.horizon_scores(
        {"": predicted},
        measured,
        predicted[:, 1],
        rng=rng,
        n_resamples=50,
        resampling=fc.OverBlocks(3),
    )
    assert (over_origins["low"] <= over_origins["high"]).all()


def test_the_spectrum_error_is_0_for_the_same_and_near_1_for_disjoint_rhythms(rng):
    time = np.arange(2048)
    slow, fast = (np.sin(2 * np.pi * f * time)[None, :, None] for f in (1 / 64, 1 / 4))
    assert fc.spectrum_error(slow, slow, window=256)[0] == pytest.approx(0, abs=1e-6)
    assert fc.spectrum_error(slow, fast, window=256)[0] > 0.99
    assert fc.spectrum_error(slow, 9 * slow + 5, window=256)[0] == pytest.approx(0, abs=1e-6)
    later = np.sin(2 * np.pi * time / 64 + 1)[None, :, None]
    assert fc.spectrum_error(slow, later, window=256)[0] < 0.05


def test_the_spectrum_error_of_two_autoregressions_is_that_of_their_spectra(rng):
    decays, window = (0.5, 0.9), 512
    frequency = np.arange(1, window // 2 + 1) / window
    spectra = [1 / np.abs(1 - d * np.exp(-2j * np.pi * frequency)) ** 2 for d in decays]
    p, q = (s / s.sum() for s in spectra)
    expected = np.sqrt(1 - np.sqrt(p * q).sum())
    x, y = (first_order(rng, 2, 60_000, decay=d, n_neurons=1) for d in decays)
    assert fc.spectrum_error(x, y, window=window)[0] == pytest.approx(expected, abs=0.01)
    assert fc.spectrum_error(x[:1], x[1:], window=window)[0] < 0.1


def test_a_rollout_that_came_to_rest_is_as_wrong_as_can_be(rng):
    x = rng.normal(size=(1, 500, 3))
    rest = x.copy()
    rest[:, :, 0] = 0.1 + 0.2
    both = x.copy()
    both[:, :, 0] = 7.0
    assert fc.spectrum_error(rest, x, window=64)[0] == 1
    assert fc.spectrum_error(rest, both, window=64)[0] == 0
    table = fc.spectrum_scores(rest, x, window=64, rng=rng).set_index("measure")
    assert table.loc["spectrum_error", "value"] == pytest.approx(1 / 3)
    assert table.loc["log10_variance_ratio", "value"] == pytest.approx(-2)
    wide = fc.spectrum_scores(10 * x, x, window=64, rng=rng).set_index("measure")
    assert wide.loc["log10_variance_ratio", ["value", "low", "high"]].tolist() == pytest.approx(
        [2, 2, 2]
    )


def test_wrong_rollouts_are_refused_with_what_to_do(rng):
    x = rng.normal(size=(4, 10, 2))
    with pytest.raises(InputError, match="Take the samples at the origins"):
        fc.horizon_scores({"": x}, x, x[:2, 0], rng=rng)
    with pytest.raises(InputError, match="Start at origins after the first lags"):
        fc.horizon_scores({"": np.full(x.shape, np.nan)}, x, x[:, 0], rng=rng)
    with pytest.raises(InputError, match="leave diverged rollouts out"):
        fc.spectrum_error(np.where(x > 1, np.inf, x), x, window=8)
    with pytest.raises(InputError, match="a shorter window"):
        fc.spectrum_error(x, x, window=11)
