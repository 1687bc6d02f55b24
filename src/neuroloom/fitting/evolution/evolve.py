"""A policy improved by a search, generation by generation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from neuroloom.errors import InputError, StudyError
from neuroloom.fitting.checkpoints import read_header, read_leaves, write_leaves
from neuroloom.fitting.evolution.strategies import Search, Strategy
from neuroloom.networks.policies import AbstractPolicy, flatten
from neuroloom.runs import checksum, progress_bar
from neuroloom.simulation.policies import perform_policies
from neuroloom.tasks.control import ControlTask

__all__ = ["Evolution", "evolve"]

KIND = "neuroloom evolution"
TRAINING, PROBES, SEARCH = 0, 1, 2  # streams of randomness of a seed


class Evolution(NamedTuple):
    """What a search came to.

    Attributes:
        policy: With the parameters that the search stands for: the mean of a distribution, or the
            best of the last generation of a genetic algorithm.
        vector: These parameters.
        history: A row a generation: `generation`, `env_steps` so far, `mean` and `best` return of
            its population, `probe`: mean return of the policy that the search stood for *before*
            it, in episodes that no generation has seen (NaN between probes), `failed` members. The
            last row has a probe and no population.
        finished: False if Ctrl-C ended it.
    """

    policy: AbstractPolicy
    vector: np.ndarray
    history: pd.DataFrame
    finished: bool


def evolve(
    policy: AbstractPolicy,
    task: ControlTask,
    strategy: Strategy,
    *,
    n_generations: int,
    seed: int,
    n_episodes: int = 1,
    n_probes: int = 5,
    probe_every: int = 1,
    enough: float = np.inf,
    checkpoint: Path | None = None,
    progress: bool = True,
    n_threads: int | None = None,
    on_generation: Callable[[str], None] | None = None,
) -> Evolution:
    """A policy that earns more, by what whole episodes earn.

    All members of a generation meet the same starts (common random numbers), each generation its
    own. Probes have starts of their own, the same at every probe, and search never sees them.

    A killed search resumes from its checkpoint to the same numbers: the file holds what every
    generation earned, and the search is told it again, without playing any episode.

    Args:
        policy: Where the search begins.
        task: What earns.
        strategy: The search.
        n_generations: How many populations are tried.
        seed: Of starts and of the search.
        n_episodes: Episodes of each member.
        n_probes: Episodes of a probe.
        probe_every: Generations from probe to probe; the last policy is always probed.
        enough: Search ends when a probe earns this.
        checkpoint: A file to resume from, written after every generation.
        progress: Whether to show a bar.
        n_threads: Default: one a core.
        on_generation: Told after each generation how far it is.

    Raises:
        InputError: If a number is below 1, or the policy does not fit the task.
        StudyError: If the checkpoint is of another search or damaged, or every member failed.
    """
    for name, value in (
        ("n_generations", n_generations),
        ("n_episodes", n_episodes),
        ("n_probes", n_probes),
        ("probe_every", probe_every),
    ):
        if value < 1:
            raise InputError(f"`{name}` must be at least 1; got {value}.")
    vector, rebuild = flatten(policy)
    search = strategy.start(vector, _stream(seed, SEARCH))
    probes = task.draw_starts(_stream(seed, PROBES), n_probes)
    identity = checksum(vector, repr(strategy), repr(task), seed, n_episodes, n_probes, probe_every)
    rows = _resumed(checkpoint, identity, search, n_generations)
    done_before = len(rows)

    def probe() -> float:
        found = perform_policies(
            rebuild(search.mean[None]), task, starts=probes, n_threads=n_threads
        )
        return float(found.total.mean())

    finished, last = True, np.nan
    with progress_bar("evolving", total=n_generations, enabled=progress) as bar:
        bar.advance(done_before)
        try:
            while len(rows) < n_generations:
                generation = len(rows)
                probed = probe() if generation % probe_every == 0 else np.nan
                if probed >= enough:
                    last = probed
                    break
                population = search.ask()
                starts = task.draw_starts(_stream(seed, TRAINING, generation), n_episodes)
                found = perform_policies(
                    rebuild(population), task, starts=starts, n_threads=n_threads
                )
                returns, failed = _usable(found.total.mean(1), generation)
                search.tell(returns)
                rows.append(_Row(returns, found.n_steps, probed, failed))
                if checkpoint is not None:
                    _write(checkpoint, identity, rows)
                note = f"generation {generation + 1}: mean {returns.mean():.4g}"
                bar.advance(note=note)
                if on_generation is not None:
                    on_generation(note)
        except KeyboardInterrupt:
            finished = False
            if len(rows) == 0:
                raise
            search = _again(strategy, vector, seed, rows)
    if finished and np.isnan(last):
        last = probe()
    return Evolution(rebuild(search.mean), search.mean, _history(rows, last), finished)


class _Row(NamedTuple):
    returns: np.ndarray
    n_steps: int
    probe: float
    failed: int


def _stream(seed: int, *place: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))


def _usable(returns: np.ndarray, generation: int) -> tuple[np.ndarray, int]:
    """Members whose actions left the finite numbers get the least of the others' returns."""
    failed = ~np.isfinite(returns)
    if failed.all():
        raise StudyError(
            f"At least one member must have a finite return; none of {len(returns)} has in "
            f"generation {generation}. Start from smaller weights or take a smaller `sigma`."
        )
    if failed.any():
        names = ", ".join(map(str, np.flatnonzero(failed)[:5]))
        print(
            f"generation {generation}: {failed.sum()} of {len(returns)} members failed ({names}"
            f"{', ...' if failed.sum() > 5 else ''}): their actions were not finite",
            file=sys.stderr,
        )
    return np.where(failed, returns[~failed].min(), returns), int(failed.sum())


