"""Estimates of all connections by Poisson regression, for spike counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import cho_factor, cho_solve

from neuroloom.fitting.coupling.count_regression import CountDesign, prior_precision, regress
from neuroloom.fitting.coupling.edge_model import EdgeModel, infer_edges
from neuroloom.fitting.coupling.edge_pairs import Pairs
from neuroloom.fitting.coupling.estimates import AbstractEstimates, Known, least_squares
from neuroloom.fitting.coupling.factors import Factors, find_factors
from neuroloom.fitting.coupling.lag_profile import lag_profile
from neuroloom.fitting.coupling.lagged import LaggedFrames
from neuroloom.fitting.coupling.links import Exponential
from neuroloom.fitting.coupling.poisson import PoissonCoupling
from neuroloom.fitting.coupling.validation import N_FOLDS

__all__ = ["CountEstimates"]

PENALTIES = tuple(10.0 ** np.arange(-6, 3.1))


@dataclass(frozen=True, eq=False)
class CountEstimates(AbstractEstimates):
    r"""Poisson regressions of every neuron on the past of all through one shared profile.

    Noise of an estimate is the inverse Fisher information, times the variance of Pearson residuals
    $(n - \mu) / \sqrt\mu$ that is the neuron's own (1 for a Poisson process), times the inflation
    over blocks. Factors are those of the Pearson residuals; in units of the drive, they are divided
    by the root of the mean rate. Other weights of blocks are followed by one Newton step from the
    estimate, not fitted again.

    Attributes:
        design: Predictors.
        known: Of neurons and pairs beforehand.
        beta: Standardized coefficients of each neuron.
        center: Means of its predictors.
        scale: Their SDs.
        hessian: Of its negative log likelihood.
        influence: By how much each block of time moved its coefficients.
        fisher: Noise variance of each pair by the Fisher information alone, the larger of that at
            the estimate and that at an even rate: the first promises too much to neurons of few
            spikes.
        residual: Covariance of Pearson residuals.
        rate: Mean count of each neuron.
    """

    factors: Factors
    inflation: Float[np.ndarray, " neuron"]
    profile: Float[np.ndarray, " lag"]
    design: CountDesign
    known: Known
    beta: Float[np.ndarray, "neuron predictor"]
    center: Float[np.ndarray, "neuron predictor"]
    scale: Float[np.ndarray, "neuron predictor"]
    hessian: Float[np.ndarray, "neuron predictor predictor"]
    influence: Float[np.ndarray, "neuron block predictor"]
    fisher: Float[np.ndarray, "post pre"]
    residual: Float[np.ndarray, "neuron neuron"]
    rate: Float[np.ndarray, " neuron"]

    @staticmethod
    def of(
        activity: Float[np.ndarray, "trial time neuron"],
        n_lags: int,
        behavior: Float[np.ndarray, "_ _ channel"] | None,
        known: Known,
        *,
        n_factors: int | None,
        n_blocks: int,
    ) -> CountEstimates:
        """From spike counts; factors are counted where their number is None."""
        moments = LaggedFrames(activity, n_lags, behavior).moments()
        linear = find_factors(least_squares(moments)[1], moments.n_frames, n=n_factors)
        profile = lag_profile(moments, linear)
        design = CountDesign(activity, behavior, profile)
        n_rows, n_predictors = design.x.shape
        n, n_blocks = design.n_neurons, min(n_blocks, n_rows)
        edges = np.arange(n_blocks + 1) * n_rows // n_blocks
        beta, center, scale = (np.empty((n, n_predictors)) for _ in range(3))
        hessian = np.empty((n, n_predictors, n_predictors), np.float32)
        influence = np.empty((n, n_blocks, n_predictors))
        fisher, pearson = np.empty((n, n)), np.empty((n_rows, n))
        for i in range(n):
            x, gram, center[i], scale[i] = design.of(i)
            found = regress(x, gram, design.spikes[:, i])
            inverse = np.linalg.inv(found.hessian)
            left = design.spikes[:, i] - found.rate
            score = np.array([left[a:b] @ x[a:b] for a, b in pairwise(edges)])
            design.put_back(i)
            beta[i], hessian[i], influence[i] = found.beta, found.hessian, score @ inverse
            even = np.linalg.inv(design.spikes[:, i].mean() * gram + np.diag(prior_precision(x)))
            noise = np.maximum(np.diag(inverse), np.diag(even))
            fisher[i] = noise[:n] / scale[i, :n] ** 2
            pearson[:, i] = left / np.sqrt(found.rate)
        rate = design.spikes.mean(axis=0)
        residual = pearson.T @ pearson / (n_rows - n_predictors)
        factors = _factors(residual, n_rows, n_factors, rate)
        inflation = _inflation(influence[:, :, :n] / scale[:, None, :n], fisher, factors)
        return CountEstimates(
            factors,
            inflation,
            profile,
            design,
            known,
            beta,
            center,
            scale,
            hessian,
            influence,
            fisher,
            residual,
            rate,
        )

    @property
    def n_blocks(self) -> int:
        """Blocks of time whose influence is known."""
        return self.influence.shape[1]

    @property
    def enough_for_halves(self) -> bool:
        """Whether half of the bins are twice as many as predictors of a neuron."""
        n_rows, n_predictors = self.design.x.shape
        return n_rows >= 4 * n_predictors

    def with_factors(self, n: int) -> CountEstimates:
        """The same residuals, with another number of factors."""
        factors = _factors(self.residual, len(self.design.x), n, self.rate)
        return replace(self, factors=factors)

    def pairs(self, drawn: Int[np.ndarray, " block"] | None = None) -> Pairs:
        """Areas of kernels, in units of the drive per spike, and their noise."""
        n = self.design.n_neurons
        beta, share = self._drawn(drawn)
        variance = self.fisher * (self.factors.own_variance * self.inflation)[:, None] / share
        direction = self.factors.directions() if self.factors.n else np.zeros((n, 0))
        known = self.known
        estimate = beta[:, :n] / self.scale[:, :n]
        return Pairs(
            estimate, variance, direction, known.group, known.sign, known.label, gain_sd=0.0
        )

    def _drawn(self, drawn: np.ndarray | None) -> tuple[np.ndarray, float]:
        """Coefficients with other weights of blocks, and the mean of these."""
        if drawn is None:
            return self.beta, 1.0
        share = float(drawn.mean())
        return self.beta + np.einsum("b,ibp->ip", drawn - 1.0, self.influence) / share, share

    def forecast(self, model: EdgeModel) -> PoissonCoupling:
        """Poisson regression drawn towards the connections, by a penalty chosen on blocks.

        In each part left out, connections are inferred again from the rest. The likelihood is
        followed to second order about its maximum; intercepts are such that mean rates are those of
        the training data.
        """
        n_rows, n_blocks = len(self.design.x), self.n_blocks
        n_folds = min(N_FOLDS, n_blocks)
        fold_of_block = np.arange(n_blocks) * n_folds // n_blocks
        edges = np.arange(n_blocks + 1) * n_rows // n_blocks
        starts = []
        for one in range(n_folds):
            drawn = (fold_of_block != one).astype(int)
            beta, share = self._drawn(drawn)
            starts.append((beta, _expected(infer_edges(model, self.pairs(drawn))), share))
            starts[-1] = (*starts[-1], np.flatnonzero(~drawn.astype(bool)))
        whole = _expected(model)
        losses = np.zeros(len(PENALTIES))
        found = np.empty((len(PENALTIES), *self.beta.shape))
        for i in range(self.design.n_neurons):
            x, _, _, _ = self.design.of(i)
            y = self.design.spikes[:, i]
            hessian = self.hessian[i].astype(float)
            for beta, expected, share, out in starts:
                rows = np.zeros(n_rows, bool)
                rows[edges[out[0]] : edges[out[-1] + 1]] = True
                path = self._path(i, share * hessian, beta[i], expected[i])
                drive = x @ path.T
                drive += _offset(drive[~rows], y[~rows])
                rate = np.exp(np.minimum(drive[rows], 30.0))
                losses += (rate - y[rows, None] * drive[rows]).sum(axis=0)
            path = self._path(i, hessian, self.beta[i], whole[i])
            path[:, -1] += _offset(x @ path.T, y)
            found[:, i] = path
            self.design.put_back(i)
        best = int(losses.argmin())
        return self._coupling(found[best], float(PENALTIES[best]))

    def _path(
        self, i: int, hessian: np.ndarray, beta: np.ndarray, expected: np.ndarray
    ) -> np.ndarray:
        """Coefficients of one neuron for each penalty; own past, behavior and intercept go free."""
        n = self.design.n_neurons
        target, weight = np.zeros_like(beta), np.zeros_like(beta)
        target[:n], weight[:n] = expected * self.scale[i, :n], len(self.design.x) * self.rate[i]
        weight[i] = 0.0
        side = hessian @ beta
        return np.stack(
            [
                cho_solve(cho_factor(hessian + np.diag(one * weight)), side + one * weight * target)
                for one in PENALTIES
            ]
        )

    def _coupling(self, beta: np.ndarray, penalty: float) -> PoissonCoupling:
        n, p = self.design.n_neurons, self.design.n_lags
        w = beta / self.scale
        kernel = self.profile[:, None, None] * w[None, :, :n]
        for i in range(n):
            kernel[:, i, i] = w[i, self.design.own(i)]
        return PoissonCoupling(
            weight=kernel,
            behavior_weight=w[:, n + p - 1 : -1].reshape(n, p, -1).swapaxes(0, 1).copy(),
            intercept=w[:, -1] - (self.center * w).sum(axis=1),
            link=Exponential(),
            chosen={"penalty": penalty, "factors": float(self.factors.n)},
        )


def _factors(residual: np.ndarray, n_rows: int, n: int | None, rate: np.ndarray) -> Factors:
    """Factors of Pearson residuals, their loadings in units of the drive."""
    found = find_factors(residual, float(n_rows), n=n)
    return replace(found, loading=found.loading / np.sqrt(rate)[:, None])


def _inflation(moved: np.ndarray, fisher: np.ndarray, factors: Factors) -> np.ndarray:
    """Variance over blocks relative to the Fisher information's, common drive taken out."""
    n, n_blocks, _ = moved.shape
    keep = np.eye(n)
    if factors.n:
        direction = factors.directions()
        keep = keep - direction @ direction.T
    spread = (np.einsum("ik,kbj->ibj", keep, moved) ** 2).sum(axis=1) * n_blocks / (n_blocks - 1)
    expected = keep**2 @ (factors.own_variance[:, None] * fisher)
    between = ~np.eye(n, dtype=bool)
    ratio = (spread * between).sum(axis=1) / (expected * between).sum(axis=1)
    return np.maximum(ratio, 1.0)


def _expected(model: EdgeModel) -> np.ndarray:
    """Areas of all kernels between neurons, if connections are as the model says."""
    block = (model.post_class[:, None], model.pre_class[None, :])
    return model.weight + model.common + model.detour[block]


def _offset(drive: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """What makes the mean rate that of the spikes."""
    level = max(float(spikes.sum()), 0.1) / len(spikes)
    return np.log(level) - np.log(np.exp(np.minimum(drive, 30.0)).mean(axis=0))
