"""What every benchmark system gives: activity, and the connectivity that made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Shaped

from neuroloom.errors import InputError, SimulationError
from neuroloom.recording import Recording

__all__ = ["Simulated", "given_or"]


@dataclass(frozen=True, eq=False, repr=False)
class Simulated:
    """Activity of the neurons that are seen, and their true connectivity. Read-only.

    An estimator may look at `activity`, `kind`, `dt`, `inputs`, `cell_type` and `seen`. The others
    are the truth: `weight` for scores, `latent` and `drive` for oracles.

    Attributes:
        activity: What is recorded.
        weight: W[post, pre] among the neurons seen. 0 is no connection; the diagonal is not scored.
        kind: `rate`, `calcium` or `spike_count`.
        dt: Seconds a step.
        seen: Which neurons of the whole network are recorded, in its order.
        unit: Of the activity.
        cell_type: Label of each neuron seen, where the system has any.
        inputs: What was shown or injected, known to the experimenter.
        latent: Common drive that nobody recorded; entry t goes into activity t.
        drive: What that drive adds to each neuron's input, entry t into activity t.
        notes: How it was made, a sentence each.

    Raises:
        SimulationError: If activity is not finite.
        InputError: If shapes do not fit.
    """

    # Wrong input must raise our own error, also where tests check annotations at run time.
    __no_type_check__ = True

    activity: Float[np.ndarray, "trial time neuron"]
    weight: Float[np.ndarray, "post pre"]
    kind: str
    dt: float
    seen: Bool[np.ndarray, " all"]
    unit: str = "1"
    cell_type: Shaped[np.ndarray, " neuron"] | None = None
    inputs: Float[np.ndarray, "trial time channel"] | None = None
    latent: Float[np.ndarray, "trial time latent"] | None = None
    drive: Float[np.ndarray, "trial time neuron"] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = self.activity.shape[-1]
        if self.weight.shape != (n, n) or int(self.seen.sum()) != n:
            raise InputError(
                f"`weight` and `seen` must fit the {n} neurons of `activity`; got a weight of "
                f"{self.weight.shape} and {int(self.seen.sum())} neurons seen. Restrict all three "
                "to the neurons that are recorded."
            )
        wrong = ~np.isfinite(self.activity)
        if wrong.any():
            trial, step, neuron = np.argwhere(wrong)[0]
            raise SimulationError(
                f"Activity must stay finite; it does not from trial {trial}, step {step}, neuron "
                f"{neuron} on. Lower the weights of this system."
            )
        for name in ("activity", "weight", "seen", "cell_type", "inputs", "latent", "drive"):
            values = getattr(self, name)
            if values is not None:
                view = values.view()
                view.flags.writeable = False
                object.__setattr__(self, name, view)

    def __repr__(self) -> str:
        """Sizes, not contents."""
        trial, time, neuron = self.activity.shape
        return (
            f"Simulated({self.kind}, {trial} x {time:,} steps of {self.dt:g} s, {neuron} of "
            f"{self.seen.size} neurons seen, {self.n_edges:,} edges)"
        )

    @property
    def n_edges(self) -> int:
        """True connections between two different neurons that are both seen."""
        return int((self.weight != 0).sum() - (np.diag(self.weight) != 0).sum())

    @property
    def prevalence(self) -> float:
        """Share of the ordered pairs of different neurons that are connected; NaN for one neuron.

        What a score of edges by chance is.
        """
        n = len(self.weight)
        return self.n_edges / (n * (n - 1)) if n > 1 else float("nan")

    def recording(self) -> Recording:
        """The activity as a recording; neurons have their numbers in the whole network as ids."""
        n_inputs = 0 if self.inputs is None else self.inputs.shape[-1]
        return Recording(
            self.activity,
            np.flatnonzero(self.seen),
            kind=self.kind,
            dt=self.dt,
            inputs=self.inputs,
            input_name=tuple(f"input {k}" for k in range(n_inputs)),
            unit=self.unit,
            name="simulated",
            audit=self.notes,
        )


@no_type_check  # shapes are checked here, in words, also where a run-time checker is at work
def given_or(
    drawn: Float[np.ndarray, "post pre"], given: Float[np.ndarray, "post pre"] | None
) -> Float[np.ndarray, "post pre"]:
    """The given weights, or else those drawn.

    Raises:
        InputError: If the given ones are for another number of neurons.
    """
    if given is None:
        return drawn
    if given.shape != drawn.shape:
        raise InputError(
            f"`weight` must be W[post, pre] of the config's {len(drawn)} neurons; its shape is "
            f"{given.shape}. Change the config's size with `dataclasses.replace`."
        )
    return given.astype(np.float64)
