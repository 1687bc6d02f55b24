"""Arenas by their shape: rectangles, circles, polygons, and rooms with doors."""

import numpy as np
from jaxtyping import Float

from neuroloom.arena.arena import Arena
from neuroloom.errors import InputError

__all__ = ["circle", "polygon", "rectangle", "rooms"]


def rectangle(width: float, height: float, *, name: str = "rectangle") -> Arena:
    """A rectangle with its lower left corner at the origin.

    Args:
        width: Along x, in m, above 0.
        height: Along y, in m, above 0.
        name: What reports call it.

    Raises:
        InputError: If a side is not above 0.
    """
    for side, length in (("width", width), ("height", height)):
        positive(side, length)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    return Arena(name, corners)


def circle(radius: float, *, n_corners: int = 64, name: str = "circle") -> Arena:
    """A regular polygon whose corners lie on a circle around (radius, radius).

    Args:
        radius: In m, above 0.
        n_corners: With 64 no wall is further inside the circle than radius / 830.
        name: What reports call it.

    Raises:
        InputError: If `radius` is not above 0, or there are fewer than three corners.
    """
    positive("radius", radius)
    angle = 2 * np.pi * np.arange(n_corners) / max(n_corners, 1)
    corners = radius + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Arena(name, corners)


def polygon(corners: Float[np.ndarray, "corner 2"], *, name: str = "polygon") -> Arena:
    """The arena that walls from corner to corner enclose; the last joins the first.

    Args:
        corners: In m, in order around the arena, either way.
        name: What reports call it.

    Raises:
        InputError: If they do not enclose one area.
    """
    return Arena(name, np.asarray(corners, dtype=float))


def rooms(
    width: float, height: float, n_x: int, n_y: int, door: float, *, name: str = "rooms"
) -> Arena:
    """A rectangle of equal rooms, with a door in the middle of every wall between two of them.

    Args:
        width: Of all rooms together, along x, in m, above 0.
        height: Of all rooms together, along y, in m, above 0.
        n_x: How many rooms side by side. At least 1.
        n_y: How many rooms above one another. At least 1.
        door: Width of a door in m, above 0 and below the sides of a room.
        name: What reports call it.

    Raises:
        InputError: If there is no room, or no wall left beside a door.
    """
    arena = rectangle(width, height, name=name)
    if n_x < 1 or n_y < 1:
        raise InputError(f"`n_x` and `n_y` must be 1 or more; got {n_x} and {n_y}. Add a room.")
    wide, high = width / n_x, height / n_y
    narrowest = min([high] * (n_x > 1) + [wide] * (n_y > 1) + [np.inf])
    if not 0 < door < narrowest:
        raise InputError(
            f"`door` must be above 0 m and below the side of a room; got {door}, and a side with a "
            f"door is {narrowest:.3g} m. Take a narrower door, or larger rooms."
        )
    walls = []
    for column in range(1, n_x):
        for row in range(n_y):
            for low, top in beside_door(row * high, high, door):
                walls.append([[column * wide, low], [column * wide, top]])
    for row in range(1, n_y):
        for column in range(n_x):
            for left, right in beside_door(column * wide, wide, door):
                walls.append([[left, row * high], [right, row * high]])
    return arena.with_barriers(np.array(walls, dtype=float).reshape(-1, 2, 2))


def beside_door(start: float, length: float, door: float) -> list[tuple[float, float]]:
    """Both pieces of a wall with a door in its middle."""
    middle = start + length / 2
    return [(start, middle - door / 2), (middle + door / 2, start + length)]


def positive(name: str, length: float) -> None:
    """Refuses a length that is none."""
    if not (np.isfinite(length) and length > 0):
        raise InputError(f"`{name}` must be above 0 m; got {length}. Give it in metres.")
