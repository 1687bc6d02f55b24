"""Figures of the functional connectome: maps, arenas, looks, decoded paths."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from neuroloom.arena import Arena, load_arena
from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.decoded_path import decoded_plane
from neuroloom.report.figures.distributions import CumulativePanel, Sample, cumulative_panels
from neuroloom.report.figures.panels import Panel, line_panels
from neuroloom.report.layout import Picture
from neuroloom.report.studies.circuits_and_plasticity import pictures as circuit_pictures
from neuroloom.report.studies.constrained_networks.repeats import repeats
from neuroloom.report.studies.functional_connectome_goals import goal_pictures
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import INK, house_style, new_axes, new_figure
from neuroloom.studies.functional_connectome.decoding.arms import (
    BOX,
    BY_MOTION,
    DECODING,
    DIRECT,
    EVEN,
    RAT,
    TRUE,
)
from neuroloom.studies.functional_connectome.places.arms import (
    FEW,
    MAPS,
    SCRATCH,
    TRAINING,
    WIRED_SCRATCH,
)
from neuroloom.studies.functional_connectome.places.cells import (
    LINEAR,
    PUBLISHED,
    REWIRED,
    SEVERAL,
    STUDENTS,
    WIRED,
)

__all__ = ["pictures"]

SIDE, GAP = 1.12, 0.14  # of a map and between maps, in inches
GROUPS = {
    WIRED: "default",
    PUBLISHED: "variant",
    SEVERAL: "transfer",
    REWIRED: "null",
    TRUE: "ceiling",
    SCRATCH: "null",
    EVEN: "null",
    WIRED_SCRATCH: "default",
}


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (
        *circuit_pictures(contents),
        *_maps(contents),
        *_gallery(contents),
        *_by_distance(contents),
        *_few(contents),
        *_by_cells(contents),
        *_errors(contents),
        *_paths(contents),
        *_rat_paths(contents),
        *goal_pictures(contents),
    )


def _maps(contents: StudyContents) -> Iterator[Picture]:
    """True, predicted, and what is between them, for one place cell of one world."""
    for _, arrays in contents.arrays(MAPS):
        places = [str(name).removesuffix("/truth") for name in arrays if name.endswith("/truth")]
        places.sort(key=lambda name: name != TRAINING)
        yield Picture(
            "place-maps",
            "Maps of a place cell, true and predicted",
            "One place cell of the first world, in the arena where students were trained (left) "
            "and in arenas that they have never seen. Rates in Hz on one scale; a difference is "
            "predicted less true. Blank: outside of the arena.",
            _map_grid(places, arrays),
            wide=True,
            full=True,
        )
        return


@house_style()
def _map_grid(places: list[str], arrays: Mapping[str, np.ndarray]) -> Axes:
    rows = ["true", PUBLISHED, f"{PUBLISHED}: difference", LINEAR, WIRED, f"{WIRED}: difference"]
    left, right, above, below = 1.35, 1.0, 0.5, 0.1
    width = left + right + len(places) * (SIDE + GAP)
    height = above + below + len(rows) * (SIDE + GAP)
    figure = new_figure(width, height)
    largest = max(float(np.nanmax(arrays[f"{place}/truth"][0])) for place in places)
    first, shown = None, {}
    for column, place in enumerate(places):
        true = arrays[f"{place}/truth"][0]
        of = {name: arrays[f"{place}/{name}"][0] for name in (PUBLISHED, LINEAR, WIRED)}
        values = [
            true,
            of[PUBLISHED],
            of[PUBLISHED] - true,
            of[LINEAR],
            of[WIRED],
            of[WIRED] - true,
        ]
        for row, (name, one) in enumerate(zip(rows, values, strict=True)):
            x, y = left + column * (SIDE + GAP), above + row * (SIDE + GAP)
            ax = new_axes(figure, (x, height - y - SIDE, width - x - SIDE, y))
            first = first or ax
            signed = name.endswith("difference")
            shown[signed] = ax.imshow(
                one,
                origin="lower",
                cmap="RdBu_r" if signed else "viridis",
                vmin=-largest if signed else 0,
                vmax=largest,
            )
            ax.set_xticks([])
            ax.set_yticks([])
            for spine in ax.spines.values():
                spine.set_visible(False)
            if row == 0:
                ax.set_title(place, fontsize=8)
            if column == 0:
                ax.set_ylabel(
                    name.replace(": ", "\n"), rotation=0, ha="right", va="center", fontsize=8
                )
    for n, signed in enumerate((False, True)):
        bar = new_axes(
            figure,
            (width - right + 0.15, 0.4 + n * height / 2, right - 0.3, height / 2 - 0.1 - n * 0.2)
            if n == 0
            else (width - right + 0.15, height / 2 + 0.3, right - 0.3, 0.6),
        )
        figure.colorbar(shown[signed], cax=bar, label="difference (Hz)" if signed else "rate (Hz)")
    assert first is not None
    return first


def _scores(contents: StudyContents, student: str, measure: str) -> dict[str, tuple[float, float]]:
    """Distance and mean over worlds, by arena."""
    found: dict[str, tuple[float, list[float]]] = {}
    for row in contents.measurements:
        if (row.arm, row.split, row.measure) == (MAPS, student, measure) and np.isfinite(row.value):
            place = str(row.at["arena"])
            found.setdefault(place, (float(row.at["distance"]), []))[1].append(row.value)
    return {place: (distance, float(np.mean(v))) for place, (distance, v) in found.items()}


def _gallery(contents: StudyContents) -> Iterator[Picture]:
    published, wired = (_scores(contents, name, "map_r") for name in (PUBLISHED, WIRED))
    if published:
        yield Picture(
            "arenas",
            "Arenas that no student has seen",
            "Walls of every arena, the most like the training arena first, all on one scale, with "
            "the distance from it (m; how unlike are the distances to walls) and the map "
            f"correlation of two students, median over place cells, mean over worlds: `{PUBLISHED}`"
            f" (p) and `{WIRED}` (w).",
            _arenas(published, wired),
            wide=True,
            full=True,
        )


@house_style()
def _arenas(
    published: Mapping[str, tuple[float, float]], wired: Mapping[str, tuple[float, float]]
) -> Axes:
    names = sorted(published, key=lambda name: published[name][0])
    n_columns = 6
    n_rows = -(-len(names) // n_columns)
    cell_width, cell_height, margin = 1.45, 1.95, 0.1
    figure = new_figure(n_columns * cell_width + 2 * margin, n_rows * cell_height + 2 * margin)
    width, height = figure.get_size_inches()
    arenas: dict[str, Arena] = {
        name: load_arena("training-box" if name == TRAINING else name) for name in names
    }
    largest = max(float(np.ptp(arena.outline, axis=0).max()) for arena in arenas.values())
    first = None
    for i, name in enumerate(names):
        x = margin + (i % n_columns) * cell_width
        y = margin + (i // n_columns) * cell_height
        box = (x + 0.1, height - y - cell_height + 0.55, width - x - cell_width + 0.1, y + 0.05)
        ax = new_axes(figure, box)
        first = first or ax
        ax.add_collection(LineCollection(list(arenas[name].walls), colors=INK, linewidths=1.1))
        middle = arenas[name].outline.mean(axis=0)
        ax.set_xlim(middle[0] - 0.55 * largest, middle[0] + 0.55 * largest)
        ax.set_ylim(middle[1] - 0.55 * largest, middle[1] + 0.55 * largest)
        ax.set_aspect("equal")
        ax.axis("off")
        distance, r = published[name]
        told = f"{name}\n{distance:.2f} m; p {r:.2f}, w {wired[name][1]:.2f}"
        ax.text(0.5, -0.02, told, transform=ax.transAxes, ha="center", va="top", fontsize=7.5)
    assert first is not None
    return first


def _by_distance(contents: StudyContents) -> Iterator[Picture]:
    if not _scores(contents, PUBLISHED, "map_r"):
        return
    panels = []
    for measure, label in (
        ("map_r", "map correlation"),
        ("normalized_error", "squared error / variance"),
    ):
        lines = []
        for name in STUDENTS:
            points = sorted(_scores(contents, name, measure).values())
            if name in GROUPS or name == LINEAR:
                xy = np.array([(d, max(v, 1e-4) if measure != "map_r" else v) for d, v in points])
                bare = np.full((len(xy), 2), np.nan)
                lines.append(Line(name, name, np.hstack([xy, bare]), GROUPS.get(name, "baseline")))
        panels.append(Panel(label, "distance from the training arena (m)", label, tuple(lines)))
    yield Picture(
        "by-distance",
        "The further from the training arena, the worse",
        "Each point is an arena: median over place cells, mean over worlds; at 0 the training "
        "arena. Right: squared error over the variance of the true map, so that 1 is as bad as the "
        "mean rate; what is below .0001 is drawn there. "
        + "; ".join(f"{name}: {what}" for name, what in STUDENTS.items())
        + ".",
        line_panels(panels),
        wide=True,
        full=True,
    )


def _few(contents: StudyContents) -> Iterator[Picture]:
    arenas = dict.fromkeys(str(row.at["arena"]) for row in contents.measurements if row.arm == FEW)
    panels = []
    for arena in list(arenas)[:3]:
        lines = []
        for name in (PUBLISHED, SCRATCH, WIRED_SCRATCH):
            points = contents.line("n_seen", FEW, name, "map_r", arena=arena)
            points = points[points[:, 0] > 0]
            if len(points):
                lines.append(Line(name, name, points, GROUPS.get(name, "baseline")))
        start = repeats(contents, FEW, PUBLISHED, "map_r", arena=arena, n_seen=0)
        levels = (Level("before a look", float(start.mean())),) if start.size else ()
        if lines:
            panels.append(
                Panel(arena, "positions seen there", "map correlation", tuple(lines), levels)
            )
    if panels:
        yield Picture(
            "few-looks",
            "After a few looks",
            "Map correlation in novel arenas against the number of positions that were seen there, "
            f"median over place cells, with 95 % intervals over worlds. `{PUBLISHED}` goes on from "
            f"the training arena, `{SCRATCH}` does not; `{WIRED_SCRATCH}` has the wiring, and only "
            "these positions.",
            line_panels(panels),
            wide=True,
            full=True,
        )


def _by_cells(contents: StudyContents) -> Iterator[Picture]:
    lines = []
    for name in (TRUE, PUBLISHED, WIRED, REWIRED, LINEAR):
        points = contents.line(
            "n_cells", DECODING, name, "median_error", arena=BOX, decoder=BY_MOTION
        )
        if len(points):
            lines.append(Line(name, name, points, GROUPS.get(name, "baseline")))
    if not lines:
        return
    levels = []
    for name in (DIRECT, EVEN):
        values = [
            row.value
            for row in contents.measurements
            if (row.arm, row.split, row.measure) == (DECODING, name, "median_error")
            and row.at.get("arena") == BOX
            and row.at.get("decoder") == BY_MOTION
        ]
        if values:
            levels.append(Level(name, float(np.mean(values))))
    panel = Panel(
        "training box of 1 m", "place cells", "median error (cm)", tuple(lines), tuple(levels)
    )
    yield Picture(
        "decoding-cells",
        "How far off, with how many cells",
        "Median distance between where the animal was and where its spikes say it was (motion "
        "filter), by the maps that decode them, with 95 % intervals over worlds.",
        line_panels([panel]),
    )


def _errors(contents: StudyContents) -> Iterator[Picture]:
    found: dict[tuple[bool, str], list[np.ndarray]] = {}
    for _, arrays in contents.arrays(DECODING):
        for key, error in arrays.items():
            kind, _, rest = str(key).partition("/")
            arena, _, name = rest.partition("/")
            if kind == "error" and name in (TRUE, PUBLISHED, WIRED, DIRECT, EVEN):
                found.setdefault((arena == BOX, name), []).append(100 * error)
    panels = []
    for at_home, title in ((True, "training box of 1 m"), (False, "novel arenas")):
        samples = tuple(
            Sample(name, np.concatenate(found[at_home, name]), GROUPS.get(name, "baseline"), solid)
            for name, solid in (
                (TRUE, True),
                (PUBLISHED, True),
                (WIRED, True),
                (DIRECT, False),
                (EVEN, False),
            )
            if (at_home, name) in found
        )
        if samples:
            panels.append(CumulativePanel(title, "distance (cm)", samples, "steps"))
    if panels:
        yield Picture(
            "decoding-errors",
            "How far off, how often",
            "Distances between where the animal was and where its spikes say it was (motion "
            "filter, as many cells as are compared), all worlds and steps, by the maps that decode "
            "them.",
            cumulative_panels(panels),
            wide=True,
            full=True,
        )


def _paths(contents: StudyContents) -> Iterator[Picture]:
    for _, arrays in contents.arrays(DECODING):
        arenas = [str(n).removesuffix("/true") for n in arrays if str(n).endswith("/true")]
        for arena in sorted(arenas, key=lambda name: name != BOX):
            true = arrays[f"{arena}/true"].astype(float)
            decoded = arrays[f"{arena}/{PUBLISHED}"].astype(float)
            where = "the training box" if arena == BOX else f"a novel arena ({arena})"
            yield Picture(
                f"decoded-{arena}",
                f"A minute in {where}",
                f"Where the animal was, and where 100 place cells say it was by maps that the "
                f"student `{PUBLISHED}` predicts; first world.",
                decoded_plane(
                    true, decoded, unit="m", walls=arrays[f"{arena}/walls"].astype(float)
                ),
            )
        return


def _rat_paths(contents: StudyContents) -> Iterator[Picture]:
    for at, arrays in contents.arrays(RAT):
        yield Picture(
            f"rat-{at['maze']}",
            f"A minute of a rat's running: {at['maze']}",
            "Where the rat was, and where its spikes say it was (motion filter, causal; maps never "
            "saw these steps). Running steps alone, one after the other.",
            decoded_plane(
                arrays["true"].astype(float), arrays["decoded"].astype(float), unit="pixel"
            ),
        )
