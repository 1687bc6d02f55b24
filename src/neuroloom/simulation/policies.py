"""Policies at work: a whole population on one task, and one policy watched closely."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, Shaped

from neuroloom.errors import InputError
from neuroloom.networks.policies import AbstractPolicy, is_parameter
from neuroloom.tasks.control import ControlTask

__all__ = ["Returns", "Watched", "perform_policies", "watch"]


class Returns(NamedTuple):
    """What a population earned.

    Attributes:
        total: Sum of rewards of each episode; NaN where an action was not finite.
        n_steps: Control steps that were taken in all, by episodes that still went on.
    """

    total: Float[np.ndarray, "member episode"]
    n_steps: int


class Watched(NamedTuple):
    """One episode of one policy.

    Attributes:
        observation: What it saw before each step.
        action: What it did, before the body cut it.
        state: Positions and velocities after each step.
        activity: What it remembered after each step, as `AbstractPolicy.activity` gives it.
        reward: Of each step.
        dt: Length of a step, in s.
    """

    observation: Float[np.ndarray, "time observation"]
    action: Float[np.ndarray, "time action"]
    state: Float[np.ndarray, "time state"]
    activity: Float[np.ndarray, "time cell"]
    reward: Float[np.ndarray, " time"]
    dt: float


def perform_policies(
    policies: AbstractPolicy,
    task: ControlTask,
    *,
    starts: Shaped[np.ndarray, "episode start"],
    n_threads: int | None = None,
) -> Returns:
    """Returns of every member in episodes from the same starts.

    Each thread takes a part of the population through all steps: its policies are one compiled call
    and its bodies one call of the physics, so that no thread waits for another within a step.

    A member that gives an action that is not finite has failed: its episode earns NaN, and its body
    is driven no more. All others go on.

    Args:
        policies: Of `rebuild` (see `networks.policies.flatten`): parameters have a leading axis of
            members, other arrays have none.
        task: What they do.
        starts: From `task.draw_starts`; all members meet the same (common random numbers).
        n_threads: Default: one for each core that this process may use.

    Raises:
        InputError: If policies do not fit the task or have no members.
        SimulationError: If a body's state does not stay finite under finite actions.
    """
    _check(policies, task)
    parameters, fixed = eqx.partition(policies, is_parameter)
    sizes = {leaf.shape[0] for leaf in jax.tree.leaves(parameters) if leaf.ndim}
    if len(sizes) != 1 or not all(leaf.ndim for leaf in jax.tree.leaves(parameters)):
        raise InputError(
            "`policies` must have one leading axis of members in every parameter; leading sizes "
            f"are {sorted(sizes)}. Make them with the `rebuild` of `flatten(policy)`."
        )
    (n_members,) = sizes
    fixed = jax.tree.map(lambda leaf: jnp.asarray(leaf) if eqx.is_array(leaf) else leaf, fixed)
    n_parts = min(n_threads or n_cores(), n_members)
    parts = np.array_split(np.arange(n_members), n_parts)
    stop = threading.Event()
    work = partial(_perform, parameters, fixed, task, starts, stop)
    if n_parts == 1:
        found = [work(parts[0])]
    else:
        with ThreadPoolExecutor(n_parts) as pool:
            try:
                found = list(pool.map(work, parts))
            except BaseException:
                stop.set()  # Ctrl-C, or an error of one part: the others end at their next step
                raise
    return Returns(np.concatenate([total for total, _ in found]), sum(n for _, n in found))


def watch(policy: AbstractPolicy, task: ControlTask, *, rng: np.random.Generator) -> Watched:
    """One episode from a fresh start, in full.

    Args:
        policy: A single one.
        task: What it does.
        rng: Of the start.

    Raises:
        InputError: If the policy does not fit the task.
        SimulationError: If the body's state does not stay finite.
    """
    _check(policy, task)
    step = eqx.filter_jit(policy)
    running = task.begin(task.draw_starts(rng, 1))
    state = policy.initial()
    kept: list[tuple[np.ndarray, ...]] = []
    while running.alive.any() and running.n_done < task.n_steps:
        seen = running.observation[0].copy()
        state, action = step(state, jnp.asarray(seen))
        reward = running.step(np.asarray(action)[None])
        now = np.asarray(policy.activity(state), float)
        kept.append((seen, np.asarray(action), running.state()[0], now, reward[0]))
    running.close()
    seen, action, states, activity, reward = (np.stack(part) for part in zip(*kept, strict=True))
    return Watched(seen, action, states, activity, reward, task.dt)


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(policy: AbstractPolicy, task: ControlTask) -> None:
    ours, theirs = (
        (policy.n_observations, policy.n_actions),
        (task.n_observations, task.n_actions),
    )
    if ours != theirs:
        raise InputError(
            f"A policy must see {theirs[0]} numbers and give {theirs[1]} for {task.name}; this one "
            f"sees {ours[0]} and gives {ours[1]}. Make it with the sizes of the task."
        )


def _perform(
    parameters: PyTree,
    fixed: PyTree,
    task: ControlTask,
    starts: np.ndarray,
    stop: threading.Event,
    members: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Returns (member, episode) of a part of the population, and its steps."""
    mine = jax.tree.map(lambda leaf: leaf[members[0] : members[-1] + 1], parameters)
    n_members, n_episodes = len(members), len(starts)
    running = task.begin(np.tile(starts, (n_members, 1)))
    total, n_steps = np.zeros(n_members * n_episodes), 0
    mine, fixed, state = _begin(mine, fixed, n_episodes)
    leaves, structure = jax.tree.flatten((mine, fixed))
    advance = _advance(structure)
    for _ in range(task.n_steps):
        seen = running.observation.reshape(n_members, n_episodes, -1)
        state, given = advance(leaves, state, seen)
        action = np.asarray(given).reshape(n_members * n_episodes, -1)
        bad = np.any(~np.isfinite(action), axis=1)
        if bad.any():
            total[bad & running.alive] = np.nan
            action = np.where(bad[:, None], 0.0, action)
        n_steps += int(running.alive.sum())
        total += running.step(action)
        if stop.is_set() or not running.alive.any():
            break
    running.close()
    return total.reshape(n_members, n_episodes), n_steps


