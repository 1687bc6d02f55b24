"""Every number of the part on goals, each written once. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAST", "PAPER", "GoalsConfig"]


@dataclass(frozen=True)
class GoalsConfig:
    """How agents look for goals; learners' numbers were chosen on seeds below 10."""

    step: float = 0.1
    """Of a move, as a part of the width of the arena."""
    goal_radius: float = 1.2
    """In moves."""
    barrier: float = 0.6
    """How far the barrier in the middle reaches up, as a part of the height of the arena."""
    goals_apart: int = 5
    """Fewest moves from the first goal to the second."""
    n_forage: int = 60
    """Episodes of a random walk without a goal, before the first. Parts as long as each other are
    one program."""
    n_first: int = 60
    """Episodes with the first goal."""
    n_moved: int = 60
    """Episodes after the goal has moved."""
    n_late: int = 15
    """Last episodes of each part, over which what was reached is measured."""
    step_limit: int = 120
    """Moves after which an episode is over."""
    exploration: float = 0.1
    """Probability of a move at random."""
    value_discount: float = 0.9
    """gamma of Q-learning and Sarsa, per move."""
    value_step_size: float = 0.3
    """alpha of Q-learning and Sarsa."""
    successor_discount: float = 0.95
    """gamma of successor features, per move."""
    successor_step_size: float = 0.3
    """Of the map of successor features."""
    reward_step_size: float = 0.3
    """Of the weights of reward."""


FAST = GoalsConfig()
PAPER = GoalsConfig(step=0.0625, n_forage=200, n_first=200, n_moved=200, step_limit=400, n_late=40)
