"""The recommended estimator: a probability for every connection, and a forecast that uses it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.edge_model import EdgeModel, fit_edge_model, infer_edges
from neuroloom.fitting.coupling.edge_places import placed
from neuroloom.fitting.coupling.estimates import Known
from neuroloom.fitting.coupling.factors import Factors
from neuroloom.fitting.coupling.likelihoods import (
    AbstractLikelihood,
    GaussianLikelihood,
    PoissonLikelihood,
    likelihood_of,
)
from neuroloom.fitting.coupling.linear_estimates import LAGS
from neuroloom.fitting.coupling.own_scale import own_scale
from neuroloom.fitting.coupling.poisson import PoissonCoupling
from neuroloom.fitting.coupling.slow_sensor import through_sensor, undone
from neuroloom.runs import progress_bar

__all__ = ["EdgePosterior", "Edges", "choose_likelihood"]

LAST = 0.2
"""Share of trials, or of time, on which likelihoods are held against each other."""
FEW_TRIALS = 5
ASTRAY = 0.05
"""How much worse a Poisson likelihood may forecast than least squares: those that were seen to go
astray are worse by a fifth at the least, the others by less than a hundredth."""


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
        likelihood: Of the noise: Gaussian or Poisson.
        profile: How a connection is spread over lags, absolute sum 1; Gaussian estimates are read
            one step back.
        decay: Of a slow sensor that was undone first, what is left of a step in the next; 0 for
            none. `model`, `factors` and standard errors are then of what goes into it, `coupling`
            is of what it shows.
        n_late: Directions beside the factors along which drive reaches neurons late; they count
            where the log likelihood gains more than a unit for each of their numbers (AIC).
    """

    coupling: Coupling | PoissonCoupling
    model: EdgeModel
    factors: Factors
    standard_error: Float[np.ndarray, "post pre"]
    inflation: Float[np.ndarray, " post"]
    lag_error: dict[int, float]
    stability: Float[np.ndarray, "post pre"]
    known: Known
    likelihood: AbstractLikelihood
    profile: Float[np.ndarray, " lag"]
    decay: float = 0.0
    n_late: int = 0

    @property
    def probability(self) -> Float[np.ndarray, "post pre"]:
        """That each connection exists; 0 on the diagonal."""
        return self.model.probability

    @property
    def connectivity(self) -> Float[np.ndarray, "post pre"]:
        """Posterior mean of each connection.

        In units of `post` per unit of `pre` one step back; under a Poisson likelihood the area of
        the kernel, in units of the drive (a change of the log rate) per spike.
        """
        return self.model.weight

    @property
    def n_lags(self) -> int:
        """Steps of the past that predict."""
        return self.coupling.n_lags

    @property
    def n_input_lags(self) -> int:
        """Steps of the past of what goes into a slow sensor; without one, `n_lags`."""
        return self.n_lags - (self.decay > 0)

    def predict(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Float[np.ndarray, "trial time neuron"]:
        """One-step forecasts, as `Coupling.predict` or, in spikes per bin, `PoissonCoupling`'s."""
        return self.coupling.predict(activity, behavior)


@dataclass(frozen=True)
class EdgePosterior:
    """Unbiased estimates of all connections, and what they say together of each.

    Least squares of every neuron on the past of all is unbiased but for common drive. Common drive
    moves estimates along the factors that residuals share, detours through unrecorded neurons move
    all pairs of two classes alike, and noise is known: what is left is a mixture of absent and
    present connections (`edge_model`), whose numbers the estimates give themselves. Where
    connections depend on where neurons lie, and half of the recording shows that in the other half,
    similar neurons take the place of classes (`edge_places`). A wrong number of factors costs
    little, because what does not help is estimated as nothing.

    Spike counts with small means start from Poisson regressions with their Fisher information
    instead (`count_estimates`). What carries over: the mixture, its classes, signs and wiring, the
    block sandwich, and factors, of Pearson residuals there, as long as drive is small enough for
    the log rate to follow it linearly. What does not: all connections share one shape over lags,
    found from all pairs, and a connection is the area of its kernel; receivers have no gain of
    their own, because the link has the rate in it already; and bootstraps and folds follow the
    estimates by one Newton step each.

    A slow sensor shows what goes in again in the next steps: y_t = gamma y_{t-1} + x_t. As many
    lags as it takes to follow that are many numbers a pair where one will do, so coupling of x,
    with gamma from autocovariances, is a candidate beside every number of lags (`slow_sensor`).

    Attributes:
        n_lags: Steps of the past, of what goes in if `decay` is given; None chooses the fewest that
            predict held-out blocks as well as any, within one standard error, together with
            whether a slow sensor is undone; of counts, up to five.
        n_factors: Factors of common drive; None counts them.
        n_bootstraps: Block bootstraps for `stability`.
        n_blocks: Blocks of time for standard errors and bootstraps.
        likelihood: `GaussianLikelihood()` or `PoissonLikelihood()`; None takes Poisson for spike
            counts of which no neuron has more than 5 a bin, unless its forecasts of the end of the
            recording go astray (`choose_likelihood`).
        least_lags: The fewest lags that None chooses among: 1, or 2 for a slow sensor.
        decay: Of a slow sensor that is undone; 0 for none; None chooses, where `n_lags` is None, of
            activity that is no counts.
    """

    n_lags: int | None = None
    n_factors: int | None = None
    n_bootstraps: int = 0
    n_blocks: int = 50
    likelihood: AbstractLikelihood | None = None
    least_lags: int = 1
    decay: float | None = None

    def __post_init__(self) -> None:
        if self.n_bootstraps < 0 or self.n_blocks < 2:
            raise InputError(
                "`n_bootstraps` must be at least 0 and `n_blocks` at least 2; got "
                f"{self.n_bootstraps} and {self.n_blocks}. Leave them out for the defaults."
            )
        if self.least_lags not in LAGS:
            raise InputError(
                f"`least_lags` must be one of {', '.join(map(str, LAGS))}; got {self.least_lags}. "
                "Give `n_lags` for any other number."
            )
        if self.decay is not None and not 0 <= self.decay < 1:
            raise InputError(
                f"`decay` must be at least 0 and below 1; got {self.decay}. Use 0 to undo nothing."
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
        with progress_bar("connectivity", total=4 + self.n_bootstraps, enabled=progress) as bar:
            likelihood = self.likelihood or choose_likelihood(activity, behavior)
            bar.advance(note=likelihood.name)
            n_lags, lag_error, decay = self.n_lags, {}, self.decay or 0.0
            if n_lags is None and self.decay is None:
                n_lags, lag_error, decay = likelihood.choose_past(
                    activity, behavior, least=self.least_lags
                )
            activity = undone(activity, decay)
            if n_lags is None:
                n_lags, lag_error = likelihood.choose_lags(
                    activity, behavior, least=self.least_lags
                )
            bar.advance(note=f"{n_lags} lags" + (f", decay {decay:.2f} undone" if decay else ""))
            found = likelihood.estimates(
                activity,
                n_lags,
                behavior,
                known,
                n_factors=self.n_factors,
                n_blocks=self.n_blocks,
            )
            pairs = found.pairs()
            model = fit_edge_model(pairs, rng)
            wider = found.with_late_drive(model.weight)
            more = wider.pairs().direction[:, pairs.direction.shape[1] :]
            n_late = 0
            if more.size:
                later = fit_edge_model(wider.pairs(), rng.spawn(1)[0])
                if later.log_likelihood - model.log_likelihood > more.size:  # AIC
                    found, pairs, model, n_late = wider, wider.pairs(), later, more.shape[1]
            if found.enough_for_halves:
                model = placed(model, pairs, found.halves())
            bar.advance(note=f"{found.factors.n} factors")
            coupling = found.forecast(model)
            if decay and isinstance(coupling, Coupling):
                coupling = through_sensor(coupling, decay)
            bar.advance(note="forecast")
            times = np.zeros_like(model.probability)
            n_blocks = found.n_blocks
            for _ in range(self.n_bootstraps):
                drawn = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks))
                times += infer_edges(model, found.pairs(drawn)).probability > 0.5
                bar.advance(note="bootstraps")
        shape = model.probability.shape
        return Edges(
            coupling=coupling,
            model=model,
            factors=found.factors,
            standard_error=np.sqrt(pairs.variance),
            inflation=found.inflation,
            lag_error=lag_error,
            stability=times / self.n_bootstraps if self.n_bootstraps else np.full(shape, np.nan),
            known=known,
            likelihood=likelihood,
            profile=found.profile,
            decay=decay,
            n_late=n_late,
        )


