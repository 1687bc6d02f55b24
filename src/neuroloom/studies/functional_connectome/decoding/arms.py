"""Decoding of position: a simulated animal in a box and in novel arenas, and a rat on two mazes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import jax
import numpy as np

from neuroloom.analysis.decoding import (
    AbstractDecoder,
    DecodingConfig,
    MaximumLikelihood,
    MotionFilter,
    RateMaps,
    SpatialBins,
    circular_shifts,
    decode_counts,
    decode_recording,
    given_maps,
    guess_by_occupancy,
    guess_evenly,
    path_errors,
    shifted_medians,
    shuffled_medians,
)
from neuroloom.arena import Arena, OrnsteinUhlenbeckMotion, load_arena, novel_arenas, walk
from neuroloom.datasets.rat_place_cells import rat_place_cells
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.functional_connectome.config import FunctionalConnectomeConfig
from neuroloom.studies.functional_connectome.places.cells import (
    EXCHANGED,
    MEAN,
    PUBLISHED,
    PlaceWorld,
    place_students,
    place_world,
)

__all__ = [
    "ARMS",
    "BOX",
    "BY_MOTION",
    "DECODING",
    "DIRECT",
    "EVEN",
    "OCCUPIED",
    "RAT",
    "TRUE",
    "rat_config",
]

DECODING = "decoding"
RAT = "rat"
BOX = "box-1m"
"""Training arena of the animals that are decoded."""
TRUE = "true maps"
DIRECT = "direct from boundary cells"
EVEN = "even guess"
OCCUPIED = "occupancy guess"
SHIFTED = "spikes shifted in time"
SWAPPED = "cells that exchanged maps"
BY_MOTION = "motion filter"
BY_LIKELIHOOD = "maximum likelihood"
WALK_DT = 0.05
LEAST_SHIFT = 20.0  # s
N_DRAWN = 240  # steps of a trajectory that are drawn
QUANTILES = np.linspace(0, 1, 201)
"""Of the errors of a path, kept for their distribution."""


def cells(config: FunctionalConnectomeConfig) -> Sequence[Cell]:
    """One for every world."""
    first = config.first_seed
    return grid(DECODING, seed=range(first, first + config.decoding.n_worlds))


def measure(cell: Cell, config: FunctionalConnectomeConfig, context: Context) -> Measured:
    """Decode in the training box with few to many cells, and in novel arenas with as many."""
    numbers = config.decoding
    world = place_world(cell["seed"], config.places, BOX, max(numbers.n_place))
    students = place_students(world, config.places, context)
    rows: list[Row] = []
    arrays: dict[str, np.ndarray] = {}
    for place, arena in enumerate([world.training, *scaled_arenas(world, numbers.n_arenas)]):
        at_home = arena is world.training
        walked = Walked(world, arena, config, seed=(cell["seed"], place))
        sizes = numbers.n_place if at_home else (numbers.n_compared,)
        for source, rate in walked.sources(students):
            for n in sizes if source != DIRECT else (numbers.n_compared,):
                heard = slice(None) if source == DIRECT else slice(0, n)
                maps = given_maps(rate[heard], walked.bins, inside=walked.inside)
                spikes = walked.boundary_spikes if source == DIRECT else walked.spikes[:, heard]
                for name, decoder in walked.decoders().items():
                    if name != BY_MOTION and not at_home:
                        continue
                    path = decode_counts(spikes, maps, decoder, dt=numbers.dt)
                    at = {"arena": arena.name, "n_cells": n, "decoder": name}
                    error = path_errors(path.position, walked.position)
                    rows += _error_rows(source, error, at)
                    rows.append(Row(source, "silent_steps", path.silent_fraction, "", at))
                    if n != numbers.n_compared or name != BY_MOTION:
                        continue
                    arrays[f"error/{arena.name}/{source}"] = np.quantile(error, QUANTILES)
                    if source in (TRUE, PUBLISHED) and place < 3:
                        arrays[f"{arena.name}/{source}"] = path.position[:N_DRAWN]
        maps = given_maps(
            students[PUBLISHED](walked.boundary_maps).T[: numbers.n_compared].astype(float),
            walked.bins,
            inside=walked.inside,
        )
        if place < 3:
            arrays[f"{arena.name}/true"] = walked.position[:N_DRAWN]
            arrays[f"{arena.name}/walls"] = arena.walls
        at = {"arena": arena.name, "n_cells": numbers.n_compared, "decoder": BY_MOTION}
        n_steps = len(walked.position)
        for name, guess in (
            (EVEN, guess_evenly(maps, n_steps, rng=walked.rng)),
            (OCCUPIED, guess_by_occupancy(walked.occupied(maps), n_steps, rng=walked.rng)),
        ):
            error = path_errors(guess, walked.position)
            rows += _error_rows(name, error, at)
            arrays[f"error/{arena.name}/{name}"] = np.quantile(error, QUANTILES)
        if at_home:
            rows += walked.control_rows(maps, at)
    largest = walked_peaks(world)
    notes = [
        f"place cells fire with at most {np.median(largest):.1f} Hz in the box (median; "
        f"{largest.min():.1f} to {largest.max():.1f})",
        f"novel arenas are those that ship, {scale_of(world):.3g} of their size",
    ]
    return Measured(rows, arrays=arrays, notes=notes)


class Walked:
    """An animal in an arena: where it was, what its cells fired, and bins to decode it in."""

    def __init__(
        self,
        world: PlaceWorld,
        arena: Arena,
        config: FunctionalConnectomeConfig,
        *,
        seed: tuple[int, int],
    ) -> None:
        """Walk and fire."""
        numbers = config.decoding
        self.world, self.arena, self.numbers = world, arena, numbers
        self.rng = np.random.default_rng((*seed, 11))
        every = round(numbers.dt / WALK_DT)
        path = walk(
            arena,
            OrnsteinUhlenbeckMotion(),
            key=jax.random.fold_in(jax.random.key(seed[0]), 100 + seed[1]),
            n_walkers=2,  # the first is decoded; priors are of the second
            n_steps=round(numbers.seconds / WALK_DT),
            dt=WALK_DT,
        ).position[:, ::every]
        self.position = np.asarray(path[0], np.float64)
        self.other = np.asarray(path[1], np.float64)
        self.step_sd = float(np.diff(self.other, axis=0).std())
        low, high = arena.bounds
        shape = np.ceil((high - low) / numbers.bin_size - 1e-9).astype(int)
        self.bins = SpatialBins(tuple(low.tolist()), numbers.bin_size, tuple(shape.tolist()))
        self.inside = np.asarray(arena.contains(self.bins.center))
        here = world.boundary.rates(arena, self.position)
        self.boundary_spikes = self._fired(numbers.boundary_rate * here)
        self.spikes = self._fired(world.place.rates_given(here))
        self.boundary_maps = np.zeros((self.bins.n_bins, here.shape[1]))
        self.boundary_maps[self.inside] = world.boundary.rates(arena, self.bins.center[self.inside])

    def _fired(self, rate: np.ndarray) -> np.ndarray:
        return self.rng.poisson(np.asarray(rate, np.float64) * self.numbers.dt).astype(float)

    def sources(self, students: dict) -> Iterator[tuple[str, np.ndarray]]:
        """Maps that decode: the true ones, those of each student, and boundary cells' own."""
        yield TRUE, self.world.place.rates_given(self.boundary_maps).T.astype(float)
        for name, predict in students.items():
            if name not in (MEAN, EXCHANGED):  # neither says where; exchanges are a control
                yield name, predict(self.boundary_maps).T.astype(float)
        yield DIRECT, self.numbers.boundary_rate * self.boundary_maps.T

    def occupied(self, maps: RateMaps) -> RateMaps:
        """The same maps with the time that another animal spent in each bin."""
        at = self.bins.index(self.other)
        occupancy = np.bincount(at[at >= 0], minlength=self.bins.n_bins) * self.numbers.dt
        return replace(maps, occupancy=np.where(self.inside, occupancy, 0.0))

    def decoders(self) -> dict[str, AbstractDecoder]:
        """By name. Bayes without motion would be the first: occupancy of given maps is even."""
        motion = MotionFilter(self.step_sd, walls=self.arena.walls)
        return {BY_LIKELIHOOD: MaximumLikelihood(), BY_MOTION: motion}

    def control_rows(self, maps: RateMaps, at: dict) -> list[Row]:
        """Medians with spikes shifted in time, and with cells that have each other's maps.

        Args:
            maps: Those that are claimed to be good enough.
            at: Coordinates of the rows.
        """
        numbers, decoder = self.numbers, self.decoders()[BY_MOTION]
        spikes = self.spikes[:, : len(maps.rate)]
        shifts = circular_shifts(
            len(spikes), numbers.n_controls, least=round(LEAST_SHIFT / numbers.dt), rng=self.rng
        )
        shifted = shifted_medians(
            spikes, maps, self.position, decoder, dt=numbers.dt, shifts=shifts
        )
        swapped = shuffled_medians(
            spikes,
            maps,
            self.position,
            decoder,
            dt=numbers.dt,
            n_draws=numbers.n_controls,
            rng=self.rng,
        )
        return [
            Row(name, measure_name, 100 * float(value), "cm", at)
            for name, medians in ((SHIFTED, shifted), (SWAPPED, swapped))
            for measure_name, value in (
                ("median_error", np.median(medians)),
                ("least_median_error", medians.min()),
            )
        ]


