"""NPZ files: one array a part, under the part's own name. Nothing is ever unpickled."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from neuroloom.disk import first_bytes, speaking_of, written_whole
from neuroloom.errors import InputError, nearest
from neuroloom.recording.assemble import assemble
from neuroloom.recording.checks import agreed, as_ids
from neuroloom.recording.files import check_expansion, json_list
from neuroloom.recording.recording import Recording
from neuroloom.recording.stimulus import from_columns, to_columns

__all__ = ["PARTS", "read_npz", "write_npz"]

PARTS = (
    *("activity", "neuron_id", "kind", "time", "dt", "start", "inputs", "input_name"),
    *("n_observations", "unit", "name", "licence", "citation", "audit"),
)
FAMILIES = ("behavior", "trials", "annotations", "stimuli")


def read_npz(
    path: Path,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
    keys: Mapping[str, str] | None = None,
) -> Recording:
    """The recording in an NPZ file.

    It needs `activity` (trial, time, neuron; or time, neuron for one trial), `neuron_id`, and
    `time` or `dt` in seconds; the other names of `PARTS` are optional, and so are
    `behavior/<name>`, `trials/<name>`, `annotations/<name>` and `stimuli/<field>`. Other arrays
    are listed in the audit and left alone.

    Args:
        path: The file.
        kind: What the activity is, if the file does not say; see `ACTIVITY_KINDS`.
        dt: Sampling interval, in seconds, if the file does not say.
        resample: New interval, in seconds, onto which uneven samples are interpolated.
        keys: Where the file uses other names: from ours (`neuron_id`) to the file's (`ids`).

    Raises:
        InputError: If the file is broken, holds pickled objects, would unpack to an absurd size, or
            its parts do not make a recording.
    """
    path = Path(path)
    first_bytes(path)
    with speaking_of(path), zipfile.ZipFile(path) as archive:
        arrays = _arrays(path, archive)
    renamed = dict(keys or {})
    for ours, theirs in renamed.items():
        if theirs not in arrays or (ours not in PARTS and ours.split("/")[0] not in FAMILIES):
            raise InputError(
                f"`keys` must lead from a part of a recording to an array in {path}; got "
                f"{ours!r}: {theirs!r}. Arrays: {', '.join(arrays)}. Parts: {', '.join(PARTS)}."
            )
    parts = {ours: arrays.pop(theirs) for ours, theirs in renamed.items()}
    parts = {name: arrays.pop(name) for name in list(arrays) if _known(name)} | parts
    for needed in ("activity", "neuron_id"):
        if needed not in parts:
            raise InputError(
                f"An NPZ recording must hold `{needed}`; {path} holds "
                f"{', '.join([*parts, *arrays]) or 'no arrays'}. {nearest(needed, [*arrays, '-'])} "
                f"Name it with `keys={{'{needed}': ...}}`."
            )
    return _recording(path, parts, tuple(sorted(arrays)), kind, dt, resample)


def write_npz(path: Path, recording: Recording) -> None:
    """Writes everything in the recording; `read_npz` gives it back without loss.

    Raises:
        InputError: If a name is empty, or the file cannot be written.
    """
    parts: dict[str, np.ndarray] = {
        "activity": recording.activity,
        "neuron_id": recording.neuron_id,
        "start": np.array(recording.start),
        "audit": np.array(json.dumps(recording.audit)),
    }
    for name in ("kind", "unit", "name", "licence", "citation"):
        parts[name] = np.array(getattr(recording, name))
    if recording.dt is not None:
        parts["dt"] = np.array(recording.dt)
    if recording.inputs is not None:
        parts |= {"inputs": recording.inputs, "input_name": np.array(recording.input_name)}
    if recording.n_observations is not None:
        parts["n_observations"] = recording.n_observations
    for family in FAMILIES[:3]:
        for name, values in getattr(recording, family).items():
            if not name or "\0" in name:
                raise InputError(
                    "A name must be some text without NUL to stand in an NPZ file; one in "
                    f"`{family}` is {name!r}. Rename it first."
                )
            parts[f"{family}/{name}"] = values
    for field, values in to_columns(recording.stimuli).items():
        parts[f"stimuli/{field}"] = values
    with written_whole(path) as to, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in parts.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


def _known(name: str) -> bool:
    family, _, rest = name.partition("/")
    return name in PARTS or (family in FAMILIES and rest != "")


def _arrays(path: Path, archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """Every array, once the headers of all have been seen to be harmless."""
    total = 0
    for member in archive.infolist():
        if not member.filename.endswith(".npy") or member.flag_bits & 1:
            raise InputError(
                f"An NPZ file must hold plain .npy arrays only; {path} holds "
                f"`{member.filename}`{' (encrypted)' if member.flag_bits & 1 else ''}. If it is a "
                "spreadsheet or another zip, export the table inside as CSV."
            )
        with archive.open(member) as stream:
            shape, _, dtype = _header(path, member.filename, stream)
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        total += size
        check_expansion(path, total, "all arrays together")
        if member.file_size < size:
            raise InputError(
                f"The array `{member.filename}` must be as long as its header says, {size:,} "
                f"bytes; {path} holds {member.file_size:,}. Save it again."
            )
    arrays = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in arrays:
            raise InputError(
                f"Each array must occur once; `{name}` occurs twice in {path}. Save it again."
            )
        with archive.open(member) as stream:
            shape, fortran, dtype = _header(path, member.filename, stream)
            data = stream.read(int(np.prod(shape, dtype=object)) * dtype.itemsize)
            if stream.read(1):
                raise InputError(
                    f"The array `{name}` must end where its header says; {path} holds more bytes. "
                    "Save it again."
                )
        flat = np.frombuffer(data, dtype, count=int(np.prod(shape, dtype=object)))
        arrays[name] = flat.reshape(shape, order="F" if fortran else "C")
    return arrays


def _header(
    path: Path, name: str, stream: IO[bytes] | zipfile.ZipExtFile
) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    shape, fortran, dtype = read(stream) if read else ((), False, np.dtype(object))
    if dtype.kind not in "biufU":
        pickled = "pickled objects, which can run code and are" if dtype.hasobject else f"{dtype},"
        raise InputError(
            f"Arrays must hold numbers or text; `{name}` in {path} holds {pickled} never "
            "opened. Save it as numbers, or as text with `array.astype(str)`."
        )
    if any(n < 0 for n in shape):
        raise InputError(
            f"Shapes must not be negative; `{name}` in {path} says {shape}. Save it again."
        )
    return shape, fortran, dtype


def _recording(
    path: Path,
    parts: dict[str, np.ndarray],
    ignored: tuple[str, ...],
    kind: str | None,
    dt: float | None,
    resample: float | None,
) -> Recording:
    kind = agreed("kind", _text(path, parts, "kind") or None, kind)
    if not kind:
        raise InputError(
            f"A recording must say what its activity is; {path} has no `kind`. Pass `kind=`: "
            "`rate`, `calcium`, `spike_count` or `response`."
        )
    activity, audit = parts["activity"], json_list(_text(path, parts, "audit") or "[]")
    if activity.ndim == 2:
        activity = activity[None]
        audit = (*audit, "took activity (time, neuron) as a single trial")
    if ignored:
        audit = (*audit, f"did not read the arrays {', '.join(ignored)} of {path.name}")
    families = {
        family: {
            name.partition("/")[2]: values
            for name, values in parts.items()
            if name.startswith(f"{family}/")
        }
        for family in FAMILIES
    }
    return assemble(
        activity=activity,
        neuron_id=as_ids(parts["neuron_id"]),
        kind=kind,
        time=parts.get("time"),
        dt=agreed("dt", _number(path, parts, "dt"), dt),
        start=_number(path, parts, "start"),
        resample_to=resample,
        inputs=parts.get("inputs"),
        input_name=tuple(str(n) for n in parts.get("input_name", np.array([])).ravel().tolist()),
        behavior=families["behavior"],
        trials=families["trials"],
        annotations=families["annotations"],
        stimuli=from_columns(families["stimuli"]),
        n_observations=parts.get("n_observations"),
        audit=audit,
        **{n: _text(path, parts, n) or "" for n in ("unit", "name", "licence", "citation")},
    )


def _number(path: Path, parts: dict[str, np.ndarray], name: str) -> float | None:
    if name not in parts:
        return None
    value = parts[name]
    if value.size != 1 or value.dtype.kind not in "iuf":
        raise InputError(
            f"`{name}` must be one number of seconds; {path} has {value.dtype} of shape "
            f"{value.shape}. Give sample times as `time`."
        )
    return float(value.ravel()[0])


def _text(path: Path, parts: dict[str, np.ndarray], name: str) -> str | None:
    if name not in parts:
        return None
    value = parts[name]
    if value.size != 1 or value.dtype.kind != "U":
        raise InputError(
            f"`{name}` must be one text; {path} has {value.dtype} of shape {value.shape}. Save it "
            "as a single string."
        )
    return str(value.ravel()[0])
