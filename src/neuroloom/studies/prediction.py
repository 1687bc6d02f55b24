"""`predict`: from a connectome and a recording to a run folder with scores and predictions."""

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom import datasets
from neuroloom.connectome import Connectome
from neuroloom.datasets import worm_responses
from neuroloom.recording import Recording
from neuroloom.runs import (
    atomic_write,
    checksum,
    is_finished,
    locked,
    mark_finished,
    peak_memory_gb,
    provenance,
    run_folder,
    write_json,
)
from neuroloom.studies.config import PRESETS, PredictConfig
from neuroloom.studies.outcome import Outcome
from neuroloom.studies.placement import Placed, awc_by_side, place
from neuroloom.studies.responses.job import Companions, predict_responses

__all__ = ["predict"]


def predict(
    connectome: Connectome | None = None,
    recording: Recording | None = None,
    config: PredictConfig = PRESETS["demo"],
    *,
    out: Path = Path("runs"),
    progress: bool = True,
) -> Path:
    """Predict what was held out, score it beside baselines and nulls, and write a run folder.

    With a recording of responses (one trial a stimulated neuron), stimulated neurons are held out
    in folds; with activity over time, recorded neurons are. A finished run of the same numbers and
    data is not run again; a half-finished one carries on.

    Args:
        connectome: Wiring; default the dataset `worm`.
        recording: Activity, with ids or names as in the connectome; default `worm-responses`.
        config: Every number of the job.
        out: Folder that receives the run's folder.
        progress: Whether to show progress bars.

    Returns:
        The run's folder: config.json, scores.csv, scores_per_neuron.csv, predictions.nc,
        wiring.npz, fit.eqx. `write_report` adds figures and the page.

    Raises:
        InputError: If connectome and recording do not fit each other or the job.
        StudyError: If the folder cannot be written, or another process is at work in it.
    """
    if connectome is None:
        connectome = datasets.connectome("worm")
    if recording is None:
        recording = datasets.recording("worm-responses")
    data = {"connectome": connectome_checksum(connectome), "recording": _recording_sum(recording)}
    run = run_folder(out, f"predict-{recording.kind}", config, data)
    with locked(run):
        if is_finished(run):
            return run
        started = time.perf_counter()
        placed = place(connectome, recording)
        if recording.kind == "response":
            companions = find_companions(placed, recording)
            outcome = predict_responses(
                placed, config, companions, cells=run / "cells", progress=progress
            )
        else:
            from neuroloom.studies.activity.job import predict_activity

            outcome = predict_activity(placed, config, cells=run / "cells", progress=progress)
        _write(run, outcome, placed)
        about = _about(outcome, placed, connectome, recording, config, data)
        about["elapsed_seconds"] = round(time.perf_counter() - started, 1)
        about["peak_memory_gb"] = round(peak_memory_gb(), 3)
        write_json(run / "config.json", about)
        mark_finished(run)
    return run


def find_companions(placed: Placed, recording: Recording) -> Companions:
    """Mutant animals and single trials of the worm atlas, on the trials and neurons of the job."""
    if recording.name != "worm-responses":
        return Companions()
    laid, known_names = placed.recording, placed.connectome.neuron_id
    mutant = place(placed.connectome, worm_responses.worm_responses("unc-31")).recording
    single = worm_responses.single_trials()
    rename = awc_by_side(recording.neuron_id, known_names)
    names = [rename.get(name, name) for name in single.neuron_id.tolist()]
    neuron, trial = (
        np.array([place_of.get(name, -1) for name in names])
        for place_of in (_place_of(laid.neuron_id), _place_of(laid.column("stimulated")))
    )
    there = (neuron[single.responder] >= 0) & (trial[single.stimulated] >= 0)
    entry = trial[single.stimulated] * laid.n_neurons + neuron[single.responder]
    return Companions(
        transfer={"unc-31": on_trials_of(laid, mutant)},
        single=single.dff[there],
        entry=entry[there],
    )