def choose_likelihood(
    activity: Float[np.ndarray, "trial time neuron"],
    behavior: Float[np.ndarray, "_ _ channel"] | None = None,
) -> AbstractLikelihood:
    """Poisson for small counts, unless its forecasts of the last fifth go astray; else Gaussian.

    Where rates drift, as with place cells, a Poisson regression of few spikes can be far too sure,
    and least squares is not. Both are fitted to the first four fifths (of trials, if there are
    five) and compared by squared error of one-step forecasts, relative to each neuron's variance,
    so that neurons that fire much do not decide alone.

    Args:
        activity: NaN where not observed.
        behavior: On the same clock.
    """
    likelihood = likelihood_of(activity)
    if not isinstance(likelihood, PoissonLikelihood):
        return likelihood
    learned, last = _ends(activity)
    known, given = (None, None) if behavior is None else _ends(behavior)
    some = _varies(learned) & _varies(last)
    if not some.any():
        return likelihood
    learned, last = learned[:, :, some], last[:, :, some]
    variance, errors = np.nanvar(last, axis=(0, 1)), []
    for one in (likelihood, GaussianLikelihood()):
        try:
            scale = 1.0 if one == likelihood else own_scale(learned, known)
            found = EdgePosterior(likelihood=one).fit(learned / scale, known)
        except InputError:  # too few frames in the first part: nothing can be compared
            return likelihood
        squares = (last - found.predict(last / scale, given) * scale) ** 2
        seen = np.isfinite(squares)
        total = np.where(seen, squares, 0.0).sum(axis=(0, 1))
        errors.append(float((total / np.maximum(seen.sum(axis=(0, 1)), 1) / variance).mean()))
    return likelihood if errors[0] <= (1 + ASTRAY) * errors[1] else GaussianLikelihood()


def _varies(values: Float[np.ndarray, "trial time neuron"]) -> Bool[np.ndarray, " neuron"]:
    least = np.nanmin(values, axis=(0, 1), initial=np.inf)
    return np.nanmax(values, axis=(0, 1), initial=-np.inf) > least


def _ends(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first part and the last: whole trials, or time where these are few."""
    n_trials, n_steps = values.shape[:2]
    if n_trials >= FEW_TRIALS:
        cut = n_trials - max(1, round(LAST * n_trials))
        return values[:cut], values[cut:]
    cut = n_steps - max(1, round(LAST * n_steps))
    return values[:, :cut], values[:, cut:]
