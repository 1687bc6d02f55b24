"""What a fitted model says would happen if neurons were pulsed, pushed, clamped or silenced."""

from neuroloom.analysis.perturbation.causal import causal_weight, drawn_weights
from neuroloom.analysis.perturbation.interventions import Clamp, Pulse, silence
from neuroloom.analysis.perturbation.linear import (
    ResponseSpread,
    growth,
    pulse_responses,
    push_responses,
    response_spread,
)
from neuroloom.analysis.perturbation.rollouts import (
    AbstractDynamics,
    FromForecast,
    perturbed,
    response,
)
from neuroloom.analysis.perturbation.table import response_table
from neuroloom.analysis.perturbation.within_strata import StrataGain, gain_within_strata

__all__ = [
    "AbstractDynamics",
    "Clamp",
    "FromForecast",
    "Pulse",
    "ResponseSpread",
    "StrataGain",
    "causal_weight",
    "drawn_weights",
    "gain_within_strata",
    "growth",
    "perturbed",
    "pulse_responses",
    "push_responses",
    "response",
    "response_spread",
    "response_table",
    "silence",
]
