"""The study as a whole: its arms, and its claims."""

from neuroloom.studies.framework import Study
from neuroloom.studies.functional_connectivity.claims import CLAIMS
from neuroloom.studies.functional_connectivity.config import PRESETS, QUESTION
from neuroloom.studies.functional_connectivity.deep import DEEP_ARM, DEEP_CLAIM
from neuroloom.studies.functional_connectivity.recovery import ARMS

__all__ = ["STUDY"]

STUDY = Study(
    name="functional-connectivity",
    question=QUESTION,
    presets=PRESETS,
    arms=(*ARMS, DEEP_ARM),
    claims=(*CLAIMS, DEEP_CLAIM),
    replicates=("seed",),
    methods=(
        "Systems are simulated from published equations; see "
        "docs/functional-connectivity-benchmarks.md. Estimators were made on seeds below 10 and "
        "are scored on seeds from 100 on.",
        "Connectivity is estimated from the first 80 % of each recording and scored off the "
        "diagonal; forecasts are scored on the last 20 %, or on the last fifth of the trials "
        "where there are five or more.",
    ),
    citations=(
        "Delavari, Oruc and Murphy, arXiv 2411.08221 (2024)",
        "Das and Fiete, Nat. Neurosci. 23:1286 (2020)",
    ),
)
