"""Fit an ensemble of networks by gradient descent, as one mapped and compiled program."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree, Shaped

from neuroloom.errors import InputError, SimulationError
from neuroloom.fitting.checkpoints import read_checkpoint, write_checkpoint
from neuroloom.fitting.devices import map_members
from neuroloom.fitting.result import DIVERGED, RUNNING, STOPPED, Fit
from neuroloom.runs import progress_bar

__all__ = ["Loss", "fit"]

Loss = Callable[[Any, Any, Float[Array, " trial"], PRNGKeyArray], Float[Array, ""]]


class _Member(NamedTuple):
    """Everything of one member that changes while it is fitted."""

    parameters: PyTree
    optimizer: PyTree
    best: PyTree
    best_loss: Float[Array, ""]
    n_since_best: Int[Array, ""]
    status: Int[Array, ""]


class _Frozen(NamedTuple):
    """Everything of one member that does not change."""

    key: Array
    train_weight: Float[Array, " trial"]
    validation_weight: Float[Array, " trial"]


def fit(
    network: eqx.Module,
    trials: PyTree,
    loss: Loss,
    *,
    trainable: Callable[[Any], Any],
    key: PRNGKeyArray,
    n_members: int = 8,
    initialize: Callable[[Any, PRNGKeyArray], Any] | None = None,
    optimizer: optax.GradientTransformation | None = None,
    n_steps: int = 1_000,
    batch_size: int | None = None,
    validation: float = 0.0,
    patience: int | None = None,
    clip_norm: float | None = None,
    bootstrap: Shaped[np.ndarray, " trial"] | None = None,
    check_every: int = 25,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Fit:
    """Fit an ensemble; what `trainable` does not select stays bit-identical and is shared.

    Members run one after another on each host device, all devices at once, in one compiled program.
    The same call gives the same numbers, whether or not it was killed and resumed in between.

    Args:
        network: Any Equinox module.
        trials: Arrays with a leading trial axis, in any tree.
        loss: `loss(network, batch, weight, key)`: a scalar to make small. `weight` says how much
            each trial of the batch counts (0: not at all); a trial of weight 0, or a NaN entry, must
            change neither the value nor the gradient.
        trainable: Picks what may change, such as `lambda n: (n.gain, n.bias)`; floating arrays in
            it are trained.
        key: All randomness.
        n_members: Size of the ensemble, at least 1.
        initialize: `initialize(network, key)` draws a member's starting point; default: all start
            from `network`.
        optimizer: Any Optax optimizer; default Adam at 0.01.
        n_steps: Steps at most.
        batch_size: Trials a step, drawn without replacement; default all.
        validation: Fraction of the trials (of the groups, with `bootstrap`) that each member sets
            aside for early stopping, drawn anew for each member.
        patience: Checks without improvement on the validation trials before a member stops; its
            best parameters are kept. Needs `validation`.
        clip_norm: Largest norm of a member's gradient; longer ones are scaled down, each member's
            by itself.
        bootstrap: Group of each trial. Each member then weights the groups by draws from an
            exponential distribution (Bayesian bootstrap), so that the spread over members says how
            much the answer hangs on which trials were seen.
        check_every: Steps between checks (validation, progress, checkpoint).
        checkpoint: File to resume from and to write at every check.
        progress: Whether to show a progress bar with loss and time left.

    Returns:
        The members that did not diverge, the history and the status of all.

    Raises:
        InputError: If an argument is out of range or does not fit.
        SimulationError: If every member diverged.
        StudyError: If the checkpoint belongs to another fit or cannot be written.

    Source:
        Bayesian bootstrap: Rubin, Ann. Statist. 9:130 (1981).
    """
    n_trials = _check(trials, n_members, n_steps, batch_size, validation, patience, bootstrap)
    optimizer = optimizer or optax.adam(1e-2)
    if clip_norm is not None:
        optimizer = optax.chain(optax.clip_by_global_norm(clip_norm), optimizer)
    mask = _selected(network, trainable)
    member_keys = jax.random.split(key, n_members)
    starts = [
        initialize(network, jax.random.fold_in(k, 0)) if initialize else network
        for k in member_keys
    ]
    parameters = jax.tree.map(lambda *p: jnp.stack(p), *[eqx.filter(s, mask) for s in starts])
    shared, form = eqx.partition(eqx.filter(network, mask, inverse=True), eqx.is_array)
    frozen = _draw_weights(member_keys, n_trials, validation, bootstrap)
    members = _Member(
        parameters=parameters,
        optimizer=jax.vmap(optimizer.init)(parameters),
        best=parameters,
        best_loss=jnp.full(n_members, jnp.inf),
        n_since_best=jnp.zeros(n_members, jnp.int32),
        status=jnp.full(n_members, RUNNING, jnp.int32),
    )
    n_checks = -(-n_steps // check_every)
    history = np.full((2, n_checks, n_members), np.nan)
    done = 0
    fingerprint = _fingerprint(
        (members, frozen, shared, trials),
        (n_steps, batch_size, validation, patience, clip_norm, check_every),
    )
    if checkpoint is not None and checkpoint.exists():
        done, history, members = read_checkpoint(checkpoint, fingerprint, history, members)
    program = _Program(loss, optimizer, form, batch_size, patience, n_steps, check_every)
    finished = True
    with progress_bar("fitting", total=n_checks, enabled=progress) as bar:
        bar.advance(done)
        try:
            while done < n_checks and bool((members.status == RUNNING).any()):
                first = jnp.asarray(done * check_every)
                members, losses = program(members, frozen, shared, trials, first)
                history[:, done] = np.asarray(losses).T
                done += 1
                if checkpoint is not None:
                    write_checkpoint(checkpoint, fingerprint, done, history, members)
                bar.advance(note=f"loss {np.nanmean(history[0, done - 1]):.4g}")
        except KeyboardInterrupt:
            finished = False
    chosen = members.best if validation > 0 else members.parameters
    status = np.asarray(members.status)
    kept = status != DIVERGED
    if not kept.any():
        raise SimulationError(
            f"At least one member must stay finite; all {n_members} diverged within "
            f"{done * check_every} steps. Lower the learning rate, set `clip_norm`, or start from "
            "a smaller gain."
        )
    return Fit(
        network=network,
        parameters=jax.tree.map(lambda p: p[jnp.asarray(np.flatnonzero(kept))], chosen),
        mask=mask,
        status=tuple(
            {RUNNING: "finished", STOPPED: "stopped early", DIVERGED: "diverged"}[int(s)]
            for s in status
        ),
        history=history[0, :done],
        validation_history=history[1, :done],
        check_every=check_every,
        finished=finished,
    )


@dataclass(frozen=True)
class _Program:
    """`check_every` steps of every member, compiled once for a fit."""

    loss: Loss
    optimizer: optax.GradientTransformation
    form: Any
    batch_size: int | None
    patience: int | None
    n_steps: int
    check_every: int

    def __call__(
        self, members: _Member, frozen: _Frozen, shared: PyTree, trials: PyTree, first: Array
    ) -> tuple[_Member, Float[Array, "member 2"]]:
        return _run_block(self, members, frozen, shared, trials, first)

    def block(self, member: tuple, common: tuple) -> tuple[_Member, Array]:
        """Some steps of one member, then its check."""
        state, frozen = member
        shared, trials, first = common

        def value(parameters: PyTree, batch: PyTree, weight: Array, key: Array) -> Array:
            network = eqx.combine(parameters, shared, self.form)
            return self.loss(network, batch, weight, key)

        def step(carry: tuple, n: Array) -> tuple[tuple, Array]:
            return jax.lax.cond(
                (carry[2] == RUNNING) & (n < self.n_steps),
                lambda c: self.step(c, n, value, frozen, trials),
                lambda c: (c, jnp.asarray(jnp.nan)),
                carry,
            )

        carry = (state.parameters, state.optimizer, state.status)
        carry, losses = jax.lax.scan(step, carry, first + jnp.arange(self.check_every))
        parameters, optimizer, status = carry
        key = jax.random.fold_in(jax.random.wrap_key_data(frozen.key), 1)
        checked = value(parameters, trials, frozen.validation_weight, key)
        running = state.status == RUNNING
        better = running & (checked < state.best_loss)
        since = jnp.where(better, 0, state.n_since_best + running)
        if self.patience is not None:
            status = jnp.where((status == RUNNING) & (since >= self.patience), STOPPED, status)
        best = jax.tree.map(lambda n, o: jnp.where(better, n, o), parameters, state.best)
        lowest = jnp.where(better, checked, state.best_loss)
        new = _Member(parameters, optimizer, best, lowest, since, status)
        return new, jnp.stack([jnp.nanmean(losses), jnp.where(running, checked, jnp.nan)])

    def step(
        self, carry: tuple, n: Array, value: Callable[..., Array], frozen: _Frozen, trials: PyTree
    ) -> tuple[tuple, Array]:
        """One step of one member; a step that is not finite is not taken."""
        parameters, optimizer, status = carry
        draw, noise = jax.random.split(
            jax.random.fold_in(jax.random.wrap_key_data(frozen.key), n + 2)
        )
        batch, weight = trials, frozen.train_weight
        if self.batch_size is not None:
            chosen = jax.random.choice(draw, weight.size, (self.batch_size,), replace=False)
            batch, weight = jax.tree.map(lambda a: a[chosen], (trials, weight))
        loss, gradient = jax.value_and_grad(value)(parameters, batch, weight, noise)
        update, next_optimizer = self.optimizer.update(gradient, optimizer, parameters)
        moved = optax.apply_updates(parameters, update)
        finite = jnp.isfinite(loss)
        for leaf in jax.tree.leaves(moved):
            finite &= jnp.isfinite(leaf).all()

        def choose(new: Array, old: Array) -> Array:
            return jnp.where(finite, new, old)

        return (
            jax.tree.map(choose, moved, parameters),
            jax.tree.map(choose, next_optimizer, optimizer),
            jnp.where(finite, status, DIVERGED),
        ), loss


@eqx.filter_jit
def _run_block(
    program: _Program,
    members: _Member,
    frozen: _Frozen,
    shared: PyTree,
    trials: PyTree,
    first: Array,
) -> tuple[_Member, Float[Array, "member 2"]]:
    return map_members(program.block, (members, frozen), (shared, trials, first))


def _selected(network: eqx.Module, trainable: Callable[[Any], Any]) -> PyTree:
    """True for every floating array that `trainable` picks."""
    floating = jax.tree.map(eqx.is_inexact_array, network)
    nothing = jax.tree.map(lambda _: False, network)
    mask = eqx.tree_at(trainable, nothing, replace=trainable(floating))
    if not any(jax.tree.leaves(mask)):
        raise InputError(
            "`trainable` must pick at least one floating array of the network; it picks none. Pass "
            "something like `lambda n: (n.gain, n.bias)`."
        )
    return mask


def _draw_weights(
    keys: PRNGKeyArray, n_trials: int, validation: float, bootstrap: np.ndarray | None
) -> _Frozen:
    group = np.arange(n_trials)
    if bootstrap is not None:
        group = np.unique(bootstrap, return_inverse=True)[1]
    n_groups = int(group.max()) + 1
    n_aside = round(validation * n_groups)

    def draw(key: Array) -> _Frozen:
        aside_key, weight_key = jax.random.split(jax.random.fold_in(key, 1))
        rank = jax.random.permutation(aside_key, n_groups)
        aside = (rank < n_aside)[group]
        weight = jnp.ones(n_groups)
        if bootstrap is not None:
            weight = jax.random.exponential(weight_key, (n_groups,))
        train = jnp.where(aside, 0.0, weight[group])
        train = train * (n_trials - aside.sum()) / train.sum()
        return _Frozen(jax.random.key_data(key), train, aside.astype(train.dtype))

    return jax.tree.map(lambda *a: jnp.stack(a), *[draw(key) for key in keys])


def _check(
    trials: PyTree,
    n_members: int,
    n_steps: int,
    batch_size: int | None,
    validation: float,
    patience: int | None,
    bootstrap: np.ndarray | None,
) -> int:
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in jax.tree.leaves(trials)}
    if len(lengths) != 1 or 0 in lengths:
        raise InputError(
            "Every array of `trials` must have the same leading trial axis of at least 1; got "
            f"lengths {sorted(lengths)}. Put trials first in every array."
        )
    n_trials = lengths.pop()
    for name, value in (("n_members", n_members), ("n_steps", n_steps)):
        if value < 1:
            raise InputError(
                f"`{name}` must be at least 1; got {value}. Leave it out for the default."
            )
    if batch_size is not None and not 1 <= batch_size <= n_trials:
        raise InputError(
            f"`batch_size` must be 1 to {n_trials}, the number of trials; got {batch_size}. Leave "
            "it out to use all trials at every step."
        )
    if not 0 <= validation < 1:
        raise InputError(
            f"`validation` must be a fraction, at least 0 and below 1; got {validation}. 0.2 sets "
            "a fifth of the trials aside."
        )
    if patience is not None and validation == 0:
        raise InputError(
            "`patience` must come with `validation`, the trials to stop on; got 0. Set "
            "`validation=0.2`, or leave `patience` out."
        )
    if bootstrap is not None and len(bootstrap) != n_trials:
        raise InputError(
            f"`bootstrap` must name a group for each of the {n_trials} trials; got "
            f"{len(bootstrap)}. Give one label a trial."
        )
    return n_trials


def _fingerprint(arrays: PyTree, numbers: tuple) -> str:
    """What a checkpoint must belong to: starting point, data, keys and numbers of a fit."""
    digest = hashlib.sha256(repr(numbers).encode())
    for leaf in jax.tree.leaves(arrays):
        values: Bool[np.ndarray, ...] | np.ndarray = np.asarray(leaf)
        digest.update(f"{values.dtype}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
