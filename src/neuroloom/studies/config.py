"""Every number of the main job, each written once. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Literal

from neuroloom.errors import InputError

__all__ = ["PRESETS", "PredictConfig", "SignRule"]

SignRule = Literal["transmitter", "excitatory", "trainable", "dropped"]
Sharing = Literal["neuron", "cell_type", "global"]


@dataclass(frozen=True)
class PredictConfig:
    """What `predict` does, in numbers. Defaults are those of the demo."""

    n_members: int = 3
    """Networks in the ensemble; their spread is the uncertainty you see."""
    n_null_draws: int = 2
    """Null wirings drawn of each kind; everything is refitted on each."""
    nulls: tuple[str, ...] = ("rewire", "shuffle_weights")
    """Null wirings: rewire, rewire_within_type, shuffle_weights, shuffle_signs, erdos_renyi."""
    n_folds: int = 5
    """Response recordings: parts into which stimulated neurons are dealt, homologs together."""
    held_out: float = 0.2
    """Activity recordings: fraction of recorded neurons that are held out and scored."""
    n_calibrations: int = 4
    """Activity recordings: further sets of recorded neurons, each as large as the held-out one and
    held out in fits of its own, whose errors make the intervals. Fewer where neurons run out."""
    level: float = 0.9
    """Activity recordings: nominal coverage of the intervals. 0.9 needs 10 held-out neurons (9
    others for each), 0.95 needs 20."""
    n_planned: int = 5
    """Activity recordings: unrecorded neurons to name as the next to record; 0 plans none."""
    sign_rule: SignRule = "transmitter"
    """Connections of unknown sign (0): sign from transmitters, all excitatory, learned, or
    dropped. The report says how many connections and contacts it touched."""
    sharing: Sharing = "cell_type"
    """Activity recordings: whether gain and bias are free per neuron, per cell type, or global."""
    q_below: float = 0.05
    """Response recordings: a response is detected below this q value."""
    n_steps: int = 400
    """Optimizer steps of a network fit at most; early stopping ends it sooner."""
    n_resamples: int = 200
    """Resamples of held-out neurons for the 95 % intervals."""
    seed: int = 0
    """Every random number follows from it."""

    def __post_init__(self) -> None:
        for name in ("n_members", "n_folds", "n_steps", "n_resamples"):
            least = 2 if name == "n_folds" else 1
            if getattr(self, name) < least:
                raise InputError(
                    f"`{name}` must be at least {least}; got {getattr(self, name)}. Leave it out "
                    "for the preset's value."
                )
        if self.n_null_draws < 0:
            raise InputError(
                f"`n_null_draws` must be at least 0; got {self.n_null_draws}. With 0 there is no "
                "null wiring to compare with."
            )
        if self.n_calibrations < 0:
            raise InputError(
                f"`n_calibrations` must be at least 0; got {self.n_calibrations}. With 0 the "
                "intervals rest on the scored held-out neurons alone."
            )
        if self.n_planned < 0:
            raise InputError(
                f"`n_planned` must be at least 0; got {self.n_planned}. With 0 nothing is planned."
            )
        if not 0 < self.level < 1:
            raise InputError(
                f"`level` must be a fraction between 0 and 1; got {self.level}. For intervals of "
                "90 %, say 0.9."
            )
        if not 0 < self.held_out < 1:
            raise InputError(
                f"`held_out` must be a fraction between 0 and 1; got {self.held_out}. For a fifth "
                "of the neurons, say 0.2."
            )


PRESETS = {
    "demo": PredictConfig(),
    "full": PredictConfig(
        n_members=8,
        n_null_draws=10,
        nulls=("rewire", "rewire_within_type", "shuffle_weights", "erdos_renyi"),
        n_steps=1_000,
        n_resamples=1_000,
    ),
}
