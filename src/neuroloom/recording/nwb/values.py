"""Columns and series of an NWB file as arrays, each checked on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroloom.errors import InputError

__all__ = ["clock_of", "numbers", "ragged", "scaled", "text_of"]


def text_of(value: object) -> str:
    """Text of an attribute or a scalar, whichever way HDF5 gives it."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def numbers(
    path: Path,
    group,
    name: str,
    *,
    n_axes: int | None = 1,
    missing: bool = False,
    truth: bool = False,
) -> np.ndarray:
    """The column or series of this name, as float64.

    Raises:
        InputError: If it is not there, no numbers, of other axes, or not finite. With `missing`,
            NaN is let through; with `truth`, true and false are 1 and 0.
    """
    if name not in group:
        raise InputError(
            f"{group.name} must hold `{name}`; {path} has {', '.join(group) or 'nothing'} there. "
            "Export the file again."
        )
    values = np.asarray(group[name])
    wrong = values.dtype.kind not in ("iufb" if truth else "iuf") or (
        n_axes is not None and values.ndim != n_axes
    )
    if wrong or values.ndim not in (1, 2):
        raise InputError(
            f"`{group.name}/{name}` must be numbers, one a row; {path} has {values.dtype} of shape "
            f"{values.shape}. Export the file again."
        )
    values = values.astype(np.float64)
    bad = np.isinf(values) if missing else ~np.isfinite(values)
    if bad.any():
        raise InputError(
            f"`{group.name}/{name}` must be finite; {path} has {values[bad].ravel()[0]} "
            f"({bad.sum()} such of {values.size:,}). Remove those entries from the file."
        )
    return values


def ragged(path: Path, group, name: str, n_values: int) -> np.ndarray:
    """To which row each value of a ragged column belongs; the index holds cumulative ends."""
    if name not in group:
        raise InputError(
            f"{group.name} must hold `{name}`; {path} has {', '.join(group)}. Export it again."
        )
    ends = np.asarray(group[name])
    ends = ends.astype(np.int64) if ends.dtype.kind in "iu" else np.array([-1])
    lengths = np.diff(ends, prepend=0)
    if (lengths < 0).any() or (ends[-1] if ends.size else 0) != n_values:
        raise InputError(
            f"`{group.name}/{name}` must rise to the number of values, {n_values:,}; {path} ends "
            f"at {ends[-1] if ends.size else 0:,}. The file is damaged: export it again."
        )
    return np.repeat(np.arange(ends.size), lengths)


def scaled(path: Path, group, *, truth: bool = False) -> tuple[np.ndarray, str]:
    """The data of a series times its conversion plus its offset, and their unit.

    Args:
        path: The file.
        group: The series.
        truth: Whether true and false may stand in it, as 1 and 0.

    Raises:
        InputError: If they are no numbers.
    """
    data = numbers(path, group, "data", n_axes=None, missing=True, truth=truth)
    attributes = group["data"].attrs
    factors = []
    for name, plain in (("conversion", 1.0), ("offset", 0.0)):
        value = np.asarray(attributes.get(name, plain))
        if value.size != 1 or value.dtype.kind not in "iuf" or not np.isfinite(value).all():
            raise InputError(
                f"`{name}` of a series must be one finite number; {group.name} in {path} has "
                f"{value!r}. Correct the file."
            )
        factors.append(float(value.ravel()[0]))
    unit = text_of(attributes.get("unit", ""))
    plain = "" if unit.strip().lower() in ("n.a.", "unknown", "n/a", "na") else unit.strip()
    with np.errstate(all="ignore"):  # what is no longer finite is refused by the recording
        return data * factors[0] + factors[1], plain


def clock_of(path: Path, group, n: int) -> tuple[np.ndarray | None, float | None, float | None]:
    """Times, or start and interval, of a series of n samples; in seconds.

    Raises:
        InputError: If there is one time too few or too many, or the rate is not above 0.
    """
    if "timestamps" in group:
        time = numbers(path, group, "timestamps", missing=True)
        if len(time) != n:
            turned = group["data"].ndim == 2 and group["data"].shape[1] == len(time)
            raise InputError(
                f"A series must have one row a sample; {group.name} in {path} has {len(time)} "
                f"timestamps and data of shape {group['data'].shape}. "
                f"{'Its axes are turned: transpose the data' if turned else 'Export it again'}."
            )
        return time, None, None
    if "starting_time" not in group:
        return None, None, None
    start = np.asarray(group["starting_time"])
    rate = np.asarray(group["starting_time"].attrs.get("rate", np.nan))
    sound = all(
        v.size == 1 and v.dtype.kind in "iuf" and np.isfinite(v).all() for v in (start, rate)
    )
    if not sound or rate.ravel()[0] <= 0:
        raise InputError(
            f"`starting_time` must be a number and state a rate above 0 Hz; {path} says {start!r} "
            f"and {rate!r} in {group.name}. Correct the file, or store timestamps."
        )
    return None, float(start.ravel()[0]), 1 / float(rate.ravel()[0])
