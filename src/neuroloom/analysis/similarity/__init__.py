"""How alike two populations are at the same moments: arrays in, numbers out.

In the order in which to read: `procrustes` and `kernels` (two measures of geometry), `nulls` (what
two unrelated populations with the same statistics would give), `comparison` (a measure with its
null and interval), `dynamics` (DSA, where its package is installed).
"""

from neuroloom.analysis.similarity.comparison import Similarity, compare_populations
from neuroloom.analysis.similarity.dynamics import compare_dynamics, dsa_distance
from neuroloom.analysis.similarity.kernels import linear_cka, rbf_cka
from neuroloom.analysis.similarity.nulls import AbstractNull, ShiftedInTime, Shuffled
from neuroloom.analysis.similarity.procrustes import procrustes_similarity

__all__ = [
    "AbstractNull",
    "ShiftedInTime",
    "Shuffled",
    "Similarity",
    "compare_dynamics",
    "compare_populations",
    "dsa_distance",
    "linear_cka",
    "procrustes_similarity",
    "rbf_cka",
]
