"""Numbers of the part on anatomy. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuroloom.errors import InputError

__all__ = ["FAST", "PAPER", "AnatomyConfig"]


@dataclass(frozen=True)
class AnatomyConfig:
    """Profiles, their nulls, and fixed points."""

    window: float = 5.0
    """Width of the window that slides over differences of preferred directions, in deg."""
    n_draws: int = 199
    """Circuits of each null: preferred directions shuffled, and weights dealt anew."""
    n_starts: int = 180
    """States from which fixed points are looked for, around the circle."""
    n_rest: int = 90
    """Steps before these states are taken, the cue included: 2 s of rest."""

    def __post_init__(self) -> None:
        """Refuses nulls too small for a level of 5 %."""
        if self.n_draws < 19:
            raise InputError(
                f"`n_draws` must be at least 19, to see chances of 5 %; got {self.n_draws}. Leave "
                "it out for the preset's value."
            )


PAPER = AnatomyConfig()
FAST = replace(PAPER, n_draws=99, n_starts=72)
