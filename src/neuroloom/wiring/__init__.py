"""Connectome -> an operator y = W r with gradients."""

from neuroloom.wiring.choice import choose_wiring
from neuroloom.wiring.layered import Block, LayeredWiring
from neuroloom.wiring.population import PopulationWiring
from neuroloom.wiring.sparse import SparseWiring
from neuroloom.wiring.wiring import AbstractWiring, DenseWiring

__all__ = [
    "AbstractWiring",
    "Block",
    "DenseWiring",
    "LayeredWiring",
    "PopulationWiring",
    "SparseWiring",
    "choose_wiring",
]
