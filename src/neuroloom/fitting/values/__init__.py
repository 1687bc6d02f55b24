"""Learners of values on any code of positions: successor features, and values of actions."""

from neuroloom.fitting.values.action_values import ActionValues
from neuroloom.fitting.values.curves import episodes_to, excess_area
from neuroloom.fitting.values.exact import (
    best_moves,
    expected_steps,
    learnt_successor_features,
    learnt_successor_values,
    optimal_values,
    successor_matrix,
)
from neuroloom.fitting.values.landmarks import landmark_code
from neuroloom.fitting.values.learner import AbstractValueLearner
from neuroloom.fitting.values.practice import Practice, practice
from neuroloom.fitting.values.successor_features import SuccessorFeatures

__all__ = [
    "AbstractValueLearner",
    "ActionValues",
    "Practice",
    "SuccessorFeatures",
    "best_moves",
    "episodes_to",
    "excess_area",
    "expected_steps",
    "landmark_code",
    "learnt_successor_features",
    "learnt_successor_values",
    "optimal_values",
    "practice",
    "successor_matrix",
]
