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

__all__ = [
    "Linearization",
    "Modes",
    "PredictedError",
    "Sensitivity",
    "leading_modes",
    "leading_sensitivity",
    "left_by_gradient_descent",
    "linearize",
    "modes",
    "predicted_error",
]
