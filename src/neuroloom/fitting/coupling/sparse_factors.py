"""Sparse coupling, with factors partialled out: the method of the literature, kept to compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.descent import lasso_coefficients
from neuroloom.fitting.coupling.factors import MARGIN
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments

__all__ = ["SparseFactors"]

N_ROUNDS = 5
ROUGH_RIDGE = 100.0  # frames' worth, in standardized units


@dataclass(frozen=True)
class SparseFactors:
    r"""A lasso on what is left of present and past once contemporaneous factors are taken out.

    From S = 0, five times over: residuals E = X_1 - X_0 S', their k leading principal components F,
    both X_1 and X_0 without their regression on F, and S the lasso between these. With k = 0, one
    lasso. Factors are of the present, so they say who drives whom and never forecast.

    The components of S along F stay as the lasso leaves them in the first rounds, so a wrong k
    costs accuracy; `EdgePosterior` does not share this flaw.

    Attributes:
        n_lags: Steps of the past.
        penalty: L1 penalty in standard errors of a coefficient, as in `Lasso`.
        n_factors: k; None counts eigenvalues of the correlation of residuals of ridge regression
            above the Marchenko-Pastur edge, with a margin of 5 %.
    """

    n_lags: int = 1
    penalty: float = 1.25
    n_factors: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.penalty < np.inf:
            raise InputError(
                f"`penalty` must be finite and at least 0; got {self.penalty}. 1.25 is usual."
            )

    def fit(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Coupling:
        """Fit to the frames whose past is observed.

        Raises:
            InputError: As `LaggedFrames`, or if there are as many factors as neurons.
        """
        moments = LaggedFrames(activity, self.n_lags, behavior).moments()
        sd = np.sqrt(np.diag(moments.past))
        sd = np.where(sd > 0, sd, 1.0)
        past, cross = moments.past / np.outer(sd, sd), moments.cross / sd[:, None]
        ridge = np.eye(len(past)) * ROUGH_RIDGE / moments.n_frames
        residual = _residual(moments, np.linalg.solve(past + ridge, cross), past, cross)
        k = _count(residual, moments) if self.n_factors is None else self.n_factors
        if not 0 <= k < moments.n_neurons:
            raise InputError(
                f"`n_factors` must be 0 to {moments.n_neurons - 1}; got {k}. Leave it out to count."
            )
        unit = np.sqrt(np.diag(residual) / moments.n_frames)
        threshold = np.where(moments.own(), 0.0, self.penalty * unit)
        found = np.zeros_like(cross)
        for _ in range(N_ROUNDS if k else 1):
            inner, side = past, cross
            if k:
                residual = _residual(moments, found, past, cross)
                leading = np.linalg.eigh(residual)[1][:, -k:]
                with_past = leading.T @ (cross - past @ found).T
                with_now = leading.T @ (moments.now - found.T @ cross)
                solved = np.linalg.solve(leading.T @ residual @ leading, with_past)
                inner, side = past - with_past.T @ solved, cross - solved.T @ with_now
            found = lasso_coefficients(inner, side, threshold, found)
        return Coupling.of_coefficients(
            found / sd[:, None], moments, {"factors": float(k), "lasso penalty": self.penalty}
        )


def _residual(
    moments: LaggedMoments, found: np.ndarray, past: np.ndarray, cross: np.ndarray
) -> np.ndarray:
    explained = found.T @ cross
    return moments.now - explained - explained.T + found.T @ past @ found


def _count(residual: np.ndarray, moments: LaggedMoments) -> int:
    sd = np.sqrt(np.diag(residual))
    edge = (1 + np.sqrt(moments.n_neurons / moments.n_frames)) ** 2
    return int((np.linalg.eigvalsh(residual / np.outer(sd, sd)) > MARGIN * edge).sum())
