"""Coupling against stimulation: planted networks, two neurons, strata, judges, both arms."""

import json
from dataclasses import replace

import numpy as np
import pytest

import neuroloom as nl
from neuroloom.analysis.perturbation import gain_within_strata, growth
from neuroloom.analysis.response_scores import STRATA, Pairs
from neuroloom.connectome import Connectome
from neuroloom.datasets import worm_responses
from neuroloom.errors import InputError
from neuroloom.recording import Recording
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
from neuroloom.studies.functional_connectivity.perturbation.linear_response import (
    ResponseCoupling,
    WiringGains,
    held,
    wiring_weight,
)
from neuroloom.studies.functional_connectivity.simulators.cell_types import (
    draw_network,
    simulate_cell_types,
)
from neuroloom.studies.functional_connectivity.simulators.config import CellTypesConfig, DriveConfig
from neuroloom.studies.functional_connectivity.study import STUDY
from neuroloom.studies.placement import Placed
from neuroloom.studies.responses.job import Companions
from responses import planted_responses, small_worm

FAST = PRESETS["fast"]
SMALL = PerturbationConfig(
    n_folds=3, n_fold_draws=1, n_null_draws=3, n_fitted_null_draws=0, n_resamples=20
)


def chain_and_gap():
    """a -> b by 4 contacts, b = c by 2 gap junctions."""
    return Connectome(
        np.array(["a", "b", "c"]),
        pre=np.array([0, 1]),
        post=np.array([1, 2]),
        kind=np.array([0, 1]),
        count=np.array([4, 2]),
        sign=np.array([0, 0]),
    )


def test_wiring_goes_from_pre_to_post_and_gap_junctions_both_ways():
    weight = wiring_weight(chain_and_gap(), 0.5, 0.5)
    np.testing.assert_allclose(weight, [[0, 0, 0], [1.0, 0, 0.5], [0, 0.5, 0]])
    assert growth(weight[None]) == pytest.approx(0.5)
    no_gap = wiring_weight(chain_and_gap(), 0.5, 0.0)
    np.testing.assert_allclose(no_gap, [[0, 0, 0], [8, 0, 0], [0, 0, 0]])  # no cycle: left as it is


def test_holding_a_neuron_is_the_solution_with_its_row_taken_out(rng):
    weight = 0.3 * rng.normal(size=(6, 6)) * ~np.eye(6, dtype=bool)
    found = held(weight)
    others = np.array([0, 1, 3, 4, 5])
    inner = np.eye(5) - weight[np.ix_(others, others)]
    np.testing.assert_allclose(found[others, 2], np.linalg.solve(inner, weight[others, 2]))
    np.testing.assert_allclose(np.diag(found), 1.0)


def linear_animal(rng, *, n=30, push=2.0, noise=0.02, hidden=0.1):
    """Steady responses of a linear network whose couplings are unlike its contacts."""
    there = rng.random((n, n)) < 0.12
    np.fill_diagonal(there, False)
    post, pre = np.nonzero(there)
    count = rng.integers(1, 6, len(pre))
    names = np.array([f"N{i:02d}" for i in range(n)])
    connectome = Connectome(
        names, pre, post, np.zeros(len(pre), int), count, np.zeros(len(pre), int)
    )
    weight = np.zeros((n, n))
    weight[post, pre] = count * rng.choice([0.0, 0.4, 2.0], len(pre))
    weight *= 0.6 / max(growth(weight[None]), 1e-9)
    response = push * held(weight).T + noise * rng.normal(size=(n, n))
    blank = np.eye(n, dtype=bool) | (rng.random((n, n)) < hidden)
    q = np.where(np.abs(response) > 0.1, 0.01, 0.5)
    counts = np.where(blank, 0, rng.integers(1, 12, (n, n)))
    recording = Recording(
        np.where(blank, np.nan, response)[:, None],
        names,
        kind="response",
        trials={"stimulated": names},
        n_observations=counts[:, None],
        annotations={"q": np.where(blank, np.nan, q)[:, None]},
        unit="dF/F",
    )
    return connectome, recording, weight, push * held(weight).T


