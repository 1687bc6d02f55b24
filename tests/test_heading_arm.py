"""The whole arm on made flies, whose truth is known, and once on real ones."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from compass import CONFIG, bump, compass, recording, shaken, turns
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.heading.alignment import expected_correlation
from neuroloom.studies.constrained_networks.heading.arm import (
    ARM,
    BRIDGE,
    CLAIMS,
    COPY,
    CROSSED,
    MEASURED,
    WIRED,
    null_model,
)
from neuroloom.studies.constrained_networks.heading.baselines import fit_ridge, without_turning
from neuroloom.studies.constrained_networks.heading.config import (
    DEVELOPMENT_FLIES,
    FAST,
    HeadingConfig,
)
from neuroloom.studies.constrained_networks.heading.data import fly_data
from neuroloom.studies.constrained_networks.heading.fold import measure_fold
from neuroloom.studies.constrained_networks.heading.network import Compass, signed_weights
from neuroloom.studies.constrained_networks.heading.rois import roi_map
from neuroloom.studies.constrained_networks.heading.setup import Setup
from neuroloom.studies.framework import Cell, Context, NotTestedError, Results, Row

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (DATA / "fly_heading_turner_evans2017").is_dir(), reason="../shared/data is absent"
)
FLIES = (DEVELOPMENT_FLIES[1], *(f"PEN1-PB_2026010{i}_Fly1" for i in range(1, 5)))


def trial(wiring, rois, fly, condition, rng, *, reflected, noise=0.05):
    """A trial whose P-EN1 are what the wiring makes of its E-PG and turns."""
    heading = turns(rng, CONFIG.n_steps + 5, CONFIG.dt)
    epg = 3 * bump(rois.angle, heading) + 0.5 * shaken(rois, rng, len(heading))
    truth = eqx.tree_at(
        lambda c: c.push, Compass.from_connectome(wiring, CONFIG), jnp.asarray(-1.0)
    )
    turning = np.tanh(np.gradient(heading, CONFIG.dt))
    rates = truth.rates(jnp.asarray(rois.clamp(epg)[None]), jnp.asarray(turning[None]))
    pen1 = np.zeros_like(epg)
    pen1[:, rois.pen1_rois] = np.asarray(rois.observe_pen1()(rates))[0]
    epg, pen1 = (a + noise * rng.normal(size=a.shape) for a in (epg, pen1))
    way = -1 if reflected else 1
    return recording(fly, condition, epg[:, ::way], pen1[:, ::way], heading, CONFIG.dt)


def made_setup(rng, *, spoil=()):
    """Five flies of the bridge; P-EN1 of those in `spoil` are replaced by noise."""
    wiring = compass()
    rois = roi_map(wiring, "PB")
    expected = expected_correlation(signed_weights(wiring, CONFIG.abscissa), rois)
    flies = []
    for i, fly in enumerate(FLIES):
        trials = {
            condition: [
                trial(wiring, rois, fly, condition, rng, reflected=i % 2 == 1) for _ in range(3)
            ]
            for condition in ("1x", "Dark")
        }
        if fly in spoil:
            other = np.random.default_rng(9)
            for recorded in trials.values():
                for k, one in enumerate(recorded):
                    activity = one.activity.copy()
                    activity[..., 18:] = other.random(activity[..., 18:].shape)
                    recorded[k] = replace(one, activity=activity)
        flies.append(fly_data(trials, rois, expected, CONFIG))
    return Setup(wiring, rois, tuple(flies), CONFIG)


@pytest.fixture(scope="module")
def measured():
    setup = made_setup(np.random.default_rng(0))
    return setup, measure_fold(setup, 0)


def values(rows, measure, model, condition="all"):
    return [
        row.value
        for row in rows
        if (row.measure, row.at["model"], row.at["condition"]) == (measure, model, condition)
    ]


def test_every_made_fly_is_aligned_as_it_was_recorded(measured):
    setup, _ = measured
    assert [fly.alignment.reflected for fly in setup.flies] == [False, True, False, True, False]


def test_where_the_wiring_is_true_it_beats_its_rewired_nulls_in_every_fly(measured):
    _, found = measured
    for population in ("E-PG", "P-EN1"):
        ours, null = (
            np.array(values(found.rows, "correlation", name.replace("E-PG", population)))
            for name in (WIRED, null_model("rewire_within_type"))
        )
        assert (ours > null + 0.1).all()


def test_where_the_wiring_is_true_it_beats_the_copy_once_fitted_to_pen1(measured):
    _, found = measured
    fitted = np.array(values(found.rows, "correlation", WIRED.replace("E-PG", "P-EN1")))
    copy = np.array(values(found.rows, "correlation", COPY))
    assert (fitted > copy).all()
    assert (fitted > 0.8).all()


def test_fitted_to_epg_the_true_wiring_has_the_sign_of_turns_and_the_crossed_one_has_not(measured):
    _, found = measured
    truth, ours, other = (
        np.array(values(found.rows, "turn response", name)) for name in (MEASURED, WIRED, CROSSED)
    )
    assert (truth < 0).all()
    assert (ours < 0).all()
    assert (other > 0).all()


def test_the_own_mean_scores_nothing_and_pen1_a_step_before_nearly_all(measured):
    _, found = measured
    assert values(found.rows, "r2", "own mean of the fly") == pytest.approx([0, 0], abs=1e-9)
    assert values(found.rows, "correlation", "own mean of the fly") == [0, 0]
    assert min(values(found.rows, "correlation", "P-EN1 one step before")) > 0.5


def test_conditions_are_scored_apart_and_all_models_in_the_same_flies(measured):
    _, found = measured
    conditions = {row.at["condition"] for row in found.rows}
    assert conditions == {"all", "closed loop", "Dark", "1x"}
    flies = {}
    for row in found.rows:
        if row.measure == "correlation":
            flies.setdefault(row.at["model"], set()).add(row.at["fly"])
    assert len({frozenset(names) for names in flies.values()}) == 1
    assert WIRED in flies
    assert BRIDGE in flies
    assert found.arrays["pen1_predicted"].shape == (CONFIG.n_steps, 16)


def test_each_fly_but_those_of_development_is_held_out_once(measured):
    setup, _ = measured
    held = [fly.fly for fold in range(CONFIG.n_folds) for fly in setup.split(fold)[1]]
    assert sorted(held) == sorted(set(FLIES) - set(DEVELOPMENT_FLIES))
    for fold in range(CONFIG.n_folds):
        training, held_out = setup.split(fold)
        assert not {f.fly for f in training} & {f.fly for f in held_out}


def test_pen1_of_held_out_flies_change_no_prediction_and_no_alignment(measured):
    setup, found = measured
    held = tuple(fly.fly for fly in setup.split(0)[1])
    spoiled = made_setup(np.random.default_rng(0), spoil=held)
    for one, other in zip(setup.flies, spoiled.flies, strict=True):
        np.testing.assert_array_equal(one.alignment.order, other.alignment.order)
    again = measure_fold(spoiled, 0)
    np.testing.assert_array_equal(again.arrays["pen1_predicted"], found.arrays["pen1_predicted"])
    assert not np.allclose(again.arrays["pen1_measured"], found.arrays["pen1_measured"])


def test_a_ridge_recovers_a_linear_map_in_a_new_fly(rng):
    setup = made_setup(rng)
    mixing = rng.normal(size=(18, 18))
    flies = [
        fly._replace(pen1=(fly.epg - fly.epg.mean(axis=(0, 1))) @ mixing) for fly in setup.flies
    ]
    predict = fit_ridge(flies[1:], without_turning, setup.rois, replace(CONFIG, ridge=1e-6))
    np.testing.assert_allclose(
        predict(flies[0]), flies[0].pen1[..., setup.rois.pen1_rois], atol=1e-3
    )


def test_folds_that_leave_nobody_are_refused(measured):
    setup, _ = measured
    lonely = Setup(setup.connectome, setup.rois, setup.flies[1:], replace(CONFIG, n_folds=1))
    with pytest.raises(InputError, match="Choose another `n_folds`"):
        lonely.split(0)


def test_a_null_wiring_of_unknown_name_is_refused(measured):
    setup, _ = measured
    odd = Setup(setup.connectome, setup.rois, setup.flies, replace(CONFIG, nulls=("rewir",)))
    with pytest.raises(InputError, match="rewire"):
        measure_fold(odd, 0)


def test_a_trial_that_is_too_short_is_refused(rng):
    wiring = compass()
    rois = roi_map(wiring, "PB")
    expected = expected_correlation(signed_weights(wiring, 0.9), rois)
    trials = {"1x": [trial(wiring, rois, "a", "1x", rng, reflected=False) for _ in range(3)]}
    with pytest.raises(InputError, match="Lower `n_steps`"):
        fly_data(trials, rois, expected, replace(CONFIG, n_steps=500))
    with pytest.raises(InputError, match="Lower `n_alignment_trials`"):
        fly_data(trials, rois, expected, replace(CONFIG, n_alignment_trials=3))


def results(gain, agree, *, n_flies=8):
    """Rows of both regions in which the wiring gains so much and has so many signs right."""
    rows = {}
    for region in ("EB", "PB"):
        found = []
        for k in range(n_flies):

            def row(model, measure, value, fly=k):
                at = {"model": model, "fly": f"fly {fly}", "condition": "all", "draw": 0}
                return Row("held-out flies", measure, value, at=at)

            names = [COPY, *(null_model(n) for n in HeadingConfig().nulls)]
            found += [row(name, "correlation", 0.5 + 0.01 * k) for name in names]
            found += [row(m, "correlation", 0.5 + 0.01 * k + gain[region]) for m in (WIRED, BRIDGE)]
            found.append(row(MEASURED, "turn response", 1.0))
            found.append(row(CROSSED, "turn response", -1.0))
            right = 1.0 if k < agree else -1.0
            found += [row(m, "turn response", right) for m in (WIRED, BRIDGE)]
        rows[Cell.of("fly-heading", region=region, fold=0)] = found
    return Results.of(rows, ("fly",))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_claim_passes_in_both_regions_or_not_at_all(claim):
    config = SimpleNamespace(heading=HeadingConfig())
    good = results({"EB": 0.1, "PB": 0.1}, agree=8)
    half = results({"EB": 0.1, "PB": -0.1}, agree=5)
    assert claim.judge(good, config).outcome == "pass"
    assert claim.judge(half, config).outcome == "fail"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_claim_without_rows_is_not_tested(claim):
    with pytest.raises(NotTestedError):
        claim.judge(Results.of({}, ("fly",)), SimpleNamespace(heading=HeadingConfig()))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
@pytest.mark.parametrize(
    "less", [FAST, HeadingConfig(nulls=("shuffle_weights",)), HeadingConfig(n_fit_steps=79)]
)
def test_a_smaller_fit_or_a_missing_kind_of_null_decides_nothing(claim, less):
    good = results({"EB": 0.1, "PB": 0.1}, agree=8)
    with pytest.raises(NotTestedError, match="at this size"):
        claim.judge(good, SimpleNamespace(heading=less))


def test_without_data_the_setup_says_which_files_to_put_where(tmp_path):
    assert set(ARM.needs) == {"fly-cx-fafb", "fly-heading"}
    with pytest.raises(InputError, match="fly_cx_fafb_turner_evans2020"):
        Setup.read("EB", CONFIG, data=tmp_path)


@pytest.mark.slow
@needs_data
def test_real_flies_run_through_one_fold(tmp_path):
    small = replace(
        CONFIG, dt=0.16, n_steps=100, n_folds=2, n_fit_steps=3, n_alignment_trials=1, nulls=()
    )
    config = SimpleNamespace(heading=small)
    cell = ARM.cells(config)[2]
    assert cell["region"] == "PB"
    found = ARM.measure(cell, config, Context(tmp_path / "checkpoint", tmp_path, DATA))
    assert len(values(found.rows, "correlation", WIRED)) == 3
    assert all("shifted by 0" in note for note in found.notes[:3])
