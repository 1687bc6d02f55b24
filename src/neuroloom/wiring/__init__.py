"""Connectome -> an operator y = W r with gradients."""

from neuroloom.wiring.wiring import AbstractWiring, DenseWiring, SparseWiring, choose_wiring

__all__ = ["AbstractWiring", "DenseWiring", "SparseWiring", "choose_wiring"]
