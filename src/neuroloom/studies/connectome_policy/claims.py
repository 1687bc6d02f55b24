"""What is claimed, and when it holds: criteria of issue 8 and of the spec's section 13."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroloom.analysis.learning import (
    equivalence,
    equivalence_verdict,
    nested_difference,
    ordering,
    standing,
    trend,
    trend_verdict,
    verdict,
)
from neuroloom.studies.connectome_policy.cheap_arm import CHEAP, LINEAR
from neuroloom.studies.connectome_policy.config import SIMPLE
from neuroloom.studies.connectome_policy.off_domain_arm import (
    OFF_DOMAIN,
    PERCEPTRON,
    REAL,
    REWIRED,
    TASKS,
)
from neuroloom.studies.connectome_policy.realism_arm import ANATOMICAL, LEARNED, LEVELS, REALISM
from neuroloom.studies.connectome_policy.statistics_arm import CONTROLS, PUBLISHED, STATISTICS
from neuroloom.studies.connectome_policy.swim_arm import BUILT, NO_OSCILLATOR, NO_STRETCH, SWIM
from neuroloom.studies.connectome_policy.wiring_arm import LONG, OTHER, WIRING
from neuroloom.studies.framework import Claim, NotTestedError, Results, Verdict

__all__ = ["CLAIMS", "LEAST_SEEDS"]

LEAST_SEEDS = 10
ORDER = ("real", "rewired", "random")
SHUFFLED = ("ports across classes", "rewired, ports across classes")


def wiring_values(
    results: Results,
    name: str,
    measure: str,
    split: str = "search",
    arm: str = WIRING,
    **at: Any,
) -> np.ndarray:
    """(seed, draw) of one arm of the wiring.

    Args:
        results: Of the run.
        name: Of the arm.
        measure: Which number.
        split: Where it was measured.
        arm: Of the study: `wiring`, or another that has the same cells.
        at: Further coordinates.

    Raises:
        NotTestedError: If there are too few seeds.
    """
    rows = results.rows(arm, split, measure, wiring=name, **at)
    seeds = sorted({row["seed"] for row in rows})
    if len(seeds) < LEAST_SEEDS:
        raise NotTestedError(
            f"at this size: {len(seeds)} seeds of {name}, where {LEAST_SEEDS} are needed"
        )
    return np.array([[row["value"] for row in rows if row["seed"] == seed] for seed in seeds])


def judge_swim(results: Results, config: Any) -> Verdict:
    """Least distance of any seed's return to the bounds of its circuit."""
    margins, said = [], []
    for name, low, high in (
        (BUILT, 750.0, 850.0),
        (NO_OSCILLATOR, -np.inf, 150.0),
        (NO_STRETCH, -np.inf, 200.0),
    ):
        found = results.values(SWIM, name, "return", at_least=3)
        margins.append(float(min((found - low).min(), (high - found).min())))
        said.append(f"{name} {found.mean():.0f} ({found.min():.0f} to {found.max():.0f})")
    return Verdict.of(min(margins) >= 0, min(margins), reason="; ".join(said))


def judge_order(results: Results, config: Any) -> Verdict:
    """The lesser step of real over rewired over random, in area under the learning curve."""
    return _ordered(results, WIRING)


def judge_other_order(results: Results, config: Any) -> Verdict:
    """The same with the other circuit."""
    return _ordered(results, OTHER)


def _ordered(results: Results, arm: str) -> Verdict:
    values = {name: wiring_values(results, name, "area", arm=arm) for name in ORDER}
    holds, steps, said = ordering(values, ORDER, rng=_rng(), measure="area")
    least = min(steps, key=lambda step: step.low)
    final = {name: wiring_values(results, name, "final", arm=arm).mean() for name in ORDER}
    ends = ", ".join(f"{name} {value:.0f}" for name, value in final.items())
    return Verdict.of(
        holds, least.mean, low=least.low, high=least.high, reason=f"{said} Final: {ends}."
    )


def judge_alignment(results: Results, config: Any) -> Verdict:
    """Real less rewired where the ports of both are shuffled."""
    one, other = (wiring_values(results, name, "area") for name in SHUFFLED)
    found = nested_difference(one, other, rng=_rng())
    said = verdict("real wiring at shuffled ports", "rewired at shuffled ports", found)
    what = "wiring" if found.above_zero else "alignment of wiring and ports, not wiring alone"
    return Verdict.of(
        found.above_zero,
        found.mean,
        low=found.low,
        high=found.high,
        reason=f"{said} What counts is {what}.",
    )


