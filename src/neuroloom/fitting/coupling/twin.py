"""A simulated twin: activity like that of a recording, whose connections are known."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling.edges import Edges

__all__ = ["simulate_twin"]

STEADY = 0.98
"""Growth a step above which the twin's connections are weakened."""


def simulate_twin(
    edges: Edges, n_steps: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "trial time neuron"], Float[np.ndarray, "post pre"]]:
    """One trial of activity from the fitted distribution, and the connections that made it.

    Connections are drawn anew, with the densities, weights and gains that were found; a neuron's
    own past, common drive in the past and at the moment, and noise are those of the fit. Coupling
    further back than one step is left out. Fitting the same estimator to it says what of the
    connectivity can be found in data like these, if the model is right.

    Args:
        edges: From `EdgePosterior.fit`.
        n_steps: Frames.
        rng: Randomness.
    """
    model, n = edges.model, len(edges.probability)
    block = (model.post_class[:, None], model.pre_class[None, :])
    there = rng.random((n, n)) < model.density.mean(axis=0)[block]
    weight = model.gain[:, None] * rng.normal(
        model.slab_mean[block], np.sqrt(model.slab_variance[block])
    )
    weight = np.where(there & ~np.eye(n, dtype=bool), weight, 0.0)
    own = np.diagonal(edges.coupling.weight, axis1=1, axis2=2)
    between = weight + model.common + model.detour[block]
    np.fill_diagonal(between, 0.0)
    growth = _growth(between, own, rng)
    while growth > STEADY and between.any():
        weight, between = 0.9 * weight, 0.9 * between
        growth = _growth(between, own, rng)
    factors = edges.factors
    noise = np.sqrt(factors.own_variance) * rng.normal(size=(n_steps, n))
    if factors.n:
        noise += rng.normal(size=(n_steps, factors.n)) @ factors.loading.T
    activity = _run(between, own, noise)
    return activity[None] + _mean(edges), weight


def _run(between: np.ndarray, own: np.ndarray, noise: np.ndarray) -> np.ndarray:
    n_lags = len(own)
    x = np.zeros((len(noise) + n_lags, noise.shape[1]))
    for t, shock in enumerate(noise, start=n_lags):
        past = x[t - n_lags : t][::-1]
        x[t] = between @ past[0] + (own * past).sum(0) + shock
    return x[n_lags:]


def _growth(between: np.ndarray, own: np.ndarray, rng: np.random.Generator) -> float:
    """Factor a step by which a push grows in the end."""
    silence = np.zeros((300, len(between)))
    silence[0] = rng.normal(size=len(between))
    size = np.linalg.norm(_run(between, own, silence), axis=1)
    if not np.isfinite(size).all() or size[-1] > 1e100:
        return np.inf
    return float((size[-1] / max(size[199], np.finfo(float).tiny)) ** (1 / 100))


def _mean(edges: Edges) -> Float[np.ndarray, " neuron"]:
    """Where activity rests, by the forecast; 0 where it rests nowhere."""
    total = edges.coupling.weight.sum(axis=0)
    rest = np.linalg.lstsq(np.eye(len(total)) - total, edges.coupling.intercept, rcond=None)[0]
    return np.where(np.isfinite(rest), rest, 0.0)
