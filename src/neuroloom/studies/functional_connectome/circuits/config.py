"""Numbers of the part on synthetic circuits. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from neuroloom.errors import InputError

__all__ = ["FAST", "PAPER", "CircuitsConfig", "HasCircuits"]


@dataclass(frozen=True)
class CircuitsConfig:
    """Circuits, what they are shown, and who learns them."""

    n_units: int = 256
    """Neurons of each of the five layers between channels and outputs."""
    gain: float = 2.0
    """Of scaled circuits: with 1, weights of this size leave them nearly linear."""
    n_bins: int = 50
    """Bins of a trial."""
    n_training: int = 2_000
    """Training trials of each circuit."""
    n_test: int = 500
    """Held-out trials of each circuit."""
    width: int = 256
    """Units of a layer of every student."""
    depth: int = 2
    """Layers of MLP and GRU after the first."""
    n_steps: int = 1_500
    """Steps of Adam, at a rate that rises and falls to 0. Half as many as at one that stays explain
    as much."""
    batch: int = 16
    """Trials a step."""
    learning_rate: float = 4e-3
    """Largest of Adam."""
    forgetting: float = 0.02
    """Of Adam's mean of squared gradients."""
    n_wired: int = 10
    """Circuits that wired students learn too, whose steps cost most; scaled circuits only."""
    n_wired_steps: int = 1_000
    """Steps of wired students."""
    widths: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256)
    """Of the grid."""
    depths: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    """Of the grid, layers after the first."""
    n_sized: int = 3
    """Circuits of the grid."""
    amounts: tuple[int, ...] = (1, 5, 10, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400)
    """Trials that students see, for data efficiency."""
    n_amount_steps: int = 2_000
    """Steps of students there."""
    n_amount_bins: int = 50
    """Bins of a trial there."""

    def __post_init__(self) -> None:
        """Refuses what cannot be divided into training trials and some to stop on."""
        if self.n_training < 2 or self.n_test < 2:
            raise InputError(
                "`n_training` and `n_test` must be at least 2 trials; got "
                f"{self.n_training} and {self.n_test}. Leave them out for the defaults."
            )
        if list(self.amounts) != sorted(set(self.amounts)) or min(self.amounts, default=0) < 1:
            raise InputError(
                f"`amounts` must rise from at least 1 trial; got {self.amounts}. Sort them."
            )


@runtime_checkable
class HasCircuits(Protocol):
    """What arms of circuits read of the whole study's config."""

    @property
    def circuits(self) -> CircuitsConfig:
        """Numbers of this part."""
        ...

    @property
    def first_seed(self) -> int:
        """Of the circuits."""
        ...

    @property
    def n_seeds(self) -> int:
        """How many circuits of each kind."""
        ...


PAPER = CircuitsConfig()
FAST = replace(
    PAPER,
    n_units=64,
    n_bins=20,
    n_training=200,
    n_test=50,
    width=64,
    n_steps=200,
    learning_rate=1e-2,
    n_wired=3,
    n_wired_steps=200,
    n_sized=2,
    widths=(4, 16, 64),
    depths=(1, 2, 4),
    n_amount_steps=200,
    n_amount_bins=10,
)
