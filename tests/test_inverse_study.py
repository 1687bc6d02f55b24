"""The closed-form inverse on a small optic lobe: what claim 7 is judged by."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.inverse.config import INVERSE_PRESETS, InverseConfig
from neuroloom.studies.constrained_networks.inverse.measure import measure_inverse
from neuroloom.studies.constrained_networks.inverse.optic_lobe import draw_optic_lobe, record

SMALL = replace(InverseConfig(), extent=1, n_steps=1_000, n_held_out=100, n_neurons=25)


@pytest.fixture(scope="module")
def rows():
    """Both levels of noise, by (sigma, observed, wiring, method, split, measure)."""
    return {
        (sigma, row.observed, row.wiring, row.method, row.split, row.measure): row.value
        for sigma in SMALL.sigmas
        for row in measure_inverse(SMALL, sigma, 0)[0]
    }


def test_clean_derivatives_give_every_weight_at_large_noise(rows):
    for measure in ("r2_weight", "r2_tau", "r2_rest"):
        assert rows[0.5, "exact", "true", "clean derivative", "all", measure] > 0.9995


def test_at_small_noise_the_detector_names_every_autapse_that_never_rests(rows):
    at = (0.05, "exact", "true")
    named = rows[*at, "clean derivative", "all", "n_autapse_and_tau"]
    assert named == rows[*at, "count", "all", "n_autapse_never_below_0"] > 0
    assert rows[*at, "clean derivative", "all", "r2_weight"] < 0.9
    assert rows[*at, "clean derivative", "identified", "r2_weight"] > 0.9995


@pytest.mark.parametrize("sigma", SMALL.sigmas)
def test_what_is_offered_improves_the_rows_of_finite_differences(rows, sigma):
    for observed, remedy in (
        ("exact", "difference, prior"),
        ("noisy", "difference, corrected, prior"),
    ):
        plain = rows[sigma, observed, "true", "difference", "all", "r2_weight"]
        helped = rows[sigma, observed, "true", remedy, "all", "r2_weight"]
        assert helped > max(plain, 0.2)
    for measure in ("r2_tau", "r2_rest"):
        plain = rows[sigma, "noisy", "true", "difference", "all", measure]
        assert rows[sigma, "noisy", "true", remedy, "all", measure] > max(plain, 0.5)


def test_averaging_over_steps_and_lags_alone_make_them_worse_under_noise_in_the_state(rows):
    plain = rows[0.5, "exact", "true", "difference", "all", "r2_weight"]
    for worse in ("5 steps", "difference, lagged"):
        assert rows[0.5, "exact", "true", worse, "all", "r2_weight"] < plain


def test_a_rewired_wiring_explains_less(rows):
    for split, measure in (("all", "r2_weight"), ("held-out steps", "r2_derivative")):
        real = rows[0.5, "exact", "true", "clean derivative", split, measure]
        assert rows[0.5, "exact", "rewired 0", "clean derivative", split, measure] < real - 0.002


def test_the_derivative_is_that_of_the_simulated_steps(rng):
    lobe = draw_optic_lobe(SMALL, rng)
    run = record(lobe, SMALL, 1e-9, rng)
    step = np.diff(run.states, axis=0) / SMALL.dt
    np.testing.assert_allclose(step, run.dvdt, atol=1e-5)


def test_impossible_sizes_are_refused():
    with pytest.raises(InputError, match="shorter than tau"):
        InverseConfig(dt=0.05)
    with pytest.raises(InputError, match="Leave them out"):
        InverseConfig(n_steps=0)
    assert list(INVERSE_PRESETS) == ["fast", "decide", "paper"]
