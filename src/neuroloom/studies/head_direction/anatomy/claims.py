"""What is claimed of anatomy, and when it holds, as the spec and issue 7 have it."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroloom.analysis.anatomy import mean_angle
from neuroloom.analysis.tuning import COMPASS, SHIFTER_MINUS, SHIFTER_PLUS
from neuroloom.studies.framework import Claim, NotTestedError, Results, Verdict, mean_interval
from neuroloom.studies.head_direction.anatomy.arms import DECODED, OWN_WEIGHTS, REWIRED, SHUFFLED
from neuroloom.studies.head_direction.classes.units import MIXTURE, RULES
from neuroloom.studies.head_direction.criteria import LEAST_SEEDS, most, share_interval
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED

__all__ = ["CLAIMS", "opposite"]

LEVEL = 0.05
PRIMARY = MIXTURE
"""Judged by this rule; the other stands beside it."""
NULLS = (SHUFFLED, REWIRED)
BEFORE = (UNTRAINED, OWN_WEIGHTS)


def _of(
    results: Results, measure: str, rule: str, pre: str, post: str, split: str = TRAINED
) -> np.ndarray:
    at = {"rule": rule, "pre": pre, "post": post}
    return results.values("anatomy", split, measure, at_least=LEAST_SEEDS, **at)


def _shift(
    results: Results, rule: str, pre: str, post: str, split: str = TRAINED
) -> tuple[float, float, float, bool, int]:
    """Mean shift over seeds with its interval, in deg, whether 0 is in it, and how many seeds."""
    n_seeds = len(_of(results, "n_pairs", rule, pre, post))
    try:
        at = {"rule": rule, "pre": pre, "post": post}
        shifts = results.values("anatomy", split, "shift", at_least=2, **at)
    except NotTestedError:
        return np.nan, np.nan, np.nan, False, 0
    angle = mean_angle(np.deg2rad(shifts))
    mean, low, high = (float(np.degrees(end)) for end in angle)
    enough = most(np.arange(n_seeds) < len(shifts))
    return mean, low, high, enough and angle.contains(0.0), len(shifts)


def judge_ring(results: Results, config: Any) -> Verdict:
    """Share of seeds with compass-to-compass profiles sharper than shuffled."""
    verdicts, said = {}, []
    for rule in RULES:
        sharp = _of(results, f"p_sharpness, {SHUFFLED}", rule, COMPASS, COMPASS) <= LEVEL
        centered = _of(results, "centered", rule, COMPASS, COMPASS)
        mean, low, high, contains, n = _shift(results, rule, COMPASS, COMPASS)
        agree = sharp & (centered > 0)
        verdicts[rule] = (most(agree) and contains, agree)
        said.append(
            f"{rule}: shift {mean:.0f} deg ({low:.0f} to {high:.0f}), {n} with a profile, "
            f"{int(agree.sum())} of {len(agree)} sharper than shuffled and highest near 0"
        )
    passed, agree = verdicts[PRIMARY]
    share, low, high = share_interval(agree)
    return Verdict.of(passed, share, low=low, high=high, reason="; ".join(said))


def opposite(results: Results, rule: str) -> np.ndarray:
    """Seeds in which shifter+ send to +d, shifter- to -d, both beyond both nulls, by a rule.

    Also beyond what the network had before training, with classes of its own and between the units
    that were sorted after training.

    Args:
        results: Of a run.
        rule: One of `RULES`.
    """
    agree = None
    for pre, sign in ((SHIFTER_PLUS, 1), (SHIFTER_MINUS, -1)):
        ours = sign * _of(results, "sideways", rule, pre, COMPASS)
        here = ours > 0
        for null in NULLS:
            here &= _of(results, f"p_sideways, {null}", rule, pre, COMPASS) <= LEVEL
        for split in BEFORE:
            here &= ours > sign * _of(results, "sideways", rule, pre, COMPASS, split)
        agree = here if agree is None else agree & here
    assert agree is not None
    return agree


def judge_opposite(results: Results, config: Any) -> Verdict:
    """Share of seeds with shifters displaced to their own side."""
    verdicts, said = {}, []
    for rule in RULES:
        agree = opposite(results, rule)
        verdicts[rule] = (most(agree), agree)
        sides = [_shift(results, rule, pre, COMPASS) for pre in (SHIFTER_PLUS, SHIFTER_MINUS)]
        turned = ", ".join(f"{m:+.0f} deg ({a:.0f} to {b:.0f})" for m, a, b, *_ in sides)
        said.append(f"{rule}: {int(agree.sum())} of {len(agree)} seeds; shifts {turned}")
    passed, agree = verdicts[PRIMARY]
    share, low, high = share_interval(agree)
    return Verdict.of(passed, share, low=low, high=high, reason="; ".join(said))


def judge_centered(results: Results, config: Any) -> Verdict:
    """Largest |mean shift| from compass to shifters, in deg."""
    found, said = {}, []
    for rule in RULES:
        sides = [_shift(results, rule, COMPASS, post) for post in (SHIFTER_PLUS, SHIFTER_MINUS)]
        worst = max(sides, key=lambda side: abs(np.nan_to_num(side[0], nan=np.inf)))
        found[rule] = (all(side[3] for side in sides), worst)
        turned = ", ".join(f"{m:+.0f} deg ({a:.0f} to {b:.0f})" for m, a, b, *_ in sides)
        by = [
            _shift(results, rule, COMPASS, post, DECODED)[0]
            for post in (SHIFTER_PLUS, SHIFTER_MINUS)
        ]
        beside = ", ".join(f"{mean:+.0f}" for mean in by)
        said.append(f"{rule}: {turned}; by decoded heading {beside}")
    passed, worst = found[PRIMARY]
    return Verdict.of(passed, worst[0], low=worst[1], high=worst[2], reason="; ".join(said))


def judge_local(results: Results, config: Any) -> Verdict:
    """Part of the compass-to-compass profile that favors near neighbors, over seeds."""
    found, said = {}, []
    for rule in RULES:
        ours = _of(results, "centered", rule, COMPASS, COMPASS)
        before = _of(results, "centered", rule, COMPASS, COMPASS, OWN_WEIGHTS)
        gain = mean_interval(ours - before)
        found[rule] = (gain[1] > 0 and ours.mean() > 0, mean_interval(ours))
        said.append(f"{rule}: {ours.mean():.2f}, before training {before.mean():.2f}")
    passed, (mean, low, high) = found[PRIMARY]
    return Verdict.of(passed, mean, low=low, high=high, reason="; ".join(said))


SOURCE = "Cueva, Wang, Chin and Wei (2020)"
BY = f"classes by the {PRIMARY}, the published bounds beside it"

CLAIMS = (
    Claim(
        "compass-ring",
        "Compass units connect by the distance of their preferred directions, alike to both sides.",
        SOURCE,
        f"share of seeds whose compass-to-compass profile is sharper than shuffled preferred "
        f"directions make it and highest near 0; {BY}",
        f"at least 8 in 10 seeds, of at least {LEAST_SEEDS}, at p {LEVEL}; the 95 % interval of "
        "the shift over seeds contains 0",
        "preferred directions shuffled within classes",
        ("anatomy",),
        judge_ring,
    ),
    Claim(
        "local-excitation",
        "Compass units excite their near neighbors more than far ones.",
        f"{SOURCE}; issue 7",
        f"part of the sharpness of the compass-to-compass profile that is centered on 0; {BY}",
        "above that of the same units' weights before training, 95 % interval over seeds, and "
        "above 0",
        "weights before training between the same units",
        ("anatomy",),
        judge_local,
    ),
    Claim(
        "opposite-shifts",
        "Shifters of either side send to compass units ahead of them on their own side.",
        f"{SOURCE}; issue 7",
        "share of seeds in which the profile from shifter+ leans to +d and that from shifter- to "
        f"-d; {BY}",
        f"at least 8 in 10 seeds, of at least {LEAST_SEEDS}; in each, both beyond every null "
        f"(p {LEVEL})",
        "shuffled preferred directions; weights dealt anew with degrees and strengths kept; the "
        "untrained network, by its own classes and between the same units",
        ("anatomy",),
        judge_opposite,
    ),
    Claim(
        "compass-to-shifter",
        "Compass units send to shifters of their own preferred direction.",
        SOURCE,
        f"mean shift over seeds from compass units to shifter+ and shifter-, the larger, in deg; "
        f"{BY}",
        "both 95 % intervals over seeds contain 0",
        "shifts from shifters to compass units, which do not",
        ("anatomy",),
        judge_centered,
    ),
)
