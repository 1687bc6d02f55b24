"""Judges of decoding, on made-up rows: what passes, what fails, and what is not tested."""

from dataclasses import replace

import pytest

from neuroloom.studies.framework import Cell, NotTestedError, Results, Row
from neuroloom.studies.functional_connectome.config import PRESETS
from neuroloom.studies.functional_connectome.decoding.arms import (
    BOX,
    BY_MOTION,
    DECODING,
    DIRECT,
    EVEN,
    OCCUPIED,
    RAT,
    SHIFTED,
    TRUE,
)
from neuroloom.studies.functional_connectome.decoding.claims import (
    judge_box,
    judge_novel,
    judge_rat,
)
from neuroloom.studies.functional_connectome.places.cells import PUBLISHED, REWIRED, WIRED

CONFIG = PRESETS["fast"]
MAZES = CONFIG.decoding.mazes


def worlds(published, *, n=3, novel=20.0, shifted=30.0, even=50.0, occupied=45.0):
    """Rows of n worlds; decoys with other cells and decoders would pass where these fail."""
    measured = {}
    for seed in range(n):
        rows = []
        for arena, mine in ((BOX, published), ("a", novel), ("b", novel + 1)):
            at = {"arena": arena, "n_cells": CONFIG.decoding.n_compared, "decoder": BY_MOTION}
            found = {TRUE: 2.0, PUBLISHED: mine, WIRED: 2.1, REWIRED: 9.0, DIRECT: 3.0}
            found |= {EVEN: even, OCCUPIED: occupied}
            rows += [
                Row(name, "median_error", value + 0.01 * seed, "cm", at)
                for name, value in found.items()
            ]
            rows.append(Row(SHIFTED, "least_median_error", shifted + seed, "cm", at))
            rows.append(Row(PUBLISHED, "median_error", 0.1, "cm", at | {"n_cells": 10}))
            rows.append(
                Row(PUBLISHED, "median_error", 0.1, "cm", at | {"decoder": "maximum likelihood"})
            )
        measured[Cell.of(DECODING, seed=300 + seed)] = rows
    return Results.of(measured, ("seed",))


def rats(*errors, least=100.0):
    measured = {}
    for maze, error in zip(MAZES, errors, strict=False):
        measured[Cell.of(RAT, maze=maze)] = [
            Row(BY_MOTION, "median_error", error, "pixel"),
            Row(BY_MOTION, "median_error_of_track", error / 500),
            Row(f"{BY_MOTION}: spikes shifted", "least", least, "pixel"),
            Row(f"{BY_MOTION}: spikes shifted", "median_error", 2 * least, "pixel"),
            Row("Bayesian", "median_error", 60.0, "pixel"),
            Row("occupancy guess", "median_error", 150.0, "pixel"),
        ]
    return Results.of(measured, ("seed",))


@pytest.mark.parametrize(
    ("kwargs", "outcome"),
    [
        ({"published": 4.9}, "pass"),
        ({"published": 5.1}, "fail"),
        ({"published": 4.0, "shifted": 3.0}, "fail"),
        ({"published": 4.0, "even": 3.0}, "fail"),
        ({"published": 4.0, "occupied": 3.0}, "fail"),
    ],
)
def test_five_cm_are_enough_only_below_every_control(kwargs, outcome):
    verdict = judge_box(worlds(**kwargs), CONFIG)
    assert verdict.outcome == outcome
    assert verdict.value == pytest.approx(kwargs["published"] + 0.01)
    for beside in (TRUE, REWIRED, DIRECT, EVEN, OCCUPIED):
        assert beside in verdict.reason


@pytest.mark.parametrize(("novel", "outcome"), [(20.0, "pass"), (49.0, "pass"), (60.0, "fail")])
def test_novel_arenas_are_held_against_a_guess_without_the_box(novel, outcome):
    verdict = judge_novel(worlds(1.0, novel=novel), CONFIG)
    assert verdict.outcome == outcome
    assert verdict.value == pytest.approx((novel + 0.51) / 50.01, rel=1e-3)
    assert "2 arenas" in verdict.reason


def test_a_rat_must_be_found_on_both_mazes():
    assert judge_rat(rats(40.0, 90.0), CONFIG).outcome == "pass"
    failed = judge_rat(rats(40.0, 101.0), CONFIG)
    assert (failed.outcome, failed.value) == ("fail", pytest.approx(1.01))
    assert judge_rat(rats(101.0, 40.0), CONFIG).outcome == "fail"


def test_too_few_worlds_or_mazes_are_not_tested():
    for judge in (judge_box, judge_novel):
        with pytest.raises(NotTestedError, match="3 are needed"):
            judge(worlds(1.0, n=2), CONFIG)
    with pytest.raises(NotTestedError, match=MAZES[1]):
        judge_rat(rats(40.0), CONFIG)
    other = replace(CONFIG, decoding=replace(CONFIG.decoding, n_compared=50))
    with pytest.raises(NotTestedError, match="n_cells 50"):
        judge_box(worlds(1.0), other)
