"""What a decoder must beat: guesses, spikes shifted in time, and cells that changed their names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from neuroloom.analysis.decoding.decoders import AbstractDecoder, decode_counts
from neuroloom.analysis.decoding.paths import path_errors
from neuroloom.analysis.decoding.rate_maps import RateMaps
from neuroloom.errors import InputError

__all__ = [
    "circular_shifts",
    "guess_by_occupancy",
    "guess_evenly",
    "shifted_medians",
    "shuffled_medians",
    "stay_put",
]


def guess_evenly(
    maps: RateMaps, n_steps: int, *, rng: np.random.Generator
) -> Float[np.ndarray, "time axis"]:
    """A path of visited bins drawn with equal chances, in the unit of the bins."""
    return maps.bins.center[rng.choice(np.flatnonzero(maps.visited), n_steps)]


def guess_by_occupancy(
    maps: RateMaps, n_steps: int, *, rng: np.random.Generator
) -> Float[np.ndarray, "time axis"]:
    """A path of bins drawn as often as they were occupied in training, in the unit of the bins."""
    chance = maps.occupancy / maps.occupancy.sum()
    return maps.bins.center[rng.choice(chance.size, n_steps, p=chance)]


def stay_put(maps: RateMaps) -> Float[np.ndarray, " axis"]:
    """The one visited bin that is nearest on average to where the animal was in training.

    The strongest guess without activity, for the mean error. In the unit of the bins.
    """
    center, where = maps.bins.center, np.flatnonzero(maps.visited)
    seen = maps.occupancy > 0
    weight = maps.occupancy[seen]
    mean = [np.linalg.norm(center[seen] - center[n], axis=1) @ weight for n in where]
    return center[where[int(np.argmin(mean))]]


def circular_shifts(
    n_steps: int, n_shifts: int, *, least: int, rng: np.random.Generator
) -> Int[np.ndarray, " shift"]:
    """Different numbers of steps by which to roll the spikes, in order, drawn without repeats.

    Args:
        n_steps: Length of what is rolled.
        n_shifts: How many.
        least: Smallest distance from no shift, either way round; beyond what behavior remembers.
        rng: For the draw.

    Raises:
        InputError: If there are fewer different shifts.
    """
    possible = np.arange(least, n_steps - least + 1)
    if possible.size < n_shifts:
        raise InputError(
            f"`n_shifts` must be at most {possible.size} for {n_steps} steps and a least shift of "
            f"{least}; got {n_shifts}. Use fewer shifts, or a smaller least one."
        )
    return np.sort(rng.choice(possible, n_shifts, replace=False))


def shifted_medians(
    counts: Float[np.ndarray, "time cell"],
    maps: RateMaps,
    true: Float[np.ndarray, "time axis"],
    decoder: AbstractDecoder,
    *,
    dt: float,
    shifts: Int[np.ndarray, " shift"],
) -> Float[np.ndarray, " shift"]:
    """Median error, in the unit of the bins, for spikes rolled in time by each of `shifts`.

    The spikes keep their statistics and lose only their relation to position. Maps stay: for maps
    that were counted from the same recording, use `decode_recording`, which counts them anew.

    Raises:
        InputError: As `decode_counts`.
    """
    return _medians(
        lambda n: decode_counts(np.roll(counts, n, axis=0), maps, decoder, dt=dt).position,
        shifts,
        true,
    )


def shuffled_medians(
    counts: Float[np.ndarray, "time cell"],
    maps: RateMaps,
    true: Float[np.ndarray, "time axis"],
    decoder: AbstractDecoder,
    *,
    dt: float,
    n_draws: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, " draw"]:
    """Median error, in the unit of the bins, when each cell gets another cell's map.

    Raises:
        InputError: If there are fewer than 2 cells, or as `decode_counts`.
    """
    n_cells = len(maps.rate)
    if n_cells < 2:
        raise InputError(
            f"Cells must be at least 2 to change names; got {n_cells}. Use `shifted_medians`."
        )
    orders = np.stack([exchanged(n_cells, rng) for _ in range(n_draws)])
    return _medians(
        lambda order: decode_counts(counts, maps.reordered(order), decoder, dt=dt).position,
        orders,
        true,
    )


def exchanged(n_cells: int, rng: np.random.Generator) -> Int[np.ndarray, " cell"]:
    """An order of the cells in which none keeps its place: a random cycle through all of them."""
    cycle = rng.permutation(n_cells)
    order = np.empty(n_cells, int)
    order[cycle] = np.roll(cycle, 1)
    return order


def _medians(
    decode: Callable[[np.ndarray], np.ndarray], variants: np.ndarray, true: np.ndarray
) -> Float[np.ndarray, " variant"]:
    return np.array([np.nanmedian(path_errors(decode(one), true)) for one in variants])
