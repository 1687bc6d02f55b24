"""The circuit, its nulls and its ports, and simple controllers, all searched alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.fitting.evolution import CmaEs, evolve
from neuroloom.networks.policies import AbstractPolicy, flatten
from neuroloom.simulation.policies import perform_policies, watch
from neuroloom.studies.connectome_policy.bodies import BODY, body
from neuroloom.studies.connectome_policy.config import SIMPLE, TUNED
from neuroloom.studies.connectome_policy.controllers import (
    circuit_of,
    controller,
    drawn_wiring,
    simple_controller,
)
from neuroloom.studies.connectome_policy.elsewhere import elsewhere
from neuroloom.studies.connectome_policy.learning import learning_rows
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row
from neuroloom.tasks.control import ControlTask

__all__ = ["ARMS", "LONG", "OTHER", "WIRING"]

WIRING, LONG, OTHER = "wiring", "long-body", "other-circuit"
TRANSFER_SEED = 77  # of starts after learning, the same for all policies


def _cells(config: Any, arm: str, circuit: str, names: Sequence[str]) -> Sequence[Cell]:
    """A cell for every name, draw and seed; what is not drawn has one draw."""
    found = []
    for seed in config.seeds:
        for name in names:
            drawn = name not in ("real", *SIMPLE)
            for draw in range(config.wiring.n_draws if drawn else 1):
                found.append(Cell.of(arm, circuit=circuit, wiring=name, draw=draw, seed=seed))
    return found


def cells(config: Any) -> Sequence[Cell]:
    """All wirings and simple controllers on the study's body."""
    wiring = config.wiring
    return _cells(config, WIRING, wiring.circuit, (*wiring.wirings, *wiring.simple))


def long_cells(config: Any) -> Sequence[Cell]:
    """Some of them on a longer body."""
    return _cells(config, LONG, config.wiring.circuit, config.wiring.long)


def other_cells(config: Any) -> Sequence[Cell]:
    """Some of them with the other circuit."""
    return _cells(config, OTHER, config.wiring.other_circuit, config.wiring.other)


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """A search, its curve, and what is left of it elsewhere."""
    numbers = config.wiring
    name, seed, draw = cell["wiring"], cell["seed"], cell["draw"]
    n_links = numbers.long_links if cell.arm == LONG else BODY
    task = body(n_links, numbers.n_steps)
    circuit = circuit_of(cell["circuit"])
    wired = None if name in SIMPLE else drawn_wiring(circuit, name, seed, draw)
    policy: AbstractPolicy = (
        simple_controller(name, task, seed=seed)
        if name in SIMPLE
        else controller(circuit, name, task, seed=seed, draw=draw)
    )
    found = evolve(
        policy,
        task,
        CmaEs(numbers.population, TUNED[name].sigma if name in SIMPLE else numbers.sigma),
        n_generations=numbers.n_generations,
        seed=seed,
        n_probes=numbers.n_probes,
        probe_every=numbers.probe_every,
        checkpoint=context.checkpoint,
        progress=False,
        n_threads=1,
    )
    rows = learning_rows("search", found, policy, threshold=numbers.threshold, at={})
    if cell.arm != WIRING:
        return Measured(rows)
    tried = elsewhere(
        found.policy,
        wired,
        numbers=numbers,
        n_links=n_links,
        seed=seed,
        moved_ports="ports" in name,
    )
    for condition, other, where in tried:
        value = _mean_return(other, where, numbers.n_transfer)
        rows.append(Row("afterwards", "return", value, "reward", {"condition": condition}))
    arrays: dict[str, np.ndarray] = {}
    if draw == 0:
        seen = watch(found.policy, task, rng=np.random.default_rng(TRANSFER_SEED))
        arrays = {
            "state": seen.state.astype(np.float32),
            "action": seen.action.astype(np.float32),
            "reward": seen.reward.astype(np.float32),
            "dt": np.array(seen.dt),
        }
        if wired is not None:
            arrays |= _muscles(wired, seen.activity)
    return Measured(rows, arrays=arrays)


def _muscles(wired: Connectome, activity: np.ndarray) -> dict[str, np.ndarray]:
    """Mean activity of the muscles of a side in a segment, (time, segment)."""
    segment, is_muscle = wired.column("segment"), wired.column("node_kind") == "muscle"
    found = {}
    for side in ("dorsal", "ventral"):
        mine = is_muscle & (wired.column("side_dv") == side)
        places = range(1, int(segment[is_muscle].max()) + 1)
        means = [activity[:, mine & (segment == place)].mean(1) for place in places]
        found[side] = np.stack(means, axis=1).astype(np.float32)
    return found


def _mean_return(policy: AbstractPolicy, task: ControlTask, n_episodes: int) -> float:
    vector, rebuild = flatten(policy)
    starts = task.draw_starts(np.random.default_rng(TRANSFER_SEED), n_episodes)
    found = perform_policies(rebuild(vector[None]), task, starts=starts, n_threads=1)
    return float(found.total.mean())


def _seconds(cell: Cell, config: Any) -> float:
    """Of a cell while another runs on the other core."""
    numbers = config.wiring
    searched = numbers.population * numbers.n_generations * numbers.n_steps
    tried = 2 + sum(map(len, (numbers.noise, numbers.links, numbers.lesioned, numbers.cut)))
    slower = numbers.long_links / BODY if cell.arm == LONG else 1.0
    return 3 + (slower * searched / 35_000 + tried * numbers.n_steps / 3_000) / 2


ARMS = (
    Arm(
        WIRING,
        "The circuit swims by 14 shared parameters, and so do its nulls; simple controllers learn "
        "by the same search. Then all are tried in other bodies, with a class of cells or a "
        "share of weights cut, and with noise.",
        "wirings rewired, drawn by class or at random, with weights, signs or gap junctions "
        "exchanged; shuffled ports; linear, perceptron, recurrent; NCAP",
        cells,
        measure,
        _seconds,
    ),
    Arm(
        LONG,
        "The same searches on a longer body.",
        "rewired wirings; linear controllers",
        long_cells,
        measure,
        _seconds,
    ),
    Arm(
        OTHER,
        "The same searches with the worm's motor circuit as it was reconstructed, whose segments "
        "differ.",
        "rewired wirings; random ones",
        other_cells,
        measure,
        _seconds,
    ),
)
