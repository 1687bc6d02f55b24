"""One circuit at five levels of realism: shared weights first, then each weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.fitting.evolution import CmaEs, Genetic, OpenAiEs, Strategy, evolve, screen
from neuroloom.networks.policies import (
    AbstractLevel,
    AbstractPolicy,
    Alif,
    AnatomicalPorts,
    Artificial,
    CircuitPolicy,
    Conductance,
    Izhikevich,
    LeakyRate,
    LearnedPorts,
    Sharing,
)
from neuroloom.studies.connectome_policy.bodies import BODY, body
from neuroloom.studies.connectome_policy.controllers import PERIOD, circuit_of, drawn_wiring
from neuroloom.studies.connectome_policy.learning import learning_rows
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.tasks.control import ControlTask

__all__ = ["ANATOMICAL", "ARMS", "LEARNED", "LEVELS", "REALISM", "WIRINGS"]

REALISM = "realism"
LEVELS: dict[str, AbstractLevel] = {
    "1 artificial": Artificial(),
    "2 ALIF": Alif(),
    "3 Izhikevich": Izhikevich(),
    "4 leaky rate": LeakyRate(log_excitatory=-2.5, log_inhibitory=-3.0),
    "5 conductance": Conductance(),
}
WIRINGS = ("real", "rewired")
LEARNED, ANATOMICAL = "learned", "anatomical"


def cells(config: Any) -> Sequence[Cell]:
    """One a kind of ports, level, wiring and seed."""
    n = min(config.realism.n_seeds, config.n_seeds)
    return grid(
        REALISM,
        ports=config.realism.ports,
        level=LEVELS,
        wiring=WIRINGS,
        seed=config.seeds[:n],
    )


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Shared weights first, then each weight by the genetic algorithm."""
    numbers, seed = config.realism, cell["seed"]
    task = body(BODY, numbers.n_steps)
    wired = drawn_wiring(circuit_of(config.wiring.circuit), cell["wiring"], seed, 0)
    common: dict[str, Any] = {
        "seed": seed,
        "n_probes": config.wiring.n_probes,
        "progress": False,
        "n_threads": 1,
    }
    n_screened, n_shared = 0, numbers.n_shared
    if cell["ports"] == LEARNED:
        shared: AbstractPolicy = _with_learned_ports(wired, LEVELS[cell["level"]], task, seed)
        strategy: Strategy = OpenAiEs(numbers.population)
    else:
        shared = _with_anatomical_ports(wired, LEVELS[cell["level"]], task)
        n_shared = (numbers.n_shared + 1) // 2
        n_screened = numbers.population * (numbers.n_shared - n_shared)
        strategy = CmaEs(numbers.population, config.wiring.sigma)
    if n_screened:
        sd = numbers.screened_sd
        shared = screen(shared, task, n=n_screened, sd=sd, seed=seed, n_threads=1)
    first = evolve(shared, task, strategy, n_generations=n_shared, probe_every=n_shared, **common)
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
    screened = float(n_screened * numbers.n_steps)
    return Measured([*rows, Row("shared weights", "screened_steps", screened, "env steps")])


def _with_learned_ports(
    wired: Connectome, level: AbstractLevel, task: ControlTask, seed: int
) -> CircuitPolicy:
    ports = LearnedPorts.random(
        wired,
        n_observations=task.n_observations,
        n_actions=task.n_actions,
        key=jax.random.key(seed),
    )
    return CircuitPolicy.from_connectome(wired, ports, level=level, sharing=Sharing.GLOBAL)


def _with_anatomical_ports(
    wired: Connectome, level: AbstractLevel, task: ControlTask
) -> CircuitPolicy:
    ports = AnatomicalPorts.from_connectome(
        wired, n_observations=task.n_observations, joint_angles=task.joint_angles, period=PERIOD
    )
    return CircuitPolicy.from_connectome(wired, ports, level=level, sharing=Sharing.BLOCK)


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
    rate = 35_000 / (1 + 0.05 * (LEVELS[cell["level"]].substeps - 1))
    return 4 + steps / rate / 2


ARMS = (
    Arm(
        REALISM,
        "The circuit swims with cells of five levels of realism. With the paper's encoder and "
        "decoder an evolution strategy finds shared weights, with anatomical ports the best of "
        "many starts and CMA-ES with the same budget; then a genetic algorithm finds each weight.",
        "each level; the same level on rewired wiring",
        cells,
        measure,
        _seconds,
    ),
)
