"""Steps in which an animal ran, folds over them, and how far it goes in a step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from neuroloom.analysis.decoding.rate_maps import RateMaps
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording

__all__ = ["Running", "running_steps", "track_length"]


@dataclass(frozen=True, eq=False)
class Running:
    """The steps in which the animal ran, trials one after the other.

    Attributes:
        counts: Spikes per step.
        position: In the unit of the behavior.
        clock: Number of the step in the recording; it skips at the end of a trial.
        time: In seconds, on the clock of the step's own trial.
        starts: Steps that begin a run: none within a pause before.
        dt: Seconds per step.
    """

    counts: Float[np.ndarray, "time cell"]
    position: Float[np.ndarray, "time axis"]
    clock: Int[np.ndarray, " time"]
    time: Float[np.ndarray, " time"]
    starts: Bool[np.ndarray, " time"]
    dt: float

    def folds(self, n_folds: int, gap: float) -> list[tuple[np.ndarray, slice]]:
        """For each block of running steps in turn: which steps to train on, and the block.

        Blocks are as equal as they can be. Training steps within `gap` seconds of the block, on
        the recording's clock, are left out.

        Raises:
            InputError: If there are fewer running steps than folds, fewer than 2 folds, or no
                training step is left.
        """
        n_steps = len(self.counts)
        if not 2 <= n_folds <= n_steps:
            raise InputError(
                f"`n_folds` must be at least 2 and at most the {n_steps} running steps; got "
                f"{n_folds}. Use fewer folds or a lower `least_speed`."
            )
        edges = np.arange(n_folds + 1) * n_steps // n_folds
        n_gap = int(np.ceil(gap / self.dt - 1e-9))
        folds = []
        for first, last in itertools.pairwise(edges):
            low, high = self.clock[first] - n_gap, self.clock[last - 1] + n_gap
            training = (self.clock < low) | (self.clock > high)
            training[first:last] = False
            if not training.any():
                raise InputError(
                    f"Each fold must keep running steps to train on; a gap of {gap} s leaves none. "
                    "Use a shorter gap."
                )
            folds.append((training, slice(int(first), int(last))))
        return folds

    def step_sd(self, training: Bool[np.ndarray, " time"]) -> float:
        """Standard deviation of the displacement in a step along one axis, in unit of positions.

        Over successive training steps, without the fastest 1 % (a tracker's jumps).

        Raises:
            InputError: If the animal does not move, or no two training steps follow each other.
        """
        follows = training[1:] & training[:-1] & (np.diff(self.clock) == 1)
        squares = (np.diff(self.position, axis=0)[follows] ** 2).sum(axis=1)
        if squares.size:
            squares = squares[squares <= np.quantile(squares, 0.99)]
        moved = float(np.sqrt(squares.mean() / self.position.shape[1])) if squares.size else 0.0
        if not moved > 0:
            raise InputError(
                f"The animal must move between successive training steps; it does not in "
                f"{squares.size}. Lower `least_speed`, or use fewer folds."
            )
        return moved


def running_steps(
    recording: Recording,
    position: tuple[str, ...],
    *,
    least_speed: float,
    speed_window: float,
    pause: float = 1.0,
) -> Running:
    """The steps in which the animal moved at least at a given speed.

    Speed is the straight distance over a centered window divided by its length. Steps whose
    position or speed is not known are left out.

    Args:
        recording: Spike counts, with the position in its behavior.
        position: Names of one or two variables of behavior: x, then y.
        least_speed: In the unit of positions per second.
        speed_window: In seconds; at least two steps are used.
        pause: Rests up to this long, in seconds, do not end a run. A new trial always does.

    Raises:
        InputError: If the recording has no such behavior or no spike counts, or no step is left.
    """
    if recording.kind != "spike_count" or recording.dt is None:
        raise InputError(
            f"`recording` must hold spike counts to be decoded; it holds `{recording.kind}`. For "
            "rates or calcium use `decode_regression`."
        )
    if len(position) not in (1, 2):
        raise InputError(
            f"`position` must name one or two variables of behavior; got {len(position)}. Name x, "
            "then y."
        )
    for name in position:
        if name not in recording.behavior:
            raise InputError(
                f"`position` must name variables of behavior; there is no `{name}`. "
                f"{nearest(name, recording.behavior)}"
            )
    where = np.stack([recording.behavior[name] for name in position], axis=-1)
    half = max(1, round(speed_window / recording.dt / 2))
    speed = np.full(where.shape[:2], np.nan)
    if where.shape[1] > 2 * half:
        step = np.linalg.norm(where[:, 2 * half :] - where[:, : -2 * half], axis=-1)
        speed[:, half:-half] = step / (2 * half * recording.dt)
    with np.errstate(invalid="ignore"):
        runs = (speed >= least_speed) & np.isfinite(where).all(axis=-1)
    if not runs.any():
        raise InputError(
            f"The animal must run at {least_speed} or more per second at some step; the fastest of "
            f"{speed.size} is {np.nanmax(speed, initial=0.0):.3g}. Lower `least_speed`; it is in "
            "the unit of positions."
        )
    trial, step = np.nonzero(runs)
    n_pause = max(0, round(pause / recording.dt))
    clock = trial * (recording.n_steps + n_pause + 1) + step
    return Running(
        counts=recording.activity[runs],
        position=where[runs],
        clock=clock,
        time=recording.time[step],
        starts=np.diff(clock, prepend=-n_pause - 2) > n_pause + 1,
        dt=recording.dt,
    )


def track_length(maps: RateMaps) -> float:
    """Longest of the shortest paths through visited bins, in the unit of the bins.

    Bins within two steps along each axis are joined by straight lines. Of several connected parts,
    the one occupied longest counts.
    """
    place = np.flatnonzero(maps.visited)
    number = np.full(maps.bins.n_bins, -1)
    number[place] = np.arange(place.size)
    grid = np.pad(number.reshape(maps.bins.shape), 2, constant_values=-1)
    rows, columns, values = [], [], []
    for offset in np.ndindex(*(5,) * grid.ndim):
        move = np.array(offset) - 2
        moved = np.roll(grid, tuple(move), axis=tuple(range(grid.ndim)))
        pair = (grid >= 0) & (moved >= 0)
        rows.append(grid[pair])
        columns.append(moved[pair])
        values.append(np.full(pair.sum(), np.linalg.norm(move) * maps.bins.size))
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    distance = shortest_path(coo_array(entries, shape=(place.size,) * 2).tocsr(), directed=False)
    reached = np.isfinite(distance)
    weight = reached @ maps.occupancy[place]
    main = reached[int(np.argmax(weight))]
    return float(distance[np.ix_(main, main)].max())
