"""Tasks: a pure function of a key that draws trials. One task a file."""

from neuroloom.tasks.angular_integration import AngularIntegration
from neuroloom.tasks.cycling import Cycling
from neuroloom.tasks.delayed_match import DelayedMatch
from neuroloom.tasks.flip_flop import FlipFlop
from neuroloom.tasks.gamma_spikes import GammaSpikes
from neuroloom.tasks.goal_arena import MOVES, GoalArena
from neuroloom.tasks.goal_environment import goal_environment
from neuroloom.tasks.heading_codes import AbstractHeadingCode, Ring, SineCosine
from neuroloom.tasks.path_integration import PathIntegration
from neuroloom.tasks.target_scale import (
    TargetScale,
    standardized_by_itself,
    target_scale,
    with_output_noise,
)
from neuroloom.tasks.trials import Trials

__all__ = [
    "MOVES",
    "AbstractHeadingCode",
    "AngularIntegration",
    "Cycling",
    "DelayedMatch",
    "FlipFlop",
    "GammaSpikes",
    "GoalArena",
    "PathIntegration",
    "Ring",
    "SineCosine",
    "TargetScale",
    "Trials",
    "goal_environment",
    "standardized_by_itself",
    "target_scale",
    "with_output_noise",
]
