"""The arms on synthetic teachers and the claims they decide, in the order of the figures."""

from neuroloom.studies.constrained_networks.arms import (
    dimension,
    known_wiring,
    mismatch,
    task_only,
    unknown_wiring,
    wrong_wiring,
)

__all__ = ["ARMS", "CLAIMS"]

ARMS = (
    dimension.LOW_RANK,
    dimension.CHAOTIC,
    known_wiring.ARM,
    task_only.ARM,
    unknown_wiring.ARM,
    mismatch.ARM,
    wrong_wiring.ARM,
)

CLAIMS = (
    dimension.LOW_RANK_CLAIM,
    known_wiring.CLAIM,
    dimension.CHAOTIC_CLAIM,
    task_only.CLAIM,
    unknown_wiring.CLAIM,
    mismatch.CLAIM,
)
