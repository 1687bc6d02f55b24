"""Every number of the study, each written once. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from neuroloom.errors import InputError, nearest
from neuroloom.studies.functional_connectivity.perturbation.config import PerturbationConfig
from neuroloom.studies.functional_connectivity.simulators.config import (
    SUITE,
    CalciumConfig,
    CellTypesConfig,
    PartlySeenConfig,
    PoissonConfig,
    RingConfig,
    SystemConfig,
)

__all__ = [
    "FAMILIES",
    "PRESETS",
    "QUESTION",
    "DeepConfig",
    "FunctionalConnectivityConfig",
    "family_of",
    "shortened",
]

QUESTION = (
    "Who drives whom in a recording, how sure can one be, and does forecasting well show that "
    "the answer is right?"
)

FAMILIES = {
    "S1": "no-drive",
    "S2": "common-drive",
    "S3": "partly-seen",
    "S4": "calcium",
    "S5": "ring",
    "S6": "spikes",
    "S7": "task-trained",
    "S8": "regions",
}
"""Arm by the first word of a system's name."""


def family_of(system: str) -> str:
    """The arm to which a benchmark system belongs."""
    return FAMILIES[system.split()[0]]


@dataclass(frozen=True)
class DeepConfig:
    """A forecaster and how it is trained; these numbers were chosen on seeds below 10."""

    n_lags: int = 1
    """Frames of the past that it and the regressions beside it see."""
    hidden: int = 8
    """Units of its decoder, one layer."""
    n_embedding: int = 2
    """Numbers that say what a neuron is."""
    n_reference: int = 64
    """Frames over which the gain of the current is brought to 1."""
    n_steps: int = 600
    """Steps of Adam at most."""
    batch_size: int = 16
    """Segments of 50 frames in a step."""
    learning_rate: float = 5e-3
    """Of all but the connectivity."""
    connectivity_rate: float = 3e-3
    """Of the connectivity."""
    validation: float = 0.15
    """Last part of the training data; the best parameters are those that do best on it."""


@dataclass(frozen=True)
class FunctionalConnectivityConfig:
    """Which systems are drawn how often, and what is held out."""

    systems: tuple[str, ...] = tuple(SUITE)
    """Benchmark systems, by name."""
    n_seeds: int = 5
    """Networks drawn of each."""
    first_seed: int = 200
    """Of the networks; estimators were made on seeds below 10, and what failed on 100 to 104 was
    mended then, so that these are not fresh either."""
    longest: int | None = None
    """Frames of a system at most; None for the benchmark's. Rings of spikes, trained networks and
    regions keep theirs."""
    test_fraction: float = 0.2
    """Last part of every recording, held out for forecasts; connectivity is estimated without."""
    n_bootstraps: int = 0
    """Block bootstraps of every recommended estimate."""
    split_halves: bool = True
    """Estimate from each half of the training data, too, to see how far the two agree."""
    n_shifted: int = 10
    """Neurons that are forecast with the others at the wrong time."""
    shift: int = 200
    """Frames by which these others are late, or a fifth of a trial that is short."""
    deep: DeepConfig = field(default_factory=DeepConfig)
    """The trained network of the arm `deep`."""
    perturbation: PerturbationConfig = field(default_factory=PerturbationConfig)
    """What is stimulated, in the worm and in simulation."""

    def __post_init__(self) -> None:
        """Refuses systems without a name, and numbers that make no study."""
        for name in self.systems:
            if name not in SUITE:
                raise InputError(
                    f"A system must be one of the {len(SUITE)} of the benchmark; got `{name}`. "
                    f"{nearest(name, SUITE)}"
                )
        if self.n_seeds < 1 or not 0 < self.test_fraction < 1:
            raise InputError(
                "`n_seeds` must be at least 1 and `test_fraction` between 0 and 1; got "
                f"{self.n_seeds} and {self.test_fraction}. Leave them out for the defaults."
            )


def shortened(system: SystemConfig, longest: int | None) -> SystemConfig:
    """The same system with fewer frames."""
    if longest is None:
        return system
    if isinstance(system, PartlySeenConfig | CalciumConfig):
        return replace(system, system=shortened(system.system, longest))
    if isinstance(system, CellTypesConfig | RingConfig | PoissonConfig):
        return replace(system, n_steps=min(longest, system.n_steps))
    return system


PAPER = FunctionalConnectivityConfig(n_bootstraps=20)
PRESETS = {
    "fast": replace(
        PAPER,
        systems=(
            "S1",
            "S2 g 0.7",
            "S2 g 2",
            "S3 50 %",
            "S4",
            "S5",
            "S6 exponential",
        ),
        n_bootstraps=0,
        split_halves=False,
        perturbation=PerturbationConfig(
            n_fold_draws=1,
            n_null_draws=3,
            n_fitted_null_draws=0,
            n_resamples=100,
            n_neurons=100,
            n_steps=8_000,
            n_states=200,
        ),
    ),
    "paper": PAPER,
}
