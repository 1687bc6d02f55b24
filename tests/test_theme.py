"""Figures: legible in both themes, the same bytes twice, and matplotlib left as it was."""

import re
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from neuroloom.report.contents import WiringTable
from neuroloom.report.figures.calibration import effect_calibration, probability_calibration
from neuroloom.report.figures.curves import Ranking, precision_recall_curves, roc_curves
from neuroloom.report.figures.intervals import (
    coverage_by_level,
    interval_widths,
    unrecorded_traces,
)
from neuroloom.report.figures.matrices import natural_order, response_matrix, wiring_matrix
from neuroloom.report.figures.neurons import neuron_scores, with_enough_data
from neuroloom.report.figures.nulls import null_comparison
from neuroloom.report.figures.plan import plan_curve
from neuroloom.report.figures.scores import arm_scores, strata_scores
from neuroloom.report.figures.traces import Trace, activity_traces
from neuroloom.report.figures.uncertainty import coverage_by_observations, spread_and_error
from neuroloom.report.records import CoverageAt, NeuronScore, PlannedNeuron, Score
from neuroloom.report.theme import COLORS, as_png, as_svg, for_page, label, new_axes
from neuroloom.report.wording import headline

RNG = np.random.default_rng(0)
SCORES = [
    Score("default", "pooled", "auroc", "", 0.75, 0.7, 0.8, 10.0),
    Score("null: rewire", "pooled", "auroc", "", 0.6, 0.58, 0.62, 2.0),
    Score("baseline: mean", "pooled", "auroc", "", 0.5, np.nan, np.nan, 10.0),
]
NEURONS = [NeuronScore(f"N{i}", "responder", "auroc", i / 50, 50.0) for i in range(50)]
NAMES = np.array(["a", "b", "c"])
WIRING = WiringTable(
    NAMES,
    pre=np.array([0, 1, 2]),
    post=np.array([1, 2, 2]),
    kind=np.array([0, 0, 1]),
    count=np.array([5, 2, 1]),
    sign=np.array([1, 0, 0]),
)
LABELS = RNG.random(80) < 0.3
RANKINGS = [
    Ranking("default", RNG.random(80) + LABELS, LABELS),
    Ranking("baseline: mean", RNG.random(80), LABELS),
    Ranking("null: rewire", RNG.random(80), LABELS),
]
TIME = np.arange(30.0)
WAVE = np.sin(TIME)
TRACES = [Trace("a", WAVE, WAVE, WAVE - 1, WAVE + 1)]
LEVELS = [CoverageAt(0.5, 0.55, 0.5, 0.6, 0.2, 20.0), CoverageAt(0.9, 0.9, 0.85, 0.95, 0.5, 20.0)]
PLANNED = [PlannedNeuron(1.0, "AVAL", 0.8, 0.5, 0.7, 0.6, 0.75, 0.81)]
FIGURES = {
    "arm_scores": lambda ax: arm_scores(headline(SCORES), ax),
    "strata_scores": lambda ax: strata_scores({"1-3": SCORES, "4-7": SCORES[:1]}, ax),
    "null_comparison": lambda ax: null_comparison(SCORES[0], SCORES[1:2], ax),
    "effect": lambda ax: effect_calibration(RNG.random(50), RNG.random(50), "dF/F", ax),
    "probability": lambda ax: probability_calibration(RNG.random(80), LABELS, ax),
    "roc": lambda ax: roc_curves(RANKINGS, ax),
    "precision_recall": lambda ax: precision_recall_curves(RANKINGS, ax),
    "response": lambda ax: response_matrix(RNG.random((3, 3)), NAMES, NAMES, "x", limit=1.0, ax=ax),
    "wiring": lambda ax: wiring_matrix(WIRING, NAMES, NAMES, ax=ax),
    "neurons": lambda ax: neuron_scores(NEURONS, ax=ax),
    "traces": lambda ax: activity_traces(TIME, TRACES, ax),
    "spread": lambda ax: spread_and_error(RNG.random(80), RNG.random(80), "dF/F", ax),
    "coverage": lambda ax: coverage_by_observations(LABELS, RNG.integers(1, 20, 80), 0.95, ax),
    "levels": lambda ax: coverage_by_level(LEVELS, ax),
    "widths": lambda ax: interval_widths(RNG.random(5), RNG.random(9), "dF/F", ax),
    "unrecorded": lambda ax: unrecorded_traces(TIME, TRACES, "dF/F", ax),
    "plan": lambda ax: plan_curve(PLANNED, "dF/F", ax),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_on_the_axes_it_is_given_or_on_new_ones(name):
    given = new_axes()
    assert FIGURES[name](given) is given
    new = FIGURES[name](None)
    assert new is not given
    assert new.get_xlabel()


@pytest.mark.parametrize("name", FIGURES)
def test_every_color_of_a_figure_follows_the_theme_or_is_data(name):
    page = for_page(as_svg(FIGURES[name](None).figure, name, name), name)
    fixed = set(re.findall(r"#[0-9a-f]{6}\b", re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", page)))
    # Rings on colored cells are black in both themes; a key of the wiring has its own color.
    allowed = {"#000000"} if name == "response" else set()
    if name == "wiring":
        allowed = {"#5b3ca0", *re.findall(r"fill: (#[0-9a-f]{6})", page)}
    assert fixed <= allowed


def contrast(one, other):
    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_text_has_enough_contrast_in_both_themes(place):
    for name, pair in COLORS.items():
        if name not in ("paper", "grid", "band", "absent"):
            assert contrast(pair[place], COLORS["paper"][place]) >= 4.5, name


def test_the_light_colors_are_all_different():
    light = [pair[0] for pair in COLORS.values()]
    assert len(set(light)) == len(light)


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    before = dict(mpl.rcParams)
    figure = arm_scores(headline(SCORES)).figure
    as_svg(figure, "scores", "scores")
    as_png(figure)
    assert dict(mpl.rcParams) == before


def test_the_same_figure_is_the_same_svg_twice():
    one, other = (as_svg(FIGURES["wiring"](None).figure, "wiring", "Wiring") for _ in range(2))
    assert one == other


def test_a_name_cannot_break_out_of_the_svg():
    name = '</text><script>alert("x")</script>&'
    ax = neuron_scores([NeuronScore(name, "responder", "auroc", v, 9.0) for v in (0.1, 0.9)])
    ax.set_title(name)
    svg = as_svg(ax.figure, "n", name)
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert "script" not in tags
    assert "<script" not in for_page(svg, "n")


def test_an_svg_for_the_page_keeps_only_ids_it_refers_to_and_prefixes_them():
    page = for_page(as_svg(FIGURES["roc"](None).figure, "roc", "ROC"), "roc")
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert ids
    assert all(one.startswith("roc-") for one in ids)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', page)) == set(ids)


def test_labels_are_printable_and_cut():
    assert label("a\nb") == "a\N{REPLACEMENT CHARACTER}b"
    assert label("x" * 50, 10) == "x" * 9 + "…"


def test_names_with_numbers_stand_in_natural_order():
    names = np.array(["VB10", "AVAR", "VB2", "AVAL", "12", "3"])
    assert names[natural_order(names)].tolist() == ["3", "12", "AVAL", "AVAR", "VB2", "VB10"]


def test_wiring_is_drawn_from_the_column_to_the_row():
    ax = wiring_matrix(WIRING, NAMES, NAMES)
    signed, unsigned = (np.ma.filled(image.get_array(), np.nan) for image in ax.images)
    assert np.argwhere(np.isfinite(signed)).tolist() == [[1, 0]]
    assert signed[1, 0] > 0
    assert np.argwhere(np.isfinite(unsigned)).tolist() == [[2, 1]]


def test_an_electrical_connection_rings_both_directions():
    wiring = WiringTable(
        NAMES,
        pre=np.array([0]),
        post=np.array([2]),
        kind=np.array([1]),
        count=np.array([1]),
        sign=np.array([0]),
    )
    ax = wiring_matrix(wiring, NAMES, NAMES)
    rings = next(line for line in ax.lines if line.get_label() == "electrical")
    assert sorted(map(tuple, np.array(rings.get_data()).T.tolist())) == [(0, 2), (2, 0)]


def test_neurons_with_few_entries_are_not_named_best():
    lucky = NeuronScore("lucky", "responder", "auroc", 1.0, 3.0)
    kept = with_enough_data([*NEURONS, lucky])
    assert lucky not in kept
    assert [row.value for row in kept] == sorted((row.value for row in NEURONS), reverse=True)


def test_the_roc_curve_rises_above_chance_for_a_perfect_score():
    perfect = Ranking("default", LABELS.astype(float), LABELS)
    ax = roc_curves([perfect])
    line = next(line for line in ax.lines if line.get_label().startswith("this model"))
    assert line.get_label() == "this model 1.000"
    assert [0.0, 1.0] in np.column_stack(line.get_data()).tolist()


def test_coverage_is_the_share_inside_by_stratum():
    inside = np.array([True, False, True, True])
    ax = coverage_by_observations(inside, np.array([1, 1, 5, 20]), 0.9)
    dots = ax.lines[-1].get_data()
    assert dots[1].tolist() == [50.0, 100.0, 100.0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [
        "1\n(2)",
        "4–7\n(1)",
        "16 or more\n(1)",
    ]


def test_traces_are_in_units_of_the_measured_deviation():
    measured = np.array([0.0, 2.0, 0.0, 2.0])
    nothing = np.full(4, np.nan)
    trace = Trace("a", measured, measured + 1, nothing, nothing)
    ax = activity_traces(np.arange(4.0), [trace])
    assert ax.lines[0].get_ydata().tolist() == [-1.0, 1.0, -1.0, 1.0]
    assert ax.lines[1].get_ydata().tolist() == [0.0, 2.0, 0.0, 2.0]
