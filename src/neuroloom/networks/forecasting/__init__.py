"""Forecasters: every neuron's next frame from its own past and the currents it receives."""

from neuroloom.networks.forecasting.blueprint import Blueprint
from neuroloom.networks.forecasting.connectivity import (
    AbstractConnectivity,
    AbstractConnectivityForm,
    Free,
    FreeConnectivity,
    LowRank,
    LowRankConnectivity,
    SparseAndLowRank,
    SparseAndLowRankConnectivity,
)
from neuroloom.networks.forecasting.decoder import AbstractDecoder, AbstractDecoderForm, Seen
from neuroloom.networks.forecasting.forecaster import (
    Circuit,
    Forecaster,
    Reference,
    SessionForecasters,
)
from neuroloom.networks.forecasting.gru import Gru, GruDecoder
from neuroloom.networks.forecasting.jacobian import average_jacobian
from neuroloom.networks.forecasting.likelihoods import (
    AbstractLikelihood,
    AbstractLink,
    ExpLink,
    Gaussian,
    Poisson,
    SoftplusLink,
)
from neuroloom.networks.forecasting.mlp import Mlp, MlpDecoder
from neuroloom.networks.forecasting.rollout import rollout
from neuroloom.networks.forecasting.scaling import Scaling
from neuroloom.networks.forecasting.structure import (
    AbstractStructure,
    Anywhere,
    HardMask,
    SoftPrior,
    contacts,
)

__all__ = [
    "AbstractConnectivity",
    "AbstractConnectivityForm",
    "AbstractDecoder",
    "AbstractDecoderForm",
    "AbstractLikelihood",
    "AbstractLink",
    "AbstractStructure",
    "Anywhere",
    "Blueprint",
    "Circuit",
    "ExpLink",
    "Forecaster",
    "Free",
    "FreeConnectivity",
    "Gaussian",
    "Gru",
    "GruDecoder",
    "HardMask",
    "LowRank",
    "LowRankConnectivity",
    "Mlp",
    "MlpDecoder",
    "Poisson",
    "Reference",
    "Scaling",
    "Seen",
    "SessionForecasters",
    "SoftPrior",
    "SoftplusLink",
    "SparseAndLowRank",
    "SparseAndLowRankConnectivity",
    "average_jacobian",
    "contacts",
    "rollout",
]
