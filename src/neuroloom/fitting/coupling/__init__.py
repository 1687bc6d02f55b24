"""Who drives whom, by convex fits: autoregressions, Poisson regressions, edge probabilities."""

from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.deconvolution import Decay, fit_decay
from neuroloom.fitting.coupling.edge_model import EdgeModel
from neuroloom.fitting.coupling.edges import EdgePosterior, Edges, choose_likelihood
from neuroloom.fitting.coupling.factors import Factors, find_factors
from neuroloom.fitting.coupling.history import EachLag, RaisedCosine
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments
from neuroloom.fitting.coupling.likelihoods import (
    GaussianLikelihood,
    PoissonLikelihood,
    likelihood_of,
)
from neuroloom.fitting.coupling.linear import Lasso, ReducedRank, Ridge
from neuroloom.fitting.coupling.links import Exponential, Softplus
from neuroloom.fitting.coupling.own_scale import own_scale
from neuroloom.fitting.coupling.penalties import L1, L2, GroupL1
from neuroloom.fitting.coupling.poisson import Poisson, PoissonCoupling
from neuroloom.fitting.coupling.sensitivity import by_number_of_factors
from neuroloom.fitting.coupling.sparse_factors import SparseFactors
from neuroloom.fitting.coupling.twin import simulate_twin

__all__ = [
    "L1",
    "L2",
    "Coupling",
    "Decay",
    "EachLag",
    "EdgeModel",
    "EdgePosterior",
    "Edges",
    "Exponential",
    "Factors",
    "GaussianLikelihood",
    "GroupL1",
    "LaggedFrames",
    "LaggedMoments",
    "Lasso",
    "Poisson",
    "PoissonCoupling",
    "PoissonLikelihood",
    "RaisedCosine",
    "ReducedRank",
    "Ridge",
    "Softplus",
    "SparseFactors",
    "by_number_of_factors",
    "choose_likelihood",
    "find_factors",
    "likelihood_of",
    "fit_decay",
    "own_scale",
    "simulate_twin",
]
