"""Every number of the study, each written once. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from neuroloom.errors import InputError

__all__ = [
    "PRESETS",
    "QUESTION",
    "CheapConfig",
    "ConnectomePolicyConfig",
    "OffDomainConfig",
    "RealismConfig",
    "StatisticsConfig",
    "TUNED",
    "SwimConfig",
    "Tuned",
    "WiringConfig",
]

QUESTION = "Does the worm's wiring help a controller learn to swim, and what about the wiring?"
WIRED = (
    "real",
    "rewired",
    "rewired, sides kept",
    "rewired, segments kept",
    "rewired, sides and segments kept",
    "class blocks",
    "weights permuted",
    "random",
    "signs shuffled",
    "gap junctions rewired",
)
PORTED = ("ports within classes", "ports across classes", "rewired, ports across classes")
SIMPLE = (
    "linear, joint angles",
    "linear, joints alike",
    "linear, all seen",
    "perceptron",
    "recurrent",
    "NCAP",
    "NCAP, joints alike",
)


@dataclass(frozen=True)
class Tuned:
    """How a simple controller is made and searched."""

    sigma: float
    """First SD of CMA-ES."""
    units: int = 8
    """Hidden units of a layer, where there are any."""
    gain: float = 3.0
    """Of the actions, where there is any."""


TUNED = {
    "linear, joint angles": Tuned(0.25),
    "linear, joints alike": Tuned(0.25),
    "linear, all seen": Tuned(0.5),
    "perceptron": Tuned(0.25, units=8, gain=3.0),
    "recurrent": Tuned(2.0, units=8, gain=1.0),
    "NCAP": Tuned(0.5),
    "NCAP, joints alike": Tuned(0.5),
}
"""The best of `scripts/tune_controllers.py` on seeds 0 to 2; of circuits .5 was best too."""


@dataclass(frozen=True)
class SwimConfig:
    """NCAP's circuit on its own task, without any learning."""

    periods: tuple[int, ...] = (30, 90)
    """Periods of the oscillator beside the published one of 60, in control steps."""

    def __post_init__(self) -> None:
        """Refuses periods without halves."""
        if any(period < 2 or period % 2 for period in self.periods):
            raise InputError(
                f"`periods` must be even numbers of at least 2; got {self.periods}. The published "
                "one is 60."
            )


@dataclass(frozen=True)
class WiringConfig:
    """The circuit, its nulls and simple controllers, on the swimmer of six links."""

    circuit: Literal["worm-motor-segments", "worm-motor"] = "worm-motor-segments"
    """Dataset of the circuit."""
    wirings: tuple[str, ...] = WIRED + PORTED
    """The circuit, its nulls and its ports."""
    simple: tuple[str, ...] = SIMPLE
    """Controllers without the circuit."""
    long_links: int = 12
    """Of a longer body, in which some learn anew."""
    long: tuple[str, ...] = ("real", "rewired", "linear, joint angles", "linear, joints alike")
    """Those."""
    other_circuit: Literal["worm-motor-segments", "worm-motor"] = "worm-motor"
    """A second circuit, with which some learn anew."""
    other: tuple[str, ...] = ("real", "rewired", "random")
    """Those."""
    n_draws: int = 3
    """Draws of every null a seed."""
    n_steps: int = 1000
    """Control steps of an episode."""
    population: int = 16
    """Of CMA-ES."""
    sigma: float = 0.5
    """First SD of CMA-ES for circuits, of logarithms of gains; `TUNED` has those of others."""
    n_generations: int = 40
    """Of every search but the recurrent network's."""
    probe_every: int = 4
    """Generations from probe to probe."""
    n_probes: int = 3
    """Episodes of a probe."""
    threshold: float = 100.0
    """Return to which steps are counted."""
    links: tuple[int, ...] = (3, 4, 8, 10, 12)
    """Bodies that no policy was trained on."""
    lesioned: tuple[str, ...] = ("DB", "DD", "VD", "AS")
    """Classes that are taken out after learning."""
    cut: tuple[float, ...] = (0.1, 0.3)
    """Shares of weights, drawn at random, that are taken out after learning."""
    noise: tuple[float, ...] = (0.1, 0.3)
    """SD of noise on what is sensed after learning."""
    n_transfer: int = 2
    """Episodes of each of these."""

    def __post_init__(self) -> None:
        """Refuses names that are none."""
        known = WIRED + PORTED + SIMPLE
        asked = (*self.wirings, *self.simple, *self.long, *self.other)
        unknown = [name for name in asked if name not in known]
        if unknown or "real" not in self.wirings:
            raise InputError(
                f"`wirings`, `simple`, `long` and `other` must be of {', '.join(known)}, `real` "
                f"among the first; got {', '.join(unknown) or 'none that is real'}. Check the "
                "spelling."
            )
        _check(self, "n_draws", "n_steps", "n_generations", "probe_every", "n_probes", "n_transfer")


