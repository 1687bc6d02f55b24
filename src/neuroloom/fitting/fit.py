"""Fit an ensemble of networks by gradient descent, as one mapped and compiled program."""

import hashlib
import operator
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, PRNGKeyArray, PyTree, Shaped

from neuroloom.errors import InputError, SimulationError
from neuroloom.fitting.checkpoints import read_checkpoint, write_checkpoint
from neuroloom.fitting.devices import one_blas_thread, trials_over_devices
from neuroloom.fitting.levenberg_marquardt import LevenbergMarquardt, SumOfSquares
from neuroloom.fitting.program import Frozen, Loss, Member, Program
from neuroloom.fitting.result import DIVERGED, RUNNING, STOPPED, Fit, mean_loss
from neuroloom.fitting.trainable import member_masks, stack
from neuroloom.runs import progress_bar

__all__ = ["fit"]


def fit(
    network: eqx.Module,
    trials: PyTree,
    loss: Loss,
    *,
    trainable: Callable[[Any], Any],
    key: PRNGKeyArray,
    n_members: int = 8,
    initialize: Callable[[Any, PRNGKeyArray], Any] | None = None,
    starts: Sequence[eqx.Module] | None = None,
    own: Callable[[Any], Any] | None = None,
    optimizer: optax.GradientTransformation | LevenbergMarquardt | None = None,
    n_steps: int = 1_000,
    batch_size: int | None = None,
    validation: float = 0.0,
    validation_trials: PyTree = None,
    patience: int | None = None,
    stop_below: float | None = None,
    clip_norm: float | None = None,
    bootstrap: Shaped[np.ndarray, " trial"] | None = None,
    check_every: int = 25,
    together: int = 1,
    checkpoint: Path | None = None,
    progress: bool = True,
    on_check: Callable[[str], None] | None = None,
) -> Fit:
    """Fit an ensemble; what `trainable` does not select stays bit-identical and is shared.

    Members run one after another on each host device, all devices at once, in one compiled program;
    of a single member, `simulate` spreads the trials instead. A second fit with the same `loss` and
    `optimizer` objects and shapes compiles nothing.
    The same call gives the same numbers, whether or not it was killed and resumed in between.

    Args:
        network: Any Equinox module.
        trials: Arrays with a leading trial axis, in any tree.
        loss: `loss(network, batch, weight, key)`: a scalar to make small. `weight` says how much
            each trial of the batch counts (0: not at all); a trial of weight 0, or a NaN entry,
            must change neither the value nor the gradient.
        trainable: Picks what may change, such as `lambda n: (n.gain, n.bias)`; floating arrays in
            it are trained.
        key: All randomness.
        n_members: Size of the ensemble, at least 1.
        initialize: `initialize(network, key)` draws a member's starting point; default: all start
            from `network`.
        starts: The starting point of every member, instead of `n_members` and `initialize`: modules
            like `network`, whose trained and `own` arrays are used and nothing else.
        own: Picks arrays of `starts` that differ between members and are not trained, such as which
            neurons each of them is shown.
        optimizer: Any Optax optimizer, or `LevenbergMarquardt()` where `loss` is a `SumOfSquares`;
            default Adam at 0.01.
        n_steps: Steps at most.
        batch_size: Trials a step, drawn without replacement; default all.
        validation: Fraction of the trials (of the groups, with `bootstrap`) that each member sets
            aside for early stopping, drawn anew for each member.
        validation_trials: Trials of their own for early stopping, the same for all members, in the
            form of `trials`, such as the last part of a recording; instead of `validation`.
        patience: Checks without improvement on the validation trials before a member stops; its
            best parameters are kept. Needs `validation` or `validation_trials`.
        stop_below: A member stops when its mean training loss between two checks is at most this,
            such as the variance of the noise in the data.
        clip_norm: Largest norm of a member's gradient; longer ones are scaled down, each member's
            by itself.
        bootstrap: Group of each trial. Each member then weights the groups by draws from an
            exponential distribution (Bayesian bootstrap), so that the spread over members says how
            much the answer hangs on which trials were seen.
        check_every: Steps between checks (validation, progress, checkpoint).
        together: Members that a device runs at once; above 1 pays where trials are few.
        checkpoint: File to resume from and to write at every check.
        progress: Whether to show a progress bar with loss and time left.
        on_check: Called at every check with a note on the loss, for a bar of the caller's.

    Returns:
        The members that did not diverge, the history and the status of all.

    Raises:
        InputError: If an argument is out of range or does not fit.
        SimulationError: If every member diverged.
        StudyError: If the checkpoint belongs to another fit or cannot be written.

    Source:
        Bayesian bootstrap: Rubin, Ann. Statist. 9:130 (1981).
    """
    if starts is not None:
        n_members = len(starts)
    sizes = {"n_members": n_members, "n_steps": n_steps, "check_every": check_every}
    validates = validation > 0 or validation_trials is not None
    if not validates and patience is not None:
        raise InputError(
            "`patience` must come with `validation` or `validation_trials`, the trials to stop on; "
            "got 0 and none. Set `validation=0.2`, or leave `patience` out."
        )
    n_trials = _check(trials, sizes, batch_size, validation, bootstrap)
    optimizer = _optimizer(optimizer, clip_norm, loss)
    mask, different = member_masks(network, trainable, own)
    member_keys = jax.random.split(key, n_members)
    starts = starts or [
        initialize(network, jax.random.fold_in(k, 0)) if initialize else network
        for k in member_keys
    ]
    parameters, owned = (stack(starts, picked) for picked in (mask, different))
    either = jax.tree.map(operator.or_, mask, different)
    shared, form = eqx.partition(eqx.filter(network, either, inverse=True), eqx.is_array)
    frozen = _draw_weights(member_keys, n_trials, validation, bootstrap, owned)
    if validation_trials is not None:
        n_aside = _check_aside(validation_trials, trials, validation)
        frozen = frozen._replace(validation_weight=jnp.ones((n_members, n_aside)))
    members = Member(
        parameters=parameters,
        optimizer=jax.vmap(optimizer.init)(parameters),
        best=parameters,
        best_loss=jnp.inf * jnp.ones(n_members),  # no weak type: the second block would recompile
        n_since_best=jnp.zeros(n_members, jnp.int32),
        status=jnp.full(n_members, RUNNING, jnp.int32),
    )
    n_checks = -(-n_steps // check_every)
    history = np.full((2, n_checks, n_members), np.nan)
    done = 0
    fingerprint = _fingerprint(
        (members, frozen, shared, trials, validation_trials),
        (n_steps, batch_size, validation, patience, clip_norm, check_every, stop_below),
    )
    if checkpoint is not None and checkpoint.exists():
        done, history, members = read_checkpoint(checkpoint, fingerprint, history, members)
    program = Program(
        loss,
        optimizer,
        form,
        batch_size,
        patience,
        check_every,
        validates,
        stop_below,
        together,
    )
    finished = True
    with one_blas_thread(), progress_bar("fitting", total=n_checks, enabled=progress) as bar:
        bar.advance(done)
        try:
            while done < n_checks and bool((members.status == RUNNING).any()):
                now = done * check_every
                with trials_over_devices(alone=n_members == 1):
                    members, losses = program(
                        members, frozen, shared, trials, validation_trials, now, n_steps
                    )
                history[:, done] = np.asarray(losses).T
                done += 1
                if checkpoint is not None:
                    write_checkpoint(checkpoint, fingerprint, done, history, members)
                note = f"loss {mean_loss(history[0, done - 1]):.4g}"
                bar.advance(note=note)
                if on_check is not None:
                    on_check(note)
        except KeyboardInterrupt:
            finished = False
    chosen = members.best if validates else members.parameters
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
        parameters=jax.tree.map(
            lambda p: p[jnp.asarray(np.flatnonzero(kept))], eqx.combine(chosen, owned)
        ),
        mask=either,
        status=tuple(
            {RUNNING: "finished", STOPPED: "stopped early", DIVERGED: "diverged"}[int(s)]
            for s in status
        ),
        history=history[0, :done],
        validation_history=history[1, :done],
        check_every=check_every,
        finished=finished,
    )


