"""Behavior of an NWB file, put on the clock of the recording by a stated rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroloom.errors import InputError, nearest
from neuroloom.recording.clock import checked_time
from neuroloom.recording.files import walk_hdf5
from neuroloom.recording.nwb.values import clock_of, numbers, scaled, text_of

__all__ = ["Linear", "Nearest", "behavior_at", "behavior_names"]

WHERE = "processing/behavior"
GAP = 5  # median intervals: nothing is filled in across a longer one
MOST_COLUMNS = 64
ANGLES = {
    "rad": 2 * np.pi,
    "radian": 2 * np.pi,
    "radians": 2 * np.pi,
    "deg": 360.0,
    "degrees": 360.0,
}


@dataclass(frozen=True)
class Linear:
    """Between the two samples around each moment, by straight line.

    Attributes:
        names: Series to read; None reads all.
    """

    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Nearest:
    """The sample nearest to each moment, the earlier of two that are as near.

    Attributes:
        names: Series to read; None reads all.
    """

    names: tuple[str, ...] | None = None


def behavior_names(path: Path, file) -> dict[str, str]:
    """Series of behavior, from their name to their place in the file."""
    found: dict[str, str] = {}
    for place, _ in _series(path, file):
        container, _, name = place.rpartition("/")
        if name in found:
            name = f"{container.rpartition('/')[2]}_{name}"
        found[name] = place
    return found


def _series(path: Path, file) -> Iterator[tuple[str, object]]:
    import h5py

    if WHERE not in file:
        return
    for place, item in walk_hdf5(path, file):
        if not place.startswith(f"{WHERE}/") or not isinstance(item, h5py.Group):
            continue
        if "data" in item and ("timestamps" in item or "starting_time" in item):
            yield place, item


def behavior_at(
    path: Path, file, when: np.ndarray, dt: float, rule: Linear | Nearest
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Each series at the given moments, NaN outside of it, and what to say of it.

    A unit stands in the name (`speed_cm_per_s`). Series of several columns become one variable a
    column, true or false becomes 1 or 0. Of `BehavioralEvents`, the events within each step are
    counted. What is no numbers is left out and named, or refused where the rule asks for it.

    Args:
        path: The file.
        file: The same, open.
        when: (trial, time), start of each step in seconds.
        dt: Length of a step, in seconds.
        rule: How to get from samples to moments.

    Raises:
        InputError: If a series that was named is not there or holds no numbers, its times do not
            rise, or an angle jumps by more than half a turn and would be interpolated.
    """
    known = behavior_names(path, file)
    wanted = list(known) if rule.names is None else list(rule.names)
    for name in wanted:
        if name not in known:
            raise InputError(
                f"Behavior must be a series of {WHERE}; {path} has {', '.join(known) or 'none'} "
                f"and not `{name}`. {nearest(name, [*known, '-'])}"
            )
    found: dict[str, np.ndarray] = {}
    sentences = []
    for name in wanted:
        group = file[known[name]]
        above = group.parent.attrs.get("neurodata_type", "")
        if text_of(group.attrs.get("neurodata_type", "")) == "IntervalSeries":
            sentences.append(f"did not read {name}, a series of intervals")
            continue
        if text_of(above) == "BehavioralEvents" and "timestamps" in group:
            events = np.sort(numbers(path, group, "timestamps"))
            edges = np.searchsorted(events, np.stack([when, when + dt]) - 1e-9 * dt)
            found[f"{name}_events"] = (edges[1] - edges[0]).astype(np.float64)
            n = int(found[f"{name}_events"].sum())
            sentences.append(f"counted {n:,} of {events.size:,} events of {name} in their steps")
            continue
        odd = _unfit(group["data"], rule)
        if odd and rule.names is not None:
            raise InputError(
                f"Behavior must be numbers, one or several a sample; `{name}` of {path} {odd}. "
                "Leave it out of `names`."
            )
        if odd:
            sentences.append(f"did not read {name}, which {odd}")
            continue
        values, unit = scaled(path, group, truth=True)
        columns = values[:, None] if values.ndim == 1 else values
        if columns.shape[1] > MOST_COLUMNS:
            sentences.append(f"did not read {name}, which has {columns.shape[1]} columns")
            continue
        time, start, step = clock_of(path, group, len(columns))
        time = (start or 0.0) + (step or 1.0) * np.arange(len(columns)) if time is None else time
        if len(columns) == 0:
            sentences.append(f"did not read {name}, which is empty")
            continue
        try:
            time = checked_time(time)
        except InputError as error:
            others = tuple(other for other in wanted if other != name)
            raise InputError(
                f"`{name}` of {path}: {error} Or leave it out: `{type(rule).__name__}({others})`."
            ) from error
        with np.errstate(all="ignore"):
            columns, sentence = _on(path, name, time, columns, unit, when, rule)
        sentences.append(sentence)
        for n, column in enumerate(np.moveaxis(columns, -1, 0)):
            part = f"{name}_{n}" if values.ndim == 2 and columns.shape[-1] > 1 else name
            found[f"{part}_{_in_words(unit)}" if unit else part] = column
    return found, tuple(sentences)


def _unfit(data, rule: Linear | Nearest) -> str:
    """Why a series cannot be put on a clock; empty if it can."""
    if data.dtype.kind not in "iufb":
        return "holds no numbers"
    if data.ndim not in (1, 2):
        return f"has {data.ndim} axes"
    if data.dtype.kind == "b" and isinstance(rule, Linear):
        return "is true or false, which `Nearest()` reads as 1 and 0"
    return ""


def _in_words(unit: str) -> str:
    return unit.replace("/", "_per_").replace(" ", "_").replace("^", "")


def _on(
    path: Path,
    name: str,
    time: np.ndarray,
    columns: np.ndarray,
    unit: str,
    when: np.ndarray,
    rule: Linear | Nearest,
) -> tuple[np.ndarray, str]:
    turn = ANGLES.get(unit.lower())
    jumps = int((np.abs(np.diff(columns, axis=0)) > turn / 2).sum()) if turn else 0
    if jumps and isinstance(rule, Linear):
        raise InputError(
            f"An angle must not be interpolated across its wrap; `{name}` of {path} ({unit}) jumps "
            f"by more than half a turn {jumps:,} times. Pass `behavior=Nearest()`, or unwrap it in "
            "the file."
        )
    right = np.clip(np.searchsorted(time, when, side="left"), 0, time.size - 1)
    left = np.maximum(right - 1, 0)
    on_sample = time[right] == when
    left = np.where(on_sample, right, left)
    span = time[right] - time[left]
    share = np.where(span > 0, (when - time[left]) / np.where(span > 0, span, 1.0), 0.0)
    if isinstance(rule, Nearest):
        share = np.round(share)
    share = share[..., None]
    values = np.where(
        share == 0,
        columns[left],
        np.where(share == 1, columns[right], (1 - share) * columns[left] + share * columns[right]),
    )
    usual = float(np.median(np.diff(time))) if time.size > 1 else 0.0
    missing = (when < time[0]) | (when > time[-1]) | (span > GAP * usual)
    values[missing] = np.nan
    how = "linear interpolation" if isinstance(rule, Linear) else "the nearest sample"
    return values, (
        f"put {name} ({time.size:,} samples) on the clock of the recording, at the start of each "
        f"step, by {how}; {int(missing.sum()):,} of {when.size:,} steps are NaN, outside of it or "
        f"within a gap of more than {GAP} of its intervals"
    )
