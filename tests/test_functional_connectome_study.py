"""The study of the functional connectome: tiny worlds, and every judge on made-up rows."""

from dataclasses import replace

import numpy as np
import pytest

import neuroloom as nl
from neuroloom.arena import load_arena
from neuroloom.errors import InputError
from neuroloom.report import write_report
from neuroloom.studies.framework import Cell, Context, Results, Row
from neuroloom.studies.framework.cells import read_cell
from neuroloom.studies.functional_connectome.config import PRESETS, FunctionalConnectomeConfig
from neuroloom.studies.functional_connectome.decoding.arms import (
    BOX,
    BY_MOTION,
    DECODING,
    DIRECT,
    EVEN,
    OCCUPIED,
    SHIFTED,
    TRUE,
    scaled_arenas,
)
from neuroloom.studies.functional_connectome.places import claims as place_claims
from neuroloom.studies.functional_connectome.places.arms import (
    FEW,
    MAPS,
    SCRATCH,
    TRAINING,
    WIRED_SCRATCH,
)
from neuroloom.studies.functional_connectome.places.cells import (
    EXCHANGED,
    LINEAR,
    MEAN,
    PUBLISHED,
    REWIRED,
    STUDENTS,
    WIRED,
    place_students,
    place_world,
    taught_and_novel,
    training_lesson,
)
from neuroloom.studies.functional_connectome.places.config import PlacesConfig
from neuroloom.studies.functional_connectome.study import STUDY

