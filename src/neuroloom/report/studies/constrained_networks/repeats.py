"""Repeats of one measurement, as the figures draw them: median, smallest and largest."""

import math
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from neuroloom.errors import StudyError
from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.panels import Panel, line_panels
from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import Coordinate, StudyContents, StudyScore

__all__ = [
    "SPREAD",
    "level",
    "line_picture",
    "line_through",
    "repeats",
    "spread",
    "steps",
    "without_values",
]

REPEATS = ("seed", "member", "fly", "draw", "fold", "pen1_color")
"""Coordinates over which values are repeats of each other."""
SPREAD = "Points are medians; bars and bands reach from the smallest to the largest repeat."


def repeats(
    contents: StudyContents, arm: str, split: str, measure: str, **at: Coordinate
) -> Float[np.ndarray, " repeat"]:
    """All values of one measurement, NaN left out; empty where it was not made.

    Raises:
        StudyError: If a coordinate is left open, so that unlike values would be mixed.
    """
    found = _rows(contents, arm, split, measure, at)
    _check_alike(found, (*REPEATS, *at))
    return np.array([row.value for row in found if not math.isnan(row.value)], float)


def spread(
    contents: StudyContents, along: str, arm: str, split: str, measure: str, **at: Coordinate
) -> Float[np.ndarray, "point 4"]:
    """Coordinate, median, smallest and largest repeat, rising; NaN values are left out.

    The last two are NaN where there is one value.

    Raises:
        StudyError: As `repeats`.
    """
    found = [row for row in _rows(contents, arm, split, measure, at) if along in row.at]
    _check_alike(found, (*REPEATS, *at, along))
    by_step: dict[float, list[float]] = {}
    for row in found:
        if not math.isnan(row.value):
            by_step.setdefault(float(row.at[along]), []).append(row.value)
    points = [
        (step, np.median(v), *((min(v), max(v)) if len(v) > 1 else (math.nan, math.nan)))
        for step, v in sorted(by_step.items())
    ]
    return np.array(points, float).reshape(-1, 4)


def steps(contents: StudyContents, name: str, arm: str) -> list[Coordinate]:
    """The different values of a coordinate among the arm's rows, numbers first, rising."""
    found = {row.at[name] for row in contents.measurements if row.arm == arm and name in row.at}
    return sorted(found, key=lambda value: (isinstance(value, str), value))


def line_through(
    contents: StudyContents,
    name: str,
    group: str,
    arm: str,
    split: str,
    measure: str,
    along: str = "n_recorded",
    **at: Coordinate,
) -> tuple[Line, ...]:
    """One line, or none where nothing was measured; what has 0 recorded is no part of a sweep."""
    points = spread(contents, along, arm, split, measure, **at)
    points = points[points[:, 0] > 0] if along == "n_recorded" else points
    return (Line(name, group or name, points, group),) if len(points) else ()


def level(
    contents: StudyContents,
    name: str,
    group: str,
    arm: str,
    split: str,
    measure: str,
    **at: Coordinate,
) -> tuple[Level, ...]:
    """One level, or none where nothing was measured."""
    values = repeats(contents, arm, split, measure, **at)
    if not values.size:
        return ()
    return (Level(name, float(np.median(values)), values.min(), values.max(), group),)


def line_picture(
    contents: StudyContents,
    name: str,
    title: str,
    caption: str,
    panels: Iterable[Panel],
    arms: tuple[str, ...],
) -> tuple[Picture, ...]:
    """The panels that have lines, as one picture; none where no panel has.

    Args:
        contents: The run.
        name: Of the file.
        title: A few words.
        caption: What is compared.
        panels: From left to right.
        arms: Whose values they show; for the sentence on what is missing.
    """
    full = [panel for panel in panels if panel.lines]
    if not full:
        return ()
    words = f"{caption} {SPREAD}{without_values(contents, *arms)}"
    several = len(full) > 1
    return (Picture(name, title, words, line_panels(full), wide=several, full=several),)


def without_values(contents: StudyContents, *arms: str) -> str:
    """A sentence on the values of the arms that are NaN, or nothing."""
    mine = [row for row in contents.measurements if row.arm in arms]
    n = sum(math.isnan(row.value) for row in mine)
    if not n:
        return ""
    return f" {n:,} of {len(mine):,} values of {', '.join(arms)} do not exist and are left out."


def _rows(
    contents: StudyContents, arm: str, split: str, measure: str, at: dict[str, Coordinate]
) -> list[StudyScore]:
    return [
        row
        for row in contents.measurements
        if (row.arm, row.split, row.measure) == (arm, split, measure)
        and all(row.at.get(name) == value for name, value in at.items())
    ]


def _check_alike(rows: list[StudyScore], allowed: tuple[str, ...]) -> None:
    for name in {name for row in rows for name in row.at} - set(allowed):
        different = list(dict.fromkeys(row.at.get(name) for row in rows))
        if len(different) > 1:
            raise StudyError(
                f"A figure must draw repeats of one measurement; {rows[0].split} {rows[0].measure} "
                f"of {rows[0].arm} has {len(different)} of `{name}`: {different[:5]}. Draw the "
                "report with the version of neuroloom that made the run."
            )
