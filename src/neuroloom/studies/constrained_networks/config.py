"""Every number of the study, each written once. Imports nothing heavy."""

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["PRESETS", "QUESTION", "ConstrainedNetworksConfig"]

QUESTION = (
    "How many neurons must be recorded before known wiring determines what all the others do, and "
    "which?"
)


@dataclass(frozen=True)
class ConstrainedNetworksConfig:
    """What the study does, in numbers. Defaults are those of the preset `fast`."""

    n_seeds: int = 3
    """Teachers, or draws of the recorded neurons, per cell of the sweep."""
    n_recorded: tuple[int, ...] = (2, 10, 40)
    """How many neurons are recorded."""

    def __post_init__(self) -> None:
        if self.n_seeds < 1:
            raise InputError(
                f"`n_seeds` must be at least 1; got {self.n_seeds}. Leave it out for the preset's "
                "value."
            )


PRESETS = {
    "fast": ConstrainedNetworksConfig(),
    "decide": ConstrainedNetworksConfig(n_seeds=5, n_recorded=(2, 10, 40, 100, 200)),
    "paper": ConstrainedNetworksConfig(
        n_seeds=10,
        n_recorded=(1, 2, 4, 8, 10, 15, 20, 25, 30, 35, 40, 60, 80, 100, 150, 200, 250, 300),
    ),
}
