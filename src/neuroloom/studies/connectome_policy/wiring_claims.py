"""Judges of the wiring: the circuit against its nulls and against simple controllers."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroloom.analysis.learning import nested_difference, ordering, standing, verdict
from neuroloom.studies.connectome_policy.config import SIMPLE
from neuroloom.studies.connectome_policy.wiring_arm import LONG, OTHER, WIRING
from neuroloom.studies.framework import NotTestedError, Results, Verdict

__all__ = [
    "KEPT",
    "LEAST_SEEDS",
    "judge_alignment",
    "judge_order",
    "judge_other_order",
    "judge_places",
    "judge_simple",
    "judge_worth",
    "wiring_values",
]

LEAST_SEEDS = 10
ORDER = ("real", "rewired", "random")
KEPT = ("rewired, sides kept", "rewired, segments kept", "rewired, sides and segments kept")
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


def judge_places(results: Results, config: Any) -> Verdict:
    """What keeping sides and segments adds to rewiring, in area under the learning curve."""
    real, rewired = (wiring_values(results, name, "area") for name in ("real", "rewired"))
    lead = real.mean() - rewired.mean()
    found, said = None, []
    for name in KEPT:
        found = nested_difference(wiring_values(results, name, "area"), rewired, rng=_rng())
        said.append(
            f"{name} {found.mean:+.0f} ({found.low:.0f} to {found.high:.0f}), "
            f"{found.mean / lead:.0%} of the lead of real wiring"
        )
    assert found is not None
    reason = f"area above that of free rewiring: {'; '.join(said)} ({lead:.0f})."
    return Verdict.of(found.above_zero, found.mean, low=found.low, high=found.high, reason=reason)


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


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
