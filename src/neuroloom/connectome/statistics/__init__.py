"""Graph statistics, before any model: a connectome in, numbers and tables out.

They read chemical and neuromuscular connections, `pre` to `post`. Electrical connections have no
direction and no sign: they count in `degrees`, and elsewhere only where asked for.
"""

from neuroloom.connectome.statistics.blocks import type_blocks
from neuroloom.connectome.statistics.compare import (
    NullComparison,
    Statistic,
    compare_with_nulls,
    largest_types,
    statistics_for,
)
from neuroloom.connectome.statistics.degrees import degrees
from neuroloom.connectome.statistics.dyads import Dyads, Reciprocity, dyads, reciprocity
from neuroloom.connectome.statistics.effective import (
    EffectiveConnectivity,
    effective_connectivity,
    effective_type_connectivity,
)
from neuroloom.connectome.statistics.expected import ExpectedMutual, expected_mutual
from neuroloom.connectome.statistics.overview import (
    GraphStatistics,
    draws_that_fit,
    graph_statistics,
)
from neuroloom.connectome.statistics.paths import Paths, path_lengths, paths
from neuroloom.connectome.statistics.spectrum import Spectrum, spectral_radius, spectrum

__all__ = [
    "Dyads",
    "EffectiveConnectivity",
    "ExpectedMutual",
    "GraphStatistics",
    "NullComparison",
    "Paths",
    "Reciprocity",
    "Spectrum",
    "Statistic",
    "compare_with_nulls",
    "degrees",
    "draws_that_fit",
    "dyads",
    "effective_connectivity",
    "effective_type_connectivity",
    "expected_mutual",
    "graph_statistics",
    "largest_types",
    "path_lengths",
    "paths",
    "reciprocity",
    "spectral_radius",
    "spectrum",
    "statistics_for",
    "type_blocks",
]
