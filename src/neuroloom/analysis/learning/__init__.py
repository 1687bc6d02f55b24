"""Learning curves: what one says, how arms differ over seeds, and the sentence that follows."""

from neuroloom.analysis.learning.censored import Reached, StepsTaken, steps_taken, steps_to
from neuroloom.analysis.learning.curves import final_return, initial_return, learning_area
from neuroloom.analysis.learning.equivalence import Equivalence, equivalence
from neuroloom.analysis.learning.interval import Interval, mean_interval
from neuroloom.analysis.learning.paired import Draws, nested_difference, paired_difference
from neuroloom.analysis.learning.trend import trend
from neuroloom.analysis.learning.verdict import (
    Standing,
    equivalence_verdict,
    ordering,
    standing,
    trend_verdict,
    verdict,
)

__all__ = [
    "Draws",
    "Equivalence",
    "Interval",
    "Reached",
    "Standing",
    "StepsTaken",
    "equivalence",
    "equivalence_verdict",
    "final_return",
    "initial_return",
    "learning_area",
    "mean_interval",
    "nested_difference",
    "ordering",
    "paired_difference",
    "standing",
    "steps_taken",
    "steps_to",
    "trend",
    "trend_verdict",
    "verdict",
]
