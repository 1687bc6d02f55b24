"""Estimates of all connections by least squares, for noise that is about Gaussian."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.edge_model import EdgeModel, infer_edges
from neuroloom.fitting.coupling.edge_pairs import Pairs
from neuroloom.fitting.coupling.estimates import (
    AbstractEstimates,
    Known,
    inflation_of,
    least_squares,
    pairs_of,
)
from neuroloom.fitting.coupling.factors import Factors, find_factors
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments
from neuroloom.fitting.coupling.toward import toward_path
from neuroloom.fitting.coupling.validation import N_FOLDS, relative_error

__all__ = ["LAGS", "PENALTIES", "LinearEstimates", "check_frames", "choose_lags", "enough"]

LAGS = (1, 2, 3, 5)
PENALTIES = tuple(10.0 ** np.arange(-6, 3.1, 0.5))
LEAST_FRAMES = 2.0
"""Frames needed, as a multiple of the predictors."""


@dataclass(frozen=True, eq=False)
class LinearEstimates(AbstractEstimates):
    """Least squares of every neuron on the past of all, read one step back.

    Attributes:
        frames: Frames whose past is observed.
        block: The block of time of each.
        known: Of neurons and pairs beforehand.
        factors: Of the residuals.
        inflation: By a sandwich over blocks.
    """

    frames: LaggedFrames
    block: Int[np.ndarray, "trial time"]
    known: Known
    factors: Factors
    inflation: Float[np.ndarray, " neuron"]
    moments: LaggedMoments
    profile: Float[np.ndarray, " lag"] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", np.eye(self.frames.n_lags)[0])

    @staticmethod
    def of(
        activity: Float[np.ndarray, "trial time neuron"],
        n_lags: int,
        behavior: Float[np.ndarray, "_ _ channel"] | None,
        known: Known,
        *,
        n_factors: int | None,
        n_blocks: int,
    ) -> LinearEstimates:
        """From activity; factors are counted where their number is None."""
        frames = LaggedFrames(activity, n_lags, behavior)
        moments = frames.moments()
        factors = find_factors(least_squares(moments)[1], moments.n_frames, n=n_factors)
        n_blocks = min(n_blocks, frames.n_frames)
        block = frames.blocks(n_blocks)
        inflation = inflation_of(frames, block, n_blocks, factors)
        return LinearEstimates(frames, block, known, factors, inflation, moments)

    @property
    def n_blocks(self) -> int:
        """Blocks of time that may be drawn."""
        return int(self.block.max()) + 1

    @property
    def enough_for_halves(self) -> bool:
        """Whether half of the frames are twice as many as predictors."""
        return self.frames.n_frames >= 2 * LEAST_FRAMES * self.frames.n_predictors

    def with_factors(self, n: int) -> LinearEstimates:
        """The same residuals, with another number of factors."""
        residual = least_squares(self.moments)[1]
        return replace(self, factors=find_factors(residual, self.moments.n_frames, n=n))

    def pairs(self, drawn: Int[np.ndarray, " block"] | None = None) -> Pairs:
        """Estimates one step back and their noise."""
        moments = self.moments
        if drawn is not None:
            weight = np.where(self.block >= 0, drawn[self.block], 0).astype(float)
            moments = self.frames.moments(weight)
        return self._pairs(moments)

    def _pairs(self, moments: LaggedMoments) -> Pairs:
        return pairs_of(moments, self.factors, self.inflation, self.known)

    def forecast(self, model: EdgeModel) -> Coupling:
        """Ridge regression drawn towards the connections, by a penalty chosen on blocks.

        In each block left out, connections are inferred again from the rest; only the distribution
        that they are drawn from is kept.
        """
        errors = np.zeros(len(PENALTIES))
        for training, held_out in self.frames.folds(min(N_FOLDS, self.frames.n_frames)):
            inferred = infer_edges(model, self._pairs(training))
            fitted = toward_path(training, _expected(training, inferred), PENALTIES)
            errors += [relative_error(found, training, held_out) for found in fitted]
        penalty = PENALTIES[int(errors.argmin())]
        coefficient = toward_path(self.moments, _expected(self.moments, model), [penalty])[0]
        chosen = {"penalty": penalty, "factors": float(self.factors.n)}
        return Coupling.of_coefficients(coefficient, self.moments, chosen)


def choose_lags(
    activity: Float[np.ndarray, "trial time neuron"],
    behavior: Float[np.ndarray, "_ _ channel"] | None,
    *,
    least: int = 1,
) -> tuple[int, dict[int, float]]:
    """The fewest lags that predict held-out blocks as well as any, and the error of each tried."""
    errors: dict[int, np.ndarray] = {}
    for n_lags in LAGS:
        if n_lags < least or (n_lags >= activity.shape[1] and errors):
            continue
        frames = LaggedFrames(activity, n_lags, behavior)
        if errors and not enough(frames):
            break
        check_frames(frames)
        errors[n_lags] = _block_errors(frames)
        if errors[n_lags].mean() > min(error.mean() for error in errors.values()):
            break  # more lags would forecast worse still
    best = min(errors, key=lambda n: errors[n].mean())
    for n_lags, error in errors.items():
        worse = error - errors[best]
        if worse.mean() <= worse.std(ddof=1) / np.sqrt(len(worse)):
            best = n_lags
            break
    return best, {n: float(error.mean()) for n, error in errors.items()}


def enough(frames: LaggedFrames) -> bool:
    """Whether there are twice as many frames as predictors."""
    return frames.n_frames >= LEAST_FRAMES * frames.n_predictors


def check_frames(frames: LaggedFrames) -> None:
    """Refuses fewer frames than that.

    Raises:
        InputError: If so.
    """
    if not enough(frames):
        raise InputError(
            f"Probabilities need at least {LEAST_FRAMES:g} frames a predictor; there are "
            f"{frames.n_frames:,} frames and {frames.n_predictors:,} predictors. Record longer, "
            "choose fewer neurons or lags, or use `Lasso`, which gives weights alone."
        )


def _block_errors(frames: LaggedFrames) -> np.ndarray:
    """Error of ridge regression on each of the blocks left out, at its best penalty."""
    n = min(N_FOLDS, frames.n_frames)
    errors = np.empty((n, len(PENALTIES)))
    for one, (training, held_out) in enumerate(frames.folds(n)):
        start = np.zeros((frames.n_predictors, training.n_neurons))
        for i, found in enumerate(toward_path(training, start, PENALTIES)):
            errors[one, i] = relative_error(found, training, held_out)
    return errors[:, int(errors.mean(0).argmin())]


def _expected(moments: LaggedMoments, model: EdgeModel) -> np.ndarray:
    """All coefficients, if connections are as the model says.

    One step back: connections, common drive and detours. Further back, the same connections times
    a number for each lag, as slow sensors make of them. A neuron's own past is as least squares
    has it.
    """
    n = moments.n_neurons
    found, _, _ = least_squares(moments)
    block = (model.post_class[:, None], model.pre_class[None, :])
    first = (model.weight + model.common + model.detour[block]).T
    expected = np.zeros_like(found)
    off = ~np.eye(n, dtype=bool)
    expected[:n] = np.where(off, first, 0.0)
    size = float((first[off] ** 2).sum())
    for lag in range(1, moments.n_lags):
        rows = slice(lag * n, (lag + 1) * n)
        share = float((found[rows][off] * first[off]).sum()) / size if size > 0 else 0.0
        expected[rows] = np.where(off, share * first, 0.0)
    own = moments.own()
    expected[own] = found[own]
    return expected
