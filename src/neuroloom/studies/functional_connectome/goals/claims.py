"""What goals may show to be false; criteria were fixed before any seed from 300 on was seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroloom.studies.framework import Claim, Results, Verdict, mean_interval
from neuroloom.studies.functional_connectome.goals.arms import SUCCESSOR, VALUES
from neuroloom.studies.functional_connectome.goals.codes import ONE_HOT, PREDICTED, SHUFFLED, TRUE

__all__ = ["CLAIMS"]

LEAST_SEEDS = 10
WITHIN = 2.0  # shortest paths


def _of(results: Results, code: str, measure: str, learner: str, phase: str) -> np.ndarray:
    return results.values(
        "goals", code, measure, at_least=LEAST_SEEDS, learner=learner, phase=phase
    )


def judge_place_code(results: Results, config: Any) -> Verdict:
    """Ratio of the predicted code with successor features at the first goal, and two controls."""
    ours, true, shuffled = (
        _of(results, code, "late_ratio", SUCCESSOR, "first") for code in (PREDICTED, TRUE, SHUFFLED)
    )
    gain, low, _ = mean_interval(shuffled - ours)
    mean, mean_low, mean_high = mean_interval(ours)
    passed = mean <= WITHIN and true.mean() <= WITHIN and low > 0
    return Verdict.of(
        passed,
        mean,
        low=mean_low,
        high=mean_high,
        reason=(
            f"true place cells {true.mean():.2f}, shuffled {shuffled.mean():.2f}, which is "
            f"{gain:.2f} more (at least {low:.2f})"
        ),
    )


def judge_moved(results: Results, config: Any) -> Verdict:
    """Episodes that successor features save after the move, on true place cells; one-hot beside."""
    saved = {
        code: _of(results, code, "episodes_to_goal", VALUES, "moved")
        - _of(results, code, "episodes_to_goal", SUCCESSOR, "moved")
        for code in (TRUE, ONE_HOT)
    }
    mean, low, high = mean_interval(saved[TRUE])
    other, other_low, other_high = mean_interval(saved[ONE_HOT])
    return Verdict.of(
        low > 0,
        mean,
        low=low,
        high=high,
        reason=f"on a one-hot code {other:.1f} ({other_low:.1f} to {other_high:.1f})",
    )


CLAIMS = (
    Claim(
        id="goals-place-code",
        sentence="A predicted place code leads to a goal as well as the true one does.",
        source="ours; Liu, Mavor-Parker and Barry 2022 propose such use",
        measure="steps over the shortest path, last episodes with the first goal, successor "
        "features",
        criterion="at most 2 for predicted and for true place cells, and below the shuffled code "
        "with the 95 % interval of the difference, over 10 seeds or more",
        control="true place cells, shuffled place code, random walk",
        arms=("goals",),
        judge=judge_place_code,
    ),
    Claim(
        id="goals-moved",
        sentence="Successor features find a moved goal in fewer episodes than Q-learning.",
        source="ours, after Dayan 1993 and Barreto et al. 2017",
        measure="episodes saved until five in a row take at most twice the shortest path, true "
        "place cells",
        criterion="above 0 with its 95 % interval, over 10 seeds or more",
        control="Q-learning on the same code; the one-hot code",
        arms=("goals",),
        judge=judge_moved,
    ),
)
