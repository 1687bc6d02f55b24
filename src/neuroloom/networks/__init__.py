"""Networks: parameters and one equation each; steps in time; noise; what an instrument sees."""

from neuroloom.networks.activations import (
    AbstractActivation,
    Linear,
    Relu,
    Retanh,
    SharedSoftplus,
    Softplus,
    Tanh,
)
from neuroloom.networks.calcium import (
    AbstractCalciumKernel,
    Calcium,
    DoubleExponential,
    SingleExponential,
)
from neuroloom.networks.conductance_network import ConductanceNetwork
from neuroloom.networks.constraints import (
    AbstractConstraint,
    Bounded,
    Exponential,
    Free,
    Rectified,
)
from neuroloom.networks.integrators import (
    AbstractIntegrator,
    ExponentialEuler,
    ForwardEuler,
)
from neuroloom.networks.noise import RateNoise, StateNoise
from neuroloom.networks.observation import (
    AbstractObservation,
    AbstractTemporalObservation,
    Identity,
    PooledRoi,
)
from neuroloom.networks.parameterizations import (
    AbstractParameterization,
    CentralComplex,
    Larva,
    Synthetic,
    SyntheticSmooth,
    TanhGain,
    Zebrafish,
)
from neuroloom.networks.parameters import Shared, global_value, per_group, per_neuron
from neuroloom.networks.rate_network import GainSide, PreparedNetwork, RateNetwork
from neuroloom.networks.task_network import TaskNetwork, all_to_all

__all__ = [
    "AbstractActivation",
    "AbstractCalciumKernel",
    "AbstractConstraint",
    "AbstractIntegrator",
    "AbstractObservation",
    "AbstractTemporalObservation",
    "AbstractParameterization",
    "Bounded",
    "Calcium",
    "CentralComplex",
    "ConductanceNetwork",
    "DoubleExponential",
    "Exponential",
    "ExponentialEuler",
    "ForwardEuler",
    "Free",
    "GainSide",
    "Identity",
    "Larva",
    "Linear",
    "PooledRoi",
    "PreparedNetwork",
    "RateNetwork",
    "RateNoise",
    "Rectified",
    "Relu",
    "Retanh",
    "Shared",
    "SingleExponential",
    "SharedSoftplus",
    "Softplus",
    "StateNoise",
    "Synthetic",
    "SyntheticSmooth",
    "Tanh",
    "TanhGain",
    "TaskNetwork",
    "Zebrafish",
    "all_to_all",
    "global_value",
    "per_group",
    "per_neuron",
]