def _again(strategy: Strategy, vector: np.ndarray, seed: int, rows: list[_Row]) -> Search:
    search = strategy.start(vector, _stream(seed, SEARCH))
    for row in rows:
        search.ask()
        search.tell(row.returns)
    return search


def _write(path: Path, identity: str, rows: list[_Row]) -> None:
    arrays = {
        "returns": np.stack([row.returns for row in rows]),
        "n_steps": np.array([row.n_steps for row in rows]),
        "probe": np.array([row.probe for row in rows]),
        "failed": np.array([row.failed for row in rows]),
    }
    shape = list(arrays["returns"].shape)
    write_leaves(path, KIND, {"search": identity, "shape": shape}, arrays)


def _resumed(path: Path | None, identity: str, search: Search, n_generations: int) -> list[_Row]:
    """What earlier generations earned, up to so many, after the search was told it."""
    if path is None or not path.exists():
        return []
    header = read_header(path, KIND)
    if header.get("search") != identity:
        raise StudyError(
            f"The checkpoint must be of the same search; {path} is of another policy, task, "
            "strategy or seed. Remove it, or give another path."
        )
    n, members = header["shape"]
    like = {
        "returns": np.zeros((n, members)),
        "n_steps": np.zeros(n, int),
        "probe": np.zeros(n),
        "failed": np.zeros(n, int),
    }
    kept: dict[str, Any] = read_leaves(path, KIND, like)
    rows = [_Row(*row) for row in zip(*(kept[name] for name in like), strict=True)]
    rows = rows[:n_generations]
    for row in rows:
        search.ask()
        search.tell(row.returns)
    return rows


def _history(rows: list[_Row], last: float) -> pd.DataFrame:
    steps = np.cumsum([0, *(row.n_steps for row in rows)])
    table = [
        {
            "generation": n,
            "env_steps": int(steps[n]),
            "mean": float(row.returns.mean()),
            "best": float(row.returns.max()),
            "probe": float(row.probe),
            "failed": int(row.failed),
        }
        for n, row in enumerate(rows)
    ]
    end = {"generation": len(rows), "env_steps": int(steps[-1]), "probe": last, "failed": 0}
    return pd.DataFrame([*table, {**end, "mean": np.nan, "best": np.nan}])