@partial(jax.jit, static_argnums=2)
def _begin(parameters: PyTree, fixed: PyTree, n_episodes: int) -> tuple[PyTree, PyTree, PyTree]:
    """Prepared policies, what differs between members and what does not, and their first states."""
    shared = {id(leaf) for leaf in jax.tree.leaves(fixed)}

    def differs(leaf: Any) -> bool:
        return eqx.is_array(leaf) and id(leaf) not in shared

    def one(mine: PyTree) -> tuple[PyTree, PyTree, PyTree]:
        policy = eqx.combine(mine, fixed)
        state = jax.tree.map(
            lambda x: jnp.broadcast_to(x, (n_episodes, *jnp.shape(x))), policy.initial()
        )
        return *eqx.partition(policy.prepare(), differs), state

    return jax.vmap(one, out_axes=(0, None, 0))(parameters)


@lru_cache(maxsize=64)
def _advance(structure: Any) -> Callable[..., tuple[PyTree, Any]]:
    """A step of policies whose leaves come in a list: modules are taken apart once, not a step."""

    @jax.jit
    def advance(leaves: list[Array], state: PyTree, seen: Any) -> tuple[PyTree, Any]:
        parameters, fixed = jax.tree.unflatten(structure, leaves)

        def member(mine: PyTree, states: PyTree, observations: Any) -> tuple[PyTree, Any]:
            return jax.vmap(eqx.combine(mine, fixed))(states, observations)

        return jax.vmap(member)(parameters, state, seen)

    return advance
