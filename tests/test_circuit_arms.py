"""Arms on circuits and plasticity: tiny runs, and judges on planted rows."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks.circuits import CircuitKind, respond
from neuroloom.studies.framework import Cell, NotTestedError, Results, Row
from neuroloom.studies.framework.cells import Context
from neuroloom.studies.functional_connectome.circuits import arms as circuits
from neuroloom.studies.functional_connectome.circuits import claims as of_circuits
from neuroloom.studies.functional_connectome.circuits.config import FAST, CircuitsConfig
from neuroloom.studies.functional_connectome.circuits.drawn import PUBLISHED, SCALED, shown
from neuroloom.studies.functional_connectome.plasticity import arms as plasticity
from neuroloom.studies.functional_connectome.plasticity import claims as of_plasticity
from neuroloom.studies.functional_connectome.plasticity.config import FAST as PLASTIC
from neuroloom.studies.functional_connectome.plasticity.config import PlasticityConfig

TINY = replace(
    FAST,
    n_units=6,
    n_bins=4,
    n_training=8,
    n_test=5,
    width=4,
    depth=1,
    n_steps=2,
    n_wired=1,
    n_wired_steps=2,
    batch=4,
    amounts=(1, 5),
    n_amount_steps=2,
    n_amount_bins=4,
)


TINY_CHANGE = replace(
    PLASTIC, drawn=TINY, log_sigmas=(-7.0, 4.0), epochs=(0, 1), n_retraining=8, n_worlds=2
)

TINY_WORLD = replace(TINY_CHANGE, n_place=4, n_boundary=20, n_times=2, walked=2_000)


@dataclass(frozen=True)
class Numbers:
    circuits: CircuitsConfig = TINY
    plasticity: PlasticityConfig = TINY_CHANGE
    first_seed: int = 0
    n_seeds: int = 10


@pytest.fixture
def context(tmp_path):
    return Context(tmp_path / "checkpoint", tmp_path / "cache")


def test_few_trials_are_a_part_of_the_many_and_all_students_are_scored(context):
    config = Numbers()
    cells = circuits.amount_cells(config)
    assert [cell["seed"] for cell in cells] == list(range(10))
    rows = circuits.measure_amounts(cells[0], config, context).rows
    results = Results.of({cells[0]: rows}, ("seed",))
    for name in (circuits.MEAN, circuits.LINEAR, circuits.MLP, circuits.ONE_LAYER):
        curve = results.along("n_trials", circuits.EFFICIENCY, name, "mse")
        assert list(curve) == [1, 5]
    mean = results.values(circuits.EFFICIENCY, circuits.MEAN, "fve", n_trials=5)
    np.testing.assert_allclose(mean, 0, atol=1e-6)


def test_trials_of_a_seed_are_the_same_again_and_test_trials_are_others():
    one, again = (shown(CircuitKind.COMPLEX, SCALED, 3, TINY) for _ in range(2))
    np.testing.assert_array_equal(one.training[1], again.training[1])
    assert not (one.training[0][:5] == one.test[0]).all()
    np.testing.assert_allclose(
        respond(one.circuit, jnp.asarray(one.test[0])), one.test[1], rtol=1e-5
    )
    alone = np.asarray(respond(one.circuit, jnp.asarray(one.test[0][:1])))
    np.testing.assert_allclose(alone, one.test[1][:1], rtol=1e-4, atol=1e-5)
    published = shown(CircuitKind.FEEDBACK, PUBLISHED, 3, TINY).circuit
    assert published.feedback.couples_trials


def planted(arm, values, n=10, **at):
    """Rows of one arm: {(split, measure): one number or one for each of `n` seeds}."""
    rows = []
    for (split, measure), found in values.items():
        spread = np.broadcast_to(found, n) + 1e-3 * np.arange(n) * (measure != "uses_past")
        rows += [
            Row(split, measure, v, "", at | {"seed": i}) for i, v in enumerate(spread.tolist())
        ]
    return rows


def of_kinds(values, kinds=None, forms=(SCALED, PUBLISHED), n=10):
    kinds = [kind.value for kind in CircuitKind] if kinds is None else kinds
    return Results.of(
        {
            Cell.of(circuits.CIRCUITS, kind=kind, form=form): planted(
                circuits.CIRCUITS, values(kind, form), n
            )
            for kind in kinds
            for form in forms
        },
        ("seed",),
    )


@pytest.mark.parametrize(("worst", "outcome"), [(0.6, "pass"), (0.5, "fail"), (0.4, "fail")])
def test_students_approximate_only_if_they_beat_the_line_in_every_circuit(worst, outcome):
    def values(kind, form):
        bad = (kind, form) == (CircuitKind.SKIP.value, PUBLISHED)
        return {
            (circuits.MLP, "fve"): worst if bad else 0.8,
            (circuits.LINEAR, "fve"): 0.5,
            (circuits.MEAN, "fve"): 0.0,
            (circuits.MLP, "dead_outputs"): 0,
        }

    verdict = of_circuits.judge_approximate(of_kinds(values), Numbers())
    assert verdict.outcome == outcome
    with pytest.raises(NotTestedError, match="10 are needed"):
        of_circuits.judge_approximate(of_kinds(values, n=9), Numbers())


@pytest.mark.parametrize(
    ("gru", "past", "outcome"), [(0.7, 1, "pass"), (0.7, 0, "fail"), (0.5, 1, "fail")]
)
def test_recurrence_needs_a_gain_and_a_use_of_the_past(gru, past, outcome):
    def values(kind, form):
        return {
            (circuits.GRU, "fve"): gru if form == SCALED else 0.0,
            (circuits.MLP, "fve"): 0.4,
            (circuits.ONE_LAYER, "fve"): 0.6,
            (circuits.GRU, "uses_past"): past,
            (circuits.MLP, "uses_past"): 0,
            (circuits.ONE_LAYER, "uses_past"): 0,
        }

    results = of_kinds(values, kinds=of_circuits.LOOPS)
    verdict = of_circuits.judge_recurrence(results, Numbers())
    assert verdict.outcome == outcome
    assert verdict.value == pytest.approx(gru - 0.6, abs=1e-6)


@pytest.mark.parametrize(("at_5", "outcome"), [(0.79, "pass"), (0.2, "fail")])
def test_data_efficiency_is_the_amount_for_nine_tenths(at_5, outcome):
    amounts = (5, 400, 6400)
    config = Numbers(circuits=replace(TINY, amounts=amounts))
    rows = {}
    for seed in range(10):
        found = []
        for name in (circuits.MLP, circuits.ONE_LAYER, circuits.LINEAR):
            scores = (at_5, at_5 + 0.001 * seed, 0.8)
            found += [
                Row(name, "fve", s, "", {"n_trials": n})
                for n, s in zip(amounts, scores, strict=True)
            ]
        rows[Cell.of(circuits.EFFICIENCY, seed=seed)] = found
    verdict = of_circuits.judge_efficiency(Results.of(rows, ("seed",)), config)
    assert verdict.outcome == outcome
    assert (verdict.value == pytest.approx(5)) == (outcome == "pass")


def of_sigmas(before, epochs):
    """Rows of ten circuits: error before, and epochs, of (pre-trained, random), by sigma."""
    cells = {}
    for seed in range(10):
        rows = []
        for log_sigma in (-7, 4):
            for i, name in enumerate((plasticity.PRETRAINED, plasticity.RANDOM)):
                at = {"log_sigma": log_sigma}
                error = before[log_sigma][i] + 0.001 * seed * (i + 1)
                rows += [Row(name, "mse", error, "", at | {"epoch": e}) for e in (0, 1)]
                rows.append(Row(name, "epochs_to_criterion", epochs[i], "", at))
        cells[Cell.of(plasticity.PLASTICITY, seed=seed)] = rows
    return Results.of(cells, ("seed",))


def test_robustness_is_asked_of_small_noise_alone():
    config = Numbers()
    results = of_sigmas({-7: (0.2, 1.0), 4: (2.0, 1.0)}, (2, 8))
    verdict = of_plasticity.judge_before(results, config)
    assert (verdict.outcome, verdict.value) == ("pass", pytest.approx(0.8045))
    faster = of_plasticity.judge_faster(results, config)
    assert (faster.outcome, faster.value) == ("pass", pytest.approx(4))
    worse = of_sigmas({-7: (1.2, 1.0), 4: (0.2, 1.0)}, (8, 8))
    assert of_plasticity.judge_before(worse, config).outcome == "fail"
    assert of_plasticity.judge_faster(worse, config).outcome == "fail"


@pytest.mark.parametrize(("again", "outcome"), [(0.3, "pass"), (0.9, "fail")])
def test_tracking_is_held_against_the_better_frozen_student(again, outcome):
    cells = {}
    names = {
        (plasticity.ONLINE, "fve"): 0.6,
        (plasticity.FROZEN, "fve"): 0.4,
        (plasticity.FROZEN_AGAIN, "fve"): again,
        (plasticity.RETRAINED, "fve"): 0.2,
        ("circuit", "equivalent_sigma"): 0.5,
    }
    for rule in plasticity.RULES:
        rows = []
        for time in range(PLASTIC.n_times + 1):
            rows += planted(plasticity.DRIFT, names, time=time)
        cells[Cell.of(plasticity.DRIFT, rule=rule)] = rows
    verdict = of_plasticity.judge_drift(Results.of(cells, ("seed",)), Numbers())
    assert verdict.outcome == outcome


def test_a_circuit_that_falls_silent_is_judged_until_then():
    cells, names = {}, (plasticity.FROZEN, plasticity.FROZEN_AGAIN, plasticity.RETRAINED)
    n_times = 4
    for rule in plasticity.RULES:
        rows = []
        for time in range(n_times + 1):
            silent = rule == plasticity.BCM_RULE and time > 2
            online = 0.1 if time == 1 else 0.6  # the later half of what can be measured is time 2
            found = {(name, "fve"): np.nan if silent else 0.4 for name in names}
            found |= {(plasticity.ONLINE, "fve"): np.nan if silent else online}
            found |= {("circuit", "equivalent_sigma"): 0.5}
            rows += planted(plasticity.DRIFT, found, time=time)
        cells[Cell.of(plasticity.DRIFT, rule=rule)] = rows
    longer = replace(PLASTIC, n_times=n_times)
    config = Numbers()
    object.__setattr__(config, "plasticity", longer)
    verdict = of_plasticity.judge_drift(Results.of(cells, ("seed",)), config)
    assert verdict.outcome == "pass"
    assert verdict.value == pytest.approx(0.2)
    assert f"{plasticity.BCM_RULE}: from time 3 on all outputs" in verdict.reason


def test_impossible_numbers_are_refused():
    with pytest.raises(InputError, match="Sort them"):
        replace(TINY, amounts=(5, 1))
    with pytest.raises(InputError, match="at least 2 trials"):
        replace(TINY, n_test=1)
    with pytest.raises(InputError, match="before retraining"):
        replace(PLASTIC, epochs=(1, 2))
    with pytest.raises(InputError, match="`n_times`"):
        replace(PLASTIC, n_times=1)


def test_place_cells_that_learn_are_those_of_the_arena_before_they_do():
    world = plasticity._World(1, plasticity.BCM_RULE, TINY_WORLD)
    where = world.arena.grid(0.4)
    sent = jnp.asarray(world.boundary.rates(world.arena, where))
    rates = world.place.rates(world.arena, where)
    ours = np.stack([world.rates(world.weights[0], f) for f in sent])
    known = rates.max(0) > 0
    scale = rates[:, known].max(0) / ours[:, known].max(0)
    np.testing.assert_allclose(ours[:, known] * scale, rates[:, known], rtol=1e-3, atol=1e-3)
    assert known.sum() >= 2
    assert world.sigma[-1] > 0


def test_an_output_that_changes_by_rounding_alone_is_still():
    answers = np.stack([np.full(8, 1e6), 1e6 + 1e-3 * np.arange(8), np.arange(8.0)], axis=1)
    still = plasticity._still(jnp.asarray(answers))
    np.testing.assert_array_equal(still, [True, True, False])
