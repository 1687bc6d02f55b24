"""Judges of the connectome-policy study on made-up rows."""

import numpy as np
import pytest

from neuroloom.studies.connectome_policy import claims, wiring_claims
from neuroloom.studies.connectome_policy.config import PRESETS
from neuroloom.studies.connectome_policy.off_domain_arm import FINAL
from neuroloom.studies.connectome_policy.realism_arm import LEVELS
from neuroloom.studies.connectome_policy.statistics_arm import CONTROLS
from neuroloom.studies.connectome_policy.study import STUDY
from neuroloom.studies.framework import Cell, NotTestedError, Results, Row

FAST = PRESETS["fast"]


def made(rows):
    cells = {}
    for arm, split, measure, value, at in rows:
        coordinates = {
            k: v for k, v in at.items() if k in ("wiring", "draw", "seed", "level", "ports")
        }
        coordinates |= {k: v for k, v in at.items() if k in ("network", "task")}
        rest = {k: v for k, v in at.items() if k not in coordinates}
        cells.setdefault(Cell.of(arm, **coordinates), []).append(
            Row(split, measure, value, "", rest)
        )
    return Results.of(cells, STUDY.replicates)


def wiring_rows(means, measure, split="search", n=10, **at):
    rng = np.random.default_rng(0)
    return [
        (
            "wiring",
            split,
            measure,
            mean + rng.normal(),
            {"wiring": name, "draw": 0, "seed": s, **at},
        )
        for name, mean in means.items()
        for s in range(n)
    ]


@pytest.mark.parametrize(
    ("means", "outcome"),
    [
        ({"real": 100, "rewired": 50, "random": 20}, "pass"),
        ({"real": 50, "rewired": 100, "random": 20}, "fail"),
        ({"real": 100, "rewired": 20, "random": 50}, "fail"),
        ({"real": 100, "rewired": 100, "random": 20}, "fail"),
    ],
)
def test_the_order_is_judged_at_both_steps(means, outcome):
    rows = wiring_rows(means, "area") + wiring_rows(means, "final")
    verdict = wiring_claims.judge_order(made(rows), FAST)
    assert verdict.outcome == outcome
    with pytest.raises(NotTestedError, match="10 are needed"):
        wiring_claims.judge_order(made(wiring_rows(means, "area", n=9)), FAST)


@pytest.mark.parametrize(("linear", "outcome"), [(400, "fail"), (20, "pass")])
def test_a_better_baseline_is_said_plainly(linear, outcome):
    means = {"real": 200, "linear, joints alike": 10, "linear, joint angles": linear}
    verdict = wiring_claims.judge_simple(made(wiring_rows(means, "final")), FAST)
    assert verdict.outcome == outcome
    assert "linear, joint angles" in verdict.reason


@pytest.mark.parametrize(("lead", "outcome"), [(50, "pass"), (-50, "fail")])
def test_worth_is_the_lead_on_everything_in_one_setting(lead, outcome):
    linear = "linear, joint angles"
    rows = wiring_rows({"real": 10, linear: 60}, "return", "afterwards", condition="as learned")
    rows += wiring_rows(
        {"real": 60, "rewired": 5, linear: 60 - lead}, "return", "afterwards", condition="noise 1"
    )
    verdict = wiring_claims.judge_worth(made(rows), FAST)
    assert verdict.outcome == outcome
    assert f"noise 1 60 ({lead:+.0f}" in verdict.reason.replace("49", "50").replace("51", "50")


def test_a_setting_without_a_simple_controller_does_not_count():
    means = {"real": 60, "rewired": 10}
    rows = wiring_rows(means, "return", "afterwards", condition="without VD")
    with pytest.raises(NotTestedError, match="no simple controller"):
        wiring_claims.judge_worth(made(rows), FAST)
    even = {"real": 60, "linear, joint angles": 60}
    rows += wiring_rows(even, "return", "afterwards", condition="noise 1")
    verdict = wiring_claims.judge_worth(made(rows), FAST)
    assert verdict.outcome == "fail"
    assert "not counted: without VD" in verdict.reason


def test_fewer_samples_and_longer_bodies_are_settings_too():
    rows = []
    for step, real in ((0, 90), (64_000, 90), (128_000, 10), (192_000, 90)):
        means = {"real": real, "linear, joint angles": 50}
        rows += wiring_rows(means, "return", env_steps=step)
    verdict = wiring_claims.judge_worth(made(rows), FAST)
    assert verdict.outcome == "pass"
    assert verdict.reason.count("thousand steps") == 2
    assert "after 64 thousand steps 90" in verdict.reason
    worse = [(*row[:3], row[3] - 100 * (row[4].get("env_steps") == 64_000 and
              row[4]["wiring"] == "real"), row[4]) for row in rows]  # fmt: skip
    assert wiring_claims.judge_worth(made(worse), FAST).outcome == "fail"
    long = [
        ("long-body", *row[1:2], "final", 500.0 if row[4]["wiring"] == "real" else 50.0,
         {k: v for k, v in row[4].items() if k != "env_steps"})
        for row in rows if row[4]["env_steps"] == 0
    ]  # fmt: skip
    long = [(*row[:3], row[3] + row[4]["seed"], row[4]) for row in long]
    verdict = wiring_claims.judge_worth(made(worse + long), FAST)
    assert verdict.outcome == "pass"
    assert "learned in a longer body 504" in verdict.reason


