"""Train an ensemble of networks on a task, as one mapped and compiled program."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
from jaxtyping import Array, PRNGKeyArray, PyTree

from neuroloom.errors import InputError, SimulationError
from neuroloom.fitting.checkpoints import read_checkpoint, write_checkpoint
from neuroloom.fitting.devices import one_blas_thread
from neuroloom.fitting.result import DIVERGED, RUNNING, mean_loss
from neuroloom.fitting.tasks.choices import published_parameters
from neuroloom.fitting.tasks.fitted import TaskFit
from neuroloom.fitting.tasks.program import MEASURES, TaskMember, TaskProgram
from neuroloom.fitting.tasks.training import TaskTraining
from neuroloom.fitting.trainable import stack, trainable_mask
from neuroloom.networks import TaskNetwork
from neuroloom.networks.dense_recurrence import is_dense
from neuroloom.runs import progress_bar

__all__ = ["fit_task"]


def fit_task(
    start: Callable[[PRNGKeyArray], TaskNetwork] | Sequence[TaskNetwork],
    task: Any,
    *,
    training: TaskTraining = TaskTraining(),  # noqa: B008
    key: PRNGKeyArray,
    n_members: int = 8,
    trainable: Callable[[TaskNetwork], Any] = published_parameters,
    check_every: int = 50,
    checkpoint: Path | None = None,
    progress: bool = True,
    on_check: Callable[[str], None] | None = None,
) -> TaskFit:
    """Train networks on fresh trials of a task; what `trainable` does not pick never changes.

    Members run one after another on each host device, all devices at once, in one compiled program.
    The same call gives the same numbers, whether or not it was killed and resumed in between, and a
    member the same ones whatever other members there are.

    Args:
        start: Draws the start of a member from a key; or the start of every member. They may be
            wired differently, but must have equally many neurons and connections.
        task: `(key, n) -> Trials`, a frozen dataclass with `dt` and `n_steps`.
        training: How.
        key: All randomness; or one key a member, so that a seed means the same network everywhere.
        n_members: Size of the ensemble, where `start` is a function and `key` one key.
        trainable: Picks what is trained, such as `gains_and_biases`.
        check_every: Updates between checks (history, progress, checkpoint).
        checkpoint: File to resume from and to write at every check.
        progress: Whether to show a progress bar with loss and time left.
        on_check: Called at every check with a note on the loss, for a bar of the caller's.

    Returns:
        The networks that did not diverge, and the history of all.

    Raises:
        InputError: If members cannot share one program or sizes do not fit.
        SimulationError: If every member diverged.
        StudyError: If the checkpoint belongs to another training or cannot be written.
    """
    networks, keys = _starts(start, key, n_members)
    _check_task(networks[0], task, check_every)
    n_members = len(networks)
    parameters, frozen, form = _parted(networks, trainable)
    optimizer = _optimizer(training)
    members = TaskMember(
        parameters=parameters,
        optimizer=jax.vmap(optimizer.init)(parameters),
        activity_penalty=jnp.full(n_members, training.activity_penalty),
        status=jnp.full(n_members, RUNNING, jnp.int32),
    )
    quick = is_dense(networks[0].network) and parameters.network.tau.value is None
    plan = _plan(training.stages(task.n_steps), check_every)
    history = np.full((len(MEASURES), len(plan), n_members), np.nan)
    key_data = jax.random.key_data(keys)
    done = 0
    fingerprint = _fingerprint((members, frozen, key_data), (task, training, check_every))
    if checkpoint is not None and checkpoint.exists():
        done, history, members = read_checkpoint(checkpoint, fingerprint, history, members)
    finished = True
    with one_blas_thread(), progress_bar("training", total=len(plan), enabled=progress) as bar:
        bar.advance(done)
        try:
            while done < len(plan) and bool((members.status == RUNNING).any()):
                n_steps, first, stop = plan[done]
                stage = dataclasses.replace(task, n_steps=n_steps)
                program = TaskProgram(stage, training, optimizer, form, check_every, quick)
                members, measured = program(members, frozen, key_data, first, stop)
                history[:, done] = np.asarray(measured).T
                done += 1
                if checkpoint is not None:
                    write_checkpoint(checkpoint, fingerprint, done, history, members)
                note = f"error {mean_loss(history[0, done - 1]):.4g}"
                bar.advance(note=note)
                if on_check is not None:
                    on_check(note)
        except KeyboardInterrupt:
            finished = False
    return _fitted(members, frozen, form, history, plan[:done], training, finished)


def _starts(
    start: Callable[[PRNGKeyArray], TaskNetwork] | Sequence[TaskNetwork],
    key: PRNGKeyArray,
    n_members: int,
) -> tuple[list[TaskNetwork], Array]:
    """Starting networks and the key of each member's training."""
    if not callable(start):
        n_members = len(start)
    elif key.ndim:
        n_members = len(key)
    if n_members < 1:
        raise InputError(
            f"`n_members` must be at least 1; got {n_members}. Leave it out for the default."
        )
    if key.ndim and key.shape != (n_members,):
        raise InputError(
            f"`key` must be one key, or one for each of the {n_members} members; its shape is "
            f"{key.shape}. Make them with `jax.random.split`."
        )
    keys = key if key.ndim else jax.random.split(key, n_members)
    if not callable(start):
        return list(start), keys
    return [start(jax.random.fold_in(k, 0)) for k in keys], keys


