"""Train all students of a sweep, those of one shape as one program."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Int, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.fitting.fit import fit
from neuroloom.fitting.stand_ins.fitted import FittedStandIns, by_shape
from neuroloom.fitting.stand_ins.lesson import Parts, StandInLesson, divide
from neuroloom.fitting.stand_ins.pupil import Pupil, StandInLoss, pupils
from neuroloom.fitting.stand_ins.training import StandInTraining
from neuroloom.networks.stand_ins import AbstractForm, AbstractStandIn, StandInScaling, WiredStandIn
from neuroloom.runs import progress_bar

__all__ = ["draw_students", "fit_stand_ins"]

WARMING = 20
"""One over the part of the steps in which the rate of a student that anneals rises."""


def draw_students(
    forms: Sequence[AbstractForm], lesson: StandInLesson, *, n_seeds: int = 1, key: PRNGKeyArray
) -> list[AbstractStandIn]:
    """Starting points: every seed of the first form, then of the second, and so on.

    Args:
        forms: What kinds of students.
        lesson: For the numbers of inputs and outputs.
        n_seeds: Students of each form.
        key: Randomness; a form's students do not hang on which other forms there are.
    """
    n_inputs, n_outputs = lesson.inputs.shape[-1], lesson.outputs.shape[-1]
    keys = jax.random.split(key, n_seeds)
    return [
        form.draw(n_inputs=n_inputs, n_outputs=n_outputs, key=k) for form in forms for k in keys
    ]


def fit_stand_ins(
    students: Sequence[AbstractStandIn],
    lesson: StandInLesson,
    *,
    rows: Sequence[Int[np.ndarray, "_"]] | None = None,
    training: StandInTraining = StandInTraining(),  # noqa: B008
    rescale: bool = True,
    key: PRNGKeyArray,
    checkpoint: Path | None = None,
    progress: bool = True,
    on_check: Callable[[str], None] | None = None,
) -> FittedStandIns:
    r"""Train students on what a circuit did; what is alike in shape is one compiled program.

    $$L = \Big\langle \big((\hat y_i - y_i) / s_i\big)^2 \Big\rangle$$

    with s the SD of each output over the student's own training rows. Members of a program differ
    in their start, in the units and layers that they use, and in the rows that they see: circuits,
    arenas and amounts of data laid one after the other in `lesson` are a matter of `rows`.

    Args:
        students: Starting points, from `draw_students` or trained before.
        lesson: What the circuit did, or several circuits or arenas, one after the other.
        rows: Rows of the lesson that each student may see, in training and to stop on; default all.
        training: How.
        rescale: Whether mean and SD of inputs and outputs are learned from the student's training
            rows; not for a student that goes on from an earlier fit.
        key: All randomness.
        checkpoint: File to resume from and to write at every check; one more beside it for each
            further program.
        progress: Whether to show a progress bar.
        on_check: Called at every check with a note on the loss.

    Returns:
        Trained students in the order given, without those that diverged.

    Raises:
        InputError: If there is no student, or rows or shapes do not fit.
        SimulationError: If every student of a program diverged.
    """
    lesson = StandInLesson(*map(np.asarray, lesson)).checked()
    rows = [np.arange(len(lesson.inputs))] * len(students) if rows is None else rows
    _check(students, lesson, rows)
    seed = np.asarray(jax.random.key_data(jax.random.fold_in(key, 0))).tolist()
    parts = divide(rows, training.validation, np.random.default_rng(seed))
    if rescale:
        students = [_scaled(s, lesson, part) for s, part in zip(students, parts, strict=True)]
    groups = by_shape(students)
    n_checks = len(groups) * -(-training.n_steps // training.check_every)
    fits = []
    with progress_bar(f"{len(students)} stand-ins", total=n_checks, enabled=progress) as bar:

        def checked(note: str) -> None:
            bar.advance(note=note)
            if on_check is not None:
                on_check(note)

        for number, places in enumerate(groups):
            starts = pupils([students[p] for p in places], lesson, [parts[p] for p in places])
            found = fit(
                starts[0],
                -1 - jnp.arange(training.batch_size),
                StandInLoss(),
                trainable=Pupil.trained,
                own=Pupil.own,
                starts=starts,
                key=jax.random.fold_in(key, number + 1),
                optimizer=_adam(
                    training.learning_rate,
                    training.forgetting,
                    training.n_steps if training.anneals else None,
                ),
                n_steps=training.n_steps,
                validation_trials=jnp.arange(starts[0].aside.size) if training.validation else None,
                patience=training.patience if training.validation else None,
                check_every=training.check_every,
                together=training.together,
                checkpoint=checkpoint and checkpoint.with_name(f"{checkpoint.name}-{number}"),
                progress=False,
                on_check=checked,
            )
            if not found.finished:
                raise KeyboardInterrupt
            fits.append(found)
    return FittedStandIns(tuple(fits), tuple(map(tuple, groups)), tuple(parts))


@cache
def _adam(
    learning_rate: float, forgetting: float, n_steps: int | None
) -> optax.GradientTransformation:
    """One object for one choice, so that a second fit finds its compiled program.

    With `n_steps` the rate rises over the first 1/20 of them and falls to 0 by the last.
    """
    rate = (
        learning_rate
        if n_steps is None
        else optax.warmup_cosine_decay_schedule(
            0.0, learning_rate, warmup_steps=n_steps // WARMING, decay_steps=n_steps
        )
    )
    return optax.adam(rate, b2=1 - forgetting)


def _scaled(student: AbstractStandIn, lesson: StandInLesson, part: Parts) -> AbstractStandIn:
    scaling = StandInScaling.learned(
        lesson.inputs[part.training],
        lesson.outputs[part.training],
        centered=not (isinstance(student, WiredStandIn) and not student.mixes),
    )
    return eqx.tree_at(lambda s: s.scaling, student, scaling)


def _check(students: Sequence[AbstractStandIn], lesson: StandInLesson, rows: Sequence) -> None:
    if not students:
        raise InputError(
            "There must be at least one student; got none. Draw some with `draw_students`."
        )
    if len(rows) != len(students):
        raise InputError(
            f"`rows` must name the rows of each of the {len(students)} students; got {len(rows)} "
            "lists. Leave it out to show everything to all."
        )
    n_rows = len(lesson.inputs)
    for place, own in enumerate(rows):
        if len(own) == 0 or np.min(own) < 0 or np.max(own) >= n_rows:
            raise InputError(
                f"`rows` must be at least one of 0 to {n_rows - 1}; those of student {place} are "
                f"{list(own[:3])}... ({len(own)}). Count the rows of the lesson from 0."
            )
    for place, student in enumerate(students):
        wanted = student.scaling.input_mean.size, student.scaling.output_mean.size
        found = lesson.inputs.shape[-1], lesson.outputs.shape[-1]
        if wanted != found:
            raise InputError(
                f"A lesson must have the inputs and outputs of its students, {wanted}; it has "
                f"{found} (student {place}). Draw students with `draw_students`."
            )
        if student.needs_time and lesson.inputs.ndim != 3:
            raise InputError(
                "A lesson must be (trial, time, input) where a student runs over time, as student "
                f"{place} does; it has {lesson.inputs.ndim} axes. Keep trials and steps apart."
            )
