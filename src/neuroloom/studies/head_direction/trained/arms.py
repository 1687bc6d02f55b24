"""How well trained networks integrate: in and out of their range, longer than trained, at rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from neuroloom.fitting.tasks import normalized_error
from neuroloom.networks import TaskNetwork
from neuroloom.simulation import perform
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.trained.config import DEFAULT, Setting, TrainedConfig
from neuroloom.studies.head_direction.trained.networks import (
    DT,
    held_out_trials,
    kept_seeds,
    resting_inputs,
    task_of,
    trained_networks,
    training_of,
    untrained_network,
)
from neuroloom.studies.head_direction.trained.scores import (
    error_over_time,
    stationary_drift,
    turning,
    wrapped,
)
from neuroloom.tasks import AngularIntegration, Trials

__all__ = [
    "ARMS",
    "BLIND",
    "CHANCE",
    "HOLD",
    "TRAINED",
    "UNTRAINED",
    "at_speed",
    "by_range",
    "seconds_to_train",
]

TRAINED, UNTRAINED = "trained", "untrained"
BLIND = "trained, turning not shown"
HOLD = "first heading held"
CHANCE = "outputs of other trials"


SECONDS_A_STEP = 6e-7
"""Seconds, of training 100 units for one step of one trial."""


def at_speed(speed: float) -> Setting:
    """The default setting at another range of angular velocity."""
    return replace(DEFAULT, speed=speed)


def by_range(config: Any) -> Sequence[tuple[float, range]]:
    """Ranges of angular velocity and the seeds that are trained at each, the published one first.

    Args:
        config: Of the study.
    """
    others = [speed for speed in config.trained.speeds if speed != DEFAULT.speed]
    return [(DEFAULT.speed, config.seeds), *((speed, config.speed_seeds) for speed in others)]


def cells(config: Any) -> Sequence[Cell]:
    """One for every network: all seeds in the published range first, then some in the others."""
    return [
        cell
        for speed, seeds in by_range(config)
        for cell in grid("trained", trained_at=(speed,), seed=seeds)
    ]


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Train the network, and test it."""
    setting, seed = at_speed(cell["trained_at"]), cell["seed"]
    if not kept_seeds(setting, [seed], config, context):
        return Measured([], failures=[f"seed {seed} diverged in training and is left out"])
    (network,) = trained_networks(setting, [seed], config, context)
    rows, arrays = _tested(setting, seed, network, config.trained)
    arrays["history"] = training_of(setting, seed, config, context)["history"]
    return Measured(rows, arrays=arrays)


def _tested(
    setting: Setting, seed: int, network: TaskNetwork, config: TrainedConfig
) -> tuple[list[Row], dict[str, np.ndarray]]:
    """Rows of one network, and an example trial in its own range."""
    rows: list[Row] = []
    arrays: dict[str, np.ndarray] = {}
    for speed in config.speeds:
        shown = replace(setting, speed=speed)
        for n_steps in config.test_steps:
            at = {"tested_at": speed, "n_steps": n_steps}
            task = task_of(shown, config, n_steps)
            trials = held_out_trials(shown, seed, config, n_steps=n_steps)
            outputs = perform(network, trials.inputs, dt=DT).outputs
            rows.append(Row(TRAINED, "error", _error(outputs, trials), "%", at))
            rows += _over_time(task, trials, outputs, config, at)
            if n_steps == config.test_steps[0]:
                rows += _by_turning(task, trials, outputs, config, at)
            if speed == setting.speed:
                rows += _controls(setting, seed, network, config, task, trials, outputs, at)
                if n_steps == config.test_steps[0]:
                    rows += _at_rest(network, task, trials, outputs, config, at)
                    arrays |= _example(task, trials, outputs)
    return rows, arrays


def _error(outputs: Any, trials: Trials) -> float:
    parts = (outputs, trials.targets, trials.mask)
    return normalized_error(*(np.asarray(part) for part in parts))


def _over_time(
    task: AngularIntegration, trials: Trials, outputs: Any, config: TrainedConfig, at: Mapping
) -> list[Row]:
    steps, errors = error_over_time(
        np.asarray(task.decoded(outputs)),
        np.asarray(task.heading(trials)),
        first=task.cue_steps,
        every=config.every,
    )
    return [
        Row(TRAINED, "heading_error", error, "deg", {**at, "time": step * DT})
        for step, error in zip(steps.tolist(), errors, strict=True)
    ]


