"""Boundary-vector cells: they fire when a wall is at their distance, in their direction."""

from __future__ import annotations

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.arena.arena import Arena
from neuroloom.arena.batches import in_batches, padded_walls
from neuroloom.arena.rays import ray_lengths
from neuroloom.errors import InputError

__all__ = ["BoundaryCells", "published_boundary_rates"]

HARTLEY_S0 = 0.122  # m; the published code uses 0.366
N_PUBLISHED_RAYS = 360


@dataclass(frozen=True, eq=False)
class BoundaryCells:
    r"""Boundary-vector cells whose rate is at most 1, dimensionless.

    $$f_i(x) = \frac{\sum_a \exp\left(-\frac{(r(x,a) - d_i)^2}{2 s_i^2}\right) K(a,i)}
    {\sum_a K(a,i)}, \quad K(a,i) = e^{(\cos(\theta_a - \phi_i) - 1) / s_\mathrm{ang}^2}, \quad
    s_i = \left(\frac{d_i}{\beta} + 1\right) s_0$$

    Attributes:
        distance: Preferred distance d of each cell in m, 0 or more.
        bearing: Preferred direction of each cell in rad, **clockwise from North**, as published;
            phi in the equation is a half pi minus this, because rays go counter-clockwise from
            East.
        beta: Distance in m at which the radial width has doubled.
        s0: Radial width at distance 0, in m. The published code uses 0.366.
        s_angle: Angular width in rad.
        n_rays: Rays of a full turn, none twice.
        kernel: K over its sum, of each ray and cell: made once.

    Raises:
        InputError: If a distance is below 0 or not finite, or a width is not above 0.

    Source:
        Hartley et al., Modeling place fields in terms of the cortical inputs to the hippocampus,
        Hippocampus 10 (2000); Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), their code.
        They use Gaussians with prefactors, an angle that is not wrapped and 360 rays of which one
        is counted twice: see `published_boundary_rates`.
    """

    distance: Float[np.ndarray, " neuron"]
    bearing: Float[np.ndarray, " neuron"]
    beta: float = 1.83
    s0: float = HARTLEY_S0
    s_angle: float = 0.2
    n_rays: int = 180
    kernel: Float[np.ndarray, "ray neuron"] = field(init=False)

    def __post_init__(self) -> None:
        distance, bearing = np.array(self.distance, float), np.array(self.bearing, float)
        if not (np.isfinite(distance).all() and (distance >= 0).all()):
            wrong = ~(np.isfinite(distance) & (distance >= 0))
            raise InputError(
                f"`distance` must be 0 m or more; got {distance[wrong][0]} ({wrong.sum()} such). "
                "Give each cell the distance of the wall that it prefers."
            )
        if not np.isfinite(bearing).all():
            raise InputError(
                f"`bearing` must be finite; {(~np.isfinite(bearing)).sum()} are not. Give it in "
                "rad, clockwise from North."
            )
        for name in ("beta", "s0", "s_angle", "n_rays"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"`{name}` must be above 0; got {value}. Leave it at its default.")
        turned = self.ray_angle[:, None] - (np.pi / 2 - bearing)
        kernel = np.exp((np.cos(turned) - 1) / self.s_angle**2)
        kernel /= kernel.sum(axis=0)
        for name, value in (("distance", distance), ("bearing", bearing), ("kernel", kernel)):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"BoundaryCells({self.n_neurons} cells, {self.n_rays} rays)"

    @classmethod
    def draw(
        cls,
        n_neurons: int,
        *,
        furthest: float,
        key: PRNGKeyArray,
        s0: float = HARTLEY_S0,
        n_rays: int = 180,
    ) -> BoundaryCells:
        """Cells with uniform distances and bearings, as published.

        Args:
            n_neurons: How many cells.
            furthest: Largest preferred distance in m. Published: 1.0 to 6.4, by the size of the
                box.
            key: Decides the draw.
            s0: Radial width at distance 0, in m. The published code uses 0.366.
            n_rays: Rays of a full turn.

        Raises:
            InputError: If `furthest` is not above 0.
        """
        if not (np.isfinite(furthest) and furthest > 0):
            raise InputError(
                f"`furthest` must be above 0 m; got {furthest}. The side of the arena is a good "
                "start."
            )
        for_distance, for_bearing = jax.random.split(key)
        distance = jax.random.uniform(for_distance, (n_neurons,), maxval=furthest)
        bearing = jax.random.uniform(for_bearing, (n_neurons,), maxval=2 * np.pi)
        return cls(np.asarray(distance, float), np.asarray(bearing, float), s0=s0, n_rays=n_rays)

    @property
    def n_neurons(self) -> int:
        """How many cells."""
        return len(self.distance)

    @property
    def ray_angle(self) -> Float[np.ndarray, " ray"]:
        """Direction of each ray in rad, counter-clockwise from East; a full turn, none twice."""
        return 2 * np.pi * np.arange(self.n_rays) / self.n_rays

    @property
    def radial_width(self) -> Float[np.ndarray, " neuron"]:
        """Width s of each cell along the ray, in m."""
        return (self.distance / self.beta + 1) * self.s0

    def rates(
        self, arena: Arena, position: Float[np.ndarray, "*batch 2"]
    ) -> Float[np.ndarray, "*batch neuron"]:
        """Rate of each cell at each position, 0 to 1, dimensionless.

        Args:
            arena: Whose walls the cells see.
            position: In m. NaN gives NaN.
        """
        walls = padded_walls(arena.walls)
        constants = (self.ray_angle, self.distance, self.radial_width, self.kernel)
        return in_batches(lambda x: compiled_rates(walls, x, *constants), position, self.n_neurons)

    def rates_from(
        self, walls: Float[Array, "wall 2 2"], position: Float[Array, "position 2"]
    ) -> Float[Array, "position neuron"]:
        """What `rates` returns, for use inside compiled programs; differentiable in positions.

        Args:
            walls: Both ends of each in m.
            position: In m.
        """
        constants = (self.ray_angle, self.distance, self.radial_width, self.kernel)
        return rates_of(walls, position, *(jnp.asarray(c) for c in constants))


