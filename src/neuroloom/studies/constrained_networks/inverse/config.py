"""Every number of the closed-form inverse, each written once. Imports nothing heavy."""

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["INVERSE_PRESETS", "InverseConfig"]


@dataclass(frozen=True)
class InverseConfig:
    """A fly's optic lobe with drawn parameters, and what is recovered of it.

    Defaults are those of the preset `fast`. There are no trained parameters of flyvis here: these
    are drawn, around those that flyvis starts its training from (recalled: tau 0.05 s, rest 0.5,
    weights of 0.01 on average).
    """

    extent: int = 2
    """Columns from the center to each corner of the lattice; 2 has 1,203 neurons, 8 has 13,741."""
    n_steps: int = 3_000
    """Steps of activity that are regressed on."""
    n_held_out: int = 500
    """Further steps, on which the recovered derivative is scored."""
    dt: float = 0.02
    """Step, in seconds."""
    hold: int = 5
    """Steps for which a photoreceptor's input is held; uniform between 0 and 1."""
    sigmas: tuple[float, ...] = (0.5, 0.05)
    """SD of the noise that is added to every state at every step."""
    n_neurons: int = 100
    """How many neurons are recovered, drawn at random among all."""
    n_seeds: int = 1
    """How many networks are drawn."""
    n_nulls: int = 1
    """How many rewired wirings are regressed on for each."""
    tau_median: float = 0.05
    """Median time constant, in seconds; log-normal."""
    tau_log_sd: float = 0.4
    """SD of its logarithm."""
    tau_low: float = 0.03
    """Time constants are cut off here, in seconds; above `dt`."""
    tau_high: float = 0.2
    """And here."""
    rest_mean: float = 0.5
    """Mean rest; normal."""
    rest_sd: float = 0.3
    """Its SD."""
    weight_mean: float = 0.02
    """Median weight of a pair of cell types, which its connections share out by count."""
    weight_log_sd: float = 0.5
    """SD of the logarithm of what each connection's weight is multiplied with."""
    window: int = 5
    """Steps of the multi-step rows."""

    def __post_init__(self) -> None:
        counts = (self.n_steps, self.n_held_out, self.hold, self.n_neurons, self.n_seeds)
        if min(counts) < 1 or self.n_nulls < 0 or not self.sigmas:
            raise InputError(
                "`n_steps`, `n_held_out`, `hold`, `n_neurons` and `n_seeds` must be at least 1, "
                f"and `sigmas` not empty; got {counts}, {self.n_nulls} nulls and {self.sigmas}. "
                "Leave them out for the preset's values."
            )
        if not 0 < self.dt < self.tau_low <= self.tau_high or min(self.sigmas) <= 0:
            raise InputError(
                "`tau_low` must be above `dt`, and sigmas above 0; got "
                f"{self.tau_low}, {self.dt} and {self.sigmas}. Forward Euler needs steps shorter "
                "than tau."
            )


INVERSE_PRESETS = {
    "fast": InverseConfig(),
    "decide": InverseConfig(extent=4, n_neurons=300, n_seeds=3, n_nulls=3),
    "paper": InverseConfig(extent=8, n_neurons=1_500, n_seeds=3, n_nulls=3),
}
