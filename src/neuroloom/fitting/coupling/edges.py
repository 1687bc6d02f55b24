"""The recommended estimator: a probability for every connection, and a forecast that uses it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.edge_model import EdgeModel, fit_edge_model, infer_edges
from neuroloom.fitting.coupling.edge_places import placed
from neuroloom.fitting.coupling.estimates import Known, inflation_of, least_squares, pairs_of
from neuroloom.fitting.coupling.factors import Factors, find_factors
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments
from neuroloom.fitting.coupling.toward import toward_path
from neuroloom.fitting.coupling.validation import N_FOLDS, relative_error
from neuroloom.runs import progress_bar

__all__ = ["EdgePosterior", "Edges"]

LAGS = (1, 2, 3, 5)
PENALTIES = tuple(10.0 ** np.arange(-6, 3.1, 0.5))
LEAST_FRAMES = 2.0
"""Frames needed, as a multiple of the predictors."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Who drives whom, with what probability, and the forecast that goes with it.

    Attributes:
        coupling: The forecast: coupling drawn towards what the connections say.
        model: Probability and weight of every connection, and the distribution behind them.
        factors: Common drive in what the past does not explain.
        standard_error: Of each unbiased estimate, after `inflation`.
        inflation: Variance of each neuron's estimates over blocks of time, relative to what
            independent frames would give; at least 1.
        lag_error: Error on held-out blocks by number of lags, relative to variance; up to the first
            number that is worse than one before.
        stability: Share of block bootstraps in which a connection is likelier than not; NaN without
            bootstraps.
        known: What was given of neurons and pairs beforehand.
    """

    coupling: Coupling
    model: EdgeModel
    factors: Factors
    standard_error: Float[np.ndarray, "post pre"]
    inflation: Float[np.ndarray, " post"]
    lag_error: dict[int, float]
    stability: Float[np.ndarray, "post pre"]
    known: Known

    @property
    def probability(self) -> Float[np.ndarray, "post pre"]:
        """That each connection exists; 0 on the diagonal."""
        return self.model.probability

    @property
    def connectivity(self) -> Float[np.ndarray, "post pre"]:
        """Posterior mean of each connection, in units of `post` per unit of `pre`."""
        return self.model.weight

    @property
    def n_lags(self) -> int:
        """Steps of the past that predict."""
        return self.coupling.n_lags

    def predict(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Float[np.ndarray, "trial time neuron"]:
        """One-step forecasts, as `Coupling.predict`."""
        return self.coupling.predict(activity, behavior)


@dataclass(frozen=True)
class EdgePosterior:
    """Estimates of all connections by least squares, and what they say together of each.

    Least squares of every neuron on the past of all is unbiased but for common drive. Common drive
    moves estimates along the factors that residuals share, detours through unrecorded neurons move
    all pairs of two classes alike, and noise is known: what is left is a mixture of absent and
    present connections (`edge_model`), whose numbers the estimates give themselves. Where
    connections depend on where neurons lie, and half of the recording shows that in the other half,
    similar neurons take the place of classes (`edge_places`). A wrong number
    of factors costs little, because what does not help is estimated as nothing.

    Attributes:
        n_lags: Steps of the past; None chooses the fewest that predict held-out blocks as well as
            any, within one standard error. Connections are read one step back.
        n_factors: Factors of common drive; None counts them.
        n_bootstraps: Block bootstraps for `stability`.
        n_blocks: Blocks of time for standard errors and bootstraps.
    """

    n_lags: int | None = None
    n_factors: int | None = None
    n_bootstraps: int = 0
    n_blocks: int = 50

    def __post_init__(self) -> None:
        if self.n_bootstraps < 0 or self.n_blocks < 2:
            raise InputError(
                "`n_bootstraps` must be at least 0 and `n_blocks` at least 2; got "
                f"{self.n_bootstraps} and {self.n_blocks}. Leave them out for the defaults."
            )

    def fit(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
        *,
        cell_type: Shaped[np.ndarray, " label"] | None = None,
        sign: Int[np.ndarray, " known"] | None = None,
        wired: Shaped[np.ndarray, "_ _"] | None = None,
        rng: np.random.Generator | None = None,
        progress: bool = False,
    ) -> Edges:
        """Fit to the frames whose past is observed.

        Args:
            activity: What was measured; NaN where nothing was.
            behavior: Variables of the animal, whose past predicts as that of neurons does.
            cell_type: Of each neuron; neurons of one type send and receive alike. Without it,
                classes are found.
            sign: Of each neuron's connections, +1, -1 or 0 where it is not known.
            wired: Which pairs a connectome connects, W[post, pre]. How much likelier a connection
                is between them is estimated, not assumed.
            rng: Where classes start, and bootstraps; default seed 0.
            progress: Whether to show a progress bar.

        Raises:
            InputError: As `LaggedFrames`; if there are fewer frames than twice the predictors, or
                labels, signs or wiring do not fit the neurons.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        known = Known.of(activity.shape[2], cell_type, sign, wired)
        with progress_bar("connectivity", total=3 + self.n_bootstraps, enabled=progress) as bar:
            n_lags, lag_error = self._lags(activity, behavior)
            bar.advance(note=f"{n_lags} lags")
            frames = LaggedFrames(activity, n_lags, behavior)
            moments = frames.moments()
            factors = find_factors(least_squares(moments)[1], moments.n_frames, n=self.n_factors)
            n_blocks = min(self.n_blocks, frames.n_frames)
            block = frames.blocks(n_blocks)
            inflation = inflation_of(frames, block, n_blocks, factors)
            pairs = pairs_of(moments, factors, inflation, known)
            model = fit_edge_model(pairs, rng)
            if frames.n_frames >= 2 * LEAST_FRAMES * frames.n_predictors:
                halves = [
                    frames.moments(((block >= 0) & (block % 2 == half)).astype(float))
                    for half in (0, 1)
                ]
                parts = [pairs_of(half, factors, inflation, known) for half in halves]
                model = placed(model, pairs, parts)
            bar.advance(note=f"{factors.n} factors")
            coupling = _forecast(frames, moments, model, factors, inflation, known)
            bar.advance(note="forecast")
            times = np.zeros_like(model.probability)
            for _ in range(self.n_bootstraps):
                drawn = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks))
                again = frames.moments(np.where(block >= 0, drawn[block], 0).astype(float))
                resampled = infer_edges(model, pairs_of(again, factors, inflation, known))
                times += resampled.probability > 0.5
                bar.advance(note="bootstraps")
        shape = model.probability.shape
        return Edges(
            coupling=coupling,
            model=model,
            factors=factors,
            standard_error=np.sqrt(pairs.variance),
            inflation=inflation,
            lag_error=lag_error,
            stability=times / self.n_bootstraps if self.n_bootstraps else np.full(shape, np.nan),
            known=known,
        )

    def _lags(
        self, activity: np.ndarray, behavior: np.ndarray | None
    ) -> tuple[int, dict[int, float]]:
        if self.n_lags is not None:
            _check_frames(LaggedFrames(activity, self.n_lags, behavior))
            return self.n_lags, {}
        errors: dict[int, np.ndarray] = {}
        for n_lags in LAGS:
            if n_lags >= activity.shape[1]:
                continue
            frames = LaggedFrames(activity, n_lags, behavior)
            if n_lags > 1 and not _enough(frames):
                break
            _check_frames(frames)
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


def _enough(frames: LaggedFrames) -> bool:
    return frames.n_frames >= LEAST_FRAMES * frames.n_predictors


def _check_frames(frames: LaggedFrames) -> None:
    if not _enough(frames):
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


def _forecast(
    frames: LaggedFrames,
    moments: LaggedMoments,
    model: EdgeModel,
    factors: Factors,
    inflation: np.ndarray,
    known: Known,
) -> Coupling:
    """Ridge regression drawn towards the connections, by a penalty chosen on blocks.

    In each block left out, connections are inferred again from the rest; only the distribution
    that they are drawn from is kept.
    """
    errors = np.zeros(len(PENALTIES))
    for training, held_out in frames.folds(min(N_FOLDS, frames.n_frames)):
        inferred = infer_edges(model, pairs_of(training, factors, inflation, known))
        fitted = toward_path(training, _expected(training, inferred), PENALTIES)
        errors += [relative_error(found, training, held_out) for found in fitted]
    penalty = PENALTIES[int(errors.argmin())]
    coefficient = toward_path(moments, _expected(moments, model), [penalty])[0]
    chosen = {"penalty": penalty, "factors": float(factors.n)}
    return Coupling.of_coefficients(coefficient, moments, chosen)


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
