"""A recording as an `xarray.Dataset`, and back, without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.assemble import assemble
from neuroloom.recording.checks import agreed, require_storable
from neuroloom.recording.files import json_list
from neuroloom.recording.recording import Recording
from neuroloom.recording.stimulus import FIELDS, from_columns, to_columns

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["from_xarray", "stated", "storable", "to_xarray"]

ENTRY = ("trial", "time", "neuron")
TEXTS = ("kind", "unit", "name", "licence", "citation")
SECONDS = ("", "s", "sec", "second", "seconds")


def to_xarray(recording: Recording) -> xr.Dataset:
    """The recording as a dataset with the dimensions trial, time, neuron, channel and stimulus.

    Columns carry the prefix of their family: `behavior_`, `trials_`, `annotation_`, `stimulus_`.
    A stimulus' target is written as JSON, because it may be a number, text or nothing.

    Example:
        >>> recording = Recording(np.zeros((1, 4, 2)), np.array(["a", "b"]), kind="rate", dt=0.1)
        >>> dict(to_xarray(recording).sizes)
        {'trial': 1, 'time': 4, 'neuron': 2}
    """
    import xarray as xr

    variables: dict[str, Any] = {"activity": (ENTRY, recording.activity)}
    if recording.inputs is not None:
        variables["inputs"] = (("trial", "time", "channel"), recording.inputs)
    if recording.n_observations is not None:
        variables["n_observations"] = (ENTRY, recording.n_observations)
    for name, values in recording.annotations.items():
        variables[f"annotation_{name}"] = (ENTRY, values)
    for name, values in recording.behavior.items():
        variables[f"behavior_{name}"] = (ENTRY[:2], values)
    for name, values in recording.trials.items():
        variables[f"trials_{name}"] = (ENTRY[:1], values)
    for name, values in to_columns(recording.stimuli).items():
        variables[f"stimulus_{name}"] = (("stimulus",), values)
    coordinates: dict[str, Any] = {"time": recording.time, "neuron": recording.neuron_id}
    if recording.inputs is not None:
        coordinates["channel"] = np.array(recording.input_name)
    attributes: dict[str, Any] = {name: getattr(recording, name) for name in TEXTS}
    attributes |= {"start": recording.start, "audit": json.dumps(recording.audit)}
    if recording.dt is not None:
        attributes["dt"] = recording.dt
    return xr.Dataset(variables, coords=coordinates, attrs=attributes)


def from_xarray(dataset: xr.Dataset, *, resample: float | None = None) -> Recording:
    """The recording in a dataset: made by `to_xarray`, or by hand.

    By hand it needs the variable `activity` over `time` and `neuron` (and `trial`, if there is
    more than one), a coordinate `neuron` with the ids, the attribute `kind`, and `dt` as an
    attribute or an evenly spaced coordinate `time` in seconds.

    Args:
        dataset: Variables that are not named as `to_xarray` names them are listed in the audit.
        resample: New interval, in seconds, onto which uneven samples are interpolated.

    Raises:
        InputError: If one of these is missing, or they contradict each other.
    """
    if "activity" not in dataset.data_vars:
        raise InputError(
            "A dataset must hold the variable `activity` to be a recording; it holds "
            f"{', '.join(map(str, dataset.variables)) or 'nothing'}. Rename the variable, with the "
            "dimensions trial, time and neuron."
        )
    dimensions = dataset["activity"].dims
    if not {"time", "neuron"} <= set(dimensions) <= set(ENTRY):
        raise InputError(
            f"`activity` must have the dimensions {', '.join(ENTRY)}; it has "
            f"{', '.join(map(str, dimensions)) or 'none'}. Rename them; only `trial` may be absent."
        )
    if "trial" not in dimensions:
        dataset = dataset.assign(activity=dataset["activity"].expand_dims("trial"))
    if "neuron" not in dataset.coords:
        raise InputError(
            "The coordinate `neuron` must hold the neuron ids; it is missing, for "
            f"{dataset.sizes['neuron']} neurons. Assign it: `dataset.assign_coords(neuron=ids)`."
        )
    if "kind" not in dataset.attrs:
        raise InputError(
            "The attribute `kind` must say what the activity is; the dataset has "
            f"{', '.join(map(str, dataset.attrs)) or 'no attributes'}. Set it to `rate`, "
            "`calcium`, `spike_count` or `response`."
        )
    dt, start = (_seconds(dataset, name) for name in ("dt", "start"))
    families = {prefix: _family(dataset, prefix) for prefix in ("behavior", "trials", "annotation")}
    inputs = _values(dataset, "inputs", ("trial", "time", "channel"))
    if inputs is not None and "channel" not in dataset.coords:
        raise InputError(
            "The coordinate `channel` must name the inputs; it is missing, for "
            f"{inputs.shape[-1]} channels. Assign it: `dataset.assign_coords(channel=names)`."
        )
    stimuli = {
        field: values
        for field in FIELDS
        if (values := _values(dataset, f"stimulus_{field}", ("stimulus",))) is not None
    }
    audit = json_list(str(dataset.attrs.get("audit", "[]")))
    other = sorted(set(map(str, dataset.variables)) - _used(dataset))
    if other:
        audit = (*audit, f"did not read the variables {', '.join(other)}")
    return assemble(
        activity=dataset["activity"].transpose(*ENTRY).values,
        neuron_id=dataset["neuron"].values,
        time=dataset["time"].values if "time" in dataset.coords else None,
        dt=dt,
        start=start,
        resample_to=resample,
        inputs=inputs,
        input_name=() if inputs is None else tuple(map(str, dataset["channel"].values)),
        stimuli=from_columns(stimuli),
        behavior=families["behavior"],
        trials=families["trials"],
        annotations=families["annotation"],
        n_observations=_values(dataset, "n_observations", ENTRY),
        audit=audit,
        **{name: str(dataset.attrs.get(name, "")) for name in TEXTS},
    )


def stated(dataset: xr.Dataset, path: Path, kind: str | None, dt: float | None) -> xr.Dataset:
    """The dataset of a file with the kind and the interval that the caller gives.

    Raises:
        InputError: If its times are not in seconds, or the file says another kind or interval.
    """
    if "time" in dataset.variables:
        unit = str(dataset["time"].attrs.get("units", ""))
        if unit not in SECONDS:
            raise InputError(
                f"`time` must be in seconds; {path} says `{unit}`. Convert it, and set "
                "`units` to `s`."
            )
    in_file, step = dataset.attrs.get("kind"), dataset.attrs.get("dt")
    kind = agreed("kind", None if in_file is None else str(in_file), kind)
    new = {} if kind is None else {"kind": kind}
    if dt is not None:
        numeric = isinstance(step, int | float | np.number)
        new["dt"] = agreed("dt", float(step) if numeric else None, float(dt))  # pyright: ignore[reportArgumentType]
    return dataset.assign_attrs(new)


def storable(recording: Recording) -> xr.Dataset:
    """The dataset of a recording, once files are known to hold its names and texts.

    Raises:
        InputError: If a name has a slash, which leads into a group that no reader looks into, or a
            text is no Unicode or has a NUL, which ends it.
    """
    dataset = to_xarray(recording)
    for name in map(str, dataset.variables):
        if "/" in name:
            raise InputError(
                f"A name must not hold a slash to stand in a NetCDF or Zarr file; got {name!r}. "
                "Rename it first, for example with `_per_`."
            )
    texts = [*dataset.attrs.values(), *map(str, dataset.variables)]
    for values in dataset.variables.values():
        texts += values.values.ravel().tolist() if values.dtype.kind == "U" else []
    require_storable(texts)
    return dataset


def _used(dataset: xr.Dataset) -> set[str]:
    names = {"activity", "inputs", "n_observations", "trial", "time", "neuron", "channel"}
    prefixes = ("behavior_", "trials_", "annotation_", *(f"stimulus_{f}" for f in FIELDS))
    return names | {n for n in map(str, dataset.data_vars) if n.startswith(prefixes)}


def _seconds(dataset: xr.Dataset, name: str) -> float | None:
    value = dataset.attrs.get(name)
    if value is None:
        return None
    value = np.asarray(value)
    if value.size != 1 or value.dtype.kind not in "iuf":
        raise InputError(
            f"The attribute `{name}` must be one number of seconds; got {value!r}. Correct or "
            "remove it."
        )
    return float(value.ravel()[0])


def _values(dataset: xr.Dataset, name: str, order: tuple[str, ...]) -> np.ndarray | None:
    if name not in dataset.data_vars:
        return None
    variable = dataset[name]
    if set(variable.dims) != set(order):
        raise InputError(
            f"`{name}` must have the dimensions {', '.join(order)}; it has "
            f"{', '.join(map(str, variable.dims)) or 'none'}. Rename or add them."
        )
    return variable.transpose(*order).values


def _family(dataset: xr.Dataset, prefix: str) -> dict[str, np.ndarray]:
    order = {"behavior": ENTRY[:2], "trials": ENTRY[:1], "annotation": ENTRY}[prefix]
    found = {}
    for name in map(str, dataset.data_vars):
        if name.startswith(f"{prefix}_"):
            found[name.removeprefix(f"{prefix}_")] = _values(dataset, name, order)
    return found
