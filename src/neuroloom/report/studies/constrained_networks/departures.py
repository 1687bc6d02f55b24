"""Students with another nonlinearity or another wiring than their teacher: Fig 4."""

from collections.abc import Sequence

from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.panels import Panel
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import (
    level,
    line_picture,
    line_through,
    steps,
)
from neuroloom.report.studies.constrained_networks.wiring import KNOWN, RECORDED, ceilings
from neuroloom.report.study_contents import Coordinate, StudyContents

__all__ = ["mismatch_panels", "pictures", "wrong_panels"]

MISMATCH, WRONG = "mismatch", "wrong-wiring"
MATCHED = 1.0
"""The teacher's smoothness."""
ERROR = "mean squared error, unrecorded (rate²)"


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Error against number recorded: by smoothness, and by errors of the connectome."""
    return (
        *line_picture(
            contents,
            "mismatch",
            "A nonlinearity that is not the teacher's",
            "Students of a fixed smoothness beside matched ones (1), and students that learn one "
            "smoothness for all neurons from a wrong start; where that smoothness ended.",
            mismatch_panels(contents),
            (MISMATCH,),
        ),
        *line_picture(
            contents,
            "connectome-errors",
            "A connectome that was not read perfectly",
            "Students whose wiring has noisy and spurious connections, or lacks some, "
            "beside those of the true wiring. A level is the relative SD of the noise and the "
            "chance that a connection is spurious or missing.",
            wrong_panels(contents),
            (WRONG,),
        ),
    )


def mismatch_panels(contents: StudyContents) -> tuple[Panel, ...]:
    """Fixed smoothness, trained smoothness beside matched, and what was found."""
    every = steps(contents, "smoothness", MISMATCH)
    trained = [value for value in every if isinstance(value, str)]
    fixed = [value for value in every if value not in trained]

    def lines(values: Sequence[Coordinate], split: str, measure: str) -> tuple[Line, ...]:
        return tuple(
            line
            for value in values
            for line in line_through(
                contents,
                _name(value),
                "default" if value == MATCHED else "",
                MISMATCH,
                split,
                measure,
                smoothness=value,
            )
        )

    matched = [value for value in fixed if value == MATCHED]
    start = level(
        contents,
        "matched, untrained",
        "other",
        MISMATCH,
        "unrecorded",
        "mse",
        n_recorded=0,
        smoothness=MATCHED,
    )
    around = (*start, *ceilings(contents, "mse")[:1])
    learned = lines(trained, "unrecorded", "mse")
    return (
        Panel("Fixed", RECORDED, ERROR, lines(fixed, "unrecorded", "mse"), around),
        Panel(
            "Trained, beside matched",
            RECORDED,
            ERROR,
            (*lines(matched, "unrecorded", "mse"), *learned) if learned else (),
            around,
        ),
        Panel(
            "Smoothness that was learned",
            RECORDED,
            "smoothness of students (1)",
            lines(trained, "student", "smoothness"),
            (Level("teacher", MATCHED, group="default"),),
        ),
    )


def wrong_panels(contents: StudyContents) -> tuple[Panel, ...]:
    """A panel a kind of error, a line a level, beside students of the true wiring."""
    true = line_through(contents, "true wiring", "default", KNOWN, "unrecorded", "mse")
    panels = []
    for kind in steps(contents, "error", WRONG):
        lines = tuple(
            line
            for value in steps(contents, "level", WRONG)
            for line in line_through(
                contents,
                f"level {value:g}",
                "",
                WRONG,
                "unrecorded",
                "mse",
                error=kind,
                level=value,
            )
        )
        start = level(
            contents, "true wiring, untrained", "other", KNOWN, "unrecorded", "mse", n_recorded=0
        )
        title = f"{str(kind).capitalize()} connections"
        around = (*start, *ceilings(contents, "mse")[:1])
        panels.append(Panel(title, RECORDED, ERROR, (*true, *lines) if lines else (), around))
    return tuple(panels)


def _name(value: Coordinate) -> str:
    if isinstance(value, str):
        return value
    return f"smoothness {value:g}" + (", matched" if value == MATCHED else "")
