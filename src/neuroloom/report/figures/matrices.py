"""Who contacts whom and who answers whom: the same neurons on the same axes, with names."""

import re

import numpy as np
from jaxtyping import Float, Int, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.image import AxesImage

from neuroloom.report.contents import WiringTable
from neuroloom.report.theme import ABSENT, GROUP_COLORS, MUTED, house_style, label, new_axes

__all__ = [
    "DIVERGING",
    "SEQUENTIAL",
    "add_colorbar",
    "matrix_axes",
    "name_axes",
    "natural_order",
    "response_matrix",
    "wiring_matrix",
]

Names = Shaped[np.ndarray, " neuron"]
Matrix = Float[np.ndarray, "responder stimulated"]

# Blue and orange are told apart by every kind of color vision; light in the middle.
DIVERGING = LinearSegmentedColormap.from_list(
    "effect", ["#08407e", "#5b9bd5", "#f4f4f2", "#f0a05a", "#a63c06"]
)
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "chance", ["#f4f4f2", "#f6d9a8", "#ee9a4d", "#c8500f", "#6e2203"]
)
_UNSIGNED = LinearSegmentedColormap.from_list("unsigned", ["#e6e1f2", "#9e86cf", "#4a2a91"])
_CELL = 0.145


def natural_order(names: Shaped[np.ndarray, " name"]) -> Int[np.ndarray, " name"]:
    """Positions of the names in an order in which VB2 comes before VB10.

    Example:
        >>> natural_order(np.array(["VB10", "AVAL", "VB2"])).tolist()
        [1, 2, 0]
    """

    def key(place: int) -> list[tuple[int, int, str]]:
        parts = re.findall(r"\d+|\D+", str(names[place]))
        return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts]

    return np.array(sorted(range(len(names)), key=key), dtype=int)


@house_style()
def response_matrix(
    values: Matrix,
    responders: Names,
    stimulated: Shaped[np.ndarray, " trial"],
    scale: str,
    *,
    limit: float,
    marked: Shaped[np.ndarray, "responder stimulated"] | None = None,
    symmetric: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """A matrix of responses: stimulated neurons along the bottom, responders down the side.

    Args:
        values: NaN where not measured or not predicted; drawn in gray.
        responders: Names of the rows.
        stimulated: Names of the columns.
        scale: What the colors mean, with its unit.
        limit: Where the colors end.
        marked: Which cells get a ring (detected responses).
        symmetric: Colors from -limit to limit around white; otherwise from 0 to limit.
        ax: Axes to draw on; its size should suit the number of names.
    """
    ax = ax or matrix_axes(len(responders), len(stimulated))
    low = -limit if symmetric else 0.0
    cmap: Colormap = DIVERGING if symmetric else SEQUENTIAL
    image = ax.imshow(
        np.ma.masked_invalid(values),
        cmap=cmap,
        norm=Normalize(low, limit),
        aspect="auto",
        interpolation="none",
    )
    if marked is not None:
        y, x = np.nonzero(marked)
        ax.plot(x, y, "o", ms=3.4, mfc="none", mec="#000000", mew=0.7)
    ax.set_facecolor(ABSENT)
    name_axes(ax, responders, stimulated, "responder", "stimulated neuron")
    add_colorbar(ax, image, scale)
    return ax


@house_style()
def wiring_matrix(
    wiring: WiringTable,
    rows: Names,
    columns: Shaped[np.ndarray, " trial"],
    *,
    emphasized: frozenset[str] = frozenset(),
    ax: Axes | None = None,
) -> Axes:
    """Contacts from the neurons along the bottom to those down the side.

    Chemical connections are colored by sign and shaded by the number of contacts; an electrical one
    is a ring.

    Args:
        wiring: All connections of the run.
        rows: Postsynaptic neurons.
        columns: Presynaptic neurons.
        emphasized: Names to print in bold.
        ax: Axes to draw on.
    """
    ax = ax or matrix_axes(len(rows), len(columns))
    row, column = _places(wiring, rows), _places(wiring, columns)
    chemical = np.zeros((len(rows), len(columns), 2))
    signed = np.zeros((len(rows), len(columns)))
    rings = np.zeros((len(rows), len(columns)), bool)
    for pre, post, kind, count, sign in zip(
        wiring.pre, wiring.post, wiring.kind, wiring.count, wiring.sign, strict=True
    ):
        ends = [(pre, post)] if kind == 0 else [(pre, post), (post, pre)] if kind == 1 else []
        for start, end in ends:
            for i in row.get(int(end), ()):
                for j in column.get(int(start), ()):
                    if kind == 1:
                        rings[i, j] = True
                    else:
                        signed[i, j] += sign * count
                        chemical[i, j, 0] += count
                        chemical[i, j, 1] = max(chemical[i, j, 1], abs(sign))
    count, known = chemical[..., 0], chemical[..., 1] > 0
    top = max(float(count.max(initial=0)), 2.0)
    shade = np.log1p(count) / np.log1p(top)
    unknown = (count > 0) & ~known
    image = ax.imshow(
        np.ma.masked_where((count == 0) | ~known, np.sign(signed) * shade),
        cmap=DIVERGING,
        norm=Normalize(-1, 1),
        aspect="auto",
        interpolation="none",
    )
    plain = ax.imshow(
        np.ma.masked_where(~unknown, shade),
        cmap=_UNSIGNED,
        norm=Normalize(0, 1),
        aspect="auto",
        interpolation="none",
    )
    if unknown.any() and known.any():
        ax.plot([], [], "s", color=_UNSIGNED(0.8), ms=5, label="sign not known")
    if rings.any():
        y, x = np.nonzero(rings)
        ax.plot(x, y, "o", ms=3.4, mfc="none", mec=MUTED, mew=0.7, label="electrical")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, handletextpad=0.2
        )
    ax.set_xticks(np.arange(1, len(columns)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(rows)) - 0.5, minor=True)
    ax.grid(which="minor", lw=0.4)
    ax.tick_params(which="minor", length=0)
    name_axes(ax, rows, columns, "postsynaptic (receives)", "presynaptic (sends)", emphasized)
    shown = sorted({1, round(float(np.sqrt(top))), int(top)})
    places = [float(np.log1p(n) / np.log1p(top)) for n in shown]
    if unknown.any() and not known.any():
        add_colorbar(ax, plain, "contacts (signs not known)").set_xticks(places, map(str, shown))
    else:
        bar = add_colorbar(ax, image, "inhibitory  ←  contacts  →  excitatory")
        both = [-place for place in places[::-1]] + places
        bar.set_xticks(both, [str(n) for n in shown[::-1] + shown])
    return ax


