"""A simulated twin: activity like that of a recording, whose connections are known."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import signal

from neuroloom.fitting.coupling.edges import Edges
from neuroloom.fitting.coupling.poisson import PoissonCoupling
from neuroloom.fitting.coupling.slow_sensor import input_weight

__all__ = ["simulate_twin"]

STEADY = 0.98
"""Growth a step above which the twin's connections are weakened, and a neuron's own past is."""
MOST_TIMES = 60
"""How often connections are weakened by a tenth before there are none."""
MOST_SPIKES = 20.0
"""Mean count of a bin above which a spiking twin runs away."""
HIGHEST = 2.0
"""Log of the mean count at which a neuron rests at the most."""


def simulate_twin(
    edges: Edges, n_steps: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "trial time neuron"], Float[np.ndarray, "post pre"]]:
    """One trial of activity from the fitted distribution, and the connections that made it.

    Connections are drawn anew, with the densities, weights and gains that were found; a neuron's
    own past, common drive in the past and at the moment, and noise are those of the fit. Coupling
    further back than one step is left out. Where that would run away, connections are weakened, and
    so is the past of a neuron that runs away by itself: a twin of slow drift is less slow. Fitting
    the same estimator to it says what of the connectivity can be found in data like these, if the
    model is right.

    Args:
        edges: From `EdgePosterior.fit`.
        n_steps: Frames.
        rng: Randomness.
    """
    model, n = edges.model, len(edges.probability)
    block = (model.post_class[:, None], model.pre_class[None, :])
    density = model.density.mean(axis=0)[block]
    mean = model.gain[:, None] * model.slab_mean[block]
    sd = model.gain[:, None] * np.sqrt(model.slab_variance[block])
    if model.places is not None:
        places = model.places
        density, mean, sd = places.density, places.mean, np.sqrt(places.variance)
    there = rng.random((n, n)) < density
    weight = rng.normal(mean, sd)
    weight = np.where(there & ~np.eye(n, dtype=bool), weight, 0.0)
    if isinstance(edges.coupling, PoissonCoupling):
        return _spikes(edges, edges.coupling, weight, n_steps, rng)
    own = np.diagonal(edges.coupling.weight, axis1=1, axis2=2)
    own = _calmed(input_weight(own, edges.decay) if edges.decay else own)
    between = weight + model.common + model.detour[block]
    np.fill_diagonal(between, 0.0)
    alone = max(_growth(np.zeros_like(between), own, rng), STEADY) * (1 + 1e-6)
    for _ in range(MOST_TIMES):
        if _growth(between, own, rng) <= alone:
            break
        weight, between = 0.9 * weight, 0.9 * between
    else:
        weight, between = np.zeros_like(weight), np.zeros_like(between)
    factors = edges.factors
    noise = np.sqrt(factors.own_variance) * rng.normal(size=(n_steps, n))
    if factors.n:
        noise += rng.normal(size=(n_steps, factors.n)) @ factors.loading.T
    activity = _run(between, own, noise)
    if edges.decay:
        activity = np.asarray(signal.lfilter([1.0], [1.0, -edges.decay], activity, axis=0))
    return activity[None] + _mean(edges), weight


def _spikes(
    edges: Edges,
    coupling: PoissonCoupling,
    weight: np.ndarray,
    n_steps: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Counts, and the connections; all drive is weakened until no neuron runs away."""
    model, n = edges.model, len(weight)
    block = (model.post_class[:, None], model.pre_class[None, :])
    shift = np.where(np.eye(n, dtype=bool), 0.0, model.common + model.detour[block])
    place = np.arange(n)
    own = coupling.weight[:, place, place]
    rate = _mean_rate(coupling.weight.sum(axis=0), coupling.intercept)
    loading = edges.factors.loading
    level = np.minimum(coupling.intercept + coupling.weight.sum(axis=0) @ rate, HIGHEST)
    for _ in range(MOST_TIMES):
        kernel = edges.profile[:, None, None] * (weight + shift)
        kernel[:, place, place] = own
        shared = rng.normal(size=(n_steps, edges.factors.n)) @ loading.T
        counts = _run_counts(kernel, level - kernel.sum(axis=0) @ rate + shared, rng)
        if counts is not None:
            return counts[None], weight
        weight, shift, loading = 0.9 * weight, 0.9 * shift, 0.9 * loading
        own = np.where(own > 0, 0.9 * own, own)
    alone = rng.poisson(np.exp(level), size=(1, n_steps, n)).astype(float)
    return alone, np.zeros_like(weight)


def _run_counts(
    kernel: np.ndarray, drive: np.ndarray, rng: np.random.Generator
) -> np.ndarray | None:
    """Spikes of every bin; None where a neuron runs away."""
    n_lags = len(kernel)
    into = np.ascontiguousarray(kernel.swapaxes(1, 2).reshape(-1, kernel.shape[1]))
    n = np.zeros((len(drive) + n_lags, drive.shape[1]))
    for t, own in enumerate(drive, start=n_lags):
        rate = np.exp(np.minimum(own + n[t - n_lags : t][::-1].reshape(-1) @ into, 50.0))
        if rate.max() > MOST_SPIKES:
            return None
        n[t] = rng.poisson(rate)
    return n[n_lags:]


def _mean_rate(area: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    """Where rates rest if all neurons fire evenly, found by steps of a tenth."""
    rate = np.exp(np.minimum(intercept, 0.0))
    for _ in range(300):
        rate += 0.1 * (np.exp(np.clip(intercept + area @ rate, -50.0, 1.0)) - rate)
    return rate


def _run(between: np.ndarray, own: np.ndarray, noise: np.ndarray) -> np.ndarray:
    n_lags = len(own)
    x = np.zeros((len(noise) + n_lags, noise.shape[1]))
    for t, shock in enumerate(noise, start=n_lags):
        past = x[t - n_lags : t][::-1]
        x[t] = between @ past[0] + (own * past).sum(0) + shock
    return x[n_lags:]


def _calmed(own: np.ndarray) -> np.ndarray:
    """Every neuron's own past with no root above `STEADY`: lag l times shrinkage to the power l."""
    n_lags, n = own.shape
    companion = np.zeros((n, n_lags, n_lags))
    companion[:, 0] = own.T
    companion[:, np.arange(1, n_lags), np.arange(n_lags - 1)] = 1.0
    largest = np.abs(np.linalg.eigvals(companion)).max(axis=1)
    shrinkage = np.minimum(STEADY / np.maximum(largest, STEADY), 1.0)
    return own * shrinkage ** np.arange(1, n_lags + 1)[:, None]


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
