"""Arms on eigenmodes and recording orders: what cells measure, and how claim 4 is judged."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.arms import linear_orders, orders
from neuroloom.studies.constrained_networks.config import PRESETS
from neuroloom.studies.constrained_networks.orders_config import OrdersConfig
from neuroloom.studies.constrained_networks.study import STUDY
from neuroloom.studies.framework import Cell, NotTestedError, Results, Row
from test_synthetic_arms import TINY, in_folder

SMALL = OrdersConfig(
    linear_neurons=60,
    linear_rank=15,
    linear_recorded=(2, 5, 10),
    linear_targets=20,
    linear_draws=5,
    linear_steps=200,
    linear_seeds=2,
    order_recorded=(2, 5),
    order_draws=1,
    order_seeds=1,
    order_trials=2,
    order_samples=5,
)
CONFIG = replace(PRESETS["fast"], synthetic=TINY, orders=SMALL)


def measured(arm, tmp_path, config=CONFIG):
    cells = arm.cells(config)
    made = {cell: arm.measure(cell, config, in_folder(tmp_path)).rows for cell in cells}
    return Results.of(made, STUDY.replicates)


def test_claim_4_holds_in_linear_networks(tmp_path):
    verdict = linear_orders.judge(measured(linear_orders.ARM, tmp_path), CONFIG)
    assert verdict.outcome == "pass"
    assert verdict.value == 1.0
    assert "12 of 12 comparisons" in verdict.reason


def test_claim_4_fails_where_greedy_and_worst_are_swapped(tmp_path):
    found = measured(linear_orders.ARM, tmp_path)
    name = {"greedy": "worst", "worst": "greedy"}
    swapped = [r | {"split": name.get(r["split"], r["split"])} for r in found.records]
    verdict = linear_orders.judge(replace(found, records=tuple(swapped)), CONFIG)
    assert verdict.outcome == "fail"
    assert verdict.value == 0.0


@pytest.fixture(scope="module")
def cycling(tmp_path_factory):
    return measured(orders.ARM, tmp_path_factory.mktemp("cells"))


def test_every_order_is_scored_at_every_number_with_the_same_students(cycling):
    for name in ("greedy", "worst", "random"):
        for m in SMALL.order_recorded:
            assert len(cycling.rows(orders.NAME, name, "mse", n_recorded=m)) == 1
            assert len(cycling.rows(orders.NAME, name, "all_mse", n_recorded=m)) == 1
    assert len(cycling.along("mode_bin", orders.NAME, "all recorded", "left")) == SMALL.n_bins


def test_claims_on_the_cycling_network_are_not_decided_at_a_small_size(cycling):
    for judge in (orders.judge_orders, orders.judge_modes):
        with pytest.raises(NotTestedError, match="must have 300 neurons"):
            judge(cycling, CONFIG)


def rows_of(greedy, random, worst, left=(0.1, 0.2, 0.5, 0.8, 0.9), correlation=-0.8):
    rows = [Row("all recorded", "shrinkage_spearman", correlation)]
    rows += [Row("all recorded", "left", v, "", {"mode_bin": n}) for n, v in enumerate(left)]
    for m in PRESETS["decide"].orders.order_recorded:
        for name, values in (("greedy", [greedy]), ("random", random), ("worst", [worst])):
            rows += [
                Row(name, "mse", v, "rate^2", {"n_recorded": m, "member": i})
                for i, v in enumerate(values)
            ]
    return Results.of({Cell.of(orders.NAME, seed=0): rows}, STUDY.replicates)


def test_orders_and_modes_are_judged_by_their_criteria():
    config = PRESETS["decide"]
    good = orders.judge_orders(rows_of(1.0, [2.0, 3.0, 2.5], 4.0), config)
    assert (good.outcome, good.value) == ("pass", pytest.approx(1 / 2.5))
    assert orders.judge_orders(rows_of(3.0, [2.0, 3.0, 2.5], 4.0), config).outcome == "fail"
    any_order = (1.0, [2.0], 4.0)
    assert orders.judge_modes(rows_of(*any_order), config).outcome == "pass"
    bumpy = rows_of(*any_order, left=(0.1, 0.5, 0.2, 0.8, 0.9))
    assert orders.judge_modes(bumpy, config).outcome == "fail"
    weak = rows_of(*any_order, correlation=-0.2)
    assert orders.judge_modes(weak, config).outcome == "fail"


def test_orders_know_nothing_of_the_teachers_parameters(tmp_path):
    """Another teacher with the same wiring and inputs gives the same orders from the same start."""
    import equinox as eqx
    import jax

    from neuroloom.studies.constrained_networks.initial import Uninformed
    from neuroloom.studies.constrained_networks.teachers import make_teacher

    teacher = make_teacher(TINY.cycling)
    start = Uninformed()(teacher, jax.random.key(0))
    other = replace(
        teacher,
        network=eqx.tree_at(lambda n: n.gain.value, teacher.network, replace_fn=lambda g: 2 * g),
    )
    one, two = (orders.recording_orders(start, t, SMALL, seed=0) for t in (teacher, other))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert len(one["greedy", 0]) == 5


def test_the_gauss_newton_matrix_sees_a_trial_of_every_kind():
    """The first three trials of the study's teacher are of two kinds."""
    import jax

    from neuroloom.tasks import Cycling

    trial_key = jax.random.split(jax.random.key(0), 3)[0]  # as the teacher of seed 0 draws them
    trials = Cycling()(trial_key, 60)
    into = np.random.default_rng(0).normal(size=(2, 7))
    inputs = np.asarray(trials.inputs) @ into
    found = orders.trials_of_each_kind(inputs, 3)
    pulses = np.asarray(trials.inputs).sum(axis=1)
    assert sorted(pulses[found].tolist()) == [[0, 0], [0, 1], [1, 0]]
    assert len(np.unique(pulses[:3], axis=0)) == 2
    with pytest.raises(InputError, match="number of kinds of trials, 3; got 4"):
        orders.trials_of_each_kind(inputs, 4)