def judge_simple(results: Results, config: Any) -> Verdict:
    """Real less the best simple controller, in final return."""
    simple = [name for name in SIMPLE if name in config.wiring.simple]
    if not simple:
        raise NotTestedError("at this size: no simple controller was searched")
    names = ("real", *simple)
    values = {name: wiring_values(results, name, "final") for name in names}
    where = standing(values, focus="real", baselines=tuple(simple), rng=_rng())
    least = min(where.differences.values(), key=lambda found: found.mean)
    means = ", ".join(f"{name} {values[name].mean():.0f}" for name in names)
    return Verdict.of(
        all(found.above_zero for found in where.differences.values()),
        least.mean,
        low=least.low,
        high=least.high,
        reason=f"{where.summary} Final: {means}.",
    )


def judge_worth(results: Results, config: Any) -> Verdict:
    """Most that the real wiring is ahead of all that were tried in the same setting.

    Settings in which no simple controller was tried are told, and do not count.
    """
    settings = _settings(results)
    level = 1 - 0.05 / max(1, len(settings))
    best, said, left_out = None, [], []
    for setting, (arm, split, measure, at) in settings.items():
        there = {
            str(row["wiring"])
            for row in results.records
            if (row["arm"], row["split"], row["measure"]) == (arm, split, measure)
            and all(row.get(name) == value for name, value in at.items())
        } - {"real"}
        if not there & set(SIMPLE):
            left_out.append(setting)
            continue
        real = wiring_values(results, "real", measure, split, arm=arm, **at)
        leads = {
            name: nested_difference(
                real,
                wiring_values(results, name, measure, split, arm=arm, **at),
                rng=_rng(),
                level=level,
            )
            for name in sorted(there)
        }
        name = min(leads, key=lambda one: leads[one].low)
        least = leads[name]
        said.append(f"{setting} {real.mean():.0f} ({least.mean:+.0f} on {name})")
        if best is None or least.low > best.low:
            best = least
    if best is None:
        raise NotTestedError("at this size: there is no simple controller to hold the wiring to")
    reason = f"real wiring, and its lead on the best other: {'; '.join(said)}"
    if left_out:
        reason += f". Without a simple controller, and not counted: {', '.join(left_out)}"
    return Verdict.of(best.above_zero, best.mean, low=best.low, high=best.high, reason=f"{reason}.")


def _settings(results: Results) -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """Where wirings and simple controllers met: arm, split, measure and coordinates of each."""
    found: dict[str, tuple[str, str, str, dict[str, Any]]] = {}
    for row in results.records:
        if row.get("wiring") != "real":
            continue
        if row["arm"] == WIRING and row["split"] == "afterwards":
            at = {"condition": row["condition"]}
            found.setdefault(str(row["condition"]), (WIRING, "afterwards", "return", at))
        if row["arm"] == LONG and row["measure"] == "final":
            found.setdefault("learned in a longer body", (LONG, "search", "final", {}))
    steps = sorted(
        {
            row["env_steps"]
            for row in results.records
            if row["arm"] == WIRING and row.get("wiring") == "real" and "env_steps" in row
        }
    )
    for step in steps[1:3]:
        at = {"env_steps": step}
        found[f"after {step / 1e3:.0f} thousand steps"] = (WIRING, "search", "return", at)
    return found


def judge_statistics(results: Results, config: Any) -> Verdict:
    """The lesser step of the published order of the feed-forward controls, in final return."""
    values = {
        name: results.values(STATISTICS, "search", "final", network=name, at_least=LEAST_SEEDS)[
            :, None
        ]
        for name in CONTROLS
    }
    holds, steps, said = ordering(values, tuple(CONTROLS), rng=_rng(), measure="final return")
    least = min(steps, key=lambda step: step.low)
    published = ", ".join(f"{name} {value:g}" for name, (value, _) in PUBLISHED.items())
    return Verdict.of(
        holds, least.mean, low=least.low, high=least.high, reason=f"{said} Published: {published}."
    )


def _levels(results: Results, measure: str, wiring: str, ports: str) -> np.ndarray:
    columns = [
        results.values(
            REALISM,
            "each weight",
            measure,
            level=level,
            wiring=wiring,
            ports=ports,
            at_least=LEAST_SEEDS,
        )
        for level in LEVELS
    ]
    return np.stack(columns, axis=1)


def judge_initial(results: Results, config: Any) -> Verdict:
    """Slope of the return before each weight is tuned over the levels."""
    return _raised(results, LEARNED)


