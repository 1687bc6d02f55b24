"""Perturbed networks in the study: a ring whose shifters are known, and one with wrong labels."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.studies.framework import Cell, NotTestedError, Results
from neuroloom.studies.head_direction.classes.units import MIXTURE, RULES
from neuroloom.studies.head_direction.config import HeadDirectionConfig
from neuroloom.studies.head_direction.perturbation.arms import PUSHED, SILENCED, STIMULATED
from neuroloom.studies.head_direction.perturbation.claims import CLAIMS
from neuroloom.studies.head_direction.perturbation.config import PerturbationConfig
from neuroloom.studies.head_direction.perturbation.silencing import silenced_example, silenced_rows
from neuroloom.studies.head_direction.perturbation.stimulating import (
    pushed_rows,
    stimulated_example,
    stimulated_rows,
)
from neuroloom.studies.head_direction.perturbation.subjects import (
    Subject,
    held,
    mirrored,
    with_readout,
)
from turning_ring import ANGLE, CLASSES, N, turning_ring

NUMBERS = PerturbationConfig(
    n_trials=20,
    n_steps=150,
    start=30,
    n_resamples=100,
    n_sets=2,
    n_strata=2,
    n_headings=8,
    n_held=40,
    currents=(-1.0, 1.0),
    current=1.0,
    n_targets=4,
)
CONFIG = HeadDirectionConfig(first_seed=0, perturbation=NUMBERS)
SEEDS = range(4)
SWAPPED = np.select(
    [CLASSES == "shifter+", CLASSES == "shifter-"], ["shifter-", "shifter+"], CLASSES
)


def subject(classes):
    return Subject(turning_ring(), dict.fromkeys(RULES, classes), np.tile(ANGLE, 3))


def rows_of(classes):
    """Of every arm."""
    mine, rng = subject(classes), np.random.default_rng(0)
    inputs, velocity = mirrored(0, CONFIG)
    few = {"rng": rng, "rules": (MIXTURE,)}
    return {
        SILENCED: silenced_rows("trained", mine, inputs, velocity, NUMBERS, **few),
        STIMULATED: stimulated_rows("trained", mine, NUMBERS, **few),
        PUSHED: pushed_rows("trained", mine, NUMBERS, **few),
    }


@pytest.fixture(scope="module")
def rows():
    return rows_of(CLASSES)


@pytest.fixture(scope="module")
def swapped():
    return rows_of(SWAPPED)


def judged(rows, seeds=SEEDS):
    """Outcomes by claim, where every seed has the same rows."""
    measured = {Cell.of(arm, seed=s): found for arm, found in rows.items() for s in seeds}
    before = [row for row in rows[SILENCED] if row.measure == "gain"]
    untrained = [type(row)("untrained", "gain", 0.0, "", row.at) for row in before]
    measured |= {
        cell: [*found, *untrained] for cell, found in measured.items() if cell.arm == SILENCED
    }
    results = Results.of(measured, ("seed", "member", "repeat"))
    return {claim.id: claim.judge(results, CONFIG) for claim in CLAIMS}


def test_claims_hold_on_a_ring_whose_shifters_are_known(rows):
    found = judged(rows)
    assert {name: one.outcome for name, one in found.items()} == dict.fromkeys(found, "pass")
    assert found["silencing-shifters"].value < 0.3
    assert found["stimulating-shifters"].value > 20
    assert found["pushing-compass"].value > 5


def test_claims_on_shifters_fail_where_their_labels_are_exchanged(swapped):
    found = judged(swapped)
    assert found["silencing-shifters"].outcome == "fail"
    assert found["stimulating-shifters"].outcome == "fail"
    assert found["pushing-compass"].outcome == "pass"


def test_fewer_than_four_networks_are_not_enough(rows):
    with pytest.raises(NotTestedError, match="3 networks"):
        judged(rows, range(3))


def test_random_units_are_as_many_and_their_overlap_is_told(rows):
    at = {"what": "random units", "class": "shifter+"}
    overlap = [
        r for r in rows[SILENCED] if r.measure == "of_the_class" and at.items() <= r.at.items()
    ]
    assert [r.at["repeat"] for r in overlap] == [1, 2]
    assert all(0.1 < r.value < 0.9 for r in overlap)


def test_weakened_shifters_lose_less_than_silenced_ones(rows):
    def ratio(what):
        (one,) = (
            r.value
            for r in rows[SILENCED]
            if r.measure == "gain_ratio"
            and {
                "what": what,
                "class": "shifter-",
                "fit": "through 0",
                "side": "v < 0",
            }.items()
            <= r.at.items()
        )
        return one

    assert ratio("the class") + 0.1 < ratio("the class, weakened") < 1


def test_mirror_images_turn_as_much_to_either_side():
    inputs, velocity = mirrored(0, CONFIG)
    assert inputs.shape == (20, 150, 3)
    assert velocity.sum() == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(velocity[1::2], -velocity[::2], atol=1e-7)
    shown = np.asarray(inputs)[:, 0, 1:]
    np.testing.assert_allclose(shown[1::2], shown[::2] * np.array([-1, 1]))
    assert np.abs(velocity).mean() > 0.01


def test_held_trials_show_a_heading_and_then_nothing():
    inputs = np.asarray(held(4, 30))
    shown = np.degrees(np.arctan2(inputs[:, 0, 1], inputs[:, 0, 2])) % 360
    np.testing.assert_allclose(shown, [45, 135, 225, 315], atol=1e-4)
    assert (inputs[:, 10:] == 0).all()
    assert (inputs[..., 0] == 0).all()


def test_a_readout_finds_the_heading_in_rates_that_have_it():
    inputs, velocity = mirrored(0, CONFIG)
    shown = np.asarray(inputs)[:, :1, 1:]
    heading = np.arctan2(shown[..., 0], shown[..., 1]) + np.cumsum(velocity, axis=1)
    mute = dataclasses.replace(turning_ring(), output_weight=jnp.zeros((2, 3 * N)))
    done = Subject(with_readout(mute, inputs, heading), {}, np.zeros(3 * N)).run(inputs)
    off = np.degrees(np.abs(np.angle(np.exp(1j * (done.angle - heading)))))[:, 30:]
    assert off.mean() < 25
    assert not mute.output_weight.any()


def test_examples_hold_the_bump_with_and_without():
    mine = subject(CLASSES)
    inputs, velocity = mirrored(0, CONFIG)
    found = silenced_example(mine, inputs, velocity, NUMBERS)
    assert found["true"].shape == found["sham/angle"].shape == (150,)
    assert found["shifter-/compass"].shape == (150, N)
    assert (np.diff(found["preferred"]) > 0).all()
    assert found["compass/compass"][-1].max() == 0 < found["sham/compass"][-1].max()
    off = np.angle(np.exp(1j * (found["sham/angle"] - found["true"])))
    assert np.degrees(np.abs(off[30:])).mean() < 40
    assert stimulated_example(mine, NUMBERS)["shifter+/angle"].shape == (70,)


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"current": 3.0}, "Add it"),
        ({"n_trials": 3}, "must be even"),
        ({"start": 500}, "within the trial"),
        ({"n_pushed": 500}, "Lengthen"),
    ],
)
def test_errors_say_what_to_do(change, instruction):
    with pytest.raises(InputError, match=instruction):
        PerturbationConfig(**change)
