"""How a recording with a heading is looked at. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["HeadingSettings"]


@dataclass(frozen=True)
class HeadingSettings:
    """Numbers of decoding, tuning and comparison; each time in seconds, each angle in degrees."""

    heading: str = "heading"
    """Name of the behavior that is the heading, counter-clockwise positive."""
    degrees: bool = False
    """Whether it is in degrees; else in rad."""
    n_bins: int = 36
    """Bins of heading around the circle."""
    smoothing: float = 10.0
    """SD with which tuning curves are smoothed around the circle, in degrees."""
    n_folds: int = 10
    """Blocks of time, each decoded by curves of the others."""
    gap: float = 1.0
    """Time between training and held-out steps, in seconds."""
    n_shifts: int = 40
    """Controls whose activity is shifted in time."""
    least_shift: float = 10.0
    """Smallest of these shifts, in seconds: more than turning remembers."""
    least_observed: float = 0.8
    """Neurons observed in a smaller share of the steps with a heading are left out."""
    turn_smoothing: float = 0.1
    """SD with which the angular velocity is smoothed, in seconds."""
    block: float = 5.0
    """Block of time for intervals, in seconds."""
    rate_smoothing: float = 0.2
    """SD with which activity is smoothed before it is compared with a network, in seconds."""
    seed: int = 0
    """Of shifts, guesses and intervals."""

    def __post_init__(self) -> None:
        if self.n_bins < 4 or self.n_folds < 2 or self.n_shifts < 1:
            raise InputError(
                "`n_bins` must be at least 4, `n_folds` at least 2 and `n_shifts` at least 1; got "
                f"{self.n_bins}, {self.n_folds} and {self.n_shifts}. Use 36, 10 and 40."
            )
        times = (self.gap, self.smoothing, self.turn_smoothing, self.rate_smoothing)
        if min(times) < 0 or min(self.least_shift, self.block) <= 0:
            raise InputError(
                "`least_shift` and `block` must be above 0 s, other times and `smoothing` at least "
                f"0; got {self.least_shift}, {self.block} and {times}. Use 10 and 5 s."
            )
        if not 0 < self.least_observed <= 1:
            raise InputError(
                f"`least_observed` must be a share above 0; got {self.least_observed}. Use 0.8."
            )
