"""What an estimated connectivity forecasts, beside forecasts that know of no connection."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from neuroloom.analysis.forecasts import coupling_gain, forecast_scores, horizon_scores
from neuroloom.analysis.forecasts.measures import SPIKES
from neuroloom.fitting.baselines import (
    AbstractForecast,
    Autoregression,
    Mean,
    Persistence,
    PopulationMean,
    PrincipalComponents,
    fit_time_shifted,
    free_run,
    shuffled,
)
from neuroloom.fitting.coupling import (
    EdgePosterior,
    GaussianLikelihood,
    GroupL1,
    Lasso,
    Poisson,
    PoissonLikelihood,
    Ridge,
    own_scale,
)
from neuroloom.fitting.coupling.likelihoods import AbstractLikelihood
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.deconvolved import DECONVOLVED, fit_deconvolved
from neuroloom.studies.functional_connectivity.spikes import BASIS, rates_of
from neuroloom.studies.held_out_part import Part

__all__ = ["ALONE", "GLM", "OURS", "Forecasts", "forecasts_of", "scale_of"]

OURS = "edge posterior"
ALONE = "own past"
GLM = "Poisson GLM"
N_ORIGINS = 100
N_LATE = 10
"""Neurons that are forecast with all others at the wrong time: one fit each."""
LATEST = 100
"""Steps by which the others are late, or a tenth of a trial if that is less."""
FARTHEST = 1e3
"""A free-running forecast that runs away is held at so many times the largest value measured."""

Activity = Float[np.ndarray, "trial time neuron"]
Behavior = Float[np.ndarray, "_ _ channel"] | None


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Forecasts of held-out frames, and how good they are.

    Attributes:
        scores: Of one step, one row a method and measure; of counts in bits per spike, too.
        gain: Our score less that of a neuron's own past (and behavior) alone, with its interval.
        late_gain: Our score less that of a forecast which hears the others too late, on some of the
            neurons; None where trials are too short.
        rollouts: Scores of free-running forecasts by horizon.
        predicted: Ours.
        measured: The held-out frames.
    """

    scores: pd.DataFrame
    gain: pd.DataFrame
    late_gain: pd.DataFrame | None
    rollouts: pd.DataFrame
    predicted: Activity
    measured: Activity


def scale_of(
    activity: Activity, behavior: Behavior, likelihood: AbstractLikelihood
) -> Float[np.ndarray, " neuron"]:
    """What each neuron is divided by; counts of a Poisson likelihood stay counts."""
    if isinstance(likelihood, PoissonLikelihood):
        return np.ones(activity.shape[2])
    return own_scale(activity, behavior)


@dataclass(frozen=True, eq=False)
class _OnScale:
    """A forecast of activity over a scale, as one of the activity."""

    forecast: AbstractForecast
    scale: Float[np.ndarray, " neuron"]

    @property
    def n_lags(self) -> int:
        return self.forecast.n_lags

    def predict(self, activity: Activity, behavior: Behavior = None) -> Activity:
        return self.forecast.predict(activity / self.scale, behavior) * self.scale


