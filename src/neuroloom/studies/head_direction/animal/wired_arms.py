"""Arms on networks that are wired as the fly and learn the task by gains and biases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from neuroloom.analysis.anatomy import Circuit
from neuroloom.connectome import Connectome
from neuroloom.fitting.tasks import normalized_error
from neuroloom.networks import TaskNetwork
from neuroloom.simulation import perform
from neuroloom.studies.constrained_networks.exports import checksum
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.anatomy.arms import pair_rows
from neuroloom.studies.head_direction.animal.circuits import EXPORT, FAFB, SOURCES, fly_wiring
from neuroloom.studies.head_direction.animal.ensembles import FLY, TRAINABLE, wired_networks
from neuroloom.studies.head_direction.animal.resemblance import WORDS
from neuroloom.studies.head_direction.animal.wired import fly_network
from neuroloom.studies.head_direction.classes.units import (
    RULES,
    Units,
    activity_of,
    sorted_units,
)
from neuroloom.studies.head_direction.trained.config import DEFAULT
from neuroloom.studies.head_direction.trained.networks import (
    DT,
    held_out_trials,
    kept_seeds,
    task_of,
    trained_networks,
)

__all__ = ["ALL_TO_ALL", "ARMS", "BEFORE", "TEST_STEPS", "arm_of", "column_rows"]

ALL_TO_ALL, BEFORE = "all to all, every weight trained", "fly, before training"
EVERYTHING = "all weights"
TEST_STEPS = (200, 500)


def arm_of(source: str) -> str:
    """Name of the arm of a source."""
    return f"fly-wired-{source.lower()}"


def cells(source: str, config: Any) -> Sequence[Cell]:
    """One a seed."""
    own = {"data": [checksum(config.animal.export) if config.animal.export else "none"]}
    return grid(arm_of(source), **(own if source == EXPORT else {}), seed=config.seeds)


def measure(source: str, cell: Cell, config: Any, context: Context) -> Measured:
    """Errors of the fly's wiring, of its null and of a network that is free; then its tuning."""
    seed, wired = cell["seed"], config.animal.wired
    compass = fly_wiring(source, data=context.data, export=config.animal.export)
    rows: list[Row] = []
    arrays: dict[str, np.ndarray] = {}
    rows += _errors(fly_network(compass, wired, seed=seed), BEFORE, "nothing", seed, config)
    for what in TRAINABLE:
        networks = wired_networks(compass, what, seed, wired, context)
        for name, network in networks.items():
            rows += _errors(network, name, what, seed, config)
        activity = activity_of(networks[FLY], DEFAULT, seed, config.trained, config.classes)
        units = sorted_units(activity, config.classes, rng=np.random.default_rng([seed, 79]))
        rows += column_rows(compass, units, what)
        rows += _profile_rows(networks[FLY], units, what, seed, config)
        arrays |= {
            f"{what}/preferred": units.tuning.preferred,
            f"{what}/slope": units.tuning.slope,
            f"{what}/strength": units.tuning.strength,
            f"{what}/heading": activity.heading[0],
            f"{what}/decoded": activity.decoded[0],
        }
    # last, because another worker may be at this network
    if kept_seeds(DEFAULT, [seed], config, context):
        (free,) = trained_networks(DEFAULT, [seed], config, context)
        rows += _errors(free, ALL_TO_ALL, EVERYTHING, seed, config)
    arrays |= {
        "column": compass.column("preferred_rad"),
        "type": compass.column("compass_type"),
        "class": compass.column("cell_class"),
    }
    return Measured(rows, arrays, notes=compass.audit)


def _errors(network: TaskNetwork, name: str, what: str, seed: int, config: Any) -> list[Row]:
    """Normalized error and mean distance of the heading, on held-out trials without noise."""
    rows = []
    for n_steps in TEST_STEPS:
        trials = held_out_trials(
            DEFAULT, seed, config.trained, n_steps=n_steps, n=config.animal.wired.n_test
        )
        task = task_of(DEFAULT, config.trained, n_steps)
        outputs = perform(network, trials.inputs, dt=DT).outputs
        away = np.asarray(task.decoded(outputs)) - np.asarray(task.heading(trials))
        away = np.abs(np.angle(np.exp(1j * away)))[:, task.cue_steps :]
        at = {"trained_part": what, "n_steps": n_steps}
        scored = (outputs, trials.targets, trials.mask)
        error = float(normalized_error(*(np.asarray(array) for array in scored)))
        rows += [
            Row(name, "error", error, "%", at),
            Row(name, "heading error", float(np.degrees(away.mean())), "deg", at),
        ]
    return rows


def column_rows(compass: Connectome, units: Units, what: str) -> list[Row]:
    """Whether tuning is that of anatomy: direction by column, turning by half of the bridge.

    Args:
        compass: From `fly_compass`.
        units: Of a network with this wiring.
        what: What was trained.
    """
    kind, group = compass.column("compass_type"), compass.column("cell_class")
    away = units.tuning.preferred - compass.column("preferred_rad")
    rows = []
    for one in np.unique(kind):
        own = (kind == one) & np.isfinite(away)
        mean = np.exp(1j * away[own]).mean() if own.any() else 0j
        at = {"trained_part": what, "type": str(one)}
        rows += [
            Row(FLY, "column agreement", abs(mean), at=at),
            Row(FLY, "column offset", np.degrees(np.angle(mean)) if own.any() else 0.0, "deg", at),
        ]
        for rule in RULES:
            for name in np.unique(units.classes[rule]):
                share = float((units.classes[rule][kind == one] == name).mean())
                rows.append(Row(FLY, "share", share, at={**at, "rule": rule, "class": str(name)}))
    plus, minus = (group == name for name in ("shifter+", "shifter-"))
    right = (units.tuning.slope[plus] > 0).sum() + (units.tuning.slope[minus] < 0).sum()
    share = float(right / max(1, plus.sum() + minus.sum()))
    rows.append(Row(FLY, "turning as the half", share, at={"trained_part": what}))
    return rows


def _profile_rows(
    network: TaskNetwork, units: Units, what: str, seed: int, config: Any
) -> list[Row]:
    """The nine profiles with classes and directions by tuning alone, as of any network."""
    gain = np.asarray(network.network.gain.expand(), float)
    weight = gain[:, None] * np.asarray(network.weight, float)
    rows = []
    for rule in RULES:
        circuit = Circuit(weight, np.asarray(units.tuning.preferred, float), units.classes[rule])
        found = pair_rows(FLY, rule, circuit, config.anatomy, rng=np.random.default_rng(seed))
        rows += [replace(row, at={**row.at, "trained_part": what}) for row in found]
    return rows


def _seconds(cell: Cell, config: Any) -> float:
    wired = config.animal.wired
    staged = sum(steps * n for steps, n in wired.curriculum)
    left = wired.n_updates - sum(n for _, n in wired.curriculum)
    return 3 + 2 * 1.3e-6 * wired.batch_size * (staged + left * wired.n_steps)


def _cells_of(source: str) -> Callable[[Any], Sequence[Cell]]:
    return partial(cells, source)


ARMS = tuple(
    Arm(
        arm_of(source),
        f"Networks with the wiring of {WORDS[source]} learn to integrate, by gains and biases "
        "alone, or with inputs and outputs too.",
        "the same wiring rewired within pairs of types and trained alike, before training, a "
        "network whose every weight is trained",
        _cells_of(source),
        partial(measure, source),
        _seconds,
        needs=("fly-cx-fafb",) if source == FAFB else (),
    )
    for source in SOURCES
)
