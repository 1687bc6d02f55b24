"""Figures of the animal's part: profiles beside the fly's, its wiring trained, its turning."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.layout import Picture
from neuroloom.report.studies.head_direction_classes import CLASS_COLORS
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, new_axes, new_figure
from neuroloom.studies.head_direction.animal.activity_arm import (
    CONDITIONS,
    EXACT,
    EXCHANGED,
    FLY_MAPS,
    FLY_ONLY,
    GAINED,
    HELD,
    MEASURED,
    NAME,
    NULL,
    PEN1,
    TRAINED,
)
from neuroloom.studies.head_direction.animal.circuits import SOURCES
from neuroloom.studies.head_direction.animal.ensembles import FLY, MAPS, ONLY, REWIRED
from neuroloom.studies.head_direction.animal.resemblance import DEFAULT_NETWORK, WORDS
from neuroloom.studies.head_direction.animal.resemblance import arm_of as resemblance_arm
from neuroloom.studies.head_direction.animal.wired_arms import ALL_TO_ALL, BEFORE
from neuroloom.studies.head_direction.animal.wired_arms import arm_of as wired_arm
from neuroloom.studies.head_direction.classes.units import MIXTURE, PUBLISHED, RULES

__all__ = ["pictures"]

Arrays = Mapping[str, np.ndarray]
GROUPS = {
    TRAINED: "variant",
    FLY_ONLY: "default",
    FLY_MAPS: "default",
    MEASURED: "ceiling",
    PEN1: "ceiling",
    NULL: "null",
    HELD: "baseline",
    EXCHANGED: "null",
    EXACT: "baseline",
    GAINED: "baseline",
}
TYPE_MARKERS = {"EPG": "o", "PEG": "s", "PEN": "^", "PEN1": "^", "PEN2": "v", "Delta7": "D"}


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (*_resemblance(contents), *_wired(contents), *_activity(contents))


def _resemblance(contents: StudyContents) -> Iterator[Picture]:
    for source in SOURCES:
        cells = contents.arrays(resemblance_arm(source), network=DEFAULT_NETWORK)
        arrays = [arrays for _, arrays in cells]
        if not arrays:
            continue
        for rule in RULES:
            yield Picture(
                f"fly-profiles-{source.lower()}-{rule.split()[0]}",
                f"Nine profiles beside {WORDS[source]}; classes by {rule}",
                "Mean weight against the preferred heading of the receiver less that of the "
                "sender, in windows of 45 deg, each profile over the largest value of its circuit. "
                "Black: the fly, whose Delta7 are paths through them; color: mean over networks; "
                "thin: each network. The sender's class is on top, the receiver's at the side.",
                _draw_profiles(arrays, rule),
                wide=True,
                full=True,
            )
        panels = _kind_panels(contents, source)
        if panels:
            yield Picture(
                f"fly-resemblance-{source.lower()}",
                f"How much networks resemble {WORDS[source]}",
                "Correlation of profiles with those of the fly, mean over pairs of classes that "
                "the fly connects; 0 for what a network lacks. A dot is a network, a bar the "
                "median; the dashed line is 0.",
                dot_panels(panels),
                wide=True,
                full=True,
            )


@house_style()
def _draw_profiles(cells: Sequence[Arrays], rule: str) -> Axes:
    names = ("compass", "shifter+", "shifter-")
    first = cells[0]
    offset = np.asarray(first["offset"], float)
    pairs = list(zip(first["pre"].tolist(), first["post"].tolist(), strict=True))
    figure = new_figure(8.6, 6.6)
    wide, high = 2.35, 1.65
    fly = first["fly"] / max(float(np.nanmax(np.abs(first["fly"]))), 1e-12)
    ours = []
    for arrays in cells:
        one = np.asarray(arrays[f"network/{rule}"], float)
        size = np.max(np.abs(one), where=np.isfinite(one), initial=0.0)
        ours.append(one / size if size > 0 else one)
    for column, pre in enumerate(names):
        for row, post in enumerate(names):
            k = pairs.index((pre, post))
            left, bottom = 0.95 + column * (wide + 0.1), 6.6 - 0.4 - (row + 1) * high - row * 0.25
            ax = new_axes(figure, (left, bottom, 8.6 - left - wide, 6.6 - bottom - high))
            ax.axhline(0, color=MUTED, lw=0.6)
            ax.axvline(0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
            color = CLASS_COLORS[pre]
            for one in ours:
                ax.plot(offset, one[k], color=color, lw=0.5, alpha=0.35)
            seen = [one[k] for one in ours if np.isfinite(one[k]).any()]
            if seen:
                known = np.isfinite(seen)
                mean = np.where(known, seen, 0).sum(0) / np.maximum(known.sum(0), 1)
                ax.plot(offset, np.where(known.any(0), mean, np.nan), color=color, lw=2)
            else:
                ax.text(
                    0.5, 0.86, "no such units", transform=ax.transAxes, ha="center", color=MUTED
                )
            ax.plot(offset, fly[k], color=INK, lw=1.3)
            ax.set(xlim=(-160, 180), ylim=(-1.1, 1.1))
            ax.set_xticks([-90, 0, 90, 180])
            ax.tick_params(labelbottom=row == 2, labelleft=column == 0)
            if row == 0:
                ax.set_title(f"from {pre}")
            if column == 0:
                ax.set_ylabel(f"to {post}")
            if row == 2 and column == 1:
                ax.set_xlabel("preferred heading of receiver less sender (deg)")
    return figure.axes[0]


def _kind_panels(contents: StudyContents, source: str) -> tuple[DotPanel, ...]:
    panels = []
    for rule in (MIXTURE, PUBLISHED):
        by_kind: dict[str, list[float]] = {}
        for row in contents.measurements:
            own = (row.arm, row.split, row.measure)
            if own == (resemblance_arm(source), rule, "mean correlation"):
                by_kind.setdefault(str(row.at["network"]), []).append(row.value)
        dots = [
            Dots(
                kind,
                np.array(values),
                "default" if kind == DEFAULT_NETWORK else "null",
            )
            for kind, values in by_kind.items()
        ]
        if dots:
            panels.append(DotPanel(f"classes by {rule}", "correlation", tuple(dots), chance=0.0))
    return tuple(panels)


def _wired(contents: StudyContents) -> Iterator[Picture]:
    for source in SOURCES:
        arm = wired_arm(source)
        panels = _error_panels(contents, arm)
        if not panels:
            continue
        yield Picture(
            f"fly-wired-errors-{source.lower()}",
            f"The task on the wiring of {WORDS[source]}",
            "Normalized error on held-out trials without noise. A dot is a seed, a bar the median. "
            f"`{ONLY}`: what neurons hear and what is read are set by anatomy and not trained.",
            dot_panels(panels),
            wide=True,
            full=True,
        )
        for at, arrays in contents.arrays(arm):
            yield Picture(
                f"fly-wired-tuning-{source.lower()}",
                "Tuning of a network that is wired as the fly",
                f"Network {at['seed']:.0f}, {ONLY} trained. Left: the heading that each neuron "
                "prefers against the direction of its column; on the dashed line they agree. "
                "Right: its rate against angular velocity. Blue: E-PG and P-EG; orange and purple: "
                "P-EN of the left and the right half; gray: Delta7.",
                _draw_tuning(arrays),
                wide=True,
            )
            break


def _error_panels(contents: StudyContents, arm: str) -> tuple[DotPanel, ...]:
    order = (
        (FLY, ONLY, "default"),
        (FLY, MAPS, "default"),
        (REWIRED, ONLY, "null"),
        (REWIRED, MAPS, "null"),
        (BEFORE, "nothing", "baseline"),
        (ALL_TO_ALL, "all weights", "variant"),
    )
    panels = []
    for n_steps in sorted({r.at["n_steps"] for r in _errors(contents, arm)}):
        dots = []
        for name, what, group in order:
            values = [
                row.value
                for row in _errors(contents, arm)
                if row.split == name
                and row.at["n_steps"] == n_steps
                and row.at["trained_part"] == what
            ]
            if values:
                words = name if name in (BEFORE, ALL_TO_ALL) else f"{name}: {what}"
                dots.append(Dots(words, np.array(values), group))
        panels.append(DotPanel(f"{n_steps:g} steps", "error (%)", tuple(dots), scale="log"))
    return tuple(panels)


def _errors(contents: StudyContents, arm: str) -> list:
    return [row for row in contents.measurements if row.arm == arm and row.measure == "error"]


@house_style()
def _draw_tuning(arrays: Arrays) -> Axes:
    figure = new_figure(8.0, 3.7)
    left = new_axes(figure, (0.7, 0.6, 8.0 - 0.7 - 3.0, 0.35))
    right = new_axes(figure, (4.75, 0.6, 0.2, 0.35))
    column = np.degrees(arrays["column"])
    preferred = np.degrees(_near(arrays[f"{ONLY}/preferred"], arrays["column"]))
    slope = arrays[f"{ONLY}/slope"]
    kinds, groups = arrays["type"].astype(str), arrays["class"].astype(str)
    left.plot([-180, 180], [-180, 180], color=MUTED, lw=0.9, ls=(0, (4, 3)))
    right.axhline(0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    for kind in dict.fromkeys(kinds.tolist()):
        own = kinds == kind
        colors = [CLASS_COLORS.get(group, MUTED) for group in groups[own]]
        marker = TYPE_MARKERS.get(kind, "o")
        left.scatter(column[own], preferred[own], c=colors, marker=marker, s=18, label=kind)
        right.scatter(column[own], slope[own], c=colors, marker=marker, s=18)
    left.set(xlabel="direction of the column (deg)", ylabel="preferred heading (deg)")
    right.set(xlabel="direction of the column (deg)", ylabel="slope (rate per deg/step)")
    for ax in (left, right):
        ax.set_xticks([-180, -90, 0, 90, 180])
        ax.grid()
    left.set_yticks([-180, -90, 0, 90, 180])
    left.legend(loc="upper left", handletextpad=0.1)
    return left


def _activity(contents: StudyContents) -> Iterator[Picture]:
    example = next(iter(contents.arrays(NAME)), None)
    if example is not None:
        yield Picture(
            "fly-activity-example",
            "A fly's turning, followed",
            f"{example[1]['fly'][0]}, {example[1]['condition'][0]}, the first piece of the first "
            "fly that is scored. Black: its heading on the ball; gray dots: the bump of E-PG, "
            "whose offset is arbitrary and set to the mean; colors: what networks of the first "
            "seed say, who know the first heading and the turns.",
            _draw_example(example[1]),
            wide=True,
            full=True,
        )
    for measure, title, words, unit in (
        (
            "heading error",
            "How far networks are from a fly's heading",
            "Mean distance from the heading on the ball, given its turns and the first heading of "
            "each piece; 90 deg is chance.",
            "deg",
        ),
        (
            "bump match",
            "How well what networks say matches the bump of E-PG",
            "Constancy of the angle between bump and heading within pieces; 1 if it never changes. "
            f"`{PEN1}` is another population of the same fly, no model.",
            "0 to 1",
        ),
    ):
        panels = _fly_panels(contents, measure, unit)
        if panels:
            yield Picture(
                f"fly-activity-{measure.replace(' ', '-')}",
                title,
                f"{words} A dot is a held-out fly, networks by their mean over seeds; a bar is the "
                "median.",
                dot_panels(panels),
                wide=True,
                full=True,
            )
    dots = _lead_dots(contents)
    if dots:
        yield Picture(
            "fly-activity-lead",
            "P-EN1 are ahead of E-PG in a turn",
            "How far the bump of P-EN1 (of networks: of shifters, each where it drives the "
            "outputs) is ahead of that of E-PG (of what is said), turns one way less turns the "
            "other, in flies whose ellipsoid body was imaged. A dot is a fly; networks by their "
            "mean over seeds, on the turning of the same fly.",
            dot_panels([DotPanel("ellipsoid body", "lead (deg)", tuple(dots), chance=0.0)]),
            wide=True,
        )


@house_style()
def _draw_example(arrays: Arrays) -> Axes:
    figure = new_figure(10.2, 3.2)
    ax = new_axes(figure, (0.7, 0.6, 3.2, 0.2))
    heading = np.asarray(arrays["heading"], float)
    time = 0.025 * np.arange(len(heading))
    offset = np.angle(np.exp(1j * (arrays["epg"] - heading[1:])).mean())
    bump = _near(np.asarray(arrays["epg"], float) - offset, heading[1:])
    ax.plot(time[1:], np.degrees(bump), ".", color=MUTED, ms=2, label="bump of E-PG")
    ax.plot(time, np.degrees(heading), color=INK, lw=1.6, label="heading")
    for model in (TRAINED, FLY_ONLY, FLY_MAPS, NULL):
        if f"{model}/heading" in arrays:
            said = _near(np.asarray(arrays[f"{model}/heading"], float), heading[1:])
            style = "--" if model == FLY_MAPS else "-"
            color = GROUP_COLORS[GROUPS[model]]
            ax.plot(time[1:], np.degrees(said), style, color=color, lw=1.1, label=model)
    ax.set(xlabel="time (s)", ylabel="heading (deg)", xlim=(0, time[-1]))
    ax.grid()
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    return ax


def _near(angle: np.ndarray, to: np.ndarray) -> np.ndarray:
    """The same angles within half a turn of others."""
    return to + np.angle(np.exp(1j * (angle - to)))


def _fly_panels(contents: StudyContents, measure: str, unit: str) -> tuple[DotPanel, ...]:
    panels = []
    for condition in CONDITIONS:
        dots = []
        for model, group in GROUPS.items():
            values = _by_fly(contents, measure, model, condition=condition)
            if values:
                dots.append(Dots(model, np.array(values), group))
        if dots:
            chance = 90.0 if unit == "deg" else float("nan")
            name = f"{measure} ({unit})"
            panels.append(DotPanel(condition, name, tuple(dots), chance=chance))
    return tuple(panels)


def _lead_dots(contents: StudyContents) -> list[Dots]:
    found = []
    for model in (MEASURED, TRAINED, FLY_ONLY, FLY_MAPS, NULL):
        values = _by_fly(contents, "lead", model, region="EB")
        if values:
            found.append(Dots(model, np.array(values), GROUPS[model]))
    return found


def _by_fly(contents: StudyContents, measure: str, model: str, **at: str) -> list[float]:
    """The mean over seeds of each fly; what could not be measured is left out."""
    values: dict[str, list[float]] = {}
    for row in contents.measurements:
        same = (row.arm, row.measure, row.at.get("model")) == (NAME, measure, model)
        if same and at.items() <= row.at.items() and np.isfinite(row.value):
            values.setdefault(str(row.at["fly"]), []).append(row.value)
    return [float(np.mean(own)) for _, own in sorted(values.items())]
