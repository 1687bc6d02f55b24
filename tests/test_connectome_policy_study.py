"""The connectome-policy study: a tiny cell of each arm, and judges on made-up rows."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks.policies import flatten
from neuroloom.studies.connectome_policy import claims, wiring_claims
from neuroloom.studies.connectome_policy.bodies import body
from neuroloom.studies.connectome_policy.config import (
    PORTED,
    PRESETS,
    SIMPLE,
    WIRED,
    WiringConfig,
)
from neuroloom.studies.connectome_policy.controllers import (
    circuit_of,
    controller,
    drawn_wiring,
    simple_controller,
)
from neuroloom.studies.connectome_policy.elsewhere import on_body, with_share_cut, without_class
from neuroloom.studies.connectome_policy.off_domain_arm import FINAL
from neuroloom.studies.connectome_policy.realism_arm import LEVELS
from neuroloom.studies.connectome_policy.statistics_arm import CONTROLS
from neuroloom.studies.connectome_policy.study import STUDY
from neuroloom.studies.framework import Cell, Context, NotTestedError, Results, Row, run

pytest.importorskip("mujoco", reason="bodies need the extra `control`")
pytest.importorskip("cma", reason="CMA-ES needs the extra `control`")

FAST = PRESETS["fast"]
TINY = replace(
    FAST,
    n_seeds=1,
    first_seed=0,
    wiring=replace(FAST.wiring, n_steps=6, n_generations=2, probe_every=1, n_probes=1),
    statistics=replace(FAST.statistics, population=4, elites=1, n_generations=1, n_steps=3),
    realism=replace(FAST.realism, population=4, n_shared=1, n_single=1, n_steps=2, n_seeds=1),
    off_domain=replace(FAST.off_domain, population=4, n_generations=1, n_steps=3, n_images=20),
    cheap=replace(FAST.cheap, n_generations=1, n_probes=1),
)


def measured(cell, tmp_path, config=TINY):
    found = STUDY.arm(cell.arm).measure(cell, config, Context(tmp_path / "c", tmp_path))
    return found, {(r.split, r.measure, r.at.get("condition")): r.value for r in found.rows}


@pytest.mark.parametrize("name", ["real", "linear, joint angles", "linear, joints alike"])
def test_a_cell_learns_and_is_tried_elsewhere(name, tmp_path):
    cell = Cell.of("wiring", circuit="worm-motor-segments", wiring=name, draw=0, seed=0)
    found, value = measured(cell, tmp_path)
    assert value["search", "env_steps_spent", None] == 2 * 16 * 6
    assert ("afterwards", "return", "noise 0.3") in value
    wired = name == "real"
    fits = name != "linear, joint angles"
    assert value["search", "parameters", None] == (14 if wired else 9 if fits else 25)
    assert (("afterwards", "return", "10 links") in value) is fits
    assert ("afterwards", "return", "30% of weights cut") in value
    # What has no such cells loses nothing without them.
    lost = value["afterwards", "return", "without VD"] - value["afterwards", "return", "as learned"]
    assert (lost == 0) is not wired
    assert found.arrays["state"].shape == (6, 16)
    assert ("dorsal" in found.arrays) is wired
    curve = [row for row in found.rows if row.measure == "return" and row.split == "search"]
    assert [row.at["env_steps"] for row in curve] == [0, 96, 192]


def test_a_longer_body_and_another_circuit_are_learned(tmp_path):
    config = replace(TINY, wiring=replace(TINY.wiring, long=("real",), other=("random",)))
    for arm, circuit in (("long-body", "worm-motor-segments"), ("other-circuit", "worm-motor")):
        (cell,) = STUDY.cells(config, (arm,))
        assert cell["circuit"] == circuit
        _, value = measured(cell, tmp_path, config)
        assert np.isfinite(value["search", "final", None])
        assert value["search", "parameters", None] == 14
        assert ("afterwards", "return", "as learned") not in value
        (tmp_path / "c").unlink()


@pytest.mark.parametrize("arm", ["statistics", "realism"])
def test_other_arms_measure_their_cells(arm, tmp_path):
    cells = STUDY.cells(TINY, (arm,))
    _, value = measured(cells[0], tmp_path)
    split = "search" if arm == "statistics" else "each weight"
    assert np.isfinite(value[split, "final", None])
    assert value[split, "parameters", None] > 484


def test_levels_are_screened_where_ports_are_anatomical(tmp_path):
    config = replace(TINY, realism=replace(TINY.realism, n_shared=3, ports=("anatomical",)))
    cell = STUDY.cells(config, ("realism",))[0]
    _, value = measured(cell, tmp_path, config)
    assert value["shared weights", "screened_steps", None] == 1 * 4 * 2
    assert value["shared weights", "env_steps_spent", None] == 2 * 4 * 2
    assert value["shared weights", "parameters", None] == 12
    assert value["each weight", "parameters", None] == 370 + 114 + 89 + 7
    with pytest.raises(InputError, match="anatomcal"):
        replace(TINY.realism, ports=("anatomcal",))


@pytest.mark.parametrize("task", ["half-cheetah", "digits"])
def test_off_its_domain_the_circuit_learns_too(task, tmp_path):
    pytest.importorskip("gymnasium", reason="the cheetah is Gymnasium's")
    cells = STUDY.cells(TINY, ("off-domain",))
    cell = next(c for c in cells if (c["task"], c["network"]) == (task, "rewired"))
    _, value = measured(cell, tmp_path)
    assert np.isfinite(value["search", "final", None])
    assert (("held out", "accuracy", None) in value) is (task == "digits")


def test_every_arm_has_its_cells():
    by_arm = {arm.name: len(STUDY.cells(FAST, (arm.name,))) for arm in STUDY.arms}
    assert by_arm == {
        "wiring": 50,
        "long-body": 0,
        "other-circuit": 0,
        "realism": len(LEVELS) * 2 * 2,
        "statistics": 5 * 2,
        "off-domain": 8,
        "ncap-swim": 10,
        "cheap-baseline": 10,
    }
    paper = STUDY.cells(PRESETS["paper"], ("wiring",))
    drawn = [name for name in WIRED + PORTED if name != "real"]
    assert len(paper) == 10 * (1 + 3 * len(drawn) + len(SIMPLE))
    assert len(STUDY.cells(PRESETS["paper"], ("long-body",))) == 10 * (1 + 3 + 2)
    assert len(STUDY.cells(PRESETS["paper"], ("other-circuit",))) == 10 * (1 + 3 + 3)


@pytest.mark.parametrize("name", [name for name in WIRED + PORTED if name != "real"])
def test_nulls_differ_from_the_circuit_and_from_each_other(name):
    circuit, task = circuit_of("worm-motor-segments"), body(6, 5)
    real = controller(circuit, "real", task, seed=1)
    one, other = (controller(circuit, name, task, seed=1, draw=draw) for draw in (0, 1))

    def looks(policy):
        wiring, ports = policy.wiring, policy.ports
        parts = (wiring.pre, wiring.post, policy.sign, policy.magnitude, ports.sensory)
        gaps = (policy.junctions.pre, policy.junctions.post)
        return b"".join(np.asarray(part).tobytes() for part in (*parts, *gaps))

    assert len({looks(real), looks(one), looks(other)}) == 3
    again = controller(circuit, name, task, seed=1, draw=0)
    assert looks(again) == looks(one)


def test_all_circuits_begin_alike():
    circuit, task = circuit_of("worm-motor-segments"), body(6, 5)
    first = flatten(controller(circuit, "real", task, seed=0))[0]
    for name in ("rewired", "random", "ports across classes"):
        np.testing.assert_array_equal(first, flatten(controller(circuit, name, task, seed=3))[0])


def test_the_same_circuit_fits_other_bodies_and_loses_classes():
    circuit, task = circuit_of("worm-motor-segments"), body(6, 5)
    policy = controller(circuit, "real", task, seed=0)
    longer = on_body(policy, drawn_wiring(circuit, "real", 0, 0), body(9, 5))
    assert (longer.n_observations, longer.n_actions) == (20, 8)
    np.testing.assert_array_equal(longer.log_weight, policy.log_weight)
    cut = without_class(policy, circuit, "VD")
    gone = circuit.column("cell_type") == "VD"
    pre, post = np.asarray(cut.wiring.pre), np.asarray(cut.wiring.post)
    np.testing.assert_array_equal(cut.magnitude == 0, gone[pre] | gone[post])
    random = with_share_cut(policy, 0.3, rng=np.random.default_rng(0))
    n = len(policy.magnitude)
    assert int((random.magnitude == 0).sum()) == round(0.3 * n)
    np.testing.assert_array_equal(*random.gap_magnitude.reshape(2, -1))
    assert 0.25 < (random.gap_magnitude == 0).mean() < 0.35
    np.testing.assert_array_equal(flatten(random)[0], flatten(policy)[0])
    with pytest.raises(InputError, match="has no XX"):
        without_class(policy, circuit, "XX")


def test_weights_that_joints_share_fit_other_bodies_and_are_cut_at_each_joint(rng):
    task, longer = body(6, 5), body(9, 5)
    alike = simple_controller("linear, joints alike", task, seed=0)
    alike = eqx.tree_at(lambda p: p.weight, alike, jnp.arange(1.0, 10.0))
    moved = on_body(alike, None, longer)
    assert (moved.n_observations, moved.n_actions) == (20, 8)
    np.testing.assert_array_equal(moved.weight, alike.weight)
    ncap = simple_controller("NCAP, joints alike", task, seed=0)
    assert on_body(ncap, None, longer).n_actions == 8
    for name in ("linear, joint angles", "NCAP", "recurrent"):
        assert on_body(simple_controller(name, task, seed=0), None, longer) is None
    cut = with_share_cut(alike, 0.4, rng=rng)
    assert int((cut.weight == 0).sum()) == 10
    whole = alike.written_out().weight
    np.testing.assert_array_equal(cut.weight, np.where(cut.weight == 0, 0, whole))
    assert int((flatten(with_share_cut(ncap, 0.5, rng=rng))[0] == 0).sum()) == 15


@pytest.mark.parametrize("name", SIMPLE)
def test_simple_controllers_fit_the_body(name):
    task = body(6, 5)
    policy = simple_controller(name, task, seed=0)
    _, action = policy(policy.initial(), jnp.zeros(14))
    assert action.shape == (5,)


def test_unknown_arms_are_refused():
    with pytest.raises(InputError, match="rewierd"):
        WiringConfig(wirings=("real", "rewierd"))


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


def test_places_are_kept_where_the_name_says_so():
    circuit = circuit_of("worm-motor-segments")
    for name, columns in (
        ("rewired, segments kept", ("segment",)),
        ("rewired, sides and segments kept", ("side_dv", "segment")),
    ):
        null = drawn_wiring(circuit, name, 1, 0)

        def ends(wiring, columns=columns):
            places = [[wiring.column(c)[end].astype(str) for c in columns]
                      for end in (wiring.pre, wiring.post)]  # fmt: skip
            return sorted(zip(*places[0], *places[1], wiring.sign.tolist(), strict=True))

        assert ends(null) == ends(circuit)
        assert ends(drawn_wiring(circuit, "rewired", 1, 0)) != ends(circuit)


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


@pytest.mark.slow
def test_a_run_leaves_its_figures(tmp_path):
    from neuroloom.report import write_report

    config = replace(TINY, n_seeds=2)
    folder = run(STUDY, config, out=tmp_path, progress=False)
    write_report(folder)
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert {
        "circuit-1",
        "classes-1",
        "learning-curves",
        "returns",
        "gaits",
        "afterwards-1",
        "ncap",
    } <= drawn
    assert {"statistics", "realism", "off-domain", "digits"} <= drawn
