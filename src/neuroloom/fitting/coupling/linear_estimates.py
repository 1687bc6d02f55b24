"""Estimates of all connections by least squares, for noise that is about Gaussian."""

from __future__ import annotations

from collections.abc import Sequence
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
from neuroloom.fitting.coupling.late_drive import late_directions
from neuroloom.fitting.coupling.linear import lasso_path
from neuroloom.fitting.coupling.slow_sensor import input_moments, of_measured, sensor_of
from neuroloom.fitting.coupling.toward import toward_path
from neuroloom.fitting.coupling.validation import N_FOLDS, relative_error, squared_error

__all__ = [
    "LAGS",
    "PENALTIES",
    "LinearEstimates",
    "check_frames",
    "choose_lags",
    "choose_past",
    "enough",
]

LAGS = (1, 2, 3, 5)
PENALTIES = tuple(10.0 ** np.arange(-6, 3.1, 0.5))
SPARSE = (1.5, 0.75)
"""Penalties of the lasso that a forecast may be combined with, as in `Lasso`."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
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
        moments: Of all frames.
        late: Directions of drive beside those of the factors (`late_directions`).
    """

    frames: LaggedFrames
    block: Int[np.ndarray, "trial time"]
    known: Known
    factors: Factors
    inflation: Float[np.ndarray, " neuron"]
    moments: LaggedMoments
    late: Float[np.ndarray, "neuron direction"] | None = None
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

    def with_late_drive(self, weight: Float[np.ndarray, "post pre"]) -> LinearEstimates:
        """The same, with directions of drive that earlier steps show beside such connections."""
        late = late_directions(self.moments, self.factors, self.inflation, weight)
        return replace(self, late=late) if late.size else self

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
        return pairs_of(moments, self.factors, self.inflation, self.known, self.late)

    def forecast(self, model: EdgeModel) -> Coupling:
        """Ridge regression drawn towards the connections, combined with a lasso.

        In each block left out, connections are inferred again from the rest; only the distribution
        that they are drawn from is kept. The penalties and the lasso's share are those that
        forecast these blocks best; none of it unless that gains two standard errors, and
        in squared error added over neurons, too: neurons silent in a block weigh little there.
        """
        folds = list(self.frames.folds(min(N_FOLDS, self.frames.n_frames)))
        drawn, sparse = [], []
        for training, _ in folds:
            inferred = infer_edges(model, self._pairs(training))
            drawn.append(toward_path(training, _expected(training, inferred), PENALTIES))
            sparse.append(lasso_path(training, SPARSE))
        i, j = (
            int(
                np.mean(
                    [_errors(fold, each) for fold, each in zip(folds, found, strict=True)], 0
                ).argmin()
            )
            for found in (drawn, sparse)
        )
        mixed = [
            [(1 - w) * one[i] + w * other[j] for w in SHARES]
            for one, other in zip(drawn, sparse, strict=True)
        ]
        errors = np.array([_errors(fold, each) for fold, each in zip(folds, mixed, strict=True)])
        best = int(errors.mean(0).argmin())
        gained = errors[:, 0] - errors[:, best]
        sure = gained.mean() > 2 * gained.std(ddof=1) / np.sqrt(len(gained))
        raw = [
            [squared_error(each[k], *fold).sum() for k in (0, best)]
            for fold, each in zip(folds, mixed, strict=True)
        ]
        sure = sure and float(np.subtract(*np.sum(raw, axis=0))) > 0
        share = SHARES[best] if sure else 0.0
        coefficient = toward_path(self.moments, _expected(self.moments, model), [PENALTIES[i]])[0]
        if share > 0:
            other = lasso_path(self.moments, [SPARSE[j]])[0]
            coefficient = (1 - share) * coefficient + share * other
        chosen = {
            "penalty": PENALTIES[i],
            "factors": float(self.factors.n),
            "share of the lasso": share,
            "lasso penalty": SPARSE[j],
        }
        return Coupling.of_coefficients(coefficient, self.moments, chosen)


def _errors(
    fold: tuple[LaggedMoments, LaggedMoments], coefficients: Sequence[np.ndarray]
) -> np.ndarray:
    training, held_out = fold
    return np.array([relative_error(one, training, held_out) for one in coefficients])


def choose_lags(
    activity: Float[np.ndarray, "trial time neuron"],
    behavior: Float[np.ndarray, "_ _ channel"] | None,
    *,
    least: int = 1,
) -> tuple[int, dict[int, float]]:
    """The fewest lags that predict held-out blocks as well as any, and the error of each tried."""
    n_lags, error, _ = choose_past(activity, behavior, least=least, sensor=0.0)
    return n_lags, error