def matrix_axes(n_rows: int, n_columns: int) -> Axes:
    """Axes for a matrix, with room for a name at every row and column and a colorbar below."""
    width = max(n_columns * _CELL, 2.4) + 1.15
    return new_axes(box=(0.95, 1.5, 0.2, 0.35), width=width, height=max(n_rows * _CELL, 1.6) + 1.85)


def name_axes(
    ax: Axes,
    rows: np.ndarray,
    columns: np.ndarray,
    row_title: str,
    column_title: str,
    emphasized: frozenset[str] = frozenset(),
) -> None:
    """A name at every row and column, and what they are."""
    ax.set_yticks(range(len(rows)), [label(str(n), 10) for n in rows], fontsize=7.8)
    ax.set_xticks(
        range(len(columns)), [label(str(n), 10) for n in columns], fontsize=7.8, rotation=90
    )
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)
    ax.set_ylabel(row_title)
    ax.set_xlabel(column_title)
    both = [(ax.get_yticklabels(), rows), (ax.get_xticklabels(), columns)]
    for ticks, names in both:
        for tick, name in zip(ticks, names, strict=True):
            if str(name) in emphasized:
                tick.set(fontweight="bold", color=GROUP_COLORS["default"])


def add_colorbar(ax: Axes, image: AxesImage, title: str) -> Axes:
    """A colorbar below the names, of fixed size in inches."""
    figure = ax.get_figure(root=True)
    width, height = figure.get_size_inches()  # pyright: ignore[reportOptionalMemberAccess]
    box = ax.get_position()
    inch = 1 / (box.height * height)
    bar = ax.inset_axes((0, -1.1 * inch, min(2.4 / (box.width * width), 1.0), 0.1 * inch))
    figure.colorbar(image, cax=bar, orientation="horizontal").outline.set_visible(False)  # pyright: ignore
    bar.tick_params(length=2, labelsize=7.8)
    bar.set_xlabel(label(title, 60), fontsize=8.4)
    return bar


def _places(wiring: WiringTable, names: np.ndarray) -> dict[int, list[int]]:
    """Rows (or columns) of each neuron of the wiring."""
    where = {str(name): place for place, name in enumerate(wiring.neuron_id)}
    found: dict[int, list[int]] = {}
    for place, name in enumerate(names):
        if str(name) in where:
            found.setdefault(where[str(name)], []).append(place)
    return found
