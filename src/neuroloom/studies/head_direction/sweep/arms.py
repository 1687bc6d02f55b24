"""Whether a network of each setting learns the task, has each class, and shows the motif."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from neuroloom.analysis.anatomy import Circuit, null_circuits, pair_table
from neuroloom.analysis.tuning import COMPASS, SHIFTER_MINUS, SHIFTER_PLUS
from neuroloom.fitting.tasks import normalized_error
from neuroloom.simulation import perform
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.anatomy.circuits import circuit_of
from neuroloom.studies.head_direction.classes.units import MIXTURE, units_of
from neuroloom.studies.head_direction.sweep.config import SweepConfig, settings
from neuroloom.studies.head_direction.trained.arms import TRAINED, seconds_to_train
from neuroloom.studies.head_direction.trained.config import DEFAULT, Setting
from neuroloom.studies.head_direction.trained.networks import (
    DT,
    held_out_trials,
    kept_seeds,
    trained_networks,
)

__all__ = ["ARMS", "CLASSES", "MOTIFS", "motifs"]

CLASSES = (COMPASS, SHIFTER_PLUS, SHIFTER_MINUS)
RING, OPPOSITE = "compass ring", "opposite shifts"
MOTIFS = (RING, OPPOSITE)
LEVEL = 0.05


def cells(config: Any) -> Sequence[Cell]:
    """One for every setting and seed."""
    return [
        cell
        for setting in settings(config.sweep)
        for cell in grid(
            "sweep",
            **{name: (value,) for name, value in asdict(setting).items()},
            seed=config.seeds[: config.sweep.n_seeds],
        )
    ]


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Train where that is not done yet, score, sort, look at the anatomy."""
    at = dict(cell.coordinates)
    seed = at.pop("seed")
    setting = Setting(**at)
    sweep: SweepConfig = config.sweep
    if not kept_seeds(setting, [seed], config, context):
        return Measured(
            [Row(TRAINED, "diverged", 1.0)], failures=[f"seed {seed} diverged in training"]
        )
    (network,) = trained_networks(setting, [seed], config, context)
    trials = held_out_trials(setting, seed, config.trained, n_steps=config.trained.test_steps[0])
    outputs = perform(network, trials.inputs, dt=DT).outputs
    parts = (outputs, trials.targets, trials.mask)
    error = normalized_error(*(np.asarray(part) for part in parts))
    classes = units_of(setting, seed, config, context).classes[MIXTURE]
    rows = [
        Row(TRAINED, "diverged", 0.0),
        Row(TRAINED, "error", error, "%"),
        Row(TRAINED, "solved", float(error <= sweep.solved)),
    ]
    for name in CLASSES:
        fraction = float(np.mean(classes == name))
        at_class = {"class": name}
        rows += [
            Row(TRAINED, "fraction", fraction, "", at_class),
            Row(TRAINED, "has_class", float(fraction >= sweep.least_fraction), "", at_class),
        ]
    circuit = circuit_of(setting, seed, MIXTURE, config, context)
    shown = motifs(circuit, sweep.n_draws, rng=np.random.default_rng((seed, 3)))
    rows += [
        Row(TRAINED, "has_motif", float(here), "", {"motif": name}) for name, here in shown.items()
    ]
    return Measured(rows)


def motifs(circuit: Circuit, n_draws: int, *, rng: np.random.Generator) -> dict[str, bool]:
    """Whether a circuit shows each motif, beyond shuffled directions and rewired weights.

    The ring: from compass to compass sharper than every null at 5 %, and highest near 0. Opposite
    shifts: from shifter+ to compass leaning to +d and from shifter- to -d, further than every null.

    Args:
        circuit: With its classes.
        n_draws: Circuits of each null.
        rng: Draws them.
    """
    pairs = ((COMPASS, COMPASS), (SHIFTER_PLUS, COMPASS), (SHIFTER_MINUS, COMPASS))
    nulls = null_circuits(circuit, rng=rng, n_draws=n_draws, strengths=False)
    ring, plus, minus = pair_table(circuit, rng=rng, nulls=nulls, pairs=pairs, n_resamples=0)
    sharp = all(null.p_sharpness <= LEVEL for null in ring.nulls.values())
    aside = all(null.p_sideways <= LEVEL for pair in (plus, minus) for null in pair.nulls.values())
    return {
        RING: bool(sharp and ring.centered > 0),
        OPPOSITE: bool(aside and plus.sideways > 0 > minus.sideways),
    }


def _seconds(cell: Cell, config: Any) -> float:
    """Networks of the default and of its ranges are there already."""
    at = dict(cell.coordinates)
    here = {name: value for name, value in at.items() if name != "seed"}
    known = {**asdict(DEFAULT), "speed": here["speed"]} == here
    training = 0.0 if known else seconds_to_train(config.trained)
    return training + 0.3 + 0.005 * config.sweep.n_draws


ARMS = (
    Arm(
        name="sweep",
        sentence="Other settings: activation, noise, penalties, range of turning, code of outputs.",
        control="the default setting",
        cells=cells,
        measure=measure,
        seconds=_seconds,
    ),
)
