"""Arms and claims on perturbation: cells, baselines, judges, the report."""

import json
from dataclasses import replace

import numpy as np
import pytest

import neuroloom as nl
from neuroloom.datasets import worm_responses
from neuroloom.errors import InputError
from neuroloom.studies.framework import Cell, Context, NotTestedError, Results, Row
from neuroloom.studies.functional_connectivity.config import PRESETS
from neuroloom.studies.functional_connectivity.estimators import DEFAULT
from neuroloom.studies.functional_connectivity.perturbation import atlas, claims, stimulation
from neuroloom.studies.functional_connectivity.perturbation.atlas import (
    APART,
    CEILING,
    FITTED,
    MEAN,
    MEASURED,
    MUTANT,
    NULL,
    RESPONDER,
    TOGETHER,
    TRIALS,
    WIRING,
    WITHIN,
)
from neuroloom.studies.functional_connectivity.perturbation.config import PerturbationConfig
from neuroloom.studies.functional_connectivity.study import STUDY
from neuroloom.studies.placement import Placed
from neuroloom.studies.responses.job import Companions
from responses import planted_responses, small_worm

FAST = PRESETS["fast"]


SMALL = PerturbationConfig(
    n_folds=3, n_fold_draws=1, n_null_draws=3, n_fitted_null_draws=0, n_resamples=20
)


@pytest.fixture(scope="module")
def compared():
    rng = np.random.default_rng(3)
    connectome = small_worm(rng)
    recording, mutant = (planted_responses(connectome, rng) for _ in range(2))
    placed = Placed(connectome, recording, ())
    entry = np.repeat(np.flatnonzero(recording.observed.ravel()), 4)
    single = recording.activity.ravel()[entry] + 0.1 * rng.normal(size=len(entry))
    return {
        together: atlas.compare(placed, mutant, single, entry, SMALL, together=together, seed=1)
        for together in (True, False)
    }


def value(measured, split, name, **at):
    (row,) = [
        row
        for row in measured.rows
        if (row.split, row.measure) == (split, name) and dict(row.at) == at
    ]
    return row.value


def test_every_arm_stands_beside_trial_counts_nulls_and_ceiling(compared):
    found = compared[True]
    for name in (FITTED, WIRING, NULL + WIRING, WITHIN + WIRING, TRIALS, RESPONDER, CEILING):
        assert 0 < value(found, name, "auroc", pairs="all pairs") <= 1
        assert 0 < value(found, name, "auprc", pairs="all pairs") <= 1
    strata = [value(found, CEILING, "auroc", pairs=pairs) for pairs in ("1-3 trials", "4-7 trials")]
    strata.append(value(found, CEILING, "auroc", pairs="8 or more trials"))
    assert value(found, CEILING, "auroc", pairs=MEAN) == pytest.approx(np.mean(strata))
    for name in (FITTED, WIRING):
        gain = [
            value(found, name, f"auroc_gain{end}", over=TRIALS, pairs=MEAN)
            for end in ("_low", "", "_high")
        ]
        assert gain == sorted(gain)
    assert value(found, WIRING, "auroc", pairs=MEAN) > value(found, TRIALS, "auroc", pairs=MEAN)
    assert value(found, WIRING, "auroc_gain", over=NULL + WIRING, pairs=MEAN) > 0
    assert found.arrays["predicted"].shape == found.arrays["measured"].shape
    own = found.arrays["stimulated"][:, None] == found.arrays["neuron"]
    assert np.isnan(found.arrays["predicted"][own]).all()
    assert np.isfinite(found.arrays["predicted"][~own]).all()
    leaky = compared[False]
    assert value(leaky, FITTED, "auroc", pairs=MEAN) > 0
    assert leaky.arrays == {}


def test_cells_hold_homologs_together_and_leak_once():
    several = replace(FAST, perturbation=replace(FAST.perturbation, n_fold_draws=3))
    cells = atlas.ARM.cells(several)
    assert [cell["homologs"] for cell in cells] == [TOGETHER, TOGETHER, TOGETHER, APART]
    assert min(cell["seed"] for cell in cells) == FAST.first_seed
    assert STUDY.cells(FAST, ["stimulation"])[0]["seed"] == FAST.first_seed
    none = replace(FAST, perturbation=replace(FAST.perturbation, n_fold_draws=0))
    assert list(atlas.ARM.cells(none)) == []


