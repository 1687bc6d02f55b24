"""Arm `fly-heading`: does the wiring of the fly's compass foretell neurons that were not recorded?

E-PG and P-EN1 were imaged together. A network with the compass's wiring is fitted to E-PG of some
flies; then E-PG of another fly are handed to it, and what its P-EN1 do is held against what P-EN1
of that fly did. P-EN1 are used in three places only, each of which all rivals share: the unit of a
fly, the instrument (two numbers a color, from training flies), and, for the models that say so,
fitting to P-EN1 of training flies.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.studies.constrained_networks.heading.config import (
    CRITERIA,
    HeadingConfig,
)
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    NotTestedError,
    Results,
    Row,
    Verdict,
    grid,
)

__all__ = ["ARM", "CLAIMS", "measure"]

NAME = "fly-heading"
SPLIT = "held-out flies"
REGIONS = ("EB", "PB")
WIRED = "wiring, fitted to E-PG"
BRIDGE = "wiring, E-PG to P-EN1 in the bridge only, fitted to E-PG"
COPY = "E-PG of the same place"
CROSSED = "wiring with crossed P-EN1, fitted to E-PG"
MEASURED = "measured"
UNIT = {"correlation": "1", "mse": "SD^2", "r2": "1"}
TURN_UNIT = {"EB": "deg", "PB": "SD"}
SOURCE = (
    "ours; wiring: Turner-Evans et al., Neuron 108:145 (2020); activity: Turner-Evans et al., "
    "eLife 6:e23496 (2017)"
)


def cells(config: Any) -> Sequence[Cell]:
    """One a region and fold of flies."""
    return grid(NAME, region=REGIONS, fold=range(config.heading.n_folds))


def seconds(cell: Cell, config: Any) -> float:
    """Proportional to what is simulated; measured on two cores."""
    del cell
    h: HeadingConfig = config.heading
    n_wirings = 3 + 2 * len(h.nulls) * h.n_null_draws
    return 9 + 7e-6 * n_wirings * h.n_fit_steps * h.n_steps * 20 * h.n_training_trials


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Fit on the flies of the other folds, predict those of this one."""
    from neuroloom.studies.constrained_networks.heading.fold import measure_fold
    from neuroloom.studies.constrained_networks.heading.setup import Setup

    setup = Setup.read(cell["region"], config.heading, data=context.data)
    return measure_fold(setup, cell["fold"])


class _ByFly(NamedTuple):
    """One number a held-out fly, in the same order for every model."""

    flies: tuple[str, ...]
    values: Float[np.ndarray, " fly"]


def _by_fly(results: Results, measure: str, region: str, model: str) -> _ByFly:
    """Over all conditions; the mean over draws of a null wiring."""
    rows = results.rows(NAME, SPLIT, measure, region=region, model=model, condition="all")
    names = sorted({row["fly"] for row in rows})
    means = [np.mean([row["value"] for row in rows if row["fly"] == name]) for name in names]
    return _ByFly(tuple(names), np.array(means))


def _paired(results: Results, region: str, ours: str, theirs: str) -> tuple[float, float]:
    """Mean over flies of the difference in correlation, and its one-sided p."""
    from neuroloom.studies.constrained_networks.heading.scores import paired_p

    a, b = (_by_fly(results, "correlation", region, model) for model in (ours, theirs))
    if a.flies != b.flies:
        raise NotTestedError(f"{ours} and {theirs} were not measured in the same flies")
    return float((a.values - b.values).mean()), paired_p(a.values, b.values)


def _judge_against(results: Results, ours: str, rivals: Sequence[str]) -> Verdict:
    """Worst p over regions and rivals."""
    found = {(r, m): _paired(results, r, ours, m) for r in REGIONS for m in rivals}
    worst = max(p for _, p in found.values())
    words = "; ".join(
        f"{region}, over {model}: {gain:+.3f} in correlation, p = {p:.3g}"
        for (region, model), (gain, p) in found.items()
    )
    return Verdict.of(worst < 0.05, worst, reason=words)


def _judge_turning(results: Results, ours: str) -> Verdict:
    """Worst p over regions, and that of the crossed wiring not below."""
    from neuroloom.studies.constrained_networks.heading.scores import sign_p

    worst, best_control, words = 0.0, 1.0, []
    for region in REGIONS:
        truth = _by_fly(results, "turn response", region, MEASURED).values
        p = {}
        for model in (ours, CROSSED):
            foretold = _by_fly(results, "turn response", region, model).values
            p[model] = sign_p(foretold, truth)
            agree = int((foretold * truth > 0).sum())
            words.append(f"{region}, {model}: sign right in {agree} of {len(truth)} flies")
        worst, best_control = max(worst, p[ours]), min(best_control, p[CROSSED])
    return Verdict.of(worst < 0.05 <= best_control, worst, reason="; ".join(words))