def judge_anatomical_initial(results: Results, config: Any) -> Verdict:
    """The same with anatomical ports."""
    return _raised(results, ANATOMICAL)


def _raised(results: Results, ports: str) -> Verdict:
    found = _levels(results, "initial", "real", ports)
    slope = trend(np.arange(1.0, found.shape[1] + 1), found, rng=_rng())
    null = _levels(results, "initial", "rewired", ports)
    means = ", ".join(
        f"{level} {one:.0f} (rewired {other:.0f})"
        for level, one, other in zip(LEVELS, found.mean(0), null.mean(0), strict=True)
    )
    said = trend_verdict("level of realism", slope, measure="initial return")
    return Verdict.of(
        slope.above_zero, slope.mean, low=slope.low, high=slope.high, reason=f"{said} {means}."
    )


def judge_final(results: Results, config: Any) -> Verdict:
    """Largest difference of final returns between the levels of the paper."""
    found = _levels(results, "final", "real", LEARNED)[:, :3]
    names = list(LEVELS)[:3]
    widest, holds, said = None, True, []
    for one, other in ((0, 1), (0, 2), (1, 2)):
        pair = equivalence(found[:, one], found[:, other], margin=config.realism.margin, rng=_rng())
        holds &= pair.equivalent
        said.append(equivalence_verdict(names[one], names[other], pair))
        if widest is None or abs(pair.difference.mean) > abs(widest.mean):
            widest = pair.difference
    assert widest is not None
    return Verdict.of(holds, widest.mean, low=widest.low, high=widest.high, reason=" ".join(said))


def judge_off_domain(results: Results, config: Any) -> Verdict:
    """The lesser lead of the perceptron on the circuit, in parts of the perceptron's gain."""
    leads, said = [], []
    for task in TASKS:

        def final(network: str, measure: str = "final", task: str = task) -> np.ndarray:
            values = results.values(
                OFF_DOMAIN, "search", measure, task=task, network=network, at_least=LEAST_SEEDS
            )
            return values[:, None]

        gain = float((final(PERCEPTRON) - final(PERCEPTRON, "initial")).mean())
        lead = nested_difference(final(PERCEPTRON), final(REAL), rng=_rng())
        null = nested_difference(final(REAL), final(REWIRED), rng=_rng())
        leads.append((lead, gain))
        said.append(
            f"{task}: {verdict('the perceptron', 'the circuit', lead)} "
            f"{verdict('the circuit', 'its rewired wiring', null)}"
        )
    # Tasks have units of their own: they are compared by what the perceptron learned.
    lead, gain = min(leads, key=lambda pair: pair[0].low / abs(pair[1]))
    scaled = [value / abs(gain) for value in (lead.mean, lead.low, lead.high)]
    return Verdict.of(
        all(one.above_zero for one, _ in leads),
        scaled[0],
        low=scaled[1],
        high=scaled[2],
        reason=" ".join(said),
    )


def judge_cheap(results: Results, config: Any) -> Verdict:
    """Most CPU time until a linear policy earned what is wanted."""
    at_least = min(5, LEAST_SEEDS)
    seconds = results.values(CHEAP, LINEAR, "cpu_seconds", at_least=at_least)
    reached = results.values(CHEAP, LINEAR, "reached", at_least=at_least) > 0
    steps = results.values(CHEAP, LINEAR, "env_steps_spent", at_least=at_least)
    final = results.values(CHEAP, LINEAR, "final", at_least=at_least)
    said = (
        f"{reached.sum()} of {len(reached)} seeds above {config.cheap.wanted:g} (final "
        f"{final.min():.0f} to {final.max():.0f}), {steps.min():,.0f} to {steps.max():,.0f} steps, "
        f"{seconds.min():.1f} to {seconds.max():.1f} s of CPU with compiling"
    )
    passed = bool(reached.all() and seconds.max() < 10)
    return Verdict.of(passed, float(seconds.max()), reason=said)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


