"""Controllers: a circuit at several levels of realism, and simple ones beside it."""

from neuroloom.networks.policies.circuit_policy import CircuitPolicy, Sharing
from neuroloom.networks.policies.layered import (
    DenseLayersPolicy,
    LayeredControl,
    LayeredPolicy,
    layered_policy,
)
from neuroloom.networks.policies.learned_ports import LearnedPorts
from neuroloom.networks.policies.levels import (
    AbstractLevel,
    Alif,
    Artificial,
    Conductance,
    Izhikevich,
    LeakyRate,
)
from neuroloom.networks.policies.ncap import NcapPolicy, NcapWeights
from neuroloom.networks.policies.neighbors import NeighborPolicy
from neuroloom.networks.policies.policy import (
    AbstractPolicy,
    flatten,
    is_parameter,
    n_parameters,
)
from neuroloom.networks.policies.port_shuffles import shuffle_ports
from neuroloom.networks.policies.ports import AbstractPorts, AnatomicalPorts, Sensed
from neuroloom.networks.policies.simple import LinearPolicy, PerceptronPolicy, RecurrentPolicy

__all__ = [
    "AbstractLevel",
    "AbstractPolicy",
    "AbstractPorts",
    "Alif",
    "AnatomicalPorts",
    "Artificial",
    "CircuitPolicy",
    "Conductance",
    "DenseLayersPolicy",
    "Izhikevich",
    "LayeredControl",
    "LayeredPolicy",
    "LeakyRate",
    "LearnedPorts",
    "LinearPolicy",
    "NcapPolicy",
    "NcapWeights",
    "NeighborPolicy",
    "PerceptronPolicy",
    "RecurrentPolicy",
    "Sensed",
    "Sharing",
    "shuffle_ports",
    "flatten",
    "is_parameter",
    "layered_policy",
    "n_parameters",
]
