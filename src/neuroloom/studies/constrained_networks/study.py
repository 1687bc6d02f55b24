"""The study as a whole: its arms, each in a file of its own, and its claims."""

from neuroloom.studies.constrained_networks import real_circuits
from neuroloom.studies.constrained_networks.arms import linear_orders, orders, synthetic
from neuroloom.studies.constrained_networks.config import PRESETS, QUESTION
from neuroloom.studies.constrained_networks.heading import arm as heading
from neuroloom.studies.constrained_networks.inverse.arm import INVERSE_ARM, INVERSE_CLAIM
from neuroloom.studies.framework import Study

__all__ = ["STUDY"]

STUDY = Study(
    name="constrained-networks",
    question=QUESTION,
    presets=PRESETS,
    arms=(
        linear_orders.ARM,
        INVERSE_ARM,
        *synthetic.ARMS,
        orders.ARM,
        *real_circuits.ARMS,
        heading.ARM,
    ),
    claims=(
        *synthetic.CLAIMS,
        linear_orders.CLAIM,
        orders.MODES_CLAIM,
        orders.ORDERS_CLAIM,
        INVERSE_CLAIM,
        *real_circuits.CLAIMS,
        *heading.CLAIMS,
    ),
    replicates=("seed", "member", "fly", "draw"),
)
