"""Where real rats walked in a box, from data that come with the package `ratinabox`.

The package (extra `spatial`) is found by path and its arrays are read; it is never imported and
nothing of it ships here.
"""

from __future__ import annotations

import importlib.util
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from neuroloom.arena.arena import Arena
from neuroloom.errors import InputError, nearest

__all__ = ["CITATIONS", "LICENCE", "RatPath", "fit_into", "rat_path"]

LICENCE = (
    "MIT (the wheel ratinabox; its README says the recordings are republished there with their "
    "authors' permission); read by path, not redistributed"
)
CITATIONS = {
    "sargolini": "Sargolini et al., Science 312:758 (2006), doi:10.1126/science.1125572",
    "tanni": "Tanni et al., Current Biology (2022), doi:10.1016/j.cub.2022.06.046",
}
HOW_TO_GET = "Install the extra: `pip install 'neuroloom[spatial]'`."


@dataclass(frozen=True)
class RatPath:
    """Where one rat was, in even steps.

    Attributes:
        position: x and y in m; NaN in gaps of the recording.
        dt: s.
        name: Of the recording.
        licence: Under which terms.
        citation: Whom to cite.
        audit: What was done to it, in sentences.
    """

    position: Float[np.ndarray, "time 2"]
    dt: float
    name: str
    licence: str
    citation: str
    audit: tuple[str, ...]


def rat_path(
    name: str = "sargolini", *, dt: float = 0.05, max_gap: float = 0.5, folder: Path | None = None
) -> RatPath:
    """Positions of a rat that foraged in a box, in m, every `dt`.

    Between samples positions are interpolated linearly: a cubic, as RatInABox takes, overshoots
    at walls.

    Args:
        name: `sargolini` (1 m x 1 m, 600 s) or `tanni` (3.5 m x 2.5 m, 7,323 s).
        dt: s. Above 0.
        max_gap: Within longer gaps between samples positions are NaN, s.
        folder: Where the files lie; by default the installed package.

    Raises:
        InputError: If there is no such recording, it is not installed, or `dt` is out of range.

    Source:
        `data/sargolini.npz` and `data/tanni.npz` of ratinabox 1.15.3.
    """
    if name not in CITATIONS:
        raise InputError(
            f"`name` must be one of {', '.join(CITATIONS)}; got `{name}`. "
            f"{nearest(name, CITATIONS)}"
        )
    if not (np.isfinite(dt) and dt > 0):
        raise InputError(f"`dt` must be above 0 s; got {dt}. Leave it out for 0.05 s.")
    folder = find_paths() if folder is None else folder
    file = None if folder is None else folder / f"{name}.npz"
    if file is None or not file.is_file():
        raise InputError(
            f"The rat path `{name}` must be installed; {name}.npz of ratinabox was not found. "
            f"{HOW_TO_GET}"
        )
    try:
        with np.load(file) as arrays:
            sampled, position = arrays["t"].astype(float), arrays["pos"].astype(float)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"The file {name}.npz of ratinabox must hold `t` and `pos`; reading it failed "
            f"({error}). Reinstall it. {HOW_TO_GET}"
        ) from error
    time = np.arange(sampled[0], sampled[-1] + 1e-9, dt)
    after = np.clip(np.searchsorted(sampled, time, side="left"), 1, len(sampled) - 1)
    in_gap = sampled[after] - sampled[after - 1] > max_gap
    in_gap &= (time > sampled[after - 1] + 1e-9) & (time < sampled[after] - 1e-9)
    even = np.stack([np.interp(time, sampled, axis) for axis in position.T], axis=1)
    even[in_gap] = np.nan
    audit = (
        f"{len(sampled):,} samples over {sampled[-1] - sampled[0]:.1f} s, interpolated linearly to "
        f"{len(time):,} steps of {dt:g} s; {in_gap.sum():,} in gaps above {max_gap:g} s are NaN",
    )
    return RatPath(even, dt, name, LICENCE, CITATIONS[name], audit)


def fit_into(path: RatPath, arena: Arena, *, margin: float = 0.01) -> RatPath:
    """The path scaled alike in x and y, and moved, so that its extent fits the arena's.

    Args:
        path: Where the rat was.
        arena: Where it is to be.
        margin: Left free along the box around the arena, m. At least 0.

    Raises:
        InputError: If the path would then leave the arena or cross a wall.
    """
    low, high = np.nanmin(path.position, axis=0), np.nanmax(path.position, axis=0)
    least, most = arena.bounds
    scale = float(((most - least - 2 * margin) / (high - low)).min())
    position = (path.position - (low + high) / 2) * scale + (least + most) / 2
    seen = np.isfinite(position).all(axis=1)
    outside = int((~arena.contains(position[seen])).sum()) if scale > 0 else int(seen.sum())
    crossed = sum(int(crosses(position, wall).sum()) for wall in arena.walls)
    if outside or crossed:
        raise InputError(
            f"The arena `{arena.name}` must hold the path `{path.name}`; {outside} positions are "
            f"outside and {crossed} steps cross a wall. Take a rectangle without barriers, or a "
            "walker."
        )
    said = f"scaled by {scale:.4g} and moved into the arena `{arena.name}`"
    return replace(path, position=position, audit=(*path.audit, said))


def find_paths() -> Path | None:
    """Where the recordings lie, or None if the extra `spatial` is not installed."""
    spec = importlib.util.find_spec("ratinabox")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / "data").is_dir():
            return Path(folder) / "data"
    return None


def crosses(position: np.ndarray, wall: np.ndarray) -> np.ndarray:
    """Which steps meet the wall; none where a position is NaN."""
    (a, b), p, q = wall, position[:-1], position[1:]

    def left(u: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
        way, to = v - u, w - u
        return way[..., 0] * to[..., 1] - way[..., 1] * to[..., 0]

    return (left(a, b, p) * left(a, b, q) <= 0) & (left(p, q, a) * left(p, q, b) <= 0)
