"""Networks that stand in for a circuit: they learn its outputs from its inputs."""

from neuroloom.networks.stand_ins.guard import depends_on_past
from neuroloom.networks.stand_ins.recurrent import GruForm, GruStandIn
from neuroloom.networks.stand_ins.stand_in import (
    AbstractForm,
    AbstractStandIn,
    StandInScaling,
    respond,
)
from neuroloom.networks.stand_ins.static import (
    AsPublishedForm,
    LinearForm,
    LinearStandIn,
    MlpForm,
    MlpStandIn,
    padded,
)
from neuroloom.networks.stand_ins.wired import WiredForm, WiredStandIn

__all__ = [
    "AbstractForm",
    "AbstractStandIn",
    "AsPublishedForm",
    "GruForm",
    "GruStandIn",
    "LinearForm",
    "LinearStandIn",
    "MlpForm",
    "MlpStandIn",
    "StandInScaling",
    "WiredForm",
    "WiredStandIn",
    "depends_on_past",
    "padded",
    "respond",
]
