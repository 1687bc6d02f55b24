"""Figures of students of circuits: what is explained, with how much data, and for how long."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from neuroloom.networks.circuits import CircuitKind
from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.panels import Panel, axes_in_a_row, line_panels
from neuroloom.report.figures.surfaces import Surface, surfaces
from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style
from neuroloom.studies.functional_connectome.circuits.arms import (
    CIRCUITS,
    EFFICIENCY,
    GRU,
    LINEAR,
    MEAN,
    MLP,
    ONE_LAYER,
    REWIRED,
    SHUFFLED,
    SIZES,
    WIRED,
)
from neuroloom.studies.functional_connectome.circuits.drawn import SCALED
from neuroloom.studies.functional_connectome.plasticity.arms import (
    DRIFT,
    FROZEN,
    FROZEN_AGAIN,
    ONLINE,
    PLASTICITY,
    PRETRAINED,
    RANDOM,
    RETRAINED,
    RULES,
)

__all__ = ["pictures"]

STUDENTS = (LINEAR, ONE_LAYER, MLP, GRU, WIRED, REWIRED, SHUFFLED)
GROUPS = {
    MLP: "variant",
    GRU: "default",
    ONE_LAYER: "transfer",
    LINEAR: "baseline",
    SHUFFLED: "null",
    WIRED: "ceiling",
    REWIRED: "null",
    MEAN: "null",
    PRETRAINED: "default",
    RANDOM: "variant",
    "predict-mean": "null",
    ONLINE: "default",
    RETRAINED: "variant",
    FROZEN: "baseline",
    FROZEN_AGAIN: "null",
}
DRAWN = 9
"""Neurons of a layer that are drawn."""
LOWEST = -0.5
"""What is explained of an output is drawn down to here."""


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (
        *_circuits(contents),
        *_explained(contents),
        *_sizes(contents),
        *_efficiency(contents),
        *_plasticity(contents),
        *_surfaces(contents),
        *_drift(contents),
    )


def _cells(contents: StudyContents) -> dict[str, Mapping[str, np.ndarray]]:
    found = {str(at["kind"]): arrays for at, arrays in contents.arrays(CIRCUITS, form=SCALED)}
    return {kind.value: found[kind.value] for kind in CircuitKind if kind.value in found}


def _circuits(contents: StudyContents) -> Iterator[Picture]:
    cells = _cells(contents)
    if cells:
        yield Picture(
            "circuits",
            "The circuits that students stand in for",
            f"The first circuit of each kind, from input channels (bottom) to outputs (top): "
            f"{DRAWN} neurons of each layer and the connections among them. Grey: to the next "
            "layer, within a time bin; blue: over a layer; green: down or inside a layer, one bin "
            "later.",
            _wirings(cells),
            wide=True,
            full=True,
        )


@house_style()
def _wirings(cells: Mapping[str, Mapping[str, np.ndarray]]) -> Axes:
    axes = axes_in_a_row(len(cells), (0.15, 0.1, 0.1, 0.35), 2.2, 3.4)
    for ax, (kind, arrays) in zip(axes, cells.items(), strict=True):
        layer = arrays["layer"]
        x, y = np.full(len(layer), np.nan), layer.astype(float)
        for number in range(int(layer.max()) + 1):
            inside = np.flatnonzero(layer == number)[:DRAWN]
            x[inside] = np.linspace(0, 1, len(inside))
        pre, post = arrays["pre"], arrays["post"]
        seen = np.isfinite(x[pre]) & np.isfinite(x[post])
        for a, b in zip(pre[seen].tolist(), post[seen].tolist(), strict=True):
            up = int(layer[b]) - int(layer[a])
            color, width, above = MUTED, 0.25, 1
            if up > 1:
                color, width, above = GROUP_COLORS["default"], 0.4, 2
            if up < 1:
                color, width, above = GROUP_COLORS["variant"], 0.5, 3
            bend = 0.0 if up == 1 else (0.25 if up > 1 else -0.3)
            t = np.linspace(0, 1, 12 if bend else 2)
            side = np.sin(np.pi * t) * bend
            level = y[a] + (y[b] - y[a]) * t + (0.35 * np.sin(np.pi * t) if up == 0 else 0)
            ax.plot(
                x[a] + (x[b] - x[a]) * t + (side if up else 0),
                level,
                color=color,
                lw=width,
                alpha=0.55,
                zorder=above,
            )
        ax.plot(x, y, "o", color=INK, ms=2.6, zorder=4)
        ax.set_title(kind)
        ax.set_xlim(-0.4, 1.4)
        ax.axis("off")
    return axes[0]


def _explained(contents: StudyContents) -> Iterator[Picture]:
    cells = _cells(contents)
    if cells:
        yield Picture(
            "explained",
            "How much of each output a student explains",
            "Fraction of variance explained on held-out trials, against the training mean; a point "
            "is an output neuron of one circuit, the bar the median. Outputs that never change are "
            f"left out; what is below {LOWEST:g} is drawn there. Circuits are scaled.",
            _points(cells),
            wide=True,
            full=True,
        )


@house_style()
def _points(cells: Mapping[str, Mapping[str, np.ndarray]]) -> Axes:
    axes = axes_in_a_row(len(cells), (1.6, 0.55, 0.15, 0.35), 3.4, 3.2)
    rng = np.random.default_rng(0)
    for ax, (kind, arrays) in zip(axes, cells.items(), strict=True):
        for place, name in enumerate(STUDENTS):
            parts = [arrays[key] for key in sorted(arrays) if key.startswith(f"fve/{name}/")]
            fve = np.concatenate(parts) if parts else np.zeros(0)
            fve = fve[np.isfinite(fve)]
            if fve.size:
                beside = place + rng.uniform(-0.28, 0.28, fve.size)
                color = GROUP_COLORS[GROUPS[name]]
                ax.plot(np.maximum(fve, LOWEST), beside, ".", ms=2.5, alpha=0.5, color=color)
                middle = max(float(np.median(fve)), LOWEST)
                ax.plot([middle, middle], [place - 0.4, place + 0.4], color=INK, lw=1.6)
        ax.axvline(0, color=MUTED, lw=0.7)
        ax.set_yticks(range(len(STUDENTS)), STUDENTS, fontsize=7)
        ax.set_ylim(len(STUDENTS) - 0.4, -0.6)
        ax.set_xlim(LOWEST - 0.04, 1.02)
        ax.set_xlabel("variance explained")
        ax.set_title(kind)
    return axes[0]


def _lines(
    contents: StudyContents, along: str, arm: str, names: Sequence[str], measure: str, **at: str
) -> tuple[Line, ...]:
    found = [(name, contents.line(along, arm, name, measure, **at)) for name in names]
    return tuple(Line(n, n, points, GROUPS[n]) for n, points in found if len(points))


def _sizes(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    for kind in (kind.value for kind in CircuitKind):
        depths = sorted({int(row.at["depth"]) for row in contents.scores if row.arm == SIZES})
        lines = []
        for depth in depths:
            points = contents.line("width", SIZES, MLP, "fve", kind=kind, depth=depth)
            if len(points):
                name = f"{depth} layer{'s' if depth > 1 else ''} after the first"
                lines.append(Line(name, name, points))
        if lines:
            panels.append(Panel(kind, "units of a layer", "variance explained", tuple(lines)))
    if panels:
        yield Picture(
            "student-size",
            "Students of every size",
            "Fraction of variance explained by MLPs of every size (median over outputs, mean over "
            "circuits, 95 % intervals). Scaled circuits.",
            line_panels(panels),
            wide=True,
            full=True,
        )


def _efficiency(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    for measure, label in (("fve", "variance explained"), ("mse", "error (variances)")):
        names = (MLP, ONE_LAYER, LINEAR) if measure == "fve" else (MLP, ONE_LAYER, LINEAR, MEAN)
        lines = _lines(contents, "n_trials", EFFICIENCY, names, measure)
        if lines:
            panels.append(Panel(label, "training trials", label, lines))
    if panels:
        yield Picture(
            "data-efficiency",
            "With how many trials",
            "Held-out score against the number of training trials, complex circuit, mean over "
            "circuits with 95 % intervals. Left: fraction explained; right: mean squared error "
            "over the variance of each output in all training trials; both median over outputs.",
            line_panels(panels),
            wide=True,
            full=True,
        )


def _plasticity(contents: StudyContents) -> Iterator[Picture]:
    epochs = sorted({int(row.at["epoch"]) for row in contents.scores if "epoch" in row.at})
    panels = []
    for epoch in [e for e in epochs if e in (0, 1, epochs[-1])]:
        lines = []
        for name in (PRETRAINED, RANDOM):
            points = contents.line("log_sigma", PLASTICITY, name, "mse", epoch=epoch)
            if len(points):
                lines.append(Line(name, name, points, GROUPS[name]))
        title = "before retraining" if epoch == 0 else f"after {epoch} epochs"
        if epoch == 1:
            title = "after 1 epoch"
        if lines:
            levels = (Level("predict-mean", 1.0),)
            panels.append(
                Panel(
                    title, "log SD of noise on weights", "error (variances)", tuple(lines), levels
                )
            )
    if panels:
        yield Picture(
            "plasticity",
            "After the weights have changed at once",
            "Squared error on held-out trials of the changed circuit, targets in SD, against the "
            "natural logarithm of the noise on every weight in SD of the weights; median over "
            "outputs, because one that hardly ever changes rules a mean, then mean over circuits "
            "with 95 % intervals.",
            line_panels(panels),
            wide=True,
            full=True,
        )


def _surfaces(contents: StudyContents) -> Iterator[Picture]:
    found = {
        (row.split, int(row.at["epoch"]), float(row.at["log_sigma"])): row.value
        for row in contents.scores
        if row.arm == PLASTICITY and row.measure == "mse" and "epoch" in row.at
    }
    epochs = sorted({epoch for _, epoch, _ in found})
    sigmas = sorted({log_sigma for _, _, log_sigma in found})
    by_start = {
        name: np.array([[found.get((name, e, s), np.nan) for s in sigmas] for e in epochs])
        for name in (PRETRAINED, RANDOM)
    }
    if found:
        yield Picture(
            "plasticity-surfaces",
            "After how much change, and how much retraining",
            "The same error over the noise on the weights and the epochs of retraining, for the "
            "student that had learned the circuit before and for one that starts at random; mean "
            "over circuits. An error of 1 is that of the mean.",
            surfaces(
                [Surface(name, values) for name, values in by_start.items()],
                along=sigmas,
                up=epochs,
                coordinate="log SD of noise on weights",
                side="epochs of retraining",
                measure="squared error (variances)",
            ),
            wide=True,
            full=True,
        )


def _drift(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    for rule in RULES:
        lines = _lines(
            contents,
            "time",
            DRIFT,
            (ONLINE, RETRAINED, FROZEN, FROZEN_AGAIN),
            "fve",
            rule=rule,
        )
        if lines:
            sigma = contents.line("time", DRIFT, "circuit", "equivalent_sigma", rule=rule)
            title = f"{rule}: {sigma[-1, 1]:.2f} SD of weights at the end"
            panels.append(Panel(title, "recordings since the fit", "variance explained", lines))
    if panels:
        yield Picture(
            "drift",
            "While synapses drift",
            "Fraction of variance explained (median over outputs, mean over circuits, 95 % "
            f"intervals) against time. `{ONLINE}` sees the new trials of each time once; "
            f"`{FROZEN_AGAIN}` sees as many more of the circuit as it was; `{RETRAINED}` starts "
            "from nothing each time.",
            line_panels(panels),
            wide=True,
            full=True,
        )
