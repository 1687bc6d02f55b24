"""The cheapest baseline: 8 linear weights on Gymnasium's swimmer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from neuroloom.fitting.evolution import CmaEs, evolve
from neuroloom.networks.policies import LinearPolicy
from neuroloom.studies.connectome_policy.learning import learning_rows
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.tasks.control import Swimmer

__all__ = ["ARMS", "CHEAP", "LINEAR"]

CHEAP, LINEAR = "cheap-baseline", "linear"


def cells(config: Any) -> Sequence[Cell]:
    """One a seed."""
    return grid(CHEAP, seed=config.seeds)


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Until the mean policy earns what is wanted, with the CPU time of the whole search."""
    numbers, task = config.cheap, Swimmer(n_links=3)
    used = (*task.joint_angles, *(task.n_observations - 2, task.n_observations - 1))
    policy = LinearPolicy.zeros(task.n_observations, task.n_actions, used=used, bias=False)
    begun = time.process_time()
    found = evolve(
        policy,
        task,
        CmaEs(numbers.population, numbers.sigma),
        n_generations=numbers.n_generations,
        seed=cell["seed"],
        n_probes=numbers.n_probes,
        probe_every=2,
        enough=numbers.wanted,
        progress=False,
        n_threads=1,
    )
    spent = time.process_time() - begun
    rows = learning_rows(LINEAR, found, policy, threshold=numbers.wanted, at={})
    return Measured([*rows, Row(LINEAR, "cpu_seconds", spent, "s")])


ARMS = (
    Arm(
        CHEAP,
        "A linear policy of 8 weights, of the angles of both joints and their velocities, learns "
        "Gymnasium's Swimmer-v5 by CMA-ES.",
        "its own start, which does nothing",
        cells,
        measure,
        lambda cell, config: 2.0,
    ),
)
