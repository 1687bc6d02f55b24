"""What is claimed of perturbed networks, and when it holds, as the spec and issue 7 have it."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.tuning import SHIFTER_MINUS, SHIFTER_PLUS
from neuroloom.studies.framework import Claim, NotTestedError, Results, Verdict, mean_interval
from neuroloom.studies.head_direction.classes.units import MIXTURE, PUBLISHED
from neuroloom.studies.head_direction.criteria import LEAST_SEEDS, MOST_OF, most
from neuroloom.studies.head_direction.perturbation.arms import PUSHED, SILENCED, STIMULATED
from neuroloom.studies.head_direction.perturbation.chosen import CLASS, RANDOM, SHAM
from neuroloom.studies.head_direction.perturbation.silencing import (
    ACROSS,
    BESIDE_DRIFT,
    CLOCKWISE,
    COUNTER,
)
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED

__all__ = ["CLAIMS"]

LOST = 0.5
SIDES = {SHIFTER_PLUS: (COUNTER, CLOCKWISE, 1), SHIFTER_MINUS: (CLOCKWISE, COUNTER, -1)}
"""Of each class: the side it turns to, the other side, and the sign of its turns."""

BySeed = dict[Any, float]


def _by_seed(results: Results, arm: str, split: str, measure: str, **at: Any) -> BySeed:
    """Mean over repeats, by seed."""
    found: dict[Any, list[float]] = {}
    for row in results.rows(arm, split, measure, **at):
        found.setdefault(row["seed"], []).append(row["value"])
    return {seed: float(np.mean(values)) for seed, values in found.items()}


def _paired(*by_seed: BySeed) -> Float[np.ndarray, "which seed"]:
    """Values of the seeds that have all of them."""
    seeds = [seed for seed in by_seed[0] if all(seed in one for one in by_seed)]
    if len(seeds) < LEAST_SEEDS:
        raise NotTestedError(
            f"at this size: {len(seeds)} networks with such units, where {LEAST_SEEDS} are needed"
        )
    return np.array([[one[seed] for seed in seeds] for one in by_seed])


def _said(value: tuple[float, float, float], unit: str = "") -> str:
    return f"{value[0]:.2f} ({value[1]:.2f} to {value[2]:.2f}){unit}"


def _silenced(
    results: Results, rule: str, name: str, fit: str = ACROSS
) -> Float[np.ndarray, "which seed"]:
    """Own side, other side, contrast of random units; then ends of intervals over trials."""
    own, other, _ = SIDES[name]

    def ratio(side: str, what: str = CLASS, measure: str = "gain_ratio") -> BySeed:
        at = {"rule": rule, "class": name, "what": what, "fit": fit, "side": side}
        return _by_seed(results, SILENCED, TRAINED, measure, **at)

    random = _paired(ratio(other, RANDOM), ratio(own, RANDOM))
    contrast = dict(zip(ratio(own, RANDOM), random[0] - random[1], strict=True))
    high, low = ratio(own, measure="gain_ratio_high"), ratio(other, measure="gain_ratio_low")
    return _paired(ratio(own), ratio(other), contrast, high, low)


def judge_silencing(results: Results, config: Any) -> Verdict:
    """Gain left on the side of the silenced class, mean over classes."""
    passed, said, left = True, [], []
    for name in SIDES:
        own, other, random, high, low = _silenced(results, MIXTURE, name)
        one_sided = (high < LOST) & (low > LOST)
        beyond = mean_interval(other - own - random)
        passed &= most(one_sided) and beyond[1] > 0
        left.append(own)
        said.append(
            f"{name}: own side {_said(mean_interval(own))}, other side "
            f"{_said(mean_interval(other))}, one-sided in {one_sided.sum()} of {len(own)} "
            f"networks, beyond random units by {_said(beyond)}"
        )
        own, other, *_ = _silenced(results, MIXTURE, name, BESIDE_DRIFT)
        said.append(f"beside a drift {own.mean():.2f} and {other.mean():.2f}")
    said += _by_other_rule(results)
    before = _by_seed(results, SILENCED, UNTRAINED, "gain", fit=ACROSS)
    said.append(f"untrained networks, not silenced: gain {np.mean(list(before.values())):.2f}")
    value, low, high = mean_interval(np.mean(left, axis=0)) if _alike(left) else _pooled(left)
    return Verdict.of(passed, value, low=low, high=high, reason="; ".join(said))


def _alike(values: list[np.ndarray]) -> bool:
    return len({len(one) for one in values}) == 1


def _pooled(values: list[np.ndarray]) -> tuple[float, float, float]:
    """Where the classes were not found in the same networks."""
    return mean_interval(np.concatenate(values))


def _by_other_rule(results: Results) -> list[str]:
    """The same by the published bounds, in words."""
    said = []
    for name in SIDES:
        try:
            own, other, *_ = _silenced(results, PUBLISHED, name)
        except NotTestedError:
            said.append(f"by the published bounds too few networks have {name}")
        else:
            said.append(f"{name} by the published bounds {own.mean():.2f} and {other.mean():.2f}")
    return said


def judge_stimulating(results: Results, config: Any) -> Verdict:
    """Drift that a class makes to its own side, beyond the sham's; mean over classes."""
    current = config.perturbation.current
    passed, said, made = True, [], []
    at = {"rule": MIXTURE, "current": current}
    sham = _by_seed(results, STIMULATED, TRAINED, "drift", what=SHAM)
    for name, (_, _, sign) in SIDES.items():
        of = {**at, "class": name}
        drift, random, rest = _paired(
            _by_seed(results, STIMULATED, TRAINED, "drift", what=CLASS, **of),
            _by_seed(results, STIMULATED, TRAINED, "drift", what=RANDOM, **of),
            sham,
        )
        own, beyond = mean_interval(sign * (drift - rest)), mean_interval(sign * (drift - random))
        passed &= own[1] > 0 and beyond[1] > 0
        made.append(sign * (drift - rest))
        said.append(
            f"{name}: {_said(mean_interval(drift), ' deg/s')}, to its side beyond sham by "
            f"{_said(own)}, beyond random units by {_said(beyond)}"
        )
        said += _untrained(results, of)
    value, low, high = mean_interval(np.mean(made, axis=0)) if _alike(made) else _pooled(made)
    return Verdict.of(passed, value, low=low, high=high, reason="; ".join(said))


