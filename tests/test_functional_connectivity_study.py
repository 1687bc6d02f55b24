"""The study of functional connectivity: one small cell, and every judge on made-up rows."""

from dataclasses import replace

import numpy as np
import pytest

import neuroloom as nl
from neuroloom.errors import InputError
from neuroloom.studies.deconvolved import DECONVOLVED
from neuroloom.studies.framework import Cell, Context, NotTestedError, Results, Row
from neuroloom.studies.functional_connectivity import claims
from neuroloom.studies.functional_connectivity.config import (
    PRESETS,
    DeepConfig,
    FunctionalConnectivityConfig,
    family_of,
    shortened,
)
from neuroloom.studies.functional_connectivity.deep import DEEP
from neuroloom.studies.functional_connectivity.estimators import (
    DEFAULT,
    GAUSSIAN,
    GLMS,
    ORACLE,
    SHIFTED,
    TYPED,
    UNCOUPLED,
    answers,
    lagged_correlation,
)
from neuroloom.studies.functional_connectivity.simulators.config import (
    SUITE,
    CalciumConfig,
    CellTypesConfig,
)
from neuroloom.studies.functional_connectivity.simulators.observation import simulate_calcium
from neuroloom.studies.functional_connectivity.spikes import CO_SMOOTHING, co_smoothing_rows
from neuroloom.studies.functional_connectivity.study import STUDY

FAST = PRESETS["fast"]
NONE = replace(FAST.perturbation, n_fold_draws=0, systems=())  # test_functional_perturbation.py
ONE = replace(FAST, n_seeds=1, first_seed=0, perturbation=NONE)
TINY = replace(ONE, systems=("S2 g 2",), longest=1_600, n_shifted=2)
SEEDS = range(FAST.first_seed, FAST.first_seed + FAST.n_seeds)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cell")
    config = replace(TINY, shift=10_000)  # more than a trial: a fifth of one
    (cell,) = STUDY.cells(config)
    return STUDY.arm(cell.arm).measure(cell, config, Context(folder / "x", folder))


def value(measured, split, name):
    (row,) = [row for row in measured.rows if (row.split, row.measure) == (split, name)]
    return row.value


def test_a_cell_scores_every_estimator_and_forecast(measured):
    splits = {row.split for row in measured.rows}
    assert {DEFAULT, TYPED, ORACLE, UNCOUPLED, *claims.ESTIMATORS, *claims.FORECASTERS} <= splits
    assert value(measured, DEFAULT, "auprc") > value(measured, "ridge VAR", "auprc") + 0.05
    assert value(measured, DEFAULT, "mse") < value(measured, "mean", "mse")
    assert value(measured, "mean", "r") == 0
    assert value(measured, f"gain over {UNCOUPLED}", "r") > 0
    assert value(measured, f"gain over {SHIFTED}", "mse") < 0
    assert value(measured, "truth", "prevalence") == pytest.approx(0.133, abs=0.02)
    assert not any(
        row.split == "sparse + factors" and row.measure == "mse" for row in measured.rows
    )
    pairs = [row.value for row in measured.rows if row.measure == "decile_pairs"]
    assert sum(pairs) == 200 * 199
    assert measured.arrays["probability"].shape == (200, 200)


def test_a_cell_gives_the_same_numbers_again(tmp_path):
    config = replace(TINY, systems=("S6 exponential",), n_shifted=0)
    (cell,) = STUDY.cells(config)
    one, other = (
        STUDY.arm(cell.arm).measure(cell, config, Context(tmp_path / "x", tmp_path)).rows
        for _ in range(2)
    )
    for first, second in zip(one, other, strict=True):
        assert first.measure == "seconds" or repr(first) == repr(second)
    assert not any(row.split.startswith("gain over others") for row in one)
    found = {(row.split, row.measure): row.value for row in one}
    for name in (DEFAULT, GAUSSIAN, *GLMS):
        assert {"auprc", "mse", "bits_per_spike", "forward_bits_per_spike"} <= {
            measure for split, measure in found if split == name
        }
    for name in CO_SMOOTHING:
        assert np.isfinite(found[f"co-smoothing: {name}", "co_bits_per_spike"])
        assert np.isfinite(found[f"co-smoothing: {name}", "few_shot_co_bits_per_spike"])
    assert found["mean", "bits_per_spike"] <= 0


def test_held_out_neurons_are_read_from_those_that_drive_them():
    rng = np.random.default_rng(0)
    x = rng.poisson(0.3, size=(1, 5_000, 10)).astype(float)
    x[:, 1:, 5:] = rng.poisson(0.1 + 0.8 * x[:, :-1, :5])
    rows = co_smoothing_rows(x[:, :4_000], x[:, 4_000:], np.random.default_rng(1))
    found = {(row.split, row.measure): row.value for row in rows}
    best, few = (
        found["co-smoothing: past spikes", name]
        for name in ("co_bits_per_spike", "few_shot_co_bits_per_spike")
    )
    assert best > 0.1
    assert few < best
    now = rng.poisson(0.3, size=(1, 5_000, 10)).astype(float)
    now[:, :, 5:] = rng.poisson(0.1 + 0.8 * now[:, :, :5])  # alike at one moment, not by the past
    for row in co_smoothing_rows(now[:, :4_000], now[:, 4_000:], np.random.default_rng(1)):
        assert row.value < 0.02