def on_trials_of(recording: Recording, other: Recording) -> Recording:
    """Another animal's responses, a row a stimulated neuron of the first; NaN where it has none.

    Args:
        recording: Gives the trials.
        other: On the same neurons, with trial column `stimulated`.
    """
    row = _place_of(other.column("stimulated"))
    place_in = np.array([row.get(name, -1) for name in recording.column("stimulated").tolist()])
    known = place_in >= 0

    def taken(values: np.ndarray, blank: float | int) -> np.ndarray:
        return np.where(known[:, None, None], values[place_in], np.array(blank, values.dtype))

    counts = other.n_observations
    return replace(
        other,
        activity=taken(other.activity, np.nan),
        trials={"stimulated": recording.column("stimulated")},
        n_observations=None if counts is None else taken(counts, 0),
        annotations={name: taken(v, np.nan) for name, v in other.annotations.items()},
        stimuli=(),
    )


def _place_of(names: np.ndarray) -> dict[object, int]:
    return {name: place_in for place_in, name in enumerate(names.tolist())}


def connectome_checksum(connectome: Connectome) -> str:
    """What a run depends on: ids, connections and neuron columns."""
    parts = (getattr(connectome, n) for n in ("neuron_id", "pre", "post", "kind", "count", "sign"))
    columns = [v for name in sorted(connectome.neurons) for v in (name, connectome.neurons[name])]
    return checksum(*parts, *columns, connectome.count_unit)


def _recording_sum(recording: Recording) -> str:
    values: list[object] = [recording.name, recording.activity, recording.neuron_id]
    values += [recording.kind, recording.dt]
    values += [recording.start, recording.inputs, recording.input_name, recording.n_observations]
    for named in (recording.trials, recording.annotations, recording.behavior):
        values += [v for name in sorted(named) for v in (name, named[name])]
    return checksum(*values)


def _write(run: Path, outcome: Outcome, placed: Placed) -> None:
    tables = {"scores": outcome.scores, "scores_per_neuron": outcome.neurons, **outcome.tables}
    for name, table in tables.items():
        with atomic_write(run / f"{name}.csv") as file:
            file.write(table.to_csv(index=False).encode())
    with atomic_write(run / "predictions.nc") as file:
        outcome.predictions.to_netcdf(file, engine="h5netcdf")  # pyright: ignore[reportCallIssue, reportArgumentType]
    connectome = outcome.wiring or placed.connectome
    with atomic_write(run / "wiring.npz") as file:
        np.savez_compressed(
            file,
            neuron_id=connectome.neuron_id.astype(str),
            **{n: getattr(connectome, n) for n in ("pre", "post", "kind", "count", "sign")},
        )
    for name, fitted in outcome.fits.items():
        fitted.save(run / f"{name}.eqx")


def _about(
    outcome: Outcome,
    placed: Placed,
    connectome: Connectome,
    recording: Recording,
    config: PredictConfig,
    data: dict[str, str],
) -> dict[str, Any]:
    title = f"{recording.name or 'recording'} from {connectome.name or 'connectome'}"
    used = [_source_of(connectome.name, "connectome"), _source_of(recording.name, "recording")]
    citations = dict.fromkeys(
        text for text in [*(info.get("citation", "") for info in used), recording.citation] if text
    )
    return {
        "name": title,
        "job": outcome.job,
        "question": outcome.question,
        "answer": outcome.answer,
        "config": asdict(config),
        **provenance(),
        "data": [
            {"name": name, "checksum": data[part], **info}
            for name, part, info in zip(
                (connectome.name or "connectome", recording.name or "recording"),
                ("connectome", "recording"),
                used,
                strict=True,
            )
        ],
        "audit": [*connectome.audit, *recording.audit, *placed.audit],
        "methods": list(outcome.methods),
        "citations": list(citations),
        "unit": recording.unit,
        "coverage": dict(outcome.coverage),
    }


def _source_of(name: str, noun: str) -> dict[str, str]:
    for info in datasets.available():
        if info.name == name and info.noun == noun:
            return {"licence": info.licence, "citation": info.citation}
    return {}
