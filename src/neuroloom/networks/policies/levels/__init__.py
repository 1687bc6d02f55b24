"""Five levels of realism of one circuit: what a cell is, step by step."""

from neuroloom.networks.policies.levels.conductance import Conductance
from neuroloom.networks.policies.levels.level import AbstractLevel, Received
from neuroloom.networks.policies.levels.rates import Artificial, LeakyRate
from neuroloom.networks.policies.levels.spiking import Alif, Izhikevich, Spiking

__all__ = [
    "AbstractLevel",
    "Alif",
    "Artificial",
    "Conductance",
    "Izhikevich",
    "LeakyRate",
    "Received",
    "Spiking",
]
