"""Arenas that ship with neuroloom, by name."""

from pathlib import Path

from neuroloom.arena.arena import Arena
from neuroloom.arena.distance import arena_distance
from neuroloom.arena.files import read_arena
from neuroloom.errors import InputError, nearest

__all__ = ["TRAINING", "arena_names", "load_arena", "novel_arenas"]

TRAINING = "training-box"
GEOMETRIES = Path(__file__).parent / "geometries"


def arena_names() -> tuple[str, ...]:
    """Names of the arenas that ship, in alphabetical order."""
    return tuple(sorted(path.stem for path in GEOMETRIES.glob("*.json")))


def load_arena(name: str) -> Arena:
    """An arena that ships, by its name.

    Args:
        name: One of `arena_names()`. `training-box` is the published 3.2 m box.

    Raises:
        InputError: If there is none of this name.
    """
    names = arena_names()
    if name not in names:
        raise InputError(
            f"`name` must be an arena that ships; got `{name}`. {nearest(name, names)}"
        )
    return read_arena(GEOMETRIES / f"{name}.json")


def novel_arenas(training: Arena | None = None, *, step: float = 0.1) -> list[tuple[Arena, float]]:
    """Every arena that ships but the training box, with its distance in m, the nearest first.

    Args:
        training: From which `arena_distance` is measured; the training box if none is given. One
            that ships under the same name is left out.
        step: Of the grids on which the distance is measured, in m.
    """
    training = load_arena(TRAINING) if training is None else training
    left_out = {TRAINING, training.name}
    others = [load_arena(name) for name in arena_names() if name not in left_out]
    found = [(other, arena_distance(training, other, step=step)) for other in others]
    return sorted(found, key=lambda pair: pair[1])
