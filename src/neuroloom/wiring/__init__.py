"""Connectome -> an operator y = W r with gradients."""

from neuroloom.wiring.choice import choose_wiring
from neuroloom.wiring.sparse import SparseWiring
from neuroloom.wiring.wiring import AbstractWiring, DenseWiring

__all__ = ["AbstractWiring", "DenseWiring", "SparseWiring", "choose_wiring"]