@pytest.mark.parametrize(("other", "outcome"), [(10, "pass"), (60, "fail")])
def test_alignment_is_told_from_wiring(other, outcome):
    means = {"ports across classes": 60, "rewired, ports across classes": other}
    verdict = wiring_claims.judge_alignment(made(wiring_rows(means, "area")), FAST)
    assert verdict.outcome == outcome
    assert ("alignment" in verdict.reason) is (outcome == "fail")


@pytest.mark.parametrize(("kept", "outcome"), [(80, "pass"), (20, "fail")])
def test_what_keeping_places_adds_is_told_in_parts_of_the_lead(kept, outcome):
    means = dict.fromkeys(wiring_claims.KEPT, 20) | {"real": 100, "rewired": 20}
    means["rewired, sides and segments kept"] = kept
    verdict = wiring_claims.judge_places(made(wiring_rows(means, "area")), FAST)
    assert verdict.outcome == outcome
    assert ("75% of the lead" in verdict.reason) is (kept == 80)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [((800, 100, 150), "pass"), ((740, 100, 150), "fail"), ((800, 160, 150), "fail")],
)
def test_ncap_is_judged_by_its_worst_seed(values, outcome):
    names = (claims.BUILT, claims.NO_OSCILLATOR, claims.NO_STRETCH)
    rows = [
        (claims.SWIM, name, "return", value if s == 0 else usual, {"seed": s})
        for name, value, usual in zip(names, values, (800, 100, 150), strict=True)
        for s in range(3)
    ]
    assert claims.judge_swim(made(rows), FAST).outcome == outcome


def test_statistics_and_levels_are_judged_in_their_order():
    rng = np.random.default_rng(1)
    rows = [
        ("statistics", "search", "final", mean + rng.normal(), {"network": name, "seed": s})
        for name, mean in zip(CONTROLS, (146, 96, 64), strict=True)
        for s in range(10)
    ]
    assert claims.judge_statistics(made(rows), FAST).outcome == "pass"
    rows = [
        ("realism", "each weight", measure, mean + rng.normal(),
         {"level": level, "wiring": wiring, "ports": "learned", "seed": s})
        for measure, slope in (("initial", 5), ("final", 0))
        for wiring in ("real", "rewired")
        for mean, level in ((slope * n, level) for n, level in enumerate(LEVELS))
        for s in range(10)
    ]  # fmt: skip
    assert claims.judge_initial(made(rows), FAST).outcome == "pass"
    with pytest.raises(NotTestedError):
        claims.judge_anatomical_initial(made(rows), FAST)
    moved = [(*row[:4], {**row[4], "ports": "anatomical"}) for row in rows]
    assert claims.judge_anatomical_initial(made(moved), FAST).outcome == "pass"
    assert claims.judge_final(made(rows), FAST).outcome == "pass"
    far = [(*row[:3], row[3] + 50 * (row[4]["level"][0] == "2"), row[4]) for row in rows]
    assert claims.judge_final(made(far), FAST).outcome == "fail"


@pytest.mark.parametrize(
    ("real", "outcome"), [((100, 0.2), "pass"), ((400, 0.2), "fail"), ((100, 0.9), "fail")]
)
def test_off_its_domain_the_circuit_is_held_against_a_perceptron(real, outcome):
    rng = np.random.default_rng(2)
    rows = [
        ("off-domain", *where, scale * (mean + 0.02 * rng.normal()),
         {"task": task, "network": network, "seed": s})
        for (task, scale), mine in zip((("half-cheetah", 300), ("digits", 1)), real, strict=True)
        for network, best in (("real", mine / scale), ("rewired", 0.1), ("perceptron", 0.8))
        for where, mean in ((("search", "initial"), 0.05), (FINAL[task], best))
        for s in range(10)
    ]  # fmt: skip
    # What was seen in the search does not count.
    rows += [
        ("off-domain", "search", "final", 9.0, {"task": "digits", "network": network, "seed": s})
        for network in ("real", "rewired", "perceptron") for s in range(10)
    ]  # fmt: skip
    verdict = claims.judge_off_domain(made(rows), FAST)
    assert verdict.outcome == outcome
    assert verdict.reason.count("rewired") == 2


@pytest.mark.parametrize(("slowest", "outcome"), [(9.0, "pass"), (11.0, "fail")])
def test_the_cheap_baseline_is_judged_by_its_slowest_seed(slowest, outcome):
    rows = [
        (claims.CHEAP, claims.LINEAR, name, slowest if name == "cpu_seconds" and s == 4 else value,
         {"seed": s})
        for name, value in (
            ("cpu_seconds", 4.0), ("reached", 1.0), ("env_steps_spent", 5e4), ("final", 320.0)
        )
        for s in range(5)
    ]  # fmt: skip
    assert claims.judge_cheap(made(rows), FAST).outcome == outcome
