"""Numbers of the part on perturbation. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neuroloom.errors import InputError

__all__ = ["FAST", "PAPER", "PerturbationConfig"]


@dataclass(frozen=True)
class PerturbationConfig:
    """What is done to units, and when. Amplitudes are ours: those of the paper are not known."""

    n_trials: int = 200
    """Trials of turning; every other one is the mirror image of the one before."""
    n_steps: int = 300
    """Of each."""
    start: int = 50
    """Step at which a perturbation begins, four time constants after the cue; it goes on."""
    window: int = 20
    """Steps over which turns are compared, two time constants."""
    n_resamples: int = 500
    """Draws of trials behind the interval of one network."""
    n_sets: int = 10
    """Random sets of units for each class."""
    n_strata: int = 5
    """Strata of mean rate within which they are drawn."""
    factor: float = 0.5
    """By which what a class sends is weakened."""
    n_headings: int = 36
    """First headings of trials without turning."""
    n_held: int = 80
    """Steps of such a trial after `start`: 2 s."""
    currents: tuple[float, ...] = (-0.4, -0.2, -0.1, 0.1, 0.2, 0.4)
    """Into each shifter, in the unit of the state."""
    current: float = 0.2
    """That of the claim; one of `currents`."""
    n_targets: int = 8
    """Angles to which the bump is pushed."""
    push: float = 1.0
    """Current into each of the compass units nearest to one, in the unit of the state."""
    n_pushed: int = 40
    """Steps after `start` at which the bump is looked at: 1 s."""

    def __post_init__(self) -> None:
        """Refuses what cannot be perturbed."""
        if self.current not in self.currents:
            raise InputError(
                f"`current` must be one of `currents`, {self.currents}; got {self.current}. Add it."
            )
        if self.n_trials < 2 or self.n_trials % 2 or not 0 < self.start < self.n_steps:
            raise InputError(
                "`n_trials` must be even and `start` within the trial; got "
                f"{self.n_trials} trials and step {self.start} of {self.n_steps}. Leave them out "
                "for the preset's values."
            )
        if not 1 <= self.n_pushed <= self.n_held:
            raise InputError(
                f"`n_pushed` must be within the trial, 1 to {self.n_held}; got {self.n_pushed}. "
                "Lengthen `n_held`."
            )


PAPER = PerturbationConfig()
FAST = replace(PAPER, n_trials=100, n_sets=5)
