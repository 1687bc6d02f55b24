"""One event that was done to the animal, and a list of them as columns for a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from neuroloom.errors import InputError
from neuroloom.recording.checks import require

__all__ = ["FIELDS", "Stimulus", "from_columns", "to_columns"]


@dataclass(frozen=True)
class Stimulus:
    """One event that was done to the animal.

    Attributes:
        trial: Position of the trial, 0..n_trials-1.
        onset: When it began, in seconds, on the clock of the recording's `time`.
        duration: How long it lasted, in seconds. At least 0.
        target: The neuron it was aimed at, or None.
        name: What it was, for a report.

    Raises:
        InputError: If a time is not finite, or the duration is negative.
    """

    trial: int
    onset: float
    duration: float = 0.0
    target: str | int | None = None
    name: str = ""

    def __post_init__(self) -> None:
        for name in ("onset", "duration"):
            value = float(getattr(self, name))
            object.__setattr__(self, name, value)
            require(
                np.isfinite(value) and (name == "onset" or value >= 0),
                f"A stimulus' `{name}` must be a finite number of seconds"
                f"{', at least 0' if name == 'duration' else ''}; got {value}. Leave the event "
                "out if its time is not known.",
            )


FIELDS = tuple(field.name for field in fields(Stimulus))


def to_columns(stimuli: Sequence[Stimulus]) -> dict[str, np.ndarray]:
    """One array a field. The target, a number, text or nothing, is written as JSON."""
    if not stimuli:
        return {}
    columns = {field: [getattr(s, field) for s in stimuli] for field in FIELDS}
    plain = [t.item() if isinstance(t, np.generic) else t for t in columns["target"]]
    columns["target"] = [json.dumps(target) for target in plain]
    return {field: np.array(values) for field, values in columns.items()}


def from_columns(columns: Mapping[str, np.ndarray]) -> tuple[Stimulus, ...]:
    """The stimuli in these columns; `trial` and `onset` must be there.

    Raises:
        InputError: If columns are missing, unknown, of unequal length or of another type.
    """
    if not columns:
        return ()
    shapes = {field: np.asarray(values).shape for field, values in columns.items()}
    if (
        not {"trial", "onset"} <= set(columns) <= set(FIELDS)
        or len(set(shapes.values())) != 1
        or len(shapes["trial"]) != 1
    ):
        raise InputError(
            f"Stimuli must be columns of one length, among {', '.join(FIELDS)}, with `trial` and "
            f"`onset`; got {shapes}. Add what is missing and remove the rest."
        )
    for field, kinds in (("trial", "iu"), ("onset", "iuf"), ("duration", "iuf")):
        values = np.asarray(columns.get(field, np.zeros(1, int)))
        require(
            values.dtype.kind in kinds,
            f"The stimulus column `{field}` must be {'whole ' if kinds == 'iu' else ''}numbers; "
            f"got {values.dtype}. Convert it before saving.",
        )
    n = shapes["trial"][0]
    full = {"duration": [0.0] * n, "target": ["null"] * n, "name": [""] * n} | dict(columns)
    try:
        targets = [json.loads(str(target)) for target in full["target"]]
    except json.JSONDecodeError as error:
        raise InputError(
            "A stimulus' target must be JSON: a whole number, a quoted name or null; got "
            f"{error.doc!r}. Write it with `json.dumps`."
        ) from error
    for target in targets:
        require(
            target is None or (isinstance(target, str | int) and not isinstance(target, bool)),
            f"A stimulus' target must be a whole number, a name or null; got {target!r}. Use the "
            "neuron's id.",
        )
    return tuple(
        Stimulus(int(trial), float(onset), float(duration), target, str(name))
        for trial, onset, duration, target, name in zip(
            full["trial"], full["onset"], full["duration"], targets, full["name"], strict=True
        )
    )
