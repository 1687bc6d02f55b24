"""Scores of an estimated connectivity against the true one, off the diagonal only."""

from neuroloom.analysis.edges.calibration import CalibrationTable, calibration_table
from neuroloom.analysis.edges.cell_types import class_means, excitation_score
from neuroloom.analysis.edges.edge_scores import EdgeScore, edge_scores
from neuroloom.analysis.edges.pairs import Pairs, scored_pairs
from neuroloom.analysis.edges.ranking import precision_at, sign_accuracy, spearman
from neuroloom.analysis.edges.stability import stability

__all__ = [
    "CalibrationTable",
    "EdgeScore",
    "Pairs",
    "calibration_table",
    "class_means",
    "edge_scores",
    "excitation_score",
    "precision_at",
    "scored_pairs",
    "sign_accuracy",
    "spearman",
    "stability",
]
