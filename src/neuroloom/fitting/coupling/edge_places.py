r"""Connections that depend on where neurons lie, as along a ring: not classes, but places.

Neurons that are close have similar rows and columns of connectivity. Each pair's prior is then
what its neighbors say, pairs of a receiver like i and a sender like j:

$$\rho_{ij} = \frac{\sum_{i'j'} K_{ii'} L_{jj'} q_{i'j'}}{\sum_{i'j'} K_{ii'} L_{jj'}}, \qquad
\mu_{ij} = \frac{\sum_{i'j'} K_{ii'} L_{jj'} q_{i'j'} m_{i'j'}}
{\sum_{i'j'} K_{ii'} L_{jj'} q_{i'j'}}, \qquad (i', j') \neq (i, j)$$

with q how likely each connection is and m its weight. A pair's own estimate has no part in its own
prior: it is left out of the sums, and receivers (senders) are compared by the connections from
(to) others, in folds. If it had a part, every strong connection would look like structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import eigh
from scipy.special import expit

from neuroloom.fitting.coupling.edge_model import (
    PSEUDO_PAIRS,
    EdgeModel,
    Places,
    infer_edges,
    prior_of,
)
from neuroloom.fitting.coupling.edge_pairs import Pairs, log_parts

__all__ = ["Alike", "neighbor_prior", "placed"]

NEIGHBORS = (2, 3, 4, 6, 8, 12)
"""How many neighbors may count much; the best in forecasting estimates is taken."""
N_DIMENSIONS = 8
"""Dimensions in which neurons are compared."""
N_FOLDS = 5
"""Of the others, by which neurons are compared."""
N_ROUNDS = 6
LEAST_EVIDENCE = 10.0
"""Log likelihood by which places must beat classes: more than the best of some tries by chance."""
FEWEST = 1e-5
"""Density below which there is nothing to place."""


def placed(model: EdgeModel, pairs: Pairs, halves: Sequence[Pairs]) -> EdgeModel:
    """The model with places, where they foretell the estimates of another half; else as it was.

    What is learned of places from one half of a recording is scored by the likelihood of the
    estimates from the other, and both ways are added. Only what beats the classes counts.

    Args:
        model: With classes, fitted to all.
        pairs: Estimates from all.
        halves: Estimates from either half.

    Source:
        Neighborhood smoothing: Zhang, Levina and Zhu, Biometrika 104:771 (2017), there of the
        adjacency matrix that is seen; ours is of estimates, in the loop of their inference.
    """
    if float(model.density.max()) <= FEWEST:
        return model
    ways = (tuple(halves), tuple(halves)[::-1])
    of_classes = sum(infer_edges(model, half).log_likelihood for half in halves)
    gained = {}
    for n in NEIGHBORS:
        if 3 * n >= len(pairs.estimate):
            break
        foretold = (
            infer_edges(replace(model, places=_learned(model, one, n)), other)
            for one, other in ways
        )
        gained[n] = sum(found.log_likelihood for found in foretold) - of_classes
    best = max(gained, key=lambda n: gained[n], default=None)
    if best is None or gained[best] < LEAST_EVIDENCE:
        return model
    found = replace(_learned(model, pairs, best), evidence=gained[best])
    return infer_edges(replace(model, places=found), pairs)


@dataclass(frozen=True, eq=False)
class Alike:
    """How alike neurons are, 0 to 1, each time judged without one fold of the others.

    Attributes:
        post: Receivers, by what they receive from senders outside the fold.
        pre: Senders, by what they send to receivers outside the fold.
        fold: Of each neuron.
    """

    post: Float[np.ndarray, "fold post post"]
    pre: Float[np.ndarray, "fold pre pre"]
    fold: Int[np.ndarray, " neuron"]

    @staticmethod
    def of(weight: Float[np.ndarray, "post pre"], n_neighbors: int) -> Alike:
        """By rows and columns of estimated weights.

        Args:
            weight: As far as it is known.
            n_neighbors: How far likeness reaches.
        """
        fold = np.arange(len(weight)) % N_FOLDS
        post, pre = (
            np.stack([_alike(rows[:, fold != one], n_neighbors) for one in range(N_FOLDS)])
            for rows in (weight, weight.T)
        )
        return Alike(post, pre, fold)

    def summed(self, values: Float[np.ndarray, "post pre"]) -> Float[np.ndarray, "post pre"]:
        """Over all other pairs, by how alike both neurons are."""
        found = np.empty_like(values)
        for s in range(len(self.pre)):
            rows = np.flatnonzero(self.fold == s)
            for t in range(len(self.post)):
                columns = np.flatnonzero(self.fold == t)
                receivers, senders = self.post[t][rows], self.pre[s][columns]
                here = np.ix_(rows, columns)
                own = np.outer(receivers[:, rows].diagonal(), senders[:, columns].diagonal())
                found[here] = receivers @ values @ senders.T - own * values[here]
        return found


def neighbor_prior(
    q: Float[np.ndarray, "post pre"],
    mean: Float[np.ndarray, "post pre"],
    variance: Float[np.ndarray, "post pre"],
    pairs: Pairs,
    alike: Alike,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Density, mean and variance that the neighbors of each pair say, not the pair itself.

    Args:
        q: How likely each connection is.
        mean: Of its weight, if it exists.
        variance: Of its weight, if it exists.
        pairs: Which pairs there are, and their groups; densities are of pairs of one group.
        alike: How alike neurons are.
    """

    def near(values: np.ndarray) -> np.ndarray:
        return alike.summed(np.where(pairs.between, values, 0.0))

    there = np.maximum(near(q), 0.0)
    first, second = q * mean, q * (variance + mean**2)
    near_first = near(first)
    tiny = np.finfo(float).tiny
    n_there = max(q[pairs.between].sum(), tiny)
    overall = first[pairs.between].sum() / n_there
    mu = (near_first + PSEUDO_PAIRS * overall) / (there + PSEUDO_PAIRS)
    left = np.maximum(near(second) - 2 * mu * near_first + mu**2 * there, 0.0)
    within = (q * ((mean - mu) ** 2 + variance))[pairs.between].sum() / n_there
    density = np.empty_like(q)
    for group in np.unique(pairs.group):
        which = pairs.group == group
        mine = which & pairs.between
        everywhere = q[mine].mean() if mine.any() else 0.0
        part = near(np.where(which, q, 0.0)) + PSEUDO_PAIRS * everywhere
        density[which] = (part / (near(which.astype(float)) + PSEUDO_PAIRS))[which]
    return (
        np.clip(density, 1e-6, 1 - 1e-6),
        mu,
        (left + PSEUDO_PAIRS * within) / (there + PSEUDO_PAIRS),
    )


