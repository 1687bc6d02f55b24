"""Which neurons to record next, by the network that was fitted to those recorded so far."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
import pandas as pd
from jaxtyping import Float

from neuroloom.analysis.identifiability import (
    Linearization,
    Sensitivity,
    leading_sensitivity,
    linearize,
    predicted_error,
)
from neuroloom.analysis.identifiability.sensitivity import LARGEST
from neuroloom.analysis.plan import Plan, plan_recordings
from neuroloom.errors import SimulationError
from neuroloom.fitting import Fit
from neuroloom.recording import Recording
from neuroloom.studies.activity.ensemble import Run
from neuroloom.studies.activity.model import START_SD, ActivityModel
from neuroloom.studies.activity.partition import Partition

__all__ = ["PLAN_COLUMNS", "NextRecording", "plan_next"]

PLAN_COLUMNS = [
    "order",
    "neuron",
    "error_before",
    "error_after",
    "random_after",
    "random_low",
    "random_high",
    "worst_after",
]
MOST_TRIALS = 3
MOST_STEPS = 200
MOST_SAMPLES = 60  # of all trials together
MODES = 200
N_RANDOM = 100

Activities = Float[np.ndarray, "trial time neuron member"]


class NextRecording(NamedTuple):
    """The plan.

    Attributes:
        table: One row a neuron to record, the first first: `PLAN_COLUMNS`. Errors are expected root
            mean squares over the neurons then unrecorded, in the unit of the recording; `random_*`
            are median, 5 % and 95 % of orders drawn at random, as many recorded.
        sentences: How it was made, and how far to trust its numbers.
    """

    table: pd.DataFrame
    sentences: tuple[str, ...]


def plan_next(
    fit: Fit,
    predicted: Activities,
    partition: Partition,
    n: int,
    *,
    rng: np.random.Generator,
) -> NextRecording:
    """Greedily, what lowers the expected error of all neurons most if recorded next.

    To first order around one fitted network, under the prior from which members start. Neurons
    recorded so far, held-out ones included, count as recorded. No held-out activity is looked at,
    except to say how far expected errors are from those of held-out neurons.

    Args:
        fit: The ensemble of the default.
        predicted: Its predictions, by member.
        partition: What was observed.
        n: How many neurons to plan; fewer where no more are left.
        rng: Randomness of the orders to compare with.
    """
    recording = partition.recording
    recorded = recording.observed.any(axis=(0, 1))
    n = min(n, int((~recorded).sum()))
    if n < 1:
        return NextRecording(
            pd.DataFrame(columns=PLAN_COLUMNS),
            ("no plan for a next recording: every neuron of the connectome is recorded",),
        )
    sensitivity = _sensitivity(fit, partition.visible, rng)
    error = _root_mean_square(predicted.mean(axis=-1), recording)
    noise = float(np.median(error[partition.observed]))
    names = recording.neuron_id.tolist()
    plan = plan_recordings(
        sensitivity,
        recording.neuron_id,
        n,
        noise=noise,
        rng=rng,
        recorded=[names[i] for i in np.flatnonzero(recorded)],
        n_random=N_RANDOM,
    )
    table = _table(plan)
    unit = recording.unit or recording.kind
    expected = np.sqrt(
        predicted_error(sensitivity, partition.observed, noise=noise).mean_square + noise**2
    )
    off = float(np.median(error[partition.held_out] / expected[partition.held_out]))
    return NextRecording(
        table,
        (
            _advice(table, unit, int((~recorded).sum())),
            "the plan is greedy in expected squared error (V-optimal), to first order around the "
            f"member with the best stopping loss, prior SD {START_SD:g} of every parameter, noise "
            f"SD {noise:.3g} {unit}; held-out neurons erred {off:.2g} times as much as expected so",
        ),
    )


def _sensitivity(fit: Fit, visible: Recording, rng: np.random.Generator) -> Sensitivity:
    """Of the best member whose activity stays finite."""
    loss = np.nanmin(
        np.where(np.isnan(fit.validation_history), np.inf, fit.validation_history), axis=0
    )
    for member in np.argsort(loss[list(fit.kept)], kind="stable"):
        around = _around(fit.member(int(member)), visible)
        if np.isfinite(around.activity).all():
            if around.activity.size * around.n_parameters <= LARGEST:
                return around.sensitivity()
            room = LARGEST // max(around.activity.size, around.n_parameters) - 10
            n_modes = int(np.clip(room, 1, min(MODES, around.n_parameters)))
            return leading_sensitivity(around, n_modes=n_modes, rng=rng)
    raise SimulationError(
        "A plan must have a member that stays finite; none does. Give a smaller `--dt` or "
        "`--resample`, another `--seed`, or `--n-planned 0`."
    )


def _around(model: ActivityModel, visible: Recording) -> Linearization:
    """The beginning of a few trials, thinned."""
    n_trials = min(visible.n_trials, MOST_TRIALS)
    n_steps = min(visible.n_steps, MOST_STEPS)
    whole = Run.of(model, visible, adjoint=False)
    trials = np.linspace(0, visible.n_trials - 1, n_trials).round().astype(int)
    short = Run(whole.activity[trials, :n_steps], whole.inputs[trials, :n_steps], adjoint=False)
    free = eqx.filter(ActivityModel.trainable(model), eqx.is_inexact_array)
    return linearize(
        model,
        short,
        trainable=ActivityModel.trainable,
        prior_sd=jax.tree.map(lambda _: START_SD, free),
        every=-(-n_steps * n_trials // MOST_SAMPLES),
    )


def _root_mean_square(
    predicted: Float[np.ndarray, "trial time neuron"], recording: Recording
) -> Float[np.ndarray, " neuron"]:
    """Error of each recorded neuron; NaN of the others."""
    error = np.where(recording.observed, predicted - np.nan_to_num(recording.activity), 0.0)
    n = recording.observed.sum(axis=(0, 1))
    return np.where(n > 0, np.sqrt((error**2).sum(axis=(0, 1)) / np.maximum(n, 1)), np.nan)


def _table(plan: Plan) -> pd.DataFrame:
    curves = plan.curves()
    lines = ("greedy", "random_median", "random_low", "random_high", "worst")
    root = {name: np.sqrt(curves[name].to_numpy()) for name in lines}
    order = np.arange(1, len(curves))
    columns = (
        order,
        plan.chosen.astype(str)[: len(order)],
        root["greedy"][:-1],
        *(root[name][1:] for name in lines),
    )
    return pd.DataFrame(dict(zip(PLAN_COLUMNS, columns, strict=True)))


def _advice(table: pd.DataFrame, unit: str, n_left: int) -> str:
    last = table.iloc[-1]
    return (
        f"record next: {', '.join(table['neuron'])}; the expected error of the {n_left:,} "
        f"neurons not recorded then falls from {table['error_before'].iloc[0]:.3g} to "
        f"{last['error_after']:.3g} {unit} (as many at random: {last['random_after']:.3g}; the "
        f"worst: {last['worst_after']:.3g})"
    )
