"""Classes of units are silenced, weakened, stimulated and pushed, beside random units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.classes.units import MIXTURE
from neuroloom.studies.head_direction.perturbation.silencing import silenced_example, silenced_rows
from neuroloom.studies.head_direction.perturbation.stimulating import (
    pushed_rows,
    stimulated_example,
    stimulated_rows,
)
from neuroloom.studies.head_direction.perturbation.subjects import mirrored, subject_of
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED
from neuroloom.studies.head_direction.trained.config import DEFAULT
from neuroloom.studies.head_direction.trained.networks import kept_seeds

__all__ = ["ARMS", "PUSHED", "SILENCED", "STIMULATED"]

SILENCED, STIMULATED, PUSHED = "silenced-units", "stimulated-shifters", "pushed-compass"


def _measure(cell: Cell, config: Any, context: Context) -> Measured:
    """One arm for the trained network of a seed, and in short for the same before training."""
    seed, numbers = cell["seed"], config.perturbation
    if not kept_seeds(DEFAULT, [seed], config, context):
        return Measured([], failures=[f"seed {seed} diverged in training and is left out"])
    rows: list[Row] = []
    arrays: dict[str, np.ndarray] = {}
    for split in (TRAINED, UNTRAINED):
        subject = subject_of(seed, config, context, trained=split == TRAINED)
        rng = np.random.default_rng((seed, 11))
        few: dict[str, Any] = {} if split == TRAINED else {"rules": (MIXTURE,), "n_sets": 0}
        if cell.arm == SILENCED:
            inputs, velocity = mirrored(seed, config)
            rows += silenced_rows(split, subject, inputs, velocity, numbers, rng=rng, **few)
            if split == TRAINED:
                arrays = silenced_example(subject, inputs, velocity, numbers)
        elif cell.arm == STIMULATED:
            rows += stimulated_rows(split, subject, numbers, rng=rng, **few)
            if split == TRAINED:
                arrays = stimulated_example(subject, numbers)
        else:
            rows += pushed_rows(split, subject, numbers, rng=rng, **few)
    return Measured(rows, arrays=arrays)


def silenced_cells(config: Any) -> Sequence[Cell]:
    """One for every network."""
    return grid(SILENCED, seed=config.seeds)


def stimulated_cells(config: Any) -> Sequence[Cell]:
    """One for every network."""
    return grid(STIMULATED, seed=config.seeds)


def pushed_cells(config: Any) -> Sequence[Cell]:
    """One for every network."""
    return grid(PUSHED, seed=config.seeds)


def _seconds(runs: int) -> Callable[[Cell, Any], float]:
    """From how often a network is run."""
    return lambda cell, config: 0.5 + 0.01 * runs * (2 + config.perturbation.n_sets)


ARMS = (
    Arm(
        SILENCED,
        "Units of one class are silenced or weakened while the animal turns.",
        "random units, as many and as active; no perturbation; untrained networks",
        silenced_cells,
        _measure,
        _seconds(12),
    ),
    Arm(
        STIMULATED,
        "Shifters of one class get a current while nothing turns.",
        "random units, as many and as active; no current; untrained networks",
        stimulated_cells,
        _measure,
        _seconds(12),
    ),
    Arm(
        PUSHED,
        "Compass units that prefer an angle get a current while nothing turns.",
        "random units, as many and as active; untrained networks",
        pushed_cells,
        _measure,
        _seconds(16),
    ),
)
