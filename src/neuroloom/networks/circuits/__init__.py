"""Synthetic circuits in layers: the four published kinds, scaled or as published."""

from neuroloom.networks.circuits.feedback import (
    AbstractFeedback,
    FeedbackAsIs,
    FeedbackByBatch,
    FeedbackByStatistics,
    FeedbackOfUnitLength,
)
from neuroloom.networks.circuits.kinds import CircuitKind, CircuitSize, circuit_connectome
from neuroloom.networks.circuits.layered_circuit import LayeredCircuit
from neuroloom.networks.circuits.nonlinearities import NINE, Nonlinearity, PerNeuronActivation
from neuroloom.networks.circuits.outputs import bin_entropy, dead_outputs, value_entropy
from neuroloom.networks.circuits.responses import (
    activity,
    layered_circuit,
    respond,
    with_fixed_statistics,
)

__all__ = [
    "NINE",
    "AbstractFeedback",
    "CircuitKind",
    "CircuitSize",
    "FeedbackAsIs",
    "FeedbackByBatch",
    "FeedbackByStatistics",
    "FeedbackOfUnitLength",
    "LayeredCircuit",
    "Nonlinearity",
    "PerNeuronActivation",
    "activity",
    "bin_entropy",
    "circuit_connectome",
    "dead_outputs",
    "layered_circuit",
    "respond",
    "value_entropy",
    "with_fixed_statistics",
]
