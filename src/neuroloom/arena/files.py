"""Arenas as JSON files: written whole, read strictly."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from neuroloom.arena.arena import Arena
from neuroloom.disk import first_bytes, speaking_of, written_whole
from neuroloom.errors import InputError, nearest

__all__ = ["read_arena", "write_arena"]

FORMAT, VERSION = "neuroloom arena", 1
KEYS = ("format", "version", "name", "units", "outline", "barriers")
MOST_BYTES = 2**20
MOST_WALLS = 2000


def read_arena(path: str | Path) -> Arena:
    """The arena in a JSON file; see docs/arena.md for the format.

    Args:
        path: Of the file.

    Raises:
        InputError: If it is not such a file: not whole, a key too many or too few, units other than
            metres, a number that is none, an outline that is open or crosses itself, a barrier
            outside.
    """
    path = Path(path)
    first_bytes(path)
    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            f"An arena's file must have at most {MOST_BYTES:,} bytes; {path} has "
            f"{path.stat().st_size:,}. Is it an arena?"
        )
    with speaking_of(path):
        said = json.loads(
            path.read_text(encoding="utf-8"),
            object_pairs_hook=without_repeats,
            parse_constant=refuse_constant,
        )
    try:
        return from_json(said)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def write_arena(arena: Arena, path: str | Path) -> None:
    """Write an arena that `read_arena` gives back exactly.

    Args:
        arena: What to write.
        path: Of the file. One that exists is replaced.

    Raises:
        InputError: If it cannot be written.
    """
    outline = [*arena.outline.tolist(), arena.outline[0].tolist()]
    head = {"format": FORMAT, "version": VERSION, "name": arena.name, "units": "m"}
    lines = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}," for k, v in head.items()]
    lines += listed("outline", outline, ",") + listed("barriers", arena.barriers.tolist(), "")
    with written_whole(path) as beside:
        beside.write_text("\n".join(["{", *lines, "}", ""]), encoding="utf-8")


def listed(name: str, rows: list, end: str) -> list[str]:
    """A key with one row a line."""
    if not rows:
        return [f'  "{name}": []{end}']
    body = [f"    {json.dumps(row)}" for row in rows]
    return [f'  "{name}": [', *",\n".join(body).split("\n"), f"  ]{end}"]


def without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object, if no key is there twice."""
    said = dict(pairs)
    if len(said) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            f"An object of JSON must have each key once; `{twice}` is there twice. Remove one."
        )
    return said


def refuse_constant(word: str) -> float:
    """NaN and Infinity, which Python would take, are not JSON and no place."""
    raise InputError(
        f"A coordinate must be a finite number; the file has {word}. Give every corner in m."
    )


def from_json(said: object) -> Arena:
    """The arena that the object describes."""
    if not isinstance(said, dict):
        raise InputError(
            f"An arena must be an object of JSON; got a {type(said).__name__}. "
            "See docs/arena.md for the format."
        )
    for key in said:
        if key not in KEYS:
            raise InputError(f"An arena must have no key `{key}`. {nearest(key, KEYS)}")
    for key in KEYS:
        if key not in said:
            raise InputError(f"An arena must have the key `{key}`; it has not. Add it.")
    for key, expected in (("format", FORMAT), ("version", VERSION)):
        if said[key] != expected or isinstance(said[key], bool):
            raise InputError(
                f"`{key}` must be {expected!r}; got {said[key]!r}. Write the arena again with "
                "`write_arena`."
            )
    if said["units"] != "m":
        raise InputError(
            f'`units` must be "m"; got {said["units"]!r}. Convert every coordinate to metres.'
        )
    if not (isinstance(said["name"], str) and said["name"].strip()):
        raise InputError(f"`name` must be a word; got {said['name']!r}. Give the arena a name.")
    outline = coordinates("outline", said["outline"], (2,))
    barriers = coordinates("barriers", said["barriers"], (2, 2))
    if len(outline) < 2 or (outline[0] != outline[-1]).any():
        ends = (
            "it has fewer than two corners"
            if len(outline) < 2
            else (f"it starts at {outline[0].tolist()} and ends at {outline[-1].tolist()}")
        )
        raise InputError(
            f"`outline` must be closed, its last corner equal to its first; {ends}. Repeat the "
            "first corner at the end, if no corner is missing."
        )
    return Arena(said["name"], outline[:-1], barriers)


def coordinates(name: str, rows: object, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of finite numbers, each row of this shape."""
    if not isinstance(rows, list):
        raise InputError(
            f"`{name}` must be a list; got a {type(rows).__name__}. Write [] if there are none."
        )
    if len(rows) > MOST_WALLS:
        raise InputError(
            f"`{name}` must have at most {MOST_WALLS:,} walls; it has {len(rows):,}. Simplify it."
        )
    for n, row in enumerate(rows):
        if not is_row(row, shape):
            what = "[x, y]" if shape == (2,) else "[[x, y], [x, y]]"
            raise InputError(
                f"`{name}` must have {what} in every place, finite numbers in m; place {n} has "
                f"{str(row)[:60]}. Correct it."
            )
    return np.array(rows, dtype=float).reshape(-1, *shape)


def is_row(row: object, shape: tuple[int, ...]) -> bool:
    """Whether it is nested lists of this shape, of finite numbers."""
    if not shape:
        return (
            isinstance(row, int | float)
            and not isinstance(row, bool)
            and abs(row) < 1e9
            and math.isfinite(row)
        )
    return (
        isinstance(row, list)
        and len(row) == shape[0]
        and all(is_row(part, shape[1:]) for part in row)
    )
