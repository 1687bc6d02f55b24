"""Scores of forecasts that spike counts allow: bits per spike, ahead, and of neurons held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neuroloom.analysis.forecasts import (
    few_shot_co_smoothing,
    forecast_scores,
    forward_prediction,
)
from neuroloom.analysis.forecasts.measures import SPIKES
from neuroloom.errors import InputError
from neuroloom.fitting.baselines import AbstractForecast, free_run
from neuroloom.fitting.coupling import EdgePosterior, GroupL1, Poisson, RaisedCosine
from neuroloom.studies.framework import Row

__all__ = ["BASIS", "CO_SMOOTHING", "co_smoothing_rows", "forward_rows", "spike_rows"]

BASIS = RaisedCosine(2, 6)
"""Of the coupled GLMs that are compared: the better of two by AUPRC on seeds 0 and 1."""
CO_SMOOTHING = ("edge posterior", "Poisson GLM, group lasso", "past spikes", "population rate")
FLOOR = 0.01  # of a neuron's mean rate: no forecast is taken for less, so that lines stay rates
HELD_OUT = 0.2  # share of neurons
PIECE = 1_000  # bins that count as a trial where there are few trials
FEW = 5  # trials for a readout
READOUT = 1e-3  # penalty
AHEAD = 10  # bins
N_ORIGINS = 500


def rates_of(forecast: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Forecasts as rates above 0; what a linear model says below is a hundredth of the mean."""
    return np.maximum(forecast, FLOOR * np.nanmean(training, axis=(0, 1)))


def spike_rows(
    forecasts: Mapping[str, np.ndarray],
    training: np.ndarray,
    held_out: np.ndarray,
    rng: np.random.Generator,
) -> list[Row]:
    """Bits per spike of one-step forecasts, on the entries that all of them predict."""
    rates = {name: rates_of(one, training) for name, one in forecasts.items()}
    table = forecast_scores(rates, held_out, rng=rng, scoring=SPIKES, n_resamples=2)
    return [
        Row(found["arm"], found["measure"], found["value"], found["unit"])
        for found in table.to_dict("records")
        if found["measure"] == "bits_per_spike"
    ]


def forward_rows(
    fitted: Mapping[str, AbstractForecast], training: np.ndarray, held_out: np.ndarray
) -> list[Row]:
    """fp-bps of the ten bins after an origin, in which a model hears its own rates only."""
    first, last = 20, held_out.shape[1] - AHEAD - 1
    if last <= first:
        raise InputError(
            f"Held-out data must be longer than {first + AHEAD} bins; got {held_out.shape[1]}. "
            "Record longer or hold out more."
        )
    origins = np.unique(np.linspace(first, last, N_ORIGINS).astype(int)).tolist()
    rows = []
    for name, one in fitted.items():
        run = free_run(one, held_out, origins=origins, n_steps=AHEAD)
        ahead = np.ones(AHEAD, bool)
        value = forward_prediction(rates_of(run.predicted, training), run.measured, ahead)
        rows.append(Row(name, "forward_bits_per_spike", value, "bits per spike"))
    return rows


def co_smoothing_rows(
    training: np.ndarray, held_out: np.ndarray, rng: np.random.Generator
) -> list[Row]:
    """co-bps of a fifth of the neurons, read from what models of the others say, and few-shot.

    Models see the other neurons alone. Held-out neurons are read by Poisson regression from the log
    rates that a model forecasts for these others, or from their past spikes through two bumps; with
    all training trials, or with five of them.
    """
    n = training.shape[2]
    out = np.zeros(n, bool)
    out[rng.permutation(n)[: max(1, round(HELD_OUT * n))]] = True
    rows = []
    for name, (learned, new) in _latents(training[:, :, ~out], held_out[:, :, ~out]):
        first = int(np.isnan(learned[0]).any(axis=1).sum())
        length = min(PIECE, (training.shape[1] - first) // 8, held_out.shape[1] - first)
        z, y, new_z, new_y = (
            _pieces(part[:, first:], length)
            for part in (learned, training[:, :, out], new, held_out[:, :, out])
        )
        for measure, k, n_draws in (
            ("co_bits_per_spike", len(z), 1),
            ("few_shot_co_bits_per_spike", min(FEW, len(z)), 10),
        ):
            found = few_shot_co_smoothing(
                z, y, new_z, new_y, k=k, rng=rng, n_draws=n_draws, penalty=READOUT
            )
            rows.append(Row(f"co-smoothing: {name}", measure, found.value, "bits per spike"))
    return rows


def _latents(
    training: np.ndarray, held_out: np.ndarray
) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """What each model says of held-in neurons, in training and in held-out time."""
    for name, method in zip(
        CO_SMOOTHING, (EdgePosterior(), Poisson(BASIS, GroupL1())), strict=False
    ):
        fitted = method.fit(training)
        learned, new = (
            np.log(rates_of(fitted.predict(part), training)) for part in (training, held_out)
        )
        yield name, (learned, new)
    learned, new = _bumps(training), _bumps(held_out)
    yield CO_SMOOTHING[2], (learned, new)
    yield CO_SMOOTHING[3], (learned.mean(axis=2, keepdims=True), new.mean(axis=2, keepdims=True))


def _bumps(spikes: np.ndarray) -> np.ndarray:
    """Past spikes of every neuron through every function of the basis; NaN before the lags."""
    functions = BASIS.functions
    n_lags, n_steps = len(functions), spikes.shape[1]
    past = np.stack([spikes[:, n_lags - lag : n_steps - lag] for lag in range(1, n_lags + 1)])
    seen = np.einsum("lk,lrtn->rtkn", functions, past)
    shape = (*seen.shape[:2], -1)
    lead = np.full((len(spikes), n_lags, functions.shape[1] * spikes.shape[2]), np.nan)
    return np.concatenate([lead, seen.reshape(shape)], axis=1)


def _pieces(values: np.ndarray, length: int) -> np.ndarray:
    """Trials cut to pieces of one length; the rest at the end of each is left out."""
    n = values.shape[1] // length
    return values[:, : n * length].reshape(len(values) * n, length, values.shape[2])