def _require_size(config: Any) -> None:
    """The criteria speak of every kind of null wiring, and of fits and trials of the default.

    Raises:
        NotTestedError: If the config has less of them.
    """
    given, least = config.heading, HeadingConfig()
    less = [
        f"{name} {getattr(given, name)}, where {getattr(least, name)} are needed"
        for name in ("n_fit_steps", "n_scored_trials", "n_steps", "n_null_draws")
        if getattr(given, name) < getattr(least, name)
    ]
    less += [f"no null wiring {name}" for name in least.nulls if name not in given.nulls]
    if less:
        raise NotTestedError(f"at this size: {'; '.join(less)}")


def judge_nulls(results: Results, config: Any) -> Verdict:
    """`CRITERIA["wiring over nulls"]`."""
    _require_size(config)
    return _judge_against(results, WIRED, [null_model(name) for name in config.heading.nulls])


def judge_copy(results: Results, config: Any) -> Verdict:
    """`CRITERIA["wiring over copy"]`."""
    _require_size(config)
    return _judge_against(results, WIRED, [COPY])


def judge_turning(results: Results, config: Any) -> Verdict:
    """`CRITERIA["turning"]`."""
    _require_size(config)
    return _judge_turning(results, WIRED)


def judge_bridge_copy(results: Results, config: Any) -> Verdict:
    """`CRITERIA["bridge over copy"]`."""
    _require_size(config)
    return _judge_against(results, BRIDGE, [COPY])


def judge_bridge_turning(results: Results, config: Any) -> Verdict:
    """`CRITERIA["bridge turning"]`."""
    _require_size(config)
    return _judge_turning(results, BRIDGE)


def null_model(name: str) -> str:
    """How a null wiring is named among the models."""
    return f"null wiring {name}, fitted to E-PG"


def score_rows(
    scores: Mapping[str, Any], turn: Mapping[str, float], at: Mapping[str, Any], region: str
) -> list[Row]:
    """Rows of one fly and model: scores by condition, turn response by condition."""
    rows = []
    for condition, found in scores.items():
        rows += [
            Row(SPLIT, name, getattr(found, name), UNIT[name], {**at, "condition": condition})
            for name in UNIT
        ]
    rows += [
        Row(SPLIT, "turn response", value, TURN_UNIT[region], {**at, "condition": condition})
        for condition, value in turn.items()
    ]
    return rows


ARM = Arm(
    name=NAME,
    sentence=(
        "A network with the wiring of the fly's compass, fitted to E-PG of some flies, is handed "
        "E-PG of others and foretells their P-EN1; ellipsoid body and bridge apart, dark and "
        "closed loop apart."
    ),
    control=(
        "null wirings fitted in the same way, the wiring before fitting, E-PG of the same place, "
        "regressions on E-PG of training flies, the fly's own mean"
    ),
    cells=cells,
    measure=measure,
    seconds=seconds,
    needs=("fly-cx-fafb", "fly-heading"),
)


def _claim(criterion: str, sentence: str, measured: str, control: str, judge: Any) -> Claim:
    return Claim(
        id=f"heading: {criterion}",
        sentence=sentence,
        source=SOURCE,
        measure=measured,
        criterion=CRITERIA[criterion],
        control=control,
        arms=(NAME,),
        judge=judge,
    )


CLAIMS = (
    _claim(
        "wiring over nulls",
        "Fitted to E-PG, the compass's wiring foretells P-EN1 of unseen flies better than null "
        "wirings do.",
        "largest p over regions and kinds of null wiring, paired over held-out flies",
        "null wirings, each draw fitted in the same way",
        judge_nulls,
    ),
    _claim(
        "wiring over copy",
        "Fitted to E-PG, the compass's wiring foretells P-EN1 of unseen flies better than E-PG of "
        "the same place do.",
        "largest p over regions, paired over held-out flies",
        "E-PG of the same place through the same instrument",
        judge_copy,
    ),
    _claim(
        "turning",
        "Fitted to E-PG, the compass's wiring foretells which way P-EN1 go in turns of unseen "
        "flies.",
        "largest p over regions that signs agree by chance",
        "the wiring whose P-EN1 halves are crossed, fitted in the same way",
        judge_turning,
    ),
    _claim(
        "bridge over copy",
        "If E-PG reach P-EN1 in the bridge only, the wiring fitted to E-PG foretells P-EN1 of "
        "unseen flies better than E-PG of the same place do.",
        "largest p over regions, paired over held-out flies",
        "E-PG of the same place through the same instrument",
        judge_bridge_copy,
    ),
    _claim(
        "bridge turning",
        "If E-PG reach P-EN1 in the bridge only, the wiring fitted to E-PG foretells which way "
        "P-EN1 go in turns of unseen flies.",
        "largest p over regions that signs agree by chance",
        "the wiring whose P-EN1 halves are crossed, fitted in the same way",
        judge_bridge_turning,
    ),
)
