"""How far the nearest wall is in a direction."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.arena.arena import Arena
from neuroloom.arena.batches import in_batches, padded_walls

__all__ = ["boundary_distance", "ray_lengths"]

NEAREST = 1e-6  # m; a wall nearer than this is the one that the position is on
OVERHANG = 16  # roundings of the largest coordinate by which walls are longer at both ends
PARALLEL = 1e-6  # sine of the angle between ray and wall below which they do not meet


def boundary_distance(
    arena: Arena,
    position: Float[np.ndarray, "*batch 2"],
    angle: Float[np.ndarray, " ray"],
) -> Float[np.ndarray, "*batch ray"]:
    r"""Distance from positions to the first wall along rays, in m.

    $$r(x, a) = \min_w \{ t > \epsilon : 0 \le \ell \le L_w \}, \quad
    t = \frac{(p_w - x) \cdot n_w}{u_a \cdot n_w}, \quad
    \ell = (x + t u_a - p_w) \cdot s_w$$

    with unit vectors s along and n across each wall, u along the ray. A wall along an axis is met
    without rounding other than that of one difference.

    Args:
        arena: Whose walls, barriers included.
        position: In m. NaN gives NaN. A position on a wall (within a micrometre) does not see it.
        angle: Of each ray in rad, counter-clockwise from East.

    Returns:
        Infinity where no wall is met, which inside an arena does not happen.

    Source:
        Geometry. Walls overhang by a few roundings (in single precision 6 micrometres in an arena
        of 3.2 m), so that no ray leaks through a corner.
    """
    walls = padded_walls(arena.walls)
    return in_batches(lambda x: compiled_lengths(walls, x, angle), position, len(angle))


def ray_lengths(
    walls: Float[Array, "wall 2 2"],
    position: Float[Array, "position 2"],
    angle: Float[Array, " ray"],
) -> Float[Array, "position ray"]:
    """What `boundary_distance` returns, for use inside compiled programs; differentiable.

    Args:
        walls: Both ends of each in m. One without a length is not there.
        position: In m.
        angle: Of each ray in rad, counter-clockwise from East.
    """
    start, way = walls[:, 0], walls[:, 1] - walls[:, 0]
    length = jnp.sqrt(jnp.sum(way**2, axis=1))
    there = length > 0
    along = way / jnp.where(there, length, 1.0)[:, None]
    across = jnp.stack([-along[:, 1], along[:, 0]], axis=1)
    ray = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    overhang = OVERHANG * jnp.finfo(walls.dtype).eps * jnp.max(jnp.abs(walls))

    def nearer(nearest: Array, wall: tuple[Array, ...]) -> tuple[Array, None]:
        start, along, across, length, there = wall
        slope = ray @ across
        meets = there & (jnp.abs(slope) > PARALLEL)
        from_start = position - start[None, :]
        t = -(from_start @ across)[:, None] * jnp.where(meets, 1 / slope, 0.0)[None, :]
        at = (from_start @ along)[:, None] + t * (ray @ along)[None, :]
        hit = (t > NEAREST) & (at >= -overhang) & (at <= length + overhang)
        return jnp.minimum(nearest, jnp.where(hit, t, jnp.inf)), None

    unseen = jnp.full((position.shape[0], angle.shape[0]), jnp.inf, position.dtype)
    walls_one_by_one = (start, along, across, length, there)
    nearest = jax.lax.scan(nearer, unseen, walls_one_by_one)[0]
    return jnp.where(jnp.isnan(position).any(axis=1, keepdims=True), jnp.nan, nearest)


compiled_lengths = jax.jit(ray_lengths)