def test_fitted_connections_predict_stimulation_under_common_drive(tmp_path):
    settings = PerturbationConfig(
        systems=("S2 g 2",), n_neurons=50, n_steps=3_000, n_states=60, n_draws=20, n_fold_draws=0
    )
    config = replace(FAST, n_seeds=1, first_seed=0, perturbation=settings)
    (cell,) = STUDY.cells(config, ["stimulation"])
    found = stimulation.ARM.measure(cell, config, Context(tmp_path / "x", tmp_path))
    for horizon in (1, 4):
        own = value(found, DEFAULT, "pearson", horizon=horizon)
        assert own > 0.7
        assert own > value(found, "ridge VAR", "pearson", horizon=horizon) + 0.2
        assert own > value(found, "lag-1 correlation", "pearson", horizon=horizon) + 0.2
        assert own < value(found, stimulation.HALF, "pearson", horizon=horizon) <= 1
        assert value(found, DEFAULT, "interval_achieved", horizon=horizon) > 0.5


def atlas_rows(**change):
    """All is well but for `change`: {"split|measure|over or pairs": value}."""
    rows = []

    def add(split, measure, good, **at):
        key = f"{split}|{measure}|{at.get('over', at.get('pairs'))}"
        rows.append(Row(split, measure, change.get(key, good), "", at))

    for name in (FITTED, WIRING, TRIALS, RESPONDER, CEILING):
        for pairs in ("all pairs", MEAN):
            add(name, "auroc", 0.65, pairs=pairs)
    for name in (FITTED, WIRING, FITTED + MUTANT, WIRING + MUTANT, RESPONDER + MUTANT, MEASURED):
        for end, good in (("", 0.05), ("_low", 0.02), ("_high", 0.08)):
            add(name, f"auroc_gain{end}", good, over=TRIALS, pairs=MEAN)
        add(name, "auprc_gain", 0.02, over=TRIALS, pairs=MEAN)
        rows.append(
            Row(
                name,
                "auroc_gain",
                change.get("stratum", 0.01),
                "",
                {"over": TRIALS, "pairs": "1-3"},
            )
        )
    for end in ("", "_low", "_high"):
        add(FITTED, f"auroc_gain{end}", 0.02, over=RESPONDER, pairs=MEAN)
    for kind in (NULL, WITHIN):
        add(kind + WIRING, "auroc_high", 0.6, pairs=MEAN)
        for end, good in (("", 0.05), ("_low", 0.02), ("_high", 0.08)):
            add(WIRING, f"auroc_gain{end}", good, over=kind + WIRING, pairs=MEAN)
    cell = Cell.of("perturbation", homologs=TOGETHER, seed=100)
    leaky = [Row(row.split, row.measure, -1.0, "", row.at) for row in rows]
    return Results.of(
        {cell: rows, Cell.of("perturbation", homologs=APART, seed=100): leaky}, ("seed",)
    )


@pytest.mark.parametrize(
    ("judge", "change", "outcome"),
    [
        (claims.judge_atlas, {}, "pass"),
        (claims.judge_atlas, {f"{FITTED}|auroc_gain_low|{TRIALS}": -0.001}, "fail"),
        (claims.judge_atlas, {"stratum": -0.001}, "fail"),
        (claims.judge_wiring, {}, "pass"),
        (claims.judge_wiring, {f"{NULL}{WIRING}|auroc_high|{MEAN}": 0.66}, "fail"),
        (claims.judge_wiring, {f"{WIRING}|auroc_gain_low|{NULL}{WIRING}": -0.001}, "fail"),
        (claims.judge_transfer, {}, "pass"),
        (claims.judge_transfer, {f"{FITTED}{MUTANT}|auroc_gain_low|{TRIALS}": 0.0}, "fail"),
    ],
)
def test_judges_of_the_worm_hold_to_their_criteria(judge, change, outcome):
    verdict = judge(atlas_rows(**change), FAST)
    assert verdict.outcome == outcome
    assert verdict.value > 0  # not that of the leaky split


