"""Figures of classes: a map for every unit, slope against strength, and the range of turning."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from neuroloom.analysis.tuning import (
    CELL_CLASSES,
    COMPASS,
    SHIFTER_MINUS,
    SHIFTER_PLUS,
    ClassBounds,
)
from neuroloom.report.figures.panels import axes_in_a_row
from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import (
    ABSENT,
    GROUP_COLORS,
    INK,
    MUTED,
    house_style,
    new_axes,
    new_figure,
)
from neuroloom.studies.head_direction.classes.units import MIXTURE, PUBLISHED, RULES
from neuroloom.studies.head_direction.trained.arms import TRAINED
from neuroloom.studies.head_direction.trained.networks import DT

__all__ = ["CLASS_COLORS", "class_pictures"]

CLASS_COLORS: dict[str, str] = dict(
    zip(
        CELL_CLASSES,
        (GROUP_COLORS["default"], GROUP_COLORS["null"], GROUP_COLORS["transfer"], MUTED, ABSENT),
        strict=True,
    )
)
THREE = (COMPASS, SHIFTER_PLUS, SHIFTER_MINUS)
KINDS = {"trained": "trained", "untrained": "before training", "null": "headings of other trials"}
WIDE = 100


def class_pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those that the run has numbers for."""
    found = []
    for at, arrays in contents.arrays("classes", trained_at=1.0):
        found += [
            Picture(
                "maps",
                "Rate of every unit by heading and turning",
                f"Network {at['seed']:.0f}, held-out trials. In each map heading goes along the "
                "bottom from 0 to 360 deg, and turning up the side from "
                f"{-_edge(arrays):.0f} to {_edge(arrays):.0f} deg/s; darker is a higher rate, from "
                "the unit's lowest to its highest. Sorted by class (mixture; the color of the "
                "frame) and preferred heading.",
                _draw_maps(arrays),
                wide=True,
                full=True,
            ),
            Picture(
                "class-scatter",
                "Which class a unit is of",
                f"Network {at['seed']:.0f}. Slope of the rate against turning at the preferred "
                "heading, against strength of tuning to heading; a dot a unit. Above sorted by the "
                "published bounds (dashed), below by the mixture on slopes. Middle: the same "
                "network before training. Right: what the same rates give with heading and turning "
                "of other trials; the published bounds call these shifters too. Numbers: units "
                "that are compass / shifter+ / shifter-.",
                _draw_scatter(arrays),
                wide=True,
                full=True,
            ),
        ]
        break
    if any(row.arm == "classes" and row.measure == "fraction" for row in contents.scores):
        found.append(
            Picture(
                "ranges",
                "Networks trained on slower and on faster turning",
                "Each network is sorted in its own range, as a multiple of the published one. Left "
                "and middle: fraction of units of each class, by either rule; right: distance "
                "between the slopes of shifter+ and shifter- units in their pooled SD. Points are "
                "networks, lines their mean.",
                _draw_ranges(contents),
                wide=True,
                full=True,
            )
        )
    return tuple(found)


def _edge(arrays: Mapping[str, np.ndarray]) -> float:
    """Where the maps end, in deg/s."""
    velocity = arrays["map_velocity"]
    return float(velocity[-1] + (velocity[1] - velocity[0]) / 2) / DT


@house_style()
def _draw_maps(arrays: Mapping[str, np.ndarray]) -> Axes:
    classes = arrays[f"trained_class {MIXTURE}"].astype(str)
    rank = np.array([CELL_CLASSES.index(name) for name in classes.tolist()])
    order = np.lexsort(np.stack([arrays["preferred"], rank]))[:WIDE]
    n_columns = int(np.ceil(np.sqrt(len(order))))
    side, gap, left, bottom, top = 0.72, 0.13, 0.35, 0.55, 0.45
    n_rows = int(np.ceil(len(order) / n_columns))
    width = left + n_columns * (side + gap) + 0.1
    height = bottom + n_rows * (side + gap) + top
    figure = new_figure(width, height)
    for place, unit in enumerate(order):
        row, column = divmod(place, n_columns)
        x, y = left + column * (side + gap), top + row * (side + gap)
        ax = new_axes(figure, (x, height - y - side, width - x - side, y))
        rate = arrays["map"][unit]
        spread = np.nanmax(rate) - np.nanmin(rate)
        shade = (rate - np.nanmin(rate)) / (spread if spread > 1e-6 else 1.0)
        ax.imshow(shade, origin="lower", aspect="auto", cmap="Greys", vmin=0, vmax=1)
        ax.set(xticks=(), yticks=())
        for spine in ax.spines.values():
            spine.set(visible=True, color=CLASS_COLORS[str(classes[unit])], linewidth=1.6)
    figure.text(0.5, 0.3 / height, "heading, 0 to 360 deg", ha="center")
    figure.text(
        0.11 / width,
        0.5,
        f"turning, {-_edge(arrays):.0f} to {_edge(arrays):.0f} deg/s",
        rotation=90,
        va="center",
    )
    figure.legend(handles=_handles(classes), loc="upper center", ncol=5)
    return figure.axes[0]


