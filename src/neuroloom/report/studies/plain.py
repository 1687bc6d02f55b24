"""Figures of any study: each measure of each arm against its longest numeric coordinate."""

import math
from collections.abc import Sequence

from neuroloom.report.figures.along import Line, lines_along
from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import Coordinate, StudyContents, StudyScore
from neuroloom.report.wording import measure_name

__all__ = ["pictures"]

_N_LINES = 8


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """One a measure and numeric coordinate; a line for each arm, split and other coordinates."""
    found = []
    by_measure: dict[tuple[str, str], list[StudyScore]] = {}
    for row in contents.scores:
        along = _longest(contents.scores, row.arm, row.measure)
        if along in row.at and not math.isnan(row.value):
            by_measure.setdefault((row.measure, along), []).append(row)
    for (measure, along), rows in by_measure.items():
        lines = _lines(contents, measure, along, rows)
        shown = lines[:_N_LINES]
        left_out = f" {len(lines) - len(shown)} more lines are in the table." * (shown != lines)
        unit = rows[0].unit
        found.append(
            Picture(
                f"along-{len(found) + 1}",
                f"{measure_name(measure)} against {along.replace('_', ' ')}",
                "Mean over repeats and its 95 % interval; a point without one was measured once."
                + left_out,
                lines_along(
                    shown,
                    along.replace("_", " "),
                    f"{measure_name(measure)} ({unit})" if unit else measure_name(measure),
                ),
            )
        )
    return tuple(found)


def _longest(scores: Sequence[StudyScore], arm: str, measure: str) -> str:
    """The numeric coordinate of an arm's measure with most values; empty where none has two."""
    values: dict[str, set[Coordinate]] = {}
    for row in scores:
        if (row.arm, row.measure) == (arm, measure):
            for name, value in row.at.items():
                values.setdefault(name, set()).add(value)
    numeric = {
        name: len(own)
        for name, own in values.items()
        if len(own) > 1 and not any(isinstance(value, str) for value in own)
    }
    return max(numeric, key=lambda name: numeric[name], default="")


def _lines(
    contents: StudyContents, measure: str, along: str, rows: Sequence[StudyScore]
) -> list[Line]:
    keys = dict.fromkeys(
        (row.arm, row.split, tuple((n, v) for n, v in row.at.items() if n != along)) for row in rows
    )
    lines = []
    for arm, split, at in keys:
        points = contents.line(along, arm, split, measure, **dict(at))
        words = [arm, split, *(f"{n.replace('_', ' ')} {_text(v)}" for n, v in at)]
        lines.append(Line(", ".join(words), arm, points))
    return lines


def _text(value: Coordinate) -> str:
    return value if isinstance(value, str) else f"{value:g}"