def simulated_rows(n_seeds=5, **change):
    cells = {}
    for system in FAST.perturbation.systems:
        for seed in range(n_seeds):
            good = {DEFAULT: 0.9, "ridge VAR": 0.8, "lasso VAR": 0.95, stimulation.HALF: 0.99}
            good |= dict.fromkeys(stimulation.CORRELATIONS, 0.3)
            cells[Cell.of("stimulation", system=system, seed=seed)] = [
                Row(
                    name,
                    "pearson",
                    change.get(name, x) if seed == 3 else x,
                    "",
                    {"horizon": FAST.perturbation.horizon},
                )
                for name, x in good.items()
            ]
    return Results.of(cells, ("seed",))


@pytest.mark.parametrize(
    ("change", "outcome"),
    [({}, "pass"), ({"ridge VAR": 0.91}, "fail"), ({"lag-1 correlation": 0.91}, "fail")],
)
def test_the_judge_of_simulations_asks_for_every_network(change, outcome):
    assert claims.judge_simulated(simulated_rows(**change), FAST).outcome == outcome
    with pytest.raises(NotTestedError, match="4 networks of S1, 5 asked"):
        claims.judge_simulated(simulated_rows(4), FAST)


def test_without_the_atlas_its_claims_are_not_tested(tmp_path, monkeypatch):
    monkeypatch.setattr(worm_responses, "find_atlas", lambda: None)
    config = replace(FAST, systems=(), perturbation=replace(FAST.perturbation, systems=()))
    run = nl.run(
        "functional-connectivity", config, arms=["perturbation"], out=tmp_path, progress=False
    )
    card = (run / "claims.json").read_text(encoding="utf-8")
    assert "no data" in card


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n_folds": 1}, "Leave it out"),
        ({"horizon": 0}, "Leave it out"),
        ({"systems": ("S5",)}, "no noise that could be replayed"),
    ],
)
def test_numbers_that_stimulate_nothing_are_refused(change, said):
    with pytest.raises(InputError, match=said):
        PerturbationConfig(**change)


@pytest.mark.slow
def test_the_worm_answers_as_the_page_says(tmp_path):
    """docs/perturbation.md: one draw of folds, homologs together, AUROC within 0.03."""
    pytest.importorskip("wormneuroatlas", reason="the extra `worm` is not installed")
    config = replace(FAST, perturbation=replace(FAST.perturbation, n_null_draws=0, n_resamples=20))
    cell, _ = atlas.ARM.cells(config)
    found = atlas.ARM.measure(cell, config, Context(tmp_path / "x", tmp_path))
    for name, expected in ((FITTED, 0.640), (WIRING, 0.649), (TRIALS, 0.584), (RESPONDER, 0.618)):
        assert value(found, name, "auroc", pairs=MEAN) == pytest.approx(expected, abs=0.03)


def test_a_run_draws_both_arms_beside_their_claims(tmp_path, monkeypatch, compared):
    """On the planted responses in place of the worm's, whose numbers are in the slow test."""
    connectome = small_worm(np.random.default_rng(3))
    recording = planted_responses(connectome, np.random.default_rng(3))
    monkeypatch.setattr(worm_responses, "find_atlas", lambda: tmp_path)  # it need not be there
    monkeypatch.setattr(atlas.datasets, "recording", lambda name: recording)
    monkeypatch.setattr(atlas, "place", lambda wiring, whole: Placed(connectome, recording, ()))
    companions = Companions({"unc-31": recording})
    monkeypatch.setattr(atlas, "find_companions", lambda placed, whole: companions)
    monkeypatch.setattr(atlas, "compare", lambda *_, together, seed: compared[together])
    small = {"n_neurons": 50, "n_steps": 1_500, "n_states": 20, "n_draws": 5}
    settings = replace(SMALL, systems=("S1",), **small)
    config = replace(FAST, n_seeds=1, first_seed=0, perturbation=settings)
    run = nl.run(
        "functional-connectivity",
        config,
        arms=["perturbation", "stimulation"],
        out=tmp_path,
        progress=False,
    )
    nl.write_report(run)
    drawn = {path.stem for path in (run / "figures").glob("*.svg")}
    assert drawn >= {
        "perturbation",
        "perturbation-leaky",
        "perturbation-strata",
        "perturbation-measured",
        "perturbation-predicted",
        "stimulation",
        "stimulation-pairs",
    }
    card = {one["id"]: one for one in json.loads((run / "claims.json").read_text())}
    for name in ("perturbation", "perturbation-wiring", "perturbation-transfer"):
        assert card[name]["verdict"] in ("pass", "fail")
    assert "1 networks of S1, 5 asked" in card["stimulation"]["reason"]
