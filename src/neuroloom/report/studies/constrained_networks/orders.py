"""Which errors training takes away, and in which order to record: Figs 7 g-i and 8."""

import numpy as np

from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.modes import LEAST, ModeErrors, mode_panels
from neuroloom.report.figures.panels import Panel
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import (
    level,
    line_picture,
    line_through,
    without_values,
)
from neuroloom.report.studies.constrained_networks.wiring import RECORDED
from neuroloom.report.study_contents import StudyContents

__all__ = ["mode_errors", "order_panels", "pictures"]

LINEAR, CYCLING = "linear-orders", "recording-orders"
ORDERS = (("greedy", "default"), ("random", "baseline"), ("worst", "null"))


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Shrinkage of modes, and error by order."""
    found = mode_errors(contents)
    shrunk = (
        (
            Picture(
                "modes",
                "Stiff modes are learned, sloppy ones are not",
                "Squared error of parameters that training leaves along each eigenmode of the "
                "Gauss-Newton matrix, against its eigenvalue; 1 is the untrained student. All "
                "neurons are recorded; the linear network takes one step of gradient descent. A "
                "dot is a mode, the line the median of every tenth part of the modes; a triangle "
                f"is a mode of which less than {LEAST:g} is left."
                + without_values(contents, LINEAR, CYCLING),
                mode_panels(found),
                wide=len(found) > 1,
                full=len(found) > 1,
            ),
        )
        if found
        else ()
    )
    return (
        *shrunk,
        *line_picture(
            contents,
            "recording-orders",
            "Which neurons to record",
            "The same number of neurons, chosen greedily to lower the expected error, at random, "
            "or worst; all orders of a network train by one method at one learning rate.",
            order_panels(contents),
            (LINEAR, CYCLING),
        ),
    )


def mode_errors(contents: StudyContents) -> tuple[ModeErrors, ...]:
    """Modes of all repeats together, of each network that was run."""
    found = []
    for arm, title in ((LINEAR, "Linear network"), (CYCLING, "Cycling network")):
        pairs = [
            np.stack([arrays["stiffness"], arrays["left"]], axis=1).astype(float)
            for _, arrays in contents.arrays(arm)
            if {"stiffness", "left"} <= arrays.keys()
        ]
        points = np.concatenate([*pairs, np.empty((0, 2))])
        points = points[np.isfinite(points).all(axis=1) & (points > 0).all(axis=1)]
        if len(points):
            found.append(ModeErrors(title, points[:, 0], points[:, 1]))
    return tuple(found)


def order_panels(contents: StudyContents) -> tuple[Panel, ...]:
    """Error against number recorded by order: linear in theory and trained, and cycling."""

    def lines(arm: str, measure: str) -> tuple[Line, ...]:
        return tuple(
            line
            for order, group in ORDERS
            for line in line_through(contents, order, group, arm, order, measure)
        )

    def start(arm: str, measure: str) -> tuple[Level, ...]:
        return level(contents, "untrained, all neurons", "other", arm, "untrained", measure)

    what = "mean squared error"
    return (
        Panel(
            "Linear network, theory",
            RECORDED,
            f"{what}, all neurons (state²)",
            lines(LINEAR, "mse_theory"),
            start(LINEAR, "mse"),
        ),
        Panel(
            "Linear network, trained",
            RECORDED,
            f"{what}, all neurons (state²)",
            lines(LINEAR, "mse_trained"),
            start(LINEAR, "mse"),
        ),
        Panel(
            "Cycling network, trained",
            RECORDED,
            f"{what}, unrecorded (rate²)",
            lines(CYCLING, "mse"),
            start(CYCLING, "all_mse"),
        ),
    )
