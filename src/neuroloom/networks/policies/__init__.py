"""Controllers: a circuit at several levels of realism, and simple ones beside it."""

from neuroloom.networks.policies.ncap import NcapPolicy, NcapWeights
from neuroloom.networks.policies.policy import (
    AbstractPolicy,
    flatten,
    is_parameter,
    n_parameters,
)
from neuroloom.networks.policies.simple import LinearPolicy, PerceptronPolicy, RecurrentPolicy

__all__ = [
    "AbstractPolicy",
    "LinearPolicy",
    "NcapPolicy",
    "NcapWeights",
    "PerceptronPolicy",
    "RecurrentPolicy",
    "flatten",
    "is_parameter",
    "n_parameters",
]
