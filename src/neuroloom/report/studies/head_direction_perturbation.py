"""Figures of perturbation: bumps with and without, gain by side, drift by current, pushes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from neuroloom.analysis.tuning import COMPASS, SHIFTER_MINUS, SHIFTER_PLUS
from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.panels import Panel, axes_in_a_row, line_panels
from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import StudyContents, StudyScore
from neuroloom.report.theme import GROUP_COLORS, INK, house_style
from neuroloom.studies.head_direction.classes.units import MIXTURE
from neuroloom.studies.head_direction.perturbation.arms import PUSHED, SILENCED, STIMULATED
from neuroloom.studies.head_direction.perturbation.chosen import CLASS, RANDOM, SHAM
from neuroloom.studies.head_direction.perturbation.silencing import (
    ACROSS,
    CLOCKWISE,
    COUNTER,
    WEAKENED,
)
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED
from neuroloom.studies.head_direction.trained.networks import DT

__all__ = ["drift_panels", "gain_panels", "pictures"]

NAMES = (COMPASS, SHIFTER_PLUS, SHIFTER_MINUS)
GROUPS = {COMPASS: "default", SHIFTER_PLUS: "null", SHIFTER_MINUS: "transfer"}
"""As in the figures of classes."""
KINDS = {CLASS: "default", WEAKENED: "variant", RANDOM: "null"}
WORDS = {CLASS: "{} silenced", WEAKENED: "{} weakened", RANDOM: "random units for {}"}


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (
        *_bumps(contents),
        *_gains(contents),
        *_drifts(contents),
        *_life(contents),
        *_pushes(contents),
    )


def _bumps(contents: StudyContents) -> Iterator[Picture]:
    for arm, name, title, words in (
        (
            SILENCED,
            "bump-silenced",
            "A bump whose units are silenced",
            "A trial that turns to both sides, without and with units of one class silenced from "
            "the vertical line on. Orange: true heading.",
        ),
        (
            STIMULATED,
            "bump-stimulated",
            "A bump that shifters move",
            "Nothing turns; from the vertical line on every shifter of one class gets a current.",
        ),
    ):
        for at, arrays in contents.arrays(arm):
            yield Picture(
                name,
                title,
                f"Network {at['seed']:.0f}. Rates of compass units (mixture), ordered by preferred "
                f"heading; darker is higher, one scale. {words} Black: what the outputs say.",
                _draw_bumps(arrays, contents.about),
                wide=True,
                full=True,
            )
            break


@house_style()
def _draw_bumps(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Axes:
    shown = [name for name in (SHAM, *NAMES) if f"{name}/angle" in arrays]
    all_axes = axes_in_a_row(len(shown), (0.62, 0.55, 0.12, 0.35), 2.75, 3.0)
    preferred = np.degrees(arrays["preferred"]) % 360
    top = max(float(arrays[f"{name}/compass"].max(initial=0.0)) for name in shown)
    start = about["config"]["perturbation"]["start"] * DT
    for ax, name in zip(all_axes, shown, strict=True):
        angle, rates = arrays[f"{name}/angle"], arrays[f"{name}/compass"]
        time = DT * np.arange(1, len(angle) + 1)
        if rates.shape[1]:
            places = np.searchsorted(_edges(preferred), np.arange(0.5, 360)) - 1
            ax.imshow(
                rates[:, places % len(preferred)].T,
                origin="lower",
                aspect="auto",
                extent=(0, float(time[-1]), 0, 360),
                cmap="Blues",
                vmin=0,
                vmax=max(top, 1e-9),
                interpolation="nearest",
            )
        if "true" in arrays:
            _draw_angle(ax, time, arrays["true"], GROUP_COLORS["null"], "true")
        _draw_angle(ax, time, angle, INK, "decoded")
        ax.axvline(start, color=INK, lw=0.8, ls=(0, (2, 2)))
        ax.set(xlim=(0, float(time[-1])), ylim=(0, 360), xlabel="time (s)")
        ax.set_yticks([0, 90, 180, 270, 360], ["0", "90", "180", "270", "360"])
        doing = "silenced" if "true" in arrays else "stimulated"
        ax.set_title("nothing done" if name == SHAM else f"{name} {doing}")
    all_axes[0].set_ylabel("heading (deg)")
    return all_axes[0]


def _edges(preferred: np.ndarray) -> np.ndarray:
    """Borders between neighbors around the circle, the first one below 0."""
    after = np.diff(np.r_[preferred, preferred[0] + 360])
    return np.r_[preferred[0] - after[-1] / 2, preferred + after / 2]


def _draw_angle(ax: Axes, time: np.ndarray, angle: np.ndarray, color: str, name: str) -> None:
    """In degrees, 0 to 360, broken where it goes around."""
    degrees = np.degrees(angle) % 360
    around = np.flatnonzero(np.abs(np.diff(degrees)) > 180) + 1
    ax.plot(
        np.insert(time, around, np.nan),
        np.insert(degrees, around, np.nan),
        color=color,
        lw=1.2,
        label=name,
    )


def gain_panels(contents: StudyContents) -> list[DotPanel]:
    """Gain ratio of either side, a row for each class and for what is done to it.

    Args:
        contents: Of a run.
    """
    panels = []
    for side, words in ((COUNTER, "counter-clockwise turns"), (CLOCKWISE, "clockwise turns")):
        dots = [
            Dots(WORDS[what].format(name), values, KINDS[what])
            for name in NAMES
            for what in (CLASS, WEAKENED, RANDOM)
            if (
                values := _by_seed(
                    contents,
                    SILENCED,
                    TRAINED,
                    "gain_ratio",
                    {"rule": MIXTURE, "class": name, "what": what, "fit": ACROSS, "side": side},
                )
            ).size
        ]
        if dots:
            panels.append(
                DotPanel(f"Gain of {words}", "gain / gain without", tuple(dots), chance=1.0)
            )
    return panels


def _gains(contents: StudyContents) -> Iterator[Picture]:
    panels = gain_panels(contents)
    if panels:
        yield Picture(
            "gain-by-side",
            "What silencing a class does to turns of either side",
            "Turn of the bump for each turn of the animal, by a line through 0, over that of the "
            "same network without a perturbation (dashed: 1). Below 0 the bump goes the other way. "
            "A dot a network, classes by the mixture; random units are as many and as active, mean "
            "of the sets. Weakened: what the class sends is multiplied by "
            f"{contents.about['config']['perturbation']['factor']:g}.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def drift_panels(contents: StudyContents) -> list[Panel]:
    """Drift against current, a panel for each class of shifters.

    Args:
        contents: Of a run.
    """
    panels = []
    for name in (SHIFTER_PLUS, SHIFTER_MINUS):
        at: dict[str, Any] = {"rule": MIXTURE, "class": name}
        lines = []
        for split, what, words, group in (
            (TRAINED, CLASS, name, GROUPS[name]),
            (TRAINED, RANDOM, RANDOM, "baseline"),
            (UNTRAINED, CLASS, f"{name}, untrained networks", "ceiling"),
        ):
            points = contents.line("current", STIMULATED, split, "drift", what=what, **at)
            if len(points):
                lines.append(Line(words, words, points, group))
        still = contents.line("current", STIMULATED, TRAINED, "drift", what=SHAM)
        levels = [Level("no current", float(value)) for value in still[:, 1]]
        if lines:
            panels.append(
                Panel(
                    f"{name} stimulated",
                    "current into each unit (unit of the state)",
                    "drift (deg/s)",
                    tuple(lines),
                    tuple(levels),
                )
            )
    return panels


def _drifts(contents: StudyContents) -> Iterator[Picture]:
    panels = drift_panels(contents)
    if panels:
        yield Picture(
            "drift-by-current",
            "Shifters move the bump without a turn",
            "Drift of the decoded heading while nothing turns, counter-clockwise positive, against "
            "the current into each shifter of a class (mixture), with 95 % intervals over "
            "networks. Untrained networks are read out by ridge regression; few have shifters.",
            line_panels(panels),
            wide=True,
            full=True,
        )


def _life(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    for measure, title, words in (
        ("survival", "Bumps that are left", "share of trials"),
        ("activity_left", "Activity of other units", "rate / rate without"),
        ("drift_at_rest", "Drift at rest", "deg/s"),
    ):
        dots = [
            Dots(WORDS[what].format(name), values, KINDS[what])
            for name in NAMES
            for what in (CLASS, RANDOM)
            if (
                values := _by_seed(
                    contents,
                    SILENCED,
                    TRAINED,
                    measure,
                    {"rule": MIXTURE, "class": name, "what": what},
                )
            ).size
        ]
        if dots:
            panels.append(DotPanel(title, words, tuple(dots)))
    if panels:
        yield Picture(
            "bump-life",
            "What is left of the bump",
            "Left: share of trials in which the decoded vector stayed longer than half of what it "
            "is without a perturbation. Middle: mean rate of the units that were not silenced, at "
            "the end. Right: drift beside the two gains, counter-clockwise positive.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def _pushes(contents: StudyContents) -> Iterator[Picture]:
    rows = (
        ("compass units that prefer it", TRAINED, CLASS, "default"),
        (RANDOM, TRAINED, RANDOM, "null"),
        ("compass units, untrained networks", UNTRAINED, CLASS, "baseline"),
    )
    panels = []
    for measure, title, words, chance in (
        ("towards", "Nearer after a second", "deg", 0.0),
        ("came_nearer", "Trials that came nearer", "share of trials", 0.5),
    ):
        dots = [
            Dots(name, values, group)
            for name, split, what, group in rows
            if (
                values := _by_seed(
                    contents, PUSHED, split, measure, {"rule": MIXTURE, "what": what}
                )
            ).size
        ]
        if dots:
            panels.append(DotPanel(title, words, tuple(dots), chance=chance))
    if panels:
        yield Picture(
            "compass-pushed",
            "Pushed compass units take the bump to the heading they prefer",
            "How much nearer the bump comes to the heading that the pushed units prefer (bump 30 "
            "to 150 deg away, eight headings around). A dot a network, classes by the mixture; "
            "random units are as many and as active.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def _by_seed(
    contents: StudyContents, arm: str, split: str, measure: str, at: Mapping[str, Any]
) -> np.ndarray:
    """Mean over random sets, one number a network; NaN left out."""
    found: dict[Any, list[float]] = {}
    for row in contents.measurements:
        if (row.arm, row.split, row.measure) == (arm, split, measure) and _at(row, at):
            found.setdefault(row.at["seed"], []).append(row.value)
    means = np.array([np.mean(values) for values in found.values()])
    return means[np.isfinite(means)] if means.size else means


def _at(row: StudyScore, at: Mapping[str, Any]) -> bool:
    return all(row.at.get(name) == value for name, value in at.items())
