"""A motor circuit along its body, and which class contacts which."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize
from matplotlib.path import Path

from neuroloom.connectome import KINDS, Connectome
from neuroloom.errors import InputError
from neuroloom.report.figures.matrices import DIVERGING, add_colorbar
from neuroloom.report.theme import (
    GRID,
    GROUP_COLORS,
    MUTED,
    PAPER,
    house_style,
    label,
    new_axes,
    new_figure,
)

__all__ = [
    "ClassMatrix",
    "Places",
    "cell_places",
    "class_matrices",
    "class_matrix",
    "motor_circuit",
]

ELECTRICAL = KINDS.index("electrical")
COLUMNS = ("cell_type", "segment", "side_dv", "node_kind")
MOST_CLASSES = 30
_WIDTH, _LEFT, _RIGHT = 9.4, 1.25, 0.2
_LANE, _HEAD = 0.27, 0.42
_UNKNOWN = ("of unknown sign", GROUP_COLORS["baseline"])
_STYLES = (
    ("excitatory", GROUP_COLORS["null"]),
    ("inhibitory", GROUP_COLORS["default"]),
    _UNKNOWN,
    ("gap junctions", GROUP_COLORS["transfer"]),
)


class Places(NamedTuple):
    """Where each cell is drawn.

    Attributes:
        x: Along the body, in segments: cells of segment s lie between s - .5 and s + .5.
        lane: Row from the top.
        names: Of the lanes, from the top.
    """

    x: Float[np.ndarray, " neuron"]
    lane: Int[np.ndarray, " neuron"]
    names: tuple[str, ...]


class ClassMatrix(NamedTuple):
    """Directed connections from class to class.

    Attributes:
        names: Of the classes.
        signed: Sum of signed counts.
        n_unknown: Connections of unknown sign, which no sum holds.
    """

    names: tuple[str, ...]
    signed: Float[np.ndarray, "post pre"]
    n_unknown: int


def cell_places(connectome: Connectome) -> Places:
    """A lane a class, dorsal ones above ventral ones, muscles outermost; segments from the left.

    Args:
        connectome: With the neuron columns `cell_type`, `segment`, `side_dv` and `node_kind`.

    Raises:
        InputError: If a column is missing, a segment is no number, or there are too many classes to
            be read.
    """
    missing = [name for name in COLUMNS if name not in connectome.neurons]
    if missing:
        raise InputError(
            f"A drawing along the body must know {', '.join(missing)} of each neuron; the "
            "connectome does not say. Add the columns, or draw `class_matrices`."
        )
    numbers = pd.to_numeric(pd.Series(connectome.column("segment")), errors="coerce")
    segment = np.asarray(numbers, float)
    nowhere = np.flatnonzero(~np.isfinite(segment))
    if nowhere.size:
        raise InputError(
            f"`segment` must be a number for every neuron; {nowhere.size} have none, "
            f"{connectome.neuron_id[nowhere[0]]} first. Use 0 for cells in the head, or `select` "
            "those that have one."
        )
    cell_type, side = connectome.column("cell_type"), connectome.column("side_dv").astype(str)
    is_muscle = connectome.column("node_kind") == "muscle"
    inhibits = _inhibits(connectome)
    order = {"dorsal": 0, "": 1, "ventral": 2}
    lanes: dict[tuple[int, int, str], list[int]] = {}
    for cell in range(connectome.n_neurons):
        where = order.get(side[cell], 1)
        depth = 0 if is_muscle[cell] else 2 if inhibits[cell] else 1
        key = (where, depth if where < 2 else -depth, str(cell_type[cell]))
        lanes.setdefault(key, []).append(cell)
    if len(lanes) > MOST_CLASSES:
        raise InputError(
            f"A drawing must have at most {MOST_CLASSES} classes and sides; there are "
            f"{len(lanes)}. `select` a part of the connectome."
        )
    x = np.empty(connectome.n_neurons)
    lane = np.empty(connectome.n_neurons, int)
    names = []
    for number, (key, cells) in enumerate(sorted(lanes.items())):
        name = key[2]
        names.append(f"{('dorsal', '', 'ventral')[key[0]]} {name}" if key[1] == 0 else name)
        for place in np.unique(segment[cells]):
            there = [cell for cell in cells if segment[cell] == place]
            offset = (np.arange(len(there)) + 0.5) / len(there) - 0.5
            x[there], lane[there] = place + 0.86 * offset, number
    return Places(x, lane, tuple(name.strip() for name in names))


def _inhibits(connectome: Connectome) -> np.ndarray:
    inhibits = np.zeros(connectome.n_neurons, bool)
    inhibits[connectome.pre[(connectome.sign < 0) & (connectome.kind != ELECTRICAL)]] = True
    return inhibits


@house_style()
def motor_circuit(connectome: Connectome) -> Axes:
    """A circuit along its body: what excites, what inhibits and gap junctions, one below the other.

    Where there are connections of unknown sign, they have a panel of their own.

    Lines bend to the left of their way from sender to receiver and end in a dot; their width grows
    with the root of the count. The last axes are returned.

    Args:
        connectome: With the neuron columns `cell_type`, `segment`, `side_dv` and `node_kind`.

    Raises:
        InputError: If a column is missing, a segment is no number, or there are too many classes to
            be read.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> ax = motor_circuit(connectome("worm-motor-segments"))
        >>> ax.get_title(loc="left")
        'gap junctions: 89, of a summed count of 152.6'
    """
    places = cell_places(connectome)
    electrical = connectome.kind == ELECTRICAL
    chosen = (
        ~electrical & (connectome.sign > 0),
        ~electrical & (connectome.sign < 0),
        ~electrical & (connectome.sign == 0),
        electrical & (connectome.pre != connectome.post),
    )
    panels = [
        (style, mine)
        for style, mine in zip(_STYLES, chosen, strict=True)
        if style is not _UNKNOWN or mine.any()
    ]
    each = _LANE * len(places.names) + _HEAD
    height = each * len(panels) + 0.75
    figure = new_figure(_WIDTH, height)
    ax = None
    largest = float(connectome.count.max(initial=1))
    for number, ((name, color), mine) in enumerate(panels):
        top = each * number + _HEAD
        bottom = height - top - (each - _HEAD)
        ax = new_axes(figure, (_LEFT, bottom, _RIGHT, top))
        total = connectome.count[mine].sum()
        ax.set_title(f"{name}: {mine.sum():,}, of a summed count of {total:,.10g}")
        _draw_lines(ax, connectome, places, mine, color, largest, dots=number < len(panels) - 1)
        _draw_cells(ax, connectome, places)
        if number < len(panels) - 1:
            ax.tick_params(labelbottom=False)
    assert ax is not None
    ax.set_xlabel("segment of the body, head at the left; circles: neurons, squares: muscles")
    return ax


def _draw_lines(
    ax: Axes,
    connectome: Connectome,
    places: Places,
    mine: np.ndarray,
    color: str,
    largest: float,
    *,
    dots: bool,
) -> None:
    pre, post = connectome.pre[mine], connectome.post[mine]
    start = np.stack([places.x[pre], places.lane[pre].astype(float)], axis=1)
    end = np.stack([places.x[post], places.lane[post].astype(float)], axis=1)
    way = end - start
    # The middle lies aside of the way: two cells that contact each other have two lines.
    middle = (start + end) / 2 + 0.14 * np.stack([-way[:, 1] * 0.35, way[:, 0] * 2.8], axis=1)
    codes = (Path.MOVETO, Path.CURVE3, Path.CURVE3)
    paths = [Path(points, codes) for points in np.stack([start, middle, end], axis=1)]
    width = 0.35 + 2.2 * np.sqrt(connectome.count[mine] / largest)
    ax.add_collection(
        PathCollection(paths, facecolors="none", edgecolors=color, linewidths=width, alpha=0.4)
    )
    if dots and len(paths):
        left = np.clip(0.2 / np.hypot(*way.T).clip(1e-9), 0.005, 0.1)[:, None]  # of the way
        near = left**2 * start + 2 * left * (1 - left) * middle + (1 - left) ** 2 * end
        ax.plot(near[:, 0], near[:, 1], "o", ms=2.4, color=color, mew=0, alpha=0.8)


def _draw_cells(ax: Axes, connectome: Connectome, places: Places) -> None:
    is_muscle = connectome.column("node_kind") == "muscle"
    inhibits = _inhibits(connectome)
    for mine, marker, color in (
        (is_muscle, "s", MUTED),
        (~is_muscle & ~inhibits, "o", GROUP_COLORS["null"]),
        (~is_muscle & inhibits, "o", GROUP_COLORS["default"]),
    ):
        ax.plot(
            places.x[mine],
            places.lane[mine],
            marker,
            ms=5.2,
            mfc=color,
            mec=PAPER,
            mew=0.6,
            zorder=3,
        )
    ax.set_yticks(range(len(places.names)), [label(name, 18) for name in places.names])
    first, last = np.floor(places.x.min() + 0.5), np.floor(places.x.max() + 0.5)
    ax.set_xticks(np.arange(first, last + 1))
    for border in np.arange(first + 0.5, last):
        ax.axvline(border, color=GRID, lw=0.8, zorder=0)
    ax.tick_params(length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(first - 0.55, last + 0.55)
    ax.set_ylim(len(places.names) - 0.4, -0.6)


def class_matrix(connectome: Connectome) -> ClassMatrix:
    """Signed counts of directed connections from class to class; muscles of each side apart.

    Args:
        connectome: With the neuron column `cell_type`; sides are in `side_dv`.

    Raises:
        InputError: If the column is missing.
    """
    cell_class = connectome.column("cell_type").astype(str)
    if {"node_kind", "side_dv"} <= set(connectome.neurons):
        sided = np.char.strip(
            np.char.add(np.char.add(connectome.column("side_dv").astype(str), " "), cell_class)
        )
        cell_class = np.where(connectome.column("node_kind") == "muscle", sided, cell_class)
    names, group = np.unique(cell_class, return_inverse=True)
    directed = connectome.kind != ELECTRICAL
    signed = np.zeros((len(names), len(names)))
    pre, post = group[connectome.pre[directed]], group[connectome.post[directed]]
    np.add.at(signed, (post, pre), (connectome.sign * connectome.count)[directed])
    n_unknown = int((connectome.sign[directed] == 0).sum())
    return ClassMatrix(tuple(names.tolist()), signed, n_unknown)


@house_style()
def class_matrices(wirings: Mapping[str, Connectome]) -> Axes:
    """From class to class, several wirings of the same cells side by side; the last axes.

    Colors grow with the root of the count, so that weak connections are seen; classes that send
    nothing have no column.

    Args:
        wirings: By name; at least one.

    Raises:
        InputError: If there are none, their classes differ, or a column is missing.
    """
    found = {name: class_matrix(wiring) for name, wiring in wirings.items()}
    if len({matrix.names for matrix in found.values()}) != 1:
        raise InputError(
            "Wirings must be at least one, of the same classes; got "
            f"{', '.join(wirings) or 'none'}. Draw each apart."
        )
    names = np.array([label(name, 14) for name in next(iter(found.values())).names])
    sends = np.any([matrix.signed.any(axis=0) for matrix in found.values()], axis=0)
    wide, high = 0.27 * max(sends.sum(), 7), 0.27 * len(names)
    gap, bottom = 0.3, 1.75
    figure = new_figure(1.3 + len(found) * (wide + gap), high + bottom + 0.42)
    width = figure.get_size_inches()[0]
    limit = max(float(np.abs(matrix.signed).max()) for matrix in found.values()) or 1.0
    norm, ax = Normalize(-np.sqrt(limit), np.sqrt(limit)), None
    for number, (name, matrix) in enumerate(found.items()):
        left = 1.3 + number * (wide + gap)
        ax = new_axes(figure, (left, bottom, width - left - wide, 0.42))
        shown = np.sign(matrix.signed) * np.sqrt(np.abs(matrix.signed))
        ax.imshow(shown[:, sends], cmap=DIVERGING, norm=norm, interpolation="none", aspect="auto")
        ax.set_xticks(range(sends.sum()), names[sends].tolist(), rotation=90)
        ax.set_yticks(range(len(names)), names.tolist() if number == 0 else [])
        ax.tick_params(length=0)
        unknown = f", {matrix.n_unknown:,} of unknown sign left out" if matrix.n_unknown else ""
        ax.set_title(label(name, 34) + unknown)
        ax.set_xlabel("sends")
        if number == 0:
            ax.set_ylabel("receives")
    assert ax is not None
    bar = add_colorbar(ax, ax.images[0], "sum of signed counts")
    ticks = np.array([-1, -0.25, 0, 0.25, 1]) * limit
    bar.set_xticks(np.sign(ticks) * np.sqrt(np.abs(ticks)), [f"{tick:,.0f}" for tick in ticks])
    return ax
