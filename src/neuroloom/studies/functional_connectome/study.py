"""The study as a whole: its arms, and its claims."""

from neuroloom.studies.framework import Study
from neuroloom.studies.functional_connectome.circuits.arms import ARMS as CIRCUITS_ARMS
from neuroloom.studies.functional_connectome.circuits.claims import CLAIMS as CIRCUITS_CLAIMS
from neuroloom.studies.functional_connectome.config import PRESETS, QUESTION
from neuroloom.studies.functional_connectome.decoding.arms import ARMS as DECODING_ARMS
from neuroloom.studies.functional_connectome.decoding.claims import CLAIMS as DECODING_CLAIMS
from neuroloom.studies.functional_connectome.goals.arms import ARMS as GOALS_ARMS
from neuroloom.studies.functional_connectome.goals.claims import CLAIMS as GOALS_CLAIMS
from neuroloom.studies.functional_connectome.places.arms import ARMS as PLACES_ARMS
from neuroloom.studies.functional_connectome.places.claims import CLAIMS as PLACES_CLAIMS
from neuroloom.studies.functional_connectome.plasticity.arms import ARMS as PLASTICITY_ARMS
from neuroloom.studies.functional_connectome.plasticity.claims import CLAIMS as PLASTICITY_CLAIMS

__all__ = ["STUDY"]

MAPS_ARM, FEW_ARM = PLACES_ARMS
DECODING_ARM, RAT_ARM = DECODING_ARMS

STUDY = Study(
    name="functional-connectome",
    question=QUESTION,
    presets=PRESETS,
    arms=(  # those that train students of places come long before those that read them
        MAPS_ARM,
        DECODING_ARM,
        *CIRCUITS_ARMS,
        *PLASTICITY_ARMS,
        RAT_ARM,
        FEW_ARM,
        *GOALS_ARMS,
    ),
    claims=(
        *CIRCUITS_CLAIMS,
        *PLASTICITY_CLAIMS,
        *PLACES_CLAIMS,
        *DECODING_CLAIMS,
        *GOALS_CLAIMS,
    ),
    replicates=("seed",),
    methods=(
        "Circuits, boundary-vector cells and place cells are drawn anew from published equations "
        "for every seed; whatever was chosen was chosen on seeds below 10.",
        "Students see training data alone: scales, early stops and thresholds come from it. Novel "
        "arenas are seen by no student but those that say so.",
        "Goal-directed use, drift by three rules, wired students and students of several arenas "
        "are extensions of the paper, not reproductions; see docs/functional-connectome.md.",
    ),
    citations=(
        "Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022)",
        "Hartley, Burgess, Lever, Cacucci and O'Keefe, Hippocampus 10:369 (2000)",
        "Barry and Burgess, Hippocampus 17:794 (2007)",
        "George, de Cothi, Stachenfeld and Barry, eLife 13:e85274 (2024)",
    ),
    one_core=True,
)
