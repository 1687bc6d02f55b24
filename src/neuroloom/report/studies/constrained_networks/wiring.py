"""What known and unknown wiring determine in the cycling network: Figs 1 and 2."""

from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.panels import Panel
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import (
    level,
    line_picture,
    line_through,
    repeats,
    without_values,
)
from neuroloom.report.study_contents import StudyContents

__all__ = ["ceilings", "error_panels", "parameter_panels", "pictures", "task_panels"]

KNOWN, UNKNOWN, TASK = "known-wiring", "unknown-wiring", "task-only"
RECORDED = "recorded neurons M"
ACTIVITY = {"mse": "mean squared error (rate²)", "one_minus_rho": "1 − mean correlation"}


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Task-only students, error against number recorded, and errors of what was trained."""
    found = []
    task = task_panels(contents)
    if task:
        found.append(
            Picture(
                "task-only",
                "Students of the task alone",
                "Students with the teacher's wiring and readout that learn its outputs alone, "
                "beside their untrained selves and the permutation ceiling: outputs can be right "
                "while activity is not. A dot is a student, a bar the median."
                + without_values(contents, TASK),
                dot_panels(task),
                wide=True,
                full=True,
            )
        )
    for measure in ACTIVITY:
        found += line_picture(
            contents,
            f"recorded-{measure.replace('_', '-')}",
            f"Error against number recorded: {ACTIVITY[measure]}",
            "Left: the wiring is known, gains and biases are learned. Right: gains and biases are "
            "known, all weights are learned; unrecorded neurons are scored under their own names "
            "and after matching. Ceilings are those of the teacher's own activity under wrong "
            "names, and of its own gains and biases in another order.",
            error_panels(contents, measure),
            (KNOWN, UNKNOWN),
        )
    found += line_picture(
        contents,
        "recorded-parameters",
        "Error of what is learned against number recorded",
        "Gains and biases where the wiring is known, weights where it is not, of recorded and of "
        "unrecorded neurons: activity can be right while parameters are not.",
        parameter_panels(contents),
        (KNOWN, UNKNOWN),
    )
    return tuple(found)


def ceilings(contents: StudyContents, measure: str) -> tuple[Level, ...]:
    """Of the cycling teacher: permuted neurons, permuted gains and biases."""
    return (
        *level(contents, "ceiling: permuted neurons", "null", KNOWN, "permuted neurons", measure),
        *level(
            contents,
            "ceiling: permuted gains and biases",
            "variant",
            KNOWN,
            "permuted parameters",
            measure,
        ),
    )


def error_panels(contents: StudyContents, measure: str) -> tuple[Panel, ...]:
    """Recorded and unrecorded error where the wiring is known, and where it is not."""

    def line(name: str, group: str, arm: str, split: str, **at: str) -> tuple[Line, ...]:
        return line_through(contents, name, group, arm, split, measure, **at)

    def untrained(name: str, arm: str, **at: str) -> tuple[Level, ...]:
        return level(contents, name, "other", arm, "unrecorded", measure, n_recorded=0, **at)

    known = (
        *line("unrecorded", "default", KNOWN, "unrecorded"),
        *line("recorded", "ceiling", KNOWN, "recorded"),
    )
    free = (
        *line("unrecorded, own names", "default", UNKNOWN, "unrecorded", matched="no"),
        *line("unrecorded, matched", "transfer", UNKNOWN, "unrecorded", matched="yes"),
        *line("recorded", "ceiling", UNKNOWN, "recorded", matched="no"),
    )
    above, what = ceilings(contents, measure), ACTIVITY[measure]
    return (
        Panel("Known wiring", RECORDED, what, known, (*untrained("untrained", KNOWN), *above)),
        Panel(
            "Unknown wiring",
            RECORDED,
            what,
            free,
            (
                *untrained("untrained", UNKNOWN, matched="no"),
                *untrained("untrained, matched", UNKNOWN, matched="yes"),
                *above[:1],
            ),
        ),
    )


def parameter_panels(contents: StudyContents) -> tuple[Panel, ...]:
    """Gains, biases and weights."""
    panels = []
    for name, what, unit in (("gain", "gains", "1"), ("bias", "biases", "state")):
        lines = [
            line
            for split, group in (("unrecorded", "default"), ("recorded", "ceiling"))
            for line in line_through(contents, split, group, KNOWN, split, f"{name}_rmse")
        ]
        start = level(
            contents, "untrained", "other", KNOWN, "unrecorded", f"{name}_rmse", n_recorded=0
        )
        panels.append(
            Panel(
                f"Known wiring: {what}",
                RECORDED,
                f"rms error of {what} ({unit})",
                tuple(lines),
                start,
            )
        )
    blocks = sorted({r.split for r in contents.measurements if r.measure == "weight_mse"})
    lines = [
        line
        for split in blocks
        for line in line_through(
            contents, f"{split}, matched", "", UNKNOWN, split, "weight_mse", matched="yes"
        )
    ]
    start = [
        one
        for split in blocks[:1]
        for one in level(
            contents,
            f"{split}, untrained and matched",
            "other",
            UNKNOWN,
            split,
            "weight_mse",
            n_recorded=0,
            matched="yes",
        )
    ]
    what = "mean squared error of weights (weight²)"
    return (*panels, Panel("Unknown wiring: weights", RECORDED, what, tuple(lines), tuple(start)))


def task_panels(contents: StudyContents) -> tuple[DotPanel, ...]:
    """Outputs and activity of students of the task, trained and untrained."""
    panels = []
    for title, split, measure, what in (
        ("Outputs", "outputs", "relative_mse", "squared error, of the outputs' variance"),
        ("Activity of all neurons", "unrecorded", "mse", "mean squared error (rate²)"),
    ):
        dots = [
            Dots(f"{name} students", values, group)
            for name, group in (("trained", "default"), ("untrained", "baseline"))
            if (values := repeats(contents, TASK, split, measure, student=name)).size
        ]
        if dots and measure == "mse":
            values = repeats(contents, KNOWN, "permuted neurons", "mse")
            dots += [Dots("ceiling: permuted neurons", values, "null")] if values.size else []
        if dots:
            panels.append(DotPanel(title, what, tuple(dots), "log"))
    return tuple(panels)
