"""Its numbers, and what a test can make go wrong."""

from dataclasses import dataclass

QUESTION = "Is the mean of normal numbers closer to the truth than their median?"


@dataclass(frozen=True)
class MeanOrMedianConfig:
    """What the study does, in numbers."""

    n_seeds: int = 4
    """Draws."""
    sizes: tuple[int, ...] = (4, 64)
    """How many numbers are drawn."""
    seconds: float = 0.0
    """How long each cell waits, so that it can be killed."""
    broken_seed: int = -1
    """The seed whose cells raise."""
    patient: bool = False
    """Whether the first cell of `mean` waits until all others of this arm have begun."""


PRESETS = {
    "fast": MeanOrMedianConfig(),
    "paper": MeanOrMedianConfig(n_seeds=40, sizes=(4, 16, 64, 256)),
}
