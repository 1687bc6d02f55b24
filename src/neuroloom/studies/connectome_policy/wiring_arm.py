"""The circuit, its nulls and its ports, and simple controllers, all searched alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.fitting.evolution import CmaEs, evolve
from neuroloom.networks.policies import AbstractPolicy, CircuitPolicy, flatten
from neuroloom.simulation.policies import perform_policies, watch
from neuroloom.studies.connectome_policy.controllers import (
    circuit_of,
    controller,
    drawn_wiring,
    on_body,
    simple_controller,
    without_class,
)
from neuroloom.studies.connectome_policy.learning import learning_rows
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row
from neuroloom.tasks.control import ControlTask, Integrator, Noisy, Swimmer

__all__ = ["ARMS", "BODY", "WIRING", "body"]

WIRING = "wiring"
BODY = 6
TRANSFER_SEED = 77  # of starts after learning, the same for all policies


def body(n_links: int, n_steps: int) -> Swimmer:
    """The swimmer of the study, stepped by Euler's method.

    Args:
        n_links: Of its chain.
        n_steps: Control steps of an episode.
    """
    return Swimmer(n_links=n_links, n_steps=n_steps, integrator=Integrator.EULER)


def cells(config: Any) -> Sequence[Cell]:
    """A cell for every arm, draw and seed; what is not drawn has one draw."""
    wiring = config.wiring
    found = []
    for seed in config.seeds:
        for name in (*wiring.wirings, *wiring.simple):
            drawn = name in wiring.wirings and name != "real"
            for draw in range(wiring.n_draws if drawn else 1):
                found.append(
                    Cell.of(WIRING, circuit=wiring.circuit, wiring=name, draw=draw, seed=seed)
                )
    return found


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """A search, its curve, and what is left of it elsewhere."""
    numbers = config.wiring
    name, seed, draw = cell["wiring"], cell["seed"], cell["draw"]
    task = body(BODY, numbers.n_steps)
    circuit = circuit_of(cell["circuit"])
    if name in numbers.wirings:
        wired = drawn_wiring(circuit, name, seed, draw)
        policy: AbstractPolicy = controller(circuit, name, task, seed=seed, draw=draw)
    else:
        wired, policy = None, simple_controller(name, task, seed=seed)
    found = evolve(
        policy,
        task,
        CmaEs(numbers.population, numbers.sigma),
        n_generations=numbers.n_generations,
        seed=seed,
        n_probes=numbers.n_probes,
        probe_every=numbers.probe_every,
        checkpoint=context.checkpoint,
        progress=False,
        n_threads=1,
    )
    rows = learning_rows("search", found, policy, threshold=numbers.threshold, at={})
    for condition, other, where in _elsewhere(name, found.policy, wired, numbers):
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


def _elsewhere(
    name: str, policy: AbstractPolicy, wired: Connectome | None, numbers: Any
) -> Iterator[tuple[str, AbstractPolicy, ControlTask]]:
    """Bodies, lesions and noise that the search never met."""
    task = body(BODY, numbers.n_steps)
    yield "as learned", policy, task
    for sd in numbers.noise:
        yield f"noise {sd:g}", policy, Noisy(task, sd)
    if not isinstance(policy, CircuitPolicy) or wired is None:
        for cell_type in numbers.lesioned:  # it has no such cells, and loses nothing
            yield f"without {cell_type}", policy, task
        return
    if "ports" not in name:
        for n_links in numbers.links:
            other = body(n_links, numbers.n_steps)
            yield f"{n_links} links", on_body(policy, wired, other), other
    for cell_type in numbers.lesioned:
        yield f"without {cell_type}", without_class(policy, wired, cell_type), task


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
    elsewhere = 2 + len(numbers.noise) + len(numbers.links) + len(numbers.lesioned)
    return 3 + (searched / 35_000 + elsewhere * numbers.n_steps / 3_000) / 2


ARMS = (
    Arm(
        WIRING,
        "The circuit swims by 14 shared parameters, and so do its nulls; simple controllers learn "
        "by the same search. Then all are tried in other bodies, with a class of cells cut, and "
        "with noise.",
        "wirings rewired, drawn by class or at random, with weights, signs or gap junctions "
        "exchanged; shuffled ports; linear, perceptron, recurrent; NCAP",
        cells,
        measure,
        _seconds,
    ),
)
