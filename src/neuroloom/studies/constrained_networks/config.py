"""Every number of the study, each written once, arm by arm. Imports nothing heavy."""

from dataclasses import dataclass, field, replace

from neuroloom.studies.constrained_networks.heading.config import FAST, PAPER, HeadingConfig
from neuroloom.studies.constrained_networks.inverse.config import INVERSE_PRESETS, InverseConfig
from neuroloom.studies.constrained_networks.orders_config import ORDERS_PRESETS, OrdersConfig
from neuroloom.studies.constrained_networks.real_circuits_config import (
    CentralComplexConfig,
    IntegratorConfig,
    LarvaConfig,
    LocomotionConfig,
)
from neuroloom.studies.constrained_networks.synthetic_config import (
    SYNTHETIC_PRESETS,
    SyntheticConfig,
)

__all__ = ["PRESETS", "QUESTION", "ConstrainedNetworksConfig"]

QUESTION = (
    "How many neurons must be recorded before known wiring determines what all the others do, and "
    "which?"
)


@dataclass(frozen=True)
class ConstrainedNetworksConfig:
    """What the study does, in numbers, one group for a few arms."""

    synthetic: SyntheticConfig = field(default_factory=SyntheticConfig)
    """Students of synthetic teachers."""
    orders: OrdersConfig = field(default_factory=OrdersConfig)
    """Modes of the error, and which neurons to record."""
    inverse: InverseConfig = field(default_factory=InverseConfig)
    """Parameters in closed form from full activity."""
    heading: HeadingConfig = field(default_factory=HeadingConfig)
    """Imaging of the fly's ring, predicted from wiring."""
    integrator: IntegratorConfig = field(default_factory=IntegratorConfig)
    """The zebrafish's oculomotor integrator."""
    larva: LarvaConfig = field(default_factory=LarvaConfig)
    """The larva's mushroom body, from one side to the other."""
    larva_locomotion: LocomotionConfig = field(default_factory=LocomotionConfig)
    """Crawling of the larva, from a user's export."""
    central_complex: CentralComplexConfig = field(default_factory=CentralComplexConfig)
    """The fly's ring attractor, from a user's export."""


DECIDE = ConstrainedNetworksConfig(
    synthetic=SYNTHETIC_PRESETS["decide"],
    orders=ORDERS_PRESETS["decide"],
    inverse=INVERSE_PRESETS["decide"],
)
PRESETS = {
    "fast": replace(
        DECIDE,
        synthetic=SYNTHETIC_PRESETS["fast"],
        orders=ORDERS_PRESETS["fast"],
        inverse=INVERSE_PRESETS["fast"],
        heading=FAST,
        integrator=IntegratorConfig(n_recorded=(2, 64, 196), n_steps=30),
        larva=LarvaConfig(n_seeds=2),
    ),
    "decide": DECIDE,
    "paper": replace(
        DECIDE,
        synthetic=SYNTHETIC_PRESETS["paper"],
        orders=ORDERS_PRESETS["paper"],
        inverse=INVERSE_PRESETS["paper"],
        heading=PAPER,
    ),
}
