"""What is claimed of classes, and when it holds, as the spec and issue 7 have it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from neuroloom.analysis.tuning import COMPASS, SHIFTER_MINUS, SHIFTER_PLUS
from neuroloom.studies.framework import Claim, Results, Verdict, mean_interval
from neuroloom.studies.head_direction.classes.arms import OTHER_TRIALS
from neuroloom.studies.head_direction.classes.units import MIXTURE, RULES
from neuroloom.studies.head_direction.criteria import LEAST_SEEDS, most, share_interval
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED
from neuroloom.studies.head_direction.trained.config import DEFAULT

__all__ = ["CLAIMS"]

THREE = (COMPASS, SHIFTER_PLUS, SHIFTER_MINUS)
LEAST_FRACTION = 0.05
CONTROLS = (UNTRAINED, OTHER_TRIALS)


def _fractions(results: Results, split: str, rule: str, name: str) -> np.ndarray:
    at = {"rule": rule, "class": name, "trained_at": DEFAULT.speed}
    return results.values("classes", split, "fraction", at_least=LEAST_SEEDS, **at)


def judge_classes(results: Results, config: Any) -> Verdict:
    """Least share, over both rules, of seeds with all three classes; controls must have few."""
    shares, passed, said = [], True, []
    for rule in RULES:
        parts = []
        for name in THREE:
            mean, low, high = mean_interval(_fractions(results, TRAINED, rule, name))
            others = [_fractions(results, control, rule, name).mean() for control in CONTROLS]
            beside = ", ".join(f"{other:.2f}" for other in others)
            parts.append(f"{name} {mean:.2f} ({low:.2f} to {high:.2f}; {beside})")
        ours, *controls = (_all_three(results, split, rule) for split in (TRAINED, *CONTROLS))
        passed &= most(ours) and all(most(~control) for control in controls)
        shares.append(ours)
        said.append(f"{rule}: {', '.join(parts)}")
    least = min(shares, key=np.mean)
    share, low, high = share_interval(least)
    return Verdict.of(passed, share, low=low, high=high, reason="; ".join(said))


def _all_three(results: Results, split: str, rule: str) -> np.ndarray:
    found = [_fractions(results, split, rule, name) >= LEAST_FRACTION for name in THREE]
    return np.all(found, axis=0)


def judge_speed(results: Results, config: Any) -> Verdict:
    """Gain in the fraction of shifters, or in their distance, from least to largest range."""
    found, said = {}, []
    for measure, at in (("shifters", {"rule": MIXTURE}), ("separation", {})):
        curve = results.along("trained_at", "classes", TRAINED, measure, at_least=LEAST_SEEDS, **at)
        values = [curve[speed] for speed in sorted(curve)]
        n = min(len(value) for value in values)
        means = [float(value[:n].mean()) for value in values]
        gain = mean_interval(values[-1][:n] - values[0][:n])
        monotone = all(a < b for a, b in pairwise(means))
        found[measure] = (monotone and gain[1] > 0 and len(values) > 2, gain)
        listed = ", ".join(f"{mean:.2f}" for mean in means)
        said.append(f"{measure} {listed}, gain {gain[0]:.2f} ({gain[1]:.2f} to {gain[2]:.2f})")
    passed, (mean, low, high) = found["shifters"]
    if not passed and found["separation"][0]:
        passed, (mean, low, high) = found["separation"]
    return Verdict.of(passed, mean, low=low, high=high, reason="; ".join(said))


SOURCE = "Cueva, Wang, Chin and Wei (2020)"

CLAIMS = (
    Claim(
        "three-classes",
        "Training makes compass units and shifters to either side.",
        SOURCE,
        f"share of seeds in which each of the three classes has at least {LEAST_FRACTION:.0%} of "
        "the units; the lesser of both rules",
        f"at least 8 in 10 seeds by both rules, of at least {LEAST_SEEDS}, and at most 2 in 10 of "
        "each control. There are no target fractions",
        "untrained networks; headings of other trials",
        ("classes",),
        judge_classes,
    ),
    Claim(
        "range-makes-shifters",
        "Networks trained on faster turning have more shifters, or shifters further apart.",
        f"{SOURCE}, figure 5, as recalled",
        "fraction of shifters by the mixture, and distance between slopes of shifters in their SD; "
        "gain from the smallest to the largest range, paired by seed",
        "one of the two rises with every step of the range, and its 95 % interval is above 0",
        "the same seeds at the smallest range; each network is sorted in its own range",
        ("classes",),
        judge_speed,
    ),
)