@cache
def _optimizer(
    optimizer: optax.GradientTransformation | LevenbergMarquardt | None,
    clip_norm: float | None,
    loss: Loss,
) -> optax.GradientTransformation | LevenbergMarquardt:
    """One object for one choice, so that a second fit finds its compiled program."""
    if isinstance(optimizer, LevenbergMarquardt):
        if not isinstance(loss, SumOfSquares):
            raise InputError(
                "`LevenbergMarquardt` must be given a `SumOfSquares`, which shows residuals; "
                f"got a {type(loss).__name__}. Wrap the function of the residuals in one."
            )
        if clip_norm is not None:
            raise InputError(
                f"`clip_norm` must be left out with `LevenbergMarquardt`; got {clip_norm}. Its "
                "damping bounds the steps."
            )
        return optimizer
    optimizer = optimizer or optax.adam(1e-2)
    if clip_norm is None:
        return optimizer
    return optax.chain(optax.clip_by_global_norm(clip_norm), optimizer)


def _draw_weights(
    keys: Shaped[Array, " member"],
    n_trials: int,
    validation: float,
    bootstrap: np.ndarray | None,
    owned: PyTree,
) -> Frozen:
    group = np.arange(n_trials)
    if bootstrap is not None:
        group = np.unique(bootstrap, return_inverse=True)[1]
    n_groups = int(group.max()) + 1
    n_aside = round(validation * n_groups)

    def draw(key: Array, own: PyTree) -> Frozen:
        aside_key, weight_key = jax.random.split(jax.random.fold_in(key, 1))
        rank = jax.random.permutation(aside_key, n_groups)
        aside = (rank < n_aside)[group]
        weight = jnp.ones(n_groups)
        if bootstrap is not None:
            weight = jax.random.exponential(weight_key, (n_groups,))
        train = jnp.where(aside, 0.0, weight[group])
        train = train * (n_trials - aside.sum()) / train.sum()
        return Frozen(own, jax.random.key_data(key), train, aside.astype(train.dtype))

    return jax.vmap(draw)(keys, owned)


