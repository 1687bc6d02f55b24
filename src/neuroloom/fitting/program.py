"""The compiled part of a fit: some steps of every member, then a check of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from neuroloom.fitting.devices import map_members
from neuroloom.fitting.levenberg_marquardt import LevenbergMarquardt, SumOfSquares
from neuroloom.fitting.result import DIVERGED, RUNNING, STOPPED

__all__ = ["Frozen", "Loss", "Member", "Program"]

Loss = Callable[[Any, Any, Float[Array, " trial"], PRNGKeyArray], Float[Array, ""]]


class Member(NamedTuple):
    """Everything of one member that changes while it is fitted."""

    parameters: PyTree
    optimizer: PyTree
    best: PyTree
    best_loss: Float[Array, ""]
    n_since_best: Int[Array, ""]
    status: Int[Array, ""]


class Frozen(NamedTuple):
    """Everything of one member that does not change."""

    own: PyTree
    key: Array
    train_weight: Float[Array, " trial"]
    validation_weight: Float[Array, " trial"]


@dataclass(frozen=True)
class Program:
    """`check_every` steps of every member, compiled once for a fit."""

    loss: Loss
    optimizer: optax.GradientTransformation | LevenbergMarquardt
    form: Any
    batch_size: int | None
    patience: int | None
    check_every: int
    validates: bool
    stop_below: float | None = None
    together: int = 1

    def __call__(
        self,
        members: Member,
        frozen: Frozen,
        shared: PyTree,
        trials: PyTree,
        aside: PyTree,
        first: int,
        n_steps: int,
    ) -> tuple[Member, Float[Array, "member 2"]]:
        """Steps `first` to `first + check_every`, but none from `n_steps` on.

        `aside` are trials of their own to validate on; None validates on some of `trials`.

        Returns:
            The members after it; mean training loss and validation loss of each.
        """
        now = (jnp.asarray(first), jnp.asarray(n_steps))
        return _run_block(self, members, frozen, shared, (trials, aside), now)

    def block(self, member: tuple, common: tuple) -> tuple[Member, Array]:
        """Some steps of one member, then its check."""
        state, frozen = member
        shared, (trials, aside), (first, n_steps) = common

        def network(parameters: PyTree) -> Any:
            return eqx.combine(parameters, frozen.own, shared, self.form)

        def step(carry: tuple, n: Array) -> tuple[tuple, Array]:
            return jax.lax.cond(
                (carry[2] == RUNNING) & (n < n_steps),
                lambda c: self.step(c, n, network, frozen, trials),
                lambda c: (c, jnp.asarray(jnp.nan)),
                carry,
            )

        carry = (state.parameters, state.optimizer, state.status)
        carry, losses = jax.lax.scan(step, carry, first + jnp.arange(self.check_every))
        parameters, optimizer, status = carry
        key = jax.random.fold_in(jax.random.wrap_key_data(frozen.key), 1)
        checked = jnp.zeros_like(losses[0])
        if self.validates:
            seen = trials if aside is None else aside
            checked = self.loss(network(parameters), seen, frozen.validation_weight, key)
        running = state.status == RUNNING
        better = running & (checked < state.best_loss)
        since = jnp.where(better, 0, state.n_since_best + running)
        if self.patience is not None:
            status = jnp.where((status == RUNNING) & (since >= self.patience), STOPPED, status)
        if self.stop_below is not None:
            enough = jnp.nanmean(losses) <= self.stop_below
            status = jnp.where((status == RUNNING) & enough, STOPPED, status)
        best = jax.tree.map(lambda n, o: jnp.where(better, n, o), parameters, state.best)
        lowest = jnp.where(better, checked, state.best_loss)
        new = Member(parameters, optimizer, best, lowest, since, status)
        return new, jnp.stack([jnp.nanmean(losses), jnp.where(running, checked, jnp.nan)])

    def step(
        self,
        carry: tuple,
        n: Array,
        network: Callable[[PyTree], Any],
        frozen: Frozen,
        trials: PyTree,
    ) -> tuple[tuple, Array]:
        """One step of one member; one that is not finite is its last."""
        parameters, optimizer, status = carry
        draw, noise = jax.random.split(
            jax.random.fold_in(jax.random.wrap_key_data(frozen.key), n + 2)
        )
        batch, weight = trials, frozen.train_weight
        if self.batch_size is not None:
            chosen = jax.random.choice(draw, weight.size, (self.batch_size,), replace=False)
            batch, weight = jax.tree.map(lambda a: a[chosen], (trials, weight))
        if isinstance(self.optimizer, LevenbergMarquardt):
            assert isinstance(self.loss, SumOfSquares)  # `fit` has refused all others
            residuals = self.loss.residuals
            moved, next_optimizer, loss = self.optimizer.step(
                lambda p: residuals(network(p), batch, weight, noise), parameters, optimizer
            )
        else:
            loss, gradient = jax.value_and_grad(
                lambda p: self.loss(network(p), batch, weight, noise)
            )(parameters)
            update, next_optimizer = self.optimizer.update(gradient, optimizer, parameters)
            moved = optax.apply_updates(parameters, update)
        finite = jnp.isfinite(loss)
        for leaf in jax.tree.leaves(moved):
            finite &= jnp.isfinite(leaf).all()
        return (moved, next_optimizer, jnp.where(finite, status, DIVERGED)), loss


@eqx.filter_jit
def _run_block(
    program: Program,
    members: Member,
    frozen: Frozen,
    shared: PyTree,
    trials: PyTree,
    now: tuple[Array, Array],
) -> tuple[Member, Float[Array, "member 2"]]:
    return map_members(
        program.block, (members, frozen), (shared, trials, now), together=program.together
    )