def _by_turning(
    task: AngularIntegration, trials: Trials, outputs: Any, config: TrainedConfig, at: Mapping
) -> list[Row]:
    above = np.array(config.speed_edges, float)
    found = turning(
        np.asarray(task.decoded(outputs)),
        np.asarray(task.heading(trials)),
        np.r_[-above[:0:-1], above],
        first=task.cue_steps,
        piece=config.piece,
        dt=DT,
    )
    middle = (np.r_[-above[:0:-1], above][:-1] + np.r_[-above[:0:-1], above][1:]) / 2
    rows = []
    for k in np.flatnonzero(found.n >= 30):
        here = {**at, "turning": float(middle[k])}
        rows += [
            Row(TRAINED, "turning_decoded", found.decoded[k], "deg/s", here),
            Row(TRAINED, "turning_true", found.speed[k], "deg/s", here),
            Row(TRAINED, "turning_error", found.error[k], "deg/s", here),
        ]
    return rows


def _controls(
    setting: Setting,
    seed: int,
    network: TaskNetwork,
    config: TrainedConfig,
    task: AngularIntegration,
    trials: Trials,
    outputs: Any,
    at: Mapping,
) -> list[Row]:
    """The same trials without turning shown, an untrained network, and who cannot integrate."""
    blind = perform(network, trials.inputs.at[..., 0].set(0.0), dt=DT).outputs
    before = perform(untrained_network(setting, seed, config), trials.inputs, dt=DT).outputs
    heading = task.heading(trials)
    held = task.code.targets(jnp.broadcast_to(heading[:, :1], heading.shape))
    others = jnp.roll(outputs, 1, axis=0)
    return [
        Row(name, "error", _error(said, trials), "%", at)
        for name, said in ((BLIND, blind), (UNTRAINED, before), (HOLD, held), (CHANCE, others))
    ]


def _at_rest(
    network: TaskNetwork,
    task: AngularIntegration,
    trials: Trials,
    outputs: Any,
    config: TrainedConfig,
    at: Mapping,
) -> list[Row]:
    """Drift in stretches without turning, and over trials that never turn."""
    turned = np.asarray(task.angular_velocity(trials))
    still = turned == 0
    still[:, : task.cue_steps] = False
    drift = stationary_drift(
        np.asarray(task.decoded(outputs)), still, settle=config.settle, least=20, dt=DT
    )
    never, headings = resting_inputs(72, turned.shape[1], task.cue_steps)
    angle = np.asarray(task.decoded(perform(network, never, dt=DT).outputs))
    rests = np.ones(angle.shape, bool)
    rests[:, : task.cue_steps] = False
    all_trial = stationary_drift(angle, rests, settle=config.settle, least=20, dt=DT)
    end = np.degrees(np.abs(wrapped(angle[:, -1] - headings)))
    return [
        Row(TRAINED, "drift", drift.mean() if drift.size else np.nan, "deg/s", at),
        Row(TRAINED, "drift_all_trial", all_trial.mean(), "deg/s", at),
        Row(TRAINED, "rest_error", end.mean(), "deg", at),
    ]


def _example(task: AngularIntegration, trials: Trials, outputs: Any) -> dict[str, np.ndarray]:
    """The trial that turns most."""
    heading, decoded = (np.asarray(a) for a in (task.heading(trials), task.decoded(outputs)))
    most = int(np.abs(np.diff(np.unwrap(heading, axis=1), axis=1)).sum(axis=1).argmax())
    velocity = np.asarray(task.angular_velocity(trials))
    return {"example": np.stack([velocity[most], heading[most], decoded[most]]).astype(np.float32)}


def seconds_to_train(config: TrainedConfig) -> float:
    """Of a network where two are trained side by side on two cores, from measured runs.

    Args:
        config: Numbers of the part.
    """
    staged = sum(n for _, n in config.curriculum)
    planned = (*config.curriculum, (config.n_steps, config.n_updates - staged))
    steps = config.batch_size * sum(n_steps * n_updates for n_steps, n_updates in planned)
    return 2.5 + SECONDS_A_STEP * steps * (config.n_neurons / 100) ** 2


ARMS = (
    Arm(
        name="trained",
        sentence="Networks learn to integrate angular velocity, at three ranges of it, and are "
        "tested on trials they never saw: in and out of their range, twice as long, at rest.",
        control="turning not shown; untrained networks; first heading held; other trials' outputs",
        cells=cells,
        measure=measure,
        seconds=lambda cell, config: 1.0 + seconds_to_train(config.trained),
    ),
)
