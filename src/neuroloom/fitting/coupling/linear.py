"""Vector autoregressions in closed form: ridge, reduced rank, lasso."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.descent import lasso_coefficients
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments
from neuroloom.fitting.coupling.toward import toward_path
from neuroloom.fitting.coupling.validation import best_on_blocks

__all__ = ["Lasso", "ReducedRank", "Ridge", "lasso_path"]

Path = Callable[[LaggedMoments, Sequence[float]], list[np.ndarray]]
RIDGE_GRID = tuple(10.0 ** np.arange(-6, 1.1, 0.5))
LASSO_GRID = (4.0, 3.0, 2.0, 1.5, 1.25, 1.0, 0.75, 0.5)


@dataclass(frozen=True)
class Ridge:
    r"""Ridge regression of every neuron on the past of all: VAR(p).

    $$\min_A \tfrac1n \sum_t \lVert x_t - A z_t \rVert^2 + \lambda \lVert A S \rVert^2,$$

    with S the SDs of the predictors, so that units do not matter.

    Attributes:
        n_lags: Steps of the past.
        penalty: lambda, dimensionless; None chooses it on blocks of the training data.
    """

    n_lags: int = 1
    penalty: float | None = None

    def __post_init__(self) -> None:
        _check_penalty(self.penalty)

    def fit(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Coupling:
        """Fit to the frames whose past is observed.

        Raises:
            InputError: As `LaggedFrames`.
        """
        frames = LaggedFrames(activity, self.n_lags, behavior)
        return _fitted(frames, self.penalty, RIDGE_GRID, _ridge_path, "ridge penalty")


@dataclass(frozen=True)
class ReducedRank:
    r"""Ridge regression of low rank: all neurons are driven by a few combinations of the past.

    $$A = V_r V_r^\top A_{ridge},$$

    with V_r the leading eigenvectors of the covariance of ridge's forecasts, both sides in units
    of the neurons' SDs.

    Attributes:
        n_lags: Steps of the past.
        rank: Combinations; None chooses it on blocks of the training data.
        penalty: That of the ridge regression; None chooses it likewise, at full rank.

    Source:
        Izenman, J. Multivariate Anal. 5:248 (1975), with the identity as weight.
    """

    n_lags: int = 1
    rank: int | None = None
    penalty: float | None = None

    def __post_init__(self) -> None:
        _check_penalty(self.penalty)
        if self.rank is not None and self.rank < 1:
            raise InputError(f"`rank` must be at least 1; got {self.rank}. Leave it out to choose.")

    def fit(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Coupling:
        """Fit to the frames whose past is observed.

        Raises:
            InputError: As `LaggedFrames`, or if the rank exceeds the number of neurons.
        """
        frames = LaggedFrames(activity, self.n_lags, behavior)
        n = activity.shape[2]
        if self.rank is not None and self.rank > n:
            raise InputError(
                f"`rank` must be at most the {n} neurons; got {self.rank}. Leave it out to choose."
            )
        penalty = self.penalty
        if penalty is None:
            penalty = best_on_blocks(frames, RIDGE_GRID, _ridge_path)[0]

        def path(moments: LaggedMoments, ranks: Sequence[float]) -> list[np.ndarray]:
            full = _ridge_path(moments, [penalty])[0]
            sd = np.sqrt(np.diag(moments.now))
            scaled = full / sd
            leading = np.linalg.eigh(scaled.T @ moments.past @ scaled)[1][:, ::-1]
            return [scaled @ leading[:, : int(r)] @ leading[:, : int(r)].T * sd for r in ranks]

        rank = self.rank
        if rank is None:
            grid = np.unique(np.round(np.geomspace(1, n, 12)))
            rank = int(best_on_blocks(frames, grid.tolist(), path)[0])
        moments = frames.moments()
        return Coupling.of_coefficients(
            path(moments, [float(rank)])[0],
            moments,
            {"ridge penalty": penalty, "rank": float(rank)},
        )


@dataclass(frozen=True)
class Lasso:
    r"""Sparse VAR(p): an L1 penalty on the coupling; a neuron's own past goes free.

    $$\min_A \tfrac1{2n} \sum_t (x_{it} - a_i^\top z_t)^2 + \frac{c\,\sigma_i}{\sqrt n}
    \sum_k s_k |a_{ik}|,$$

    with sigma the residual SD of ridge regression and s the SDs of the predictors: c counts
    standard errors of a coefficient, whatever the units.

    Attributes:
        n_lags: Steps of the past.
        penalty: c, dimensionless; None chooses it on blocks of the training data.

    Source:
        Tibshirani, J. R. Statist. Soc. B 58:267 (1996).
    """

    n_lags: int = 1
    penalty: float | None = None

    def __post_init__(self) -> None:
        _check_penalty(self.penalty)

    def fit(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Coupling:
        """Fit to the frames whose past is observed.

        Raises:
            InputError: As `LaggedFrames`.
        """
        frames = LaggedFrames(activity, self.n_lags, behavior)
        return _fitted(frames, self.penalty, LASSO_GRID, lasso_path, "lasso penalty")


def _fitted(
    frames: LaggedFrames, penalty: float | None, grid: Sequence[float], path: Path, name: str
) -> Coupling:
    """Coefficients at this penalty, or at the one of the grid that predicts blocks best."""
    if penalty is None:
        penalty = best_on_blocks(frames, grid, path)[0]
    moments = frames.moments()
    return Coupling.of_coefficients(path(moments, [penalty])[0], moments, {name: penalty})


def _ridge_path(moments: LaggedMoments, penalties: Sequence[float]) -> list[np.ndarray]:
    return toward_path(moments, np.zeros_like(moments.cross), penalties)


def lasso_path(moments: LaggedMoments, penalties: Sequence[float]) -> list[np.ndarray]:
    """Coefficients of `Lasso` for each penalty, from the strongest down."""
    sd = _scale(moments.past)
    past, cross = moments.past / np.outer(sd, sd), moments.cross / sd[:, None]
    rough = _ridge_path(moments, [1e-2])[0]
    left = np.diag(moments.now) - 2 * (rough * moments.cross).sum(0)
    left = left + (rough * (moments.past @ rough)).sum(0)
    unit = np.sqrt(np.maximum(left, np.finfo(float).tiny) / moments.n_frames)
    free: Bool[np.ndarray, "predictor neuron"] = moments.own()
    found: dict[float, np.ndarray] = {}
    at = None
    for penalty in sorted(penalties, reverse=True):
        threshold = np.where(free, 0.0, penalty * unit)
        at = lasso_coefficients(past, cross, threshold, at)
        found[penalty] = at / sd[:, None]
    return [found[penalty] for penalty in penalties]


def _scale(past: Float[np.ndarray, "predictor predictor"]) -> Float[np.ndarray, " predictor"]:
    """SD of each predictor; 1 for one that never changes."""
    sd = np.sqrt(np.maximum(np.diag(past), 0.0))
    return np.where(sd > 0, sd, 1.0)


def _check_penalty(penalty: float | None) -> None:
    if penalty is not None and not 0 <= penalty < np.inf:
        raise InputError(
            f"`penalty` must be finite and at least 0; got {penalty}. Leave it out to choose it on "
            "blocks of the training data."
        )
