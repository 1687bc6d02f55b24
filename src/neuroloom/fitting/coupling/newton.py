r"""Poisson regressions of all neurons on one design, by Newton steps that a search keeps safe.

The intercept is profiled out: with h the curvature of the loss at each frame, predictors count
about their h-weighted mean. A ridge's step is found by conjugate gradients for all neurons at once,
preconditioned by the curvature that they would share if rates did not vary. A sparse penalty's is
found within a working set: what is not 0, what goes free, and what its gradient pushes.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import ThreadpoolController

from neuroloom.fitting.coupling.links import AbstractLink
from neuroloom.fitting.coupling.penalties import Terms

__all__ = ["Design", "Solution", "mean_nll", "solve"]

FEWEST_SPIKES = 0.1  # of a neuron that is silent in all frames: its rate stays above 0
MOST_HALVINGS = 30
SUFFICIENT = 1e-4  # of the decrease that the model promises
ROUNDING = 1e-13  # of a loss
MOST_PRODUCTS = 50  # with the Hessian, for one step
ENOUGH = 1e-6  # of the squared length of the gradient
MOST_PROXIMAL = 500  # steps within a working set, for one step
ENOUGH_CHANGE = 1e-5  # of the largest step
TINY = 1e-300
WORTH_THREADS = 1e8  # multiplications
BATCH = 32  # neurons whose working sets are held at once


class Design(NamedTuple):
    """Standardized predictors and what they share over neurons.

    Attributes:
        z: Predictors, of mean 0 and SD 1 (0 where one never changes); each in one piece of memory.
        value: Eigenvalues of Z'Z / n.
        vector: Eigenvectors.
    """

    z: Float[np.ndarray, "row predictor"]
    value: Float[np.ndarray, " predictor"]
    vector: Float[np.ndarray, "predictor predictor"]

    @staticmethod
    def of(z: Float[np.ndarray, "row predictor"]) -> Design:
        """With its Gram matrix factorized."""
        value, vector = np.linalg.eigh(z.T @ z / len(z))
        return Design(np.asfortranarray(z), np.maximum(value, 0.0), vector)


class Solution(NamedTuple):
    """Where the descent ended.

    Attributes:
        beta: Standardized coefficients.
        intercept: Drive at the mean of all predictors.
        n_steps: How many steps of the descent.
    """

    beta: Float[np.ndarray, "predictor neuron"]
    intercept: Float[np.ndarray, " neuron"]
    n_steps: int


class Expansion(NamedTuple):
    """The loss about a point, the intercept profiled out.

    Attributes:
        weight: h, second derivative in the drive (expected) at each frame, over the number of them.
        total: Sum of h.
        mean: h-weighted mean of every predictor.
        push: Mean first derivative in the drive.
        gradient: Of the loss in every coefficient, the intercept fixed.
        profiled: The same, the intercept following.
    """

    weight: Float[np.ndarray, "row neuron"]
    total: Float[np.ndarray, " neuron"]
    mean: Float[np.ndarray, "predictor neuron"]
    push: Float[np.ndarray, " neuron"]
    gradient: Float[np.ndarray, "predictor neuron"]
    profiled: Float[np.ndarray, "predictor neuron"]


def solve(
    design: Design,
    spikes: Float[np.ndarray, "row neuron"],
    link: AbstractLink,
    terms: Terms,
    start: Solution | None = None,
    *,
    tolerance: float = 1e-6,
    most_steps: int = 50,
) -> Solution:
    """Minimizer of mean negative log likelihood and penalty, for every neuron.

    Args:
        design: Predictors.
        spikes: Counts.
        link: From drive to rate.
        terms: The penalty.
        start: Where to begin; the mean rate and no coupling by default.
        tolerance: A neuron is done when a step changes no standardized coefficient by more.
        most_steps: Of the descent.
    """
    n, n_neurons = spikes.shape
    if start is None:
        level = np.maximum(spikes.sum(axis=0), FEWEST_SPIKES) / n
        start = Solution(np.zeros((design.z.shape[1], n_neurons)), link.inverse(level), 0)
    beta, intercept = start.beta.copy(), start.intercept.copy()
    going, y, drive = np.arange(n_neurons), spikes, design.z @ beta + intercept
    step_of = _sparse_step if terms.group.size else _ridge_step
    n_steps = 0
    while going.size and n_steps < most_steps:
        n_steps += 1
        its, old = terms.part(going), beta[:, going]
        rate = link.rate(drive)
        at = _expand(design, rate, link.slope(drive, rate), y)
        step = step_of(design, at, old, its)
        step_b = -at.push / at.total - (at.mean * step).sum(axis=0)
        along = design.z @ step + step_b
        before = its.value(old)
        promised = (at.gradient * step).sum(axis=0) + at.push * step_b
        promised += its.value(old + step) - before

        def total(size: np.ndarray, some: np.ndarray) -> np.ndarray:
            tried = drive[:, some] + size * along[:, some]  # noqa: B023
            penalty = its.part(some).value(old[:, some] + size * step[:, some])  # noqa: B023
            return mean_nll(link.rate(tried), y[:, some]) + penalty  # noqa: B023

        size = _search(total, mean_nll(rate, y) + before, promised)
        beta[:, going] += size * step
        intercept[going] += size * step_b
        moved = np.maximum(np.abs(step).max(axis=0, initial=0.0), np.abs(step_b))
        kept = (moved > tolerance) & (size > 0)
        drive = drive + size * along
        if not kept.all():
            going, drive, y = going[kept], drive[:, kept], y[:, kept]
    return Solution(beta, intercept, n_steps)


def mean_nll(
    rate: Float[np.ndarray, "row neuron"], spikes: Float[np.ndarray, "row neuron"]
) -> Float[np.ndarray, " neuron"]:
    """Mean of rate - n log rate of each neuron, in nats per bin; infinite where a rate is."""
    with np.errstate(invalid="ignore"):
        loss = (rate - spikes * np.log(rate)).mean(axis=0)
    return np.where(np.isfinite(loss), loss, np.inf)


def _expand(design: Design, rate: np.ndarray, slope: np.ndarray, y: np.ndarray) -> Expansion:
    n = len(y)
    push = slope * (1 - y / rate) / n
    weight = slope**2 / rate / n
    total = np.maximum(weight.sum(axis=0), 1e-12)
    mean = design.z.T @ weight / total
    gradient = design.z.T @ push
    sum_push = push.sum(axis=0)
    return Expansion(weight, total, mean, sum_push, gradient, gradient - mean * sum_push)


def _search(
    total: Callable[[np.ndarray, np.ndarray], np.ndarray],
    before: Float[np.ndarray, " neuron"],
    promised: Float[np.ndarray, " neuron"],
) -> Float[np.ndarray, " neuron"]:
    """How much of its step each neuron takes: all, a half, ... or 0 if no part of it helps."""
    size, left = np.ones(before.size), np.arange(before.size)
    for _ in range(MOST_HALVINGS):
        bound = before[left] + SUFFICIENT * size[left] * promised[left]
        worse = ~(total(size[left], left) <= bound + ROUNDING * np.abs(before[left]))
        left = left[worse]
        if not left.size:
            return size
        size[left] /= 2
    size[left] = 0.0
    return size


def _ridge_step(
    design: Design, at: Expansion, beta: Float[np.ndarray, "predictor neuron"], terms: Terms
) -> Float[np.ndarray, "predictor neuron"]:
    """(H + Q)^-1 times the negative gradient, to a part in a thousand."""
    z = design.z
    below = design.value[:, None] * at.total + terms.ridge.mean(axis=0)
    below = np.maximum(below, np.finfo(float).eps * below.max(axis=0) * len(below))

    def curved(v: np.ndarray) -> np.ndarray:
        product = z.T @ (at.weight * (z @ v))
        return product - at.total * at.mean * (at.mean * v).sum(axis=0) + terms.ridge * v

    def preconditioned(v: np.ndarray) -> np.ndarray:
        return design.vector @ ((design.vector.T @ v) / below)

    left = -(at.profiled + terms.ridge * beta)
    step, ahead = np.zeros_like(left), preconditioned(left)
    fit = (left * ahead).sum(axis=0)
    first = fit.copy()
    for _ in range(MOST_PRODUCTS):
        product = curved(ahead)
        size = fit / np.maximum((ahead * product).sum(axis=0), TINY)
        step += size * ahead
        left = left - size * product
        moved = preconditioned(left)
        now = (left * moved).sum(axis=0)
        if (now <= ENOUGH * first).all():
            break
        ahead = moved + now / np.maximum(fit, TINY) * ahead
        fit = now
    return step


def _sparse_step(
    design: Design, at: Expansion, beta: Float[np.ndarray, "predictor neuron"], terms: Terms
) -> Float[np.ndarray, "predictor neuron"]:
    """To the minimizer of penalty and second-order model, within each neuron's working set."""
    smooth = at.profiled + terms.ridge * beta
    length = np.sqrt((smooth[terms.group] ** 2).sum(axis=1))
    present = (beta[terms.group] != 0).any(axis=1)
    working = present | (terms.threshold == 0) | (length > terms.threshold)
    step = np.zeros_like(beta)
    size = working.sum(axis=0)
    order = np.argsort(size, kind="stable")
    for first in range(0, order.size, BATCH):
        some = order[first : first + BATCH]
        sets = [terms.group[working[:, i]] for i in some]
        hessian = _hessians(design, at, terms, some, sets)
        for place, moved in enumerate(_within(hessian, smooth, beta, terms, some, sets, working)):
            step[sets[place], some[place]] = moved
    return step


