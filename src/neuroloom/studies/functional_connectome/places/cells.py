"""Worlds of boundary-vector and place cells, and students of them that all parts share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from neuroloom.arena import Arena, BoundaryCells, PlaceCells, load_arena, novel_arenas
from neuroloom.fitting.stand_ins import (
    StandInLesson,
    StandInTraining,
    draw_students,
    fit_linear,
    fit_rectified,
    fit_stand_ins,
)
from neuroloom.networks.stand_ins import AbstractStandIn, MlpForm, respond
from neuroloom.studies.framework import Context
from neuroloom.studies.functional_connectome.places.config import PlacesConfig

__all__ = [
    "ALL_INPUTS",
    "EXCHANGED",
    "LINEAR",
    "MEAN",
    "PUBLISHED",
    "REWIRED",
    "SEVERAL",
    "STUDENTS",
    "WIRED",
    "PlaceWorld",
    "map_step",
    "place_students",
    "place_world",
    "predicting",
    "published_form",
    "taught_and_novel",
    "trained",
    "training_lesson",
]

MEAN = "mean map"
EXCHANGED = "cells exchanged"
LINEAR = "linear"
PUBLISHED = "as published"
SEVERAL = "several arenas"
WIRED = "wired"
REWIRED = "rewired"
ALL_INPUTS = "threshold, no wiring"
STUDENTS = {
    MEAN: "every place cell at its mean rate of the training arena",
    EXCHANGED: "the true maps, each of another place cell",
    LINEAR: "ridge regression",
    PUBLISHED: "layers of rectified units, trained in the training arena",
    SEVERAL: "the same student and as many positions, an eighth in each of eight arenas",
    ALL_INPUTS: "one threshold a cell, weights from all boundary-vector cells",
    REWIRED: "one threshold a cell, weights where another cell's connections are: null wiring",
    WIRED: "one threshold a cell, weights where connections are",
}
"""What is held side by side, and what it is."""

ROOM = 1_024
"""Positions that a student answers at once."""

BoundaryRates = Float[np.ndarray, "position pre"]
PlaceRates = Float[np.ndarray, "position post"]
Predict = Callable[[BoundaryRates], PlaceRates]


class PlaceWorld(NamedTuple):
    """Cells of one animal.

    Attributes:
        boundary: Boundary-vector cells, whose preferred distances are up to the longer side of the
            training arena.
        place: Place cells that they drive, with thresholds of the training arena.
        training: The arena in which students are trained.
        seed: Of the draw.
    """

    boundary: BoundaryCells
    place: PlaceCells
    training: Arena
    seed: int


def place_world(
    seed: int, config: PlacesConfig, training: str = "training-box", n_place: int | None = None
) -> PlaceWorld:
    """Cells drawn as published, by their seed.

    Args:
        seed: Decides the draw.
        config: Numbers of the part.
        training: Arena that ships, such as the published `training-box` of 3.2 m, or `box-1m`.
        n_place: Place cells; default those of the config.
    """
    arena = load_arena(training)
    low, high = arena.bounds
    for_boundary, for_place = jax.random.split(jax.random.key(seed))
    boundary = BoundaryCells.draw(
        config.n_boundary, furthest=float((high - low).max()), key=for_boundary, s0=config.s0
    )
    place = PlaceCells.draw(
        config.n_place if n_place is None else n_place,
        boundary,
        arena,
        key=for_place,
        n_inputs=config.n_inputs,
        fraction=config.fraction,
        step=map_step(arena, config),
        gain=config.gain,
    )
    return PlaceWorld(boundary, place, arena, seed)


def map_step(training: Arena, config: PlacesConfig) -> float:
    """Width of a bin of every map in m, from the training arena."""
    low, high = training.bounds
    return float((high - low).max()) / config.n_bins


@cache
def taught_and_novel(config: PlacesConfig) -> tuple[list[Arena], list[tuple[Arena, float]]]:
    """Arenas that the student of several arenas is taught, and those that nobody has seen.

    The first are spread evenly over the distances from the training box.
    """
    every = novel_arenas()
    places = np.linspace(0, len(every) - 1, config.n_taught).round().astype(int).tolist()
    novel = [pair for i, pair in enumerate(every) if i not in places]
    return [every[i][0] for i in places], novel


def training_lesson(world: PlaceWorld, config: PlacesConfig) -> StandInLesson:
    """What place cells do at random positions of the training arena."""
    return _lesson(world, [world.training], config.n_positions, config)


def _lesson(
    world: PlaceWorld, arenas: list[Arena], n_positions: int, config: PlacesConfig
) -> StandInLesson:
    """As many positions in every arena, drawn by the world's seed."""
    rng = np.random.default_rng((world.seed, config.n_positions, len(arenas)))
    inputs = []
    for arena in arenas:
        low, high = arena.bounds
        found = np.zeros((0, 2))
        while len(found) < n_positions:
            drawn = rng.uniform(low, high, size=(2 * n_positions, 2))
            found = np.concatenate([found, drawn[arena.contains(drawn)]])
        inputs.append(world.boundary.rates(arena, found[:n_positions]))
    rates = np.concatenate(inputs)
    return StandInLesson(rates, world.place.rates_given(rates))


