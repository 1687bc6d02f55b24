"""Figures of the study of functional connectivity: who finds connections, and how surely."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MultipleLocator, NullFormatter

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import repeats
from neuroloom.report.studies.perturbation import perturbation_pictures
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, new_axes, new_figure
from neuroloom.studies.deconvolved import DECONVOLVED
from neuroloom.studies.functional_connectivity.config import FAMILIES, family_of
from neuroloom.studies.functional_connectivity.deep import DEEP, JACOBIAN
from neuroloom.studies.functional_connectivity.estimators import (
    DEFAULT,
    GAUSSIAN,
    ORACLE,
    TYPED,
    UNCOUPLED,
)

__all__ = ["pictures"]

A_ROW = 2
"""Systems side by side."""
GROUPS = {
    DEFAULT: "default",
    TYPED: "variant",
    GAUSSIAN: "variant",
    ORACLE: "ceiling",
    "sparse + factors": "variant",
    f"co-smoothing: {DEFAULT}": "default",
    DECONVOLVED: "variant",
}
CALIBRATED = ("no-drive", "common-drive", "partly-seen")


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (
        *_dots(
            contents,
            "connections",
            "Who finds the connections",
            "Area under the precision-recall curve of each estimator, one dot a network, off the "
            "diagonal; the dashed line is the share of pairs that are connected, which guessing "
            "reaches. The recommended estimate is ranked by its probabilities, the others by size.",
            "AUPRC",
            "auprc",
            lambda arm, system: repeats(contents, arm, "truth", "prevalence", system=system),
        ),
        *_dots(
            contents,
            "forecasts",
            "Who forecasts",
            "Correlation of the next step with its forecast, on the part of the recording that was "
            "held out, mean over neurons; one dot a network. A good forecast does not show that "
            "connectivity is right: compare the figure before.",
            "next-step r",
            "r",
            lambda arm, system: np.zeros(1),
        ),
        *_deep(contents),
        *_dots(
            contents,
            "spikes",
            "Who forecasts spikes",
            "Likelihood gained over the mean rate of the scored spikes, in bits per spike, one bin "
            "ahead; one dot a network. What a linear model forecasts below a hundredth of a "
            "neuron's mean rate counts as that. Persistence and NLinear are far below 0 and in "
            "the tables alone.",
            "bits per spike",
            "bits_per_spike",
            lambda arm, system: np.zeros(1),
            without=("persistence", "NLinear"),
        ),
        *_dots(
            contents,
            "co-smoothing",
            "Neurons held out",
            "A fifth of the neurons, read from what a model of the others says of these others, in "
            "bits per spike; the readout was fitted to all training data (co-smoothing).",
            "co-bits per spike",
            "co_bits_per_spike",
            lambda arm, system: np.zeros(1),
        ),
        *_dots(
            contents,
            "few-shot",
            "Neurons held out, few data",
            "As before, but the readout was fitted to five stretches of 1,000 bins alone (few-shot "
            "co-smoothing).",
            "few-shot co-bits per spike",
            "few_shot_co_bits_per_spike",
            lambda arm, system: np.zeros(1),
        ),
        *_calibration(contents),
        *_spectra(contents),
        *perturbation_pictures(contents),
    )


def _systems(contents: StudyContents) -> list[str]:
    """Systems that were measured, in the order of the benchmark."""
    found = {str(row.at["system"]) for row in contents.measurements if "system" in row.at}
    order = [str(name) for name in contents.about.get("config", {}).get("systems", ())]
    return [name for name in order if name in found] or sorted(found)


def _dots(
    contents: StudyContents,
    name: str,
    title: str,
    caption: str,
    label: str,
    measure: str,
    chance: Callable[[str, str], np.ndarray],
    without: Sequence[str] = (),
) -> Iterator[Picture]:
    systems, first = _systems(contents), True
    for start in range(0, len(systems), A_ROW):
        panels = []
        for system in systems[start : start + A_ROW]:
            arm = family_of(system)
            splits = dict.fromkeys(
                row.split
                for row in contents.measurements
                if (row.arm, row.measure, row.at.get("system")) == (arm, measure, system)
                and not row.split.startswith("gain")
                and row.split not in without
            )
            dots = [
                Dots(split, values, GROUPS.get(split, "baseline"))
                for split in splits
                if (values := repeats(contents, arm, split, measure, system=system)).size
            ]
            if dots:
                by_chance = float(np.mean(chance(arm, system)))
                panels.append(DotPanel(system, label, tuple(dots), chance=by_chance))
        if panels:
            place = f"{name}-{start // A_ROW + 1}"
            said = caption if first else f"As above; {', '.join(p.title for p in panels)}."
            first = False
            yield Picture(place, title, said, dot_panels(panels), wide=True, full=True)


def _deep(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    for measure, label in (("auprc", "AUPRC"), ("r", "next-step r")):
        splits = (DEEP, JACOBIAN, "lasso VAR", "ridge VAR", UNCOUPLED)
        dots = [
            Dots(split, values, "default" if split in (DEEP, JACOBIAN) else "baseline")
            for split in splits
            if (values := repeats(contents, DEEP, split, measure)).size
        ]
        if dots:
            panels.append(DotPanel("S1", label, tuple(dots)))
    if panels:
        yield Picture(
            "deep",
            "A trained network beside regressions",
            "A forecaster with one decoder for all neurons, beside lasso and ridge regression of "
            "the same recordings, one dot a network: area under the precision-recall curve of its "
            "connectivity, read from the current and as the average Jacobian, and correlation of "
            "the next step with its forecast. It is stopped on the end of the training data.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def _calibration(contents: StudyContents) -> Iterator[Picture]:
    lines = []
    for system in _systems(contents):
        arm = family_of(system)
        if arm not in CALIBRATED:
            continue
        total = np.zeros((3, 10))
        for row in contents.measurements:
            if row.arm == arm and row.at.get("system") == system and "decile" in row.at:
                kind = ("decile_pairs", "decile_expected", "decile_observed").index(row.measure)
                total[kind, int(row.at["decile"])] += row.value
        there = total[0] > 0
        if there.any():
            pairs, expected, observed = total[:, there]
            lines.append((system, pairs, expected / pairs, observed / pairs))
    if lines:
        yield Picture(
            "calibration",
            "Probabilities are what they say",
            "Share of pairs that are connected against the probability that was given, by tenths "
            "of probability, all networks of a system together; a hollow dot has fewer than 200 "
            "pairs. On the dashed line they are equal.",
            _draw_calibration(lines),
        )


@house_style()
def _draw_calibration(lines: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray]]) -> Axes:
    ax = new_axes(box=(0.8, 0.6, 0.2, 0.2), width=5.2, height=4.0)
    colors = [*GROUP_COLORS.values(), INK]
    ax.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4, 3)))
    for (system, pairs, expected, observed), color in zip(lines, colors, strict=False):
        ax.plot(expected, observed, color=color, lw=1.1, label=system)
        many = pairs >= 200
        ax.plot(expected[many], observed[many], "o", color=color, ms=4.5)
        ax.plot(expected[~many], observed[~many], "o", color=color, mfc="none", ms=4.5)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_xlabel("probability that a pair is connected")
    ax.set_ylabel("share of pairs that are")
    ax.legend(loc="upper left")
    ax.grid()
    return ax


def _spectra(contents: StudyContents) -> Iterator[Picture]:
    spectra = {}
    for arm in FAMILIES.values():
        for known, arrays in contents.arrays(arm):
            if {"spectrum", "edge"} <= arrays.keys():
                spectra.setdefault(
                    str(known["system"]), (arrays["spectrum"], float(arrays["edge"][0]))
                )
    chosen = {name: spectra[name] for name in _systems(contents) if name in spectra}
    if chosen:
        yield Picture(
            "factors",
            "How many factors drive all at once",
            "Eigenvalues of the correlation of what the past does not explain, largest first, in "
            "units of the edge that independent noise reaches; the first network of each system. "
            "Those above 1.05 count as common drive.",
            _draw_spectra(chosen),
        )


@house_style()
def _draw_spectra(chosen: dict[str, tuple[np.ndarray, float]]) -> Axes:
    figure = new_figure(6.4, 3.9)
    ax = new_axes(figure, (0.8, 0.6, 1.9, 0.2))
    colors = [*GROUP_COLORS.values(), INK]
    for n, (system, (spectrum, edge)) in enumerate(chosen.items()):
        first = spectrum[:20] / edge
        style = "-" if n < len(colors) else "--"
        ax.plot(
            np.arange(1, len(first) + 1),
            first,
            f"o{style}",
            color=colors[n % len(colors)],
            ms=3,
            lw=0.9,
            label=system,
        )
    ax.axhline(1.05, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(MultipleLocator(5))
    ax.set_xlabel("factor, largest first")
    ax.set_ylabel("eigenvalue / edge of noise")
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0))
    ax.grid()
    return ax