def test_fitted_coupling_finds_what_the_contacts_do_not_say(rng):
    connectome, recording, weight, _ = linear_animal(rng)
    prior = WiringGains().fit(connectome, recording, rng=rng)
    found = ResponseCoupling().fit(connectome, recording, rng=rng)
    off = ~np.eye(len(weight), dtype=bool)
    before, after = (np.corrcoef(one.weight[off], weight[off])[0, 1] for one in (prior, found))
    assert after > 0.9
    assert after > before + 0.1
    backward = np.corrcoef(found.weight.T[off], weight[off])[0, 1]
    assert abs(backward) < 0.3


def test_responses_of_a_held_out_neuron_follow_from_the_others(rng):
    connectome, recording, _, truth = linear_animal(rng)
    out = np.arange(recording.n_trials) < 6
    blank = out[:, None, None]
    training = replace(
        recording,
        activity=np.where(blank, np.nan, recording.activity),
        annotations={"q": np.where(blank, np.nan, recording.annotations["q"])},
    )
    other = replace(training, activity=np.where(blank, np.nan, recording.activity[::-1, :, ::-1]))
    found = ResponseCoupling().fit(connectome, training, rng=rng)
    effect = found.predict(training).effect[:6, 0, :, 0]
    off = ~np.eye(len(truth), dtype=bool)[:6]
    right = np.corrcoef(effect[off], truth[:6][off])[0, 1]
    assert right > 0.5
    wrong = ResponseCoupling().fit(connectome, other, rng=rng).predict(training).effect
    assert right > np.corrcoef(wrong[:6, 0, :, 0][off], truth[:6][off])[0, 1] + 0.15


def test_trials_enter_a_chance_only_where_they_may(rng):
    connectome = small_worm(rng)
    recording = planted_responses(connectome, rng)
    more = replace(recording, n_observations=recording.n_observations * 4)
    blind = WiringGains().fit(connectome, recording, rng=rng)
    np.testing.assert_array_equal(
        blind.predict(recording).probability, blind.predict(more).probability
    )
    knows = WiringGains(trials_known=True).fit(connectome, recording, rng=rng)
    one, other = (knows.predict(target).probability for target in (recording, more))
    seen = recording.observed
    assert ((one != other) == seen).all()
    assert blind.predict(recording).calibrated is False


@pytest.mark.parametrize("method", [WiringGains(), ResponseCoupling()])
def test_a_neurons_answer_to_its_own_stimulation_changes_nothing(method, rng):
    connectome, recording, _, _ = linear_animal(rng)
    own = np.eye(recording.n_neurons, dtype=bool)[:, None]
    told = replace(
        recording,
        activity=np.where(own, 5.0, recording.activity),
        n_observations=np.where(own, 9, recording.n_observations),
        annotations={"q": np.where(own, 0.0, recording.annotations["q"])},
    )
    one, other = (method.fit(connectome, given, rng=rng) for given in (recording, told))
    np.testing.assert_array_equal(one.weight, other.weight)
    assert one.push == other.push


def strata_pairs(rng, n=3_000):
    """Detection grows with trials, and within like numbers with x."""
    trials = rng.integers(1, 13, n)
    x = rng.normal(size=n)
    detected = rng.random(n) < 1 / (1 + np.exp(3.0 - 0.3 * trials - x))
    group = rng.integers(0, 60, n).astype(str)
    where = np.ones((1, 1, n), bool)
    return Pairs(where, detected, x, trials, group), x