def scale_of(world: PlaceWorld) -> float:
    """Size of the training box over that of the published one."""
    published = load_arena("training-box")
    return float(np.ptp(world.training.outline) / np.ptp(published.outline))


def scaled_arenas(world: PlaceWorld, n: int) -> list[Arena]:
    """Novel arenas that ship, spread over their distances, at the size of the training box."""
    every = novel_arenas()
    factor = scale_of(world)
    some = np.linspace(0, len(every) - 1, n).round().astype(int).tolist()
    return [
        Arena(
            every[i][0].name,
            outline=every[i][0].outline * factor,
            barriers=every[i][0].barriers * factor,
        )
        for i in some
    ]


def walked_peaks(world: PlaceWorld) -> np.ndarray:
    """Largest rate of each place cell in the training arena, in Hz."""
    return np.asarray(world.place.rates(world.training, world.training.grid(0.05)).max(0))


def _error_rows(split: str, error: np.ndarray, at: dict) -> list[Row]:
    return [
        Row(split, "median_error", 100 * float(np.median(error)), "cm", at),
        Row(split, "mean_error", 100 * float(error.mean()), "cm", at),
        Row(split, "rms_error", 100 * float(np.sqrt((error**2).mean())), "cm", at),
    ]


def rat_cells(config: FunctionalConnectomeConfig) -> Sequence[Cell]:
    """One for every maze."""
    return grid(RAT, maze=config.decoding.mazes)


