"""The study as a whole: its arms, and its claims."""

from neuroloom.studies.framework import Study
from neuroloom.studies.functional_connectivity.claims import CLAIMS
from neuroloom.studies.functional_connectivity.config import PRESETS, QUESTION
from neuroloom.studies.functional_connectivity.deep import DEEP_ARM, DEEP_CLAIM
from neuroloom.studies.functional_connectivity.perturbation import atlas, stimulation
from neuroloom.studies.functional_connectivity.perturbation.claims import (
    CLAIMS as PERTURBATION_CLAIMS,
)
from neuroloom.studies.functional_connectivity.recovery import ARMS

__all__ = ["STUDY"]

STUDY = Study(
    name="functional-connectivity",
    question=QUESTION,
    presets=PRESETS,
    arms=(*ARMS, DEEP_ARM, atlas.ARM, stimulation.ARM),
    claims=(*CLAIMS, DEEP_CLAIM, *PERTURBATION_CLAIMS),
    replicates=("seed",),
    methods=(
        "Systems are simulated from published equations; see "
        "docs/functional-connectivity-benchmarks.md. Estimators were made on seeds below 10 and "
        "are scored on seeds from 100 on.",
        "Connectivity is estimated from the first 80 % of each recording and scored off the "
        "diagonal; forecasts are scored on the last 20 %, or on the last fifth of the trials "
        "where there are five or more.",
        "Responses to stimulation are predicted for stimulated neurons that were held out with "
        "their homologs, and scored within strata of trial counts; see docs/perturbation.md.",
    ),
    citations=(
        "Delavari, Oruc and Murphy, arXiv 2411.08221 (2024)",
        "Das and Fiete, Nat. Neurosci. 23:1286 (2020)",
        "Randi, Sharma, Dvali and Leifer, Nature 623:406 (2023)",
    ),
    one_core=True,
)
