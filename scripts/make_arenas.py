"""Writes the arenas that ship, `src/neuroloom/arena/geometries/*.json`, from their constructions.

`python scripts/make_arenas.py`. Sizes are around the published 3.2 m box.
"""

from pathlib import Path

import numpy as np

from neuroloom.arena import Arena, circle, polygon, rectangle, rooms, write_arena

FOLDER = Path(__file__).resolve().parent.parent / "src/neuroloom/arena/geometries"


def box(*barriers: list) -> Arena:
    arena = rectangle(3.2, 3.2)
    return arena.with_barriers(np.array(barriers, float).reshape(-1, 2, 2))


def corners(*xy: tuple[float, float]) -> Arena:
    return polygon(np.array(xy, float))


def regular(n: int, radius: float, turned: float = 0.0) -> Arena:
    angle = turned + 2 * np.pi * np.arange(n) / n
    around = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return polygon(around - around.min(axis=0))


ARENAS = {
    "training-box": box(),
    "box-1m": rectangle(1.0, 1.0),
    "four-rooms": rooms(3.2, 3.2, 2, 2, 0.5),
    # The same walls, nearer or further
    "box-2.8m": rectangle(2.8, 2.8),
    "box-4.8m": rectangle(4.8, 4.8),
    "hall-6-by-3": rectangle(6.0, 3.0),
    "rectangle-3.2-by-2.4": rectangle(3.2, 2.4),
    "corridor-3.2-by-0.6": rectangle(3.2, 0.6),
    # Walls at other angles
    "circle-3.2m": circle(1.6),
    "diamond": regular(4, 1.6 * np.sqrt(2)),
    "hexagon": regular(6, 1.8),
    "octagon": regular(8, 1.73, np.pi / 8),
    "triangle": corners((0, 0), (3.6, 0), (1.8, 3.2)),
    "trapezoid": corners((0, 0), (3.2, 0), (2.4, 3.2), (0.8, 3.2)),
    "cut-corner": corners((0, 0), (3.2, 0), (3.2, 2.2), (2.2, 3.2), (0, 3.2)),
    # Concave outlines
    "l-shape": corners((0, 0), (3.2, 0), (3.2, 1.6), (1.6, 1.6), (1.6, 3.2), (0, 3.2)),
    "notch": corners(
        (0, 0), (3.2, 0), (3.2, 3.2), (2.0, 3.2), (2.0, 2.2), (1.2, 2.2), (1.2, 3.2), (0, 3.2)
    ),
    "t-maze": corners(
        (1.3, 0), (1.9, 0), (1.9, 2.6), (3.2, 2.6), (3.2, 3.2), (0, 3.2), (0, 2.6), (1.3, 2.6)
    ),
    "plus": corners(
        (1.1, 0), (2.1, 0), (2.1, 1.1), (3.2, 1.1), (3.2, 2.1), (2.1, 2.1),
        (2.1, 3.2), (1.1, 3.2), (1.1, 2.1), (0, 2.1), (0, 1.1), (1.1, 1.1),
    ),
    "u-shape": corners(
        (0, 0), (3.2, 0), (3.2, 3.2), (2.2, 3.2), (2.2, 1.0), (1.0, 1.0), (1.0, 3.2), (0, 3.2)
    ),
    "star": polygon(
        np.stack([
            1.6 + r * np.array([np.cos(a), np.sin(a)])
            for r, a in zip([1.6, 0.8] * 5, np.pi / 2 + np.pi / 5 * np.arange(10), strict=True)
        ])
    ),
    # The training box with barriers
    "box-short-barrier": box([[1.6, 1.2], [1.6, 2.0]]),
    "box-long-barrier": box([[1.6, 0.0], [1.6, 2.2]]),
    "box-slanted-barrier": box([[0.8, 0.8], [2.4, 2.4]]),
    "box-two-barriers": box([[1.1, 0.0], [1.1, 2.0]], [[2.1, 3.2], [2.1, 1.2]]),
    "box-cross": box([[1.6, 0.8], [1.6, 2.4]], [[0.8, 1.6], [2.4, 1.6]]),
    "two-rooms": rooms(3.2, 3.2, 2, 1, 0.5),
    "nine-rooms": rooms(3.2, 3.2, 3, 3, 0.4),
    "hairpin": box(
        [[0.64, 0.0], [0.64, 2.6]], [[1.28, 3.2], [1.28, 0.6]],
        [[1.92, 0.0], [1.92, 2.6]], [[2.56, 3.2], [2.56, 0.6]],
    ),
}  # fmt: skip


def main() -> None:
    for name, arena in ARENAS.items():
        outline, barriers = np.round(arena.outline, 6), np.round(arena.barriers, 6)
        write_arena(Arena(name, outline + 0.0, barriers + 0.0), FOLDER / f"{name}.json")
    print(f"{len(ARENAS)} arenas written")


if __name__ == "__main__":
    main()
