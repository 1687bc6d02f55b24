"""Every number of the benchmark systems, each written once. Imports nothing heavy.

Models without physical units count one step as one second.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.teachers_config import CyclingConfig

__all__ = [
    "SUITE",
    "CalciumConfig",
    "CellTypesConfig",
    "DriveConfig",
    "PartlySeenConfig",
    "PoissonConfig",
    "RegionsConfig",
    "RingConfig",
    "SpikingRingConfig",
    "SystemConfig",
    "TaskTrainedConfig",
]


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


@dataclass(frozen=True)
class RingConfig:
    """S5: rates on a ring, each neuron inhibiting those at some distance."""

    n_neurons: int = 100
    n_steps: int = 30_000
    strength: float = 22.0  # r
    narrow: float = 6.98  # SD of the positive Gaussian, in neurons
    wide: float = 7.0  # SD of the negative one
    wide_height: float = 1.0005  # a2, beside 1 of the positive one
    cutoff: float = 0.05  # weights below this share of the largest are 0
    bias: float = 1.0  # b, the input of every neuron
    noise_sd: float = 1.0  # of the input, relative to b
    noise_threshold: float = 1.0  # noise comes in steps where a normal draw is above this

    def __post_init__(self) -> None:
        _require(
            min(self.n_neurons, self.n_steps) >= 1 and 0 <= self.cutoff < 1,
            "`n_neurons` and `n_steps` must be at least 1 and `cutoff` in [0, 1); got "
            f"{self.n_neurons}, {self.n_steps} and {self.cutoff}. Leave them out for the "
            "benchmark's values.",
        )


@dataclass(frozen=True)
class SpikingRingConfig:
    """S5 as its authors have it: neurons that spike wherever their input passes a threshold."""

    n_neurons: int = 100
    duration: float = 100.0  # s, recorded
    burn_in: float = 1.0  # s, before
    dt: float = 1e-4  # s
    tau: float = 0.01  # s, of synapses
    bin_width: float = 0.005  # s; spikes are counted in bins
    strength: float = 0.025  # r; 0.0025 to 0.025 in the paper
    threshold: float = 7.4e-4  # goes with `strength`, so that rates stay the same
    narrow: float = 6.98
    wide: float = 7.0
    wide_height: float = 1.0005
    cutoff: float = 0.05
    bias: float = 1e-3
    noise_sd: float = 0.3
    noise_threshold: float = 1.5

    def __post_init__(self) -> None:
        _require(
            0 < self.dt <= self.bin_width <= self.duration
            and self.dt < self.tau
            and self.burn_in >= 0,
            "`dt` must be above 0, at most `bin_width` and below `tau`, and `duration` at least a "
            f"bin; got {self.dt}, {self.bin_width}, {self.tau} and {self.duration} s, after "
            f"{self.burn_in} s. Give seconds.",
        )


@dataclass(frozen=True)
class PoissonConfig:
    """S6: a coupled Poisson network, excitatory and inhibitory."""

    n_neurons: int = 30
    n_steps: int = 60_000  # bins
    n_trials: int = 1
    dt: float = 0.01  # s, a bin
    tau: float = 0.02  # s, of the coupling filters
    base_rate: float = 5.0  # Hz, median rate of neurons that hear nothing
    rate_log_sd: float = 0.3  # of its logarithm over neurons
    density: float = 0.2  # fraction of pairs that are connected
    excitatory: float = 0.8  # fraction of neurons
    weight_mean: float = 0.5  # of an excitatory connection; see `simulate_poisson`
    weight_sd: float = 0.15
    inhibition: float = 2.0  # factor on the weights of inhibitory neurons
    self_weight: float = -2.0  # of a neuron on itself, for refractoriness; not scored
    softplus: bool = False  # link: softplus in place of the exponential

    def __post_init__(self) -> None:
        _require(
            min(self.n_neurons, self.n_steps, self.n_trials) >= 1
            and self.dt > 0
            and self.tau > 0
            and self.base_rate > 0,
            "Sizes must be at least 1, and `dt`, `tau` and `base_rate` above 0; got "
            f"{self.dt} s, {self.tau} s and {self.base_rate} Hz. Give seconds and hertz.",
        )
        _require(
            0 <= self.density <= 1 and 0 <= self.excitatory <= 1 and self.weight_mean >= 0,
            "`density` and `excitatory` must be fractions and `weight_mean` at least 0; got "
            f"{self.density}, {self.excitatory} and {self.weight_mean}. Signs come from the "
            "sender.",
        )


@dataclass(frozen=True)
class TaskTrainedConfig:
    """S7: excitatory and inhibitory rates, trained to answer a pulse with a few cycles."""

    n_neurons: int = 100
    n_trials: int = 60  # pulses at times of their own
    n_rounds: int = 7  # of training
    n_training_steps: int = 200  # a round
    training_noise_step_sd: float = 0.01  # on the state, per step of dt
    noise_step_sd: float = 0.03  # the same when recorded; above some 0.05 the task is lost

    def __post_init__(self) -> None:
        _require(
            min(self.n_neurons, self.n_trials, self.n_rounds, self.n_training_steps) >= 1
            and min(self.training_noise_step_sd, self.noise_step_sd) >= 0,
            "Sizes must be at least 1 and SDs of noise at least 0; got "
            f"{self.n_neurons} neurons, {self.n_trials} trials, {self.n_rounds} x "
            f"{self.n_training_steps} steps, {self.training_noise_step_sd} and "
            f"{self.noise_step_sd}. Leave them out for the benchmark's values.",
        )

    def teacher(self, seed: int) -> CyclingConfig:
        """The teacher of `constrained-networks` that is trained for this."""
        return CyclingConfig(
            n_neurons=self.n_neurons,
            seed=seed,
            n_trials=self.n_trials,
            n_rounds=self.n_rounds,
            n_steps=self.n_training_steps,
            noise_step_sd=self.training_noise_step_sd,
        )


@dataclass(frozen=True)
class RegionsConfig:
    """S8: three regions, of which two are driven from outside and the third only by them."""

    n_per_region: int = 100
    n_trials: int = 20
    duration: float = 10.0  # s, recorded of each trial
    burn_in: float = 2.0  # s, before
    dt: float = 0.01  # s
    tau: float = 0.1  # s
    gain: float = 1.5  # g: SD of a weight within a region, times the root of inputs
    within_density: float = 0.2  # fraction of pairs of a region that are connected
    between_gain: float = 1.0  # the same for weights from one other region
    between_density: float = 0.05
    noise_sd: float = 1.0  # on the state, per square root of a second
    input_density: float = 0.5  # fraction of neurons of a driven region that hear its input
    input_size: float = 1.5  # peak of the input, in units of the state
    n_bumps: int = 10  # of the sequence
    bump_sd: float = 0.4  # s

    def __post_init__(self) -> None:
        _require(
            min(self.n_per_region, self.n_trials, self.n_bumps) >= 1
            and 0 < self.dt < self.tau
            and self.dt <= self.duration
            and self.burn_in >= 0,
            "Sizes must be at least 1 and `dt` below `tau` and `duration`; got "
            f"{self.dt}, {self.tau} and {self.duration} s. Forward Euler needs steps shorter than "
            "tau.",
        )
        densities = (self.within_density, self.between_density, self.input_density)
        _require(
            min(densities) > 0 and max(densities) <= 1,
            f"Densities must be in (0, 1]; got {densities}. Set a gain to 0 for no connections.",
        )


SystemConfig = (
    CellTypesConfig
    | PartlySeenConfig
    | CalciumConfig
    | RingConfig
    | SpikingRingConfig
    | PoissonConfig
    | TaskTrainedConfig
    | RegionsConfig
)


def _driven(strength: float) -> CellTypesConfig:
    return CellTypesConfig(drive=DriveConfig(strength=strength))


SUITE: dict[str, SystemConfig] = {
    "S1": CellTypesConfig(),
    "S2 g 0.3": _driven(0.3),
    "S2 g 0.7": _driven(0.7),
    "S2 g 2": _driven(2.0),
    "S2 g 2, rectified": CellTypesConfig(drive=DriveConfig(strength=2.0, rectified=True)),
    "S2 g 2, sparse": CellTypesConfig(drive=DriveConfig(strength=2.0, loading_density=0.2)),
    "S2 g 2, late": CellTypesConfig(drive=DriveConfig(strength=2.0, max_delay=5)),
    "S3 25 %": PartlySeenConfig(_driven(2.0), fraction=0.25),
    "S3 50 %": PartlySeenConfig(_driven(2.0), fraction=0.5),
    "S4": CalciumConfig(),
    "S4 g 2": CalciumConfig(_driven(2.0)),
    "S4 frames of 2": CalciumConfig(steps_per_frame=2),
    "S5": RingConfig(),
    "S5 spikes": SpikingRingConfig(),
    "S6 exponential": PoissonConfig(),
    "S6 softplus": PoissonConfig(softplus=True),
    "S7": TaskTrainedConfig(),
    "S8": RegionsConfig(),
}
"""Every system at the benchmark's size, by name. S3 at 100 % is S2."""
