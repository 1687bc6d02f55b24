"""The arm of the trained network: one small cell, and its judge on made-up rows."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.studies.framework import Cell, Context, NotTestedError, Results, Row
from neuroloom.studies.functional_connectivity.config import PRESETS, DeepConfig
from neuroloom.studies.functional_connectivity.deep import DEEP, DEEP_CLAIM, JACOBIAN
from neuroloom.studies.functional_connectivity.estimators import UNCOUPLED
from neuroloom.studies.functional_connectivity.study import STUDY

FAST = PRESETS["fast"]
TINY = replace(
    FAST,
    n_seeds=1,
    first_seed=0,
    longest=2_500,
    deep=DeepConfig(n_steps=150, learning_rate=0.01, connectivity_rate=0.01),
)


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deep")
    (cell,) = STUDY.arm(DEEP).cells(TINY)
    return STUDY.arm(DEEP).measure(cell, TINY, Context(folder / "x", folder))


def value(measured, split, name):
    (row,) = [row for row in measured.rows if (row.split, row.measure) == (split, name)]
    return row.value


def test_the_network_is_scored_beside_regressions_on_the_same_data(cell):
    """From pre to post and with its signs: transposed or turned around, r would not be there."""
    chance = value(cell, "truth", "prevalence")
    for split in (DEEP, JACOBIAN, "lasso VAR", "ridge VAR"):
        assert value(cell, split, "auprc") > chance + 0.1
        assert value(cell, split, "pearson") > 0.3
    for split in (DEEP, "lasso VAR", "ridge VAR"):
        assert value(cell, split, "r") > value(cell, UNCOUPLED, "r") > -0.1
        assert value(cell, split, "seconds") > 0
    assert cell.arrays["estimate"].shape == (200, 200)
    assert "on the part set aside" in cell.notes[0]


def test_its_networks_are_those_of_the_other_arms():
    cells = {arm: STUDY.arm(arm).cells(FAST) for arm in (DEEP, "no-drive")}
    assert [c.coordinates for c in cells[DEEP]] == [c.coordinates for c in cells["no-drive"]]
    assert len(cells[DEEP]) == 5
    assert not STUDY.arm(DEEP).cells(replace(FAST, systems=("S4",)))


def judged(n=5, **change):
    good = {
        f"{DEEP}|r": 0.22,
        f"{DEEP}|auprc": 0.85,
        f"{JACOBIAN}|auprc": 0.86,
        "lasso VAR|r": 0.21,
        "lasso VAR|auprc": 0.83,
        "ridge VAR|r": 0.20,
        "ridge VAR|auprc": 0.82,
    }
    rows = {
        Cell.of(DEEP, system="S1", seed=seed): [
            Row(*name.split("|"), x + 0.001 * (seed - 102) * name.startswith("deep|"))
            for name, x in (good | change).items()
        ]
        for seed in range(100, 100 + n)
    }
    return DEEP_CLAIM.judge(Results.of(rows, ("seed",)), FAST)


def test_the_claim_needs_both_forecasts_and_connections():
    verdict = judged()
    assert verdict.outcome == "pass"
    assert verdict.value == pytest.approx(0.01)
    assert verdict.high - verdict.value == pytest.approx(2.776 * 0.001581 / 5**0.5, rel=1e-3)
    assert "lasso 0.210, ridge 0.200" in verdict.reason
    for name, x in ((f"{DEEP}|r", 0.209), (f"{DEEP}|auprc", 0.829), ("lasso VAR|auprc", 0.851)):
        assert judged(**{name: x}).outcome == "fail"
    assert judged(**{f"{JACOBIAN}|auprc": 0.1}).outcome == "pass"


def test_the_claim_is_not_tested_on_few_networks_or_without_a_number():
    with pytest.raises(NotTestedError, match="4 values of deep r of deep, where 5 are needed"):
        judged(n=4)
    with pytest.raises(NotTestedError, match=r"5 of 5 values of deep r .* could not be measured"):
        judged(**{f"{DEEP}|r": np.nan})
