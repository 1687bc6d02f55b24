"""The paper's feed-forward controls, the circuit itself and a linear policy, by its search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from neuroloom.fitting.evolution import Genetic, evolve
from neuroloom.networks.policies import (
    AbstractPolicy,
    Artificial,
    CircuitPolicy,
    LayeredControl,
    LearnedPorts,
    LinearPolicy,
    layered_policy,
)
from neuroloom.studies.connectome_policy.bodies import BODY, body
from neuroloom.studies.connectome_policy.controllers import circuit_of
from neuroloom.studies.connectome_policy.learning import learning_rows
from neuroloom.studies.framework import Arm, Cell, Context, Measured, grid

__all__ = ["ARMS", "CONTROLS", "PUBLISHED", "STATISTICS"]

STATISTICS = "statistics"
SPARSE, DENSE, RANDOM = (
    "sparse, worm statistics",
    "dense",
    "sparse, random statistics",
)
CONTROLS = {
    SPARSE: LayeredControl.STATISTICS,
    DENSE: LayeredControl.DENSE,
    RANDOM: LayeredControl.RANDOM_STATISTICS,
}
REAL, LINEAR = "worm wiring", "linear"
PUBLISHED = {SPARSE: (146.4, 3.5), DENSE: (96.2, 13.6), RANDOM: (63.7, 17.2)}
"""Final returns and their spread in the paper; bodies and budgets are not ours."""


def cells(config: Any) -> Sequence[Cell]:
    """One an arm and seed."""
    n = min(config.statistics.n_seeds, config.n_seeds)
    return grid(STATISTICS, network=(*CONTROLS, REAL, LINEAR), seed=config.seeds[:n])


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """A search by the genetic algorithm."""
    numbers, seed = config.statistics, cell["seed"]
    task = body(BODY, numbers.n_steps)
    policy = _made(cell["network"], config.wiring.circuit, task, seed)
    found = evolve(
        policy,
        task,
        Genetic(numbers.population, numbers.elites, numbers.sigma, numbers.decay),
        n_generations=numbers.n_generations,
        seed=seed,
        n_probes=config.wiring.n_probes,
        probe_every=max(1, numbers.n_generations // 8),
        checkpoint=context.checkpoint,
        progress=False,
        n_threads=1,
    )
    return Measured(
        learning_rows("search", found, policy, threshold=config.wiring.threshold, at={})
    )


def _made(name: str, circuit_name: str, task: Any, seed: int) -> AbstractPolicy:
    sizes = {"n_observations": task.n_observations, "n_actions": task.n_actions}
    circuit, key = circuit_of(circuit_name), jax.random.key(seed)
    if name in CONTROLS:
        rng = np.random.default_rng([seed, 1])
        return layered_policy(circuit, CONTROLS[name], **sizes, rng=rng, key=key)
    made: dict[str, Callable[[], AbstractPolicy]] = {
        REAL: lambda: CircuitPolicy.from_connectome(
            circuit, LearnedPorts.random(circuit, **sizes, key=key), level=Artificial()
        ),
        LINEAR: lambda: LinearPolicy.zeros(task.n_observations, task.n_actions),
    }
    return made[name]()


def _seconds(cell: Cell, config: Any) -> float:
    numbers = config.statistics
    steps = numbers.population * numbers.n_generations * numbers.n_steps
    return 3 + steps / 45_000 / 2


ARMS = (
    Arm(
        STATISTICS,
        "Feed-forward networks with the circuit's numbers of cells, synapses and signs, dense, and "
        "with random statistics, learn by the paper's genetic algorithm, with its encoder and "
        "decoder.",
        "each other; the worm's wiring itself; a linear policy",
        cells,
        measure,
        _seconds,
    ),
)
