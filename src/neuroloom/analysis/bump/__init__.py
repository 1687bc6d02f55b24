"""What a bump of activity does when neurons of a task network are perturbed.

Perturb with `silence`, `stimulate`, `Clamp`, `Pulse` and `Scale` through `perturbed`; read out with
`displacement`, `drift`, `turning_gain`, `bump_amplitude`, `surviving`, `activity_left`; hold it
against `matched_sets` of other neurons.
"""

from neuroloom.analysis.bump.interventions import Scale, perturbed, scaled, stimulate
from neuroloom.analysis.bump.matched import matched_sets, members
from neuroloom.analysis.bump.readouts import (
    activity_left,
    bump_amplitude,
    displacement,
    drift,
    population_angle,
    surviving,
    towards,
)
from neuroloom.analysis.bump.turning import Estimate, TurningGain, gain_ratio, turning_gain
from neuroloom.analysis.perturbation import Clamp, Pulse, silence

__all__ = [
    "Clamp",
    "Estimate",
    "Pulse",
    "Scale",
    "TurningGain",
    "activity_left",
    "bump_amplitude",
    "displacement",
    "drift",
    "gain_ratio",
    "matched_sets",
    "members",
    "perturbed",
    "population_angle",
    "scaled",
    "silence",
    "stimulate",
    "surviving",
    "towards",
    "turning_gain",
]
