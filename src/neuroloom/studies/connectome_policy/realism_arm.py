"""One circuit at five levels of realism: shared weights first, then each weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from neuroloom.fitting.evolution import Genetic, OpenAiEs, evolve
from neuroloom.networks.policies import (
    AbstractLevel,
    Alif,
    Artificial,
    CircuitPolicy,
    Conductance,
    Izhikevich,
    LeakyRate,
    LearnedPorts,
    Sharing,
)
from neuroloom.studies.connectome_policy.bodies import BODY, body
from neuroloom.studies.connectome_policy.controllers import circuit_of, drawn_wiring
from neuroloom.studies.connectome_policy.learning import learning_rows
from neuroloom.studies.framework import Arm, Cell, Context, Measured, grid

__all__ = ["ARMS", "LEVELS", "REALISM", "WIRINGS"]

REALISM = "realism"
LEVELS: dict[str, AbstractLevel] = {
    "1 artificial": Artificial(),
    "2 ALIF": Alif(),
    "3 Izhikevich": Izhikevich(),
    "4 leaky rate": LeakyRate(log_excitatory=-2.5, log_inhibitory=-3.0),
    "5 conductance": Conductance(),
}
WIRINGS = ("real", "rewired")


def cells(config: Any) -> Sequence[Cell]:
    """One a level, wiring and seed."""
    n = min(config.realism.n_seeds, config.n_seeds)
    return grid(REALISM, level=LEVELS, wiring=WIRINGS, seed=config.seeds[:n])


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Shared weights by an evolution strategy, then each weight by the genetic algorithm."""
    numbers, seed = config.realism, cell["seed"]
    task = body(BODY, numbers.n_steps)
    wired = drawn_wiring(circuit_of(config.wiring.circuit), cell["wiring"], seed, 0)
    ports = LearnedPorts.random(
        wired,
        n_observations=task.n_observations,
        n_actions=task.n_actions,
        key=jax.random.key(seed),
    )
    level = LEVELS[cell["level"]]
    shared = CircuitPolicy.from_connectome(wired, ports, level=level, sharing=Sharing.GLOBAL)
    common: dict[str, Any] = {
        "seed": seed,
        "n_probes": config.wiring.n_probes,
        "progress": False,
        "n_threads": 1,
    }
    first = evolve(
        shared,
        task,
        OpenAiEs(numbers.population),
        n_generations=numbers.n_shared,
        probe_every=numbers.n_shared,
        **common,
    )
    single = _apart(first.policy)
    then = evolve(
        single,
        task,
        Genetic(numbers.population, elites=max(1, numbers.population // 8)),
        n_generations=numbers.n_single,
        probe_every=max(1, numbers.n_single // 4),
        checkpoint=context.checkpoint,
        **common,
    )
    threshold = config.wiring.threshold
    rows = learning_rows("shared weights", first, shared, threshold=threshold, at={})
    rows += learning_rows("each weight", then, single, threshold=threshold, at={})
    return Measured(rows)


def _apart(policy: Any) -> CircuitPolicy:
    """The same circuit with a log-weight for each connection, equal to what it shared."""
    assert isinstance(policy, CircuitPolicy)
    n, log_gap, gap_group = len(policy.group), policy.log_gap, policy.gap_group
    policy = eqx.tree_at(
        lambda p: (p.log_weight, p.group),
        policy,
        (policy.log_weight[policy.group], np.arange(n)),
    )
    if log_gap is None or gap_group is None:
        return policy
    half = len(gap_group) // 2
    return eqx.tree_at(
        lambda p: (p.log_gap, p.gap_group),
        policy,
        (log_gap[gap_group[:half]], np.tile(np.arange(half), 2)),
    )


def _seconds(cell: Cell, config: Any) -> float:
    numbers = config.realism
    steps = numbers.population * (numbers.n_shared + numbers.n_single) * numbers.n_steps
    rate = 35_000 / (1 + 0.3 * (LEVELS[cell["level"]].substeps - 1))
    return 4 + steps / rate / 2


ARMS = (
    Arm(
        REALISM,
        "The circuit swims with cells of five levels of realism, with the paper's encoder and "
        "decoder: an evolution strategy finds shared weights, a genetic algorithm each weight.",
        "each level; the same level on rewired wiring",
        cells,
        measure,
        _seconds,
    ),
)
