"""A place with straight walls: an outline that closes, and barriers inside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.arena.crossings import crossing_walls, distance_to_walls
from neuroloom.errors import InputError

__all__ = ["Arena"]

TOUCHING = 1e-9  # m; nearer than this is on the wall
ON_A_WALL = 5e-6  # m; for positions that single precision has rounded


@dataclass(frozen=True, eq=False)
class Arena:
    """A closed outline with straight barriers inside. It never changes; functions return new ones.

    Attributes:
        name: What reports call it.
        outline: Corners in m, x then y, in order around the arena; the last joins the first.
        barriers: Both ends of every wall that stands inside, in m. They may touch the outline.
        walls: Both ends of every wall: those of the outline, corner by corner, then the barriers.

    Raises:
        InputError: If the outline does not enclose one area, or a barrier leaves it.
    """

    name: str
    outline: Float[np.ndarray, "corner 2"]
    barriers: Float[np.ndarray, "barrier 2 2"] = field(default_factory=lambda: np.zeros((0, 2, 2)))
    walls: Float[np.ndarray, "wall 2 2"] = field(init=False)

    def __post_init__(self) -> None:
        outline = np.array(self.outline, dtype=float)
        barriers = np.array(self.barriers, dtype=float)
        around = np.stack([outline, np.roll(outline, -1, axis=0)], axis=1)
        check_outline(outline, around)
        check_barriers(outline, around, barriers)
        walls = np.concatenate([around, barriers])
        for name, value in (("outline", outline), ("barriers", barriers), ("walls", walls)):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        low, high = self.bounds
        width, height = high - low
        return (
            f"Arena({self.name!r}, {width:.3g} m x {height:.3g} m, {len(self.outline)} corners, "
            f"{len(self.barriers)} barriers)"
        )

    @property
    def bounds(self) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
        """Lower left and upper right corner of the box around the outline, in m."""
        return self.outline.min(axis=0), self.outline.max(axis=0)

    @property
    def area(self) -> float:
        """Area inside the outline, in square metres."""
        return abs(signed_area(self.outline))

    def contains(self, position: Float[np.ndarray, "*batch 2"]) -> Bool[np.ndarray, "*batch"]:
        """Whether positions are inside the outline; barriers do not count.

        A position on the outline itself, to rounding, may come out either way.

        Args:
            position: In m. NaN is outside.
        """
        return inside(self.outline, np.asarray(position))

    def lattice(
        self, step: float
    ) -> tuple[Float[np.ndarray, "row column 2"], Bool[np.ndarray, "row column"]]:
        """Centres, in m, of square cells that cover the box around the outline, and which are in.

        Rows go up (y), columns to the right (x): what a picture with its origin below shows. A
        centre on a wall, within a few micrometres, is not in: it is on neither side.

        Args:
            step: Side of a cell in m, above 0.

        Raises:
            InputError: If `step` is not above 0, or no centre is inside.
        """
        if not (np.isfinite(step) and step > 0):
            raise InputError(f"`step` must be above 0 m; got {step}. Try 0.05.")
        low, high = self.bounds
        n_x, n_y = np.ceil((high - low) / step - 1e-9).astype(int)
        x = low[0] + (np.arange(n_x) + 0.5) * step
        y = low[1] + (np.arange(n_y) + 0.5) * step
        position = np.stack(np.meshgrid(x, y), axis=-1)
        near = distance_to_walls(self.walls, position[..., None, :]).min(axis=-1)
        within = self.contains(position) & (near > ON_A_WALL)
        if not within.any():
            raise InputError(
                f"`step` must leave a cell whose centre is inside {self!r}; {step} m leaves none. "
                "Take a smaller step."
            )
        return position, within

    def grid(self, step: float) -> Float[np.ndarray, "point 2"]:
        """Centres, in m, of those cells of `lattice` that are inside, row by row.

        Args:
            step: Side of a cell in m, above 0.
        """
        position, within = self.lattice(step)
        return position[within]

    def with_barriers(
        self, barriers: Float[np.ndarray, "barrier 2 2"], *, name: str | None = None
    ) -> Arena:
        """The arena with further walls inside.

        Args:
            barriers: Both ends of each, in m.
            name: A name for the new arena; that of this one if none is given.

        Raises:
            InputError: If one has no length, is not finite or leaves the outline.
        """
        barriers = np.asarray(barriers, dtype=float).reshape(-1, 2, 2)
        return replace(
            self,
            name=self.name if name is None else name,
            barriers=np.concatenate([self.barriers, barriers]),
        )


def signed_area(outline: np.ndarray) -> float:
    """Above 0 if the corners go counter-clockwise."""
    x, y = outline.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


def inside(outline: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Whether a ray to the East crosses the outline an odd number of times."""
    x, y = position[..., 0], position[..., 1]
    odd = np.zeros(position.shape[:-1], dtype=bool)
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if ay != by:
            odd ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return odd


def check_outline(outline: np.ndarray, around: np.ndarray) -> None:
    """Refuses an outline that does not enclose one area."""
    if len(outline) < 3:
        raise InputError(
            f"`outline` must have three corners or more; got {len(outline)}. Give every corner "
            "once, in order around the arena."
        )
    if not np.isfinite(outline).all():
        raise InputError(
            f"`outline` must be finite; corner {int(np.argmin(np.isfinite(outline).all(axis=1)))} "
            "is not. Give x and y of every corner in m."
        )
    short = np.linalg.norm(around[:, 1] - around[:, 0], axis=1) <= TOUCHING
    if short.any():
        raise InputError(
            f"`outline` must not repeat a corner; corner {int(np.argmax(short))} and the next are "
            "one point. Leave the second out: the last corner joins the first by itself."
        )
    crossed = crossing_walls(around)
    if crossed is not None:
        first, second = crossed
        raise InputError(
            f"`outline` must not cross or touch itself; its walls {first} and {second} do. Give "
            "the corners in order around the arena."
        )


def check_barriers(outline: np.ndarray, around: np.ndarray, barriers: np.ndarray) -> None:
    """Refuses barriers without a length, or outside the outline."""
    if not np.isfinite(barriers).all():
        wrong = int(np.argmin(np.isfinite(barriers).all(axis=(1, 2))))
        raise InputError(
            f"`barriers` must be finite; barrier {wrong} is not. Give x and y of both ends in m."
        )
    short = np.linalg.norm(barriers[:, 1] - barriers[:, 0], axis=1) <= TOUCHING
    if short.any():
        raise InputError(
            f"`barriers` must have a length above 0; barrier {int(np.argmax(short))} has none. "
            "Leave it out."
        )
    # Ends and points between: a concave outline can be left between two ends that are inside.
    along = np.linspace(0, 1, 33)[:, None, None]
    points = barriers[:, 0] + along * (barriers[:, 1] - barriers[:, 0])
    fine = inside(outline, points) | (
        distance_to_walls(around, points[..., None, :]).min(-1) <= 1e-6
    )
    if not fine.all():
        wrong = int(np.argmin(fine.all(axis=0)))
        raise InputError(
            f"`barriers` must stay inside the outline or on it; barrier {wrong}, from "
            f"{barriers[wrong, 0].tolist()} to {barriers[wrong, 1].tolist()}, does not. Shorten it."
        )
