"""Walls as a step meets them: how far each is, and which of them a step would cross."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

__all__ = ["Barriers", "clearance_of", "distance", "first_hit", "from_walls"]

CLEARANCE = 1e-4  # m; far above what 32 bits round off at this size
CLEARANCE_OF_EXTENT = 1e-5  # above 10 m, this share of the extent
FAR = 1e4  # m; where walls lie that only fill up the number


class Barriers(NamedTuple):
    """Walls in columns, so that one operation meets every wall with every walker.

    Attributes:
        x: Where each wall starts, m.
        y: Where each wall starts, m.
        along_x: From its start to its end, m.
        along_y: From its start to its end, m.
        clearance: How near to a wall a walker may stand, m.
    """

    x: Float[Array, "wall 1"]
    y: Float[Array, "wall 1"]
    along_x: Float[Array, "wall 1"]
    along_y: Float[Array, "wall 1"]
    clearance: Float[Array, ""]

    def away(
        self, x: Float[Array, "1 walker"], y: Float[Array, "1 walker"]
    ) -> tuple[Float[Array, "wall walker"], Float[Array, "wall walker"]]:
        """From the nearest point of each wall to each walker, x and y, in m.

        Args:
            x: Of each walker, m.
            y: Of each walker, m.
        """
        from_x, from_y = x - self.x, y - self.y
        squared = self.along_x**2 + self.along_y**2
        share = jnp.clip((from_x * self.along_x + from_y * self.along_y) / squared, 0.0, 1.0)
        return from_x - share * self.along_x, from_y - share * self.along_y


def clearance_of(walls: Float[np.ndarray, "wall 2 2"]) -> float:
    """How near to these walls a walker may stand, in m: 0.1 mm, more in arenas above 10 m.

    Args:
        walls: Both ends of each, m.
    """
    extent = float(np.ptp(walls.reshape(-1, 2), axis=0).max())
    return max(CLEARANCE, CLEARANCE_OF_EXTENT * extent)


def from_walls(walls: Float[np.ndarray, "wall 2 2"]) -> Barriers:
    """The walls in columns, their number filled up to a power of two with walls out of reach.

    Arenas of about as many walls then share one compiled program.

    Args:
        walls: Both ends of each, m; none of length 0.
    """
    n = 1 << max(0, len(walls) - 1).bit_length()
    filled = np.tile([[FAR, FAR], [FAR, FAR + 1.0]], (n, 1, 1))
    filled[: len(walls)] = walls
    start, along = filled[:, 0], filled[:, 1] - filled[:, 0]
    columns = (start[:, :1], start[:, 1:], along[:, :1], along[:, 1:])
    return Barriers(*map(jnp.asarray, columns), clearance=jnp.asarray(clearance_of(walls)))


def first_hit(
    barriers: Barriers,
    x: Float[Array, "1 walker"],
    y: Float[Array, "1 walker"],
    to_x: Float[Array, "1 walker"],
    to_y: Float[Array, "1 walker"],
) -> tuple[Bool[Array, "1 walker"], Float[Array, "1 walker"], Float[Array, "1 walker"]]:
    """Whether each step meets a wall, and the direction of the wall it meets first (length 1).

    A step meets a wall that it crosses, and one that it ends within the clearance of. Walls count
    as longer by the clearance at both ends, so nobody slips through where two of them touch.

    Args:
        barriers: The walls.
        x: Where each step starts, m; not within the clearance of a wall.
        y: Where each step starts, m.
        to_x: Where each step would end, m.
        to_y: Where each step would end, m.
    """
    along_x, along_y = barriers.along_x, barriers.along_y
    length = jnp.sqrt(along_x**2 + along_y**2)
    unit_x, unit_y = along_x / length, along_y / length
    from_x, from_y = x - barriers.x, y - barriers.y
    step_x, step_y = to_x - x, to_y - y
    before = unit_x * from_y - unit_y * from_x  # signed distance from the wall's line
    change = unit_x * step_y - unit_y * step_x
    parallel = change == 0
    share = -before / jnp.where(parallel, 1.0, change)
    at = (from_x + share * step_x) * unit_x + (from_y + share * step_y) * unit_y
    margin = barriers.clearance
    crosses = ~parallel & (share >= 0) & (share <= 1) & (at >= -margin) & (at <= length + margin)
    gap_x, gap_y = barriers.away(to_x, to_y)
    ends_near = gap_x**2 + gap_y**2 < margin**2
    when = jnp.where(crosses, share, jnp.where(ends_near, 1.0, jnp.inf))
    first = jnp.argmin(when, axis=0)
    hit = jnp.isfinite(jnp.min(when, axis=0, keepdims=True))
    return hit, unit_x[first, 0][None], unit_y[first, 0][None]


def distance(
    barriers: Barriers, x: Float[Array, "1 walker"], y: Float[Array, "1 walker"]
) -> Float[Array, " walker"]:
    """Distance of each walker from its nearest wall, in m.

    Args:
        barriers: The walls.
        x: Of each walker, m.
        y: Of each walker, m.
    """
    gap_x, gap_y = barriers.away(x, y)
    return jnp.sqrt(jnp.min(gap_x**2 + gap_y**2, axis=0))
