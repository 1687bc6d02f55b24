"""The closed-form inverse: weights, time constants and rest from fully observed activity.

In the order in which to read: `targets` (what the derivative is), `estimators` (which moments of
it are trusted), `reduction` (the regression of one neuron), `prior` (what wiring alone says of
weights), `findings` (what data cannot tell), `recovered` (the answer), `recover` (the loop).
"""

from neuroloom.fitting.inverse.estimators import (
    AbstractEstimator,
    Instruments,
    LeastSquares,
    NoiseCorrected,
)
from neuroloom.fitting.inverse.findings import Degeneracy, Finding
from neuroloom.fitting.inverse.noise_level import observation_noise_sd
from neuroloom.fitting.inverse.prior import WeightPrior
from neuroloom.fitting.inverse.recover import recover_parameters
from neuroloom.fitting.inverse.recovered import Recovered, identity_r2
from neuroloom.fitting.inverse.targets import (
    AbstractTarget,
    CleanDerivative,
    FiniteDifference,
    MultiStep,
)

__all__ = [
    "AbstractEstimator",
    "AbstractTarget",
    "CleanDerivative",
    "Degeneracy",
    "Finding",
    "FiniteDifference",
    "Instruments",
    "LeastSquares",
    "MultiStep",
    "NoiseCorrected",
    "Recovered",
    "WeightPrior",
    "identity_r2",
    "observation_noise_sd",
    "recover_parameters",
]
