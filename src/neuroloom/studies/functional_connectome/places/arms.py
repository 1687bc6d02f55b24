"""Maps as students have them: where they learned, elsewhere, and after a few looks."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np

from neuroloom.analysis.maps import (
    center_error,
    global_ssim,
    map_correlation,
    map_r2,
    windowed_ssim,
)
from neuroloom.arena import Arena
from neuroloom.fitting.stand_ins import (
    StandInLesson,
    StandInTraining,
    draw_students,
    fit_rectified,
    fit_stand_ins,
)
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.functional_connectome.config import FunctionalConnectomeConfig
from neuroloom.studies.functional_connectome.places.cells import (
    LINEAR,
    PUBLISHED,
    STUDENTS,
    WIRED,
    PlaceWorld,
    map_step,
    place_students,
    place_world,
    predicting,
    published_form,
    taught_and_novel,
    trained,
)

__all__ = [
    "ARMS",
    "FEW",
    "MAPS",
    "R2_ENOUGH",
    "SCRATCH",
    "SSIM_ENOUGH",
    "TRAINING",
    "WIRED_SCRATCH",
]

MAPS = "place-maps"
FEW = "few-shot"
TRAINING = "training arena"
SCRATCH = "as published, from nothing"
WIRED_SCRATCH = "wired, from nothing"
SSIM_ENOUGH = 0.99
R2_ENOUGH = 0.98
DRAWN = ("circle-3.2m", "four-rooms", "l-shape", "t-maze")
"""Arenas whose maps are kept for the figure."""
N_DRAWN = 3
"""Place cells of the figure."""


def cells(config: FunctionalConnectomeConfig) -> Sequence[Cell]:
    """One for every world."""
    first = config.first_seed
    return grid(MAPS, seed=range(first, first + config.places.n_worlds))


def few_cells(config: FunctionalConnectomeConfig) -> Sequence[Cell]:
    """One for every world."""
    first = config.first_seed
    return grid(FEW, seed=range(first, first + config.places.n_worlds))


def measure(cell: Cell, config: FunctionalConnectomeConfig, context: Context) -> Measured:
    """Draw a world, train students in its arena, and compare maps in every arena."""
    numbers = config.places
    world = place_world(cell["seed"], numbers)
    students = place_students(world, numbers, context)
    taught, novel = taught_and_novel(numbers)
    rows, arrays = [], {}
    step = map_step(world.training, numbers)
    for arena, distance in [(world.training, 0.0), *novel]:
        lattice, inside = arena.lattice(step)
        boundary = world.boundary.rates(arena, lattice[inside])
        true = world.place.rates_given(boundary).astype(np.float64).T
        place = TRAINING if arena is world.training else arena.name
        at = {"arena": place, "distance": round(distance, 6)}
        silent = int((true.max(1) <= 0).sum())
        rows.append(Row("truth", "silent_cells", silent, "cells", at))
        keep = arena is world.training or arena.name in DRAWN
        if keep:
            arrays |= {f"{place}/inside": inside, f"{place}/truth": _drawn(true, inside)}
        for name, predict in students.items():
            maps = predict(boundary).astype(np.float64).T
            rows += _map_rows(name, maps, true, lattice, inside, at)
            if keep and name in (LINEAR, PUBLISHED, WIRED):
                arrays[f"{place}/{name}"] = _drawn(maps, inside)
            if arena is world.training:
                rows += _every_cell(name, maps, true, at)
    notes = [
        f"students of several arenas were taught in {', '.join(a.name for a in taught)}, where "
        "nobody is scored",
        *(f"{name}: {what}" for name, what in STUDENTS.items()),
    ]
    return Measured(rows, arrays=arrays, notes=notes)


def _drawn(maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Maps of the first cells on the lattice; NaN outside."""
    found = np.full((N_DRAWN, *inside.shape), np.nan, np.float32)
    found[:, inside] = maps[:N_DRAWN]
    return found


def _map_rows(
    name: str,
    maps: np.ndarray,
    true: np.ndarray,
    lattice: np.ndarray,
    inside: np.ndarray,
    at: dict[str, str | float],
) -> list[Row]:
    """Medians over place cells that fire somewhere in the arena; NaN where none does."""
    r2 = map_r2(maps, true)
    fires = np.isfinite(r2)
    on_lattice = []
    for values in (maps, true):
        whole = np.zeros((len(values), *inside.shape))
        whole[:, inside] = values
        on_lattice.append(whole)
    position = lattice[inside]
    found = {
        "map_r": (map_correlation(maps, true), ""),
        "r2": (r2, ""),
        "normalized_error": (1 - r2, ""),
        "mse": (np.where(fires, ((maps - true) ** 2).mean(1), np.nan), "Hz^2"),
        "ssim": (np.where(fires, global_ssim(maps, true), np.nan), ""),
        "windowed_ssim": (
            np.where(fires, windowed_ssim(on_lattice[0], on_lattice[1], inside), np.nan),
            "",
        ),
        "center_error": (center_error(maps, true, position), "m"),
    }
    rows = []
    for measure_name, (values, unit) in found.items():
        known = values[np.isfinite(values)]
        rows.append(
            Row(name, measure_name, float(np.median(known)) if known.size else np.nan, unit, at)
        )
    return rows


