"""What the run folder of a study holds, as galleries and the page read it."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.report.contents import read_part
from neuroloom.report.records import Score
from neuroloom.studies.framework.cells import read_arrays

__all__ = ["ClaimRow", "Coordinate", "StudyContents", "StudyScore", "read_study"]

Coordinate = float | int | str
TEXTS = ("id", "claim", "source", "measure", "criterion", "control", "verdict", "reason")
ENDS = ("value", "low", "high")


@dataclass(frozen=True)
class StudyScore(Score):
    """A row of `scores.csv` or `measurements.csv` with its coordinates.

    Attributes:
        at: Coordinates by name; numbers as floats. Only those the row has.
    """

    at: Mapping[str, Coordinate] = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimRow:
    """A claim with its verdict: an entry of `claims.json`."""

    id: str
    claim: str
    source: str
    measure: str
    criterion: str
    control: str
    verdict: str
    value: float
    low: float
    high: float
    reason: str
    arms: tuple[str, ...]


@dataclass(frozen=True)
class StudyContents:
    """The run of a study in memory.

    Attributes:
        run: Its folder.
        about: `config.json`.
        scores: Means over repeats, with their 95 % intervals.
        measurements: Every value of every cell; no intervals.
        claims: The scorecard.
    """

    run: Path
    about: Mapping[str, Any]
    scores: tuple[StudyScore, ...]
    measurements: tuple[StudyScore, ...]
    claims: tuple[ClaimRow, ...]

    def line(
        self, along: str, arm: str, split: str, measure: str, **at: Coordinate
    ) -> Float[np.ndarray, "point 4"]:
        """Scores along a numeric coordinate: it, value, low, high; rising, NaN values left out.

        Example in a gallery: `x, value, low, high = contents.line("n_recorded", "students",
        "unrecorded", "mse", n_neurons=300).T`
        """
        wanted = {along: None} | at
        found = [
            (float(row.at[along]), row.value, row.low, row.high)
            for row in self.scores
            if (row.arm, row.split, row.measure) == (arm, split, measure)
            and all(n in row.at and (v is None or row.at[n] == v) for n, v in wanted.items())
            and not math.isnan(row.value)
        ]
        return np.array(sorted(found)).reshape(-1, 4)

    def arrays(
        self, arm: str, **at: Coordinate
    ) -> Iterator[tuple[Mapping[str, Coordinate], Mapping[str, Shaped[np.ndarray, "..."]]]]:
        """Coordinates and named arrays of the arm's cells that kept some, in rising order.

        Raises:
            StudyError: If a file is damaged.
        """
        found = []
        for path in (self.run / "cells").glob(f"{arm}-*.json"):
            cell = read_part(path.parent, path.name, _cell)
            known = cell["coordinates"]
            mine = cell["arm"] == arm and all(known.get(n) == v for n, v in at.items())
            if mine and path.with_suffix(".npz").exists():
                found.append((known, path.with_suffix(".npz")))
        for known, path in sorted(found, key=lambda pair: _order(pair[0])):
            yield known, read_arrays(path)


def _order(coordinates: Mapping[str, Coordinate]) -> list[tuple[bool, Coordinate]]:
    """Numbers before texts, so that any two can be compared."""
    return [(isinstance(value, str), value) for value in coordinates.values()]


def read_study(run: Path, about: Mapping[str, Any]) -> StudyContents:
    """Read the rest of a study's run folder.

    Args:
        run: The folder.
        about: Its `config.json`.

    Raises:
        StudyError: If a file is missing or broken; names it and says what to do.
    """
    return StudyContents(
        run,
        about,
        read_part(run, "scores.csv", _scores),
        read_part(run, "measurements.csv", _scores),
        read_part(run, "claims.json", _claims),
    )


def _scores(path: Path) -> tuple[StudyScore, ...]:
    texts, numbers = ("arm", "split", "measure", "unit"), ("value", "low", "high", "n")
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, strict=True)
        columns = list(table.fieldnames or ())
        missing = [name for name in (*texts, "value") if name not in columns]
        if missing:
            raise ValueError(f"column {', '.join(missing)} is missing")
        own = [name for name in columns if name not in (*texts, *numbers)]
        for row in table:
            if None in row or None in row.values():
                raise ValueError(f"line {table.line_num} has not as many values as columns")
            value, low, high, n = (float(row.get(name) or "nan") for name in numbers)
            arm, split, measure, unit = (row[name] for name in texts)
            at = {name: _coordinate(row[name]) for name in own if row[name]}
            found.append(StudyScore(arm, split, measure, unit, value, low, high, n, at))
    return tuple(found)


def _coordinate(text: str) -> Coordinate:
    try:
        return float(text)
    except ValueError:
        return text


def _claims(path: Path) -> tuple[ClaimRow, ...]:
    found = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        ends: Any = {n: math.nan if row[n] is None else float(row[n]) for n in ENDS}
        texts: Any = {name: str(row[name]) for name in TEXTS}
        found.append(ClaimRow(**texts, **ends, arms=tuple(row["arms"])))
    return tuple(found)


def _cell(path: Path) -> dict[str, Any]:
    cell = json.loads(path.read_text(encoding="utf-8"))
    return {"arm": cell["arm"], "coordinates": dict(cell["coordinates"])}
