"""Which recording, and where its heading is. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["NONE", "RecordingConfig"]


@dataclass(frozen=True)
class RecordingConfig:
    """A recording with a heading among its behavior."""

    file: str = ""
    """A file of any format that `neuroloom inspect` opens, or a dataset such as
    fly-heading/TRIAL; left out, the arm is, too."""
    heading: str = "heading"
    """Name of the behavior that is the heading, counter-clockwise positive."""
    degrees: bool = False
    """Whether it is in degrees; else in rad."""
    dt: float | None = None
    """Width of bins of spikes, in seconds, where the file holds spike times."""
    n_draws: int = 200
    """Draws of each null and interval."""

    def __post_init__(self) -> None:
        """Refuses nulls too small for a level of 5 %."""
        if self.n_draws < 20:
            raise InputError(
                f"`n_draws` must be at least 20; got {self.n_draws}. Leave it out for 200."
            )


NONE = RecordingConfig()