FAST = PRESETS["fast"]
TINY = replace(
    FAST,
    first_seed=0,
    places=replace(
        FAST.places,
        n_worlds=1,
        n_boundary=20,
        n_place=4,
        n_inputs=5,
        n_positions=1_500,
        n_bins=16,
        width=16,
        depth=1,
        n_steps=60,
        n_seen=(0, 30),
        n_few_arenas=1,
        n_few_steps=5,
    ),
    decoding=replace(
        FAST.decoding,
        n_worlds=1,
        n_place=(2, 4),
        n_compared=4,
        seconds=60.0,
        bin_size=0.05,
        n_arenas=1,
        n_controls=2,
    ),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of all arms that need no data."""
    out = tmp_path_factory.mktemp("connectome")
    return nl.run(STUDY, TINY, arms=[MAPS, FEW, DECODING], out=out, progress=False)


@pytest.fixture(scope="module")
def measured(run):
    """What each arm measured, by its name."""
    return {
        name: read_cell(next((run / "cells").glob(f"{name}-*.json")))
        for name in (MAPS, FEW, DECODING)
    }


def values(measured, split, name, **at):
    return [
        row.value
        for row in measured.rows
        if (row.split, row.measure) == (split, name)
        and all(row.at.get(key) == value for key, value in at.items())
    ]


def test_a_student_with_the_wiring_has_maps_it_has_never_seen_and_a_rewired_one_has_not(measured):
    found = measured[MAPS]
    arenas = {row.at["arena"] for row in found.rows if row.split == "truth"}
    assert len(arenas) == 1 + 21
    for name in STUDENTS:
        assert len(values(found, name, "map_r")) == 22
    wired, rewired = (
        np.array(values(found, name, "normalized_error")) for name in (WIRED, REWIRED)
    )
    known = np.isfinite(wired)
    assert known.sum() >= 15
    assert (wired[known] < 1e-6).all()
    assert np.median(rewired[known]) > 0.5
    (share,) = values(found, WIRED, "share_of_cells_good")
    assert share == 1
    assert values(found, MEAN, "map_r", arena=TRAINING) == [0]
    assert values(found, EXCHANGED, "map_r", arena=TRAINING)[0] < 0.5
    taught, _ = taught_and_novel(TINY.places)
    assert not {arena.name for arena in taught} & arenas


def test_true_maps_and_those_of_the_wired_student_decode_alike(measured):
    found = measured[DECODING]
    at = {"arena": BOX, "n_cells": 4, "decoder": BY_MOTION}
    (true,), (wired,), (even,) = (
        values(found, name, "median_error", **at) for name in (TRUE, WIRED, EVEN)
    )
    assert true == pytest.approx(wired, abs=1e-6)
    assert true < even
    (direct,) = values(found, DIRECT, "median_error", **at)
    assert 0 < direct < even
    assert values(found, SHIFTED, "least_median_error", **at)[0] > true
    (occupied,) = values(found, OCCUPIED, "median_error", **at)
    assert true < occupied
    assert not values(found, TRUE, "median_error", decoder="Bayesian")  # alike to likelihood
    novel = {row.at["arena"] for row in found.rows} - {BOX}
    assert len(novel) == 1


def test_looks_are_counted_from_none(measured):
    found = measured[FEW]
    assert len(values(found, PUBLISHED, "map_r", n_seen=0)) == 1
    for name in (PUBLISHED, SCRATCH, WIRED_SCRATCH):
        assert len(values(found, name, "map_r", n_seen=30)) == 1
    assert not values(found, SCRATCH, "map_r", n_seen=0)


def test_students_are_trained_once_and_shared(tmp_path, monkeypatch):
    world = place_world(1, TINY.places)
    context = Context(tmp_path / "x", tmp_path)
    rates = training_lesson(world, TINY.places).inputs[:50]
    first = place_students(world, TINY.places, context)[PUBLISHED](rates)

    def refuse(*_, **__):
        raise AssertionError("a student was trained again")

    monkeypatch.setattr(
        "neuroloom.studies.functional_connectome.places.cells.fit_stand_ins", refuse
    )
    again = place_students(world, TINY.places, context)[PUBLISHED](rates)
    np.testing.assert_array_equal(first, again)
    assert first.shape == (50, 4)
    assert (first >= 0).all()


def test_a_world_of_another_box_has_cells_of_its_size_and_no_student_of_other_arenas(tmp_path):
    world = place_world(0, TINY.places, BOX, 3)
    assert world.place.n_neurons == 3
    assert 0.5 < world.boundary.distance.max() <= 1.0
    students = place_students(world, TINY.places, Context(tmp_path / "x", tmp_path))
    assert set(STUDENTS) - set(students) == {"several arenas"}
    (arena,) = scaled_arenas(world, 1)
    original = load_arena(arena.name)
    np.testing.assert_allclose(arena.outline * 3.2, original.outline, atol=1e-9)


def judged(judge, rows, **change):
    cells = {}
    for seed in range(300, 303):
        own = []
        for (split, name, at), value in rows.items():
            value = change.get(f"{split}|{name}", value)
            own.append(Row(split, name, value + 1e-4 * (seed - 301) * value, "", dict(at)))
        cells[Cell.of(MAPS, seed=seed)] = own
    return judge(Results.of(cells, ("seed",)), FAST)


def place_rows():
    """All is well: one value a student, measure and arena."""
    error = {WIRED: 0.1, PUBLISHED: 1.0, REWIRED: 5.0}
    r = {PUBLISHED: 0.5, WIRED: 0.9, EXCHANGED: 0.1, LINEAR: 0.2, MEAN: 0.0}
    _, novel = taught_and_novel(FAST.places)
    rows = {}
    for arena, distance in [(None, 0.0), *novel]:
        place = TRAINING if arena is None else arena.name
        at = (("arena", place), ("distance", round(distance, 6)))
        rows["truth", "silent_cells", at] = 0
        for name in STUDENTS:
            rows[name, "map_r", at] = r.get(name, 0.3)
            rows[name, "normalized_error", at] = error.get(name, 2.0)
            if arena is None:
                rows[name, "share_of_cells_good", at] = 1.0 if name == PUBLISHED else 0.5
                rows[name, "least_r2", at] = rows[name, "least_ssim", at] = 0.99
    return rows


@pytest.mark.parametrize(
    ("judge", "change", "outcome"),
    [
        (place_claims.judge_zero_shot, {}, "pass"),
        (place_claims.judge_zero_shot, {f"{LINEAR}|map_r": 0.6}, "fail"),
        (place_claims.judge_zero_shot, {f"{PUBLISHED}|map_r": 0.05}, "fail"),
        (place_claims.judge_better, {}, "pass"),
        (place_claims.judge_better, {f"{WIRED}|normalized_error": 0.6}, "fail"),
        (place_claims.judge_better, {f"{REWIRED}|normalized_error": 0.05}, "fail"),
        (place_claims.judge_training, {f"{PUBLISHED}|share_of_cells_good": 0.98}, "fail"),
    ],
)
def test_claims_on_maps_can_fail(judge, change, outcome):
    assert judged(judge, place_rows(), **change).outcome == outcome


def test_maps_pass_where_every_cell_is_right():
    rows = place_rows()
    cells = {
        Cell.of(MAPS, seed=seed): [
            Row(split, name, value, "", dict(at)) for (split, name, at), value in rows.items()
        ]
        for seed in range(300, 303)
    }
    assert place_claims.judge_training(Results.of(cells, ("seed",)), FAST).outcome == "pass"


def test_numbers_that_make_no_world_are_refused():
    with pytest.raises(InputError, match="at most `n_boundary`"):
        PlacesConfig(n_inputs=101)
    with pytest.raises(InputError, match="`n_seeds` must be at least 1"):
        FunctionalConnectomeConfig(n_seeds=0)


def test_a_run_draws_its_figures(run):
    page = write_report(run).read_text()
    drawn = {path.stem for path in (run / "figures").glob("*.svg")}
    assert {"place-maps", "arenas", "by-distance", "few-looks", "decoding-cells"} <= drawn
    assert "decoding-errors" in drawn
    assert f"decoded-{BOX}" in drawn
    assert "not tested" in page
