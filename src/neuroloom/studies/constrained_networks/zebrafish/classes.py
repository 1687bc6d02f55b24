"""Position sensitivity and persistence by cell class: recorded, and as a wiring has them.

No id links a recorded cell to a wired one, so distributions are compared, class by class.
"""

from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.connectome import Connectome
from neuroloom.datasets.zebrafish_oculomotor import recorded_cells, zebrafish_responses
from neuroloom.errors import InputError
from neuroloom.networks import RateNetwork
from neuroloom.simulation import simulate

__all__ = [
    "CLASSES",
    "EARLY",
    "LATE",
    "Population",
    "recorded_population",
    "wired_population",
]

CLASSES = ("abducens", "integrator")
EARLY = (2.25, 3.35)  # s after the saccade; the recorded averages are NaN from 0 to 2 s
LATE = (4.95, 6.05)  # s; from 6.3 s on, some cells have no average
LEAST_EARLY = 0.1  # of the median early response; below it, persistence is a ratio of noise


@dataclass(frozen=True, eq=False)
class Population:
    """Cells of known class, each with two numbers.

    Attributes:
        label: One of `CLASSES`.
        sensitivity: Response held between saccades, against the position of the eye; at least 0.
            Recorded: the source's slope. Of a network: up to one factor.
        persistence: What is left of the early response when it is late, dimensionless; 1 is a
            perfect integrator, below 0 a response that turned over. NaN where too little was early.
        audit: What was kept and how, in sentences.
    """

    label: Shaped[np.ndarray, " neuron"]
    sensitivity: Float[np.ndarray, " neuron"]
    persistence: Float[np.ndarray, " neuron"]
    audit: tuple[str, ...]

    def of(self, quantity: str, label: str) -> Float[np.ndarray, " kept"]:
        """The `sensitivity` or `persistence` of the cells of one class, NaN left out."""
        values = getattr(self, quantity)[self.label == label]
        return values[~np.isnan(values)]


def recorded_population(*, data: Path | None = None) -> Population:
    """The 635 recorded cells: 45 of the abducens, 590 others, which stand for the integrator.

    Persistence is late over early of the difference between saccades to the preferred side and to
    the other. Whatever happens at every saccade alike cancels in it; of a linear network it is
    twice the response to one burst.

    Args:
        data: The data folder; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If the files are not there; says which to put where.
    """
    cells, recording = recorded_cells(data=data), zebrafish_responses(data=data)
    time = recording.start + recording.dt * np.arange(recording.activity.shape[1])
    left, right = recording.activity
    early, late = (_window(left - right, time, window) for window in (EARLY, LATE))
    abducens = cells["is_abducens_motor"] | cells["is_abducens_internuclear"]
    persistence, n_small = _persistence(early, late)
    return Population(
        label=np.where(abducens, *CLASSES),
        sensitivity=cells["position_sensitivity"],
        persistence=persistence,
        audit=(
            f"recorded: {abducens.sum()} abducens cells, {(~abducens).sum()} others taken as "
            "integrator cells (the source names no class for them)",
            f"recorded: persistence left out for {n_small} cells with hardly any early response",
        ),
    )


def wired_population(
    network: RateNetwork, circuit: Connectome, *, dt: float = 0.1, burst: float = 1.0
) -> Population:
    """The cells of the two classes as a linear network has them, after a burst to every cell.

    Sensitivity is |x| over early and late: between saccades the eye stays where the network holds
    it, so every cell's response stands in the ratio of its sensitivity. Its sign is the side that
    the cell prefers. Vestibular cells and `vSPNs` take part and are not compared.

    Args:
        network: Of `integrator_network`.
        circuit: The wiring it was made of.
        dt: Step, in seconds.
        burst: Size of the burst, for one step, times dt. It cancels in what is compared.

    Raises:
        InputError: If a class has no cells.
    """
    cell_type = circuit.column("cell_type")
    groups = (np.isin(cell_type, ("ABD_m", "ABD_i")), cell_type == "Int")
    for name, members in zip(CLASSES, groups, strict=True):
        if not members.any():
            raise InputError(
                f"A wiring must have cells of the class {name} to be compared; its labels are "
                f"{', '.join(np.unique(cell_type).tolist())}. Label abducens cells ABD_m or ABD_i "
                "and integrator cells Int."
            )
    n_steps = round(LATE[1] / dt) + 1
    inputs = jnp.zeros((n_steps, circuit.n_neurons)).at[0].set(burst / dt)
    states = np.asarray(simulate(network, inputs, dt=dt), float)
    time = dt * np.arange(n_steps)  # since the burst ended: the first state is at 0
    early, late = (_window(states, time, window) for window in (EARLY, LATE))
    held = _window(states, time, (EARLY[0], LATE[1]))
    compared = groups[0] | groups[1]
    persistence, n_small = _persistence(early[compared], late[compared])
    return Population(
        label=np.where(groups[0], *CLASSES)[compared],
        sensitivity=np.abs(held[compared]),
        persistence=persistence,
        audit=(
            f"wired: {groups[0].sum()} abducens cells, {groups[1].sum()} cells of the integrator",
            f"wired: persistence left out for {n_small} cells with hardly any early response",
        ),
    )


def _window(
    activity: Float[np.ndarray, "time neuron"],
    time: Float[np.ndarray, " time"],
    window: tuple[float, float],
) -> Float[np.ndarray, " neuron"]:
    return activity[(time >= window[0]) & (time <= window[1])].mean(axis=0)


def _persistence(
    early: Float[np.ndarray, " neuron"], late: Float[np.ndarray, " neuron"]
) -> tuple[Float[np.ndarray, " neuron"], int]:
    small = np.abs(early) < LEAST_EARLY * np.median(np.abs(early))
    ratio = np.divide(late, early, out=np.full(len(early), np.nan), where=~small)
    return ratio, int(small.sum())
