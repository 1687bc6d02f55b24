"""Walkers in an arena: all of them at once, one step after another, never through a wall."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.arena.arena import Arena
from neuroloom.arena.barriers import Barriers, clearance_of, distance, from_walls
from neuroloom.arena.motion import AbstractMotion, State
from neuroloom.errors import InputError

__all__ = ["Walk", "draw_starts", "walk", "wall_distance"]

MOST_ROUNDS = 100  # of drawing starts


@dataclass(frozen=True)
class Walk:
    """Where walkers were, from time 0 on in steps of `dt`.

    Attributes:
        position: x and y, m.
        velocity: Of the step that led to each position, m/s; at time 0, of the first step.
        head_direction: rad, counter-clockwise from East, above -pi and at most pi.
        free: Whether the step that led to each position met no wall.
        dt: s.
    """

    position: Float[np.ndarray, "walker time 2"]
    velocity: Float[np.ndarray, "walker time 2"]
    head_direction: Float[np.ndarray, "walker time"]
    free: Bool[np.ndarray, "walker time"]
    dt: float

    @property
    def time(self) -> Float[np.ndarray, " time"]:
        """When each sample was taken, in s."""
        return self.dt * np.arange(self.position.shape[1])


def walk(
    arena: Arena,
    motion: AbstractMotion,
    *,
    key: PRNGKeyArray,
    n_walkers: int,
    n_steps: int,
    dt: float = 0.05,
    start: Float[np.ndarray, "many 2"] | None = None,
) -> Walk:
    """Positions, velocities and head directions of `n_walkers`, `n_steps` samples each.

    Walkers do not meet each other. Every position lies inside, at least 0.1 mm from every wall
    (1e-5 of the arena's extent where that is more), and no step crosses a wall.

    Args:
        arena: Where they walk.
        motion: How they walk.
        key: The same key gives the same walk.
        n_walkers: At least 1.
        n_steps: Samples a walker, that at time 0 among them. At least 2.
        dt: Length of a step, s. Above 0.
        start: Where each begins, m; by default drawn uniformly inside.

    Raises:
        InputError: If a number is out of range, or a start is outside or too near to a wall.

    Example:
        >>> import jax
        >>> from neuroloom.arena import OrnsteinUhlenbeckMotion, rectangle
        >>> box = rectangle(1.0, 1.0)
        >>> walked = walk(box, OrnsteinUhlenbeckMotion(), key=jax.random.key(0), n_walkers=3,
        ...     n_steps=200)
        >>> walked.position.shape, bool(box.contains(walked.position.reshape(-1, 2)).all())
        ((3, 200, 2), True)
    """
    for name, value, least in (("n_walkers", n_walkers, 1), ("n_steps", n_steps, 2)):
        if value < least:
            raise InputError(f"`{name}` must be at least {least}; got {value}. Ask for more.")
    if not (np.isfinite(dt) and dt > 0):
        raise InputError(f"`dt` must be above 0 s; got {dt}. Leave it out for 0.05 s.")
    start_key, begin_key, step_key = jax.random.split(key, 3)
    if start is None:
        start = draw_starts(arena, key=start_key, n_walkers=n_walkers)
    check_starts(arena, start, n_walkers)
    keys = jax.random.split(step_key, n_steps - 1)
    path = _run(motion, dt, from_walls(arena.walls), jnp.asarray(start), begin_key, keys)
    position, velocity, head, free = map(np.asarray, path)
    return Walk(position, velocity, head, free, float(dt))


def check_starts(arena: Arena, start: Float[np.ndarray, "many 2"], n_walkers: int) -> None:
    """Refuses starts that are too few, too many, outside or on a wall."""
    free = _may_stand(arena, start)
    if len(start) == n_walkers and free.all():
        return
    found = (
        f"{len(start)} starts for {n_walkers} walkers"
        if len(start) != n_walkers
        else f"{(~free).sum()} of {n_walkers} are not, the first at {start[~free][0]}"
    )
    raise InputError(
        f"`start` must have one position a walker, inside the arena and off its walls; {found}."
        " Leave it out to draw them."
    )


def draw_starts(
    arena: Arena, *, key: PRNGKeyArray, n_walkers: int
) -> Float[np.ndarray, "walker 2"]:
    """Positions inside the arena drawn uniformly, in m, none within the clearance of a wall.

    Args:
        arena: Where.
        key: Draws them.
        n_walkers: How many.

    Raises:
        InputError: If too little of the arena's bounding box is inside to find as many.
    """
    low, high = arena.outline.min(axis=0), arena.outline.max(axis=0)
    found: list[np.ndarray] = []
    for each in jax.random.split(key, MOST_ROUNDS):
        unit = np.asarray(jax.random.uniform(each, (n_walkers + 16, 2)), np.float64)
        drawn = low + (high - low) * unit
        found.append(drawn[_may_stand(arena, drawn)])
        if sum(map(len, found)) >= n_walkers:
            return np.concatenate(found)[:n_walkers]
    raise InputError(
        f"The arena `{arena.name}` must have room for walkers; {sum(map(len, found))} of "
        f"{MOST_ROUNDS * (n_walkers + 16)} positions drawn in its bounding box were inside. Give "
        "`start`."
    )


def wall_distance(
    arena: Arena, position: Float[np.ndarray, "position 2"]
) -> Float[np.ndarray, " position"]:
    """Distance of each position from the nearest wall, in m.

    Args:
        arena: Whose walls.
        position: x and y, m.
    """
    x, y = jnp.asarray(position.T)[:, None, :]
    return np.asarray(distance(from_walls(arena.walls), x, y))


def _may_stand(
    arena: Arena, position: Float[np.ndarray, "position 2"]
) -> Bool[np.ndarray, " position"]:
    clear = wall_distance(arena, position) > 1.01 * clearance_of(arena.walls)
    return np.asarray(arena.contains(position)) & clear


@partial(jax.jit, static_argnames=("motion", "dt"))
def _run(
    motion: AbstractMotion,
    dt: float,
    barriers: Barriers,
    start: Float[Array, "walker 2"],
    begin_key: PRNGKeyArray,
    keys: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Position, velocity, head direction and freedom, walkers first."""
    begun = motion.begin(start[:, :1].T, start[:, 1:].T, begin_key)

    def step(state: State, key: PRNGKeyArray) -> tuple[State, tuple[jax.Array, ...]]:
        after = motion.step(state, barriers, key, dt)
        seen = jnp.concatenate([after.x, after.y, after.head_x, after.head_y])
        return after, (seen, after.free[0])

    _, (seen, free) = jax.lax.scan(step, begun, keys)
    first = jnp.concatenate([begun.x, begun.y, begun.head_x, begun.head_y])
    x, y, head_x, head_y = jnp.concatenate([first[None], seen]).transpose(1, 2, 0)
    position = jnp.stack([x, y], axis=-1)
    moved = jnp.diff(position, axis=1) / dt
    velocity = jnp.concatenate([moved[:, :1], moved], axis=1)
    free = jnp.concatenate([begun.free, free]).T
    return position, velocity, jnp.arctan2(head_y, head_x), free
