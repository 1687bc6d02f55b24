"""Plasticity: how weights change over time, by themselves or with activity."""

from neuroloom.networks.plasticity.bcm import BCM, rectified
from neuroloom.networks.plasticity.circuits import circuit_change, circuits_over_time
from neuroloom.networks.plasticity.drift import OrnsteinUhlenbeckDrift
from neuroloom.networks.plasticity.one_shot import OneShotNoise
from neuroloom.networks.plasticity.rule import (
    AbstractPlasticity,
    WeightTrajectory,
    equivalent_sigma,
)
from neuroloom.networks.plasticity.turnover import SynapseTurnover

__all__ = [
    "BCM",
    "AbstractPlasticity",
    "OneShotNoise",
    "OrnsteinUhlenbeckDrift",
    "SynapseTurnover",
    "WeightTrajectory",
    "circuit_change",
    "circuits_over_time",
    "equivalent_sigma",
    "rectified",
]
