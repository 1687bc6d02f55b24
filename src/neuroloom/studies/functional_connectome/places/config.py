"""Numbers of the part on place maps. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuroloom.errors import InputError

__all__ = ["FAST", "PAPER", "PlacesConfig"]


@dataclass(frozen=True)
class PlacesConfig:
    """A world of cells, students of it, and arenas in which both are held side by side."""

    n_worlds: int = 10
    """Draws of cells; their seeds run from the study's first seed on."""
    n_boundary: int = 100
    """Boundary-vector cells."""
    n_place: int = 50
    """Place cells."""
    n_inputs: int = 15
    """Boundary-vector cells that a place cell hears."""
    s0: float = 0.122
    """Radial width of a boundary-vector cell at distance 0, in m (Hartley 2000; the published code
    has 0.366)."""
    fraction: float = 0.8
    """Threshold of a place cell, as a part of its largest drive in the training arena."""
    gain: float = 10.0
    """Of place cells, in Hz: their largest rates are then 7 to 20 Hz."""
    n_positions: int = 10_000
    """Random positions of the training arena that students see."""
    n_bins: int = 32
    """Bins of a map along the longer side of the arena."""
    width: int = 256
    """Units of a layer of the published student."""
    depth: int = 6
    """Its layers after the first."""
    n_steps: int = 10_000
    """Steps of Adam on batches of 200. As published: 50,000 (1,000 epochs of 10,000 positions), at
    a rate that stays; one that falls to 0 has every map of the box after 2,000."""
    learning_rate: float = 4e-3
    """Largest of Adam."""
    forgetting: float = 0.02
    """Of Adam's mean of squared gradients; published .001."""
    n_taught: int = 7
    """Novel arenas that the student of several arenas is taught; no student is scored there."""
    n_seen: tuple[int, ...] = (0, 1, 5, 20, 100, 500)
    """Positions of a novel arena that few-shot students see."""
    n_few_arenas: int = 20
    """Novel arenas in which few-shot students learn."""
    n_few_steps: int = 300
    """Steps of Adam that a few-shot student takes."""

    def __post_init__(self) -> None:
        """Refuses worlds that cannot be drawn."""
        if not 1 <= self.n_inputs <= self.n_boundary:
            raise InputError(
                "`n_inputs` must be at least 1 and at most `n_boundary`; got "
                f"{self.n_inputs} and {self.n_boundary}. Leave them out for the defaults."
            )


PAPER = PlacesConfig()
FAST = replace(
    PAPER, n_worlds=3, n_steps=2_000, n_seen=(0, 1, 5, 20, 100), n_few_arenas=3, n_few_steps=100
)
