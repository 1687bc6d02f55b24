"""Predict held-out neurons over time, with every control on the same held-out data."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError, SimulationError
from neuroloom.runs import progress_bar
from neuroloom.studies.activity import baselines
from neuroloom.studies.activity.arms import (
    DEFAULT,
    Results,
    fit_arms,
    fit_calibrations,
    planned_arms,
)
from neuroloom.studies.activity.choices import share, sign
from neuroloom.studies.activity.ensemble import Ensemble, driven_neurons, predict_untrained
from neuroloom.studies.activity.intervals import activity_intervals
from neuroloom.studies.activity.model import ActivityModel
from neuroloom.studies.activity.next_recording import plan_next
from neuroloom.studies.activity.partition import (
    Partition,
    divide,
    others_held_out,
    own_stream,
)
from neuroloom.studies.activity.scoring import (
    HELD_OUT,
    HELD_OUT_UNSEEN,
    OBSERVED,
    Activity,
    identification,
    score_activity,
    score_neurons,
)
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.outcome import NEURON_COLUMNS, Outcome
from neuroloom.studies.placement import Placed

__all__ = ["predict_activity"]

IDENTIFIED_ABOVE = 0.5  # of the observed neurons' R2
MOST_ENTRIES = 2**28  # of all predictions together: 2 GiB
UNTRAINED = "baseline: untrained network"
PLAN_OF_A_POOR_FIT = (
    "the fit misses even the observed neurons, so the plan's errors are those of a network that is "
    "not theirs: take the order as a hint, and the sizes not at all"
)


def predict_activity(
    placed: Placed, config: PredictConfig, *, cells: Path | None = None, progress: bool = True
) -> Outcome:
    """Fit a wired network to the neurons that are observed, and predict those that were held out.

    Args:
        placed: A connectome, and activity over time on its neurons.
        config: Every number.
        cells: Folder for finished fits; a run that was killed carries on from there to the same
            numbers. None keeps nothing.
        progress: Whether to show a progress bar.

    Raises:
        InputError: If the recording is too small or too large, a null wiring is unknown, or signs
            are unknown and the rule does not apply.
        SimulationError: If every member of the default diverged.
        StudyError: If a kept result is damaged.
    """
    partition = divide(
        placed.recording, fraction=config.held_out, rng=own_stream(config.seed, "held out")
    )
    groups = share(placed.connectome, config.sharing)
    wiring = sign(placed.connectome, config.sign_rule)
    arms, left_out = planned_arms(placed.connectome, wiring, config)
    others = others_held_out(
        partition, config.n_calibrations, rng=own_stream(config.seed, "calibration")
    )
    n_fits = sum(arm.n_draws for arm in arms) + len(others)
    _check_size(placed, 2 * config.n_members + n_fits + len(baselines.ABOUT_ANYONE) + 1)
    ensemble = Ensemble(groups, config.n_members, config.n_steps)
    results = Results(notes=list(left_out))
    with progress_bar("fitting", total=n_fits, enabled=progress) as bar:
        for note in fit_arms(arms, ensemble, partition, results, seed=config.seed, cells=cells):
            bar.advance(note=note)
        for note in fit_calibrations(
            arms[0], ensemble, others, results, seed=config.seed, cells=cells
        ):
            bar.advance(note=note)
    untrained = ensemble.untrained(
        wiring, partition.training, rng=own_stream(config.seed, UNTRAINED)
    )
    blank = predict_untrained(untrained, partition.visible)
    if blank.effect.shape[-1]:
        results.draws[UNTRAINED] = [blank.effect.mean(axis=-1)]
    seen = baselines.Seen(wiring.connectome, partition.training, partition.visible)
    for name, predict in baselines.ABOUT_ANYONE.items():
        results.draws[name] = [predict(seen)]
    about_observed = {name: [f(seen)] for name, f in baselines.ABOUT_OBSERVED.items()}
    scores = _scored(results, about_observed, partition, config)
    return _outcome(placed, partition, config, results, scores, (groups.sentence, wiring.sentence))


def _scored(
    results: Results,
    about_observed: Mapping[str, list[Activity]],
    partition: Partition,
    config: PredictConfig,
) -> pd.DataFrame:
    rng = own_stream(config.seed, "resamples")
    scored = partition.scored

    def table(
        arms: Mapping[str, list[Activity]], *splits: str, where: np.ndarray | bool = True
    ) -> pd.DataFrame:
        entries = {split: scored[split] & where for split in splits}
        return score_activity(
            arms, partition.recording, entries, n_resamples=config.n_resamples, rng=rng
        )

    known = np.isfinite(next(iter(about_observed.values()))[0])
    tables = [
        table(results.draws, HELD_OUT, HELD_OUT_UNSEEN, OBSERVED),
        table(about_observed, OBSERVED, where=known),
    ]
    best = baselines.ceiling(partition.recording)
    if best is not None:
        arms = {"ceiling: other half of the trials": [best]}
        where = np.isfinite(best)
        tables.append(table(arms, HELD_OUT, HELD_OUT_UNSEEN, OBSERVED, where=where))
    return pd.concat(tables, ignore_index=True)


def _outcome(
    placed: Placed,
    partition: Partition,
    config: PredictConfig,
    results: Results,
    scores: pd.DataFrame,
    choices: tuple[str, ...],
) -> Outcome:
    if results.default is None or results.fit is None:
        raise SimulationError(
            "The default must have been fitted; it was not. This is a bug: please report it."
        )
    predicted = results.default.effect
    intervals = activity_intervals(predicted, partition, results.calibrations, level=config.level)
    tables, planned = {"coverage": intervals.calibration}, ()
    if config.n_planned:
        rng = own_stream(config.seed, "plan")
        plan = plan_next(results.fit, predicted, partition, config.n_planned, rng=rng)
        tables["plan"], planned = plan
    word, sentence = identification(scores, above=IDENTIFIED_ABOVE)
    if planned and word == "not explained":
        planned = (*planned, PLAN_OF_A_POOR_FIT)
    r = scores.set_index(["arm", "split", "measure"])["value"][DEFAULT, HELD_OUT, "correlation"]
    n_held_out, n_observed = int(partition.held_out.sum()), int(partition.observed.sum())
    name = placed.connectome.name or "the connectome"
    unit = partition.recording.unit or partition.recording.kind
    fit = results.fit
    question = (
        f"What do {n_held_out} neurons that were held out do, given the activity of {n_observed} "
        f"others and the wiring of {name}?"
    )
    answer = (
        f"{sentence} Their activity over time is {word} by an ensemble of {predicted.shape[-1]} "
        f"wired networks, with a mean correlation of {r:.3f}."
    )
    methods = (
        *partition.sentences,
        *_self_connections(placed.connectome, partition),
        choices[1],
        choices[0],
        _network_sentence(fit.network),
        _input_sentence(partition),
        f"{config.n_members} members of at most {config.n_steps} Adam steps on squared error over "
        "(variance of the neuron + median variance), each with its own start, Bayesian bootstrap "
        "of time windows and windows to stop on; no penalty",
        f"Euler steps of {fit.network.dt / fit.network.n_substeps:g} s; one unit of the network is "
        f"{float(fit.network.size):.4g} {unit}, the "
        "root mean square of the training entries",
        f"{config.n_null_draws} draws of each null wiring, everything refitted on each",
        "identified means: the median identity-line R2 of held-out neurons is at least "
        f"{IDENTIFIED_ABOVE:g} of the observed neurons' and above that of every control",
        *intervals.sentences,
        *planned,
        *results.notes,
    )
    return Outcome(
        job="activity",
        question=question,
        answer=answer,
        scores=scores,
        neurons=_by_neuron(predicted.mean(axis=-1), partition),
        predictions=_dataset(predicted, partition, results, intervals.half_width),
        fits={"fit": fit},
        methods=methods,
        coverage=intervals.coverage,
        tables={name: table for name, table in tables.items() if len(table)},
    )


def _by_neuron(predicted: Activity, partition: Partition) -> pd.DataFrame:
    recording = partition.recording
    rows = []
    for role, split in (("held-out", HELD_OUT), ("observed", OBSERVED)):
        table = score_neurons(predicted, recording, partition.scored[split])
        for row in table.to_dict("records"):
            name = str(recording.neuron_id[int(row["neuron"])])
            r2 = 1 - row["mse"] / row["variance"] if row["variance"] > 0 else np.nan
            measured = {"correlation": row["correlation"], "mse": row["mse"], "identity_r2": r2}
            rows += [(name, role, measure, v, int(row["n"])) for measure, v in measured.items()]
    return pd.DataFrame(rows, columns=NEURON_COLUMNS)


def _dataset(
    predicted: np.ndarray, partition: Partition, results: Results, half_width: np.ndarray
) -> xr.Dataset:
    recording = partition.recording
    shown = {n: d[0] for n, d in results.draws.items() if n.startswith(("baseline", "null"))}
    mean, entry = predicted.mean(axis=-1), ("trial", "time", "neuron")
    held_out = partition.scored[HELD_OUT].astype(np.int8)
    return xr.Dataset(
        {
            "predicted": ((*entry, "member"), predicted.astype(np.float32)),
            "measured": (entry, recording.activity.astype(np.float32)),
            "low": (entry, (mean - half_width).astype(np.float32)),
            "high": (entry, (mean + half_width).astype(np.float32)),
            "held_out": (entry, held_out),
            "baseline_score": (
                ("baseline", *entry),
                np.stack(list(shown.values())).astype(np.float32),
            ),
        },
        coords={
            "trial": np.arange(recording.n_trials),
            "time": recording.time,
            "neuron": recording.neuron_id.astype(str),
            "member": np.arange(predicted.shape[-1]),
            "baseline": list(shown),
        },
        attrs={"unit": recording.unit or recording.kind, "kind": recording.kind},
    )


def _network_sentence(model: ActivityModel) -> str:
    network = model.network
    return (
        f"rate network of {network.n_neurons:,} neurons, {network.strength.size:,} chemical and "
        f"{network.gap_strength.size // 2:,} electrical connections, "
        f"{type(network.activation).__name__.lower()} activation, gain on what a neuron sends"
    )


def _input_sentence(partition: Partition) -> str:
    recording = partition.recording
    used = [recording.input_name[i] for i in driven_neurons(recording)[1]]
    unused = [name for name in recording.input_name if name not in used]
    said = f"inputs to neurons: {', '.join(used) or 'none'}"
    if unused:
        said += f"; not used, because they are named after no neuron: {', '.join(unused)}"
    if recording.stimuli:
        said += f"; {len(recording.stimuli):,} stimuli with times of their own were not used"
    return said


def _self_connections(connectome: Connectome, partition: Partition) -> tuple[str, ...]:
    loops = (connectome.pre == connectome.post) & partition.observed[connectome.pre]
    if not loops.any():
        return ()
    return (
        f"except through {loops.sum():,} self-connections of observed neurons, which stay as wired",
    )


def _check_size(placed: Placed, n_layers: int) -> None:
    n = placed.recording.activity.size * n_layers
    if n > MOST_ENTRIES:
        raise InputError(
            f"Predictions must fit into {MOST_ENTRIES:,} numbers; {placed.recording.n_trials:,} "
            f"trials of {placed.recording.n_steps:,} samples for {placed.connectome.n_neurons:,} "
            f"neurons, {n_layers} times over, do not. Use a longer `--dt` or `--resample`, fewer "
            "null draws, or a part of the recording."
        )
