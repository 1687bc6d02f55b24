"""What a recorded set can tell of a network: sensitivities, modes, expected errors."""

from neuroloom.analysis.identifiability.linearization import Linearization, linearize
from neuroloom.analysis.identifiability.modes import (
    Modes,
    leading_modes,
    leading_sensitivity,
    modes,
)
from neuroloom.analysis.identifiability.posterior import (
    PredictedError,
    left_by_gradient_descent,
    predicted_error,
)
from neuroloom.analysis.identifiability.sensitivity import Sensitivity
from neuroloom.analysis.identifiability.shrinkage import Shrinkage, mode_shrinkage

__all__ = [
    "Linearization",
    "Modes",
    "PredictedError",
    "Sensitivity",
    "Shrinkage",
    "leading_modes",
    "leading_sensitivity",
    "left_by_gradient_descent",
    "linearize",
    "mode_shrinkage",
    "modes",
    "predicted_error",
]
