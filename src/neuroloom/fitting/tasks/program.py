"""The compiled part of training on a task: some updates of every member, each on fresh trials."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from neuroloom.fitting.devices import map_members
from neuroloom.fitting.result import DIVERGED, RUNNING
from neuroloom.fitting.tasks.objective import loss_and_gradient
from neuroloom.fitting.tasks.training import TaskTraining

__all__ = ["MEASURES", "TaskMember", "TaskProgram"]

MEASURES = ("error", "activity_term", "activity_penalty")


class TaskMember(NamedTuple):
    """Everything of one member that changes while it is trained."""

    parameters: PyTree
    optimizer: PyTree
    activity_penalty: Float[Array, ""]
    status: Int[Array, ""]


@dataclass(frozen=True)
class TaskProgram:
    """`check_every` updates of every member on a task, compiled once a stage."""

    task: Any
    training: TaskTraining
    optimizer: optax.GradientTransformation
    form: Any
    check_every: int
    quick: bool

    def __call__(
        self, members: TaskMember, frozen: PyTree, keys: Array, first: int, stop: int
    ) -> tuple[TaskMember, Float[Array, "member measure"]]:
        """Updates `first` to `first + check_every`, but none from `stop` on.

        Returns:
            The members after it, and `MEASURES` of each, means over these updates.
        """
        now = (jnp.asarray(first), jnp.asarray(stop))
        return _run_block(self, members, frozen, keys, now)

    def block(self, member: tuple, now: tuple) -> tuple[TaskMember, Array]:
        """Some updates of one member."""
        state, frozen, key = member
        first, stop = now

        def step(carry: TaskMember, n: Array) -> tuple[TaskMember, Array]:
            return jax.lax.cond(
                (carry.status == RUNNING) & (n < stop),
                lambda c: self.update(c, frozen, jax.random.wrap_key_data(key), n),
                lambda c: (c, jnp.full(len(MEASURES), jnp.nan)),
                carry,
            )

        state, measured = jax.lax.scan(step, state, first + jnp.arange(self.check_every))
        return state, jnp.nanmean(measured, axis=0)

    def update(
        self, state: TaskMember, frozen: PyTree, key: Array, n: Array
    ) -> tuple[TaskMember, Array]:
        """One update of one member; one that is not finite is its last."""
        trial_key, noise_key = jax.random.split(jax.random.fold_in(key, n + 1))
        trials = self.task(trial_key, self.training.batch_size)
        penalty = state.activity_penalty
        total, terms, gradient = loss_and_gradient(
            state.parameters,
            eqx.combine(frozen, self.form),
            trials,
            penalty,
            self.training,
            noise_key,
            self.task.dt,
            quick=self.quick,
        )
        change, optimizer = self.optimizer.update(gradient, state.optimizer, state.parameters)
        moved: Any = optax.apply_updates(state.parameters, change)
        moved = self._within_signs(moved)
        finite = jnp.isfinite(total)
        for leaf in jax.tree.leaves(moved):
            finite &= jnp.isfinite(leaf).all()
        term = penalty * terms.activity
        lower = jnp.where(term >= terms.error / 2, penalty * 2 / 3, penalty)
        after = TaskMember(moved, optimizer, lower, jnp.where(finite, state.status, DIVERGED))
        return after, jnp.stack([terms.error, term, penalty])

    def _within_signs(self, parameters: Any) -> Any:
        """Strengths below 0 are put back to 0 where signs are kept, from where they may return."""
        strength = parameters.network.strength
        if not self.form.network.clamp_signs or strength is None:
            return parameters
        return eqx.tree_at(lambda p: p.network.strength, parameters, jax.nn.relu(strength))


@eqx.filter_jit
def _run_block(
    program: TaskProgram,
    members: TaskMember,
    frozen: PyTree,
    keys: Array,
    now: tuple[Array, Array],
) -> tuple[TaskMember, Float[Array, "member measure"]]:
    return map_members(program.block, (members, frozen, keys), now)
