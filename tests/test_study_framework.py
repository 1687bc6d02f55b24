"""The parts that an author of a study writes with: cells, rows, results, claims."""

import math

import numpy as np
import pytest
from scipy import stats

from mean_or_median.study import STUDY
from neuroloom.errors import InputError, StudyError
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    NotTestedError,
    Results,
    Row,
    Study,
    Verdict,
    grid,
    mean_interval,
    median_interval,
)
from neuroloom.studies.framework.claims import judge_all
from neuroloom.studies.framework.results import scores


def test_a_cell_is_the_same_wherever_its_numbers_come_from():
    plain = Cell.of("students", n_neurons=300, seed=3)
    numpy = Cell.of("students", n_neurons=np.int64(300), seed=np.int32(3))
    assert plain == numpy
    assert hash(plain) == hash(numpy)
    assert type(numpy["n_neurons"]) is int
    assert plain != Cell.of("students", n_neurons=300, seed=4)


def test_a_grid_has_every_combination_once():
    cells = grid("a", n=(1, 2), sign=("+", "-"), seed=range(3))
    assert len(set(cells)) == 12
    assert [cell["seed"] for cell in cells[:4]] == [0, 1, 2, 0]


@pytest.mark.parametrize("value", [None, float("nan"), np.float64("nan"), (1, 2), np.zeros(2)])
def test_a_coordinate_that_is_no_number_or_text_is_refused(value):
    with pytest.raises(StudyError, match=r"`n` is .*Name it by a number or a word"):
        Cell("a", (("n", value),))


def test_infinity_is_kept_as_nan():
    assert math.isnan(Row("all", "mse", np.inf).value)


def arm(name="a", cells=lambda config: (Cell.of("a"),)):
    return Arm(name, "does it", "nothing", cells, lambda *_: None, lambda *_: 1.0)


def test_an_arm_is_named_as_it_can_be_typed():
    with pytest.raises(InputError, match=r"lower-case words joined by hyphens; got `Two Words`"):
        arm("Two Words")


def test_an_arm_that_makes_a_cell_twice_or_of_another_is_refused():
    for cells in ((Cell.of("a"), Cell.of("a")), (Cell.of("b"),)):
        study = Study("s", "?", {"fast": None}, (arm(cells=lambda config, cells=cells: cells),))
        with pytest.raises(StudyError, match="each of its own cells once; `a` does not"):
            study.cells(None)


def test_unknown_arms_and_presets_are_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"got `meen`. Did you mean `mean`"):
        STUDY.cells(STUDY.presets["fast"], ["meen"])
    with pytest.raises(InputError, match=r"got `papers`. Did you mean `paper`"):
        STUDY.preset("papers")


def test_a_claim_on_an_arm_that_is_not_there_is_refused():
    claim = Claim("c", *("" for _ in range(5)), ("aa",), lambda *_: Verdict.of(True, 1.0))
    with pytest.raises(InputError, match=r"`c` names `aa`. Did you mean `a`"):
        Study("s", "?", {}, (arm(),), (claim,))


def test_the_predicted_time_is_that_of_the_asked_cells():
    config = STUDY.presets["fast"]
    both = STUDY.predicted_seconds(config, STUDY.cells(config, ["mean", "median"]))
    one = STUDY.predicted_seconds(config, STUDY.cells(config, ["mean"]))
    assert both == pytest.approx(2 * one) == pytest.approx(16 * 0.01)


def results(rows, replicates=("seed", "member")):
    """Rows as (seed, member, n_recorded, value)."""
    measured = {}
    for seed, member, n_recorded, value in rows:
        at = {"member": member, "n_recorded": n_recorded}
        measured.setdefault(Cell.of("a", seed=seed), []).append(Row("held", "mse", value, at=at))
    return Results.of(measured, replicates)


def test_values_are_those_of_the_wanted_coordinates_only():
    found = results([(0, 0, 4, 1.0), (0, 0, 8, 2.0), (1, 0, 4, 3.0), (1, 0, 8, 4.0)])
    np.testing.assert_array_equal(found.values("a", "held", "mse", n_recorded=4), [1, 3])
    along = found.along("n_recorded", "a", "held", "mse")
    assert {n: v.tolist() for n, v in along.items()} == {4: [1, 3], 8: [2, 4]}


def test_unlike_values_are_never_mixed():
    found = results([(0, 0, 4, 1.0), (0, 0, 8, 2.0)])
    with pytest.raises(StudyError, match=r"2 of `n_recorded`: \[4, 8\]. Give `n_recorded=`"):
        found.values("a", "held", "mse")


def test_missing_and_unmeasured_values_are_not_tested():
    found = results([(0, 0, 4, 1.0), (1, 0, 4, math.nan)])
    with pytest.raises(
        NotTestedError, match="at this size: there is no held mse of a, n_recorded 9"
    ):
        found.values("a", "held", "mse", n_recorded=9)
    with pytest.raises(NotTestedError, match="1 of 2 values"):
        found.values("a", "held", "mse", n_recorded=4)
    with pytest.raises(NotTestedError, match=r"at this size: 1 values .* 2 are needed"):
        found.values("a", "held", "mse", n_recorded=4, seed=0, at_least=2)


