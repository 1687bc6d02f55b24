"""Forecasts that need no coupling, controls for those that have one, and rollouts of both."""

from neuroloom.fitting.baselines.autoregression import Autoregression, PopulationMean
from neuroloom.fitting.baselines.constant import Mean, Persistence, TrialMean
from neuroloom.fitting.baselines.controls import (
    Alone,
    TimeShifted,
    fit_alone,
    fit_time_shifted,
    shuffled,
)
from neuroloom.fitting.baselines.forecast import AbstractForecast, AbstractForecaster
from neuroloom.fitting.baselines.free_run import Rollouts, free_run
from neuroloom.fitting.baselines.principal_components import PrincipalComponents
from neuroloom.fitting.baselines.window_maps import DLinear, NLinear

__all__ = [
    "AbstractForecast",
    "AbstractForecaster",
    "Alone",
    "Autoregression",
    "DLinear",
    "Mean",
    "NLinear",
    "Persistence",
    "PopulationMean",
    "PrincipalComponents",
    "Rollouts",
    "TimeShifted",
    "TrialMean",
    "fit_alone",
    "fit_time_shifted",
    "free_run",
    "shuffled",
]
