"""What is claimed of circuits that change, and when it holds, as issue 6 and the spec have it."""

from __future__ import annotations

import numpy as np

from neuroloom.studies.framework import Claim, NotTestedError, Results, Verdict, mean_interval
from neuroloom.studies.functional_connectome.plasticity.arms import (
    DRIFT,
    FROZEN,
    FROZEN_AGAIN,
    ONLINE,
    PLASTICITY,
    PRETRAINED,
    RANDOM,
    RETRAINED,
    RULES,
)
from neuroloom.studies.functional_connectome.plasticity.config import HasPlasticity

__all__ = ["CLAIMS"]

LEAST_SEEDS = 10
SMALL_SIGMA = np.exp(-4.0)
"""About .018: up to here the published pre-trained student is better before retraining."""


def judge_before(results: Results, config: HasPlasticity) -> Verdict:
    """Error of the random start less that of the pre-trained student, least small sigma."""
    least, said = np.inf, []
    value = np.inf
    for log_sigma in config.plasticity.log_sigmas:
        at = {"log_sigma": log_sigma, "epoch": 0}
        pre, fresh = (
            results.values(PLASTICITY, name, "mse", at_least=LEAST_SEEDS, **at)
            for name in (PRETRAINED, RANDOM)
        )
        mean, low, _ = mean_interval(fresh - pre)
        said.append(f"e^{log_sigma:g} {pre.mean():.2f} and {fresh.mean():.2f}")
        if np.exp(log_sigma) <= 1.01 * SMALL_SIGMA:
            least, value = min(least, low), min(value, mean)
    return Verdict.of(
        least > 0, value, low=least, reason="pre-trained and random start: " + "; ".join(said)
    )


def judge_faster(results: Results, config: HasPlasticity) -> Verdict:
    """Epochs of the random start over those of the pre-trained student; mean over sigmas."""
    ratios, said, better = [], [], 0
    last = config.plasticity.epochs[-1]
    for log_sigma in config.plasticity.log_sigmas:
        pre, fresh = (
            results.values(
                PLASTICITY,
                name,
                "epochs_to_criterion",
                at_least=LEAST_SEEDS,
                log_sigma=log_sigma,
            )
            for name in (PRETRAINED, RANDOM)
        )
        ratios.append(np.log(np.maximum(fresh, 1) / np.maximum(pre, 1)))
        final = [
            results.values(PLASTICITY, name, "mse", log_sigma=log_sigma, epoch=last).mean()
            for name in (PRETRAINED, RANDOM)
        ]
        better += int(final[0] < final[1])
        said.append(
            f"e^{log_sigma:g} {np.exp(ratios[-1].mean()):.1f}, final {final[0]:.3f} and "
            f"{final[1]:.3f}"
        )
    value, low, high = np.exp(mean_interval(np.mean(ratios, axis=0)))
    reason = (
        f"pre-trained ends lower at {better} of {len(ratios)} sigmas (error after {last} epochs, "
        "pre-trained and random): " + "; ".join(said)
    )
    return Verdict.of(low > 1, value, low=low, high=high, reason=reason)


def _measured_times(results: Results, rule: str) -> list[int]:
    """Times after the change until an output of every circuit varies no more.

    Raises:
        NotTestedError: If there is none.
    """
    found: dict[int, list[float]] = {}
    for record in results.records:
        what = tuple(record.get(name) for name in ("arm", "split", "measure", "rule"))
        if what == (DRIFT, FROZEN, "fve", rule) and record["time"] > 0:
            found.setdefault(int(record["time"]), []).append(record["value"])
    times = []
    for time in sorted(found):
        if not np.isfinite(found[time]).all():
            break
        times.append(time)
    if not times:
        raise NotTestedError(f"no output of {rule} varies after the change")
    return times


def judge_drift(results: Results, config: HasPlasticity) -> Verdict:
    """Least lower end of the gain of the online student over the better frozen one, over rules."""
    least, value, said = np.inf, np.inf, []
    for rule in RULES:
        times = _measured_times(results, rule)
        late, n = times[len(times) // 2 :], times[-1]
        if n < config.plasticity.n_times:
            said.append(f"{rule}: from time {n + 1} on all outputs of a circuit are silent")

        def fve(name: str, rule: str = rule, late: list[int] = late) -> np.ndarray:
            return np.mean(
                [
                    results.values(DRIFT, name, "fve", at_least=LEAST_SEEDS, rule=rule, time=t)
                    for t in late
                ],
                axis=0,
            )

        found = {name: fve(name) for name in (FROZEN, FROZEN_AGAIN, RETRAINED, ONLINE)}
        frozen = np.maximum(found[FROZEN], found[FROZEN_AGAIN])
        mean, low, high = mean_interval(found[ONLINE] - frozen)
        least, value = min(least, low), min(value, mean)
        sigma = results.values(DRIFT, "circuit", "equivalent_sigma", rule=rule, time=n).mean()
        said.append(
            f"{rule} (to {sigma:.2f} SD): {mean:+.3f} ({low:.3f} to {high:.3f}); "
            + ", ".join(f"{name} {v.mean():.2f}" for name, v in found.items())
        )
    return Verdict.of(least > 0, value, low=least, reason="; ".join(said))


SOURCE = "Liu, Mavor-Parker and Barry (2022)"

CLAIMS = (
    Claim(
        "robust-before-retraining",
        "A student is still of use once weights have changed a little, before it learns again.",
        f"{SOURCE}, abstract; stored results",
        "error of a random start less that of the pre-trained student before retraining, in "
        "variances; the least over sigmas up to e^-4",
        f"95 % interval above 0 at each of these sigmas, at least {LEAST_SEEDS} circuits",
        "a student from a random start; all larger sigmas beside them",
        (PLASTICITY,),
        judge_before,
    ),
    Claim(
        "adapts-faster",
        "A student that learned the circuit before it changed learns it again in fewer epochs.",
        f"{SOURCE}, abstract",
        "epochs until the error is within 10 % of what the random start ends with, random start "
        "over pre-trained, each at least 1; geometric mean over sigmas",
        f"95 % interval above 1, at least {LEAST_SEEDS} circuits; final errors reported",
        "a student from a random start",
        (PLASTICITY,),
        judge_faster,
    ),
    Claim(
        "drift-tracking",
        "A student that is updated follows a circuit that drifts.",
        "ours",
        "FVE (median over live outputs) of the online student less that of the better frozen one, "
        "over the later half of the times until all outputs are silent; the least rule",
        f"95 % interval above 0 for {', '.join(RULES)}; at least {LEAST_SEEDS} circuits each",
        "a frozen student, and one that learns as much, all from before the drift",
        (DRIFT,),
        judge_drift,
    ),
)
