"""Numbers of the part on plasticity. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from neuroloom.errors import InputError
from neuroloom.studies.functional_connectome.circuits.config import FAST as CIRCUITS_FAST
from neuroloom.studies.functional_connectome.circuits.config import PAPER as CIRCUITS_PAPER
from neuroloom.studies.functional_connectome.circuits.config import CircuitsConfig

__all__ = ["FAST", "PAPER", "HasPlasticity", "PlasticityConfig"]


@dataclass(frozen=True)
class PlasticityConfig:
    """Circuits that change, and what becomes of their students."""

    drawn: CircuitsConfig = CIRCUITS_PAPER
    """Size of the complex circuits, of their trials before the change, and of students."""
    log_sigmas: tuple[float, ...] = (
        -7.0,
        -6.0,
        -5.0,
        -4.0,
        -3.0,
        -2.0,
        -1.0,
        0.0,
        1.0,
        2.0,
        3.0,
        4.0,
    )
    """Logarithms of the SD of the noise on every weight, in SD of the weights."""
    n_retraining: int = 1_000
    """Trials of the changed circuit in an epoch."""
    epochs: tuple[int, ...] = (0, 1, 2, 3, 5, 10, 20, 30)
    """After which students are scored; every epoch counts for the criterion."""
    batch: int = 8
    """Trials a step of retraining."""
    n_times: int = 12
    """Times at which a drifting circuit is recorded and students are scored."""
    n_new: int = 200
    """Trials recorded at each time; positions, for place cells, are `n_bins` times as many."""
    n_passes: int = 10
    """Passes over the latest trials of the student that starts anew at every time."""
    drift_sigma: float = 0.5
    """SD of a weight from its first value in the long run, in SD of the weights."""
    drift_tau: float = 6.0
    """Time constant of that, in times between recordings."""
    turnover: float = 0.03
    """Share of synapses exchanged between recordings."""
    n_boundary: int = 100
    """Boundary-vector cells, which learn by BCM."""
    n_place: int = 20
    """Place cells."""
    walked: int = 600
    """Samples of 50 ms walked between recordings, along which weights learn."""
    bcm_steps: int = 1_000
    """Steps of Adam of the student of place cells before weights change."""
    n_worlds: int = 10
    """Drifting circuits of each rule."""
    learning_rate: float = field(default=1e-3)
    """Of Adam, after the change."""

    def __post_init__(self) -> None:
        """Refuses sweeps that cannot be judged."""
        if self.epochs[0] != 0 or list(self.epochs) != sorted(set(self.epochs)):
            raise InputError(
                f"`epochs` must rise from 0, which is before retraining; got {self.epochs}. Leave "
                "it out for the default."
            )
        if self.n_times < 2:
            raise InputError(
                f"`n_times` must be at least 2; got {self.n_times}. Leave it out for the default."
            )


@runtime_checkable
class HasPlasticity(Protocol):
    """What arms of plasticity read of the whole study's config."""

    @property
    def plasticity(self) -> PlasticityConfig:
        """Numbers of this part."""
        ...

    @property
    def first_seed(self) -> int:
        """Of the circuits."""
        ...

    @property
    def n_seeds(self) -> int:
        """How many circuits."""
        ...


PAPER = PlasticityConfig()
FAST = replace(
    PAPER,
    drawn=replace(CIRCUITS_FAST, n_training=400),
    n_retraining=100,
    n_times=8,
    n_new=50,
    n_passes=10,
    n_place=10,
)