def test_calcium_is_deconvolved_beside_and_changes_no_other_estimator():
    small = CalciumConfig(system=CellTypesConfig(n_neurons=20, n_steps=900))
    system = simulate_calcium(small, rng=np.random.default_rng(0))
    rates = replace(system, kind="rate")
    with_it, without = (
        {
            answer.name: answer
            for answer in answers(
                one, one.activity, None, n_bootstraps=0, rng=np.random.default_rng(1)
            )
        }
        for one in (system, rates)
    )
    more = {DECONVOLVED, "least-squares VAR, deconvolved", "sparse + factors, deconvolved"}
    assert set(with_it) - set(without) == more
    for name, answer in without.items():
        if answer.connectivity is not None:
            np.testing.assert_array_equal(answer.connectivity, with_it[name].connectivity)
    found = with_it[DECONVOLVED].forecast
    assert found.decay.coefficient[0] == pytest.approx(0.9, abs=0.05)
    error = system.activity - found.predict(system.activity)
    alone = system.activity - without[UNCOUPLED].forecast.predict(system.activity)
    assert np.nanmean(error**2) < 1.1 * np.nanmean(alone**2)


def test_lagged_correlation_goes_from_pre_to_post():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 500, 2))
    x[:, 1:, 1] = x[:, :-1, 0]
    assert lagged_correlation(x, 1)[1, 0] == pytest.approx(1.0)
    assert abs(lagged_correlation(x, 1)[0, 1]) < 0.2
    flat = x[0]
    expected = np.corrcoef(flat.T)
    np.testing.assert_allclose(lagged_correlation(x[:1], 0), expected, atol=1e-12)


def test_fresh_seeds_are_scored():
    for config in PRESETS.values():
        cells = STUDY.cells(replace(config, perturbation=NONE))
        assert min(cell["seed"] for cell in cells) >= 100
        assert {cell["system"] for cell in cells} == set(config.systems)
        assert all(cell.arm in (family_of(cell["system"]), DEEP) for cell in cells)


def test_shorter_systems_keep_all_else():
    assert shortened(SUITE["S3 50 %"], 99).system.n_steps == 99
    assert shortened(SUITE["S3 50 %"], 99).fraction == 0.5
    assert shortened(SUITE["S8"], 99) == SUITE["S8"]
    assert shortened(SUITE["S1"], None) is SUITE["S1"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"systems": ("S9",)}, "must be one of the"),
        ({"n_seeds": 0}, "Leave them out for the defaults"),
        ({"test_fraction": 1.0}, "between 0 and 1"),
    ],
)
def test_numbers_that_make_no_study_are_refused(change, said):
    with pytest.raises(InputError, match=said):
        FunctionalConnectivityConfig(**change)


def judged(judge, config=FAST, **change):
    """Verdict on rows in which all is well but for `change`: {(system, split, measure): value}."""
    good = {
        (DEFAULT, "auprc"): 0.85,
        (DEFAULT, "mse"): 1.0,
        (DEFAULT, "r"): 0.7,
        (DEFAULT, "factors"): 0.0,
        (DEFAULT, "lags"): 1.0,
        (TYPED, "auprc"): 0.86,
        (ORACLE, "auprc"): 0.8,
        (f"gain over {UNCOUPLED}", "r"): 0.1,
        (f"gain over {SHIFTED}", "r"): 0.1,
        **{(name, "auprc"): 0.5 for name in claims.ESTIMATORS},
        **{(name, "auprc"): 0.5 for names in claims.OF_FAMILY.values() for name in names},
        **{(name, "mse"): 1.1 for name in claims.FORECASTERS},
        ("ridge VAR", "r"): 0.7,
        **{(name, "auprc"): 0.5 for name in (GAUSSIAN, *GLMS)},
        **{(name, "mse"): 1.1 for name in (GAUSSIAN, *GLMS)},
        **{
            (name, measure): 0.05 if name == DEFAULT else 0.04
            for name in (DEFAULT, GAUSSIAN, *GLMS, *claims.FORECASTERS)
            for measure in ("bits_per_spike", "forward_bits_per_spike")
        },
    }
    rows = {}
    for system in config.systems:
        for seed in SEEDS:
            cell = Cell.of(family_of(system), system=system, seed=seed)
            own = [
                Row(
                    split,
                    name,
                    change.get(f"{split}|{name}", x) + 1e-4 * (seed - FAST.first_seed - 2),
                )
                if name != "factors"
                else Row(split, name, change.get(f"{split}|{name}", x))
                for (split, name), x in good.items()
            ]
            for decile in range(10):
                middle = (decile + 0.5) / 10
                off = change.get("decile", 0.0)
                for name, x in (
                    ("pairs", 100),
                    ("expected", 100 * middle),
                    ("observed", 100 * (middle - off)),
                ):
                    own.append(Row(DEFAULT, f"decile_{name}", x, "pairs", {"decile": decile}))
            rows[cell] = own
    return judge(Results.of(rows, ("seed",)), config)