def choose_past(
    activity: Float[np.ndarray, "trial time neuron"],
    behavior: Float[np.ndarray, "_ _ channel"] | None,
    *,
    least: int = 1,
    sensor: float | None = None,
) -> tuple[int, dict[int, float], float]:
    """Lags, and whether a slow sensor is undone first: what predicts held-out blocks best.

    Of each kind, the fewest lags within one standard error of the best. A sensor is undone if that
    forecasts what is measured better, by more than one standard error, than any number of lags
    does. Ridge regression draws both to a neuron's own past then: where activity is slow and
    others act on it at once, it is this that undoing would be credited for. Undoing is not tried
    beside behavior.

    Args:
        activity: What was measured.
        behavior: On the same clock.
        least: The fewest lags.
        sensor: Decay of the sensor; 0 tries none, None estimates it.

    Returns:
        Lags of what predicts; the error by number of lags of activity as it is; the decay to be
        undone, or 0.
    """
    if sensor is None:
        plain = behavior is None or not behavior.shape[2]
        sensor = sensor_of(activity) if plain else 0.0
    errors: dict[int, np.ndarray] = {}
    fair: dict[int, np.ndarray] = {}
    through: dict[int, np.ndarray] = {}
    for n_lags in LAGS:
        if n_lags < least or (n_lags >= activity.shape[1] and errors):
            continue
        frames = LaggedFrames(activity, n_lags, behavior)
        if errors and not enough(frames):
            break
        check_frames(frames)
        errors[n_lags], fair[n_lags], into = _block_errors(frames, sensor if n_lags > 1 else 0.0)
        if into is not None:
            through[n_lags - 1] = into
        if errors[n_lags].mean() > min(error.mean() for error in errors.values()):
            break  # more lags would forecast worse still
    n_lags, decay = _fewest(errors), 0.0
    if through:
        found = _fewest(through)
        gained = min(fair.values(), key=np.mean) - through[found]
        if gained.mean() > gained.std(ddof=1) / np.sqrt(len(gained)):
            n_lags, decay = found, sensor
    return n_lags, {n: float(error.mean()) for n, error in errors.items()}, decay


def _fewest(errors: dict[int, np.ndarray]) -> int:
    """Lags whose error is within one standard error of the least; the fewest."""
    best = min(errors.values(), key=np.mean)
    for n_lags, error in errors.items():
        worse = error - best
        if worse.mean() <= worse.std(ddof=1) / np.sqrt(len(worse)):
            return n_lags
    raise AssertionError("the best is as good as itself")


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


def _block_errors(
    frames: LaggedFrames, decay: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Error of ridge regression on each of the blocks left out, at its best penalty.

    Drawn to nothing; drawn to a neuron's own past; and drawn to the decay of a sensor, with one lag
    fewer of what goes into it, or None where that is 0. All are errors of what is measured, in the
    same frames.
    """
    n = min(N_FOLDS, frames.n_frames)
    errors = np.empty((3, n, len(PENALTIES)))
    for one, (training, held_out) in enumerate(frames.folds(n)):
        nothing = np.zeros((frames.n_predictors, training.n_neurons))
        fold = training, held_out
        errors[0, one] = _errors(fold, toward_path(training, nothing, PENALTIES))
        errors[1, one] = _errors(fold, toward_path(training, _own_past(training), PENALTIES))
        if decay > 0:
            into = input_moments(training, decay)
            found = toward_path(into, np.zeros_like(into.cross), PENALTIES)
            shown = [of_measured(each, into.n_lags, decay) for each in found]
            errors[2, one] = _errors(fold, shown)
    tried = errors if decay > 0 else errors[:2]
    best = [each[:, int(each.mean(0).argmin())] for each in tried]
    return best[0], best[1], best[2] if decay > 0 else None


def _own_past(moments: LaggedMoments) -> Float[np.ndarray, "predictor neuron"]:
    """Regression of every neuron on its own past alone."""
    own, found = moments.own(), np.zeros_like(moments.cross)
    for neuron in range(moments.n_neurons):
        rows = np.flatnonzero(own[:, neuron])
        past = moments.past[np.ix_(rows, rows)]
        found[rows, neuron] = np.linalg.lstsq(past, moments.cross[rows, neuron], rcond=None)[0]
    return found


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