def _hessians(
    design: Design,
    at: Expansion,
    terms: Terms,
    some: Int[np.ndarray, " neuron"],
    sets: list[Int[np.ndarray, "_ member"]],
) -> Float[np.ndarray, "neuron coefficient coefficient"]:
    """Of the profiled loss and the ridge, padded with the identity."""
    n_most = max(one.size for one in sets)
    out = np.broadcast_to(np.eye(n_most), (some.size, n_most, n_most)).copy()

    def fill(place: int) -> None:
        neuron, own = some[place], sets[place].reshape(-1)
        z, weight, mean = design.z[:, own], at.weight[:, neuron], at.mean[own, neuron]
        z -= mean
        z *= np.sqrt(weight)[:, None]
        out[place, : own.size, : own.size] = z.T @ z + np.diag(terms.ridge[own, neuron])

    places = range(some.size)
    if len(design.z) * sum(one.size**2 for one in sets) < WORTH_THREADS:
        for place in places:
            fill(place)
        return out
    # Many products of middling size: one thread each is better than all threads for one.
    with _libraries().limit(limits=1), ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, places))
    return out


@functools.cache
def _libraries() -> ThreadpoolController:
    """Found once: the search takes as long as a fit of a few neurons."""
    return ThreadpoolController()


def _within(
    hessian: Float[np.ndarray, "neuron coefficient coefficient"],
    smooth: Float[np.ndarray, "predictor neuron"],
    beta: Float[np.ndarray, "predictor neuron"],
    terms: Terms,
    some: Int[np.ndarray, " neuron"],
    sets: list[Int[np.ndarray, "_ member"]],
    working: np.ndarray,
) -> list[Float[np.ndarray, "_ member"]]:
    """Steps of the coefficients in the working sets, by accelerated proximal steps.

    Source:
        Beck and Teboulle, SIAM J. Imaging Sci. 2:183 (2009); restarts: O'Donoghue and Candes,
        Found. Comput. Math. 15:715 (2015).
    """
    n_neurons, width, members = some.size, hessian.shape[1], terms.group.shape[1]
    at = np.zeros((n_neurons, width // members, members))
    slope, threshold = at.copy(), np.zeros(at.shape[:2])
    for place, own in enumerate(sets):
        at[place, : len(own)] = beta[own, some[place]]
        slope[place, : len(own)] = smooth[own, some[place]]
        threshold[place, : len(own)] = terms.threshold[working[:, some[place]], some[place]]
    # One scale a group, so that the curvature of each is about 1 and its norm stays one.
    scale = np.sqrt(np.diagonal(hessian, axis1=1, axis2=2).reshape(at.shape).mean(axis=2))
    scale = np.maximum(scale, 1e-6 * scale.max(axis=1, keepdims=True))
    by = np.repeat(scale, members, axis=1)
    scaled = hessian / (by[:, :, None] * by[:, None, :])
    step = 1 / np.abs(scaled).sum(axis=2).max(axis=1)[:, None, None]
    begin = at * scale[:, :, None]
    slope, threshold = slope / scale[:, :, None], threshold / scale
    at = ahead = begin
    momentum = np.ones((n_neurons, 1, 1))
    for _ in range(MOST_PROXIMAL):
        bent = (scaled @ (ahead - begin).reshape(n_neurons, width, 1)).reshape(at.shape)
        moved = _shrunk(ahead - step * (slope + bent), step[:, :, 0] * threshold)
        change = moved - at
        uphill = ((ahead - moved) * change).sum(axis=(1, 2), keepdims=True) > 0
        momentum = np.where(uphill, 1.0, momentum)
        following = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
        ahead = moved + (momentum - 1) / following * change
        at, momentum = moved, following
        if np.abs(change).max() <= ENOUGH_CHANGE * max(np.abs(at - begin).max(), TINY):
            break
    steps = (at - begin) / scale[:, :, None]
    return [steps[place, : len(own)] for place, own in enumerate(sets)]


def _shrunk(
    values: Float[np.ndarray, "neuron group member"], by: Float[np.ndarray, "neuron group"]
) -> Float[np.ndarray, "neuron group member"]:
    """Each group toward 0 along itself."""
    length = np.sqrt((values**2).sum(axis=2))
    kept = np.maximum(length - by, 0.0) / np.where(length > 0, length, 1.0)
    return values * np.where(by > 0, kept, 1.0)[:, :, None]