def _check_task(network: TaskNetwork, task: Any, check_every: int) -> None:
    if check_every < 1:
        raise InputError(
            f"`check_every` must be at least 1; got {check_every}. Leave it out for the default."
        )
    if not (dataclasses.is_dataclass(task) and hasattr(task, "dt") and hasattr(task, "n_steps")):
        raise InputError(
            "`task` must be a dataclass with `dt` in seconds and `n_steps`; got "
            f"{type(task).__name__}. Write `(key, n) -> Trials` as its `__call__`."
        )
    draw: Any = task
    trials = jax.eval_shape(lambda k: draw(k, 1), jax.random.key(0))
    asked = (trials.inputs.shape[-1], trials.targets.shape[-1])
    has = (network.n_inputs, network.n_outputs)
    if asked != has:
        raise InputError(
            f"A network must have the {asked[0]} inputs and {asked[1]} outputs of the task; it has "
            f"{has[0]} and {has[1]}. Build it with these sizes."
        )


def _parted(
    networks: Sequence[TaskNetwork], trainable: Callable[[TaskNetwork], Any]
) -> tuple[PyTree, PyTree, TaskNetwork]:
    """What is trained and what is frozen, stacked over members, and the form that all share."""
    mask = trainable_mask(networks[0], trainable)
    arrays = jax.tree.map(eqx.is_array, networks[0])
    kept = jax.tree.map(lambda array, trained: array and not trained, arrays, mask)
    form = eqx.filter(networks[0], arrays, inverse=True)
    for i, network in enumerate(networks[1:], start=1):
        if jax.tree.structure(network) != jax.tree.structure(networks[0]):
            raise InputError(
                "Members of one program must have one form (sizes, activation, which parameters "
                f"are shared); member {i} has another than member 0. Train it in a call of its own."
            )
    return stack(networks, mask), stack(networks, kept), form


@cache
def _optimizer(training: TaskTraining) -> optax.GradientTransformation:
    """One object for one choice, so that a second training finds its compiled program."""
    rate: Any = training.learning_rate
    if training.final_rate != 1:
        rate = optax.cosine_decay_schedule(rate, training.n_updates, alpha=training.final_rate)
    return optax.chain(
        optax.clip_by_global_norm(training.clip_norm),
        optax.adamw(rate, weight_decay=training.weight_decay),
    )


def _plan(stages: Sequence[tuple[int, int]], check_every: int) -> list[tuple[int, int, int]]:
    """(Steps of a trial, first update, update to stop before) of every block."""
    plan, start = [], 0
    for n_steps, n_updates in stages:
        stop = start + n_updates
        plan += [
            (n_steps, first, min(first + check_every, stop))
            for first in range(start, stop, check_every)
        ]
        start = stop
    return plan


def _fitted(
    members: TaskMember,
    frozen: PyTree,
    form: TaskNetwork,
    history: np.ndarray,
    plan: list[tuple[int, int, int]],
    training: TaskTraining,
    finished: bool,
) -> TaskFit:
    n_members = history.shape[2]
    rows = [
        {"update": last, "member": i, "n_steps": n_steps}
        | {name: float(history[j, n, i]) for j, name in enumerate(MEASURES)}
        for n, (n_steps, _, last) in enumerate(plan)
        for i in range(n_members)
    ]
    status = np.asarray(members.status)
    kept = np.flatnonzero(status != DIVERGED)
    if not kept.size:
        raise SimulationError(
            f"At least one member must stay finite; all {n_members} diverged. Lower the learning "
            "rate or `clip_norm`, or start from smaller weights."
        )
    failures = []
    for i in np.flatnonzero(status == DIVERGED):
        ran = int((~np.isnan(history[0, : len(plan), i])).sum())
        failures.append(f"member {i} diverged between checks {max(ran - 1, 0)} and {ran}")
    networks = [
        eqx.combine(_of(members.parameters, i), _of(frozen, i), form) for i in kept.tolist()
    ]
    return TaskFit(
        networks=networks,
        members=tuple(int(i) for i in kept),
        failures=tuple(failures),
        history=pd.DataFrame(rows),
        training=training,
        finished=finished,
    )


def _of(stacked: PyTree, member: int) -> PyTree:
    return jax.tree.map(lambda array: array[member], stacked)


def _fingerprint(arrays: PyTree, numbers: tuple) -> str:
    """What a checkpoint must belong to: starting points, keys, task and numbers of a training."""
    digest = hashlib.sha256(repr(numbers).encode())
    for leaf in jax.tree.leaves(arrays):
        values = np.asarray(leaf)
        digest.update(f"{values.dtype}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
