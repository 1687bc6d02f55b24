"""Who drives whom, in closed form: autoregressions of a population."""

from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments
from neuroloom.fitting.coupling.linear import Lasso, ReducedRank, Ridge

__all__ = ["Coupling", "LaggedFrames", "LaggedMoments", "Lasso", "ReducedRank", "Ridge"]
