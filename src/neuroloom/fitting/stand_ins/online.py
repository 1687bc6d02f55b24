"""Students that follow a circuit while it changes: one pass over what is new, state carried on."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from neuroloom.errors import InputError
from neuroloom.fitting.devices import map_members
from neuroloom.fitting.losses import squared_error
from neuroloom.fitting.stand_ins.fitted import by_shape
from neuroloom.fitting.trainable import stack, trainable_mask
from neuroloom.networks.stand_ins import AbstractStandIn

__all__ = ["Learners", "errors_by_pass", "update"]


class Learners(eqx.Module):
    """Students of one shape in the middle of learning.

    Attributes:
        arrays: Of all students, with a leading member axis.
        state: Of the optimizer, likewise.
        form: What students have in common and is no array.
        learning_rate: Of Adam.
    """

    arrays: PyTree
    state: PyTree
    form: PyTree = eqx.field(static=True)
    learning_rate: float = eqx.field(static=True)

    @classmethod
    def of(cls, students: Sequence[AbstractStandIn], *, learning_rate: float = 1e-3) -> "Learners":
        """Students as they are, with an optimizer that has seen nothing.

        Args:
            students: Of one shape: fitted ones that go on, or drawn ones that start now.
            learning_rate: Of Adam.

        Raises:
            InputError: If there is none, or they differ in shape.
        """
        if len(by_shape(students)) != 1:
            raise InputError(
                f"Learners must be of one shape; got {len(by_shape(students))} shapes. Make one "
                "`Learners` of each."
            )
        everything = jax.tree.map(eqx.is_array, students[0])
        arrays = stack(list(students), everything)
        form = eqx.filter(students[0], everything, inverse=True)
        mask = trainable_mask(students[0], type(students[0]).trained)
        state = jax.vmap(optax.adam(learning_rate).init)(eqx.filter(arrays, mask))
        return cls(arrays, state, form, learning_rate)

    @property
    def n_members(self) -> int:
        """How many students."""
        return jax.tree.leaves(self.arrays)[0].shape[0]

    def student(self, i: int) -> AbstractStandIn:
        """The i-th student as it is now."""
        return eqx.combine(jax.tree.map(lambda a: a[i], self.arrays), self.form)

    def respond(
        self, inputs: Float[np.ndarray, "member row *time input"]
    ) -> Float[np.ndarray, "member row *time output"]:
        """What each student answers to its own inputs, in the circuit's unit."""
        return np.asarray(_respond(self, jnp.asarray(inputs, float)))


def update(
    learners: Learners,
    inputs: Float[np.ndarray, "..."],
    outputs: Float[np.ndarray, "..."],
    *,
    batch_size: int = 200,
    key: PRNGKeyArray | None = None,
) -> Learners:
    """The students after one pass over their own new rows; every row is used exactly once.

    A student that is updated again and again tracks a circuit that drifts; one that is not is the
    frozen control. Its scaling stays that of its first training data.

    Args:
        learners: As they are.
        inputs: Of each student, in the circuit's unit.
        outputs: Likewise, of its circuit; NaN where not observed.
        batch_size: Rows a step; the last step may see fewer.
        key: Shuffles the rows; None takes them as they came.

    Returns:
        New learners, the optimizer's state carried on.

    Raises:
        InputError: If there are no rows, or not those of each student.
    """
    if (
        inputs.shape[:-1] != outputs.shape[:-1]
        or inputs.shape[0] != learners.n_members
        or inputs.shape[1] == 0
    ):
        raise InputError(
            f"`inputs` and `outputs` must hold the same rows of each of {learners.n_members} "
            f"students; got {inputs.shape} and {outputs.shape}. Put members first."
        )
    n_rows = inputs.shape[1]
    order = jnp.arange(n_rows) if key is None else jax.random.permutation(key, n_rows)
    n_batches = -(-n_rows // batch_size)
    row = jnp.resize(order, n_batches * batch_size).reshape(n_batches, batch_size)
    there = (jnp.arange(row.size) < n_rows).astype(float).reshape(row.shape)
    arrays, state = _pass(
        learners, jnp.asarray(inputs, float), jnp.asarray(outputs, float), row, there
    )
    return Learners(arrays, state, learners.form, learners.learning_rate)


def errors_by_pass(
    learners: Learners,
    training: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    *,
    n_passes: int,
    batch_size: int = 200,
    key: PRNGKeyArray,
) -> Float[np.ndarray, "pass member output"]:
    """Mean squared error on held-out rows before any pass and after each, in the unit squared.

    Args:
        learners: Fitted before the circuit changed, or drawn at random.
        training: Inputs and outputs of each student's changed circuit, members first.
        test: Others of the same circuits, that no pass sees.
        n_passes: How many.
        batch_size: Rows a step.
        key: Shuffles the rows of each pass.

    Returns:
        Row 0 before retraining, row n after n passes.
    """
    found = []
    for n in range(n_passes + 1):
        if n:
            learners = update(
                learners, *training, batch_size=batch_size, key=jax.random.fold_in(key, n)
            )
        square = (learners.respond(test[0]) - test[1]) ** 2
        found.append(np.nanmean(square, axis=tuple(range(1, square.ndim - 1))))
    return np.stack(found)


@eqx.filter_jit
def _respond(learners: Learners, inputs: Array) -> Array:
    def one(member: tuple, _: PyTree) -> Array:
        arrays, own = member
        return eqx.combine(arrays, learners.form)(own)

    return map_members(one, (learners.arrays, inputs), ())


@eqx.filter_jit
def _pass(
    learners: Learners, inputs: Array, outputs: Array, row: Array, there: Array
) -> tuple[PyTree, PyTree]:
    optimizer = optax.adam(learners.learning_rate)

    def one(member: tuple, batches: tuple) -> tuple[PyTree, PyTree]:
        arrays, state, u, y = member
        student = eqx.combine(arrays, learners.form)
        parameters, rest = eqx.partition(student, trainable_mask(student, type(student).trained))

        def loss(parameters: PyTree, row: Array, there: Array) -> Array:
            now = eqx.combine(parameters, rest)
            predicted = now.of_scaled(now.scaling.standardize_inputs(u[row]))
            wanted = now.scaling.standardize_outputs(y[row])
            weight = there.reshape((-1,) + (1,) * (wanted.ndim - 1))
            return squared_error(predicted, wanted, jnp.broadcast_to(weight, wanted.shape))

        def step(carry: tuple, batch: tuple) -> tuple[tuple, None]:
            parameters, state = carry
            gradient = jax.grad(loss)(parameters, *batch)
            moved, state = optimizer.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, moved), state), None

        (parameters, state), _ = jax.lax.scan(step, (parameters, state), batches)
        return eqx.filter(eqx.combine(parameters, rest), eqx.is_array), state

    return map_members(one, (learners.arrays, learners.state, inputs, outputs), (row, there))
