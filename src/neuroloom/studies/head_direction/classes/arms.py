"""How many units of each class a network has, by both rules, beside what has no classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroloom.analysis.tuning import (
    CELL_CLASSES,
    SHIFTER_MINUS,
    SHIFTER_PLUS,
    joint_map,
)
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.classes.config import ClassesConfig
from neuroloom.studies.head_direction.classes.units import (
    MIXTURE,
    Activity,
    Units,
    activity_of,
    sorted_units,
    units_of,
)
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED, at_speed, by_range
from neuroloom.studies.head_direction.trained.networks import kept_seeds, trained_networks

__all__ = ["ARMS", "OTHER_TRIALS", "class_rows", "separation"]

OTHER_TRIALS = "headings of other trials"


def cells(config: Any) -> Sequence[Cell]:
    """One for every trained network."""
    return [
        cell
        for speed, seeds in by_range(config)
        for cell in grid("classes", trained_at=(speed,), seed=seeds)
    ]


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Sort units of the trained network, of the untrained one, and where nothing can be sorted."""
    setting, seed = at_speed(cell["trained_at"]), cell["seed"]
    if not kept_seeds(setting, [seed], config, context):
        return Measured([], failures=[f"seed {seed} diverged in training and is left out"])
    (network,) = trained_networks(setting, [seed], config, context)
    activity = activity_of(network, setting, seed, config.trained, config.classes)
    rng = np.random.default_rng((seed, 1))
    found = {
        TRAINED: units_of(setting, seed, config, context),
        UNTRAINED: units_of(setting, seed, config, context, trained=False),
        OTHER_TRIALS: sorted_units(_exchanged(activity), config.classes, rng=rng),
    }
    rows = [row for split, units in found.items() for row in class_rows(split, units)]
    arrays = {}
    for split, units in found.items():
        name = {TRAINED: "trained", UNTRAINED: "untrained", OTHER_TRIALS: "null"}[split]
        arrays[f"{name}_strength"] = units.tuning.strength.astype(np.float32)
        arrays[f"{name}_slope"] = units.tuning.slope.astype(np.float32)
        for rule, classes in units.classes.items():
            arrays[f"{name}_class {rule}"] = classes
    arrays["map"], arrays["map_velocity"] = _maps(activity, config.classes)
    arrays["preferred"] = found[TRAINED].tuning.preferred.astype(np.float32)
    return Measured(rows, arrays=arrays)


def _maps(activity: Activity, config: ClassesConfig) -> tuple[np.ndarray, np.ndarray]:
    """Mean rate by (neuron, velocity, heading), and the centers of velocities in deg/step."""
    found = joint_map(
        activity.heading,
        activity.angular_velocity,
        activity.rates,
        n_headings=config.n_headings,
        n_velocities=config.n_velocities,
    )
    return np.moveaxis(found.rate, 1, 2).astype(np.float32), found.velocity.astype(np.float32)


def _exchanged(activity: Activity) -> Activity:
    """Every trial gets heading and turning of the next one: nothing is tuned, rates are real."""
    heading, decoded, velocity = (np.roll(part, 1, axis=0) for part in activity[:3])
    return Activity(heading, decoded, velocity, activity.rates)


def class_rows(split: str, units: Units) -> list[Row]:
    """Fractions of each class by each rule, and how far apart the two kinds of shifters are.

    Args:
        split: What these units are.
        units: Sorted.
    """
    rows = []
    for rule, classes in units.classes.items():
        at = {"rule": rule}
        for name in CELL_CLASSES:
            here = at | {"class": name}
            rows.append(Row(split, "fraction", float(np.mean(classes == name)), "", here))
        shifters = np.isin(classes, (SHIFTER_PLUS, SHIFTER_MINUS))
        rows.append(Row(split, "shifters", float(shifters.mean()), "", at))
    rows.append(Row(split, "separation", separation(units), "SD of compass units"))
    return rows


def separation(units: Units) -> float:
    r"""How far shifters of either sign are apart, in pooled SD of their relative slopes.

    $$d = \frac{\bar b_+ - \bar b_-}{\sqrt{(s_+^2 + s_-^2) / 2}}$$

    over units of the mixture's classes; 0 where one of them has fewer than two units.

    Args:
        units: Sorted.
    """
    plus, minus = (
        units.slope[units.classes[MIXTURE] == name] for name in (SHIFTER_PLUS, SHIFTER_MINUS)
    )
    if min(len(plus), len(minus)) < 2:
        return 0.0
    spread = np.sqrt((plus.var(ddof=1) + minus.var(ddof=1)) / 2)
    return float((plus.mean() - minus.mean()) / max(spread, 1e-9))


ARMS = (
    Arm(
        name="classes",
        sentence="Units are sorted into compass, shifter+, shifter- and others, by the published "
        "bounds and by a mixture on their slopes.",
        control="untrained networks; headings of other trials",
        cells=cells,
        measure=measure,
        seconds=lambda cell, config: 0.3 + 0.005 * config.classes.n_trials,
    ),
)
