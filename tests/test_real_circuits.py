"""The arms on real circuits: planted parameters are found, and criteria judge as they say."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.studies.constrained_networks import larva
from neuroloom.studies.constrained_networks.larva_networks import (
    TypeParameters,
    by_type,
    signed_by_type,
)
from neuroloom.studies.constrained_networks.real_circuits import ARMS, CLAIMS
from neuroloom.studies.constrained_networks.real_circuits_config import (
    IntegratorConfig,
    LarvaConfig,
)
from neuroloom.studies.constrained_networks.zebrafish import arm as zebrafish
from neuroloom.studies.constrained_networks.zebrafish.students import (
    bursts,
    started,
    teacher_network,
)
from neuroloom.studies.framework import Cell, Context, NoDataError, NotTestedError, Results, Row

LARVA = LarvaConfig(n_recorded=(2, 16), n_null_draws=1, nulls=("rewire",), n_odors=3, n_steps=10)


@dataclass(frozen=True)
class Config:
    integrator: IntegratorConfig = field(default_factory=IntegratorConfig)
    larva: LarvaConfig = field(default_factory=lambda: LARVA)


@pytest.fixture
def context(tmp_path):
    return Context(tmp_path / "checkpoint", tmp_path, tmp_path / "no data here")


def test_students_that_see_all_cells_but_one_find_the_teacher(rng, context):
    n, settings = 12, IntegratorConfig(duration=6.0, pulses=(0.5, 3.0), n_steps=40)
    post, pre = np.nonzero(rng.random((n, n)) < 0.4)
    shares = Connectome(
        neuron_id=np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), int),
        count=rng.uniform(0.05, 0.3, len(pre)),
        sign=np.where(pre < 2, -1, 1),
        count_unit="mean_synapses",
    )
    gain = np.exp(rng.normal(0, 0.3, n))
    teacher = teacher_network(shares, settings, gain)
    trial = bursts(teacher, settings)
    truth = np.asarray(trial.targets[0])
    masks = [np.arange(n) < m for m in (1, 11)]
    starts = [started(teacher, mask, settings, rng) for mask in masks]
    students = zebrafish._trained(starts, trial, settings, context)
    before = ((zebrafish._states(starts[1], trial) - truth)[:, 11] ** 2).mean()
    few, most = (((zebrafish._states(s, trial) - truth)[:, 11] ** 2).mean() for s in students)
    assert most < 1e-4 * before
    assert most < few
    np.testing.assert_array_equal(students[1].network.strength, teacher.strength)


def test_parameters_by_type_are_found_where_nothing_scatters_within_types(context, rng):
    settings = LarvaConfig(n_odors=3, within_type_sd=0.0, n_steps=20)
    circuit = signed_by_type(larva.larva_mushroom_body("left"), settings.inhibitory)
    names = tuple(np.unique(circuit.column("cell_type")).tolist())
    truth = TypeParameters(names, np.array([0.7, 1.3, 0.9, 1.1]), np.array([0.3, -0.5, 0.2, 0.1]))
    scale = larva.weight_scale(circuit, settings.radius)
    trials = larva._trials(by_type(circuit, truth, settings, scale=scale), circuit, settings, rng)
    blank = by_type(circuit, TypeParameters(names, np.ones(4), np.zeros(4)), settings, scale=scale)
    everyone = np.ones(circuit.n_neurons, bool)
    (found,) = larva._learned(blank, trials, [everyone], settings, names, context)
    np.testing.assert_allclose(found.gain[:3], truth.gain[:3], rtol=1e-3)
    assert found.gain[3] == 1.0  # PNs receive nothing here: no recording can find their gain
    assert larva._heard(circuit).tolist() == [True, True, True, False]
    np.testing.assert_allclose(found.bias, truth.bias, atol=1e-3)


@pytest.mark.slow
def test_the_larva_is_measured_beside_its_controls(context):
    cell = Cell.of("larva", seed=0)
    measured = larva.ARM.measure(cell, Config(), context)
    results = Results.of({cell: measured.rows}, ("seed", "draw"))
    right = {
        model: results.values(larva.ARM.name, larva.RIGHT, "mse", model=model, **at)[0]
        for model, at in (
            ("wiring", {"n_recorded": 16}),
            ("rewire", {"n_recorded": 16}),
            ("untrained", {}),
            ("true types", {}),
            ("own mean", {}),
            ("left type course", {}),
        )
    }
    assert right["true types"] < right["untrained"]
    (own,) = results.values(larva.ARM.name, larva.RIGHT, "r2", model="own mean")
    assert own == pytest.approx(0, abs=1e-9)
    assert measured.arrays["predicted"].shape == measured.arrays["truth"].shape == (30, 213)
    assert any("inhibit" in note for note in measured.notes)


def larva_verdict(claim, wiring, rewired, n_seeds=5):
    """The verdict on mean squared errors that are given, one a seed."""
    cells = {
        Cell.of("larva", seed=seed): [
            Row(larva.RIGHT, "mse", w, "", {"model": "wiring", "n_recorded": 32}),
            *(
                Row(larva.RIGHT, "mse", r, "", {"model": "rewire", "n_recorded": 32, "draw": i})
                for i, r in enumerate(rewired)
            ),
        ]
        for seed, w in enumerate(wiring)
    }
    chosen = next(c for c in CLAIMS if c.id == claim)
    config = Config(larva=LarvaConfig(n_seeds=n_seeds))
    return chosen.judge(Results.of(cells, ("seed", "draw")), config)


def test_the_larva_must_beat_the_best_draw_in_every_seed():
    assert larva_verdict("larva-rewired", [1.0] * 5, [2.0, 1.5]).outcome == "pass"
    failed = larva_verdict("larva-rewired", [1.0] * 4 + [1.6], [2.0, 1.5])
    assert failed.outcome == "fail"
    assert failed.value == pytest.approx(1.6 / 1.5)
    with pytest.raises(NotTestedError, match=r"^at this size: 3 seeds, where 5 are needed"):
        larva_verdict("larva-rewired", [1.0] * 3, [2.0], n_seeds=3)


def fish_verdict(own, untrained, rewired):
    at = {"n_recorded": 64}
    rows = {
        Cell.of("zebrafish-students", seed=seed): [
            Row("unrecorded", "mse", value, "", {"model": "wiring", **at}),
            Row("unrecorded", "mse", untrained, "", {"model": "untrained", "n_recorded": 0}),
            Row("unrecorded", "mse", rewired, "", {"model": "rewire", **at}),
            Row("unrecorded", "mse", rewired, "", {"model": "rewire_within_type", **at}),
        ]
        for seed, value in enumerate(own)
    }
    chosen = next(c for c in CLAIMS if c.id == "zebrafish-students")
    return chosen.judge(Results.of(rows, ("seed",)), Config())


def test_the_fish_must_beat_untrained_tenfold_and_null_wirings_twofold_in_every_seed():
    assert fish_verdict([0.9, 0.8, 0.5], 10.0, 2.0).outcome == "pass"
    assert fish_verdict([0.9, 1.1, 0.5], 10.0, 5.0).outcome == "fail"
    assert fish_verdict([0.9, 0.8, 0.5], 10.0, 1.5).outcome == "fail"


def test_without_the_fishs_files_its_arms_have_no_data(context):
    for arm in ARMS:
        if arm.needs:
            with pytest.raises(NoDataError, match="Put the 7 files"):
                arm.measure(arm.cells(Config())[0], Config(), context)


def test_scores_of_states_tell_scale_from_shape(rng):
    truth = rng.normal(size=(40, 5))
    found = zebrafish.state_scores(-2 * truth, truth)
    assert found["1-rho"] == pytest.approx(2)
    assert found["1-|rho|"] == pytest.approx(0)
    assert found["mse"] == pytest.approx(9 * (truth**2).mean())


def test_every_claim_names_an_arm_and_ids_are_unique():
    names = {arm.name for arm in ARMS}
    assert all(set(claim.arms) <= names for claim in CLAIMS)
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)


DATA = Path(__file__).resolve().parents[1].parent / "shared/data"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the project")
def test_students_on_the_fishs_wiring_predict_cells_that_they_never_saw(tmp_path):
    config = Config(integrator=IntegratorConfig(n_recorded=(64,), n_steps=30))
    context = Context(tmp_path / "checkpoint", tmp_path, DATA)
    cell = Cell.of("zebrafish-students", seed=0)
    rows = zebrafish.ARM.measure(cell, config, context).rows
    mse = {
        row.at["model"]: row.value
        for row in rows
        if (row.split, row.measure) == ("unrecorded", "mse")
    }
    assert mse["wiring"] < 0.1 * mse["untrained"]
    assert mse["theory"] < mse["wiring"]
    assert mse["wiring"] < mse["rewire"]