def test_a_gain_within_strata_is_not_that_of_trial_counts(rng):
    pairs, x = strata_pairs(rng)
    trials = pairs.n_trials.astype(float)
    gain = gain_within_strata(x, [trials], pairs, rng=rng, n_resamples=50)
    assert gain.low > 0
    assert set(gain.by_stratum) == set(STRATA)
    assert gain.value == pytest.approx(np.mean(list(gain.by_stratum.values())))
    stratum = 10.0 * (pairs.n_trials > 3) + 10.0 * (pairs.n_trials > 7)
    same = gain_within_strata(x + stratum, [x], pairs, rng=rng, n_resamples=50)
    assert same == (0.0, 0.0, 0.0, dict.fromkeys(STRATA, 0.0))
    noise = rng.normal(size=len(x))
    worse = gain_within_strata(noise, [x], pairs, rng=rng, n_resamples=50)
    assert worse.high < 0
    two = gain_within_strata(x, [noise, x], pairs, rng=np.random.default_rng(1), n_resamples=50)
    one = gain_within_strata(x, [noise], pairs, rng=np.random.default_rng(1), n_resamples=50)
    assert two.value == pytest.approx(one.value / 2)
    assert two.low == pytest.approx(one.low / 2)


def test_a_stratum_holds_its_first_and_its_last_number_of_trials(rng):
    pairs, x = strata_pairs(rng)
    for numbers in ([1, 4, 8], [3, 7, 12]):
        ends = replace(pairs, n_trials=rng.choice(numbers, len(x)))
        gain = gain_within_strata(x, [-x], ends, rng=rng, n_resamples=5)
        assert set(gain.by_stratum) == set(STRATA)


def test_strata_without_both_classes_are_left_out_and_none_is_refused(rng):
    pairs, x = strata_pairs(rng)
    few = replace(pairs, detected=pairs.detected & (pairs.n_trials < 8))
    assert list(gain_within_strata(x, [x], few, rng=rng, n_resamples=5).by_stratum) == [
        name for name in STRATA if "8" not in name
    ]
    with pytest.raises(InputError, match="Pool more recordings"):
        gain_within_strata(x, [x], replace(pairs, detected=pairs.detected & False), rng=rng)


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


def two_neurons(size):
    """a drives b; nothing else."""
    weight = np.zeros((2, 2))
    weight[1, 0] = size
    return weight, np.zeros(2)


@pytest.mark.parametrize("size", [0.8, -0.8])
def test_a_true_response_goes_from_pre_to_post_with_its_sign(size, rng):
    weight, bias = two_neurons(size)
    x = 1e-3 * rng.normal(size=(50, 2))
    found = stimulation.stimulated_responses(x, weight, bias, range(0, 40, 3), size=1e-3, horizon=2)
    assert found.shape == (2, 3, 2, 2)
    np.testing.assert_allclose(found[:, 0], np.tile(np.eye(2), (2, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(found[:, 1, 1, 0], size, atol=1e-3)
    assert (found[:, :, 0, 1] == 0).all()


def test_a_true_response_is_that_of_the_system_simulated_again(rng):
    config = CellTypesConfig(n_neurons=50, n_steps=40, drive=DriveConfig(strength=2.0))
    simulated = simulate_cell_types(config, rng=np.random.default_rng(5))
    weight, bias = draw_network(config, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(weight, simulated.weight)
    x = simulated.activity[0]
    added = x[1:] - np.tanh(x[:-1] @ weight.T + bias)
    moments = [3, 11, 20]
    half = stimulation.stimulated_responses(x, weight, bias, moments, size=2.0, horizon=3)
    found = half[0] * 2 / 3 + half[1] / 3
    expected = np.zeros((4, 50))
    for t in moments:
        y = x[t].copy()
        for step in range(4):
            if step:
                y = np.tanh(weight @ y + bias) + added[t + step - 1]
            y[7] += 2.0
            expected[step] += (y - x[t + step]) / 2.0 / len(moments)
    np.testing.assert_allclose(found[:, :, 7], expected, atol=1e-9)


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
