"""Claims on classes, anatomy and settings of training, judged on made-up rows."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from head_direction_rows import results
from neuroloom.errors import InputError
from neuroloom.studies.framework import NotTestedError
from neuroloom.studies.head_direction.anatomy.arms import OWN_WEIGHTS, REWIRED, SHUFFLED
from neuroloom.studies.head_direction.anatomy.claims import (
    judge_centered,
    judge_local,
    judge_opposite,
    judge_ring,
)
from neuroloom.studies.head_direction.anatomy.config import AnatomyConfig
from neuroloom.studies.head_direction.classes.arms import OTHER_TRIALS
from neuroloom.studies.head_direction.classes.claims import judge_classes, judge_speed
from neuroloom.studies.head_direction.classes.config import ClassesConfig
from neuroloom.studies.head_direction.classes.units import MIXTURE, RULES
from neuroloom.studies.head_direction.config import PRESETS
from neuroloom.studies.head_direction.sweep.claims import judge_everywhere, judge_regularization
from neuroloom.studies.head_direction.sweep.config import SweepConfig
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED
from neuroloom.studies.head_direction.trained.config import DEFAULT

CONFIG = PRESETS["fast"]
THREE = ("compass", "shifter+", "shifter-")


def class_rows(trained=(0.3, 0.3, 0.3), untrained=(0.8, 0.0, 0.0), n=4):
    """The same fractions in every seed and by both rules."""
    found = []
    for split, fractions in ((TRAINED, trained), (UNTRAINED, untrained), (OTHER_TRIALS, (0, 0, 0))):
        for seed in range(n):
            for rule in RULES:
                for name, fraction in zip(THREE, fractions, strict=True):
                    at = {"seed": seed, "trained_at": 1.0, "rule": rule, "class": name}
                    found.append(("classes", split, "fraction", fraction, at))
    return results(*found)


def test_three_classes_must_be_together_and_in_no_control():
    found = judge_classes(class_rows(), CONFIG)
    assert (found.outcome, found.value) == ("pass", 1.0)
    assert "compass 0.30" in found.reason
    assert "0.80, 0.00" in found.reason
    assert judge_classes(class_rows(trained=(0.04, 0.3, 0.3)), CONFIG).outcome == "fail"
    assert judge_classes(class_rows(untrained=(0.3, 0.3, 0.3)), CONFIG).outcome == "fail"
    with pytest.raises(NotTestedError, match="3 values"):
        judge_classes(class_rows(n=3), CONFIG)


def range_rows(shifters, separation):
    found = []
    for speed, fraction, apart in zip((0.1, 1.0, 3.0), shifters, separation, strict=True):
        for seed in range(4):
            at = {"seed": seed, "trained_at": speed}
            jitter = 0.01 * seed * speed
            found += [
                ("classes", TRAINED, "shifters", fraction + jitter, at | {"rule": MIXTURE}),
                ("classes", TRAINED, "separation", apart + jitter, at),
            ]
    return results(*found)


def test_shifters_or_their_distance_must_rise_with_every_step_of_the_range():
    assert judge_speed(range_rows((0.1, 0.4, 0.5), (1, 3, 2)), CONFIG).outcome == "pass"
    assert judge_speed(range_rows((0.1, 0.5, 0.4), (1, 2, 3)), CONFIG).outcome == "pass"
    assert judge_speed(range_rows((0.1, 0.5, 0.4), (1, 3, 2)), CONFIG).outcome == "fail"
    assert judge_speed(range_rows((0.5, 0.4, 0.1), (3, 2, 1)), CONFIG).outcome == "fail"


def pair_rows(
    shifts=(0.0, 40.0, -40.0),
    *,
    p=(0.01, 0.01),
    before=0.0,
    centered=0.4,
    near=0.0,
    back=(0.0, 0.0),
    n=4,
):
    """Profiles to compass units with these shifts, and from them, in every seed and both rules."""
    found = []
    for seed in range(n):
        for rule in RULES:
            sides = [("compass", post, shift) for post, shift in zip(THREE[1:], back, strict=True)]
            sides += [(pre, "compass", shift) for pre, shift in zip(THREE, shifts, strict=True)]
            for pre, post, shift in sides:
                at = {"seed": seed, "rule": rule, "pre": pre, "post": post}
                jitter = shift + 2 * (seed - (n - 1) / 2)
                aside = 0.5 * np.sin(np.radians(shift))
                values = {"n_pairs": 90.0, "shift": jitter, "sideways": aside, "centered": centered}
                for null, chance in zip((SHUFFLED, REWIRED), p, strict=True):
                    values |= {f"p_sharpness, {null}": chance, f"p_sideways, {null}": chance}
                found += [("anatomy", TRAINED, name, value, at) for name, value in values.items()]
                sign = np.sign(shift)
                for split in (UNTRAINED, OWN_WEIGHTS):
                    found += [
                        ("anatomy", split, "sideways", sign * before, at),
                        ("anatomy", split, "centered", near, at),
                    ]
    return results(*found)


def test_opposite_shifts_have_each_its_own_sign_beyond_every_null():
    found = judge_opposite(pair_rows(), CONFIG)
    assert (found.outcome, found.value) == ("pass", 1.0)
    assert "+40 deg" in found.reason
    assert "-40 deg" in found.reason
    wrong = {
        "exchanged": pair_rows((0.0, -40.0, 40.0)),
        "one side": pair_rows((0.0, 40.0, 40.0)),
        "shuffled": pair_rows(p=(0.2, 0.01)),
        "rewired": pair_rows(p=(0.01, 0.2)),
        "untrained": pair_rows(before=0.4),
    }
    for name, rows in wrong.items():
        assert judge_opposite(rows, CONFIG).outcome == "fail", name


def test_a_compass_ring_is_sharp_highest_near_0_and_not_shifted():
    assert judge_ring(pair_rows(), CONFIG).outcome == "pass"
    assert judge_ring(pair_rows((20.0, 40.0, -40.0)), CONFIG).outcome == "fail"
    assert judge_ring(pair_rows(centered=-0.2), CONFIG).outcome == "fail"
    assert judge_ring(pair_rows(p=(0.2, 0.01)), CONFIG).outcome == "fail"


def test_compass_units_must_send_straight_to_both_shifters():
    found = judge_centered(pair_rows(back=(1.0, -2.0)), CONFIG)
    assert found.outcome == "pass"
    assert found.value == pytest.approx(-2.0)
    assert judge_centered(pair_rows(back=(1.0, -30.0)), CONFIG).outcome == "fail"


def test_local_excitation_is_held_against_weights_before_training():
    found = judge_local(pair_rows(centered=0.4), CONFIG)
    assert (found.outcome, found.value) == ("pass", pytest.approx(0.4))
    assert judge_local(pair_rows(centered=0.4, near=0.5), CONFIG).outcome == "fail"
    assert judge_local(pair_rows(centered=-0.1, near=-0.5), CONFIG).outcome == "fail"


def sweep_rows(default=1.0, without=0.0, solved=1.0, n=4):
    found = []
    for penalty, motif, learned in ((0.01, default, 1.0), (0.0, without, solved)):
        for seed in range(n):
            at = asdict(replace(DEFAULT, activity_penalty=penalty)) | {"seed": seed}
            found.append(("sweep", TRAINED, "solved", learned, at))
            for name in ("compass ring", "opposite shifts"):
                found.append(("sweep", TRAINED, "has_motif", motif, at | {"motif": name}))
    return results(*found)


def test_the_metabolic_cost_is_needed_if_the_motif_is_rarer_without_it():
    found = judge_regularization(sweep_rows(), CONFIG)
    assert (found.outcome, found.value) == ("pass", 1.0)
    assert judge_regularization(sweep_rows(without=1.0), CONFIG).outcome == "fail"
    with pytest.raises(NotTestedError, match="2 values"):
        judge_regularization(sweep_rows(n=2), CONFIG)


def test_the_motif_is_asked_for_where_the_task_is_learned_only():
    assert judge_everywhere(sweep_rows(), CONFIG).outcome == "fail"
    assert judge_everywhere(sweep_rows(solved=0.0), CONFIG).outcome == "pass"


def test_configs_refuse_nulls_that_cannot_reach_their_level():
    with pytest.raises(InputError, match="Leave it out for the preset's value"):
        ClassesConfig(n_draws=50)
    with pytest.raises(InputError, match="Leave it out for the preset's value"):
        AnatomyConfig(n_draws=10)
    with pytest.raises(InputError, match="Leave them out for the preset's values"):
        SweepConfig(n_draws=10)
