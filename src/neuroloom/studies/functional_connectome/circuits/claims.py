"""What is claimed of students of circuits, and when it holds, as issue 6 and the spec have it."""

from __future__ import annotations

import numpy as np

from neuroloom.analysis.explained import needed_for
from neuroloom.networks.circuits import CircuitKind
from neuroloom.studies.framework import Claim, Results, Verdict, mean_interval
from neuroloom.studies.functional_connectome.circuits.arms import (
    CIRCUITS,
    EFFICIENCY,
    GRU,
    LINEAR,
    MEAN,
    MLP,
    ONE_LAYER,
)
from neuroloom.studies.functional_connectome.circuits.config import HasCircuits
from neuroloom.studies.functional_connectome.circuits.drawn import PUBLISHED, SCALED

__all__ = ["CLAIMS"]

LEAST_SEEDS = 10
PART = 0.9
PUBLISHED_NEED = 400
"""Trials that the abstract's "highly data efficient" rests on, read off a stored figure."""
LOOPS = (CircuitKind.FEEDBACK.value, CircuitKind.COMPLEX.value)


def judge_approximate(results: Results, config: HasCircuits) -> Verdict:
    """Least lower end of the gain of the MLP over linear and over the mean, over circuits."""
    least, said = np.inf, []
    for kind in (kind.value for kind in CircuitKind):
        for form in (SCALED, PUBLISHED):

            def fve(name: str, kind: str = kind, form: str = form) -> np.ndarray:
                return results.values(
                    CIRCUITS, name, "fve", at_least=LEAST_SEEDS, kind=kind, form=form
                )

            gains = [mean_interval(fve(MLP) - fve(other)) for other in (LINEAR, MEAN)]
            least = min(least, *(low for _, low, _ in gains))
            dead = results.values(
                CIRCUITS, MLP, "dead_outputs", at_least=LEAST_SEEDS, kind=kind, form=form
            )
            said.append(
                f"{kind} {form}: {fve(MLP).mean():.2f}, linear {fve(LINEAR).mean():.2f}, gain "
                f"{gains[0][0]:.3f} ({gains[0][1]:.3f} to {gains[0][2]:.3f}), "
                f"{int(dead.sum())} dead outputs"
            )
    return Verdict.of(least > 0, least, reason="; ".join(said))


def judge_recurrence(results: Results, config: HasCircuits) -> Verdict:
    """Least lower end of the gain of the recurrent student over the best static one."""
    least, value, guarded, said = np.inf, np.inf, True, []
    for form in (SCALED, PUBLISHED):
        for kind in LOOPS:
            at = {"kind": kind, "form": form}

            def of(name: str, measure: str, at: dict[str, str] = at) -> np.ndarray:
                return results.values(CIRCUITS, name, measure, at_least=LEAST_SEEDS, **at)

            static = {name: of(name, "fve") for name in (MLP, ONE_LAYER)}
            best = max(static, key=lambda name: float(static[name].mean()))
            mean, low, high = mean_interval(of(GRU, "fve") - static[best])
            holds = bool((of(GRU, "uses_past") == 1).all())
            blind = all(bool((of(name, "uses_past") == 0).all()) for name in static)
            said.append(
                f"{kind} {form}: {mean:+.3f} ({low:.3f} to {high:.3f}) over {best}, guard "
                f"{'holds' if holds and blind else 'fails'}"
            )
            if form == SCALED:
                least, value = min(least, low), min(value, mean)
                guarded = guarded and holds and blind
    return Verdict.of(least > 0 and guarded, value, low=least, reason="; ".join(said))


def judge_efficiency(results: Results, config: HasCircuits) -> Verdict:
    """Trials from which on the MLP has 90 % of what it explains with the most trials."""
    amounts = np.array(config.circuits.amounts)

    def needed(name: str) -> np.ndarray:
        curve = results.along("n_trials", EFFICIENCY, name, "fve", at_least=LEAST_SEEDS)
        by_seed = np.stack([curve[n] for n in amounts.tolist()], axis=1)
        return np.array([needed_for(amounts, own, part=PART) for own in by_seed])

    def of_log(values: np.ndarray) -> tuple[float, float, float]:
        mean, low, high = np.exp(mean_interval(np.log(values)))
        return float(mean), float(low), float(high)

    value, low, high = of_log(needed(MLP))
    most = results.values(EFFICIENCY, MLP, "fve", n_trials=int(amounts[-1]))
    at_400 = amounts[amounts <= PUBLISHED_NEED].max()
    some = results.values(EFFICIENCY, MLP, "fve", n_trials=int(at_400))
    parts = [f"FVE {some.mean():.3f} with {at_400}, {most.mean():.3f} with {amounts[-1]}"]
    for name in (ONE_LAYER, LINEAR):
        mean, least, largest = of_log(needed(name))
        parts.append(f"{name} needs {mean:.0f} ({least:.0f} to {largest:.0f})")
    parts.append(f"trials of {config.circuits.n_amount_bins} bins")
    return Verdict.of(high <= PUBLISHED_NEED, value, low=low, high=high, reason="; ".join(parts))


SOURCE = "Liu, Mavor-Parker and Barry (2022)"

CLAIMS = (
    Claim(
        "approximate",
        "A student explains every kind of circuit better than a linear map does.",
        f"{SOURCE}, abstract",
        "FVE of the MLP (median over live outputs) less that of ridge, and less that of the mean; "
        "least lower end of the 95 % intervals over circuits, four kinds in two forms",
        f"above 0, at least {LEAST_SEEDS} circuits of each",
        "predict-mean; linear ridge; an MLP taught the answers of other trials",
        (CIRCUITS,),
        judge_approximate,
    ),
    Claim(
        "recurrence",
        "Where a circuit feeds back, a student with a memory explains more than one without.",
        f"{SOURCE}, whose recurrent student has no memory; ours",
        "FVE of the GRU less that of the better static student; the lesser of feedback and complex,"
        " scaled",
        "95 % interval above 0 in both, and the output at t changes with the input at t-1 in the "
        "GRU alone",
        "MLP of the same layers; the published student; circuits as published beside it",
        (CIRCUITS,),
        judge_recurrence,
    ),
    Claim(
        "data-efficient",
        "Few trials suffice to learn most of what can be learned of the complex circuit.",
        f"{SOURCE}, abstract; 400 trials are from a stored figure, where error is within 11 %",
        "trials from which on the MLP has 90 % of its FVE with the most trials; geometric mean",
        f"at most {PUBLISHED_NEED}, with its 95 % interval",
        "linear ridge with the same trials; the published student",
        (EFFICIENCY,),
        judge_efficiency,
    ),
)
