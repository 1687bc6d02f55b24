"""Every number of the study, each written once. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuroloom.errors import InputError
from neuroloom.studies.head_direction.anatomy.config import FAST as ANATOMY_FAST
from neuroloom.studies.head_direction.anatomy.config import PAPER as ANATOMY_PAPER
from neuroloom.studies.head_direction.anatomy.config import AnatomyConfig
from neuroloom.studies.head_direction.animal.config import FAST as ANIMAL_FAST
from neuroloom.studies.head_direction.animal.config import PAPER as ANIMAL_PAPER
from neuroloom.studies.head_direction.animal.config import AnimalConfig
from neuroloom.studies.head_direction.classes.config import FAST as CLASSES_FAST
from neuroloom.studies.head_direction.classes.config import PAPER as CLASSES_PAPER
from neuroloom.studies.head_direction.classes.config import ClassesConfig
from neuroloom.studies.head_direction.perturbation.config import FAST as PERTURBATION_FAST
from neuroloom.studies.head_direction.perturbation.config import PAPER as PERTURBATION_PAPER
from neuroloom.studies.head_direction.perturbation.config import PerturbationConfig
from neuroloom.studies.head_direction.recording.config import NONE as NO_RECORDING
from neuroloom.studies.head_direction.recording.config import RecordingConfig
from neuroloom.studies.head_direction.sweep.config import FAST as SWEEP_FAST
from neuroloom.studies.head_direction.sweep.config import PAPER as SWEEP_PAPER
from neuroloom.studies.head_direction.sweep.config import SweepConfig
from neuroloom.studies.head_direction.trained.config import FAST as TRAINED_FAST
from neuroloom.studies.head_direction.trained.config import PAPER as TRAINED_PAPER
from neuroloom.studies.head_direction.trained.config import TrainedConfig

__all__ = ["PRESETS", "QUESTION", "HeadDirectionConfig"]

QUESTION = "Does a network that learns to integrate angular velocity build the animal's circuit?"


@dataclass(frozen=True)
class HeadDirectionConfig:
    """Networks, and what is asked of them."""

    n_seeds: int = 10
    """Networks of the default setting."""
    first_seed: int = 400
    """Of these; whatever was chosen was chosen on seeds below 10."""
    trained: TrainedConfig = TRAINED_PAPER
    """How networks are trained and tested."""
    classes: ClassesConfig = CLASSES_PAPER
    """How units are sorted."""
    anatomy: AnatomyConfig = ANATOMY_PAPER
    """How weights are looked at."""
    perturbation: PerturbationConfig = PERTURBATION_PAPER
    """What is done to units."""
    sweep: SweepConfig = SWEEP_PAPER
    """Other settings of training."""
    animal: AnimalConfig = ANIMAL_PAPER
    """The fly's wiring and its activity."""
    recording: RecordingConfig = NO_RECORDING
    """A recording of yours with a heading."""

    def __post_init__(self) -> None:
        """Refuses a study without repeats."""
        if self.n_seeds < 1:
            raise InputError(
                f"`n_seeds` must be at least 1; got {self.n_seeds}. Leave it out for the default."
            )

    @property
    def seeds(self) -> range:
        """Of the networks."""
        return range(self.first_seed, self.first_seed + self.n_seeds)

    @property
    def speed_seeds(self) -> range:
        """Of the networks at other ranges of angular velocity."""
        return self.seeds[: self.trained.n_speed_seeds]


PAPER = HeadDirectionConfig()
PRESETS = {
    "fast": replace(
        PAPER,
        n_seeds=4,
        trained=TRAINED_FAST,
        classes=CLASSES_FAST,
        anatomy=ANATOMY_FAST,
        perturbation=PERTURBATION_FAST,
        sweep=SWEEP_FAST,
        animal=ANIMAL_FAST,
    ),
    "paper": PAPER,
}
"""`fast` takes under 5 minutes on two cores; `paper` has the published sizes."""
