"""Figures of the inverse and of real circuits: what is drawn is what was planted."""

import numpy as np
import pytest

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.studies.constrained_networks import (
    heading,
    inverse,
    larva,
    zebrafish,
)
from planted_scores import NAN, by_name, planted_in, sweep


@pytest.fixture
def planted(tmp_path):
    return planted_in(tmp_path)


def test_the_inverse_has_a_panel_a_noise_and_keeps_methods_apart(planted):
    def row(value, split="all", **at):
        return ("closed-form-inverse", split, "r2_weight", value, {"seed": 0, "sigma": 0.5} | at)

    exact = {"observed": "exact", "wiring": "true"}
    noisy = {"observed": "noisy", "wiring": "true"}
    rewired = {"observed": "exact", "wiring": "rewired 0"}
    contents = planted(
        [
            row(0.9999, method="clean derivative", **exact),
            row(0.999, "identified", method="clean derivative", **exact),
            row(-3.0, method="difference", **exact),
            row(-9.0, method="difference", **noisy),
            row(-99.0, method="difference", **rewired),
            row(0.8, method="clean derivative", **exact | {"sigma": 0.05}),
        ]
    )
    large, small = inverse.inverse_panels(contents, "weight")
    assert {(d.name, d.series): d.values.tolist() for d in large.dots} == {
        ("clean derivative", "states seen: exact"): [0.9999],
        ("clean derivative, identified", "states seen: exact"): [0.999],
        ("difference", "states seen: exact"): [-3],
        ("difference", "states seen: noisy"): [-9],
        ("difference", "rewired wiring"): [-99],
    }
    assert (large.title, small.title) == ("Noise of SD 0.5 per step", "Noise of SD 0.05 per step")
    assert [d.values.tolist() for d in small.dots] == [[0.8]]


def test_r2_is_drawn_by_its_nines_and_labelled_by_its_value():
    values = np.array([-99.0, 0.0, 0.9999])
    panel = DotPanel("", "R²", (Dots("a", values),), "r2", 0.0)
    ax = dot_panels([panel])
    chance, dots, median = ax.get_lines()
    np.testing.assert_allclose(dots.get_xdata(), [-2, 0, 4])
    np.testing.assert_allclose(chance.get_xdata(), [0, 0])
    np.testing.assert_allclose(median.get_xdata(), [0])
    labels = dict(zip(ax.get_xticks(), [t.get_text() for t in ax.get_xticklabels()], strict=True))
    assert labels[0] == "0"
    assert labels[-2] == "−99"
    assert labels[4] == "0.9999"


def test_the_larva_is_compared_at_the_largest_number_recorded(planted):
    right = "right, none recorded"
    rows = sweep("larva", right, "mse", {2: [8], 32: [1, 3]}, model="wiring")
    rows += [
        row
        for draw in (0, 1)
        for row in sweep(
            "larva", right, "mse", {2: [20], 32: [4 + draw]}, model="rewire", draw=draw
        )
    ]
    rows += sweep("larva", right, "mse", {32: [6]}, model="rewire, refitted")
    rows += [("larva", right, "mse", 9.0, {"model": "untrained", "seed": s}) for s in (0, 1)]
    rows += sweep("larva", "left, unrecorded", "mse", {2: [5], 32: [0.5]}, model="wiring")
    contents = planted(rows)
    (panel,) = larva.control_panels(contents)
    assert {dots.name: dots.values.tolist() for dots in panel.dots} == {
        "wiring, parameters from the left": [1, 3],
        "null wiring: rewired, every degree kept": [4, 5],
        "null wiring: rewired, every degree kept, refitted": [6],
        "untrained network": [9, 9],
    }
    left, on_right = larva.sweep_panels(contents)
    np.testing.assert_array_equal(left.lines[0].points[:, :2], [(2, 5), (32, 0.5)])
    lines = by_name(on_right.lines)
    np.testing.assert_array_equal(lines["wiring"].points[1], [32, 2, 1, 3])
    np.testing.assert_array_equal(
        lines["null wiring: rewired, every degree kept"].points[1], [32, 4.5, 4, 5]
    )
    assert by_name(on_right.levels)["untrained network"].value == 9


