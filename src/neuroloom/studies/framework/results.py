"""What judges and score tables read: every row of every cell, asked for without ambiguity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from neuroloom.errors import StudyError
from neuroloom.studies.framework.claims import NotTestedError
from neuroloom.studies.framework.study import Cell, Row, Scalar

__all__ = ["COLUMNS", "SUMMARY", "Results", "mean_interval", "median_interval", "scores"]

COLUMNS = ("arm", "split", "measure", "unit", "value")
SUMMARY = (*COLUMNS, "low", "high", "n")


@dataclass(frozen=True, eq=False)
class Results:
    """The measurements of a run.

    Attributes:
        records: Rows of `measurements.csv`: `COLUMNS`, then what there is of `coordinates`.
        coordinates: Names of all coordinates of cells and rows.
        replicates: The coordinates over which values are repeats of each other.
    """

    records: tuple[dict[str, Any], ...]
    coordinates: tuple[str, ...]
    replicates: tuple[str, ...]

    @classmethod
    def of(cls, measured: Mapping[Cell, Sequence[Row]], replicates: tuple[str, ...]) -> Results:
        """The rows of these cells, in their order.

        Raises:
            StudyError: If a row has a coordinate of its cell, or one with the name of a column.
        """
        records = []
        for cell, rows in measured.items():
            own = dict(cell.coordinates)
            for row in rows:
                first = {"arm": cell.arm, "split": row.split, "measure": row.measure}
                first |= {"unit": row.unit, "value": row.value}
                twice = ({*SUMMARY} & (own.keys() | row.at.keys())) | (own.keys() & row.at.keys())
                if twice:
                    raise StudyError(
                        "A coordinate must have a name of its own, not one of "
                        f"{', '.join(SUMMARY)} nor of the row's cell; `{min(twice)}` of {cell} is "
                        "taken. Rename it."
                    )
                records.append(first | own | dict(row.at))
        names = dict.fromkeys(name for record in records for name in record)
        return cls(tuple(records), tuple(n for n in names if n not in COLUMNS), replicates)

    def rows(self, arm: str, split: str, measure: str, **at: Scalar) -> list[dict[str, Any]]:
        """The records that match; at least one, and all of them finite.

        Raises:
            NotTestedError: If there is none (it was not run at this size), or one is NaN.
        """
        wanted = {"arm": arm, "split": split, "measure": measure} | at
        found = [r for r in self.records if all(r.get(n) == v for n, v in wanted.items())]
        what = ", ".join([f"{split} {measure} of {arm}", *(f"{n} {v}" for n, v in at.items())])
        if not found:
            raise NotTestedError(f"at this size: there is no {what}")
        n_lost = sum(math.isnan(record["value"]) for record in found)
        if n_lost:
            raise NotTestedError(f"{n_lost} of {len(found)} values of {what} could not be measured")
        return found

    def values(
        self, arm: str, split: str, measure: str, *, at_least: int = 1, **at: Scalar
    ) -> Float[np.ndarray, " value"]:
        """The repeats of one measurement, in the order of the cells.

        Args:
            arm: Name of the arm.
            split: As in the rows.
            measure: As in the rows.
            at_least: How many repeats the criterion asks for.
            at: Coordinates; each that varies among the rows and is no replicate must be given.

        Raises:
            NotTestedError: If there are fewer than `at_least`, or one of them is NaN.
            StudyError: If a coordinate is left open, so that unlike values would be mixed.
        """
        found = self.rows(arm, split, measure, **at)
        for name in self.coordinates:
            different = list(dict.fromkeys(record.get(name) for record in found))
            if name not in self.replicates and len(different) > 1:
                raise StudyError(
                    f"Values must be repeats of one measurement; {split} {measure} of {arm} has "
                    f"{len(different)} of `{name}`: {different[:5]}. Give `{name}=`."
                )
        if len(found) < at_least:
            raise NotTestedError(
                f"at this size: {len(found)} values of {split} {measure} of {arm}, where "
                f"{at_least} are needed"
            )
        return np.array([record["value"] for record in found])

    def along(
        self, name: str, arm: str, split: str, measure: str, *, at_least: int = 1, **at: Scalar
    ) -> dict[Scalar, Float[np.ndarray, " value"]]:
        """`values` at each value of a coordinate such as `n_recorded`, in rising order.

        Raises:
            NotTestedError: As `values`, or if the rows have no such coordinate.
            StudyError: As `values`.
        """
        found = self.rows(arm, split, measure, **at)
        steps = sorted({record[name] for record in found if name in record})
        if not steps:
            raise NotTestedError(f"at this size: {split} {measure} of {arm} has no `{name}`")
        return {
            step: self.values(arm, split, measure, at_least=at_least, **at, **{name: step})
            for step in steps
        }


def mean_interval(values: Float[np.ndarray, " value"]) -> tuple[float, float, float]:
    """Mean and its 95 % interval by Student's t; NaN where there are too few values.

    Example:
        >>> [round(v, 3) for v in mean_interval(np.array([1.0, 2.0, 3.0]))]
        [2.0, -0.484, 4.484]
    """
    n = len(values)
    mean = float(np.mean(values)) if n else math.nan
    half = float(stats.t.ppf(0.975, n - 1) * stats.sem(values)) if n > 1 else math.nan
    return mean, mean - half, mean + half


def median_interval(values: Float[np.ndarray, " value"]) -> tuple[float, float, float]:
    """Median and its 95 % interval by order statistics; no bounds below 6 values.

    Two of the sorted values bound the median of what they were drawn from, whatever its
    distribution: the narrowest pair, as far from either end, that does in 95 of 100 samples or
    more. Of five values even the smallest and the largest do in 94 only.

    Example:
        >>> median_interval(np.arange(10.0))
        (4.5, 1.0, 8.0)

    Source:
        Conover, Practical Nonparametric Statistics (1999), section 3.2.
    """
    n = len(values)
    if n == 0:
        return math.nan, math.nan, math.nan
    outside = int(stats.binom.ppf(0.025, n, 0.5))  # values beyond each bound, and the bound
    ordered = np.sort(values)
    if outside == 0:
        return float(np.median(ordered)), math.nan, math.nan
    return float(np.median(ordered)), float(ordered[outside - 1]), float(ordered[n - outside])


def scores(results: Results) -> list[dict[str, Any]]:
    """Rows of `scores.csv`: arm, split, measure, unit, value, low, high, n, then coordinates.

    Values are averaged over the replicates: within each value of the first replicate that has more
    than one, then over these, which give the 95 % interval and n. NaN are left out.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    ours = [name for name in results.coordinates if name not in results.replicates]
    for record in results.records:
        key = tuple(record.get(name) for name in (*COLUMNS[:4], *ours))
        groups.setdefault(key, []).append(record)
    found = []
    for key, group in groups.items():
        repeats = _repeats([r for r in group if not math.isnan(r["value"])], results.replicates)
        value, low, high = mean_interval(repeats)
        found.append(
            dict(zip(COLUMNS[:4], key, strict=False))
            | {"value": value, "low": low, "high": high, "n": len(repeats)}
            | dict(zip(ours, key[4:], strict=True))
        )
    return found


def _repeats(
    group: Sequence[Mapping[str, Any]], replicates: tuple[str, ...]
) -> Float[np.ndarray, " repeat"]:
    """Independent values: means within the first replicate that has more than one value."""
    for name in replicates:
        units: dict[Any, list[float]] = {}
        for record in group:
            units.setdefault(record.get(name), []).append(record["value"])
        if len(units) > 1:
            return np.array([np.mean(values) for values in units.values()])
    return np.array([record["value"] for record in group])
