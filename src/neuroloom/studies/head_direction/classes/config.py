"""Numbers of the part on classes. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuroloom.errors import InputError

__all__ = ["FAST", "PAPER", "ClassesConfig"]


@dataclass(frozen=True)
class ClassesConfig:
    """Trials that units are sorted by, and what they are held against."""

    n_trials: int = 200
    """Held-out trials, without noise."""
    n_steps: int = 500
    """Of each."""
    n_draws: int = 199
    """Exchanges of trials: the null of every unit's tuning."""
    n_headings: int = 36
    """Bins of heading of a map."""
    n_velocities: int = 20
    """Bins of angular velocity of a map."""

    def __post_init__(self) -> None:
        """Refuses a null too small for its own level of 1 %."""
        if self.n_draws < 99:
            raise InputError(
                f"`n_draws` must be at least 99, to see chances of 1 %; got {self.n_draws}. Leave "
                "it out for the preset's value."
            )


PAPER = ClassesConfig()
FAST = replace(PAPER, n_trials=100, n_draws=99)
