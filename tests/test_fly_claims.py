"""Claims on the animal, judged on made-up rows."""

from functools import partial

import numpy as np
import pytest

from head_direction_rows import results
from neuroloom.studies.framework import NotTestedError
from neuroloom.studies.head_direction.animal.activity_arm import (
    CONDITIONS,
    EXACT,
    EXCHANGED,
    FLY_MAPS,
    FLY_ONLY,
    GAINED,
    HELD,
    MEASURED,
    NAME,
    NULL,
    PEN1,
    SPLIT,
    TRAINED,
)
from neuroloom.studies.head_direction.animal.arms import ARMS
from neuroloom.studies.head_direction.animal.circuits import RULES
from neuroloom.studies.head_direction.animal.claims import (
    CLAIMS,
    judge_follows,
    judge_lead,
    judge_resemblance,
    judge_wired,
)
from neuroloom.studies.head_direction.animal.ensembles import FLY, MAPS, ONLY, REWIRED
from neuroloom.studies.head_direction.animal.resemblance import (
    DEFAULT_NETWORK,
    UNTRAINED,
    arm_of,
    network_settings,
)
from neuroloom.studies.head_direction.animal.wired_arms import ALL_TO_ALL, EVERYTHING
from neuroloom.studies.head_direction.classes.units import RULES as CLASS_RULES
from neuroloom.studies.head_direction.config import PRESETS

CONFIG = PRESETS["paper"]


def alike(own, others=0.1, p=0.01, n_bad=0):
    """Rows of default networks and of every other kind, in both rules of classes."""
    arm, found = arm_of(RULES), []
    kinds = [UNTRAINED, *(k for k in network_settings(CONFIG) if k != DEFAULT_NETWORK)]
    for rule in CLASS_RULES:
        for seed, value in enumerate(own):
            at = {"network": DEFAULT_NETWORK, "seed": seed}
            found.append((arm, rule, "mean correlation", value, at))
            for null in ("shuffled preferred", "rewired"):
                chance = 0.5 if seed < n_bad else p
                found.append((arm, rule, "p", chance, at | {"null": null}))
        for kind in kinds:
            for seed in range(5):
                at = {"network": kind, "seed": seed}
                found.append((arm, rule, "mean correlation", others + 0.01 * seed, at))
    return results(*found)


def test_resemblance_must_be_above_every_null_and_on_ten_seeds():
    own = np.linspace(0.5, 0.7, 10)
    judge = partial(judge_resemblance, RULES)
    found = judge(alike(own), CONFIG)
    assert (found.outcome, found.value) == ("pass", pytest.approx(0.6))
    assert judge(alike(own, n_bad=2), CONFIG).outcome == "pass"
    assert judge(alike(own, n_bad=3), CONFIG).outcome == "fail"
    assert judge(alike(own, others=0.6), CONFIG).outcome == "fail"
    with pytest.raises(NotTestedError, match="where 10 are needed"):
        judge(alike(own[:9]), CONFIG)


def test_every_other_setting_of_the_study_is_a_null():
    names = set(network_settings(CONFIG))
    assert {"activation relu", "noise 0.0", "speed 3.0", "speed 0.1"} <= names
    assert DEFAULT_NETWORK in names
    assert len(names) == 12


def wired(fly, null):
    found = []
    for what in (ONLY, MAPS):
        for seed, (a, b) in enumerate(zip(fly, null, strict=True)):
            at = {"trained_part": what, "n_steps": 500, "seed": seed}
            found += [("fly-wired-rules", FLY, "error", a, at)]
            found += [("fly-wired-rules", REWIRED, "error", b, at)]
    at = {"trained_part": EVERYTHING, "n_steps": 500, "seed": 0}
    return results(*found, ("fly-wired-rules", ALL_TO_ALL, "error", 2.0, at))


def test_the_flys_wiring_must_be_below_the_rewired_one_in_most_seeds():
    judge = partial(judge_wired, RULES)
    found = judge(wired([20, 30, 25, 40], [80, 60, 50, 80]), CONFIG)
    assert (found.outcome, found.value) == ("pass", pytest.approx(0.4375))
    assert judge(wired([20, 30, 25, 90], [80, 60, 50, 80]), CONFIG).outcome == "fail"
    with pytest.raises(NotTestedError):
        judge(wired([20, 30], [80, 60]), CONFIG)


def followed(measure, own, other):
    """Ten flies; all models but the one in question have the other value."""
    found = []
    for condition in CONDITIONS:
        for fly in range(10):
            for model in (TRAINED, HELD, EXCHANGED, EXACT, GAINED, NULL, PEN1):
                value = own if model == TRAINED else other
                at = {"fly": f"f{fly}", "model": model, "condition": condition}
                found.append((NAME, SPLIT, measure, value + 0.01 * fly, at))
    return results(*found)


@pytest.mark.parametrize(("measure", "good"), [("heading error", 5.0), ("bump match", 50.0)])
def test_following_is_a_small_error_or_a_good_match(measure, good):
    bad = 55.0 - good
    judge = partial(judge_follows, TRAINED, measure)
    assert judge(followed(measure, good, bad), CONFIG).outcome == "pass"
    assert judge(followed(measure, bad, good), CONFIG).outcome == "fail"
    assert judge(followed(measure, good, good), CONFIG).value == 1.0


def leading(values):
    return results(
        *(
            (NAME, SPLIT, "lead", value, {"fly": f"f{k}", "model": model, "region": "EB"})
            for model, own in values.items()
            for k, value in enumerate(own)
        )
    )


def test_a_lead_is_asked_of_flies_and_of_every_kind_of_network():
    ahead = {model: np.full(9, 20.0) for model in (MEASURED, TRAINED, FLY_ONLY, FLY_MAPS)}
    assert judge_lead(leading(ahead), CONFIG).outcome == "pass"
    for model in ahead:
        assert judge_lead(leading(ahead | {model: np.full(9, -20.0)}), CONFIG).outcome == "fail"
        assert judge_lead(leading(ahead | {model: np.zeros(9)}), CONFIG).outcome == "fail"


def test_every_claim_rests_on_an_arm_and_data_that_may_not_ship_are_named():
    names = {arm.name for arm in ARMS}
    assert all(set(claim.arms) <= names for claim in CLAIMS)
    needs = {arm.name: arm.needs for arm in ARMS if arm.needs}
    assert needs == {
        "fly-resemblance-fafb": ("fly-cx-fafb",),
        "fly-wired-fafb": ("fly-cx-fafb",),
        "fly-activity": ("fly-heading",),
    }
