"""Arms of the head-direction study on networks that are built by hand."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.networks import TaskNetwork, all_to_all
from neuroloom.studies.head_direction.anatomy.arms import pair_rows
from neuroloom.studies.head_direction.anatomy.circuits import as_circuit
from neuroloom.studies.head_direction.classes.arms import class_rows, separation
from neuroloom.studies.head_direction.classes.units import (
    MIXTURE,
    PUBLISHED,
    Activity,
    sorted_units,
)
from neuroloom.studies.head_direction.config import PRESETS
from neuroloom.studies.head_direction.sweep.arms import motifs

FAST = PRESETS["fast"]
SHIFT = 45.0  # deg
PREFERRED = np.radians(np.arange(0.0, 360.0, 15.0))
CLASSES = np.repeat(["compass", "shifter+", "shifter-"], len(PREFERRED))


def planted_activity(seed=0):
    """Rates of a compass and of two rings of shifters that have what they should have."""
    rng = np.random.default_rng(seed)
    velocity = 0.05 * rng.normal(size=(60, 200))
    heading = np.cumsum(velocity, axis=1) + rng.uniform(0, 2 * np.pi, (60, 1))
    bump = np.exp(2 * (np.cos(heading[:, :, None] - PREFERRED) - 1))
    turn = (velocity / 0.05)[:, :, None]
    rates = np.concatenate(
        [0.9 * bump, 0.5 * bump * (1 + 0.3 * turn), 0.5 * bump * (1 - 0.3 * turn)], 2
    )
    rates = np.maximum(rates + 0.01 * rng.normal(size=rates.shape), 0)
    return Activity(heading % (2 * np.pi), heading % (2 * np.pi), velocity, rates)


@pytest.fixture(scope="module")
def units():
    config = replace(FAST.classes, n_draws=99)
    return sorted_units(planted_activity(), config, rng=np.random.default_rng(0))


def planted_network():
    """Every class excites the compass: straight ahead, and 45 deg ahead to its own side."""
    n = len(CLASSES)
    network = TaskNetwork.from_connectome(
        all_to_all(n), n_inputs=3, n_outputs=2, key=jax.random.key(0)
    )
    around = np.tile(PREFERRED, 3)
    shift = {"compass": 0.0, "shifter+": SHIFT, "shifter-": -SHIFT}
    ahead = around + np.radians([shift[name] for name in CLASSES])
    weight = np.where(
        (CLASSES == "compass")[:, None], np.cos(around[:, None] - ahead[None, :]), 0.0
    )
    return network.with_weight(jnp.asarray(weight))


def test_planted_classes_and_directions_are_found_by_both_rules(units):
    for rule in (PUBLISHED, MIXTURE):
        np.testing.assert_array_equal(units.classes[rule], CLASSES)
    away = np.angle(np.exp(1j * (units.tuning.preferred - np.tile(PREFERRED, 3))))
    assert np.median(np.abs(np.degrees(away))) < 5
    rows = {(r.at.get("rule"), r.at.get("class")): r.value for r in class_rows("trained", units)}
    assert rows[MIXTURE, "shifter+"] == pytest.approx(1 / 3)
    assert separation(units) > 5


def test_a_planted_shift_is_found_on_its_own_side(units):
    circuit = as_circuit(planted_network(), np.tile(PREFERRED, 3), units, MIXTURE, "planted")
    rng = np.random.default_rng(0)
    rows = pair_rows("trained", MIXTURE, circuit, FAST.anatomy, rng=rng)
    found = {(r.at["pre"], r.at["post"]): r.value for r in rows if r.measure == "shift"}
    assert found["shifter+", "compass"] == pytest.approx(SHIFT, abs=0.5)
    assert found["shifter-", "compass"] == pytest.approx(-SHIFT, abs=0.5)
    assert found["compass", "compass"] == pytest.approx(0, abs=0.5)
    empty = {(r.at["pre"], r.at["post"]): r.value for r in rows if r.measure == "sharpness"}
    assert empty["compass", "shifter+"] == 0  # no weights, no profile


def test_motifs_are_seen_where_they_are_planted_and_not_where_sides_are_exchanged(units):
    circuit = as_circuit(planted_network(), np.tile(PREFERRED, 3), units, MIXTURE, "planted")
    rng = np.random.default_rng(0)
    assert motifs(circuit, 39, rng=rng) == {"compass ring": True, "opposite shifts": True}
    names = {"compass": "compass", "shifter+": "shifter-", "shifter-": "shifter+"}
    exchanged = replace(circuit, classes=np.array([names[name] for name in circuit.classes]))
    assert not motifs(exchanged, 39, rng=rng)["opposite shifts"]
    dealt = [replace(circuit, preferred=rng.permutation(circuit.preferred)) for _ in range(4)]
    rings = [motifs(one, 19, rng=rng)["compass ring"] for one in dealt]
    assert sum(rings) <= 1  # one in twenty by chance