def _every_cell(name: str, maps: np.ndarray, true: np.ndarray, at: dict) -> list[Row]:
    """Whether every place cell is as it should be in the training arena."""
    r2, ssim = map_r2(maps, true), global_ssim(maps, true)
    fires = np.isfinite(r2)
    good = (r2[fires] >= R2_ENOUGH) & (ssim[fires] >= SSIM_ENOUGH)
    return [
        Row(name, "share_of_cells_good", float(good.mean()), "", at),
        Row(name, "least_r2", float(r2[fires].min()), "", at),
        Row(name, "least_ssim", float(ssim[fires].min()), "", at),
    ]


def measure_few(cell: Cell, config: FunctionalConnectomeConfig, context: Context) -> Measured:
    """Let students look at a few positions of novel arenas, and compare maps again."""
    numbers = config.places
    world = place_world(cell["seed"], numbers)
    _, novel = taught_and_novel(numbers)
    some = np.linspace(0, len(novel) - 1, numbers.n_few_arenas).round().astype(int).tolist()
    arenas = [novel[i][0] for i in some]
    seen = [n for n in numbers.n_seen if n > 0]
    lessons = [_lesson(world, arena, max(seen), cell["seed"]) for arena in arenas]
    together = StandInLesson(
        np.concatenate([one.inputs for one in lessons]),
        np.concatenate([one.outputs for one in lessons]),
    )
    shown = [(a, n) for a in range(len(arenas)) for n in seen]
    where = [a * max(seen) + np.arange(n) for a, n in shown]
    before = trained(world, PUBLISHED, numbers, context)
    key = jax.random.fold_in(jax.random.key(cell["seed"]), 2)
    fresh = draw_students([published_form(numbers)], together, n_seeds=len(shown), key=key)
    answers = {}
    for name, start, rescale in (
        (PUBLISHED, [before] * len(shown), False),
        (SCRATCH, fresh, True),
    ):
        fit = fit_stand_ins(
            start,
            together,
            rows=where,
            training=StandInTraining(n_steps=numbers.n_few_steps, validation=0.0),
            rescale=rescale,
            key=key,
            progress=context.progress,
        )
        answers |= {(name, *shown[place]): fit.student(place) for place in fit.kept}
    rows = []
    for a, arena in enumerate(arenas):
        boundary = world.boundary.rates(arena, arena.grid(map_step(world.training, numbers)))
        true = world.place.rates_given(boundary).astype(np.float64).T
        first = [(0, PUBLISHED, before)] if 0 in numbers.n_seen else []
        tried = [
            *first,
            *(
                (n, name, answers[name, a, n])
                for n in seen
                for name in (PUBLISHED, SCRATCH)
                if (name, a, n) in answers
            ),
            *(
                (n, WIRED_SCRATCH, fit_rectified(together, world.place.connected, rows=rows_of))
                for (b, n), rows_of in zip(shown, where, strict=True)
                if b == a
            ),
        ]
        for n, name, student in tried:
            maps = predicting(student)(boundary).astype(np.float64).T
            at = {"arena": arena.name, "n_seen": n}
            r2, r = map_r2(maps, true), map_correlation(maps, true)
            known = np.isfinite(r2)
            if known.any():
                rows.append(Row(name, "normalized_error", float(np.median(1 - r2[known])), "", at))
                rows.append(Row(name, "map_r", float(np.median(r[known])), "", at))
    return Measured(rows)


def _lesson(world: PlaceWorld, arena: Arena, n: int, seed: int) -> StandInLesson:
    """The first positions of an animal that is put down anywhere, again and again."""
    rng = np.random.default_rng((seed, 7))
    low, high = arena.bounds
    drawn = rng.uniform(low, high, size=(100 * n, 2))
    position = drawn[arena.contains(drawn)][:n]
    rates = world.boundary.rates(arena, position)
    return StandInLesson(rates, world.place.rates_given(rates))


def _seconds(cell: Cell, config: FunctionalConnectomeConfig) -> float:
    numbers = config.places
    return 4.0 + numbers.n_steps / 200.0


def _few_seconds(cell: Cell, config: FunctionalConnectomeConfig) -> float:
    numbers = config.places
    return 3.0 + numbers.n_few_arenas * len(numbers.n_seen) * numbers.n_few_steps / 250.0


ARMS = (
    Arm(
        MAPS,
        "Students learn what place cells do in one box, and draw their maps there and in arenas "
        "that they have never seen.",
        "mean maps, exchanged cells, ridge regression, another cell's wiring",
        cells,
        measure,
        _seconds,
    ),
    Arm(
        FEW,
        "Students look at a few positions of a novel arena, and draw its maps again.",
        "the same student without the training arena",
        few_cells,
        measure_few,
        _few_seconds,
    ),
)