@dataclass(frozen=True)
class StatisticsConfig:
    """The paper's three feed-forward controls, by its genetic algorithm."""

    population: int = 750
    """Of the genetic algorithm."""
    elites: int = 8
    """Survivors."""
    sigma: float = 0.02
    """SD of mutations."""
    decay: float = 0.998
    """Of it, a generation."""
    n_generations: int = 40
    """The paper does not say how many."""
    n_steps: int = 1000
    """Control steps of an episode."""
    n_seeds: int = 10
    """Of each; at most the study's."""

    def __post_init__(self) -> None:
        """Refuses searches without generations."""
        _check(self, "population", "elites", "n_generations", "n_steps")


@dataclass(frozen=True)
class RealismConfig:
    """Five levels of realism, with shared weights first and each weight afterwards."""

    population: int = 32
    """Of the evolution strategy on shared weights, and of the genetic algorithm after it."""
    n_shared: int = 20
    """Generations on shared weights."""
    n_single: int = 10
    """Generations on each weight."""
    n_steps: int = 1000
    """Control steps of an episode."""
    ports: tuple[str, ...] = ("learned", "anatomical")
    """Of these: the paper's encoder and decoder, or joints and muscles by segment."""
    screened_sd: float = 2.0
    """SD around the first parameters of anatomical ports, of logarithms, of which half of the
    shared budget draws where the search begins."""
    n_seeds: int = 10
    """Of each level and wiring; at most the study's."""
    margin: float = 20.0
    """Final returns within this are called equivalent."""

    def __post_init__(self) -> None:
        """Refuses searches without generations, and unknown ports."""
        _check(self, "population", "n_shared", "n_single", "n_steps")
        if not set(self.ports) <= {"learned", "anatomical"}:
            raise InputError(
                f"`ports` must be `learned` or `anatomical`; got {', '.join(self.ports)}. Check "
                "the spelling."
            )


@dataclass(frozen=True)
class OffDomainConfig:
    """The circuit as a cheetah, and before digits."""

    population: int = 32
    """Of the evolution strategy."""
    n_generations: int = 40
    """As a cheetah; before digits twice as many."""
    n_steps: int = 300
    """Control steps of an episode as a cheetah."""
    n_images: int = 200
    """Digits that each member sees in a generation."""
    accuracy: float = 0.5
    """Part of digits to which steps are counted."""
    n_seeds: int = 10
    """Of each network and task; at most the study's."""

    def __post_init__(self) -> None:
        """Refuses searches without generations."""
        _check(self, "population", "n_generations", "n_steps", "n_images", "n_seeds")


@dataclass(frozen=True)
class CheapConfig:
    """A linear policy on Gymnasium's swimmer."""

    population: int = 12
    """Of CMA-ES."""
    sigma: float = 1.0
    """First SD."""
    n_generations: int = 30
    """At the most."""
    wanted: float = 300.0
    """Mean return of the mean policy."""
    n_probes: int = 3
    """Episodes of a probe."""

    def __post_init__(self) -> None:
        """Refuses searches without generations."""
        _check(self, "population", "n_generations", "n_probes")


@dataclass(frozen=True)
class ConnectomePolicyConfig:
    """Seeds, and what each part does with them."""

    n_seeds: int = 10
    """Of every arm."""
    first_seed: int = 500
    """Of these; whatever was chosen was chosen on seeds below 10."""
    swim: SwimConfig = field(default_factory=SwimConfig)
    """NCAP's circuit, untrained."""
    wiring: WiringConfig = field(default_factory=WiringConfig)
    """The circuit against its nulls and simple controllers."""
    statistics: StatisticsConfig = field(default_factory=StatisticsConfig)
    """The paper's feed-forward controls."""
    realism: RealismConfig = field(default_factory=RealismConfig)
    """Levels of realism."""
    off_domain: OffDomainConfig = field(default_factory=OffDomainConfig)
    """The circuit where it does not belong."""
    cheap: CheapConfig = field(default_factory=CheapConfig)
    """The cheapest baseline."""

    def __post_init__(self) -> None:
        """Refuses a study without repeats."""
        _check(self, "n_seeds")

    @property
    def seeds(self) -> range:
        """Of every arm."""
        return range(self.first_seed, self.first_seed + self.n_seeds)


def _check(numbers: object, *names: str) -> None:
    for name in names:
        if getattr(numbers, name) < 1:
            raise InputError(
                f"`{name}` must be at least 1; got {getattr(numbers, name)}. Leave it out for the "
                "preset's value."
            )


PAPER = ConnectomePolicyConfig()
PRESETS = {
    "fast": replace(
        PAPER,
        wiring=replace(
            PAPER.wiring,
            wirings=("real", "rewired", "random"),
            simple=("linear, joint angles", "linear, joints alike"),
            long=(),
            other=(),
            n_draws=1,
            n_generations=24,
            links=(4, 10),
            lesioned=("VD",),
            cut=(0.3,),
            noise=(0.3,),
            n_transfer=1,
        ),
        statistics=replace(
            PAPER.statistics, population=48, elites=8, n_generations=8, n_steps=500, n_seeds=1
        ),
        realism=replace(
            PAPER.realism,
            population=8,
            n_shared=4,
            n_single=2,
            n_steps=300,
            ports=("learned",),
            n_seeds=1,
        ),
        off_domain=replace(
            PAPER.off_domain, population=16, n_generations=6, n_images=100, n_seeds=1
        ),
    ),
    "paper": PAPER,
}
