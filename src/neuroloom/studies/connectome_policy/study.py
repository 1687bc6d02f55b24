"""The study as a whole: its arms, and its claims."""

from neuroloom.studies.connectome_policy.cheap_arm import ARMS as CHEAP_ARMS
from neuroloom.studies.connectome_policy.claims import CLAIMS
from neuroloom.studies.connectome_policy.config import PRESETS, QUESTION
from neuroloom.studies.connectome_policy.off_domain_arm import ARMS as OFF_DOMAIN_ARMS
from neuroloom.studies.connectome_policy.realism_arm import ARMS as REALISM_ARMS
from neuroloom.studies.connectome_policy.statistics_arm import ARMS as STATISTICS_ARMS
from neuroloom.studies.connectome_policy.swim_arm import ARMS as SWIM_ARMS
from neuroloom.studies.connectome_policy.wiring_arm import ARMS as WIRING_ARMS
from neuroloom.studies.framework import Study

__all__ = ["STUDY"]

STUDY = Study(
    name="connectome-policy",
    question=QUESTION,
    presets=PRESETS,
    arms=(
        *WIRING_ARMS,
        *REALISM_ARMS,
        *STATISTICS_ARMS,
        *OFF_DOMAIN_ARMS,
        *SWIM_ARMS,
        *CHEAP_ARMS,
    ),
    claims=CLAIMS,
    replicates=("seed", "draw"),
    methods=(
        "All searches of an arm have the same budget, the same starts and a probe on starts that "
        "the search never meets; whatever was chosen was chosen on seeds below 10.",
        "The swimmer of six links is stepped by Euler's method; NCAP's swim and Swimmer-v5 as they "
        "are published. Returns of different bodies or integrators are not compared.",
        "Nulls assert what they keep when they are drawn. All circuits, real or not, begin at the "
        "same 14 shared parameters and have the same ports unless these are shuffled.",
        "Anatomical ports favor the real wiring by construction: they are placed by its classes "
        "and segments. That is what shuffled ports are for.",
    ),
    citations=(
        "Schmidgall, Schuman and Parsa, arXiv 2209.14406 (2022)",
        "Bhattasali, Zador and Engel, NeurIPS 2022",
        "Haspel and O'Donovan, J. Neurosci. 31:14611 (2011)",
        "Cook et al., Nature 571:63 (2019)",
    ),
    one_core=True,
)