def _handles(classes: np.ndarray) -> list[Line2D]:
    return [
        Line2D([], [], color=color, marker="s", ls="", label=f"{name} ({(classes == name).sum()})")
        for name, color in CLASS_COLORS.items()
    ]


@house_style()
def _draw_scatter(arrays: Mapping[str, np.ndarray]) -> Axes:
    figure = new_figure(9.6, 6.4)
    wide, high = 2.7, 2.35
    bounds = ClassBounds()
    steep = np.nanquantile(np.abs(arrays["trained_slope"]), 0.99) * 1.15
    strong = np.nanmax(arrays["trained_strength"]) * 1.05
    for row, rule in enumerate(RULES):
        for column, (kind, name) in enumerate(KINDS.items()):
            left, top = 0.8 + column * (wide + 0.25), 0.4 + row * (high + 0.45)
            ax = new_axes(figure, (left, 6.4 - top - high, 9.6 - left - wide, top))
            classes = arrays[f"{kind}_class {rule}"].astype(str)
            for one, color in CLASS_COLORS.items():
                here = classes == one
                ax.plot(
                    np.clip(arrays[f"{kind}_strength"][here], 0, strong),
                    np.clip(arrays[f"{kind}_slope"][here], -steep, steep),
                    "o",
                    color=color,
                    ms=3.6,
                    alpha=0.85,
                )
            if rule == PUBLISHED:
                _draw_bounds(ax, bounds)
            ax.set(xlim=(0, strong), ylim=(-steep * 1.05, steep * 1.05), title="")
            counts = " / ".join(f"{(classes == one).sum()}" for one in THREE)
            ax.set_title(f"{name}: {counts}")
            ax.grid()
            if column:
                ax.tick_params(labelleft=False)
            else:
                ax.set_ylabel(f"{rule}\nslope (rate per deg/step)")
            if row:
                ax.set_xlabel("strength (rate, largest less smallest)")
            else:
                ax.tick_params(labelbottom=False)
    handles = [Line2D([], [], color=c, marker="o", ls="", label=n) for n, c in CLASS_COLORS.items()]
    figure.legend(handles=handles, loc="lower center", ncol=5)
    return figure.axes[0]


def _draw_bounds(ax: Axes, bounds: ClassBounds) -> None:
    style = {"color": MUTED, "lw": 0.9, "ls": (0, (4, 3))}
    s, k = bounds.compass_strength, bounds.compass_slope
    ax.plot([s, s], [-k, k], **style)
    for end in (-k, k):
        ax.plot([s, ax.get_xlim()[1] + 1], [end, end], **style)
    ax.axvline(bounds.least_strength, **style)


@house_style()
def _draw_ranges(contents: StudyContents) -> Axes:
    axes = axes_in_a_row(3, (0.7, 0.6, 0.15, 0.35), 3.2, 3.1)
    rows = [r for r in contents.measurements if r.arm == "classes" and r.split == TRAINED]
    speeds = sorted({float(row.at["trained_at"]) for row in rows})
    for ax, rule in zip(axes, RULES, strict=False):
        for name in THREE:
            values = [
                [
                    row.value
                    for row in rows
                    if row.measure == "fraction"
                    and row.at["rule"] == rule
                    and row.at["class"] == name
                    and row.at["trained_at"] == speed
                ]
                for speed in speeds
            ]
            _draw_along(ax, speeds, values, CLASS_COLORS[name], name)
        ax.set(ylabel="fraction of units", ylim=(0, 1), title=rule)
        ax.legend(loc="upper right")
    values = [
        [r.value for r in rows if r.measure == "separation" and r.at["trained_at"] == speed]
        for speed in speeds
    ]
    _draw_along(axes[2], speeds, values, INK, "")
    axes[2].set(ylabel="distance of shifters (SD)", title="separation", ylim=(0, None))
    for ax in axes:
        ax.set(xscale="log", xlabel="range of turning in training")
        ax.set_xticks(speeds, [f"x{speed:g}" for speed in speeds])
        ax.minorticks_off()
        ax.grid()
    return axes[0]


def _draw_along(ax: Axes, x: list[float], values: list[list[float]], color: str, name: str) -> None:
    for at, own in zip(x, values, strict=True):
        ax.plot(np.full(len(own), at), own, "o", color=color, ms=3.5, alpha=0.6)
    means = np.array([np.mean(own) if own else np.nan for own in values])
    ax.plot(np.array(x), means, color=color, lw=1.5, label=name)
