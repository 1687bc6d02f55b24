"""Scores, intervals, and evaluation on what was held out."""

from neuroloom.analysis.evaluate import Evaluation, evaluate
from neuroloom.analysis.evaluation import (
    AbstractFitted,
    AbstractPredictor,
    Arm,
    HeldOutPredictions,
    Prediction,
    predict_held_out,
)

__all__ = [
    "AbstractFitted",
    "AbstractPredictor",
    "Arm",
    "Evaluation",
    "HeldOutPredictions",
    "Prediction",
    "evaluate",
    "predict_held_out",
]
