"""Every number of the perturbation arms, each written once. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["PerturbationConfig"]


@dataclass(frozen=True)
class PerturbationConfig:
    """How responses are held out in the worm, and what is stimulated in simulation."""

    n_folds: int = 5
    """Parts of the stimulated neurons, each held out once."""
    n_fold_draws: int = 5
    """Draws of the folds; 0 leaves the worm out."""
    n_null_draws: int = 10
    """Null wirings of each kind for the wiring with two gains; fewer than 2 is none."""
    n_fitted_null_draws: int = 3
    """Null wirings of each kind for the fitted coupling; fewer than 2 is none."""
    n_resamples: int = 200
    """Resamples of stimulated neurons for the interval of a gain."""
    systems: tuple[str, ...] = ("S1", "S2 g 2")
    """Simulated systems of four cell types that are stimulated."""
    n_neurons: int = 200
    """Neurons of such a system."""
    n_steps: int = 24_000
    """Frames from which a model is fitted, before anything is stimulated."""
    n_states: int = 1_000
    """Moments at which each neuron is stimulated in turn."""
    size: float = 3.5
    """Of a push in each step, in units of activity: the noise of a step."""
    horizon: int = 4
    """Steps after a push began at which it is read the last time."""
    n_draws: int = 100
    """Draws of connections for the interval of a response."""

    def __post_init__(self) -> None:
        least = {"n_folds": 2, "n_fold_draws": 0, "n_null_draws": 0, "n_states": 2, "horizon": 1}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise InputError(
                    f"`{name}` must be at least {lowest}; got {getattr(self, name)}. Leave it out "
                    "for the default."
                )
        known = ("S1", "S2 g 0.3", "S2 g 0.7", "S2 g 2")
        wrong = [name for name in self.systems if name not in known]
        if wrong:
            raise InputError(
                f"A stimulated system must be one of {', '.join(known)}; got `{wrong[0]}`. The "
                "others have no noise that could be replayed."
            )