def test_orders_are_compared_between_students_of_one_start():
    """Where a student diverged, its start has no say; the others are not shifted against theirs."""
    rows = {}
    for seed, (greedy, random) in enumerate([(None, 1.0), (8.0, 10.0), (80.0, 100.0)]):
        values = {"greedy": greedy, "random": random, "worst": 2 * random}
        rows[Cell.of(orders.NAME, seed=seed)] = [
            Row(name, "mse", value, "rate^2", {"n_recorded": m, "member": 0})
            for m in PRESETS["decide"].orders.order_recorded
            for name, value in values.items()
            if value is not None
        ]
    verdict = orders.judge_orders(Results.of(rows, STUDY.replicates), PRESETS["decide"])
    assert (verdict.outcome, verdict.value) == ("pass", pytest.approx(0.8))
    assert "2 starts at least" in verdict.reason


def test_students_that_diverge_or_run_away_are_named_with_their_order():
    nan = float("nan")
    members = [("greedy", 0, 10), ("random", 3, 10), ("random", 3, 20), ("worst", 0, 10)]
    rows = [
        Row("random", "mse", nan, "rate^2", {"n_recorded": 20, "member": 3}),
        Row("random", "mse", 1.0, "rate^2", {"n_recorded": 10, "member": 3}),
        Row("worst", "all_mse", nan, "rate^2", {"n_recorded": 10, "member": 0}),
    ]
    statuses = ("diverged", "finished", "finished", "finished")
    diverged, ran_away = orders.failures_in_orders(statuses, members, rows)
    assert diverged.startswith("the student of 10 neurons in the greedy order diverged")
    assert ran_away.startswith("the student of 20 neurons in random order 3 runs away")
