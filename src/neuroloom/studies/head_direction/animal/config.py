"""Numbers of the part on the animal. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from neuroloom.errors import InputError

__all__ = [
    "DEVELOPMENT_FLIES",
    "FAST",
    "PAPER",
    "ActivityConfig",
    "AnimalConfig",
    "WiredConfig",
]

DEVELOPMENT_FLIES = ("PEN1-EB_20160423_Fly1", "PEN1-PB_20160621_Fly1")
"""Looked at while this was written; never scored."""


@dataclass(frozen=True)
class WiredConfig:
    """Networks wired as the fly's compass, and how they are trained."""

    tau: float = 0.25
    """Time constant of every neuron, in seconds, as of the trained networks."""
    gain: float = 4.0
    """Of every neuron before training; a neuron's weights add up to at most 1 before it."""
    velocity: float = 10.0
    """What P-EN receive per rad/step of angular velocity, whose SD is 0.05; not trained."""
    cue: float = 1.0
    """What E-PG receive of the first heading; not trained."""
    readout: float = 4.0
    """Of the population vector of E-PG, whose length is 1 if rates are half a cosine; not trained.
    """
    n_steps: int = 500
    """Steps of a training trial, 25 ms each."""
    batch_size: int = 64
    """Trials of an update."""
    n_updates: int = 3_000
    """Updates of AdamW."""
    curriculum: tuple[tuple[int, int], ...] = ((50, 1_000), (200, 1_000))
    """(steps of a trial, updates) of stages to begin with, within `n_updates`."""
    learning_rate: float = 0.03
    """Of AdamW; gains move in logarithms."""
    final_rate: float = 0.05
    """The learning rate at the end as a part of that at the start."""
    noise: float = 0.1
    """SD of the noise on rates in training, per step, as of the trained networks."""
    n_test: int = 200
    """Held-out trials."""


@dataclass(frozen=True)
class ActivityConfig:
    """Two-color imaging of flies, and what networks make of the flies' turning."""

    n_orientation_trials: int = 1
    """Of each condition and fly, the first ones; they say which way regions run, never a score."""
    n_scored_trials: int = 4
    """Of each condition and fly, the next ones."""
    n_steps: int = 500
    """Of a piece of a trial, 25 ms each; each piece begins with a cue of its own."""
    turn_smoothing: float = 0.3
    """SD of the Gaussian that smooths turning where turns are told from standing, in seconds."""
    turn_threshold: float = 0.5
    """From which speed on the fly turns, in rad/s."""
    gains: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
    """Tried where turning is integrated with the gain that suits other flies best."""


@dataclass(frozen=True)
class AnimalConfig:
    """What trained networks are held against."""

    export: str = ""
    """Tables of neuPrint with EPG, EPGt, PEN, PEG and Delta7: a folder or a file of yours."""
    n_null_draws: int = 199
    """Circuits of each null that a network itself makes; 199 give p down to 0.005."""
    n_untrained: int = 10
    """Networks before training, a null for all seeds together."""
    n_resamples: int = 500
    """Draws of neurons for the interval of a correlation."""
    wired: WiredConfig = field(default_factory=WiredConfig)
    """Networks wired as the fly."""
    activity: ActivityConfig = field(default_factory=ActivityConfig)
    """Imaging of flies."""

    def __post_init__(self) -> None:
        """Refuses nulls without draws."""
        for name in ("n_null_draws", "n_untrained"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"`{name}` must be at least 1; got {getattr(self, name)}. Leave it out for the "
                    "preset's value."
                )


PAPER = AnimalConfig()
FAST = replace(
    PAPER,
    n_null_draws=39,
    n_untrained=4,
    n_resamples=100,
    wired=WiredConfig(
        n_steps=200, batch_size=24, n_updates=700, curriculum=((50, 450),), n_test=100
    ),
    activity=ActivityConfig(n_scored_trials=1),
)
"""For the study's `fast`: about 100 seconds of one core in all."""