def _untrained(results: Results, of: dict[str, Any]) -> list[str]:
    try:
        drift = _by_seed(results, STIMULATED, UNTRAINED, "drift", what=CLASS, **of)
    except NotTestedError:
        return ["untrained networks have none"]
    return [f"untrained {np.mean(list(drift.values())):.1f} deg/s"]


def judge_pushing(results: Results, config: Any) -> Verdict:
    """Degrees by which the bump comes nearer, less those by random units."""
    ours, random = _paired(
        *(
            _by_seed(results, PUSHED, TRAINED, "towards", rule=MIXTURE, what=what)
            for what in (CLASS, RANDOM)
        )
    )
    own, beyond = mean_interval(ours), mean_interval(ours - random)
    said = [f"nearer by {_said(own, ' deg')}, random units {random.mean():.2f} deg"]
    for split, rule, words in (
        (TRAINED, PUBLISHED, "by the published bounds"),
        (UNTRAINED, MIXTURE, "untrained networks"),
    ):
        try:
            found = _by_seed(results, PUSHED, split, "towards", rule=rule, what=CLASS)
        except NotTestedError:
            said.append(f"{words}: no compass units")
        else:
            said.append(f"{words}: {np.mean(list(found.values())):.2f} deg in {len(found)}")
    value, low, high = beyond
    return Verdict.of(own[1] > 0 and low > 0, value, low=low, high=high, reason="; ".join(said))


SOURCE = "Cueva, Wang, Chin and Wei (2020), as recalled"

CLAIMS = (
    Claim(
        "silencing-shifters",
        "Silencing the shifters of one side removes turning to that side.",
        SOURCE,
        "gain of turns to the side of the silenced class over that without silencing (line through "
        "0), mean over both classes, by the mixture",
        f"for both classes: the 95 % interval over trials of a network is below {LOST:g} on its "
        f"side and above {LOST:g} on the other in at least {MOST_OF:.0%} of the networks, and the "
        "difference of the sides is beyond that of random units (95 % interval over seeds above 0)",
        "random units, as many and as active; no perturbation; untrained networks",
        (SILENCED,),
        judge_silencing,
    ),
    Claim(
        "stimulating-shifters",
        "Stimulating shifters turns the bump without any turn of the animal, to the side of the "
        "class.",
        SOURCE,
        "drift to the side of the stimulated class beyond that without a current, deg/s, mean over "
        "both classes, by the mixture",
        "for both classes: 95 % interval over seeds above 0, and above that of random units",
        "random units, as many and as active; no current; untrained networks",
        (STIMULATED,),
        judge_stimulating,
    ),
    Claim(
        "pushing-compass",
        "Pushing compass units takes the bump to the heading that they prefer.",
        SOURCE,
        "degrees by which the bump comes nearer to it within a second, less those by random units",
        "95 % interval over seeds above 0, and above 0 without the comparison",
        "random units, as many and as active; untrained networks",
        (PUSHED,),
        judge_pushing,
    ),
)