def _check(
    trials: PyTree,
    sizes: dict[str, int],
    batch_size: int | None,
    validation: float,
    bootstrap: np.ndarray | None,
) -> int:
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in jax.tree.leaves(trials)}
    if len(lengths) != 1 or 0 in lengths:
        raise InputError(
            "Every array of `trials` must have the same leading trial axis of at least 1; got "
            f"lengths {sorted(lengths)}. Put trials first in every array."
        )
    n_trials = lengths.pop()
    for name, value in sizes.items():
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
    if bootstrap is not None and len(bootstrap) != n_trials:
        raise InputError(
            f"`bootstrap` must name a group for each of the {n_trials} trials; got "
            f"{len(bootstrap)}. Give one label a trial."
        )
    n_groups = n_trials if bootstrap is None else len(np.unique(bootstrap))
    if validation > 0 and not 0 < round(validation * n_groups) < n_groups:
        raise InputError(
            f"`validation` must set aside at least one group of trials and leave one; {validation} "
            f"of {n_groups} is {round(validation * n_groups)}. Raise `validation`, or lower it."
        )
    return n_trials


def _check_aside(aside: PyTree, trials: PyTree, validation: float) -> int:
    """How many trials there are to validate on."""
    if validation > 0:
        raise InputError(
            f"`validation` must be left out where `validation_trials` are given; got {validation}. "
            "Give one of the two."
        )
    parts = [jax.tree.map(lambda leaf: leaf.shape[1:], tree) for tree in (aside, trials)]
    lengths = {leaf.shape[0] for leaf in jax.tree.leaves(aside)}
    if parts[0] != parts[1] or len(lengths) != 1:
        raise InputError(
            "`validation_trials` must have the form of `trials`, with one number of trials; got "
            f"shapes {parts[0]} of {sorted(lengths)} trials for {parts[1]}. Cut both alike."
        )
    return lengths.pop()


def _fingerprint(arrays: PyTree, numbers: tuple) -> str:
    """What a checkpoint must belong to: starting point, data, keys and numbers of a fit."""
    digest = hashlib.sha256(repr(numbers).encode())
    for leaf in jax.tree.leaves(arrays):
        values: Bool[np.ndarray, ...] | np.ndarray = np.asarray(leaf)
        digest.update(f"{values.dtype}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
