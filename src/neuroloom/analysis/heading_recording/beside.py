"""A network that integrates angular velocity, shown the turning of a recorded animal."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from neuroloom.analysis.heading_recording.settings import HeadingSettings
from neuroloom.analysis.heading_recording.steps import heading_steps
from neuroloom.analysis.similarity import ShiftedInTime, Similarity, compare_populations, linear_cka
from neuroloom.analysis.similarity.comparison import Measure
from neuroloom.errors import InputError
from neuroloom.networks import TaskNetwork
from neuroloom.recording import Recording
from neuroloom.simulation import perform
from neuroloom.tasks import AngularIntegration

__all__ = ["NetworkBeside", "compare_with_network", "network_beside"]


class NetworkBeside(NamedTuple):
    """What a network did while it was shown the turning of an animal.

    Attributes:
        rates: At the steps of the recording; NaN where the heading was not observed.
        heading: That the outputs say, in rad, [0, 2 pi); NaN likewise.
        turning_sd: SD of the velocities it was shown over that of its training, dimensionless:
            above 1 it is asked for more than it was trained on.
    """

    rates: Float[np.ndarray, "trial time neuron"]
    heading: Float[np.ndarray, "trial time"]
    turning_sd: float


def network_beside(
    network: TaskNetwork,
    task: AngularIntegration,
    heading: Float[np.ndarray, "trial time"],
    *,
    dt: float,
) -> NetworkBeside:
    """Rates and heading of a network at the steps of a recording, without noise.

    The heading is interpolated to the steps of the task, over gaps too, and cut into pieces as long
    as a trial of the task, because networks drift. Each piece begins with the cue of the animal's
    heading there; from then on the network is shown turning alone.

    Args:
        network: Trained, or not for a control.
        task: As it was trained; `n_steps` says how long pieces are.
        heading: Of the animal in rad, counter-clockwise positive; NaN where not observed.
        dt: Seconds per step of the recording.

    Raises:
        InputError: If a trial has fewer than 2 known headings, or the network has not the inputs
            and outputs of the task.
    """
    if network.input_weight.shape[1] != task.n_inputs:
        raise InputError(
            f"`network` must have the {task.n_inputs} inputs of the task; it has "
            f"{network.input_weight.shape[1]}. Give the task it was trained on."
        )
    n_trials, n_steps = heading.shape
    time = dt * np.arange(n_steps)
    grid = task.dt * np.arange(int(np.floor(time[-1] / task.dt + 1e-9)) + 1)
    on_grid = np.stack([_interpolated(one, time, grid) for one in heading])
    piece = task.n_steps - task.cue_steps
    n_pieces = max(1, -(-(len(grid) - 1) // piece))
    turn = np.zeros((n_trials, n_pieces * piece))
    turn[:, : len(grid) - 1] = np.diff(on_grid, axis=1)
    first = on_grid[:, : n_pieces * piece : piece][:, :n_pieces]
    inputs = np.zeros((n_trials, n_pieces, task.n_steps, 3))
    inputs[:, :, task.cue_steps :, 0] = turn.reshape(n_trials, n_pieces, piece)
    inputs[:, :, : task.cue_steps, 1] = np.sin(first)[:, :, None]
    inputs[:, :, : task.cue_steps, 2] = np.cos(first)[:, :, None]
    flat = jnp.asarray(inputs.reshape(-1, task.n_steps, 3), network.input_weight.dtype)
    done = perform(network, flat, dt=task.dt)
    said = task.decoded(done.outputs)[:, :, None]
    both = np.concatenate([np.asarray(done.rates), np.asarray(said)], axis=2)
    both = both.reshape(n_trials, n_pieces, task.n_steps, -1)
    # After the cue of the first piece stands time 0; after step k, time k of the grid.
    start, rest = both[:, 0, task.cue_steps - 1], both[:, :, task.cue_steps :]
    course = np.concatenate([start[:, None], rest.reshape(n_trials, n_pieces * piece, -1)], axis=1)
    place = np.minimum(np.round(time / task.dt).astype(int), len(grid) - 1)
    found = np.where(np.isfinite(heading)[:, :, None], course[:, place], np.nan)
    trained = task.speed * task.sd / (1 - task.momentum**2) ** 0.5
    return NetworkBeside(
        found[:, :, :-1],
        found[:, :, -1],
        float(np.diff(on_grid, axis=1).std() / trained),
    )


def compare_with_network(
    recording: Recording,
    network: TaskNetwork,
    task: AngularIntegration,
    settings: HeadingSettings = HeadingSettings(),  # noqa: B008
    *,
    measure: Measure = linear_cka,
    n_null: int = 200,
    n_draws: int = 200,
) -> Similarity:
    """How alike the recorded population and a network shown the animal's turning are.

    Activity is smoothed in time and divided by the SD of each neuron; the network's rates are taken
    as they are, of units that vary. The null shifts the network in time by at least `least_shift`;
    the interval is over blocks of `block` seconds. A trained network is worth something only beside
    one that was not trained.

    Args:
        recording: With the heading in its behavior.
        network: As `network_beside`.
        task: As there.
        settings: Numbers.
        measure: Of similarity; see `compare_populations`.
        n_null: Shifts.
        n_draws: Half-samples of the interval.

    Raises:
        InputError: As `decode_heading`, `network_beside` and `compare_populations`.
    """
    steps = heading_steps(recording, settings)
    dt = steps.running.dt
    heading = np.full(recording.activity.shape[:2], np.nan)
    heading.ravel()[steps.place] = steps.heading
    beside = network_beside(network, task, heading, dt=dt)
    recorded = _smoothed(recording.activity[:, :, steps.kept], settings.rate_smoothing / dt)
    recorded = recorded / np.nanstd(recorded, axis=(0, 1))
    varies = np.nanstd(beside.rates, axis=(0, 1)) > 1e-9
    return compare_populations(
        recorded,
        beside.rates[:, :, varies],
        measure,
        null=ShiftedInTime(max(1, round(settings.least_shift / dt))),
        block=max(1, round(settings.block / dt)),
        n_null=n_null,
        n_draws=n_draws,
        rng=np.random.default_rng(settings.seed),
    )


def _interpolated(
    heading: Float[np.ndarray, " time"],
    time: Float[np.ndarray, " time"],
    grid: Float[np.ndarray, " step"],
) -> Float[np.ndarray, " step"]:
    """Heading at the times of the grid, unwrapped, in rad; the shorter way over gaps."""
    known = np.isfinite(heading)
    if known.sum() < 2:
        raise InputError(
            f"`heading` must be known at 2 steps of every trial; one has {known.sum()}. Leave that "
            "trial out."
        )
    return np.interp(grid, time[known], np.unwrap(heading[known]))


def _smoothed(
    activity: Float[np.ndarray, "trial time neuron"], sd: float
) -> Float[np.ndarray, "trial time neuron"]:
    """Gaussian mean over observed steps; NaN where not observed."""
    if not sd > 0:
        return activity
    known = np.isfinite(activity)
    total = gaussian_filter1d(np.where(known, activity, 0.0), sd, axis=1, mode="constant")
    weight = gaussian_filter1d(known.astype(float), sd, axis=1, mode="constant")
    return np.where(known, total / np.where(known, weight, 1.0), np.nan)
