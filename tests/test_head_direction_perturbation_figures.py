"""Figures of perturbation: what is drawn is what was planted."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.report.studies.head_direction_perturbation import (
    drift_panels,
    gain_panels,
    pictures,
)
from planted_scores import planted_in

ABOUT = {"config": {"perturbation": {"start": 4, "factor": 0.5}}}


@pytest.fixture
def planted(tmp_path):
    return planted_in(tmp_path)


def ratio(value, name, side, *, what="the class", fit="through 0", seed=0, **at):
    here = {"rule": "mixture", "class": name, "what": what, "fit": fit, "side": side, "seed": seed}
    return ("silenced-units", "trained", "gain_ratio", value, here | at)


def drift(value, name, current, *, split="trained", what="the class", **at):
    here = {"rule": "mixture", "class": name} if name else {}
    here |= {"what": what, "current": current, "seed": 0}
    return ("stimulated-shifters", split, "drift", value, here | at)


def example(n_units, *names, true):
    angle = np.linspace(3, 3.5, 12).astype(np.float32)
    found = {"preferred": np.linspace(0.1, 6, n_units, dtype=np.float32)}
    for name in names:
        found[f"{name}/angle"] = angle
        found[f"{name}/compass"] = np.ones((12, n_units), np.float32)
    return found | ({"true": angle} if true else {})


def test_gains_keep_sides_apart_and_average_random_units_by_network(planted):
    contents = planted(
        [
            ratio(0.1, "shifter+", "v > 0"),
            ratio(0.2, "shifter+", "v > 0", seed=1),
            ratio(1.9, "shifter+", "v < 0"),
            ratio(9.0, "shifter+", "v < 0", fit="beside a drift"),
            ratio(0.6, "shifter+", "v > 0", what="random units", repeat=1),
            ratio(0.8, "shifter+", "v > 0", what="random units", repeat=2),
        ]
    )
    counter, clockwise = gain_panels(contents)
    assert counter.title == "Gain of counter-clockwise turns"
    found = {dots.name: dots.values.tolist() for dots in counter.dots}
    assert found == {
        "shifter+ silenced": [0.1, 0.2],
        "random units for shifter+": [pytest.approx(0.7)],
    }
    assert [dots.values.tolist() for dots in clockwise.dots] == [[1.9]]


def test_drifts_have_a_panel_a_class_and_the_sham_as_a_level(planted):
    contents = planted(
        [
            drift(30.0, "shifter+", 0.2),
            drift(-30.0, "shifter+", -0.2),
            drift(-25.0, "shifter-", 0.2),
            drift(2.0, "shifter-", 0.2, what="random units", repeat=1),
            drift(1.5, "", 0.0, what="sham"),
            drift(-8.0, "", 0.0, what="sham", split="untrained"),
        ]
    )
    plus, minus = drift_panels(replace(contents, scores=contents.measurements))
    assert plus.lines[0].points[:, :2].tolist() == [[-0.2, -30.0], [0.2, 30.0]]
    assert [line.name for line in minus.lines] == ["shifter-", "random units"]
    assert [level.value for level in plus.levels] == [1.5]


def test_bumps_are_drawn_also_without_compass_units_and_without_a_class(planted):
    contents = planted(
        [ratio(0.1, "shifter+", "v > 0")],
        [
            ("silenced-units", {"seed": 0}, example(0, "sham", "shifter+", true=True)),
            ("stimulated-shifters", {"seed": 0}, example(5, "sham", "shifter-", true=False)),
        ],
    )
    drawn = {picture.name: picture for picture in pictures(replace(contents, about=ABOUT))}
    assert list(drawn) == ["bump-silenced", "bump-stimulated", "gain-by-side"]
    titles = [ax.get_title(loc="left") for ax in drawn["bump-stimulated"].axes.figure.axes]
    assert titles == ["nothing done", "shifter- stimulated"]


def test_the_bump_is_drawn_at_the_heading_that_its_units_prefer(planted):
    arrays = example(4, "sham", true=False)
    arrays["preferred"] = np.radians([80, 100, 200, 350]).astype(np.float32)
    arrays["sham/compass"] = np.tile(np.array([0, 0, 1, 0], np.float32), (12, 1))
    contents = planted(
        [ratio(0.1, "shifter+", "v > 0")], [("stimulated-shifters", {"seed": 0}, arrays)]
    )
    (picture, _) = pictures(replace(contents, about=ABOUT))
    shown = np.asarray(picture.axes.images[0].get_array())[:, 0]
    np.testing.assert_array_equal(np.flatnonzero(shown), np.arange(150, 275))


def test_nothing_is_drawn_of_arms_that_were_not_run(planted):
    other = ("trained", "trained", "error", 3.0, {"seed": 0})
    assert pictures(replace(planted([other]), about=ABOUT)) == ()
