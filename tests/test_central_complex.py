"""A ring attractor from an export: signs, headings, the task, and students of a small ring."""

from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.datasets.fly_heading_rules import fly_heading_rules
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks import central_complex
from neuroloom.studies.constrained_networks.central_complex_network import (
    Ring,
    bump,
    bumps,
    ring_circuit,
    ring_network,
    task_loss,
)
from neuroloom.studies.constrained_networks.real_circuits_config import CentralComplexConfig
from neuroloom.studies.framework import Context, NoDataError

SETTINGS = CentralComplexConfig(
    teacher_steps=150, teacher_rate=0.02, n_recorded=(2, 48), n_steps=15, duration=4.0
)


@dataclass(frozen=True)
class Config:
    central_complex: CentralComplexConfig = field(default_factory=CentralComplexConfig)


@pytest.fixture(scope="module")
def ring():
    return ring_circuit(fly_heading_rules())


def test_delta7_inhibits_twice_as_strongly_and_nobody_else_does(ring):
    sender = ring.column("cell_type")[ring.pre]
    assert set(ring.count[sender == "Delta7"]) == {2.0}
    assert set(ring.count[sender != "Delta7"]) == {1.0}
    assert ((ring.sign == -1) == (sender == "Delta7")).all()
    assert "Delta7 inhibits, counted twice" in " ".join(ring.audit)


def test_headings_come_from_the_glomeruli_of_an_export():
    rules = fly_heading_rules()
    columns = {k: v for k, v in rules.neurons.items() if k != "heading_rad"}
    columns["instance"] = np.array([f"EPG(PB08)_{g}" for g in rules.column("glomerulus")])
    mine = ring_circuit(replace(rules, neurons=columns)).column("heading_rad")
    known = ring_circuit(rules).column("heading_rad")
    shown = np.isfinite(known)
    assert shown.sum() == 18
    np.testing.assert_allclose(np.exp(1j * mine[shown]), np.exp(1j * known[shown]), atol=1e-9)


def test_an_export_without_a_group_or_headings_is_refused():
    rules = fly_heading_rules()
    with pytest.raises(InputError, match="Export these types from neuPrint"):
        ring_circuit(rules.select(rules.column("cell_type") != "Delta7"))
    columns = {k: v for k, v in rules.neurons.items() if k != "heading_rad"}
    columns["instance"] = np.full(rules.n_neurons, "EPG")
    with pytest.raises(InputError, match="Give a column `heading_rad`"):
        ring_circuit(replace(rules, neurons=columns))


def test_a_bump_is_a_gaussian_around_the_ring():
    heading = np.array([0.0, 2 * np.pi - 0.1, 0.1, np.pi, np.nan])
    found = bump(heading, 0.0, 3 / 16)
    assert found[0] == 1
    assert found[1] == pytest.approx(found[2])
    assert found[1] == pytest.approx(np.exp(-0.5 * (0.1 / (2 * np.pi * 3 / 16)) ** 2))
    assert found[4] == 0


def test_a_ring_that_already_does_what_is_asked_has_no_loss(ring):
    task = bumps(ring, SETTINGS)
    assert np.isnan(np.asarray(task.targets)[:, :30]).all()  # nothing is asked before 3 s
    assert not np.asarray(task.inputs)[:, 5:].any()
    network = ring_network(ring, SETTINGS)
    one = Ring(network, jnp.zeros(60), jnp.asarray(1.0), jnp.ones(60), 0.1)
    weight, key = jnp.ones(16), jax.random.key(0)
    asked = ~jnp.isnan(task.targets)
    done = task._replace(targets=jnp.where(asked, one.rates(task.inputs), jnp.nan))
    assert float(task_loss(one, done, weight, key)) == pytest.approx(0, abs=1e-12)
    off = task._replace(targets=done.targets + 0.5)
    # 0.25 for the bump, 0.25 for the mean; cosine and sine of an even ring nearly cancel
    assert float(task_loss(one, off, weight, key)) == pytest.approx(0.5, rel=0.02)


def test_without_an_export_there_is_no_data(tmp_path):
    (cell, *_) = central_complex.ARM.cells(Config())
    with pytest.raises(NoDataError, match="Export EPG, EPGt, PEN, Delta7 and PEG"):
        central_complex.ARM.measure(cell, Config(), Context(tmp_path / "c", tmp_path))


def test_another_export_is_another_cell(tmp_path):
    cells = []
    for text in ("one", "two"):
        (tmp_path / "neurons.csv").write_text(text)
        config = Config(CentralComplexConfig(export=str(tmp_path), n_seeds=1))
        cells += central_complex.ARM.cells(config)
    assert cells[0] != cells[1]


@pytest.mark.slow
def test_students_of_a_small_ring_that_see_most_neurons_predict_the_others(ring, rng):
    rows = central_complex.teacher_and_students(ring, SETTINGS, rng).rows
    mse = {
        (row.at["model"], row.at["n_recorded"]): row.value
        for row in rows
        if (row.split, row.measure) == ("unrecorded", "mse")
    }
    assert mse["wiring", 48] < 0.5 * mse["untrained", 48]
    assert mse["wiring", 48] < mse["wiring", 2]
    assert mse["wiring", 48] < mse["rewire", 48]