PAPER = "Schmidgall, Schuman and Parsa (2022)"
CLAIMS = (
    Claim(
        "ncap-swims",
        "NCAP's circuit swims before any learning, by its oscillator and its sense of stretch.",
        "Bhattasali, Zador and Engel (2022); golden numbers of connectome-policies.md, section 9",
        "least distance of a seed's return to the bounds",
        "every seed 750 to 850 of 1,000; below 150 without the oscillator, below 200 without "
        "proprioception",
        "the two parts cut; other periods",
        (SWIM,),
        judge_swim,
    ),
    Claim(
        "real-over-rewired-over-random",
        "The worm's wiring learns to swim faster than wirings with its degrees, and these than "
        "random ones.",
        "issue 8; connectome-policies.md, section 8 (three seeds)",
        "mean difference of areas under the learning curve, the lesser of both steps, over seeds",
        f"95 % intervals above 0 at both steps, at least {LEAST_SEEDS} seeds",
        "degrees and signs kept; densities and Dale's law kept",
        (WIRING,),
        judge_order,
    ),
    Claim(
        "same-order-in-another-circuit",
        "The same order holds for the motor circuit of another reconstruction.",
        "connectome-policies.md, sections 2 and 13",
        "mean difference of areas under the learning curve, the lesser of both steps, over seeds",
        f"95 % intervals above 0 at both steps, at least {LEAST_SEEDS} seeds",
        "degrees and signs kept; densities and Dale's law kept",
        (OTHER,),
        judge_other_order,
    ),
    Claim(
        "wiring-not-alignment",
        "The real wiring is ahead of rewired ones also where ports are placed at random.",
        "connectome-policies.md, section 13",
        "area of real less rewired wiring, both at shuffled ports",
        f"95 % interval above 0, at least {LEAST_SEEDS} seeds; else it is alignment",
        "ports shuffled across classes",
        (WIRING,),
        judge_alignment,
    ),
    Claim(
        "beats-simple-control",
        "The circuit swims better than simple controllers with the same budget.",
        "connectome-policies.md, section 13, which expects a failure",
        "final return of the circuit less that of the best simple controller",
        f"95 % intervals above 0 against each, at least {LEAST_SEEDS} seeds",
        "linear, perceptron, recurrent network, NCAP",
        (WIRING,),
        judge_simple,
    ),
    Claim(
        "worth-somewhere",
        "In some setting the real wiring is ahead of everything else that was tried there.",
        "issue 8",
        "lead on the best other arm in the best of the settings, return",
        "interval above 0, corrected for the number of settings, where a simple controller was "
        f"tried too; at least {LEAST_SEEDS} seeds",
        "all nulls; simple controllers, of which some fit any body, and which have no class of "
        "cells to lose",
        (WIRING,),
        judge_worth,
    ),
    Claim(
        "worm-statistics-help",
        "A sparse network with the worm's statistics ends above a dense one, and that above one "
        "with random statistics.",
        PAPER,
        "mean difference of final returns, the lesser of both steps, over seeds",
        f"95 % intervals above 0 at both steps, at least {LEAST_SEEDS} seeds",
        "each other; the worm's wiring and a linear policy beside them",
        (STATISTICS,),
        judge_statistics,
    ),
    Claim(
        "realism-raises-initial-return",
        "More realistic cells start higher once shared weights were found.",
        PAPER,
        "slope of the return before each weight is tuned, a level",
        f"95 % interval above 0, at least {LEAST_SEEDS} seeds",
        "the same levels on rewired wiring",
        (REALISM,),
        judge_initial,
    ),
    Claim(
        "realism-raises-initial-return-by-anatomy",
        "The same with ports by segment and side, where a search leaves the plateau.",
        "ours",
        "slope of the return before each weight is tuned, a level",
        f"95 % interval above 0, at least {LEAST_SEEDS} seeds",
        "the same levels on rewired wiring",
        (REALISM,),
        judge_anatomical_initial,
    ),
    Claim(
        "realism-not-needed",
        "Levels 1 to 3 end alike.",
        PAPER,
        "largest difference of mean final returns between levels 1, 2 and 3",
        f"each pair equivalent within the margin, at least {LEAST_SEEDS} seeds",
        "each other",
        (REALISM,),
        judge_final,
    ),
    Claim(
        "worse-off-domain",
        "A perceptron runs and names digits better than the circuit.",
        f"{PAPER}; connectome-policies.md, section 13",
        "final return of the perceptron less that of the circuit, in parts of what the perceptron "
        "gained, the lesser of both tasks",
        f"95 % intervals above 0 in both tasks, at least {LEAST_SEEDS} seeds",
        "rewired wiring; a linear policy",
        (OFF_DOMAIN,),
        judge_off_domain,
    ),
    Claim(
        "cheap-baseline",
        "Eight linear weights solve Swimmer-v5 in seconds.",
        "connectome-policies.md, section 11",
        "most CPU time of a seed",
        "mean policy above 300 on every seed, below 10 s of CPU",
        "none: it is the control of others",
        (CHEAP,),
        judge_cheap,
    ),
)