def rates_of(
    walls: Array, position: Array, ray_angle: Array, distance: Array, width: Array, kernel: Array
) -> Array:
    """Rays, then ray by ray: no array of positions by rays by cells is ever laid out."""
    length = ray_lengths(walls, position, ray_angle)
    return seen_along(length, distance, width, kernel)


def seen_along(length: Array, distance: Array, width: Array, kernel: Array) -> Array:
    """Sum over rays of a Gaussian in the length of the ray, times the kernel."""
    per_width = np.sqrt(0.5) / width

    def add(total: Array, ray: tuple[Array, Array]) -> tuple[Array, None]:
        length, kernel = ray
        off = (length[:, None] - distance[None, :]) * per_width[None, :]
        return total + jnp.exp(-(off**2)) * kernel[None, :], None

    nothing = jnp.zeros((length.shape[0], distance.shape[0]), length.dtype)
    return jax.lax.scan(add, nothing, (length.T, kernel))[0]


compiled_rates = jax.jit(rates_of)


def published_boundary_rates(
    cells: BoundaryCells, arena: Arena, position: Float[np.ndarray, "*batch 2"]
) -> Float[np.ndarray, "*batch neuron"]:
    r"""Rates as the published code has them, per mm, defects included, for comparison.

    $$f_i(x) = \sum_{k=0}^{359} N(r_k; d_i, s_i)\, N(\theta_k; \phi_i, s_\mathrm{ang})\, d\theta$$

    The angle is not wrapped, so that cells whose bearing is near 0 or a full turn lose half of
    their field; it runs over `linspace(0, 2 pi, 360)`, which has both ends, while the lengths are
    those of rays one degree apart; and the Gaussians have their prefactors, that of length in mm.

    Args:
        cells: Whose distances, bearings and widths; their rays are not used.
        arena: Whose walls the cells see.
        position: In m. NaN gives NaN.

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), their code.
    """
    bearing = 2 * np.pi * np.arange(N_PUBLISHED_RAYS) / N_PUBLISHED_RAYS
    said = np.linspace(0, 2 * np.pi, N_PUBLISHED_RAYS)
    off = (said[:, None] - cells.bearing) / cells.s_angle
    kernel = np.exp(-(off**2) / 2) / (np.sqrt(2 * np.pi) * cells.s_angle)
    kernel *= 2 * np.pi / N_PUBLISHED_RAYS
    kernel /= np.sqrt(2 * np.pi) * 1000 * cells.radial_width
    walls = padded_walls(arena.walls)
    constants = (np.pi / 2 - bearing, cells.distance, cells.radial_width, kernel)
    return in_batches(lambda x: compiled_rates(walls, x, *constants), position, cells.n_neurons)
