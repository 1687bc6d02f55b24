"""The zebrafish's integrator, and students of a user's central complex: Fig 5 d-i."""

import math

import numpy as np

from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.distributions import CumulativePanel, Sample, cumulative_panels
from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.panels import Panel
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import (
    level,
    line_picture,
    line_through,
    repeats,
    steps,
    without_values,
)
from neuroloom.report.studies.constrained_networks.wiring import RECORDED
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.wording import plain_name

__all__ = ["class_panels", "distance_panels", "pictures", "student_panels"]

CLASSES_ARM, STUDENTS, RING = "zebrafish-classes", "zebrafish-students", "central-complex"
CLASSES = {"abducens": "transfer", "integrator": "default"}
QUANTITIES = {
    "sensitivity": "position sensitivity (log; abducens median 0)",
    "persistence": "persistence (late over early response, 1)",
}


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Distributions by class, their distances beside nulls, and students of both circuits."""
    found = []
    cumulative, distances = class_panels(contents), distance_panels(contents)
    if cumulative:
        found.append(
            Picture(
                "zebrafish-classes",
                "Zebrafish: recorded cells and the wiring, by class",
                "Which part of the cells lies below a value, of recorded cells (solid) and of the "
                "wiring's (dashed). No id links them, so distributions are compared. Sensitivity "
                "is drawn over the median of the abducens cells of either side, for all cells "
                "above 0; persistence where there was an early response.",
                cumulative_panels(cumulative),
                wide=True,
                full=True,
            )
        )
    if distances:
        found.append(
            Picture(
                "zebrafish-distances",
                "Zebrafish: how far from the recorded cells",
                "Wasserstein distance of the distributions, mean of both classes: the wiring, "
                "null wirings scaled in the same way (a dot is a draw), and the unscaled network. "
                "The wiring's line is its 95 % interval over draws of the cells."
                + without_values(contents, CLASSES_ARM),
                dot_panels(distances),
                wide=True,
                full=True,
            )
        )
    for arm, name, title in (
        (STUDENTS, "zebrafish-students", "Zebrafish: students of the integrator"),
        (RING, "central-complex", "Central complex: students of the ring"),
    ):
        found += line_picture(
            contents,
            name,
            title,
            "Students that know the wiring, not the gains, against the number of recorded cells, "
            "beside students of null wirings, untrained ones and the teacher's own activity under "
            "wrong names.",
            student_panels(contents, arm),
            (arm,),
        )
    return tuple(found)


def class_panels(contents: StudyContents) -> tuple[CumulativePanel, ...]:
    """Recorded and wired values by class; sensitivity as log over the abducens median."""
    panels = []
    for _, arrays in contents.arrays(CLASSES_ARM):
        for quantity, what in QUANTITIES.items():
            samples = []
            for who, solid in (("recorded", True), ("wiring", False)):
                own = {c: np.asarray(arrays[f"{who}_{quantity}_{c}"], float) for c in CLASSES}
                if quantity == "sensitivity":
                    middle = np.median(own["abducens"])
                    own = {c: np.log(v[v > 0] / middle) for c, v in own.items()}
                samples += [
                    Sample(f"{c}, {who} ({v.size:,} cells)", v, CLASSES[c], solid)
                    for c, v in own.items()
                    if v.size
                ]
            panels.append(CumulativePanel(quantity.capitalize(), what, tuple(samples)))
    return tuple(panels)


def distance_panels(contents: StudyContents) -> tuple[DotPanel, ...]:
    """Distances of the wiring, its interval, every null wiring and the unscaled network."""
    panels = []
    for quantity, unit in (("sensitivity", " (log)"), ("persistence", "")):
        dots = []
        for wiring in _wirings_first(contents):
            at = {"wiring": wiring, "cell_class": "both"}
            values = repeats(contents, CLASSES_ARM, quantity, "wasserstein", **at)
            low, high = (
                repeats(contents, CLASSES_ARM, quantity, f"wasserstein, {end}", wiring=wiring)
                for end in ("low", "high")
            )
            if values.size:
                group = {"wiring": "default", "untrained": "baseline"}.get(wiring, "null")
                ends = (low[0], high[0]) if low.size and high.size else (math.nan, math.nan)
                dots.append(Dots(_wiring_name(wiring), values, group, "", *ends))
        if dots:
            what = f"Wasserstein distance{unit}"
            panels.append(DotPanel(quantity.capitalize(), what, tuple(dots)))
    return tuple(panels)


def student_panels(contents: StudyContents, arm: str) -> tuple[Panel, ...]:
    """Recorded and unrecorded error against M; correlation beside it."""
    unit = "state²" if arm == STUDENTS else "rate²"
    panels = []
    for title, measure, what in (
        ("Squared error", "mse", f"mean squared error ({unit})"),
        ("Correlation", "1-rho", "1 − correlation, median cell"),
    ):

        def line(
            name: str, group: str, split: str, model: str, measure: str = measure
        ) -> tuple[Line, ...]:
            return line_through(contents, name, group, arm, split, measure, model=model)

        nulls = [
            one
            for model in steps(contents, "model", arm)
            if model not in ("wiring", "untrained", "theory", "permuted cells")
            for one in line(
                f"unrecorded, {_wiring_name(str(model))}", "null", "unrecorded", str(model)
            )
        ]
        lines = (
            *line("unrecorded", "default", "unrecorded", "wiring"),
            *line("recorded", "ceiling", "recorded", "wiring"),
            *line("unrecorded, linear theory", "variant", "unrecorded", "theory"),
            *line("ceiling: permuted cells", "transfer", "unrecorded", "permuted cells"),
            *nulls,
        )
        start: tuple[Level, ...] = level(
            contents, "untrained", "other", arm, "unrecorded", measure, model="untrained"
        )
        panels.append(Panel(title, RECORDED, what, lines, start))
    return tuple(panels)


def _wirings_first(contents: StudyContents) -> list[str]:
    names = [str(w) for w in steps(contents, "wiring", CLASSES_ARM)]
    return sorted(names, key=lambda name: (name != "wiring", name == "untrained", name))


def _wiring_name(wiring: str) -> str:
    if wiring == "wiring":
        return "wiring"
    return "unscaled network" if wiring == "untrained" else plain_name(f"null: {wiring}")
