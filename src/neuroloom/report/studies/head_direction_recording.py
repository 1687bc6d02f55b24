"""Figures of a recording that a user brought: its heading decoded, its neurons, networks beside."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.axes import Axes

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.panels import axes_in_a_row
from neuroloom.report.layout import Picture
from neuroloom.report.studies.head_direction_trained import without_jumps
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, new_axes, new_figure
from neuroloom.studies.head_direction.recording.arms import MEASURES, NAME, NETWORKS, SURE
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED

__all__ = ["recording_pictures"]

LONGEST = 120.0  # s that are drawn


def recording_pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those that the run has numbers for."""
    return (*_of_neurons(contents), *_of_networks(contents))


def _of_neurons(contents: StudyContents) -> Iterator[Picture]:
    for _, arrays in contents.arrays(NAME):
        yield Picture(
            "recorded-heading",
            "The heading that recorded neurons say",
            "The animal's heading and the one decoded from its neurons by tuning curves of other "
            f"blocks of time, in the {LONGEST:g} s that are decoded from first.",
            _draw_heading(arrays),
            wide=True,
            full=True,
        )
        yield Picture(
            "recorded-tuning",
            "What each recorded neuron is tuned to",
            "A point a neuron. Left: preferred heading and the part of the variance that the "
            "heading explains. Right: change of the response with turning near the preferred "
            f"heading. Filled: less than {SURE:.0%} by chance over shifts in time, on the left "
            "corrected for the number of neurons.",
            _draw_tuning(arrays),
            wide=True,
        )


def _of_networks(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    for name in MEASURES:
        dots = []
        for row, split, measure, group in (
            ("trained network", TRAINED, "similarity", "default"),
            ("shifted in time", TRAINED, "similarity_shifted", "null"),
            ("before training", UNTRAINED, "similarity", "baseline"),
            (
                "shifted in time, before training",
                UNTRAINED,
                "similarity_shifted",
                "null",
            ),
        ):
            values = [
                found.value
                for found in contents.measurements
                if (found.arm, found.split, found.measure) == (NETWORKS, split, measure)
                and found.at.get("by") == name
            ]
            if values:
                dots.append(Dots(row, np.array(values), group))
        if dots:
            panels.append(DotPanel(name, "similarity (1 is equal)", tuple(dots)))
    if panels:
        yield Picture(
            "recorded-likeness",
            "How like the recorded population networks are",
            "Networks that are shown the recorded animal's turning; a point a seed, a bar the "
            "median. Shifted in time: what 95 in 100 shifts stay below.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


@house_style()
def _draw_heading(arrays: Mapping[str, np.ndarray]) -> Axes:
    dt = float(arrays["dt"])
    true, decoded = np.ravel(arrays["true"]), np.ravel(arrays["decoded"])
    known = np.flatnonzero(np.isfinite(true) & np.isfinite(decoded))
    first = int(known[0]) if known.size else 0
    shown = slice(first, first + max(int(LONGEST / dt), 2))
    ax = new_axes(new_figure(9.6, 2.6), (0.75, 0.55, 0.2, 0.4))
    time = dt * np.arange(true.size)[shown]
    for angle, color, width, name in (
        (true, INK, 2.6, "true heading"),
        (decoded, GROUP_COLORS["null"], 1.1, "decoded"),
    ):
        degrees = np.degrees(angle[shown]) % 360
        ax.plot(time, without_jumps(degrees), color=color, lw=width, label=name)
    ax.set(xlabel="time (s)", ylabel="heading (deg)", ylim=(0, 360), yticks=(0, 90, 180, 270, 360))
    ax.set_xlim(time[0], time[-1])
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="upper right", ncol=2)
    ax.grid()
    return ax


@house_style()
def _draw_tuning(arrays: Mapping[str, np.ndarray]) -> Axes:
    axes = axes_in_a_row(2, (0.75, 0.6, 0.2, 0.35), 3.8, 3.0)
    preferred = np.mod(arrays["preferred_deg"], 360)
    for ax, value, chance, title, words in (
        (axes[0], "explained", "p_heading", "heading", "variance explained"),
        (axes[1], "turning_slope", "p_turning", "turning", "slope (response per deg/s)"),
    ):
        sure = arrays[chance] < SURE
        for some, face in ((sure, GROUP_COLORS["default"]), (~sure, "none")):
            ax.scatter(
                preferred[some],
                arrays[value][some],
                s=26,
                facecolor=face,
                edgecolor=GROUP_COLORS["default"],
                linewidth=1.0,
            )
        ax.axhline(0, color=MUTED, lw=0.9)
        ax.set(title=title, xlabel="preferred heading (deg)", ylabel=words)
        ax.set(xlim=(-8, 368), xticks=(0, 90, 180, 270, 360))
        ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        ax.grid()
    return axes[0]
