"""A recording, such as fitted rates, and a connectivity as an NWB file; needs the extra `nwb`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom.disk import written_whole
from neuroloom.errors import InputError
from neuroloom.recording.connectivity import checked_connectivity
from neuroloom.recording.nwb.ours import PREFIX, RESERVED, TEXTS
from neuroloom.recording.recording import Recording
from neuroloom.recording.stimulus import to_columns

__all__ = ["write_nwb"]

NOT_IN_NAMES = "/:"


def write_nwb(
    path: Path,
    recording: Recording | None,
    *,
    session_description: str,
    identifier: str,
    session_start_time: datetime,
    connectivity: Mapping[str, Any] | None = None,
) -> None:
    """Writes a recording, a connectivity or both; pynwb reads them, and `read_nwb` without loss.

    No name of a person is written. Several trials follow each other on one clock, from `start` on.

    Args:
        path: The file. It is there whole or not at all.
        recording: What to write into the processing module `neuroloom`; None writes none.
        session_description: What was done, in a sentence.
        identifier: Unique for this file.
        session_start_time: Time 0 of the file, with a time zone.
        connectivity: `pre`, `post`, `weight` and, if known, `low`, `high` and `unit`; see
            `write_connectivity`.

    Raises:
        InputError: If there is nothing to write, the time has no zone, a text is empty, or a name
            cannot stand in an NWB file.
    """
    if recording is None and connectivity is None:
        raise InputError(
            "An NWB file must hold a recording or a connectivity; got neither. Pass one of them."
        )
    if not isinstance(session_start_time, datetime) or session_start_time.tzinfo is None:
        raise InputError(
            f"`session_start_time` must be a time with its zone; got {session_start_time!r}. Write "
            "`datetime(2024, 5, 1, 12, tzinfo=UTC)`."
        )
    for name, text in (("session_description", session_description), ("identifier", identifier)):
        if not text.strip():
            raise InputError(f"`{name}` must not be empty; got {text!r}. Say it in a few words.")
    pynwb: Any = _pynwb()
    file = pynwb.NWBFile(
        session_description=session_description,
        identifier=identifier,
        session_start_time=session_start_time,
    )
    module = file.create_processing_module(
        "neuroloom", "A recording or a fit as neuroloom wrote it, with the ids of its neurons."
    )
    if recording is not None:
        _add_recording(pynwb, file, module, recording)
    if connectivity is not None:
        parts = checked_connectivity(connectivity)
        unit = parts.pop("unit", "")
        columns = {name: (f"{WHAT[name]}", values) for name, values in parts.items()}
        module.add(_table("connectivity", f"Directed connections. Unit of weight: {unit}", columns))
    with written_whole(path) as beside:
        whole = beside.with_name("whole.nwb")  # pynwb warns of any other ending
        with pynwb.NWBHDF5IO(str(whole), "w") as io:
            io.write(file)
        whole.replace(beside)


WHAT = {
    "pre": "Neuron that sends.",
    "post": "Neuron that receives.",
    "weight": "Weight of the connection.",
    "low": "Lower end of the interval of the weight.",
    "high": "Upper end of the interval of the weight.",
}


def _add_recording(pynwb, file, module, recording: Recording) -> None:
    step = recording.dt if recording.dt is not None else 1.0
    n_rows = recording.n_trials * recording.n_steps
    texts = {name: getattr(recording, name) for name in TEXTS if name != "audit"}
    about = {_safe(pynwb, name): ("As in neuroloom.", [text]) for name, text in texts.items()}
    about |= {
        "audit": ("What was kept, changed or left out, as JSON.", [json.dumps(recording.audit)]),
        "dt": ("Seconds a step; NaN where there is none.", np.array([recording.dt or np.nan])),
        "start": ("Time of the first sample of each trial, in seconds.", [recording.start]),
        "n_trials": ("How many trials follow each other.", [recording.n_trials]),
    }
    module.add(_table("recording", "What the series of this module do not say.", about))
    ids = {"neuron_id": ("Id of the neuron.", recording.neuron_id)}
    module.add(_table("neurons", "Neurons, in the order of the columns of `activity`.", ids))

    def series(name: str, values: np.ndarray, unit: str, what: str):
        flat = values.reshape(n_rows, *values.shape[2:])
        packed = pynwb.H5DataIO(flat, compression="gzip", compression_opts=1)
        return pynwb.TimeSeries(
            name=_name(name),
            data=packed,
            unit=unit or "n.a.",
            starting_time=recording.start,
            rate=1 / step,
            description=what,
            comments=f"{recording.n_trials} trials of {recording.n_steps} steps, one after another"
            + ("" if recording.dt is not None else "; without a clock, one row a second"),
        )

    kind = f"{recording.kind}, one row a step, one column a neuron; NaN is not observed."
    module.add(series("activity", recording.activity, recording.unit, kind))
    if recording.n_observations is not None:
        what = "How many measurements stand behind each entry of `activity`."
        module.add(series("n_observations", recording.n_observations, "n.a.", what))
    for name, values in recording.annotations.items():
        module.add(series(f"annotation_{name}", values, "n.a.", "A number for each entry."))
    if recording.inputs is not None:
        module.add(series("inputs", recording.inputs, "n.a.", "Inputs, one column a channel."))
        channels = {"channel": ("Name of the channel.", list(recording.input_name))}
        module.add(_table("channels", "Channels, in the order of the columns.", channels))
    if recording.stimuli:
        columns = {
            _safe(pynwb, name): ("As in neuroloom.", v)
            for name, v in to_columns(recording.stimuli).items()
        }
        module.add(_table("stimuli", "Events that were done to the animal, by trial.", columns))
    if recording.behavior:
        behavior = pynwb.behavior.BehavioralTimeSeries(
            time_series=[
                series(name, values, "n.a.", "Behavior; a unit, if any, is in the name.")
                for name, values in recording.behavior.items()
            ]
        )
        file.create_processing_module("behavior", "Behavior of the animal.").add(behavior)
    _add_trials(pynwb, file, recording, step)


def _add_trials(pynwb, file, recording: Recording, step: float) -> None:
    if recording.n_trials == 1 and not recording.trials:
        return
    length = step * recording.n_steps
    start = recording.start + length * np.arange(recording.n_trials)
    columns = {
        "start_time": ("Start of the trial in this file, in seconds.", start),
        "stop_time": ("End of the trial in this file, in seconds.", start + length),
    }
    for name, values in recording.trials.items():
        columns[_safe(pynwb, name)] = ("As in neuroloom.", values)
    table = _table("trials", "Trials, one after another.", columns, pynwb.epoch.TimeIntervals)
    file.trials = table


def _table(name: str, what: str, columns: Mapping[str, tuple[str, Any]], kind: Any = None):
    import hdmf.common

    hdmf_table: Any = hdmf.common

    vectors = [
        hdmf_table.VectorData(name=_name(column), description=why, data=_plain(column, values))
        for column, (why, values) in columns.items()
    ]
    return (kind or hdmf_table.DynamicTable)(name=name, description=what, columns=vectors)


def _safe(pynwb: Any, name: str) -> str:
    """A name for a column that NWB does not keep for itself."""
    kept = name in RESERVED or hasattr(pynwb.epoch.TimeIntervals, name)
    return f"{PREFIX}{name}" if kept or name.startswith(PREFIX) else name


def _plain(name: str, values: Iterable[Any]) -> Any:
    array = np.asarray(values)
    if array.dtype.kind != "U":
        return array
    texts = array.tolist()
    bad = [text for text in texts if "\0" in text or not _encodable(text)]
    if bad:
        raise InputError(
            f"Texts must be Unicode without NUL to stand in HDF5; `{name}` holds {bad[0]!r} "
            f"({len(bad)} such). Change them first."
        )
    return texts


def _encodable(text: str) -> bool:
    return not any(0xD800 <= ord(letter) < 0xE000 for letter in text)


def _name(name: str) -> str:
    odd = name in ("", ".", "..") or any(letter in name for letter in NOT_IN_NAMES + "\0")
    if odd or not _encodable(name):
        raise InputError(
            f"A name must not be empty or dots and must not hold {' or '.join(NOT_IN_NAMES)} to "
            f"stand in an NWB file; got {name!r}. Rename that column first."
        )
    return name


def _pynwb():
    try:
        import pynwb
        import pynwb.behavior
        import pynwb.epoch
    except ImportError as error:
        raise InputError(
            "NWB files must be written with the package `pynwb`; it is not installed. Install the "
            "extra: `pip install 'neuroloom[nwb]'`."
        ) from error
    return pynwb
