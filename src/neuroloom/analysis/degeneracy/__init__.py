"""What a recorded set cannot tell of a network, named: which neurons, which parameters, and why."""

from neuroloom.analysis.degeneracy.detect import degeneracies, unseen_neurons
from neuroloom.analysis.degeneracy.kinds import (
    AbstractDegeneracy,
    AutapseTau,
    Combination,
    Exchangeable,
    GainScale,
    Sign,
    Silent,
    Undetermined,
    Unseen,
)

__all__ = [
    "AbstractDegeneracy",
    "AutapseTau",
    "Combination",
    "Exchangeable",
    "GainScale",
    "Sign",
    "Silent",
    "Undetermined",
    "Unseen",
    "degeneracies",
    "unseen_neurons",
]
