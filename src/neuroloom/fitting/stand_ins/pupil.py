"""A student beside the rows that it may see, in the form that one program trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuroloom.fitting.losses import squared_error
from neuroloom.fitting.stand_ins.lesson import Parts, StandInLesson
from neuroloom.networks.stand_ins import AbstractStandIn

__all__ = ["Pupil", "Respond", "StandInLoss", "pupils"]


class Pupil(eqx.Module):
    """A student and its rows; the lesson is one for all.

    Attributes:
        student: Who learns.
        training: Its training rows, as many places as the longest has.
        n_training: How many of them count.
        aside: The rows to stop on, likewise.
        n_aside: How many of them count.
        inputs: Of the whole lesson.
        outputs: Likewise.
    """

    student: AbstractStandIn
    training: Int[Array, " place"]
    n_training: Int[Array, ""]
    aside: Int[Array, " slot"]
    n_aside: Int[Array, ""]
    inputs: Float[Array, "row *time input"]
    outputs: Float[Array, "row *time output"]

    def trained(self) -> tuple[Any, ...]:
        """What a fit may change."""
        return self.student.trained()

    def own(self) -> tuple[Any, ...]:
        """What differs between members and is not trained."""
        rows = (self.training, self.n_training, self.aside, self.n_aside)
        return (*self.student.fixed(), *rows)


def pupils(
    students: Sequence[AbstractStandIn], lesson: StandInLesson, parts: Sequence[Parts]
) -> list[Pupil]:
    """The students of one program, all with room for the longest one's rows."""
    room = max(len(part.training) for part in parts)
    aside = max(1, *(len(part.aside) for part in parts))

    def places(rows: np.ndarray, n: int) -> Array:
        return jnp.asarray(np.pad(rows, (0, n - len(rows))), jnp.int32)

    inputs, outputs = (jnp.asarray(values, float) for values in lesson)
    return [
        Pupil(
            student,
            places(part.training, room),
            jnp.asarray(len(part.training), jnp.int32),
            places(part.aside, aside),
            jnp.asarray(len(part.aside), jnp.int32),
            inputs,
            outputs,
        )
        for student, part in zip(students, parts, strict=True)
    ]


@dataclass(frozen=True)
class StandInLoss:
    """Mean squared error in SD of each output.

    What `fit` takes for trials are slots: -1, -2, ... each stand for a training row to be drawn,
    0, 1, ... for a row set aside. A step then costs the same however many rows there are.
    """

    def __call__(
        self,
        pupil: Pupil,
        slots: Int[Array, " slot"],
        weight: Float[Array, " slot"],
        key: PRNGKeyArray,
    ) -> Float[Array, ""]:
        """The error over the rows in these slots."""
        n, draws = pupil.n_training, slots < 0
        order = jnp.where(draws, -1 - slots, 0)
        all_fit = n <= jnp.sum(draws)  # then each row once, and no chance
        chance = jax.random.randint(key, slots.shape, 0, n)
        place = jnp.where(all_fit, jnp.minimum(order, n - 1), chance)
        row = jnp.where(draws, pupil.training[place], pupil.aside[jnp.where(draws, 0, slots)])
        there = jnp.where(draws, ~all_fit | (order < n), slots < pupil.n_aside)
        student = pupil.student
        predicted = student.of_scaled(student.scaling.standardize_inputs(pupil.inputs[row]))
        wanted = student.scaling.standardize_outputs(pupil.outputs[row])
        counted = (weight * there).reshape((-1,) + (1,) * (wanted.ndim - 1))
        return squared_error(predicted, wanted, jnp.broadcast_to(counted, wanted.shape))


class Respond(eqx.Module):
    """What a member answers to new inputs, in the circuit's unit."""

    inputs: Float[Array, "row *time input"]

    def __call__(self, pupil: Pupil) -> Array:
        """Outputs of its student."""
        return pupil.student(self.inputs)
