"""Students of the four circuits, of many sizes, and with little data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from neuroloom.analysis.explained import explained
from neuroloom.connectome import rewire_within_type
from neuroloom.fitting.stand_ins import (
    StandInLesson,
    StandInTraining,
    draw_students,
    fit_linear,
    fit_stand_ins,
)
from neuroloom.networks.circuits import CircuitKind
from neuroloom.networks.stand_ins import (
    AbstractForm,
    AbstractStandIn,
    AsPublishedForm,
    GruForm,
    MlpForm,
    WiredForm,
    depends_on_past,
    respond,
)
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.functional_connectome.circuits.config import CircuitsConfig, HasCircuits
from neuroloom.studies.functional_connectome.circuits.drawn import (
    PUBLISHED,
    SCALED,
    Shown,
    shown,
)

__all__ = [
    "ARMS",
    "CIRCUITS",
    "EFFICIENCY",
    "GRU",
    "LINEAR",
    "MEAN",
    "MLP",
    "ONE_LAYER",
    "REWIRED",
    "SHUFFLED",
    "SIZES",
    "WIRED",
    "score_rows",
]

CIRCUITS = "circuits"
SIZES = "student-size"
EFFICIENCY = "data-efficiency"
MEAN = "predict-mean"
SHUFFLED = "MLP, answers of other trials"
LINEAR = "linear"
ONE_LAYER = "as published, static"
MLP = "MLP"
GRU = "GRU"
WIRED = "wired"
REWIRED = "rewired"
N_GUARD = 16
"""Trials with which the guard looks for a use of the past."""


def cells(config: HasCircuits) -> Sequence[Cell]:
    """One for every kind of circuit in both forms; a cell has all seeds."""
    return grid(CIRCUITS, kind=[kind.value for kind in CircuitKind], form=[SCALED, PUBLISHED])


def size_cells(config: HasCircuits) -> Sequence[Cell]:
    """One for every kind of circuit, scaled."""
    return grid(SIZES, kind=[kind.value for kind in CircuitKind])


def amount_cells(config: HasCircuits) -> Sequence[Cell]:
    """One for every seed."""
    first = config.first_seed
    return grid(EFFICIENCY, seed=range(first, first + config.n_seeds))


def score_rows(
    name: str, answer: np.ndarray, one: Shown, at: dict, training: np.ndarray
) -> tuple[list[Row], np.ndarray]:
    """How well a student does on held-out trials, and the fraction explained of every output.

    Explained is against the mean of the `training` trials that the student saw; the squared error
    is in variances over all training trials, so that its unit is one for all amounts of data.
    """
    measured = one.test[1]
    found = explained(answer, measured, training.mean((0, 1)))
    sd = one.training[1].std((0, 1))
    error = ((answer - measured) ** 2).mean((0, 1)) / np.where(sd > 0, sd, 1) ** 2
    live = ~found.dead
    middle, mean = (np.median(error[live]), error[live].mean()) if live.any() else (np.nan, np.nan)
    rows = [
        Row(name, "fve", found.median, "", at),
        Row(name, "mean_fve", found.mean, "", at),
        Row(name, "mse", float(middle), "variance", at),  # the median over outputs, as of `fve`
        Row(name, "mean_mse", float(mean), "variance", at),
        Row(name, "dead_outputs", found.n_dead, "outputs", at),
    ]
    return rows, found.fve


def _file(context: Context, name: str) -> Path:
    """A checkpoint for each kind of student, beside that of the cell and removed with it."""
    words = "".join(letter if letter.isalnum() else "-" for letter in name)
    return context.checkpoint.with_name(f"{context.checkpoint.name}-{words}")


def _together(many: Sequence[Shown]) -> tuple[StandInLesson, list[np.ndarray]]:
    """Training trials of all circuits, one after the other, and which are whose."""
    lesson = StandInLesson(
        *(np.concatenate(v) for v in zip(*(s.training for s in many), strict=True))
    )
    n = len(many[0].training[0])
    return lesson, [i * n + np.arange(n) for i in range(len(many))]


def _taught(
    form: AbstractForm | Sequence[AbstractForm],
    many: Sequence[Shown],
    config: CircuitsConfig,
    context: Context,
    name: str,
    *,
    n_steps: int,
    mixed: bool = False,
) -> list[AbstractStandIn]:
    """A student of each circuit, all as one program; `mixed`: answers are those of other trials."""
    lesson, rows = _together(many)
    if mixed:
        outputs = lesson.outputs.copy()
        for own in rows:
            outputs[own] = np.roll(outputs[own], 1, axis=0)
        lesson = StandInLesson(lesson.inputs, outputs)
    forms = [form] * len(many) if isinstance(form, AbstractForm) else form
    starts = [
        draw_students([own], lesson, key=jax.random.fold_in(one.key, 0))[0]
        for own, one in zip(forms, many, strict=True)
    ]
    fit = fit_stand_ins(
        starts,
        lesson,
        rows=rows,
        training=StandInTraining(
            n_steps=n_steps,
            batch_size=config.batch,
            learning_rate=config.learning_rate,
            forgetting=config.forgetting,
            anneals=True,
            patience=None,
            together=5 if config.width <= 64 else 1,
        ),
        key=jax.random.fold_in(many[0].key, 1),
        checkpoint=_file(context, name),
        progress=context.progress,
    )
    return [fit.student(i) for i in range(len(many))]


def measure(cell: Cell, config: HasCircuits, context: Context) -> Measured:
    """Teach every kind of student the circuits of one kind and form."""
    numbers = config.circuits
    kind, form = CircuitKind(cell["kind"]), cell["form"]
    seeds = range(config.first_seed, config.first_seed + config.n_seeds)
    many = [shown(kind, form, seed, numbers) for seed in seeds]
    h, n = numbers.width, numbers.depth
    students: dict[str, list[AbstractStandIn]] = {
        LINEAR: [fit_linear(StandInLesson(*one.training)) for one in many],
        ONE_LAYER: _taught(
            AsPublishedForm(h), many, numbers, context, ONE_LAYER, n_steps=numbers.n_steps
        ),
        MLP: _taught(MlpForm(h, n), many, numbers, context, MLP, n_steps=numbers.n_steps),
        SHUFFLED: _taught(
            MlpForm(h, n), many, numbers, context, SHUFFLED, n_steps=numbers.n_steps, mixed=True
        ),
        GRU: _taught(GruForm(h, n), many, numbers, context, GRU, n_steps=numbers.n_steps),
    }
    if form == SCALED:
        some = many[: numbers.n_wired]
        rng = np.random.default_rng(config.first_seed)
        wirings = {
            WIRED: [one.connectome for one in some],
            REWIRED: [rewire_within_type(one.connectome, rng=rng) for one in some],
        }
        for name, wiring in wirings.items():
            forms = [WiredForm(own) for own in wiring]
            students[name] = _taught(
                forms, some, numbers, context, name, n_steps=numbers.n_wired_steps
            )
    rows: list[Row] = []
    arrays: dict[str, np.ndarray] = {}
    for i, (seed, one) in enumerate(zip(seeds, many, strict=True)):
        at = {"seed": seed}
        training = one.training[1]
        level = np.broadcast_to(training.mean((0, 1)), one.test[1].shape)
        rows += score_rows(MEAN, level, one, at, training)[0]
        for name, taught in students.items():
            if i < len(taught):
                answer = np.asarray(respond(taught[i], jnp.asarray(one.test[0])))
                found, fve = score_rows(name, answer, one, at, training)
                rows += found
                past = depends_on_past(
                    partial(respond, taught[i]), jnp.asarray(one.test[0][:N_GUARD])
                )
                rows.append(Row(name, "uses_past", int(past), "", at))
                arrays[f"fve/{name}/{i:03d}"] = fve
    first = many[0]
    arrays["layer"] = first.connectome.column("layer")
    arrays["pre"], arrays["post"] = first.connectome.pre, first.connectome.post
    arrays["weight"] = first.connectome.sign * first.connectome.count
    return Measured(rows, arrays)


def measure_sizes(cell: Cell, config: HasCircuits, context: Context) -> Measured:
    """Teach MLPs of every width and depth as one program."""
    numbers = config.circuits
    seeds = range(config.first_seed, config.first_seed + numbers.n_sized)
    one_each = [shown(CircuitKind(cell["kind"]), SCALED, seed, numbers) for seed in seeds]
    sizes = [(w, d) for w in numbers.widths for d in numbers.depths]
    room = max(numbers.widths), max(numbers.depths)
    members = [
        (one, seed, w, d) for one, seed in zip(one_each, seeds, strict=True) for w, d in sizes
    ]
    lesson, rows = _together(one_each)
    starts = [
        draw_students([MlpForm(w, d, *room)], lesson, key=jax.random.fold_in(one.key, 0))[0]
        for one, _, w, d in members
    ]
    fit = fit_stand_ins(
        starts,
        lesson,
        rows=[rows[i] for i in range(len(one_each)) for _ in sizes],
        training=StandInTraining(
            n_steps=numbers.n_steps,
            batch_size=numbers.batch,
            learning_rate=numbers.learning_rate,
            forgetting=numbers.forgetting,
            anneals=True,
            patience=None,
        ),
        key=jax.random.fold_in(one_each[0].key, 2),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    found: list[Row] = []
    for i, (one, seed, w, d) in enumerate(members):
        answer = np.asarray(respond(fit.student(i), jnp.asarray(one.test[0])))
        at = {"seed": seed, "width": w, "depth": d}
        found += score_rows(MLP, answer, one, at, one.training[1])[0]
    return Measured(found)


def measure_amounts(cell: Cell, config: HasCircuits, context: Context) -> Measured:
    """Teach students of the complex circuit with few trials and with many."""
    numbers = config.circuits
    most = max(numbers.amounts)
    one = shown(
        CircuitKind.COMPLEX,
        SCALED,
        cell["seed"],
        numbers,
        n_training=most,
        n_bins=numbers.n_amount_bins,
    )
    lesson = StandInLesson(*one.training)
    owns = [np.arange(n) for n in numbers.amounts]
    rows: list[Row] = []
    for name, form in (
        (ONE_LAYER, AsPublishedForm(numbers.width)),
        (MLP, MlpForm(numbers.width, numbers.depth)),
    ):
        starts = draw_students([form] * len(owns), lesson, key=jax.random.fold_in(one.key, 0))
        fit = fit_stand_ins(
            starts,
            lesson,
            rows=owns,
            training=StandInTraining(
                n_steps=numbers.n_amount_steps,
                batch_size=2 * numbers.batch,
                learning_rate=numbers.learning_rate,
                forgetting=numbers.forgetting,
                anneals=True,
                patience=None,
            ),
            key=jax.random.fold_in(one.key, 1),
            checkpoint=_file(context, name),
            progress=context.progress,
        )
        answers = fit.respond(one.test[0])
        for n, own, answer in zip(numbers.amounts, owns, answers, strict=True):
            at = {"n_trials": n}
            rows += score_rows(name, answer, one, at, one.training[1][own])[0]
    for n, own in zip(numbers.amounts, owns, strict=True):
        at = {"n_trials": n}
        training = one.training[1][own]
        level = np.broadcast_to(training.mean((0, 1)), one.test[1].shape)
        rows += score_rows(MEAN, level, one, at, training)[0]
        student = fit_linear(lesson, rows=own)
        answer = np.asarray(respond(student, jnp.asarray(one.test[0])))
        rows += score_rows(LINEAR, answer, one, at, training)[0]
    return Measured(rows)


def _seconds(cell: Cell, config: HasCircuits) -> float:
    c = config.circuits
    step = 3e-9 * c.batch * c.n_bins * c.width**2 / 16
    gru = 8 * step * c.n_steps * config.n_seeds
    return 5 + gru


def _size_seconds(cell: Cell, config: HasCircuits) -> float:
    c = config.circuits
    units = sum(w * w * d for w in c.widths for d in c.depths)
    return 4 + 1e-10 * c.batch * c.n_bins * units * c.n_steps * c.n_sized


def _amount_seconds(cell: Cell, config: HasCircuits) -> float:
    c = config.circuits
    step = 1.5e-10 * 2 * c.batch * c.n_amount_bins * c.width**2 * c.depth
    return 1 + step * c.n_amount_steps * len(c.amounts)


ARMS = (
    Arm(
        CIRCUITS,
        "Students learn four kinds of circuits, scaled and as published, from trials of spikes.",
        "predict-mean, linear ridge, an MLP taught the answers of other trials, a rewired student",
        cells,
        measure,
        _seconds,
    ),
    Arm(
        SIZES,
        "MLPs of every width and depth learn scaled circuits as one program.",
        "each other",
        size_cells,
        measure_sizes,
        _size_seconds,
    ),
    Arm(
        EFFICIENCY,
        "Students of the complex circuit see from one trial to thousands.",
        "predict-mean and linear ridge with the same trials",
        amount_cells,
        measure_amounts,
        _amount_seconds,
    ),
)
