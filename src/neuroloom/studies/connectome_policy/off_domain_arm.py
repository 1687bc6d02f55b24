"""The circuit where it does not belong: a cheetah that runs, digits that are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from neuroloom.fitting.evolution import OpenAiEs, evolve
from neuroloom.networks.policies import (
    AbstractPolicy,
    Artificial,
    CircuitPolicy,
    LearnedPorts,
    LinearPolicy,
    PerceptronPolicy,
    flatten,
)
from neuroloom.simulation.policies import perform_policies
from neuroloom.studies.connectome_policy.controllers import circuit_of, drawn_wiring
from neuroloom.studies.connectome_policy.learning import learning_rows
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.tasks.control import ControlTask, Digits, GymBody, GymTask

__all__ = [
    "ARMS",
    "CHEETAH",
    "DIGITS",
    "FINAL",
    "OFF_DOMAIN",
    "PERCEPTRON",
    "REAL",
    "REWIRED",
    "TASKS",
]

OFF_DOMAIN = "off-domain"
REAL, REWIRED, PERCEPTRON, LINEAR = "real", "rewired", "perceptron", "linear"
CHEETAH, DIGITS = "half-cheetah", "digits"
TASKS = (CHEETAH, DIGITS)
FINAL = {CHEETAH: ("search", "final"), DIGITS: ("held out", "accuracy")}
"""Split and measure by which each task is judged: no search meets the held-out digits."""
HIDDEN = (32,)
ALL_HELD_OUT = 359
HELD_OUT_SEED = 77


def cells(config: Any) -> Sequence[Cell]:
    """One a task, network and seed."""
    n = min(config.off_domain.n_seeds, config.n_seeds)
    networks = (REAL, REWIRED, PERCEPTRON, LINEAR)
    return grid(OFF_DOMAIN, task=TASKS, network=networks, seed=config.seeds[:n])


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """A search by the evolution strategy; of digits also what others are called afterwards."""
    numbers, seed, name = config.off_domain, cell["seed"], cell["network"]
    digits = cell["task"] == DIGITS
    task: ControlTask = Digits() if digits else GymTask(GymBody.HALF_CHEETAH, numbers.n_steps)
    policy = _made(name, config.wiring.circuit, task, seed)
    found = evolve(
        policy,
        task,
        OpenAiEs(numbers.population),
        n_generations=numbers.n_generations * (2 if digits else 1),
        seed=seed,
        n_episodes=numbers.n_images if digits else 1,
        n_probes=numbers.n_images if digits else config.wiring.n_probes,
        probe_every=max(1, numbers.n_generations // 6),
        checkpoint=context.checkpoint,
        progress=False,
        n_threads=1,
    )
    threshold = numbers.accuracy if digits else config.wiring.threshold
    rows = learning_rows("search", found, policy, threshold=threshold, at={})
    if digits:
        others = Digits(held_out=True)
        starts = others.draw_starts(np.random.default_rng(HELD_OUT_SEED), ALL_HELD_OUT)
        vector, rebuild = flatten(found.policy)
        named = perform_policies(rebuild(vector[None]), others, starts=starts, n_threads=1)
        rows.append(Row("held out", "accuracy", float(named.total.mean()), "1"))
    return Measured(rows)


def _made(name: str, circuit_name: str, task: ControlTask, seed: int) -> AbstractPolicy:
    sizes, key = (task.n_observations, task.n_actions), jax.random.key(seed)
    if name == LINEAR:
        return LinearPolicy.zeros(*sizes)
    if name == PERCEPTRON:
        return PerceptronPolicy.random(*sizes, hidden=HIDDEN, key=key)
    wired = drawn_wiring(circuit_of(circuit_name), name, seed, 0)
    ports = LearnedPorts.random(wired, n_observations=sizes[0], n_actions=sizes[1], key=key)
    return CircuitPolicy.from_connectome(wired, ports, level=Artificial())


def _seconds(cell: Cell, config: Any) -> float:
    numbers = config.off_domain
    circuit = cell["network"] in (REAL, REWIRED)
    members = numbers.population * numbers.n_generations
    if cell["task"] == DIGITS:
        images = 2 * members * numbers.n_images
        return 2 + images / (50_000 if circuit else 500_000) / 2
    return 3 + members * numbers.n_steps / (15_000 if circuit else 28_000) / 2


ARMS = (
    Arm(
        OFF_DOMAIN,
        "The circuit runs as Gymnasium's half-cheetah and names handwritten digits, with the "
        "paper's encoder and decoder and a weight for each connection.",
        "rewired wiring; a perceptron; a linear policy; the same search",
        cells,
        measure,
        _seconds,
    ),
)
