r"""Poisson regressions of spikes, one for every neuron, with all that estimates of them need.

$$n_{it} \sim \mathrm{Poisson}(\mu_{it}), \qquad \log \mu_{it} = c_i +
\sum_{j \ne i} w_{ij} \sum_l g_l n_{j,t-l} + \sum_l o_{il} n_{i,t-l} + \sum_l C_{il} b_{t-l}$$

All connections share g; a neuron's own past and behavior have each lag to themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve

from neuroloom.fitting.coupling.history import filtered
from neuroloom.fitting.coupling.lagged import LaggedFrames

__all__ = ["CountDesign", "Regression", "prior_precision", "regress"]

FEWEST_SPIKES = 0.1
WIDE = 5.0
"""Prior SD of a standardized coefficient: wide, so that pairs without a coincidence stay finite."""
MOST_STEPS = 200
MOST_HALVINGS = 30
DONE = 1e-6  # nats that a step promises, of the whole recording
SLOW = 0.25  # a curvature is computed anew if a step promises more than this share of the last
MOST_DRIVE = 30.0


class CountDesign:
    """Predictors of each neuron in turn, standardized, in one piece of memory.

    In order: the past of every neuron through the shared profile, in whose place a neuron's own
    past one step back stands; its own past two steps back, and so on; behavior lag by lag; 1.
    """

    def __init__(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None,
        profile: Float[np.ndarray, " lag"],
    ) -> None:
        """Frames are those of `LaggedFrames`."""
        p, n = len(profile), activity.shape[2]
        counts = LaggedFrames(activity, p, behavior).counts
        self.spikes = np.asfortranarray(activity[counts])
        self._source, self._counts = np.where(np.isfinite(activity), activity, 0.0), counts
        self._lags = np.eye(p)
        through = filtered(self._source, profile[:, None], counts)
        parts = [through, np.zeros((len(through), p - 1))]
        if behavior is not None:
            parts.append(filtered(np.nan_to_num(behavior), self._lags, counts))
        parts.append(np.ones((len(through), 1)))
        self.x = np.asfortranarray(np.concatenate(parts, axis=1))
        self.center, self.scale = self.x.mean(axis=0), self.x.std(axis=0)
        self.scale = np.where(self.scale > 1e-12, self.scale, 1.0)
        self.center[-1], self.scale[-1] = 0.0, 1.0
        self.x -= self.center
        self.x /= self.scale
        self._gram = self.x.T @ self.x
        self.n_neurons, self.n_lags = n, p

    def own(self, neuron: int) -> list[int]:
        """Predictors that are the neuron's own past."""
        return [neuron, *range(self.n_neurons, self.n_neurons + self.n_lags - 1)]

    def of(self, neuron: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Predictors of a neuron, their products, centers and scales; valid until `put_back`."""
        own = self.own(neuron)
        past = filtered(self._source[:, :, [neuron]], self._lags, self._counts)
        center, scale = self.center.copy(), self.scale.copy()
        center[own], scale[own] = past.mean(axis=0), np.maximum(past.std(axis=0), 1e-12)
        self._kept = self.x[:, neuron].copy()
        self.x[:, own] = (past - center[own]) / scale[own]
        gram = self._gram.copy()
        gram[own] = self.x[:, own].T @ self.x
        gram[:, own] = gram[own].T
        return self.x, gram, center, scale

    def put_back(self, neuron: int) -> None:
        """The past of this neuron, as others hear it, where its own past stood."""
        self.x[:, neuron] = self._kept


@dataclass(frozen=True, eq=False)
class Regression:
    """Where the likelihood of one neuron is largest.

    Attributes:
        beta: Coefficients in the order of the design, standardized.
        rate: Spikes per bin at each frame.
        hessian: Of the negative log likelihood and the wide prior there.
    """

    beta: Float[np.ndarray, " predictor"]
    rate: Float[np.ndarray, " row"]
    hessian: Float[np.ndarray, "predictor predictor"]


def regress(
    x: Float[np.ndarray, "row predictor"],
    gram: Float[np.ndarray, "predictor predictor"],
    spikes: Float[np.ndarray, " row"],
) -> Regression:
    """Poisson regression of one neuron, by Newton steps.

    The curvature is kept while steps with it shrink fast, because it costs as much as a hundred of
    them; a search keeps every step safe.

    Args:
        x: Predictors, the last of them 1.
        gram: Their products, summed over frames.
        spikes: Counts.
    """
    prior = prior_precision(x)
    level = max(float(spikes.sum()), FEWEST_SPIKES) / len(spikes)
    beta = np.zeros(x.shape[1])
    beta[-1] = np.log(level)
    drive = x @ beta
    factor = cho_factor(level * gram + np.diag(prior))
    loss, before = _loss(drive, spikes, beta, prior), np.inf
    for _ in range(MOST_STEPS):
        rate = np.exp(np.minimum(drive, MOST_DRIVE))
        gradient = x.T @ (spikes - rate) - prior * beta
        step = cho_solve(factor, gradient)
        promised = float(gradient @ step)
        if promised > SLOW * before:
            factor = cho_factor(_hessian(x, rate, prior))
            step = cho_solve(factor, gradient)
            promised = float(gradient @ step)
        before = promised
        if promised < DONE:
            break
        along, size = x @ step, 1.0
        for _ in range(MOST_HALVINGS):
            tried = beta + size * step
            following = _loss(drive + size * along, spikes, tried, prior)
            if following <= loss:
                beta, drive, loss = tried, drive + size * along, following
                break
            size /= 2
        else:
            break
        if size < 1:
            before = 0.0  # the curvature misled
    rate = np.exp(np.minimum(drive, MOST_DRIVE))
    return Regression(beta, rate, _hessian(x, rate, prior))


def prior_precision(x: Float[np.ndarray, "row predictor"]) -> Float[np.ndarray, " predictor"]:
    """Precision of the wide prior; none on the intercept."""
    prior = np.full(x.shape[1], WIDE**-2)
    prior[-1] = 0.0
    return prior


def _loss(drive: np.ndarray, spikes: np.ndarray, beta: np.ndarray, prior: np.ndarray) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(drive).sum() - spikes @ drive + 0.5 * (prior * beta**2).sum())


def _hessian(x: np.ndarray, rate: np.ndarray, prior: np.ndarray) -> np.ndarray:
    weighted = x * np.sqrt(rate)[:, None]
    return weighted.T @ weighted + np.diag(prior)
