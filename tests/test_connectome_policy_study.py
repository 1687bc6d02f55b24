"""The connectome-policy study: a tiny cell of each arm, its controllers and its figures."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks.policies import flatten, n_parameters
from neuroloom.studies.connectome_policy.bodies import body
from neuroloom.studies.connectome_policy.config import (
    PORTED,
    PRESETS,
    SIMPLE,
    TUNED,
    WIRED,
    Tuned,
    WiringConfig,
)
from neuroloom.studies.connectome_policy.controllers import (
    circuit_of,
    controller,
    drawn_wiring,
    simple_controller,
)
from neuroloom.studies.connectome_policy.elsewhere import on_body, with_share_cut, without_class
from neuroloom.studies.connectome_policy.realism_arm import LEVELS
from neuroloom.studies.connectome_policy.study import STUDY
from neuroloom.studies.framework import Cell, Context, run

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
        "realism": len(LEVELS) * 2,
        "statistics": 5,
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


def test_what_was_tuned_reaches_controller_and_search(tmp_path, monkeypatch):
    task = body(6, 5)
    assert list(TUNED) == list(SIMPLE)
    for name in ("perceptron", "recurrent"):
        small, large = (
            simple_controller(name, task, seed=0, tuned=Tuned(1.0, units)) for units in (4, 8)
        )
        assert n_parameters(small) < n_parameters(large)
        assert n_parameters(simple_controller(name, task, seed=0)) == n_parameters(
            simple_controller(name, task, seed=0, tuned=TUNED[name])
        )
        loud = simple_controller(name, task, seed=0, tuned=Tuned(1.0, gain=5.0))
        assert loud.gain == 5
    found = {}
    for sigma in (0.01, 3.0):
        monkeypatch.setitem(TUNED, "linear, joint angles", Tuned(sigma))
        cell = Cell.of(
            "wiring", circuit="worm-motor-segments", wiring="linear, joint angles", draw=0, seed=0
        )
        one, _ = measured(cell, tmp_path)
        found[sigma] = np.abs(one.arrays["action"]).max()
        (tmp_path / "c").unlink()
    assert found[0.01] < 0.1 < found[3.0]


def test_unknown_arms_are_refused():
    with pytest.raises(InputError, match="rewierd"):
        WiringConfig(wirings=("real", "rewierd"))


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
