"""Tasks: a pure function of a key that draws trials. One task a file."""

from neuroloom.tasks.cycling import Cycling
from neuroloom.tasks.gamma_spikes import GammaSpikes
from neuroloom.tasks.goal_arena import MOVES, GoalArena
from neuroloom.tasks.goal_environment import goal_environment
from neuroloom.tasks.target_scale import (
    TargetScale,
    standardized_by_itself,
    target_scale,
    with_output_noise,
)
from neuroloom.tasks.trials import Trials

__all__ = [
    "MOVES",
    "Cycling",
    "GammaSpikes",
    "GoalArena",
    "TargetScale",
    "Trials",
    "goal_environment",
    "standardized_by_itself",
    "target_scale",
    "with_output_noise",
]
