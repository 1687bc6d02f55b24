"""What is claimed, and when it holds: criteria of issue 8 and of the spec's section 13."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroloom.analysis.learning import (
    equivalence,
    equivalence_verdict,
    nested_difference,
    ordering,
    trend,
    trend_verdict,
    verdict,
)
from neuroloom.studies.connectome_policy.cheap_arm import CHEAP, LINEAR
from neuroloom.studies.connectome_policy.off_domain_arm import (
    FINAL,
    OFF_DOMAIN,
    PERCEPTRON,
    REAL,
    REWIRED,
    TASKS,
)
from neuroloom.studies.connectome_policy.realism_arm import ANATOMICAL, LEARNED, LEVELS, REALISM
from neuroloom.studies.connectome_policy.statistics_arm import CONTROLS, PUBLISHED, STATISTICS
from neuroloom.studies.connectome_policy.swim_arm import BUILT, NO_OSCILLATOR, NO_STRETCH, SWIM
from neuroloom.studies.connectome_policy.wiring_arm import OTHER, WIRING
from neuroloom.studies.connectome_policy.wiring_claims import (
    LEAST_SEEDS,
    judge_alignment,
    judge_order,
    judge_other_order,
    judge_places,
    judge_simple,
    judge_worth,
)
from neuroloom.studies.framework import Claim, Results, Verdict

__all__ = ["CLAIMS"]


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


def _off_domain(results: Results, split: str, measure: str, **at: str) -> np.ndarray:
    values = results.values(OFF_DOMAIN, split, measure, at_least=LEAST_SEEDS, **at)
    return values[:, None]


def judge_off_domain(results: Results, config: Any) -> Verdict:
    """The lesser lead of the perceptron on the circuit, in parts of the perceptron's gain."""
    leads, said = [], []
    for task in TASKS:

        def final(network: str, task: str = task) -> np.ndarray:
            return _off_domain(results, *FINAL[task], task=task, network=network)

        start = _off_domain(results, "search", "initial", task=task, network=PERCEPTRON)
        gain = float((final(PERCEPTRON) - start).mean())
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
        "places-matter",
        "Circuits that are rewired within sides and segments learn better than freely rewired "
        "ones: much of the wiring is who lies where.",
        "ours",
        "area of the circuit rewired within sides and segments less that of the freely rewired",
        f"95 % interval above 0, at least {LEAST_SEEDS} seeds",
        "sides or segments alone kept",
        (WIRING,),
        judge_places,
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
        "final return, or part of held-out digits named rightly, of the perceptron less that of "
        "the circuit, in parts of what the perceptron gained, the lesser of both tasks",
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
