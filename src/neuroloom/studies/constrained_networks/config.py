"""Every number of the study, each written once, arm by arm. Imports nothing heavy."""

from dataclasses import dataclass, field

from neuroloom.studies.constrained_networks.inverse_config import INVERSE_PRESETS, InverseConfig

__all__ = ["PRESETS", "QUESTION", "ConstrainedNetworksConfig"]

QUESTION = (
    "How many neurons must be recorded before known wiring determines what all the others do, and "
    "which?"
)


@dataclass(frozen=True)
class ConstrainedNetworksConfig:
    """What the study does, in numbers. Defaults are those of the preset `fast`."""

    inverse: InverseConfig = field(default_factory=InverseConfig)
    """Parameters in closed form from full activity."""


PRESETS = {
    name: ConstrainedNetworksConfig(inverse=INVERSE_PRESETS[name])
    for name in ("fast", "decide", "paper")
}
