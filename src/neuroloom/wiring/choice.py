"""Which wiring operator for which graph."""

import numpy as np
from jaxtyping import Int

from neuroloom.errors import InputError
from neuroloom.wiring.sparse import SparseWiring, as_ends
from neuroloom.wiring.wiring import AbstractWiring, DenseWiring

__all__ = ["choose_wiring"]

# Measured on 2 cores with benchmarks/wiring_crossover.py; the table is in docs/performance.md. Up
# to 500 neurons both take a fraction of a millisecond and a matrix needs nothing compiled; above,
# the kernel wins below about 12 % of all pairs at every batch. A matrix of 30,000 neurons takes
# 3.6 GB.
DENSE_UP_TO = 500
DENSE_ABOVE_DENSITY = 0.1
DENSE_AT_MOST = 30_000


def choose_wiring(
    pre: Int[np.ndarray, " connection"], post: Int[np.ndarray, " connection"], n_neurons: int
) -> AbstractWiring:
    """The operator that is fastest here for a graph of this size and density.

    Dense up to 500 neurons; then, up to 30,000, where connections are more than 10 % of all
    pairs; else sparse.

    Args:
        pre: Where each connection starts, 0 to n_neurons - 1.
        post: Where each connection ends.
        n_neurons: Number of nodes.

    Raises:
        InputError: If an end is outside 0 to n_neurons - 1.
    """
    for name, end in (("pre", pre), ("post", post)):
        outside = (end < 0) | (end >= n_neurons)
        if outside.any():
            raise InputError(
                f"`{name}` must be positions of neurons, 0 to {n_neurons - 1}; got "
                f"{end[outside][0]} ({outside.sum()} such). Take them from a `Connectome`."
            )
    filled = len(pre) > DENSE_ABOVE_DENSITY * n_neurons**2
    if n_neurons <= DENSE_UP_TO or (filled and n_neurons <= DENSE_AT_MOST):
        return DenseWiring(as_ends(pre), as_ends(post), n_neurons)
    return SparseWiring.from_ends(pre, post, n_neurons)