@pytest.mark.parametrize("name", ["value", "n", "arm", "seed"])
def test_a_coordinate_may_not_take_the_name_of_a_column_or_of_the_cells(name):
    rows = {Cell.of("a", seed=0): [Row("held", "mse", 1.0, at={name: 1})]}
    with pytest.raises(StudyError, match=f"`{name}` of a, seed 0 is taken. Rename it"):
        Results.of(rows, ("seed",))


def test_scores_average_members_within_seeds_and_then_seeds():
    rng = np.random.default_rng(0)
    value = rng.normal(size=(3, 5))
    rows = [(s, m, 4, value[s, m]) for s in range(3) for m in range(5)]
    (score,) = scores(results(rows))
    by_seed = value.mean(axis=1)
    half = stats.t.ppf(0.975, 2) * by_seed.std(ddof=1) / np.sqrt(3)
    assert score["value"] == pytest.approx(by_seed.mean())
    assert score["low"] == pytest.approx(by_seed.mean() - half)
    assert score["high"] == pytest.approx(by_seed.mean() + half)
    assert (score["n"], score["n_recorded"]) == (3, 4)


def test_members_of_a_single_seed_give_the_interval():
    (score,) = scores(results([(7, m, 4, float(m)) for m in range(5)]))
    expected = stats.t.interval(0.95, 4, loc=2.0, scale=stats.sem(np.arange(5.0)))
    assert (score["low"], score["high"]) == pytest.approx(expected)
    assert score["n"] == 5


def test_a_single_value_has_no_interval_and_nan_are_left_out_of_scores():
    (score,) = scores(results([(0, 0, 4, 1.0), (1, 0, 4, math.nan)]))
    assert (score["value"], score["n"]) == (1.0, 1)
    assert math.isnan(score["low"])
    assert all(math.isnan(v) for v in mean_interval(np.array([])))


@pytest.mark.parametrize("n", [6, 7, 10, 30])
def test_an_interval_of_the_median_holds_it_whatever_the_distribution(n):
    draws = np.random.default_rng(n).lognormal(sigma=2.0, size=(4_000, n))  # median 1
    found = np.array([median_interval(row) for row in draws])
    inside = ((found[:, 1] <= 1) & (found[:, 2] >= 1)).mean()
    assert 0.94 < inside <= 0.995
    np.testing.assert_array_equal(found[:, 0], np.median(draws, axis=1))


def test_five_values_have_a_median_and_no_interval():
    median, low, high = median_interval(np.arange(5.0))
    assert median == 2.0
    assert math.isnan(low)
    assert math.isnan(high)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(2_000):
        _, low, high = mean_interval(rng.normal(size=4))
        inside += low <= 0 <= high
    assert 0.935 < inside / 2_000 < 0.965


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nothing_passes_or_fails_on_what_is_no_number(value):
    for passed in (True, False):
        verdict = Verdict.of(passed, value)
        assert verdict.outcome == "not tested"
        assert math.isnan(verdict.value)
    with pytest.raises(StudyError, match="rest on a finite number"):
        Verdict("pass", value)


def judged(judge, lacking=None):
    claim = Claim("c", "s", "src", "m", "crit", "ctrl", ("a",), judge)
    found = results([(0, 0, 4, 1.0), (1, 0, 4, math.nan)])
    (row,), broken = judge_all([claim], found, None, lacking or {})
    return row, broken


def test_a_judge_that_asks_for_what_is_not_there_does_not_pass():
    row, broken = judged(lambda r, c: Verdict.of(r.values("a", "held", "mse").max() < 9, 1.0))
    assert (row["verdict"], broken) == ("not tested", [])
    assert "1 of 2 values of held mse of a could not be measured" in row["reason"]
    row, _ = judged(lambda r, c: Verdict.of(True, np.mean([v["value"] for v in r.records])))
    assert row["verdict"] == "not tested"


def test_a_claim_on_an_arm_that_lacks_something_is_not_asked():
    def never(results, config):
        raise AssertionError

    row, broken = judged(never, {"a": "2 of 5 cells of a failed"})
    assert (row["verdict"], row["reason"]) == ("not tested", "2 of 5 cells of a failed")
    assert broken == []


def test_that_a_claim_is_not_tested_at_this_size_is_said_once():
    claim = Claim("c", "s", "src", "m", "crit", "ctrl", ("a", "b"), lambda *_: None)
    lacking = {"a": "at this size: a has no cells", "b": "at this size: b has no cells"}
    (row,), _ = judge_all([claim], results([]), None, lacking)
    assert row["reason"] == "at this size: a has no cells; b has no cells"
    (row,), _ = judge_all([claim], results([]), None, lacking | {"b": "no data: b"})
    assert row["reason"] == "at this size: a has no cells; no data: b"


def test_a_judge_that_stumbles_is_named_and_its_claim_not_tested():
    row, broken = judged(lambda r, c: 1 / 0)
    assert row["verdict"] == "not tested"
    assert broken == ["the judge of claim c stopped: ZeroDivisionError: division by zero"]


def test_the_scorecard_has_the_fields_of_the_design():
    row, _ = judged(lambda r, c: Verdict.of(np.bool_(True), np.float64(0.5), low=0.1, high=0.9))
    wanted = [
        "id",
        "claim",
        "source",
        "measure",
        "value",
        "low",
        "high",
        "criterion",
        "control",
        "verdict",
    ]
    assert set(wanted) <= set(row)
    assert (row["verdict"], row["value"], row["claim"]) == ("pass", 0.5, "s")
