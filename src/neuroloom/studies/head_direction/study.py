"""The study as a whole: its arms, and its claims."""

from neuroloom.studies.framework import Study
from neuroloom.studies.head_direction.anatomy.arms import ARMS as ANATOMY_ARMS
from neuroloom.studies.head_direction.anatomy.claims import CLAIMS as ANATOMY_CLAIMS
from neuroloom.studies.head_direction.animal.arms import ARMS as ANIMAL_ARMS
from neuroloom.studies.head_direction.animal.claims import CLAIMS as ANIMAL_CLAIMS
from neuroloom.studies.head_direction.classes.arms import ARMS as CLASSES_ARMS
from neuroloom.studies.head_direction.classes.claims import CLAIMS as CLASSES_CLAIMS
from neuroloom.studies.head_direction.config import PRESETS, QUESTION
from neuroloom.studies.head_direction.perturbation.arms import ARMS as PERTURBATION_ARMS
from neuroloom.studies.head_direction.perturbation.claims import CLAIMS as PERTURBATION_CLAIMS
from neuroloom.studies.head_direction.recording.arms import ARMS as RECORDING_ARMS
from neuroloom.studies.head_direction.recording.claims import CLAIMS as RECORDING_CLAIMS
from neuroloom.studies.head_direction.sweep.arms import ARMS as SWEEP_ARMS
from neuroloom.studies.head_direction.sweep.claims import CLAIMS as SWEEP_CLAIMS
from neuroloom.studies.head_direction.trained.arms import ARMS as TRAINED_ARMS
from neuroloom.studies.head_direction.trained.claims import CLAIMS as TRAINED_CLAIMS

__all__ = ["STUDY"]

STUDY = Study(
    name="head-direction",
    question=QUESTION,
    presets=PRESETS,
    arms=(
        *TRAINED_ARMS,
        *ANIMAL_ARMS,
        *CLASSES_ARMS,
        *ANATOMY_ARMS,
        *PERTURBATION_ARMS,
        *SWEEP_ARMS,
        *RECORDING_ARMS,
    ),
    claims=(
        *TRAINED_CLAIMS,
        *CLASSES_CLAIMS,
        *ANATOMY_CLAIMS,
        *PERTURBATION_CLAIMS,
        *ANIMAL_CLAIMS,
        *SWEEP_CLAIMS,
        *RECORDING_CLAIMS,
    ),
    replicates=("seed", "member", "repeat"),
    methods=(
        "Every network is trained once on fresh trials and kept for all parts; whatever was chosen "
        "was chosen on seeds below 10.",
        "Units are sorted, and preferred directions taken, on held-out trials without noise, which "
        "are not those that errors are scored on.",
        "Weights are W[post, pre]; a profile's offset is the preferred direction of the receiver "
        "less that of the sender, counter-clockwise positive; no unit is paired with itself.",
        "Classes by the published bounds and by a mixture on slopes stand beside each other; "
        "claims on anatomy are judged by the mixture, because the bounds are of another model.",
    ),
    citations=(
        "Cueva, Wang, Chin and Wei, ICLR 2020, arXiv 1912.10189",
        "Schaeffer, Khona and Fiete, NeurIPS 2022",
    ),
    one_core=True,
)
