"""The layout in which we write a recording into NWB, and how it is read back.

The processing module `neuroloom` holds the table `recording` (one row: what the series do not say),
the table `neurons` (the ids, in the order of the columns) and the series `activity`, with one row a
step. Several trials follow each other without a break; `intervals/trials` says when each would
have been, and carries the trial columns. Behavior is in `processing/behavior`, as anyone expects.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.assemble import assemble
from neuroloom.recording.checks import agreed
from neuroloom.recording.files import json_list
from neuroloom.recording.nwb.values import numbers, text_of
from neuroloom.recording.recording import Recording
from neuroloom.recording.stimulus import from_columns

__all__ = ["PREFIX", "RESERVED", "TEXTS", "columns_of", "is_ours", "read_ours"]

MODULE = "processing/neuroloom"
BEHAVIOR = "processing/behavior/BehavioralTimeSeries"
TEXTS = ("kind", "unit", "name", "licence", "citation", "audit")
RESERVED = ("id", "start_time", "stop_time", "tags", "timeseries", "colnames", "description")
PREFIX = "recording_"  # before a column whose name NWB keeps for itself


def is_ours(file) -> bool:
    """Whether the open file holds a recording of `write_nwb`."""
    return f"{MODULE}/recording" in file and f"{MODULE}/activity" in file


def columns_of(path: Path, table) -> dict[str, np.ndarray]:
    """The columns of a table, texts as str and the rest as they are.

    Raises:
        InputError: If one is of references, or no column at all.
    """
    import h5py

    found = {}
    for name in table:
        item = table[name]
        if name == "id":
            continue
        if not isinstance(item, h5py.Dataset) or item.ndim != 1:
            raise InputError(
                f"`{table.name}/{name}` must be a column with one value a row; {path} has "
                "something else. Write the file again with `write_nwb`."
            )
        values = np.asarray(item)
        if h5py.check_string_dtype(item.dtype) is not None:
            values = np.array([text_of(v) for v in values.tolist()], str)
        if values.dtype.kind not in "biufU":
            raise InputError(
                f"`{table.name}/{name}` must hold numbers or texts; {path} has {values.dtype}. "
                "Write the file again with `write_nwb`."
            )
        found[str(name)] = values
    return found


def read_ours(
    path: Path, file, kind: str | None, dt: float | None, resample: float | None
) -> Recording:
    """The recording that `write_nwb` wrote, without loss.

    Raises:
        InputError: If a part is missing or damaged, or `kind` or `dt` contradict it.
    """
    module = file[MODULE]
    about = _unprefixed(columns_of(path, module["recording"]))
    for name in (*TEXTS, "dt", "start", "n_trials"):
        if about.get(name, np.zeros(0)).shape != (1,):
            raise InputError(
                f"`{MODULE}/recording` must have one row with `{name}`; {path} has not. Write the "
                "file again with `write_nwb`."
            )
    text = {name: str(about[name][0]) for name in TEXTS}
    n_trials, step = int(about["n_trials"][0]), float(about["dt"][0])
    ids = columns_of(path, module["neurons"]).get("neuron_id", np.zeros(0))

    def by_trial(group, name: str) -> np.ndarray:
        values = numbers(path, group[name], "data", n_axes=None, missing=True)
        if n_trials < 1 or len(values) % n_trials:
            raise InputError(
                f"`{name}` must have the same number of rows a trial; {path} has {len(values):,} "
                f"for {n_trials} trials. Write the file again with `write_nwb`."
            )
        return values.reshape(n_trials, len(values) // n_trials, *values.shape[1:])

    trials = {}
    if "intervals/trials" in file:
        columns = columns_of(path, file["intervals/trials"])
        trials = _unprefixed({n: values for n, values in columns.items() if n not in RESERVED})
    behavior = file.get(BEHAVIOR, {})
    counts = by_trial(module, "n_observations") if "n_observations" in module else None
    inputs = by_trial(module, "inputs") if "inputs" in module else None
    names = columns_of(path, module["channels"]).get("channel") if "channels" in module else None
    events = _unprefixed(columns_of(path, module["stimuli"])) if "stimuli" in module else {}
    return assemble(
        activity=by_trial(module, "activity"),
        neuron_id=ids,
        kind=agreed("kind", text["kind"], kind) or "",
        time=None,
        dt=agreed("dt", None if np.isnan(step) else step, dt),
        start=float(about["start"][0]),
        resample_to=resample,
        inputs=inputs,
        input_name=() if names is None else tuple(names.tolist()),
        stimuli=from_columns(events),
        behavior={str(name): by_trial(behavior, name) for name in behavior},
        trials=trials,
        n_observations=None if counts is None else counts.astype(np.int64),
        annotations={
            str(name).removeprefix("annotation_"): by_trial(module, name)
            for name in module
            if str(name).startswith("annotation_")
        },
        audit=json_list(text["audit"]),
        **{name: text[name] for name in TEXTS if name not in ("kind", "audit")},
    )


def _unprefixed(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(PREFIX): values for name, values in columns.items()}