def forecasts_of(
    activity: Activity,
    behavior: Behavior,
    parts: tuple[Part, Part],
    method: EdgePosterior,
    config: ConnectivityConfig,
    *,
    wired: np.ndarray | None,
    unit: str,
) -> Forecasts:
    """All methods fitted to the first part, scored on the last.

    Args:
        activity: All frames.
        behavior: On the same clock.
        parts: What is learned from, and what is forecast.
        method: Ours.
        config: Horizon and seed.
        wired: What a connectome connects, where it is a prior.
        unit: Of the activity.
    """
    train, test = parts
    training, measured = activity[train], activity[test]
    known, given = (None if behavior is None else behavior[part] for part in parts)
    likelihood = method.likelihood or GaussianLikelihood()
    counted = isinstance(likelihood, PoissonLikelihood)
    scale = scale_of(training, known, likelihood)
    ours = method.fit(
        training / scale, known, wired=wired, rng=np.random.default_rng([config.seed, 3])
    )
    p = ours.n_lags
    with_cue = "" if known is None else " + behavior"
    rng = np.random.default_rng([config.seed, 4])
    fitted: dict[str, AbstractForecast] = {
        OURS: _OnScale(ours, scale),
        **({GLM: Poisson(BASIS, GroupL1()).fit(training, known)} if counted else {}),
        "lasso": Lasso(p).fit(training, known),
        "ridge": Ridge(p).fit(training, known),
        "coupling of wrong neurons": _OnScale(shuffled(ours.coupling, rng=rng), scale),
        **({} if known is None else {ALONE: Autoregression(n_lags=p).fit(training)}),
        ALONE + with_cue: Autoregression(n_lags=p).fit(training, known),
        f"{ALONE}{with_cue}, 5 lags": Autoregression(n_lags=5).fit(training, known),
        f"{ALONE}{with_cue} + population mean": PopulationMean(n_lags=p).fit(training, known),
        "principal components": PrincipalComponents(n_lags=p).fit(training, known),
        "persistence": Persistence().fit(training, known),
        "mean": Mean().fit(training, known),
    }
    if config.deconvolve is not None:
        fitted[DECONVOLVED] = fit_deconvolved(
            training,
            known,
            replace(method, least_lags=1),
            config.deconvolve,
            np.random.default_rng([config.seed, 5]),
        )
    predictions = {
        name: one.predict(measured, None if name == ALONE else given)
        for name, one in fitted.items()
    }
    scores = forecast_scores(predictions, measured, rng=rng, unit=unit)
    if counted:
        rates = {name: rates_of(one, training) for name, one in predictions.items()}
        bits = forecast_scores(rates, measured, rng=rng, scoring=SPIKES)
        scores = pd.concat([scores, bits.query("measure == 'bits_per_spike'")], ignore_index=True)
    alone = predictions[ALONE + with_cue]
    gain = coupling_gain(predictions[OURS], alone, measured, rng=rng, unit=unit)
    first, last = max(one.n_lags for one in fitted.values()), measured.shape[1] - 2
    origins = np.unique(np.linspace(first, max(first, last), N_ORIGINS).astype(int)).tolist()
    runs = {
        name: free_run(fitted[name], measured, given, origins=origins, n_steps=config.horizon)
        for name in (OURS, "ridge", ALONE + with_cue, "persistence", "mean")
    }
    rollouts = horizon_scores(
        {name: _bounded(run.predicted, measured) for name, run in runs.items()},
        runs[OURS].measured,
        runs[OURS].last,
        rng=rng,
        unit=unit,
    )
    return Forecasts(
        scores=scores,
        gain=gain,
        late_gain=_late_gain(training, known, measured, given, p, predictions[OURS], rng),
        rollouts=rollouts,
        predicted=predictions[OURS],
        measured=measured,
    )


def _late_gain(
    training: np.ndarray,
    known: np.ndarray | None,
    measured: np.ndarray,
    given: np.ndarray | None,
    n_lags: int,
    ours: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame | None:
    """Gain over the same past of all others, at the wrong time: what slow drifts alone tell."""
    delay = min(LATEST, min(training.shape[1], measured.shape[1]) // 10)
    if delay <= n_lags:
        return None
    n = training.shape[2]
    some = np.sort(rng.permutation(n)[:N_LATE])
    late = fit_time_shifted(
        Ridge(n_lags, penalty=1e-2), training, known, delay=delay, neurons=some.tolist()
    ).predict(measured, given)
    return coupling_gain(ours[:, :, some], late[:, :, some], measured[:, :, some], rng=rng)


def _bounded(
    rollout: Float[np.ndarray, "origin step neuron"], measured: np.ndarray
) -> Float[np.ndarray, "origin step neuron"]:
    largest = FARTHEST * float(np.nanmax(np.abs(measured)))
    return np.clip(rollout, -largest, largest)