def test_zebrafish_classes_keep_recorded_cells_wiring_and_nulls_apart(planted):
    def distance(wiring, value, draw=0, measure="wasserstein", **at):
        at = {"wiring": wiring} | ({"draw": draw, "cell_class": "both"} if not at else {})
        return ("zebrafish-classes", "persistence", measure, value, at)

    arrays = {
        f"{who}_{quantity}_{c}": np.array([1.0, 2.0, 4.0]) * (10 if who == "wiring" else 1)
        for who in ("recorded", "wiring")
        for quantity in ("sensitivity", "persistence")
        for c in ("abducens", "integrator")
    }
    arrays["wiring_sensitivity_integrator"] = np.array([0.0, 20.0 * np.e])
    rows = [
        distance("wiring", 0.3),
        ("zebrafish-classes", "persistence", "wasserstein, low", 0.2, {"wiring": "wiring"}),
        ("zebrafish-classes", "persistence", "wasserstein, high", 0.5, {"wiring": "wiring"}),
        distance("rewire", 0.6),
        distance("rewire", 0.7, draw=1),
        distance("untrained", 0.9),
    ]
    contents = planted(rows, [("zebrafish-classes", {}, arrays)])
    sensitivity, persistence = zebrafish.class_panels(contents)
    samples = {s.name: s.values for s in sensitivity.samples}
    half = np.log(2)
    np.testing.assert_allclose(samples["abducens, recorded (3 cells)"], [-half, 0, half])
    np.testing.assert_allclose(samples["abducens, wiring (3 cells)"], [-half, 0, half])
    np.testing.assert_allclose(samples["integrator, wiring (1 cells)"], [1])
    assert persistence.samples[2].values.tolist() == [10, 20, 40]
    (panel,) = zebrafish.distance_panels(contents)
    assert {d.name: (d.values.tolist(), d.low, d.high) for d in panel.dots[:1]} == {
        "wiring": ([0.3], 0.2, 0.5)
    }
    assert {d.name: d.values.tolist() for d in panel.dots[1:]} == {
        "null wiring: rewired, every degree kept": [0.6, 0.7],
        "unscaled network": [0.9],
    }


def test_students_of_the_integrator_stand_beside_theory_nulls_and_ceiling(planted):
    arm = "zebrafish-students"
    rows = []
    models = {"wiring": 1, "theory": 2, "permuted cells": 3, "rewire": 4}
    for model, value in models.items():
        rows += sweep(arm, "unrecorded", "mse", {64: [value]}, model=model)
    rows += sweep(arm, "unrecorded", "mse", {0: [9]}, model="untrained")
    rows += sweep(arm, "recorded", "mse", {64: [0.5]}, model="wiring")
    squared, _ = zebrafish.student_panels(planted(rows), arm)
    assert {line.name: line.points[0, 1] for line in squared.lines} == {
        "unrecorded": 1,
        "recorded": 0.5,
        "unrecorded, linear theory": 2,
        "ceiling: permuted cells": 3,
        "unrecorded, null wiring: rewired, every degree kept": 4,
    }
    assert [(lv.name, lv.value) for lv in squared.levels] == [("untrained", 9)]


def test_heading_maps_scores_and_turns_are_those_of_held_out_flies(planted):
    def row(measure, fly, model, value, condition="all", draw=0):
        at = {"region": "EB", "fold": 0, "fly": fly, "pen1_color": "red", "model": model,
              "draw": draw, "condition": condition}  # fmt: skip
        return ("fly-heading", "held-out flies", measure, value, at)

    null = "null wiring rewire, fitted to E-PG"
    rows = [
        row("turn response", "a", "measured", 10.0),
        row("turn response", "b", "measured", -5.0),
        row("turn response", "c", "measured", NAN),
        row("turn response", "a", heading.WIRED, 3.0),
        row("turn response", "b", heading.WIRED, 2.0),
        row("turn response", "c", heading.WIRED, 1.0),
        *(row("correlation", "a", null, v, "Dark", d) for d, v in enumerate((0.1, 0.3))),
        row("correlation", "b", null, 0.5, "Dark"),
        row("correlation", "a", heading.WIRED, 0.8, "closed loop"),
    ]
    rng = np.random.default_rng(0)
    epg, measured, foretold = (rng.normal(3, 1, (20, n)) for n in (4, 2, 2))
    arrays = {
        "time_s": 0.1 * np.arange(20), "epg": epg, "pen1_measured": measured,
        "pen1_predicted": foretold, "turning_rad_per_s": np.zeros(20),
        "epg_region": np.array(list("wxyz")), "pen1_region": np.array(["x", "y"]),
        "fly": np.array(["fly 7"]), "condition": np.array(["1x"]),
    }  # fmt: skip
    contents = planted(rows, [("fly-heading", {"region": "EB", "fold": 0}, arrays)])
    time, maps, fly = heading.example_maps(contents, "EB")
    np.testing.assert_array_equal(time, arrays["time_s"])
    for one, values in zip(maps, (epg, measured, foretold), strict=True):
        np.testing.assert_allclose(one.values, values - values.mean(0))
    assert maps[1].regions == maps[2].regions == ("x", "y")
    assert fly == "Fly fly 7, one trial, condition 1x"
    closed, dark = heading.score_panels(contents, "EB")
    assert [d.values.tolist() for d in closed.dots] == [[0.8]]
    assert [d.values.tolist() for d in dark.dots] == [[0.2, 0.5]]
    (turns,) = heading.turn_panels(contents, "EB")
    np.testing.assert_array_equal(turns.points, [(10, 3), (-5, 2)])  # c does not turn both ways
    assert turns.n_right == 1
    assert heading.example_maps(contents, "PB") is None
    assert heading.turn_panels(contents, "PB") == ()