def rat_config(config: FunctionalConnectomeConfig) -> DecodingConfig:
    """How the rat is decoded; chosen before, and said in docs/decoding.md."""
    n = config.decoding.n_controls
    return DecodingConfig(
        ("x_pixel", "y_pixel"), "pixel", 10.0, 10.0, 20.0, track=True, n_shifts=n, n_shuffles=n
    )


def measure_rat(cell: Cell, config: FunctionalConnectomeConfig, context: Context) -> Measured:
    """Decode where the rat ran, each block of time by maps that never saw it."""
    recording = rat_place_cells(cell["maze"], dt=0.25, data=context.data)
    found = decode_recording(recording, rat_config(config))
    rows = []
    for row in found.scores.to_dict("records"):
        if row["measure"] in ("median error", "mean error"):
            unit = row["unit"]
            name = str(row["measure"]).replace(" ", "_")
            if unit != found.unit:
                name += "_of_track"
            rows.append(Row(row["arm"], name, row["value"], "" if unit != found.unit else unit))
    table = found.controls
    for arm, control in dict.fromkeys(zip(table["arm"], table["control"], strict=True)):
        its = (table["arm"] == arm) & (table["control"] == control)
        medians = table.loc[its, "median"].to_numpy(float)
        for name, value in (("median_error", np.median(medians)), ("least", medians.min())):
            rows.append(Row(f"{arm}: {control}", name, float(value), found.unit))
    path = found.paths[BY_MOTION].position
    return Measured(
        rows,
        arrays={"true": found.true[:N_DRAWN], "decoded": path[:N_DRAWN]},
        notes=found.audit,
    )


def _seconds(cell: Cell, config: FunctionalConnectomeConfig) -> float:
    numbers = config.decoding
    return config.places.n_steps / 300.0 + numbers.seconds * (5 + numbers.n_arenas) / 150.0


def _rat_seconds(cell: Cell, config: FunctionalConnectomeConfig) -> float:
    return 3.0 + config.decoding.n_controls * 0.7


ARMS = (
    Arm(
        DECODING,
        "An animal walks in a box and in novel arenas; its place cells' spikes say where it is, by "
        "true maps, by maps that students predict, and by boundary-vector cells directly.",
        "even guess, spikes shifted in time, exchanged cells",
        cells,
        measure,
        _seconds,
    ),
    Arm(
        RAT,
        "A rat's hippocampal spikes say where it is on two mazes.",
        "guesses, spikes shifted in time, exchanged cells",
        rat_cells,
        measure_rat,
        _rat_seconds,
        needs=("rat-place-cells",),
    ),
)
