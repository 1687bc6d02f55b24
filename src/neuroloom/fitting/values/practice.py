"""Many agents that look for a goal at once, an episode after another, as one JAX program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from neuroloom.errors import InputError
from neuroloom.fitting.values.learner import AbstractValueLearner, Moved, normalized

__all__ = ["Practice", "practice"]


@dataclass(frozen=True, eq=False)
class Practice:
    """What came of it.

    Attributes:
        steps: Moves of each episode; the limit where the goal was not reached.
        reached: Whether it was.
        state: What each agent knows at the end, agents along the first axis.
    """

    steps: Int[np.ndarray, "agent episode"]
    reached: Bool[np.ndarray, "agent episode"]
    state: PyTree


def practice(
    learner: AbstractValueLearner,
    features: Float[np.ndarray, "agent position feature"],
    transitions: Int[np.ndarray, "position move"],
    at_goal: Bool[np.ndarray, " position"],
    start: Int[np.ndarray, "agent episode"],
    *,
    key: PRNGKeyArray,
    exploration: Float[np.ndarray, " agent"],
    step_limit: int,
    state: PyTree | None = None,
    map_learning: bool = True,
) -> Practice:
    """Steps to the goal, episode by episode, of agents that learn as they go.

    An agent takes the best move, ties drawn, but with the probability `exploration` any move. It
    chooses the next move before it has learnt from the last.

    Args:
        learner: What all of them are.
        features: Code of each position, for each agent, in any unit.
        transitions: Position after each move.
        at_goal: Positions where an episode ends with reward 1.
        start: Position at which each episode starts.
        key: Decides moves.
        exploration: Probability of a move at random, 0 to 1; 1 is a random walk.
        step_limit: After so many moves an episode is over. At least 1.
        state: What the agents know, from an earlier practice; nothing if none is given.
        map_learning: Whether a learner of maps goes on learning its map, beside what it is worth.

    Raises:
        InputError: If a place is not in the code, or a code is not finite.
    """
    n_agents, n_positions, n_features = features.shape
    for name, places in (("transitions", transitions), ("start", start)):
        if places.size and not 0 <= places.min() <= places.max() < n_positions:
            raise InputError(
                f"`{name}` must be places in the code, 0 to {n_positions - 1}; got "
                f"{places.min()} to {places.max()}. Take positions and transitions of one "
                "`GoalArena`."
            )
    if not np.isfinite(features).all():
        raise InputError(
            f"`features` must be finite; {int((~np.isfinite(features)).sum())} are not. Leave out "
            "positions that are not observed."
        )
    if state is None:
        one = learner.start(n_features, transitions.shape[1])
        state = jax.tree.map(lambda x: jnp.zeros((n_agents, *x.shape), jnp.float32), one)
    steps, reached, state = _practice(
        learner,
        jnp.asarray(features, jnp.float32),
        jnp.asarray(transitions),
        jnp.asarray(at_goal),
        jnp.asarray(start),
        key,
        jnp.asarray(exploration, jnp.float32),
        state,
        jnp.asarray(step_limit),
        jnp.asarray(float(map_learning), jnp.float32),
    )
    return Practice(np.asarray(steps).T, np.asarray(reached).T, state)


def choose(
    key: PRNGKeyArray, values: Float[Array, " move"], exploration: Float[Array, ""]
) -> Int[Array, ""]:
    """The best move, ties drawn, or any."""
    for_tie, for_any, for_which = jax.random.split(key, 3)
    best = values >= values.max()
    drawn = jax.random.uniform(for_tie, values.shape)
    greedy = jnp.argmax(jnp.where(best, drawn, -1.0))
    some = jax.random.randint(for_any, (), 0, len(values))
    return jnp.where(jax.random.uniform(for_which) < exploration, some, greedy)


@eqx.filter_jit
def _practice(
    learner: AbstractValueLearner,
    features: Array,
    transitions: Array,
    at_goal: Array,
    start: Array,
    key: PRNGKeyArray,
    exploration: Array,
    state: PyTree,
    limit: Array,
    map_rate: Array,
) -> tuple[Array, Array, PyTree]:
    direction = normalized(features)
    n_agents = len(features)

    def one(
        state: PyTree,
        code: Array,
        way: Array,
        place: Array,
        move: Array,
        exploration: Array,
        active: Array,
        key: PRNGKeyArray,
    ) -> tuple[PyTree, Array, Array, Array]:
        end = transitions[place, move]
        over = at_goal[end]
        values, kept = learner.values(state, code[end])
        following = choose(key, values, exploration)
        rate = active.astype(jnp.float32)
        moved = Moved(
            way[place],
            code[place],
            move,
            code[end],
            over.astype(jnp.float32),
            over,
            following,
            rate,
            map_rate,
            way[end],
        )
        learnt = learner.learn(state, moved, values, kept)
        return learnt, jnp.where(active, end, place), following, over

    def episode(state: PyTree, drawn: tuple[Array, PRNGKeyArray]) -> tuple[PyTree, Any]:
        place, key = drawn
        first, rest = jax.random.split(key)
        values = jax.vmap(lambda s, c, p: learner.values(s, c[p])[0])(state, features, place)
        move = jax.vmap(choose)(jax.random.split(first, n_agents), values, exploration)
        nothing = jnp.zeros(n_agents, jnp.int32)
        begin = (state, place, move, ~at_goal[place], nothing, at_goal[place], jnp.asarray(0))

        def going(carry: tuple) -> Array:
            return carry[3].any()

        def step(carry: tuple) -> tuple:
            state, place, move, active, steps, reached, n = carry
            keys = jax.random.split(jax.random.fold_in(rest, n), n_agents)
            state, place, move, over = jax.vmap(one)(
                state, features, direction, place, move, exploration, active, keys
            )
            steps = steps + active
            reached = reached | (active & over)
            return state, place, move, active & ~over & (n + 1 < limit), steps, reached, n + 1

        state, _, _, _, steps, reached, _ = jax.lax.while_loop(going, step, begin)
        return state, (steps, reached)

    keys = jax.random.split(key, start.shape[1])
    state, (steps, reached) = jax.lax.scan(episode, state, (start.T, keys))
    return steps, reached, state
