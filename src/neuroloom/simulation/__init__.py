"""States from a network and its inputs: over time, or where it comes to rest."""

from neuroloom.simulation.perform import Performance, perform
from neuroloom.simulation.rest import linear_response, steady_state
from neuroloom.simulation.states import simulate

__all__ = ["Performance", "linear_response", "perform", "simulate", "steady_state"]
