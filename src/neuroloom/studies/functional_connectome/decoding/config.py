"""Numbers of the part on decoding. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["FAST", "PAPER", "DecodingArmsConfig"]


@dataclass(frozen=True)
class DecodingArmsConfig:
    """An animal walks, its place cells fire, and their spikes say where it is."""

    n_worlds: int = 10
    """Draws of cells; their seeds run from the study's first seed on."""
    n_place: tuple[int, ...] = (10, 20, 50, 100, 200)
    """Place cells that are heard, the first so many."""
    n_compared: int = 100
    """Place cells where maps are compared; one of `n_place`."""
    dt: float = 0.25
    """Step of decoding, in s."""
    seconds: float = 1_200.0
    """Time that the animal walks."""
    bin_size: float = 0.02
    """Side of a bin, in m."""
    n_arenas: int = 20
    """Novel arenas, spread over their distances from the box."""
    boundary_rate: float = 10.0
    """Largest rate of a boundary-vector cell whose spikes are decoded, in Hz."""
    n_controls: int = 20
    """Shifts in time, and exchanges of cells."""
    mazes: tuple[str, ...] = ("linear-track", "w-maze")
    """Of the rat."""


PAPER = DecodingArmsConfig()
FAST = replace(
    PAPER,
    n_worlds=3,
    n_place=(10, 20, 50, 100),
    seconds=300.0,
    n_arenas=4,
    n_controls=5,
)
