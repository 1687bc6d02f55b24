"""Every number of a recording plan, each written once. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Literal

from neuroloom.errors import InputError

__all__ = ["PlanConfig"]


@dataclass(frozen=True)
class PlanConfig:
    """What is unknown of the wired network, how it is driven, and how it would be recorded."""

    model: Literal["rate", "linear"] = "rate"
    """rate: gain and bias of every neuron of a softplus rate network are unknown, and activity over
    time is recorded. linear: a constant input to every neuron of a linear network is unknown, and
    resting states are recorded."""
    radius: float = 0.9
    """Weights are scaled so that the largest |eigenvalue| of the signed wiring is this."""
    sign_rule: Literal["transmitter", "excitatory", "dropped"] = "transmitter"
    """What to do with connections of unknown sign."""
    tau: float = 0.1
    """rate: time constant of every neuron, in seconds."""
    gain_sd: float = 0.3
    """rate: how far a gain may be from 1, as SD."""
    bias_sd: float = 0.5
    """rate: how far a bias may be from 0, as SD in the unit of the state."""
    trials: int = 8
    """rate: trials of input; in each, every stimulated neuron gets its own constant input, drawn
    from a normal distribution."""
    amplitude: float = 1.0
    """rate: SD of these inputs, in the unit of the state."""
    duration: float = 0.5
    """rate: length of a trial, in seconds."""
    dt: float = 0.02
    """rate: time step of the simulation, in seconds; below half of tau."""
    samples: int = 5
    """rate: samples of each trial that count, evenly spaced; noise is independent between them."""
    noise: float = 0.1
    """SD of the noise in every sample, as a share of the RMS prior SD of activity."""
    modes: int | None = None
    """Compute with this many leading combinations of unknowns, found at random. By default all,
    where they are few enough, else 200, or as many as 10^8 numbers hold."""
    draws: int = 100
    """Random orders that the plan is shown beside."""
    seed: int = 0
    """Every random number follows from it."""

    def __post_init__(self) -> None:
        """Numbers that make no plan are refused."""
        for name in ("trials", "samples", "draws", "modes"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise InputError(
                    f"`--{name}` must be at least 1; got {getattr(self, name)}. Leave it out for "
                    "its default."
                )
        for name in ("gain_sd", "bias_sd", "amplitude", "duration", "dt", "noise"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(
                    f"`--{name.replace('_', '-')}` must be above 0 and finite; got "
                    f"{getattr(self, name)}. Leave it out for its default."
                )
        if not self.dt < 0.5 * self.tau:
            raise InputError(
                f"`--dt` must be below half of `--tau` ({self.tau} s); got {self.dt} s. Try a "
                "tenth of it."
            )
        if round(self.duration / self.dt) < self.samples:
            raise InputError(
                f"A trial must have at least as many steps as samples ({self.samples}); "
                f"{self.duration} s of {self.dt} s have {round(self.duration / self.dt)}. Make "
                "trials longer, or steps or samples fewer."
            )
        if self.seed < 0:
            raise InputError(f"`--seed` must be at least 0; got {self.seed}. Leave it out for 0.")
