"""Every number of the benchmark systems, each written once. Imports nothing heavy.

Models without physical units count one step as one second.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["CalciumConfig", "CellTypesConfig", "DriveConfig", "PartlySeenConfig"]


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InputError(message)


@dataclass(frozen=True)
class DriveConfig:
    """Common drive: latents that several neurons hear at once, and that nobody records."""

    strength: float = 0.0  # g; 0 for none
    n_latents: int = 5  # K
    persistence: float = 0.95  # rho, the coefficient of each latent on its own last value
    loading_density: float = 1.0  # fraction of neurons that hear a latent; power is kept
    max_delay: int = 0  # steps; each neuron hears all latents late by 0 to this
    rectified: bool = False  # neurons hear what is above 0 alone; mean and variance are kept

    def __post_init__(self) -> None:
        _require(
            0 <= self.persistence < 1,
            f"`persistence` must be in [0, 1); got {self.persistence}. A latent of 1 or more has "
            "no variance that could be 1.",
        )
        _require(
            0 < self.loading_density <= 1,
            f"`loading_density` must be in (0, 1]; got {self.loading_density}. Set `strength=0` "
            "for no drive.",
        )
        _require(
            self.strength >= 0 and self.max_delay >= 0 and self.n_latents >= 1,
            "`strength` and `max_delay` must be at least 0, `n_latents` at least 1; got "
            f"{self.strength}, {self.max_delay} and {self.n_latents}. Set `strength=0` for no "
            "drive, `max_delay=0` for one without delays.",
        )


@dataclass(frozen=True)
class CellTypesConfig:
    """S1 and S2: four cell types with measured connection probabilities, with or without drive."""

    n_neurons: int = 200
    n_steps: int = 30_000  # recorded
    n_trials: int = 1  # runs of the same network, each from a start of its own
    noise_sd: float = 3.5  # on the activity, per step
    weight_sd: float = 0.1  # about the mean of the pair of types
    bias_sd: float = 1.0
    drive: DriveConfig = DriveConfig()

    def __post_init__(self) -> None:
        sizes = (self.n_neurons, self.n_steps, self.n_trials)
        _require(
            min(sizes) >= 1,
            f"`n_neurons`, `n_steps` and `n_trials` must be at least 1; got {sizes}. Leave them "
            "out for the benchmark's sizes.",
        )


@dataclass(frozen=True)
class PartlySeenConfig:
    """S3: any system, of which only some neurons are recorded."""

    system: SystemConfig = CellTypesConfig(drive=DriveConfig(strength=2.0))
    fraction: float = 0.5  # of the neurons, drawn at random

    def __post_init__(self) -> None:
        _require(
            0 < self.fraction <= 1,
            f"`fraction` must be in (0, 1]; got {self.fraction}. Give a share such as 0.5.",
        )


@dataclass(frozen=True)
class CalciumConfig:
    """S4: calcium of S1 or S2, and frames that are slower than steps."""

    system: CellTypesConfig = CellTypesConfig()
    decay: float = 0.9  # of calcium, per step; 0 for none
    noise_sd: float = 1.0  # of a frame
    steps_per_frame: int = 1  # steps that a frame averages

    def __post_init__(self) -> None:
        _require(
            0 <= self.decay < 1,
            f"`decay` must be in [0, 1); got {self.decay}. Give what is left after a step, such as "
            "0.9.",
        )
        _require(
            1 <= self.steps_per_frame <= self.system.n_steps,
            f"`steps_per_frame` must be 1 to `n_steps`; got {self.steps_per_frame}. Take 1 for "
            "every step.",
        )


SystemConfig = CellTypesConfig | PartlySeenConfig | CalciumConfig
