"""The part of a fit that a perturbation travels along: connections, not common drive."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.coupling import Edges, PoissonCoupling

__all__ = ["causal_weight", "drawn_weights"]

Weight = Float[np.ndarray, "lag post pre"]


def causal_weight(edges: Edges) -> Weight:
    """Coupling of each lag with what the fit takes for connections and own past, nothing else.

    The forecast of `edges` also hears common drive in the activity of other neurons; stimulating
    these would not drive anything. Further back than one step, connections are those of one step
    times the share that the forecast has there, as slow sensors make of them.

    Of a Poisson likelihood these are kernels of the drive, the log of the rate: responses then
    hang on how much neurons fire, and only `response` is right; the closed forms are of linear
    coupling.

    Args:
        edges: From `EdgePosterior.fit`.
    """
    return _with_own(edges, edges.connectivity)


def drawn_weights(edges: Edges, n_draws: int, *, rng: np.random.Generator) -> Iterator[Weight]:
    """`causal_weight` with connections drawn from their posterior, one pair apart from another.

    Args:
        edges: From `EdgePosterior.fit`.
        n_draws: How many, at least 1.
        rng: Randomness.

    Raises:
        InputError: If there are none to draw.
    """
    if n_draws < 1:
        raise InputError(f"`n_draws` must be at least 1; got {n_draws}. An interval needs 20.")
    model = edges.model
    for _ in range(n_draws):
        there = rng.random(model.probability.shape) < model.probability
        yield _with_own(edges, np.where(there, rng.normal(model.mean, model.sd), 0.0))


def _with_own(edges: Edges, connections: Float[np.ndarray, "post pre"]) -> Weight:
    heard = edges.coupling.weight
    off = ~np.eye(heard.shape[1], dtype=bool)
    if isinstance(edges.coupling, PoissonCoupling):
        shares = edges.profile.tolist()
    else:
        first = np.where(off, heard[0], 0.0)
        size = float((first**2).sum())
        later = [float((lag * first).sum()) / size if size else 0.0 for lag in heard[1:]]
        shares = [1.0, *later]
    own = np.where(off, 0.0, heard)
    return own + np.stack([np.where(off, share * connections, 0.0) for share in shares])
