"""NCAP's circuit swims before any learning, and what it needs for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroloom.networks.policies import NcapPolicy, flatten
from neuroloom.simulation.policies import perform_policies
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.tasks.control import NcapSwim

__all__ = ["ARMS", "BUILT", "NO_OSCILLATOR", "NO_STRETCH", "SWIM"]

SWIM = "ncap-swim"
BUILT, NO_OSCILLATOR, NO_STRETCH = "as built", "without oscillator", "without proprioception"
PERIOD = 60


def cells(config: Any) -> Sequence[Cell]:
    """One a seed."""
    return grid(SWIM, seed=config.seeds)


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """One episode of each circuit from the same start."""
    task = NcapSwim()
    starts = task.draw_starts(np.random.default_rng(cell["seed"]), 1)

    def built(period: int) -> NcapPolicy:
        return NcapPolicy.for_joints(task.n_observations, task.joint_angles, period=period)

    whole = built(PERIOD)
    circuits = {
        BUILT: whole,
        NO_OSCILLATOR: whole.without(oscillator=True),
        NO_STRETCH: whole.without(proprioception=True),
        **{f"period {period}": built(period) for period in config.swim.periods},
    }
    rows = []
    for name, policy in circuits.items():
        vector, rebuild = flatten(policy)
        found = perform_policies(rebuild(vector[None]), task, starts=starts, n_threads=1)
        rows.append(Row(name, "return", float(found.total[0, 0]), "reward"))
    return Measured(rows)


ARMS = (
    Arm(
        SWIM,
        "NCAP's circuit swims in its own task with all weights 1 or -1.",
        "without its oscillator; without its sense of stretch; other periods",
        cells,
        measure,
        lambda cell, config: 1.5 + 0.2 * len(config.swim.periods),
    ),
)
