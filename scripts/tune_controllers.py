"""Settings of every controller of the connectome-policy study, tried on seeds 0 to 2.

All get the same search, at the size of the preset `fast`, with the same first SDs; controllers with
hidden units get sizes and gains beside. Prints a row a setting, the best of each controller first.

Run: `python scripts/tune_controllers.py [NAME ...]`; 168 searches, a quarter of an hour on two
cores.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from neuroloom.fitting.evolution import CmaEs, evolve
from neuroloom.studies.connectome_policy.bodies import BODY, body
from neuroloom.studies.connectome_policy.config import PRESETS, SIMPLE, Tuned
from neuroloom.studies.connectome_policy.controllers import (
    circuit_of,
    controller,
    simple_controller,
)

SEEDS = (0, 1, 2)
SIGMAS = (0.25, 0.5, 1.0, 2.0)
UNITS, GAINS = (4, 8), (1.0, 3.0)


class Try(NamedTuple):
    """A controller, its setting and a seed."""

    name: str
    tuned: Tuned
    seed: int


def settings(name: str) -> list[Tuned]:
    """What is tried for a controller."""
    if name not in ("perceptron", "recurrent"):
        return [Tuned(sigma) for sigma in SIGMAS]
    return [Tuned(*numbers) for numbers in product(SIGMAS, UNITS, GAINS)]


def final_return(one: Try) -> float:
    """Of the mean policy, on starts that the search never meets."""
    numbers = PRESETS["fast"].wiring
    task = body(BODY, numbers.n_steps)
    if one.name == "real":
        policy = controller(circuit_of(numbers.circuit), "real", task, seed=one.seed)
    else:
        policy = simple_controller(one.name, task, seed=one.seed, tuned=one.tuned)
    found = evolve(
        policy,
        task,
        CmaEs(numbers.population, one.tuned.sigma),
        n_generations=numbers.n_generations,
        seed=one.seed,
        n_probes=numbers.n_probes,
        probe_every=numbers.n_generations,
        progress=False,
        n_threads=1,
    )
    return float(found.history["probe"].iloc[-1])


def main() -> None:
    """Prints the table."""
    names = sys.argv[1:] or ["real", *SIMPLE]
    tries = [Try(n, tuned, seed) for n in names for tuned in settings(n) for seed in SEEDS]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        returns = np.array(list(pool.map(final_return, tries))).reshape(-1, len(SEEDS))
    found = list(zip(tries[:: len(SEEDS)], returns, strict=True))
    for name in names:
        mine = [(one.tuned, values) for one, values in found if one.name == name]
        for tuned, values in sorted(mine, key=lambda pair: -pair[1].mean()):
            units = "" if len(settings(name)) == len(SIGMAS) else f" {tuned.units} {tuned.gain:g}"
            seeds = " ".join(f"{value:.0f}" for value in values)
            print(f"{name:24} {tuned.sigma:g}{units:6} {values.mean():7.1f}   {seeds}", flush=True)


if __name__ == "__main__":
    main()