def _learned(model: EdgeModel, pairs: Pairs, n_neighbors: int) -> Places:
    """Places and connections found in turns, from what classes say at first."""
    x = pairs.estimate - infer_edges(model, pairs).common
    gain = model.gain[:, None]
    prior = prior_of(model, pairs)
    found = Places(*prior[:3], n_neighbors=n_neighbors)
    for _ in range(N_ROUNDS):
        absent, present, mean, variance = log_parts(pairs, x, prior)
        q = np.where(pairs.between, expit(present - absent), 0.0)
        weight = np.where(pairs.between, q * mean / gain, 0.0)
        alike = Alike.of(weight, n_neighbors)
        density, mu, spread = neighbor_prior(q, mean / gain, variance / gain**2, pairs, alike)
        found = replace(found, density=density, mean=gain * mu, variance=gain**2 * spread)
        prior = (found.density, found.mean, found.variance, prior[3])
    return found


def _alike(rows: Float[np.ndarray, "neuron other"], n: int) -> Float[np.ndarray, "neuron neuron"]:
    """How alike rows are in leading dimensions: 1 if equal, little beyond the n-th nearest."""
    size = len(rows)
    leading = (max(size - N_DIMENSIONS, 0), size - 1)
    square, left = eigh(rows @ rows.T, subset_by_index=leading)
    at = left * np.sqrt(np.maximum(square, 0.0))
    squares = (at**2).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares[None, :] - 2 * at @ at.T, 0.0)
    np.fill_diagonal(apart, 0.0)
    reach = np.sqrt(np.sort(apart, axis=1)[:, n])
    scale = np.outer(reach, reach)
    return np.exp(-apart / np.where(scale > 0, scale, 1.0))
