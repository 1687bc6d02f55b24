"""The arms on the animal, in the order in which they run."""

from neuroloom.studies.head_direction.animal.activity_arm import ARM as ACTIVITY_ARM
from neuroloom.studies.head_direction.animal.resemblance import ARMS as RESEMBLANCE_ARMS
from neuroloom.studies.head_direction.animal.wired_arms import ARMS as WIRED_ARMS

__all__ = ["ARMS"]

ARMS = (*WIRED_ARMS, *RESEMBLANCE_ARMS, ACTIVITY_ARM)  # wired ones need no trained network