@pytest.mark.parametrize(
    ("judge", "change", "outcome"),
    [
        (claims.judge_no_drive, {}, "pass"),
        (claims.judge_no_drive, {f"{DEFAULT}|factors": 1.0}, "fail"),
        (claims.judge_no_drive, {f"{DEFAULT}|auprc": 0.79}, "fail"),
        (claims.judge_no_drive, {"lasso VAR|auprc": 0.86}, "fail"),
        (claims.judge_drive, {}, "pass"),
        (claims.judge_drive, {f"{ORACLE}|auprc": 0.871}, "fail"),
        (claims.judge_drive, {f"{ORACLE}|auprc": 0.869}, "pass"),
        (claims.judge_drive, {"least-squares VAR|auprc": 0.76}, "fail"),
        (claims.judge_partly_seen, {}, "pass"),
        (claims.judge_partly_seen, {f"{DEFAULT}|auprc": 0.64}, "fail"),
        (claims.judge_calcium, {}, "pass"),
        (claims.judge_calcium, {"least-squares VAR|auprc": 0.86}, "fail"),
        (claims.judge_calcium, {f"{DEFAULT}|auprc": 0.7}, "fail"),
        (claims.judge_forecasts, {}, "pass"),
        (claims.judge_forecasts, {"NLinear|mse": 0.99}, "fail"),
        (claims.judge_connectivity, {}, "pass"),
        (claims.judge_connectivity, {"lag-1 correlation|auprc": 0.86}, "fail"),
        (claims.judge_connectivity, {"sparse + factors, deconvolved|auprc": 0.86}, "fail"),
        (claims.judge_calibration, {}, "pass"),
        (claims.judge_calibration, {"decile": 0.06}, "fail"),
        (claims.judge_calibration, {"decile": 0.04}, "pass"),
        (claims.judge_selection, {}, "pass"),
        (claims.judge_selection, {"ridge VAR|r": 0.68}, "fail"),
        (claims.judge_selection, {"ridge VAR|auprc": 0.7}, "fail"),
        (claims.judge_forecasts, {"Poisson GLM, lasso|mse": 0.99}, "fail"),
        (claims.judge_connectivity, {"Poisson GLM, ridge|auprc": 0.86}, "fail"),
        (claims.judge_spikes, {}, "pass"),
        (claims.judge_spikes, {f"{GAUSSIAN}|auprc": 0.851}, "fail"),
        (claims.judge_spikes, {"Poisson GLM, lasso|bits_per_spike": 0.051}, "fail"),
        (claims.judge_spikes, {"mean|forward_bits_per_spike": 0.051}, "fail"),
        (claims.judge_gain, {}, "pass"),
        (claims.judge_gain, {f"gain over {UNCOUPLED}|r": 0.0}, "fail"),
        (claims.judge_gain, {f"gain over {SHIFTED}|r": 0.0}, "fail"),
    ],
)
def test_judges_hold_to_their_criteria(judge, change, outcome):
    assert judged(judge, **change).outcome == outcome


def test_claims_are_not_tested_on_few_networks_or_other_systems():
    small = replace(FAST, systems=("S1",))
    with pytest.raises(NotTestedError, match=r"S2 g 0\.7 is not drawn"):
        judged(claims.judge_drive, small)
    results = Results.of(
        {Cell.of("no-drive", system="S1", seed=100): [Row(DEFAULT, "auprc", 0.9)]}, ("seed",)
    )
    with pytest.raises(NotTestedError, match="1 networks of S1, 5 asked"):
        claims.judge_no_drive(results, FAST)


def test_a_run_leaves_a_report_with_its_figures(tmp_path):
    config = replace(
        ONE,
        systems=("S1", "S6 exponential"),
        longest=900,
        n_shifted=0,
        deep=DeepConfig(n_steps=50),
    )
    run = nl.run("functional-connectivity", config, out=tmp_path, progress=False)
    page = nl.write_report(run).read_text(encoding="utf-8")
    for title in (
        "Who finds the connections",
        "Who forecasts",
        "A trained network beside regressions",
        "Probabilities are what they say",
        "How many factors drive all at once",
        "Who forecasts spikes",
        "Neurons held out",
    ):
        assert title in page
    drawn = {path.stem for path in (run / "figures").glob("*.svg")}
    assert {
        "connections-1",
        "deep",
        "forecasts-1",
        "spikes-1",
        "co-smoothing-1",
        "few-shot-1",
        "calibration",
        "factors",
    } <= drawn
    assert "not tested" in page
