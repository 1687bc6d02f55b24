"""Who drives whom, in closed form: autoregressions, and a probability for every connection."""

from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.edge_model import EdgeModel
from neuroloom.fitting.coupling.edges import EdgePosterior, Edges
from neuroloom.fitting.coupling.factors import Factors, find_factors
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments
from neuroloom.fitting.coupling.linear import Lasso, ReducedRank, Ridge
from neuroloom.fitting.coupling.sensitivity import by_number_of_factors
from neuroloom.fitting.coupling.sparse_factors import SparseFactors
from neuroloom.fitting.coupling.twin import simulate_twin

__all__ = [
    "Coupling",
    "EdgeModel",
    "EdgePosterior",
    "Edges",
    "Factors",
    "LaggedFrames",
    "LaggedMoments",
    "Lasso",
    "ReducedRank",
    "Ridge",
    "SparseFactors",
    "by_number_of_factors",
    "find_factors",
    "simulate_twin",
]
