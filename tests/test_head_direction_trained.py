"""Claims on trained networks, judged on made-up rows."""

import numpy as np
import pytest

from head_direction_rows import results
from neuroloom.errors import InputError
from neuroloom.studies.framework import NotTestedError
from neuroloom.studies.head_direction.config import PRESETS, HeadDirectionConfig
from neuroloom.studies.head_direction.criteria import most, share_interval
from neuroloom.studies.head_direction.trained.arms import BLIND, HOLD, TRAINED
from neuroloom.studies.head_direction.trained.claims import (
    judge_integrates,
    judge_precise,
    judge_range,
)
from neuroloom.studies.head_direction.trained.config import TrainedConfig

CONFIG = PRESETS["paper"]


def rows(errors, blind=80.0, held=150.0, trained_at=1.0, tested_at=1.0):
    """Rows of networks with these errors in %."""
    found = []
    for seed, error in enumerate(errors):
        at = {"seed": seed, "trained_at": trained_at, "tested_at": tested_at}
        for n_steps, factor in ((500, 1), (1000, 2)):
            here = at | {"n_steps": n_steps}
            values = ((TRAINED, factor * error), (BLIND, blind), (HOLD, held))
            found += [("trained", split, "error", value, here) for split, value in values]
        for measure in ("drift", "drift_all_trial"):
            found.append(("trained", TRAINED, measure, 1.0, at | {"n_steps": 500}))
    return found


def test_integration_needs_a_small_error_and_one_below_every_control():
    found = judge_integrates(results(*rows([2, 3, 4, 5])), CONFIG)
    assert (found.outcome, found.value) == ("pass", 3.5)
    assert "7.0 % at 1000 steps" in found.reason
    assert judge_integrates(results(*rows([2, 3, 4, 40])), CONFIG).outcome == "fail"
    assert judge_integrates(results(*rows([2, 3, 4, 5], blind=4.5)), CONFIG).outcome == "fail"
    with pytest.raises(NotTestedError, match="3 values"):
        judge_integrates(results(*rows([2, 3, 4])), CONFIG)


def test_precision_asks_for_eight_seeds_of_ten():
    for n_good, outcome in ((8, "pass"), (7, "fail")):
        found = judge_precise(results(*rows([2.9] * n_good + [3.1] * (10 - n_good))), CONFIG)
        assert found.outcome == outcome
        assert found.value == pytest.approx(n_good / 10)
        assert found.low < found.value < found.high


def test_range_of_training_compares_a_network_with_itself():
    def both(outside):
        inside = [*rows([3, 4], trained_at=0.1, tested_at=0.1), *rows([3, 4])]
        return results(
            *inside,
            *rows(outside, trained_at=0.1, tested_at=3.0),
            *rows([60, 90], tested_at=3.0),
        )

    found = judge_range(both([30, 30]), CONFIG)
    assert (found.outcome, found.value) == ("pass", 7.5)
    assert judge_range(both([30, 3.9]), CONFIG).outcome == "fail"


def test_shares_have_the_interval_of_wilson():
    agree = np.array([True] * 9 + [False])
    share, low, high = share_interval(agree)
    z = 1.959964
    for end in (low, high):  # the score test is at its bound there
        assert abs(share - end) / np.sqrt(end * (1 - end) / 10) == pytest.approx(z)
    assert most(agree)
    assert share_interval(np.array([True] * 4))[2] == pytest.approx(1)


def test_configs_refuse_what_cannot_be_trained():
    with pytest.raises(InputError, match="Leave it out for the default"):
        HeadDirectionConfig(n_seeds=0)
    with pytest.raises(InputError, match="Leave it out for the preset's value"):
        TrainedConfig(n_updates=0)
    with pytest.raises(InputError, match="1 is the published range"):
        TrainedConfig(speeds=(0.0, 1.0))
