"""Populations of controllers beside bare physics, and how soon CMA-ES solves Swimmer-v5.

    python benchmarks/policies.py                       # throughput
    python benchmarks/policies.py --solve --seeds 5     # a linear policy, to a mean above 300

Bare physics replays the very actions of the population, for what a body does decides what its steps
cost. CPU time counts all threads, and so holds on a machine that others use; on a quiet machine
wall time says the same. `policies_peer.py` steps Gymnasium one environment at a time.
"""

import argparse
import time
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np

from neuroloom.connectome import KINDS, Connectome
from neuroloom.datasets import connectome
from neuroloom.fitting.evolution import CmaEs, evolve
from neuroloom.networks.policies import (
    AbstractPolicy,
    AnatomicalPorts,
    CircuitPolicy,
    LearnedPorts,
    LinearPolicy,
    PerceptronPolicy,
    Sharing,
    flatten,
    n_parameters,
)
from neuroloom.simulation.policies import perform_policies
from neuroloom.tasks.control import ControlTask, Running, Swimmer


@dataclass
class Kept:
    """A task that keeps what its bodies are made to do."""

    task: ControlTask
    actions: list[np.ndarray]

    def __getattr__(self, name: str) -> object:
        return getattr(self.task, name)

    def begin(self, starts: np.ndarray, **options: int) -> Running:
        """Bodies that keep their actions."""
        running = self.task.begin(starts, **options)
        step = running.step

        def kept(action: np.ndarray) -> np.ndarray:
            self.actions.append(action.copy())
            return step(action)

        running.step = kept
        return running


def random_circuit(n_neurons: int, n_muscles: int, n_connections: int) -> Connectome:
    """Connections drawn evenly; a fifth of the neurons inhibits."""
    rng = np.random.default_rng(0)
    n = n_neurons + n_muscles
    places = rng.choice(n_neurons * n, n_connections, replace=False)
    pre, post = places // n, places % n
    inhibits = np.arange(n) % 5 == 0
    kind = np.array(["neuron"] * n_neurons + ["muscle"] * n_muscles)
    return Connectome(
        neuron_id=np.arange(n),
        pre=pre,
        post=post,
        kind=np.full(n_connections, KINDS.index("chemical")),
        count=np.ones(n_connections, np.int64),
        sign=np.where(inhibits[pre], -1, 1),
        neurons={"node_kind": kind, "cell_type": kind},
    )


def populations(task: Swimmer) -> dict[str, AbstractPolicy]:
    seen, joints = task.n_observations, task.joint_angles
    found: dict[str, AbstractPolicy] = {
        "linear": LinearPolicy.zeros(seen, task.n_actions),
        "perceptron 64 x 64": PerceptronPolicy.random(
            seen, task.n_actions, hidden=(64, 64), key=jax.random.key(0)
        ),
    }
    if task.n_links == 3:
        return found
    for name in ("worm-motor-segments", "worm-motor"):
        circuit = connectome(name)
        ports = AnatomicalPorts.from_connectome(circuit, n_observations=seen, joint_angles=joints)
        for sharing in (Sharing.BLOCK, Sharing.CONNECTION):
            found[f"{name}, weights per {sharing.value}"] = CircuitPolicy.from_connectome(
                circuit, ports, sharing=sharing, count_scale=0.1
            )
    big = random_circuit(205, 95, 4_700)
    ports = LearnedPorts.random(
        big, n_observations=seen, n_actions=task.n_actions, key=jax.random.key(0)
    )
    found["random, 300 cells, 4,700 connections"] = CircuitPolicy.from_connectome(big, ports)
    return found


def bare(task: Swimmer, starts: np.ndarray, actions: list[np.ndarray], n_threads: int) -> None:
    running = task.begin(starts, n_threads=n_threads)
    for action in actions:
        running.step(action)
    running.close()


def seconds(job: partial) -> np.ndarray:
    start = np.array([time.perf_counter(), time.process_time()])
    job()
    return np.array([time.perf_counter(), time.process_time()]) - start


def throughput(task: Swimmer, members: int, n_threads: int, repeats: int) -> None:
    print(f"\n{task.name}: {members} members, {n_threads} threads, thousands of control steps")
    print(f"{'':42} parameters | a CPU second: bare, ours, ratio | a second: bare, ours, ratio")
    rng = np.random.default_rng(0)
    starts = task.draw_starts(rng, 1)
    for name, policy in populations(task).items():
        vector, rebuild = flatten(policy)
        population = rebuild(vector + 0.1 * rng.normal(size=(members, vector.size)))
        kept = Kept(task, [])
        perform_policies(population, kept, starts=starts, n_threads=1)  # pyright: ignore
        ours = partial(perform_policies, population, task, starts=starts, n_threads=n_threads)
        physics = partial(bare, task, np.tile(starts, (members, 1)), kept.actions, n_threads)
        ours()  # compiles
        rounds = np.array([[seconds(physics), seconds(ours)] for _ in range(repeats)])
        per_second = members * task.n_steps / 1e3 / np.median(rounds, axis=0)
        ratio = np.median(rounds[:, 0] / rounds[:, 1], axis=0)
        (bare_wall, bare_cpu), (wall, cpu) = per_second
        print(
            f"{name:42} {n_parameters(policy):10} | {bare_cpu:5.1f} {cpu:5.1f} {ratio[1]:5.0%}     "
            f"            | {bare_wall:5.1f} {wall:5.1f} {ratio[0]:5.0%}",
            flush=True,
        )


def solve(n_seeds: int, first_seed: int) -> None:
    """One probe episode a generation says when to stop; ten fresh ones then say what was found."""
    task = Swimmer(n_links=3)
    joints = (1, 2, 6, 7)  # angles, then their velocities
    for used, sigma in ((joints, 1.0), (None, 2.0)):
        policy = LinearPolicy.zeros(task.n_observations, task.n_actions, used=used, bias=False)
        print(f"{task.name}: linear, {n_parameters(policy)} weights, CMA-ES of 12, sigma {sigma}")
        for seed in range(first_seed, first_seed + n_seeds):
            start = time.process_time()
            found = evolve(
                policy,
                task,
                CmaEs(12, sigma=sigma),
                n_generations=25,
                seed=seed,
                n_probes=1,
                enough=300.0,
                progress=False,
                n_threads=1,
            )
            spent = time.process_time() - start
            fresh = task.draw_starts(np.random.default_rng([seed, 1]), 10)
            _, rebuild = flatten(policy)
            earned = perform_policies(rebuild(found.vector[None]), task, starts=fresh).total
            print(
                f"seed {seed}: {spent:4.1f} CPU s, {found.history.env_steps.iloc[-1] / 1e6:.3f} M "
                f"steps; ten fresh episodes {earned.mean():.0f} (least {earned.min():.0f})",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (
        ("members", 256),
        ("steps", 100),
        ("threads", 2),
        ("repeats", 5),
        ("seeds", 5),
        ("first-seed", 0),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--solve", action="store_true")
    asked = parser.parse_args()
    if asked.solve:
        solve(asked.seeds, asked.first_seed)
        return
    for n_links in (6, 3):
        task = Swimmer(n_links=n_links, n_steps=asked.steps)
        throughput(task, asked.members, asked.threads, asked.repeats)


if __name__ == "__main__":
    main()
