"""Fitting forecasters: sessions in, ensembles of shared decoders and connectivities out."""

from neuroloom.fitting.forecasting.fit import decoder_and_circuits, fit_forecasters, transfer
from neuroloom.fitting.forecasting.fitted import FittedForecasters, SessionForecast
from neuroloom.fitting.forecasting.loss import ForecastLoss
from neuroloom.fitting.forecasting.session import Session
from neuroloom.fitting.forecasting.training import Training

__all__ = [
    "FittedForecasters",
    "ForecastLoss",
    "Session",
    "SessionForecast",
    "Training",
    "decoder_and_circuits",
    "fit_forecasters",
    "transfer",
]
