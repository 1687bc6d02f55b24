"""Learners of values on any code of positions: successor features, and values of actions."""

from neuroloom.fitting.values.action_values import ActionValues
from neuroloom.fitting.values.learner import AbstractValueLearner
from neuroloom.fitting.values.practice import Practice, practice
from neuroloom.fitting.values.successor_features import SuccessorFeatures

__all__ = [
    "AbstractValueLearner",
    "ActionValues",
    "Practice",
    "SuccessorFeatures",
    "practice",
]