def published_form(config: PlacesConfig) -> MlpForm:
    """The published student: layers of rectified units."""
    return MlpForm(width=config.width, depth=config.depth)


def place_students(world: PlaceWorld, config: PlacesConfig, context: Context) -> dict[str, Predict]:
    """Each student by its name: from rates of boundary-vector cells to rates of place cells.

    Those that are trained by descent are trained once, whichever part asks first; `SEVERAL` is only
    there in worlds of the published training box, since arenas that ship are of its size.

    Args:
        world: Of `place_world`.
        config: Numbers of the part.
        context: Of the cell.
    """
    lesson = training_lesson(world, config)
    mean = lesson.outputs.mean(0)
    found: dict[str, Predict] = {
        MEAN: lambda rates: np.tile(mean, (len(rates), 1)),
        EXCHANGED: lambda rates: np.roll(world.place.rates_given(rates), 1, axis=1),
        LINEAR: predicting(fit_linear(lesson)),
        PUBLISHED: predicting(trained(world, PUBLISHED, config, context)),
    }
    if world.training.name == load_arena("training-box").name:
        found[SEVERAL] = predicting(trained(world, SEVERAL, config, context))
    connected = world.place.connected
    for name, wiring in (
        (ALL_INPUTS, np.ones_like(connected)),
        (REWIRED, np.roll(connected, 1, axis=0)),  # as many connections of and to every cell
        (WIRED, connected),
    ):
        found[name] = predicting(fit_rectified(lesson, wiring))
    return found


def trained(
    world: PlaceWorld, name: str, config: PlacesConfig, context: Context
) -> AbstractStandIn:
    """The published student, taught in the training arena or in several; trained once.

    Args:
        world: Of `place_world`.
        name: `PUBLISHED` or `SEVERAL`.
        config: Numbers of the part.
        context: Of the cell.
    """
    arenas = [world.training, *(taught_and_novel(config)[0] if name == SEVERAL else [])]
    key = jax.random.key(world.seed)
    kept = replace(config, n_worlds=1, n_seen=(), n_few_arenas=0, n_few_steps=0)  # no part of it

    def lesson() -> StandInLesson:
        return _lesson(world, arenas, config.n_positions // len(arenas), config)

    def learned() -> dict[str, np.ndarray]:
        shown = lesson()
        start = draw_students([published_form(config)], shown, key=key)
        fit = fit_stand_ins(
            start,
            shown,
            training=StandInTraining(
                n_steps=config.n_steps,
                learning_rate=config.learning_rate,
                forgetting=config.forgetting,
                anneals=True,
                patience=None,
            ),
            key=jax.random.fold_in(key, 1),
            checkpoint=context.checkpoint.with_name(  # removed with the cell's own
                f"{context.checkpoint.name}-{name.replace(' ', '-')}"
            ),
            progress=context.progress,
        )
        leaves = jax.tree.leaves(eqx.filter(fit.student(0), eqx.is_array))
        return {f"leaf-{i:02d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}

    parts = (world.seed, world.training.name, world.place.n_neurons, name, kept)
    arrays = context.cached("place-student", parts, learned)
    n_inputs, n_outputs = world.boundary.n_neurons, world.place.n_neurons
    template = published_form(config).draw(n_inputs=n_inputs, n_outputs=n_outputs, key=key)
    shape, rest = eqx.partition(template, eqx.is_array)
    leaves = [jnp.asarray(arrays[name]) for name in sorted(arrays)]
    return eqx.combine(jax.tree.unflatten(jax.tree.structure(shape), leaves), rest)


def predicting(student: AbstractStandIn) -> Predict:
    """What it answers to rates of boundary-vector cells; a rate is at least 0.

    Args:
        student: Trained.
    """

    def rates(boundary: BoundaryRates) -> PlaceRates:
        n = len(boundary)
        room = np.zeros((-(-n // ROOM) * ROOM, boundary.shape[1]))  # few sizes, few programs
        room[:n] = boundary
        return np.maximum(np.asarray(respond(student, jnp.asarray(room, float)))[:n], 0)

    return rates
