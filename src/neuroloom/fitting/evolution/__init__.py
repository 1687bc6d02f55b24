"""Policies improved by evolution: searches in one form, and the loop that plays episodes."""

from neuroloom.fitting.evolution.evolve import Evolution, evolve
from neuroloom.fitting.evolution.ppo import Learned, Ppo, learn_by_gradients
from neuroloom.fitting.evolution.screening import screen
from neuroloom.fitting.evolution.strategies import CmaEs, Genetic, OpenAiEs, Search, Strategy

__all__ = [
    "CmaEs",
    "Evolution",
    "Genetic",
    "Learned",
    "OpenAiEs",
    "Ppo",
    "Search",
    "Strategy",
    "evolve",
    "learn_by_gradients",
    "screen",
]
