"""Every number of the study, each written once. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuroloom.errors import InputError
from neuroloom.studies.functional_connectome.circuits.config import FAST as CIRCUITS_FAST
from neuroloom.studies.functional_connectome.circuits.config import PAPER as CIRCUITS_PAPER
from neuroloom.studies.functional_connectome.circuits.config import CircuitsConfig
from neuroloom.studies.functional_connectome.decoding.config import FAST as DECODING_FAST
from neuroloom.studies.functional_connectome.decoding.config import PAPER as DECODING_PAPER
from neuroloom.studies.functional_connectome.decoding.config import DecodingArmsConfig
from neuroloom.studies.functional_connectome.goals.config import FAST as GOALS_FAST
from neuroloom.studies.functional_connectome.goals.config import PAPER as GOALS_PAPER
from neuroloom.studies.functional_connectome.goals.config import GoalsConfig
from neuroloom.studies.functional_connectome.places.config import FAST as PLACES_FAST
from neuroloom.studies.functional_connectome.places.config import PAPER as PLACES_PAPER
from neuroloom.studies.functional_connectome.places.config import PlacesConfig
from neuroloom.studies.functional_connectome.plasticity.config import FAST as PLASTICITY_FAST
from neuroloom.studies.functional_connectome.plasticity.config import PAPER as PLASTICITY_PAPER
from neuroloom.studies.functional_connectome.plasticity.config import PlasticityConfig

__all__ = ["PRESETS", "QUESTION", "FunctionalConnectomeConfig"]

QUESTION = (
    "Can a network stand in for a circuit, in places that it has never seen and while synapses "
    "drift, and is what it says of use?"
)


@dataclass(frozen=True)
class FunctionalConnectomeConfig:
    """Circuits, worlds and animals, and what is learned of them."""

    n_seeds: int = 10
    """Circuits and worlds drawn of each kind."""
    first_seed: int = 300
    """Of these; whatever was chosen was chosen on seeds below 10."""
    circuits: CircuitsConfig = CIRCUITS_PAPER
    """Synthetic circuits and the students that stand in for them."""
    plasticity: PlasticityConfig = PLASTICITY_PAPER
    """How circuits change, and which students follow."""
    places: PlacesConfig = PLACES_PAPER
    """Boundary-vector cells, place cells, and arenas."""
    decoding: DecodingArmsConfig = DECODING_PAPER
    """Where the animal is, from spikes."""
    goals: GoalsConfig = GOALS_PAPER
    """Ways to a goal."""

    def __post_init__(self) -> None:
        """Refuses a study without repeats."""
        if self.n_seeds < 1:
            raise InputError(
                f"`n_seeds` must be at least 1; got {self.n_seeds}. Leave it out for the default."
            )


PAPER = FunctionalConnectomeConfig()
PRESETS = {
    "fast": replace(
        PAPER,
        circuits=CIRCUITS_FAST,
        plasticity=PLASTICITY_FAST,
        places=PLACES_FAST,
        decoding=DECODING_FAST,
        goals=GOALS_FAST,
    ),
    "paper": PAPER,
}
"""`fast` has under 6 minutes on two cores; `paper` the sizes of the publication."""
