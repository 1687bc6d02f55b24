"""Tasks: a pure function of a key that draws trials. One task a file."""

from neuroloom.tasks.cycling import Cycling
from neuroloom.tasks.gamma_spikes import GammaSpikes
from neuroloom.tasks.target_scale import (
    TargetScale,
    standardized_by_itself,
    target_scale,
    with_output_noise,
)
from neuroloom.tasks.trials import Trials

__all__ = [
    "Cycling",
    "GammaSpikes",
    "TargetScale",
    "Trials",
    "standardized_by_itself",
    "target_scale",
    "with_output_noise",
]
