"""Figures of the study: what they plot is what the run folder holds, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.errors import StudyError
from neuroloom.report.figures.modes import ModeErrors, parts
from neuroloom.report.figures.panels import line_panels
from neuroloom.report.layout import Picture
from neuroloom.report.studies import gallery_of
from neuroloom.report.studies.constrained_networks import (
    departures,
    dimension,
    heading,
    orders,
    repeats,
    wiring,
)
from neuroloom.report.study_contents import read_study
from neuroloom.report.theme import as_svg
from neuroloom.studies.constrained_networks.config import PRESETS
from neuroloom.studies.constrained_networks.inverse.config import InverseConfig
from neuroloom.studies.constrained_networks.orders_config import OrdersConfig
from neuroloom.studies.constrained_networks.study import STUDY
from neuroloom.studies.framework import run
from planted_scores import NAN, by_name, planted_in, sweep
from test_synthetic_arms import CONFIG


@pytest.fixture
def planted(tmp_path):
    return planted_in(tmp_path)


def test_known_and_unknown_wiring_show_medians_extremes_and_ceilings(planted):
    contents = planted(
        [
            *sweep("known-wiring", "unrecorded", "mse", {0: [9, 7], 2: [9, 1, 2], 10: [0.5, NAN]}),
            *sweep("known-wiring", "recorded", "mse", {2: [0.25, 0.75]}),
            *sweep("unknown-wiring", "unrecorded", "mse", {0: [40], 2: [30, 50]}, matched="no"),
            *sweep("unknown-wiring", "unrecorded", "mse", {0: [4], 2: [3, 5]}, matched="yes"),
            ("known-wiring", "permuted neurons", "mse", 8.0, {}),
            ("known-wiring", "permuted parameters", "mse", 6.0, {"seed": 0}),
        ]
    )
    known, unknown = wiring.error_panels(contents, "mse")
    lines = by_name(known.lines)
    np.testing.assert_array_equal(lines["unrecorded"].points, [(2, 2, 1, 9), (10, 0.5, NAN, NAN)])
    np.testing.assert_array_equal(lines["recorded"].points, [(2, 0.5, 0.25, 0.75)])
    levels = by_name(known.levels)
    untrained = levels["untrained"]
    assert (untrained.value, untrained.low, untrained.high) == (8, 7, 9)
    assert levels["ceiling: permuted neurons"].value == 8
    assert levels["ceiling: permuted gains and biases"].value == 6
    np.testing.assert_array_equal(
        by_name(unknown.lines)["unrecorded, own names"].points[0, :2], [2, 40]
    )
    np.testing.assert_array_equal(
        by_name(unknown.lines)["unrecorded, matched"].points[0, :2], [2, 4]
    )
    assert by_name(unknown.levels)["untrained, matched"].value == 4
    (picture,) = [p for p in wiring.pictures(contents) if p.name == "recorded-mse"]
    assert "1 of 17 values of known-wiring, unknown-wiring do not exist" in picture.caption


def test_what_is_drawn_is_what_was_planted_on_logarithmic_axes_of_one_scale(planted):
    contents = planted(
        [
            *sweep("known-wiring", "unrecorded", "mse", {2: [1, 3], 40: [0.01, 0.03]}),
            *sweep("unknown-wiring", "unrecorded", "mse", {2: [2], 40: [1.9]}, matched="no"),
        ]
    )
    panels = wiring.error_panels(contents, "mse")
    left, right = line_panels(panels).get_figure(root=True).axes
    np.testing.assert_array_equal(left.get_lines()[0].get_xydata(), [(2, 2), (40, 0.02)])
    np.testing.assert_array_equal(right.get_lines()[0].get_xydata(), [(2, 2), (40, 1.9)])
    assert left.get_ylim() == right.get_ylim()
    for ax in (left, right):
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        assert ax.get_xlabel() == "recorded neurons M"
        assert ax.get_ylabel() == "mean squared error (rate²)"


def test_nothing_is_drawn_of_arms_that_were_not_run(planted):
    assert gallery_of("constrained-networks")(planted([])) == ()


def test_nothing_is_drawn_of_values_that_do_not_exist(planted):
    rows = [
        *sweep("known-wiring", "unrecorded", "mse", {0: [NAN], 2: [NAN, NAN]}),
        *sweep("mismatch", "unrecorded", "mse", {2: [NAN]}, smoothness="0.5"),
        *sweep("chaotic", "unrecorded", "one_minus_rho", {2: [NAN]}, n_neurons=100),
        ("chaotic", "unrecorded", "enough_recorded", NAN, {"n_neurons": 100, "seed": 0}),
        *sweep("linear-orders", "greedy", "mse_theory", {2: [NAN]}, member=0),
        *sweep("larva", "right, none recorded", "mse", {2: [NAN]}, model="wiring"),
        ("closed-form-inverse", "all", "r2_weight", NAN,
         {"sigma": 0.5, "seed": 0, "method": "difference", "observed": "exact", "wiring": "true"}),
        ("task-only", "outputs", "relative_mse", NAN, {"seed": 0, "student": "trained"}),
        ("zebrafish-classes", "persistence", "wasserstein", NAN,
         {"wiring": "wiring", "draw": 0, "cell_class": "both"}),
        ("fly-heading", "held-out flies", "correlation", NAN,
         {"region": "EB", "fold": 0, "fly": "a", "model": heading.WIRED, "condition": "Dark"}),
    ]  # fmt: skip
    arrays = [("linear-orders", {"seed": 0}, {"stiffness": np.ones(3), "left": np.full(3, NAN)})]
    assert gallery_of("constrained-networks")(planted(rows, arrays)) == ()


def test_values_that_are_no_repeats_of_each_other_are_refused(planted):
    rows = sweep("unknown-wiring", "unrecorded", "mse", {2: [1]}, matched="no")
    rows += sweep("unknown-wiring", "unrecorded", "mse", {2: [2]}, matched="yes")
    contents = planted(rows)
    with pytest.raises(StudyError, match=r"2 of `matched`.*Draw the report with the version"):
        repeats.spread(contents, "n_recorded", "unknown-wiring", "unrecorded", "mse")
    with pytest.raises(StudyError, match="2 of `matched`"):
        repeats.repeats(contents, "unknown-wiring", "unrecorded", "mse", n_recorded=2)


def test_trained_smoothness_stands_beside_the_matched_one_and_not_beside_wrong_ones(planted):
    values = {"0.5": 4, "1": 2, "trained from 0.5": 3}
    rows = [
        row
        for name, value in values.items()
        for row in sweep("mismatch", "unrecorded", "mse", {0: [9], 10: [value]}, smoothness=name)
    ]
    rows += sweep("mismatch", "student", "smoothness", {10: [0.9]}, smoothness="trained from 0.5")
    fixed, trained, learned = departures.mismatch_panels(planted(rows))
    assert {n: line.points[0, 1] for n, line in by_name(fixed.lines).items()} == {
        "smoothness 0.5": 4,
        "smoothness 1, matched": 2,
    }
    assert {n: line.points[0, 1] for n, line in by_name(trained.lines).items()} == {
        "smoothness 1, matched": 2,
        "trained from 0.5": 3,
    }
    assert learned.lines[0].points[0, 1] == 0.9
    assert by_name(fixed.levels)["matched, untrained"].value == 9


def test_errors_of_the_connectome_have_a_panel_a_kind_and_the_true_wiring_in_each(planted):
    rows = sweep("known-wiring", "unrecorded", "mse", {0: [9], 10: [1]})
    for place, kind in enumerate(("missing", "noise and spurious")):
        for level in (0.01, 0.1):
            values = {0: [8], 10: [100 * level + place]}
            rows += sweep("wrong-wiring", "unrecorded", "mse", values, error=kind, level=level)
    panels = departures.wrong_panels(planted(rows))
    assert [panel.title for panel in panels] == [
        "Missing connections",
        "Noise and spurious connections",
    ]
    for place, panel in enumerate(panels):
        found = {name: line.points[:, :2].tolist() for name, line in by_name(panel.lines).items()}
        assert found == {
            "true wiring": [[10, 1]],
            "level 0.01": [[10, 1 + place]],
            "level 0.1": [[10, 10 + place]],
        }


def test_recordings_needed_and_dimension_are_drawn_against_size(planted):
    rows, arrays = [], []
    for n, enough, ratio in ((200, (20, 24), (8, 10)), (400, (NAN, 60), (15, 17))):
        rows += sweep("chaotic", "unrecorded", "one_minus_rho", {0: [0.9], 16: [0.5]}, n_neurons=n)
        rows += sweep("low-rank", "unrecorded", "one_minus_abs_rho", {0: [n], 4: [1]}, n_neurons=n)
        for seed in (0, 1):
            at = {"n_neurons": n, "seed": seed}
            rows.append(("chaotic", "unrecorded", "enough_recorded", enough[seed], at))
            rows.append(("chaotic", "teacher", "participation_ratio", ratio[seed], at))
            arrays.append(("chaotic", at, {"variance_spectrum": np.array([6.0, 2.0 + seed * 0])}))
    contents = planted(rows, arrays)
    error, needed, dimensions = dimension.chaotic_panels(contents)
    assert [line.name for line in error.lines] == ["N 200", "N 400"]
    assert by_name(error.levels)["M* is read off here"].value == 0.2
    np.testing.assert_array_equal(
        by_name(needed.lines)["M*"].points, [(200, 22, 20, 24), (400, 60, NAN, NAN)]
    )
    np.testing.assert_array_equal(dimensions.lines[0].points, [(200, 9, 8, 10), (400, 16, 15, 17)])
    untrained = dimension.low_rank_panels(contents)[0].levels[0]
    assert (untrained.low, untrained.value, untrained.high) == (200, 300, 400)
    spectrum = dimension.spectrum_lines(contents)
    assert [line.name for line in spectrum] == ["chaotic, N 200", "chaotic, N 400"]
    np.testing.assert_allclose(spectrum[0].points[:, :2], [(1, 0.75), (2, 0.25)])
    (picture,) = [p for p in dimension.pictures(contents) if p.name == "chaotic"]
    assert "1 of 4 teachers have no M*" in picture.caption


def test_orders_of_recording_gather_all_draws_and_networks(planted):
    rows = [("linear-orders", "untrained", "mse", 50.0, {"seed": 0})]
    for order, values in {"greedy": [1], "random": [4, 2, 6], "worst": [9]}.items():
        for member, value in enumerate(values):
            rows += sweep("linear-orders", order, "mse_theory", {5: [value]}, member=member)
            rows += sweep("linear-orders", order, "mse_trained", {5: [value + 1]}, member=member)
            rows += sweep("recording-orders", order, "mse", {5: [value + 2]}, member=member)
            rows += sweep("recording-orders", order, "all_mse", {5: [77]}, member=member)
    rows += sweep("recording-orders", "untrained", "all_mse", {0: [60]}, member=0)
    panels = orders.order_panels(planted(rows))
    for more, panel in enumerate(panels):
        found = {line.name: line.points[0].tolist() for line in panel.lines}
        assert found["random"] == [5, 4 + more, 2 + more, 6 + more]
        assert found["greedy"][:2] == [5, 1 + more]
        assert found["worst"][:2] == [5, 9 + more]
    assert [panel.levels[0].value for panel in panels] == [50, 50, 60]


def test_modes_of_all_networks_are_drawn_and_their_medians_rise_with_stiffness(planted):
    stiffness = np.array([8.0, 4.0, 2.0, 0.0])
    arrays = [
        ("linear-orders", {"seed": s}, {"stiffness": stiffness, "left": 1 / (1 + stiffness + s)})
        for s in (0, 1)
    ]
    (found,) = orders.mode_errors(planted([], arrays))
    np.testing.assert_array_equal(found.stiffness, [8, 4, 2, 8, 4, 2])  # 0 has no logarithm
    np.testing.assert_allclose(found.left, 1 / np.array([9, 5, 3, 10, 6, 4]))
    many = ModeErrors("", np.arange(1.0, 101), np.arange(100.0, 0, -1))
    np.testing.assert_array_equal(parts(many)[[0, -1]], [(5.5, 95.5), (95.5, 5.5)])


def test_an_arm_that_was_run_has_pictures_with_axes_named_and_a_caption(tmp_path):
    config = replace(
        PRESETS["fast"],
        orders=OrdersConfig(
            linear_neurons=20,
            linear_rank=10,
            linear_recorded=(2, 4),
            linear_targets=3,
            linear_draws=3,
            linear_steps=5,
            linear_seeds=2,
        ),
    )
    folder = run(STUDY, config, out=tmp_path, arms=["linear-orders"], progress=False)
    contents = read_study(folder, {"name": "constrained-networks"})
    found = gallery_of("constrained-networks")(contents)
    assert [picture.name for picture in found] == ["modes", "recording-orders"]
    check_pictures(found)


@pytest.mark.slow
def test_the_names_that_figures_ask_for_are_those_that_arms_give(tmp_path):
    tiny = OrdersConfig(
        linear_neurons=20,
        linear_rank=10,
        linear_recorded=(2, 4),
        linear_targets=3,
        linear_draws=2,
        linear_steps=5,
        linear_seeds=1,
        order_recorded=(2, 5),
        order_draws=2,
        order_seeds=1,
        order_trials=1,
        order_samples=5,
    )
    small = InverseConfig(extent=1, n_steps=600, n_held_out=50, n_neurons=10)
    config = replace(CONFIG, orders=tiny, inverse=small)
    arms = [arm.name for arm in STUDY.arms if not arm.needs and arm.name != "central-complex"]
    folder = run(STUDY, config, out=tmp_path, arms=arms, progress=False)
    contents = read_study(folder, {"name": "constrained-networks"})
    found = gallery_of("constrained-networks")(contents)
    assert {picture.name for picture in found} >= {
        "task-only",
        "recorded-mse",
        "recorded-one-minus-rho",
        "recorded-parameters",
        "low-rank",
        "mismatch",
        "connectome-errors",
        "modes",
        "recording-orders",
        "inverse-weight",
        "inverse-tau",
        "inverse-rest",
        "larva-models",
        "larva-recorded",
    }
    panels = {
        "recorded": (*wiring.error_panels(contents, "mse"), *wiring.parameter_panels(contents)),
        "mismatch": departures.mismatch_panels(contents),
        "errors": departures.wrong_panels(contents),
        "orders": orders.order_panels(contents),
        "low-rank": dimension.low_rank_panels(contents),
    }
    empty = {name: [p.title for p in own if not p.lines] for name, own in panels.items()}
    assert not any(empty.values()), empty
    check_pictures(found)


def check_pictures(found: tuple[Picture, ...]):
    for picture in found:
        assert picture.caption.endswith(".")
        for ax in picture.axes.get_figure(root=True).axes:
            assert ax.get_xlabel()
        assert as_svg(picture.axes.get_figure(root=True), picture.name, picture.title)
